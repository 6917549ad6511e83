/* SPDX-License-Identifier: BSD-2-Clause */
/* `set own = { 192.0.2.0/24 } + subnets of eth1`: values for the `?=` sets of the policy, as --set
 * gives them (LANGUAGE S24, S48), and what only this machine knows. */
#include <string.h>

#include "policy/conf_parser.h"
#include "policy/text.h"

static void add_term(struct conf_parser *c, struct conf_set *set, size_t *cap,
		     struct conf_term **terms, struct conf_term term)
{
	*terms = conf_room(c, *terms, set->n, cap, sizeof(term));
	(*terms)[set->n++] = term;
	set->terms = *terms;
}

/* Names of sets stand in the policy, and are not known here. */
static bool is_of_addresses(struct conf_parser *c, const struct expr *expr)
{
	bool good = true;

	if (expr->kind == EXPR_NAME || expr->kind == EXPR_CHAIN || expr->kind == EXPR_GROUP) {
		parser_wrong(&c->p, &expr->spot,
			     "addresses, prefixes, ranges, or subnets of an interface, with + between",
			     expr->kind == EXPR_NAME ? "'%s' is a set of the policy, which is not known here"
						     : "no set of the policy is computed here%s",
			     expr->kind == EXPR_NAME ? expr->name : "");
		return false;
	}
	for (size_t i = 0; i < expr->n; i++)
		good = is_of_addresses(c, expr->list[i]) && good;
	return good;
}

static bool read_subnets(struct conf_parser *c, struct conf_set *set, size_t *cap,
			 struct conf_term **terms)
{
	static const char *const words[] = { "of" };

	if (!conf_take(c, "of"))
		return parser_expected_one(&c->p, "'of'", words, COUNT(words));
	do {
		struct conf_name name = { 0 };

		if (!conf_interface_name(c, &name))
			return false;
		add_term(c, set, cap, terms, (struct conf_term){ NULL, name.name });
	} while (parser_take_sign(&c->p, ','));
	return true;
}

static bool read_terms(struct conf_parser *c, struct conf_set *set)
{
	struct conf_term *terms = NULL;
	size_t cap = 0;

	do {
		const struct expr *expr;

		if (conf_take(c, "subnets")) {
			if (!read_subnets(c, set, &cap, &terms))
				return false;
			continue;
		}
		expr = term_parse(&c->p);
		if (!expr)
			return false;
		if (is_of_addresses(c, expr))
			add_term(c, set, &cap, &terms, (struct conf_term){ expr, NULL });
	} while (parser_take_sign(&c->p, '+'));
	return true;
}

static bool read_set_name(struct conf_parser *c, struct conf_name *out)
{
	out->name = conf_run(c, "a set's name", &out->spot);
	if (!out->name)
		return false;
	if (name_is_good(out->name, strlen(out->name)) &&
	    keyword_of(out->name, strlen(out->name)) == KEYWORD_NONE)
		return true;
	parser_wrong(&c->p, &out->spot, "names have 1 to 63 of a-z 0-9 _ - and begin with a letter; "
		     "no word of the policy language is one", "'%s' cannot name a set", out->name);
	return true;
}

bool conf_read_set(struct conf_parser *c)
{
	struct conf_set set = { 0 };

	if (!read_set_name(c, &set.name))
		return false;
	if (!parser_take_sign(&c->p, '=') && !parser_take_sign(&c->p, '?'))
		return parser_expected(&c->p, "'='");
	if (!read_terms(c, &set))
		return false;
	for (size_t i = 0; i < c->conf->set_count; i++)
		if (strcmp(c->sets[i].name.name, set.name.name) == 0)
			parser_wrong(&c->p, &set.name.spot,
				     arena_printf(c->p.arena, "the first is in line %u",
						  c->sets[i].name.spot.line),
				     "set '%s' stands here twice", set.name.name);
	c->sets = conf_room(c, c->sets, c->conf->set_count, &c->set_cap, sizeof(set));
	c->sets[c->conf->set_count++] = set;
	c->conf->sets = c->sets;
	return true;
}

/* One term without its braces. */
static void put_term(const struct conf_term *term, conf_subnets *subnets, void *context,
		     struct text *out)
{
	if (!term->expr) {
		subnets(context, term->interface, out);
		return;
	}
	if (term->expr->kind != EXPR_LIST) {
		item_text(term->expr, out);
		return;
	}
	for (size_t i = 0; i < term->expr->n; i++) {
		text_put(out, i > 0 ? ", " : "");
		item_text(term->expr->list[i], out);
	}
}

void conf_set_text(const struct conf_set *set, conf_subnets *subnets, void *context,
		   struct text *out)
{
	struct text term = { 0 };
	bool any = false;

	text_printf(out, "%s={ ", set->name.name);
	for (size_t i = 0; i < set->n; i++) {
		text_reset(&term);
		put_term(&set->terms[i], subnets, context, &term);
		if (term.n == 0)
			continue;
		text_put(out, any ? ", " : "");
		text_put_n(out, term.p, term.n);
		any = true;
	}
	text_put(out, any ? " }" : "}");
	text_release(&term);
}

bool conf_follows_addresses(const struct conf *conf)
{
	for (size_t i = 0; i < conf->set_count; i++)
		for (size_t k = 0; k < conf->sets[i].n; k++)
			if (!conf->sets[i].terms[k].expr)
				return true;
	return false;
}
