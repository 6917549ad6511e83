/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements and boundaries, and going on after a mistake.  LANGUAGE 1, S3, S4. */
#include "policy/parse.h"

#include <string.h>

#include "base/text.h"
#include "policy/parser.h"

static bool begins_rule(enum keyword keyword)
{
	return keyword >= KEYWORD_PERMIT && keyword_begins(keyword);
}

static bool at_rule(const struct parser *p)
{
	return p->token.kind == TOKEN_WORD && begins_rule(p->token.keyword);
}

static bool at_statement(const struct parser *p)
{
	return p->token.kind == TOKEN_WORD && keyword_begins(p->token.keyword) &&
	       !begins_rule(p->token.keyword);
}

static const char *const rule_words[] = { "permit", "deny",   "warn",	 "ignore",
					  "limit",  "police", "default" };

/* A mistyped action at the start of a line, with a clause behind it: the next rule, whose own
 * mistake is worth a complaint of its own. */
static bool at_mistyped_rule(struct parser *p)
{
	struct lexer ahead = p->lexer;
	struct comments unused = { 0 };
	struct token next;

	if (p->token.keyword != KEYWORD_NONE || !parser_meant(p, rule_words, COUNT(rule_words)))
		return false;
	ahead.comments = &unused;
	next = lexer_next(&ahead);
	return next.kind == TOKEN_WORD && next.keyword >= KEYWORD_IN && next.keyword <= KEYWORD_NOT;
}

/* S4: on to the next line that begins with a word that can begin a rule or a statement, or to
 * the '}' of the boundary: one that closes no brace left open, or that stands as far left as
 * the boundary does. */
static void recover(struct parser *p, unsigned column)
{
	unsigned open = p->braces;
	size_t mistake = p->token.offset;

	for (;; parser_take(p)) {
		if (p->token.kind == TOKEN_END)
			break;
		if (p->token.begins_line && (at_rule(p) || at_statement(p)))
			break;
		if (p->token.begins_line && p->token.offset > mistake && open == 0 &&
		    at_mistyped_rule(p))
			break;
		if (parser_at_sign(p, '{'))
			open++;
		if (!parser_at_sign(p, '}'))
			continue;
		if (open == 0 || (p->token.begins_line && p->token.column <= column))
			break;
		open--;
	}
	p->braces = p->depth = 0;
	p->recovered = true;
}

static const char *read_name(struct parser *p, const char *what, bool keywords_too,
			     struct spot *out)
{
	const char *name;

	*out = parser_spot(p, &p->token);
	if (p->token.kind != TOKEN_WORD) {
		parser_expected(p, what);
		return NULL;
	}
	name = parser_text(p, &p->token);
	if (!keywords_too && p->token.keyword != KEYWORD_NONE) {		/* S3 */
		parser_wrong(p, out, NULL, "'%s' is a word of the language and cannot name a set",
			     name);
		return NULL;
	}
	parser_take(p);
	if (name_is_good(name, strlen(name)))
		return name;
	parser_wrong(p, out, "names have 1 to 63 of a-z 0-9 _ - and begin with a letter",
		     "'%s' cannot be a name", name);
	return NULL;
}

static bool at_next_statement(const struct parser *p)
{
	return p->token.kind == TOKEN_END || at_statement(p) || at_rule(p);
}

static bool read_set_statement(struct parser *p, struct set_syntax *out)
{
	out->name = read_name(p, "a set's name", false, &out->name_spot);
	if (!out->name)
		return false;
	out->choice = parser_at_sign(p, '?');
	if (!parser_take_sign(p, '?') && !parser_take_sign(p, '='))
		return parser_expected(p, "'=' or '?='");
	out->expr = expr_parse(p);
	if (!out->expr)
		return false;
	if (p->token.kind == TOKEN_STRING)
		out->text = parser_string(p, "a text");
	return at_next_statement(p) ||
	       parser_expected(p, "'+', '-', '&' or the next statement");
}

static const char *read_ref(struct parser *p, struct spot *out)
{
	const char *ref, *dot;

	*out = parser_spot(p, &p->token);
	if (p->token.kind != TOKEN_WORD) {
		parser_expected(p, "a boundary's name");
		return NULL;
	}
	ref = parser_text(p, &p->token);
	dot = strchr(ref, '.');
	parser_take(p);
	if (dot ? name_is_good(ref, (size_t)(dot - ref)) && name_is_good(dot + 1, strlen(dot + 1))
		: name_is_good(ref, strlen(ref)))
		return ref;
	parser_wrong(p, out, NULL, "'%s' cannot be a boundary's name", ref);
	return NULL;
}

static bool read_without(struct parser *p, struct boundary_syntax *out)
{
	struct named_spot *list = NULL;
	size_t cap = 0;

	do {
		struct named_spot one;

		one.name = parser_rule_name(p, &one.spot);
		if (!one.name)
			return false;
		if (out->without_count == cap) {
			struct named_spot *larger;

			cap = cap ? cap * 2 : 4;
			larger = arena_array(p->arena, cap, sizeof(*larger));
			if (list)
				memcpy(larger, list, out->without_count * sizeof(*list));
			out->without = list = larger;
		}
		list[out->without_count++] = one;
	} while (parser_take_sign(p, ','));
	return true;
}

static bool read_header(struct parser *p, struct boundary_syntax *out)
{
	static const char *const words[] = { "extends", "without" };

	out->name = read_name(p, "a boundary's name", true, &out->name_spot);
	if (!out->name)
		return false;
	if (p->token.kind == TOKEN_STRING)
		out->text = parser_string(p, "a text");
	if (parser_take_keyword(p, KEYWORD_EXTENDS)) {
		out->base.name = read_ref(p, &out->base.spot);
		if (!out->base.name)
			return false;
		if (parser_take_keyword(p, KEYWORD_WITHOUT) && !read_without(p, out))
			return false;
	}
	if (parser_take_sign(p, '{'))
		return true;
	if (out->base.name)
		return parser_expected_one(p, "'{' or 'without'", words + 1, 1);
	return parser_expected_one(p, out->text ? "'{' or 'extends'" : "'{', 'extends' or a text",
				   words, 1);
}

static void read_rules(struct parser *p, struct boundary_syntax *out, unsigned column)
{
	struct pointers rules = { 0 };

	while (p->token.kind != TOKEN_END && !parser_at_sign(p, '}')) {
		const struct rule_syntax *rule = NULL;

		if (at_statement(p))
			break;
		if (at_rule(p))
			rule = rule_parse(p);
		else
			parser_expected_one(p, "a rule or '}'", rule_words,
					    COUNT(rule_words));
		if (rule)
			pointers_add(&rules, p->arena, rule);
		if (rule && !rule->broken)
			continue;
		out->broken = true;
		recover(p, column);
	}
	out->rules = (const struct rule_syntax *const *)rules.list;
	out->rule_count = rules.n;
}

static void read_boundary(struct parser *p, struct boundary_syntax *out, unsigned column)
{
	bool after_mistake;

	if (!read_header(p, out)) {
		out->broken = true;
		recover(p, column);
	}
	out->open_end = p->taken.offset + p->taken.n;
	out->open_line = p->taken.line;
	read_rules(p, out, column);
	after_mistake = p->recovered;
	if (parser_take_sign(p, '}'))
		return;
	out->broken = true;
	if (!after_mistake)
		parser_wrong(p, &out->name_spot, NULL, "boundary '%s' has no '}'",
			     out->name ? out->name : "?");
}

/* A rule outside of any boundary, and those that follow it. */
static void skip_rules(struct parser *p)
{
	struct boundary_syntax nowhere = { 0 };
	struct spot spot = parser_spot(p, &p->token);

	parser_wrong(p, &spot, "boundary NAME { ... } goes around it",
		     "a rule stands inside of a boundary");
	read_rules(p, &nowhere, 0);
	parser_take_sign(p, '}');
}

static bool read_statement(struct parser *p, struct statement *out)
{
	static const char *const words[] = { "policy", "include", "set", "boundary" };

	p->braces = p->depth = 0;
	out->kind = STATEMENT_POLICY;
	out->spot = parser_spot(p, &p->token);
	if (parser_take_keyword(p, KEYWORD_SET)) {
		out->kind = STATEMENT_SET;
		return read_set_statement(p, &out->set);
	}
	if (parser_take_keyword(p, KEYWORD_BOUNDARY)) {
		out->kind = STATEMENT_BOUNDARY;
		read_boundary(p, &out->boundary, out->spot.column);
		return true;
	}
	if (parser_at_sign(p, '}')) {
		parser_wrong(p, &out->spot, NULL, "this '}' closes nothing");
		return false;
	}
	if (!parser_at(p, KEYWORD_POLICY) && !parser_at(p, KEYWORD_INCLUDE))
		return parser_expected_one(p, "'policy', 'include', 'set' or 'boundary'", words,
					   COUNT(words));
	out->kind = parser_at(p, KEYWORD_POLICY) ? STATEMENT_POLICY : STATEMENT_INCLUDE;
	parser_take(p);
	out->text = parser_string(p, out->kind == STATEMENT_POLICY ? "a name in quotes"
								   : "a file in quotes");
	return out->text != NULL;
}

static void read_statements(struct parser *p, struct pointers *statements)
{
	while (p->token.kind != TOKEN_END) {
		struct statement *s;

		if (at_rule(p)) {
			skip_rules(p);
			continue;
		}
		s = arena_take(p->arena, sizeof(*s));
		if (read_statement(p, s)) {
			parser_close(p, &s->spot);
			pointers_add(statements, p->arena, s);
			continue;
		}
		/* a set without a value all the same: its name is known */
		if (s->kind == STATEMENT_SET && s->set.name)
			pointers_add(statements, p->arena, s);
		recover(p, 0);
		while (parser_take_sign(p, '}'))
			;
	}
}

static struct spot spot_at(const struct source *source, size_t offset)
{
	struct spot spot = { source, offset, offset + 1, 1, 1, 1, 1 };

	for (size_t i = 0; i < offset; i++) {
		if (source->text[i] == '\n') {
			spot.line++;
			spot.column = 0;
		}
		spot.column += ((unsigned char)source->text[i] & 0xc0) != 0x80;
	}
	spot.end_line = spot.line;
	return spot;
}

/* How many letters of ASCII come first, or up to seven less. */
static size_t count_plain(struct span s)
{
	const uint64_t ones = UINT64_MAX / 0xff, highs = ones * 0x80;
	uint64_t word;
	size_t n = 0;

	for (; s.n - n >= sizeof(word); n += sizeof(word)) {
		memcpy(&word, s.p + n, sizeof(word));
		if (((word - ones) | word) & highs)	/* a byte of 0, or beyond 0x7f */
			break;
	}
	return n;
}

/* The first place where it is not UTF-8; NULs are letters to UTF-8 only. */
void source_check(struct parser *p)
{
	struct span left = { (const uint8_t *)p->source->text, p->source->n };
	uint32_t point;

	while (left.n > 0) {
		size_t plain = count_plain(left), n = plain;
		struct spot spot;

		if (plain == 0)
			n = utf8_point(left, &point);
		if (plain > 0 || (n > 0 && point != 0)) {
			left.p += n;
			left.n -= n;
			continue;
		}
		spot = spot_at(p->source, p->source->n - left.n);
		parser_wrong(p, &spot, NULL, n > 0 ? "a NUL byte stands in the text"
						   : "this is not UTF-8");
		return;
	}
}

const struct syntax *syntax_parse(struct arena *arena, const char *file, const char *text,
				  size_t n, struct diags *diags)
{
	struct parser p = parser_of(arena, file, text, n, diags);
	struct syntax *syntax = arena_take(arena, sizeof(*syntax));
	struct pointers statements = { 0 };

	source_check(&p);
	p.lexer = lexer_of(p.source->text, n, &p.comments, arena);
	p.token = lexer_next(&p.lexer);
	read_statements(&p, &statements);
	syntax->source = p.source;
	syntax->statements = (const struct statement *const *)statements.list;
	syntax->n = statements.n;
	syntax->comments = p.comments;
	return syntax;
}

const struct expr *set_value_parse(struct arena *arena, const char *file, const char *text,
				   struct diags *diags)
{
	struct parser p = parser_of(arena, file, text, strlen(text), diags);
	unsigned errors = diags->errors;
	const struct expr *expr;

	p.lexer = lexer_of(p.source->text, p.source->n, &p.comments, arena);
	p.token = lexer_next(&p.lexer);
	expr = items_parse(&p);
	return diags->errors > errors ? NULL : expr;
}
