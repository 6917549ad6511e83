/* SPDX-License-Identifier: BSD-2-Clause */
/* The policy language's lexer.  LANGUAGE 1 and S1 to S3.  Knows no grammar: what a run of
 * characters means is the parser's business. */
#include "policy/lex.h"

#include <string.h>

static const struct {
	const char *word;
	bool	    begins;
} keywords[] = {
	{ "", false },
#define KEYWORD(symbol, word, begins, meaning) { word, begins },
#include "policy/keywords.def"
#undef KEYWORD
};

const char *keyword_text(enum keyword keyword)
{
	return keywords[keyword].word;
}

bool keyword_begins(enum keyword keyword)
{
	return keywords[keyword].begins;
}

enum keyword keyword_of(const char *word, size_t n)
{
	for (unsigned i = 1; i < KEYWORD_COUNT; i++)
		if (keywords[i].word[0] == word[0] && strlen(keywords[i].word) == n &&
		    memcmp(keywords[i].word, word, n) == 0)
			return (enum keyword)i;
	return KEYWORD_NONE;
}

struct lexer lexer_of(const char *text, size_t n, struct comments *comments, struct arena *arena)
{
	struct lexer lexer = { text, n, 0, 1, 1, true, comments, arena };

	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)	/* a byte order mark */
		lexer.at = 3;
	return lexer;
}

/* The character `ahead` of the lexer; NUL at the end. */
static char look(const struct lexer *lexer, size_t ahead)
{
	return lexer->n - lexer->at > ahead ? lexer->text[lexer->at + ahead] : '\0';
}

static bool at_end(const struct lexer *lexer)
{
	return lexer->at >= lexer->n;
}

/* One byte on; columns count characters, so that carets stand under what a person sees. */
static void step(struct lexer *lexer)
{
	unsigned char next;

	if (lexer->text[lexer->at++] == '\n') {
		lexer->line++;
		lexer->column = 1;
		lexer->begins_line = true;
		return;
	}
	next = (unsigned char)look(lexer, 0);
	if ((next & 0xc0) != 0x80)
		lexer->column++;
}

/* On to a place in the same line. */
static void move(struct lexer *lexer, size_t to)
{
	unsigned follow = 0;

	if (to == lexer->at)
		return;
	for (size_t i = lexer->at + 1; i < to; i++)
		follow += ((unsigned char)lexer->text[i] & 0xc0) == 0x80;
	follow += to < lexer->n && ((unsigned char)lexer->text[to] & 0xc0) == 0x80;
	lexer->column += (unsigned)(to - lexer->at) - follow;
	lexer->at = to;
}

/* What a character may be part of, and what no plain character of a text is. */
enum { SPACE = 1, DIGIT = 2, LETTER = 4, IN_ADDRESS = 8, IN_NAME = 16, ENDS_TEXT = 32 };

#define WORD (LETTER | IN_ADDRESS | IN_NAME)

static const uint8_t kinds[256] = {
	[0 ... 8] = ENDS_TEXT, ['\t'] = SPACE, ['\n' ... '\r'] = SPACE | ENDS_TEXT,
	[0x0e ... 0x1f] = ENDS_TEXT, [' '] = SPACE, ['"'] = ENDS_TEXT, ['\\'] = ENDS_TEXT,
	['0' ... '9'] = DIGIT | IN_ADDRESS | IN_NAME,
	['a' ... 'z'] = WORD, ['A' ... 'Z'] = WORD, ['_'] = WORD,
	['.'] = IN_ADDRESS | IN_NAME, [':'] = IN_ADDRESS, ['-'] = IN_NAME,
};

static bool is(char c, unsigned kind)
{
	return kinds[(unsigned char)c] & kind;
}

/* Reading twice, after a look ahead, keeps a comment once. */
static void keep_comment(struct lexer *lexer, struct comment comment)
{
	struct comments *all = lexer->comments;
	struct comment *larger;

	if (all->n > 0 && all->list[all->n - 1].offset >= comment.offset)
		return;
	if (all->n == all->cap) {
		all->cap = all->cap ? all->cap * 2 : 16;
		larger = arena_array(lexer->arena, all->cap, sizeof(*larger));
		if (all->n > 0)
			memcpy(larger, all->list, all->n * sizeof(*larger));
		all->list = larger;
	}
	all->list[all->n++] = comment;
}

/* The place of the next end of a line, or of the text. */
static size_t line_end(const struct lexer *lexer)
{
	const char *end = memchr(lexer->text + lexer->at, '\n', lexer->n - lexer->at);

	return end ? (size_t)(end - lexer->text) : lexer->n;
}

static void pass_comment(struct lexer *lexer)
{
	struct comment comment = { lexer->at, 0, lexer->line, lexer->begins_line };

	move(lexer, line_end(lexer));
	comment.n = lexer->at - comment.offset;
	while (is(lexer->text[comment.offset + comment.n - 1], SPACE))
		comment.n--;
	keep_comment(lexer, comment);
}

static void pass_space(struct lexer *lexer)
{
	while (!at_end(lexer)) {
		if (look(lexer, 0) == '#')
			pass_comment(lexer);
		else if (is(look(lexer, 0), SPACE))
			step(lexer);
		else
			return;
	}
}

/* Over all characters of a kind, none of which ends a line. */
static void pass_run(struct lexer *lexer, unsigned kind)
{
	size_t to = lexer->at;

	while (to < lexer->n && is(lexer->text[to], kind))
		to++;
	move(lexer, to);
}

static void pass_plain_text(struct lexer *lexer)
{
	size_t to = lexer->at;

	while (to < lexer->n && !is(lexer->text[to], ENDS_TEXT))
		to++;
	move(lexer, to);
}

/* What begins like an address runs up to a colon without anything that no address holds. */
static bool looks_like_address(const struct lexer *lexer)
{
	size_t i = 0;

	if (is(look(lexer, 0), DIGIT) || look(lexer, 0) == ':')
		return true;
	while (is(look(lexer, i), IN_NAME) && look(lexer, i) != '-')
		i++;
	return look(lexer, i) == ':';
}

/* A number, or an address with its length. */
static void read_address(struct lexer *lexer, struct token *out)
{
	bool all_digits = true;

	pass_run(lexer, IN_ADDRESS);
	for (size_t i = out->offset; i < lexer->at; i++)
		all_digits = all_digits && is(lexer->text[i], DIGIT);
	out->kind = all_digits ? TOKEN_NUMBER : TOKEN_ADDRESS;
	if (all_digits || look(lexer, 0) != '/' || !is(look(lexer, 1), DIGIT))
		return;
	step(lexer);
	pass_run(lexer, IN_ADDRESS);			/* a netmask too: the parser complains */
}

static void read_word(struct lexer *lexer, struct token *out)
{
	out->kind = TOKEN_WORD;
	pass_run(lexer, IN_NAME);
	out->keyword = keyword_of(lexer->text + out->offset, lexer->at - out->offset);
}

/* What is no plain character of a text: an escape, or false where it ends or may not stand there. */
static bool pass_escape(struct lexer *lexer, struct token *out)
{
	char c = look(lexer, 0);

	if (at_end(lexer) || c == '\n' || c == '\r') {
		out->problem = "this text has no closing quote";
		return false;
	}
	if (c != '\\') {
		out->problem = "a control character in a text";
		return false;
	}
	if (look(lexer, 1) != '"' && look(lexer, 1) != '\\') {
		out->problem = "in a text, a backslash stands before a quote or another backslash only";
		return false;
	}
	step(lexer);
	step(lexer);
	return true;
}

static void read_string(struct lexer *lexer, struct token *out)
{
	out->kind = TOKEN_STRING;
	step(lexer);
	for (;;) {
		pass_plain_text(lexer);
		if (look(lexer, 0) == '"')
			break;
		if (!pass_escape(lexer, out)) {
			out->kind = TOKEN_BAD;
			move(lexer, line_end(lexer));
			return;
		}
	}
	step(lexer);
}

static void read_sign(struct lexer *lexer, struct token *out)
{
	char c = look(lexer, 0);

	out->kind = TOKEN_SIGN;
	out->sign = c;
	if (c == '?' && look(lexer, 1) == '=') {
		step(lexer);
	} else if (c == '\0' || !strchr("={}(),+-&*/<>", c)) {
		out->kind = TOKEN_BAD;
		out->problem = c == '\'' ? "texts stand in double quotes"
			       : c == ';' ? "nothing ends with ';' here: a rule ends where the next one begins"
					  : "this character means nothing here";
		while ((look(lexer, 1) & 0xc0) == 0x80)		/* the rest of its UTF-8 */
			step(lexer);
	}
	step(lexer);
}

struct token lexer_next(struct lexer *lexer)
{
	struct token token = { .kind = TOKEN_END };

	pass_space(lexer);
	token.offset = lexer->at;
	token.line = lexer->line;
	token.column = lexer->column;
	token.begins_line = lexer->begins_line;
	token.width = 1;
	lexer->begins_line = false;
	if (at_end(lexer))
		return token;
	if (look(lexer, 0) == '"')
		read_string(lexer, &token);
	else if (looks_like_address(lexer))
		read_address(lexer, &token);
	else if (is(look(lexer, 0), LETTER))
		read_word(lexer, &token);
	else
		read_sign(lexer, &token);
	token.n = lexer->at - token.offset;
	token.width = lexer->column > token.column ? lexer->column - token.column : 1;
	return token;
}

struct token lexer_again_as_name(struct lexer *lexer, const struct token *token)
{
	struct token name = *token;

	if (token->kind == TOKEN_END || !is(lexer->text[token->offset], IN_NAME))
		return name;
	lexer->at = token->offset;
	lexer->line = token->line;
	lexer->column = token->column;
	name.kind = TOKEN_WORD;
	name.keyword = KEYWORD_NONE;
	pass_run(lexer, IN_NAME);
	name.n = lexer->at - name.offset;
	name.width = (unsigned)name.n;
	return name;
}

const char *token_string(const struct lexer *lexer, const struct token *token)
{
	char *text = arena_text(lexer->arena, lexer->text + token->offset + 1, token->n - 2);
	size_t n = 0;

	for (size_t i = 0; text[i]; i++) {
		if (text[i] == '\\')
			i++;
		text[n++] = text[i];
	}
	text[n] = '\0';
	return text;
}
