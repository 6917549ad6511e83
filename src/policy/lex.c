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

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
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

static void pass_comment(struct lexer *lexer)
{
	struct comment comment = { lexer->at, 0, lexer->line, lexer->begins_line };

	while (!at_end(lexer) && look(lexer, 0) != '\n')
		step(lexer);
	comment.n = lexer->at - comment.offset;
	while (is_space(lexer->text[comment.offset + comment.n - 1]))
		comment.n--;
	keep_comment(lexer, comment);
}

static void pass_space(struct lexer *lexer)
{
	while (!at_end(lexer)) {
		if (look(lexer, 0) == '#')
			pass_comment(lexer);
		else if (is_space(look(lexer, 0)))
			step(lexer);
		else
			return;
	}
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool in_address(char c)
{
	return is_digit(c) || is_letter(c) || c == '.' || c == ':';
}

static bool in_name(char c)
{
	return is_digit(c) || is_letter(c) || c == '.' || c == '-';
}

static void pass_run(struct lexer *lexer, bool (*belongs)(char))
{
	while (!at_end(lexer) && belongs(look(lexer, 0)))
		step(lexer);
}

/* What begins like an address runs up to a colon without anything that no address holds. */
static bool looks_like_address(const struct lexer *lexer)
{
	size_t i = 0;

	if (is_digit(look(lexer, 0)) || look(lexer, 0) == ':')
		return true;
	while (is_letter(look(lexer, i)) || is_digit(look(lexer, i)) || look(lexer, i) == '.')
		i++;
	return look(lexer, i) == ':';
}

/* A number, or an address with its length. */
static void read_address(struct lexer *lexer, struct token *out)
{
	bool all_digits = true;

	pass_run(lexer, in_address);
	for (size_t i = out->offset; i < lexer->at; i++)
		all_digits = all_digits && is_digit(lexer->text[i]);
	out->kind = all_digits ? TOKEN_NUMBER : TOKEN_ADDRESS;
	if (all_digits || look(lexer, 0) != '/' || !is_digit(look(lexer, 1)))
		return;
	step(lexer);
	pass_run(lexer, in_address);			/* a netmask too: the parser complains */
}

static void read_word(struct lexer *lexer, struct token *out)
{
	out->kind = TOKEN_WORD;
	pass_run(lexer, in_name);
	out->keyword = keyword_of(lexer->text + out->offset, lexer->at - out->offset);
}

/* One character in a text, or its escape; false where it ends or may not stand there. */
static bool pass_character(struct lexer *lexer, struct token *out)
{
	char c = look(lexer, 0);

	if (at_end(lexer) || c == '\n' || c == '\r') {
		out->problem = "this text has no closing quote";
		return false;
	}
	if (c == '\\') {
		if (look(lexer, 1) != '"' && look(lexer, 1) != '\\') {
			out->problem = "in a text, a backslash stands before a quote or another backslash only";
			return false;
		}
		step(lexer);
		step(lexer);
		return true;
	}
	if ((unsigned char)c < 0x20 && c != '\t') {
		out->problem = "a control character in a text";
		return false;
	}
	step(lexer);
	return true;
}

static void read_string(struct lexer *lexer, struct token *out)
{
	out->kind = TOKEN_STRING;
	step(lexer);
	while (at_end(lexer) || look(lexer, 0) != '"') {
		if (!pass_character(lexer, out)) {
			out->kind = TOKEN_BAD;
			while (!at_end(lexer) && look(lexer, 0) != '\n')
				step(lexer);
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
	else if (is_letter(look(lexer, 0)))
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

	if (token->kind == TOKEN_END || !in_name(lexer->text[token->offset]))
		return name;
	lexer->at = token->offset;
	lexer->line = token->line;
	lexer->column = token->column;
	name.kind = TOKEN_WORD;
	name.keyword = KEYWORD_NONE;
	pass_run(lexer, in_name);
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
