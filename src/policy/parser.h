/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parser's files share: the token that comes next, and how a mistake is told.  A
 * function that reads something returns false, or NULL, once it has complained; the rule or
 * statement around it is then given up (LANGUAGE S4). */
#ifndef WEIR_POLICY_PARSER_H
#define WEIR_POLICY_PARSER_H

#include "policy/parse.h"

struct parser {
	struct arena	    *arena;
	struct diags	    *diags;
	const struct source *source;
	struct comments	     comments;
	struct lexer	     lexer;
	struct token	     token;	/* the next one, not yet taken */
	struct token	     taken;	/* the last one taken */
	unsigned	     braces;	/* open '{' of expressions */
	unsigned	     depth;	/* open brackets of expressions */
	bool		     recovered;	/* nothing was read since the last mistake */
};

struct parser parser_of(struct arena *arena, const char *file, const char *text, size_t n,
			struct diags *diags);
/* S1: the text is UTF-8; complains where it is not. */
void source_check(struct parser *p);

void parser_take(struct parser *p);
bool parser_at_sign(const struct parser *p, char sign);
bool parser_at(const struct parser *p, enum keyword keyword);
/* Takes it where it comes next. */
bool parser_take_sign(struct parser *p, char sign);
bool parser_take_keyword(struct parser *p, enum keyword keyword);
/* Takes it, or complains: "expected '{' ...". */
bool parser_expect_sign(struct parser *p, char sign, const char *why);
bool parser_expect(struct parser *p, enum keyword keyword, const char *why);
/* Takes a number of at most `most`; `what` as "a TTL". */
bool parser_number(struct parser *p, uint64_t most, const char *what, uint64_t *out);
/* NULL, and a complaint, where no text comes next. */
const char *parser_string(struct parser *p, const char *what);
/* A run of a-z 0-9 . _ - that is a rule's name (S33). */
const char *parser_rule_name(struct parser *p, struct spot *out);

/* The text of a token, in the arena. */
const char *parser_text(const struct parser *p, const struct token *token);
struct spot parser_spot(const struct parser *p, const struct token *token);
/* Widens a spot to the last token taken. */
void parser_close(const struct parser *p, struct spot *spot);
/* The same, and a caret goes all along it where it is on one line. */
void parser_close_wide(const struct parser *p, struct spot *spot);
/* "'word'", "the end of the file": what comes next, for a message. */
const char *parser_found(const struct parser *p);

/* The one of n words that the token which comes next may stand for, mistyped or in another
 * language; or NULL. */
const char *parser_meant(struct parser *p, const char *const *words, size_t n);
/* Complains about the token that comes next; the message ends with what was found. */
bool parser_expected(struct parser *p, const char *what);
/* The same with the nearest of the words as "did you mean"; n words. */
bool parser_expected_one(struct parser *p, const char *what, const char *const *words, size_t n);
/* Complains about any spot. */
void parser_wrong(struct parser *p, const struct spot *spot, const char *hint,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* [a-z][a-z0-9_-]{0,62} */
bool name_is_good(const char *name, size_t n);
/* [a-z0-9][a-z0-9._-]{0,62} */
bool rule_name_is_good(const char *name);

const struct expr *expr_parse(struct parser *p);
/* One of its terms: no + - & outside of brackets. */
const struct expr *term_parse(struct parser *p);
/* The items of a list without its braces, up to the end of the text. */
const struct expr *items_parse(struct parser *p);
/* Where it is given up it has complained, and the rule is broken. */
const struct rule_syntax *rule_parse(struct parser *p);

#endif
