/* SPDX-License-Identifier: BSD-2-Clause */
/* The parser's tokens, and how it complains.  Knows no grammar. */
#include "policy/parser.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/text.h"

static const struct source *keep_source(struct arena *arena, const char *file, const char *text,
					size_t n)
{
	struct source *source = arena_take(arena, sizeof(*source));
	size_t *lines, count = 1;
	const char *end;

	source->file = arena_text(arena, file, strlen(file));
	source->text = arena_text(arena, text, n);
	source->n = n;
	for (size_t i = 0; i < n; i++)
		count += text[i] == '\n';
	lines = arena_array(arena, count, sizeof(*lines));
	for (size_t i = 0; (end = memchr(text + i, '\n', n - i)); i = lines[source->line_count])
		lines[++source->line_count] = (size_t)(end - text) + 1;
	source->line_count = count;
	source->lines = lines;
	return source;
}

struct parser parser_of(struct arena *arena, const char *file, const char *text, size_t n,
			struct diags *diags)
{
	struct parser p = { .arena = arena, .diags = diags };

	p.source = keep_source(arena, file, text, n);
	return p;
}

void parser_take(struct parser *p)
{
	p->taken = p->token;
	p->token = lexer_next(&p->lexer);
	p->recovered = false;
}

bool parser_at_sign(const struct parser *p, char sign)
{
	return p->token.kind == TOKEN_SIGN && p->token.sign == sign;
}

bool parser_at(const struct parser *p, enum keyword keyword)
{
	return p->token.kind == TOKEN_WORD && p->token.keyword == keyword;
}

bool parser_take_sign(struct parser *p, char sign)
{
	bool there = parser_at_sign(p, sign);

	if (there)
		parser_take(p);
	return there;
}

bool parser_take_keyword(struct parser *p, enum keyword keyword)
{
	bool there = parser_at(p, keyword);

	if (there)
		parser_take(p);
	return there;
}

const char *parser_text(const struct parser *p, const struct token *token)
{
	return arena_text(p->arena, p->source->text + token->offset, token->n);
}

struct spot parser_spot(const struct parser *p, const struct token *token)
{
	return (struct spot){ p->source, token->offset, token->offset + token->n, token->line,
			      token->column, token->width, token->line };
}

void parser_close(const struct parser *p, struct spot *spot)
{
	spot->end = p->taken.offset + p->taken.n;
	spot->end_line = p->taken.line;
}

void parser_close_wide(const struct parser *p, struct spot *spot)
{
	parser_close(p, spot);
	if (spot->end_line == spot->line)
		spot->width = p->taken.column + p->taken.width - spot->column;
}

const char *parser_found(const struct parser *p)
{
	size_t n = p->token.n > 40 ? 40 : p->token.n;

	if (p->token.kind == TOKEN_END)
		return "the end of the file";
	if (p->token.kind == TOKEN_STRING)
		return "a text";
	return arena_printf(p->arena, "'%.*s%s'", (int)n, p->source->text + p->token.offset,
			    n < p->token.n ? "..." : "");
}

static bool expected(struct parser *p, const char *what, const char *beside)
{
	struct spot spot = parser_spot(p, &p->token);
	struct complaint how = { .severity = SEVERITY_ERROR, .beside = beside };

	if (p->token.kind == TOKEN_BAD)
		spot_complain(p->diags, &spot, how, "%s", p->token.problem);
	else
		spot_complain(p->diags, &spot, how, "expected %s, but found %s", what,
			 parser_found(p));
	return false;
}

bool parser_expected(struct parser *p, const char *what)
{
	return expected(p, what, NULL);
}

/* Words of other languages for ours. */
static const struct {
	const char *theirs, *ours;
} synonyms[] = {
	{ "accept", "permit" }, { "allow", "permit" }, { "pass", "permit" }, { "block", "deny" },
	{ "discard", "deny" },	{ "drop", "deny" },    { "reject", "deny" }, { "log", "warn" },
	{ "src", "from" },	{ "dst", "to" },       { "group", "to" },    { "source", "from" },
	{ "dport", "port" },	{ "proto", "protocol" }, { "name", "as" },   { "neighbor", "speaker" },
};

static const char *translate(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < COUNT(synonyms); i++)
		for (size_t k = 0; k < n && strcmp(synonyms[i].theirs, word) == 0; k++)
			if (strcmp(synonyms[i].ours, words[k]) == 0)
				return words[k];
	return NULL;
}

const char *parser_meant(struct parser *p, const char *const *words, size_t n)
{
	struct nearest nearest;
	const char *meant;

	if (p->token.kind != TOKEN_WORD)
		return NULL;
	nearest = nearest_of(parser_text(p, &p->token));
	for (size_t i = 0; i < n; i++)
		nearest_offer(&nearest, words[i]);
	meant = translate(nearest.typed, words, n);
	return meant ? meant : nearest.word;
}

bool parser_expected_one(struct parser *p, const char *what, const char *const *words, size_t n)
{
	const char *meant = parser_meant(p, words, n);

	return expected(p, what,
			meant ? arena_printf(p->arena, "did you mean '%s'?", meant) : NULL);
}

void parser_wrong(struct parser *p, const struct spot *spot, const char *hint,
		  const char *format, ...)
{
	char message[512];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	spot_complain(p->diags, spot,
		      (struct complaint){ .severity = SEVERITY_ERROR, .hint = hint }, "%s",
		      message);
}

bool parser_expect_sign(struct parser *p, char sign, const char *why)
{
	if (parser_take_sign(p, sign))
		return true;
	return parser_expected(p, arena_printf(p->arena, "'%c'%s", sign, why));
}

bool parser_expect(struct parser *p, enum keyword keyword, const char *why)
{
	const char *word = keyword_text(keyword);

	if (parser_take_keyword(p, keyword))
		return true;
	return parser_expected_one(p, arena_printf(p->arena, "'%s'%s", word, why), &word, 1);
}

bool parser_number(struct parser *p, uint64_t most, const char *what, uint64_t *out)
{
	struct spot spot = parser_spot(p, &p->token);
	uint64_t value = 0;

	if (p->token.kind != TOKEN_NUMBER)
		return parser_expected(p, what);
	for (size_t i = 0; i < p->token.n && value <= most; i++)
		value = value * 10 + (uint64_t)(p->source->text[p->token.offset + i] - '0');
	parser_take(p);
	if (value > most) {
		parser_wrong(p, &spot, NULL, "%s is at most %llu", what, (unsigned long long)most);
		return false;
	}
	*out = value;
	return true;
}

const char *parser_string(struct parser *p, const char *what)
{
	const char *text;

	if (p->token.kind != TOKEN_STRING) {
		parser_expected(p, what);
		return NULL;
	}
	text = token_string(&p->lexer, &p->token);
	parser_take(p);
	return text;
}

bool name_is_good(const char *name, size_t n)
{
	if (n == 0 || n > 63 || name[0] < 'a' || name[0] > 'z')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!memchr("abcdefghijklmnopqrstuvwxyz0123456789_-", name[i], 38))
			return false;
	return true;
}

bool rule_name_is_good(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > 63 || strchr("._-", name[0]))
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

const char *parser_rule_name(struct parser *p, struct spot *out)
{
	const char *name;

	p->token = lexer_again_as_name(&p->lexer, &p->token);
	if (p->token.kind != TOKEN_WORD) {
		parser_expected(p, "a rule's name");
		return NULL;
	}
	*out = parser_spot(p, &p->token);
	name = parser_text(p, &p->token);
	parser_take(p);
	if (strcmp(name, "default") == 0) {
		parser_wrong(p, out, NULL, "'default' is the name of each boundary's default");
		return NULL;
	}
	if (!rule_name_is_good(name)) {
		parser_wrong(p, out,
			     "a name has 1 to 63 of a-z 0-9 . _ - and begins with a letter or digit",
			     "'%s' cannot name a rule", name);
		return NULL;
	}
	return name;
}
