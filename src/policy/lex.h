/* SPDX-License-Identifier: BSD-2-Clause */
/* Words, numbers, addresses, texts and signs of the policy language (LANGUAGE 1).  Comments
 * are kept beside, for fmt. */
#ifndef WEIR_POLICY_LEX_H
#define WEIR_POLICY_LEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/bytes.h"

enum keyword {
	KEYWORD_NONE,
#define KEYWORD(symbol, word, begins, meaning) KEYWORD_##symbol,
#include "policy/keywords.def"
#undef KEYWORD
	KEYWORD_COUNT,
};

const char *keyword_text(enum keyword keyword);
/* True where a statement or a rule may begin with it. */
bool keyword_begins(enum keyword keyword);
/* KEYWORD_NONE where the word is none of the language. */
enum keyword keyword_of(const char *word, size_t n);

/* ADDRESS is anything that begins like an address, prefix or pattern, good or not.  BAD is
 * what no rule of the language lets stand; `problem` says why. */
enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_NUMBER, TOKEN_STRING, TOKEN_ADDRESS, TOKEN_SIGN,
		  TOKEN_BAD };

struct token {
	enum token_kind kind;
	enum keyword	keyword;	/* of a word */
	char		sign;		/* of a sign; '?' is "?=" */
	size_t		offset, n;	/* in bytes of the text */
	unsigned	line, column, width;	/* in characters, from 1 */
	bool		begins_line;	/* the first token of its line */
	const char     *problem;
};

/* A comment, with its '#', without trailing white space. */
struct comment {
	size_t	 offset, n;
	unsigned line;
	bool	 own_line;		/* nothing stands before it on its line */
};

struct comments {
	struct comment *list;
	size_t		n, cap;
};

struct lexer {
	const char	*text;
	size_t		 n, at;
	unsigned	 line, column;	/* of the character at `at` */
	bool		 begins_line;
	struct comments *comments;	/* in the arena */
	struct arena	*arena;
};

/* The text need not end in NUL, and must outlive the lexer. */
struct lexer lexer_of(const char *text, size_t n, struct comments *comments, struct arena *arena);
struct token lexer_next(struct lexer *lexer);
/* Reads again from `token` on, as one run of a-z 0-9 . _ - : a rule's name, or a date. */
struct token lexer_again_as_name(struct lexer *lexer, const struct token *token);

/* What a STRING says, its escapes undone. */
const char *token_string(const struct lexer *lexer, const struct token *token);

#endif
