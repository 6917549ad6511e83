/* SPDX-License-Identifier: BSD-2-Clause */
/* Set expressions: addresses, prefixes, ranges, patterns, names, and + - & between them.
 * LANGUAGE 1, S3, S19 to S22.  Knows what is written, not which sets there are. */
#include <string.h>

#include "policy/parser.h"

/* Brackets inside of brackets; nobody writes more, and it bounds the recursion. */
#define DEPTH_MAX 32

static struct expr *new_expr(struct parser *p, enum expr_kind kind, const struct token *token)
{
	struct expr *e = arena_take(p->arena, sizeof(*e));

	e->kind = kind;
	e->spot = parser_spot(p, token);
	return e;
}

/* In place of what was wrong and has been complained about. */
static const struct expr *nothing(struct parser *p)
{
	return new_expr(p, EXPR_LIST, &p->taken);
}

static bool is_pattern(const char *text)
{
	return strpbrk(text, "xX") && strchr(text, ':');
}

static void complain_of_pattern(struct parser *p, const struct spot *spot, const char *text,
				enum pattern_fault fault)
{
	static const char *const faults[] = {
		[PATTERN_MALFORMED] = "is no IPv6 address, prefix or pattern",
		[PATTERN_LENGTH] = "has a length that is not 0 to 128",
		[PATTERN_CUT] = "has a length that cuts an x",
		[PATTERN_BITS] = "has digits behind its length",
	};

	parser_wrong(p, spot, fault == PATTERN_CUT ? "an x is four bits" : NULL, "'%s' %s", text,
		     faults[fault]);
}

static const struct expr *read_pattern(struct parser *p, const char *text)
{
	struct expr *e = new_expr(p, EXPR_PATTERN, &p->token);
	enum pattern_fault fault = pattern_parse(text, strlen(text), &e->pattern);

	parser_take(p);
	if (fault == PATTERN_GOOD)
		return e;
	complain_of_pattern(p, &e->spot, text, fault);
	return nothing(p);
}

/* The length that a netmask stands for; false where it is none. */
static bool length_of_mask(const char *text, unsigned *out)
{
	struct addr mask;
	uint32_t host;

	if (!strchr(text, '.') || !addr_parse(text, strlen(text), &mask))
		return false;
	host = ~(uint32_t)mask.lo;
	if ((host & (host + 1)) != 0)
		return false;
	for (*out = 32; host > 0; host >>= 1)
		(*out)--;
	return true;
}

static bool read_length(const char *text, unsigned most, unsigned *out)
{
	unsigned value = 0;
	size_t n = strspn(text, "0123456789");

	if (n == 0 || n > 3 || text[n] || (n > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < n; i++)
		value = value * 10 + (unsigned)(text[i] - '0');
	*out = value;
	return value <= most;
}

static void complain_of_length(struct parser *p, const struct spot *spot, struct addr a,
			       const char *length)
{
	char text[ADDR_TEXT];
	const char *hint = NULL;
	unsigned bits;

	if (a.family == FAMILY_IP4 && length_of_mask(length, &bits)) {
		prefix_text(addr_first(a, bits), bits, text);
		hint = arena_printf(p->arena, "write %s", text);
		parser_wrong(p, spot, hint, "a prefix has a length, not a netmask");
		return;
	}
	parser_wrong(p, spot, NULL, "the length '%s' is not 0 to %u", length, addr_bits(a));
}

/* address/length, whose text is `text`. */
static const struct expr *read_prefix(struct parser *p, const char *text)
{
	struct expr *e = new_expr(p, EXPR_PREFIX, &p->token);
	const char *slash = strchr(text, '/');
	char corrected[ADDR_TEXT];
	struct addr a;

	parser_take(p);
	if (!addr_parse(text, (size_t)(slash - text), &a)) {
		parser_wrong(p, &e->spot, NULL, "'%s' is no prefix", text);
		return nothing(p);
	}
	if (!read_length(slash + 1, addr_bits(a), &e->length)) {
		complain_of_length(p, &e->spot, a, slash + 1);
		return nothing(p);
	}
	e->first = addr_first(a, e->length);
	e->last = addr_last(a, e->length);
	if (addr_equal(a, e->first))
		return e;
	prefix_text(e->first, e->length, corrected);
	parser_wrong(p, &e->spot, arena_printf(p->arena, "write %s", corrected),
		     "%s has bits behind its length", text);		/* S22 */
	return nothing(p);
}

/* True where a '-' and an address without a length follow: then it is a range (S21). */
static bool comes_range(struct parser *p)
{
	struct lexer lexer = p->lexer;
	struct token behind;

	if (!parser_at_sign(p, '-'))
		return false;
	behind = lexer_next(&lexer);
	return behind.kind == TOKEN_ADDRESS &&
	       !memchr(p->source->text + behind.offset, '/', behind.n);
}

static const struct expr *read_range(struct parser *p, struct expr *first)
{
	const char *text, *hint = NULL;
	struct addr last;

	parser_take(p);					/* the '-' */
	text = parser_text(p, &p->token);
	parser_take(p);
	parser_close_wide(p, &first->spot);
	if (first->kind == EXPR_PATTERN || is_pattern(text)) {
		parser_wrong(p, &first->spot,
			     "write the last digits as x, as ff0x::14x; to subtract, write - { ... }",
			     "patterns stand alone, not as ends of ranges");	/* S19 */
		return nothing(p);
	}
	if (!addr_parse(text, strlen(text), &last)) {
		parser_wrong(p, &first->spot, NULL, "'%s' is no address", text);
		return nothing(p);
	}
	if (last.family != first->first.family || addr_order(first->first, last) > 0) {
		hint = "to subtract one address, write a - { b }";
		parser_wrong(p, &first->spot, hint,
			     last.family != first->first.family
				     ? "a range has one family"
				     : "a range goes from the lower address to the higher");
		return nothing(p);
	}
	first->kind = EXPR_RANGE;
	first->last = last;
	return first;
}

static const struct expr *read_address(struct parser *p)
{
	const char *text = parser_text(p, &p->token);
	const struct expr *pattern;
	struct expr *e;

	if (is_pattern(text)) {
		pattern = read_pattern(p, text);
		if (pattern->kind == EXPR_PATTERN && !strchr(text, '/') && comes_range(p))
			return read_range(p, (struct expr *)pattern);
		return pattern;
	}
	if (strchr(text, '/'))
		return read_prefix(p, text);
	e = new_expr(p, EXPR_ADDRESS, &p->token);
	parser_take(p);
	if (!addr_parse(text, strlen(text), &e->first)) {
		parser_wrong(p, &e->spot, NULL, "'%s' is no address", text);
		return nothing(p);
	}
	e->last = e->first;
	return comes_range(p) ? read_range(p, e) : e;
}

static const struct expr *read_name(struct parser *p)
{
	struct expr *e = new_expr(p, EXPR_NAME, &p->token);
	const char *dot;

	e->name = parser_text(p, &p->token);
	dot = strchr(e->name, '.');
	if (p->token.keyword != KEYWORD_NONE) {
		parser_expected(p, "a set or an address");
		return NULL;
	}
	parser_take(p);
	if (dot ? !name_is_good(e->name, (size_t)(dot - e->name)) ||
			    !name_is_good(dot + 1, strlen(dot + 1))
		: !name_is_good(e->name, strlen(e->name))) {
		parser_wrong(p, &e->spot, "names have 1 to 63 of a-z 0-9 _ - and begin with a letter",
			     "'%s' cannot name a set", e->name);
		return nothing(p);
	}
	return e;
}

static const struct expr *read_item(struct parser *p)
{
	if (p->token.kind == TOKEN_ADDRESS)
		return read_address(p);
	if (p->token.kind == TOKEN_WORD)
		return read_name(p);
	parser_expected(p, "a set or an address");
	return NULL;
}

static const struct expr *keep_list(struct parser *p, struct expr *e, const struct pointers *list)
{
	e->list = (const struct expr *const *)list->list;
	e->n = list->n;
	parser_close_wide(p, &e->spot);
	return e;
}

static const struct expr *read_list(struct parser *p)
{
	struct expr *e = new_expr(p, EXPR_LIST, &p->token);
	struct pointers items = { 0 };

	parser_take(p);
	p->braces++;
	while (!parser_at_sign(p, '}')) {
		const struct expr *item = read_item(p);

		if (!item)
			return NULL;
		pointers_add(&items, p->arena, item);
		if (!parser_take_sign(p, ',') && !parser_at_sign(p, '}')) {
			parser_expected(p, "',' or '}'");
			return NULL;
		}
	}
	parser_take(p);
	p->braces--;
	return keep_list(p, e, &items);
}

static const struct expr *read_group(struct parser *p)
{
	struct expr *e = new_expr(p, EXPR_GROUP, &p->token);
	struct pointers inside = { 0 };
	const struct expr *expr;

	if (p->depth == DEPTH_MAX) {
		parser_wrong(p, &e->spot, "name a part of it with 'set'",
			     "more than %d brackets inside of each other", DEPTH_MAX);
		return NULL;
	}
	p->depth++;
	parser_take(p);
	expr = expr_parse(p);
	if (!expr || !parser_expect_sign(p, ')', ""))
		return NULL;
	p->depth--;
	pointers_add(&inside, p->arena, expr);
	return keep_list(p, e, &inside);
}

const struct expr *term_parse(struct parser *p)
{
	if (parser_at_sign(p, '{'))
		return read_list(p);
	if (parser_at_sign(p, '('))
		return read_group(p);
	return read_item(p);
}

static bool at_operator(const struct parser *p)
{
	return parser_at_sign(p, '+') || parser_at_sign(p, '-') || parser_at_sign(p, '&');
}

const struct expr *expr_parse(struct parser *p)
{
	struct pointers terms = { 0 };
	const struct expr *first = term_parse(p);
	struct expr *chain;
	char *signs;
	size_t cap = 8;

	if (!first || !at_operator(p))
		return first;
	chain = arena_take(p->arena, sizeof(*chain));
	chain->kind = EXPR_CHAIN;
	chain->spot = first->spot;
	signs = arena_take(p->arena, cap);
	pointers_add(&terms, p->arena, first);
	while (at_operator(p)) {
		const struct expr *term;
		char sign = p->token.sign;

		parser_take(p);
		term = term_parse(p);
		if (!term)
			return NULL;
		if (terms.n == cap) {
			cap *= 2;
			signs = memcpy(arena_take(p->arena, cap), signs, terms.n);
		}
		signs[terms.n] = sign;
		pointers_add(&terms, p->arena, term);
	}
	chain->signs = signs;
	return keep_list(p, chain, &terms);
}

const struct expr *items_parse(struct parser *p)
{
	struct expr *e = new_expr(p, EXPR_LIST, &p->token);
	bool braces = parser_take_sign(p, '{');
	struct pointers items = { 0 };

	while (p->token.kind != TOKEN_END && !parser_at_sign(p, '}')) {
		const struct expr *item = NULL;

		if (p->token.kind == TOKEN_ADDRESS)
			item = read_address(p);
		else
			parser_expected(p, "an address");		/* S24: addresses only */
		if (!item)
			return NULL;
		pointers_add(&items, p->arena, item);
		if (!parser_take_sign(p, ','))
			break;
	}
	if (braces && !parser_expect_sign(p, '}', ""))
		return NULL;
	if (p->token.kind != TOKEN_END) {
		parser_expected(p, "',' or the end");
		return NULL;
	}
	return keep_list(p, e, &items);
}
