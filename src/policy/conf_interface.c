/* SPDX-License-Identifier: BSD-2-Clause */
/* `interface NAME boundary B inside enforce tc ...`, on one line or between braces. */
#include <string.h>

#include "policy/conf_parser.h"

static const char *const backends[CONF_BACKEND_COUNT] = {
	[CONF_AUTO] = "auto", [CONF_XDP] = "xdp", [CONF_TC] = "tc", [CONF_NFTABLES] = "nftables",
	[CONF_OFF] = "off",
};

const char *conf_backend_name(enum conf_backend backend)
{
	return backends[backend];
}

/* What the kernel takes for a name: up to 15 bytes, no slash, no blank, not . or .. */
static bool is_interface_name(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n < 16 && strcspn(name, "/ \t\n:") == n && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

bool conf_interface_name(struct conf_parser *c, struct conf_name *out)
{
	struct conf_name name = { .spot = parser_spot(&c->p, &c->p.token) };

	if (conf_at_statement(c))
		return parser_expected(&c->p, "an interface, as eth0");
	if (c->p.token.kind == TOKEN_STRING)
		name.name = parser_string(&c->p, "an interface");
	else
		name.name = conf_run(c, "an interface, as eth0", &name.spot);
	if (!name.name)
		return false;
	if (!is_interface_name(name.name))
		parser_wrong(&c->p, &name.spot, "1 to 15 characters, no slash, colon or blank",
			     "'%s' cannot be an interface", name.name);
	*out = name;
	return true;
}

/* Which clauses an interface has; each stands once. */
enum part { PART_BOUNDARY = 1, PART_SIDE = 2, PART_ENFORCE = 4, PART_FAIL = 8, PART_REGISTERS = 16,
	    PART_DRY_RUN = 32 };

/* One word of two; false, and a complaint, where neither comes. */
static bool read_either(struct conf_parser *c, const char *yes, const char *no, bool *out)
{
	const char *const words[] = { yes, no };

	*out = conf_at(c, yes);
	if (conf_take(c, yes) || conf_take(c, no))
		return true;
	return parser_expected_one(&c->p, arena_printf(c->p.arena, "'%s' or '%s'", yes, no), words,
				   COUNT(words));
}

static bool read_boundary(struct conf_parser *c, struct conf_interface *out)
{
	out->boundary.name = conf_run(c, "a boundary's name", &out->boundary.spot);
	return out->boundary.name != NULL;
}

static bool read_side(struct conf_parser *c, struct conf_interface *out)
{
	return read_either(c, "inside", "outside", &out->is_inside);
}

static bool read_enforce(struct conf_parser *c, struct conf_interface *out)
{
	out->backend_spot = parser_spot(&c->p, &c->p.token);
	for (enum conf_backend b = CONF_AUTO; b < CONF_BACKEND_COUNT; b++) {
		if (!conf_take(c, backends[b]))
			continue;
		out->backend = b;
		return true;
	}
	if (conf_take(c, "nft")) {
		out->backend = CONF_NFTABLES;
		return true;
	}
	return parser_expected_one(&c->p, "'auto', 'xdp', 'tc', 'nftables' or 'off'", backends,
				   COUNT(backends));
}

static bool read_fail(struct conf_parser *c, struct conf_interface *out)
{
	return read_either(c, "open", "closed", &out->fails_open);
}

static bool read_registers(struct conf_parser *c, struct conf_interface *out)
{
	return read_either(c, "silent", "stop", &out->is_silent);
}

static bool read_dry_run(struct conf_parser *c, struct conf_interface *out)
{
	out->is_dry_run = true;
	parser_take(&c->p);
	return true;
}

static const struct clause_row {
	const char *word;
	enum part   part;
	bool	    is_value;		/* the word says it itself: `inside` */
	bool (*read)(struct conf_parser *, struct conf_interface *);
} clauses[] = {
	{ "boundary", PART_BOUNDARY, false, read_boundary },
	{ "inside", PART_SIDE, true, read_side },
	{ "outside", PART_SIDE, true, read_side },
	{ "enforce", PART_ENFORCE, false, read_enforce },
	{ "fail", PART_FAIL, false, read_fail },
	{ "registers", PART_REGISTERS, false, read_registers },
	{ "dry-run", PART_DRY_RUN, true, read_dry_run },
};

static bool read_clause(struct conf_parser *c, unsigned *seen, struct conf_interface *out)
{
	const char *words[COUNT(clauses)];
	struct spot spot = parser_spot(&c->p, &c->p.token);

	for (size_t i = 0; i < COUNT(clauses); i++) {
		const struct clause_row *row = &clauses[i];

		words[i] = row->word;
		if (!conf_at(c, row->word))
			continue;
		if (*seen & row->part)
			parser_wrong(&c->p, &spot, NULL, row->part == PART_SIDE
				     ? "an interface is inside or outside, once%s"
				     : "'%s' stands once for an interface",
				     row->part == PART_SIDE ? "" : row->word);
		*seen |= row->part;
		if (!row->is_value)
			parser_take(&c->p);
		return row->read(c, out);
	}
	return parser_expected_one(&c->p, "what the interface does, as 'boundary' or 'enforce'", words,
				   COUNT(words));
}

/* Up to the end of the line, or up to the brace. */
static bool read_clauses(struct conf_parser *c, unsigned *seen, struct conf_interface *out)
{
	bool is_block = parser_take_sign(&c->p, '{');

	while (is_block ? !parser_at_sign(&c->p, '}')
			: c->p.token.kind != TOKEN_END && !c->p.token.begins_line) {
		if (is_block && (conf_at_statement(c) || c->p.token.kind == TOKEN_END)) {
			parser_wrong(&c->p, &out->name.spot, NULL, "interface '%s' has no '}'",
				     out->name.name);
			return false;
		}
		if (!read_clause(c, seen, out))
			return false;
	}
	return !is_block || parser_take_sign(&c->p, '}');
}

static void check_interface(struct conf_parser *c, const struct conf_interface *one, unsigned seen)
{
	for (size_t i = 0; i < c->conf->interface_count; i++)
		if (strcmp(c->interfaces[i].name.name, one->name.name) == 0)
			parser_wrong(&c->p, &one->name.spot,
				     arena_printf(c->p.arena, "the first is in line %u; an interface lies "
						  "on one boundary, which may extend another",
						  c->interfaces[i].name.spot.line),
				     "interface '%s' stands here twice", one->name.name);
	if (!(seen & PART_BOUNDARY))
		parser_wrong(&c->p, &one->name.spot, "interface eth0 boundary border",
			     "interface '%s' names no boundary", one->name.name);
	if (c->conf->interface_count == CONF_INTERFACES_MAX)
		parser_wrong(&c->p, &one->name.spot, NULL, "more than %d interfaces",
			     CONF_INTERFACES_MAX);
}

bool conf_read_interface(struct conf_parser *c)
{
	struct conf_interface one = { 0 };
	unsigned seen = 0;

	if (!conf_interface_name(c, &one.name) || !read_clauses(c, &seen, &one))
		return false;
	check_interface(c, &one, seen);
	if (c->conf->interface_count == CONF_INTERFACES_MAX)
		return true;
	c->interfaces = conf_room(c, c->interfaces, c->conf->interface_count, &c->interface_cap,
				  sizeof(one));
	c->interfaces[c->conf->interface_count++] = one;
	c->conf->interfaces = c->interfaces;
	return true;
}
