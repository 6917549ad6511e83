/* SPDX-License-Identifier: BSD-2-Clause */
/* Boundaries with what they inherit: own rules first, then those of the one that they extend.
 * LANGUAGE S5, S26 to S32.  Knows no observation. */
#include <string.h>

#include "policy/resolve.h"

#define EXTENDS_DEPTH 8					/* S27 */

/* A boundary while it is put together. */
struct draft {
	struct words	own;		/* names of own rules: index into own_rules */
	struct pointers own_rules;	/* struct rule, all kinds but the default */
	size_t		own_match_count;
	struct pointers rules, police;
	const struct rule *fallback;	/* the default */
	struct words	without;
};

static void complain_of_twin(struct loader *loader, const struct rule_syntax *syntax,
			     const struct rule *rule, const struct rule *earlier)
{
	const struct trailers *t = &syntax->trailers;

	loader_error(loader, t->name ? &t->name_spot : &syntax->spot, NULL,
		     t->name ? NULL : "'as NAME' gives a rule a name of its own",
		     "two rules of this boundary are called '%s' (line %u)", rule->name,
		     earlier->place.line);				/* S30 */
}

static void add_own(struct loader *loader, struct unit *unit, const struct rule_syntax *syntax,
		    struct draft *draft)
{
	const struct rule *rule = rule_resolve(loader, unit, syntax);

	if (syntax->broken)		/* its sets were looked up, for their mistakes */
		return;
	if (rule->kind == RULE_DEFAULT) {
		if (draft->fallback)
			loader_error(loader, &syntax->spot, NULL, NULL,
				     "a boundary has one default (line %u)",
				     draft->fallback->place.line);	/* S26 */
		draft->fallback = rule;
		return;
	}
	if (!words_add(&draft->own, rule->name, (uint32_t)draft->own_rules.n))
		complain_of_twin(loader, syntax, rule,
				 draft->own_rules.list[words_find(&draft->own, rule->name)]);
	draft->own_match_count += rule->kind == RULE_MATCH;
	pointers_add(&draft->own_rules, loader->arena, rule);
	pointers_add(rule->kind == RULE_POLICE ? &draft->police : &draft->rules, loader->arena,
		     rule);
}

static struct boundary_def *find_in_profile(struct loader *loader, const struct named_spot *base,
					    struct unit **out_unit)
{
	const char *dot = strchr(base->name, '.');
	struct unit *unit = unit_of_profile(loader, base->name, (size_t)(dot - base->name));
	uint32_t i;

	if (!unit) {
		loader_error(loader, &base->spot, NULL,
			     "the built-in policies are chown-02, modern and ssm-only",
			     "no built-in policy is called '%.*s'", (int)(dot - base->name),
			     base->name);
		return NULL;
	}
	*out_unit = unit;
	i = words_find(&unit->boundary_index, dot + 1);
	if (i != WORD_NONE)
		return &unit->boundaries[i];
	loader_error(loader, &base->spot, suggest_boundary(loader, unit, dot + 1), NULL,
		     "policy '%s' has no boundary '%s'", unit->profile, dot + 1);
	return NULL;
}

/* S27: above in this file, or in a profile. */
static struct boundary_def *find_base(struct loader *loader, struct unit *unit,
				      const struct boundary_def *def, struct unit **out_unit)
{
	const struct named_spot *base = &def->syntax->base;
	uint32_t i;

	if (strchr(base->name, '.'))
		return find_in_profile(loader, base, out_unit);
	*out_unit = unit;
	i = words_find(&unit->boundary_index, base->name);
	if (i == WORD_NONE) {
		loader_error(loader, &base->spot, suggest_boundary(loader, unit, base->name), NULL,
			     "unknown boundary '%s'", base->name);
		return NULL;
	}
	if (&unit->boundaries[i] < def)
		return &unit->boundaries[i];
	loader_error(loader, &base->spot, NULL, "a boundary extends one that stands above it",
		     "boundary '%s' stands below (line %u)", base->name,
		     unit->boundaries[i].syntax->name_spot.line);
	return NULL;
}

/* S28: the names that are left out; each must be there. */
static void read_without(struct loader *loader, const struct boundary_syntax *syntax,
			 const struct boundary *base, struct draft *draft)
{
	struct words known = words_of(loader->arena);

	for (size_t i = 0; i + 1 < base->rule_count && syntax->without_count > 0; i++)
		words_add(&known, base->rules[i]->name, (uint32_t)i);
	for (size_t i = 0; i < syntax->without_count; i++) {
		const struct named_spot *one = &syntax->without[i];

		if (words_find(&known, one->name) == WORD_NONE)
			loader_error(loader, &one->spot, suggest_rule(loader, base, one->name),
				     NULL, "boundary '%s' has no rule '%s'", syntax->base.name,
				     one->name);
		else
			words_add(&draft->without, one->name, 0);
	}
}

/* Behind the own rules those of the base that are neither left out nor replaced (S30). */
static void inherit(struct loader *loader, const struct boundary *base, struct draft *draft)
{
	for (size_t i = 0; i + 1 < base->rule_count; i++) {
		const struct rule *rule = base->rules[i];

		if (words_find(&draft->without, rule->name) == WORD_NONE &&
		    words_find(&draft->own, rule->name) == WORD_NONE)
			pointers_add(rule->kind == RULE_POLICE ? &draft->police : &draft->rules,
				     loader->arena, rule);
	}
	if (!draft->fallback)
		draft->fallback = base->rules[base->rule_count - 1];
}

static struct boundary *put_together(struct loader *loader, const struct boundary_syntax *syntax,
				     struct draft *draft)
{
	struct boundary *boundary = arena_take(loader->arena, sizeof(*boundary));

	boundary->name = syntax->name;
	boundary->text = syntax->text;
	boundary->place = place_of(&syntax->name_spot);
	boundary->match_count = draft->rules.n;
	boundary->police_count = draft->police.n;
	boundary->own_match_count = draft->own_match_count;
	boundary->own_police_count = draft->own_rules.n - draft->own_match_count;
	for (size_t i = 0; i < draft->police.n; i++)
		pointers_add(&draft->rules, loader->arena, draft->police.list[i]);
	pointers_add(&draft->rules, loader->arena, draft->fallback);
	boundary->rules = (const struct rule *const *)draft->rules.list;
	boundary->rule_count = draft->rules.n;
	return boundary;
}

static void flatten_base(struct loader *loader, struct unit *unit, struct boundary_def *def,
			 struct draft *draft)
{
	struct unit *home;
	struct boundary_def *base = find_base(loader, unit, def, &home);
	const struct boundary *flat = base ? boundary_flatten(loader, home, base) : NULL;

	if (!flat)
		return;
	def->depth = base->depth + 1;
	if (def->depth > EXTENDS_DEPTH)
		loader_error(loader, &def->syntax->base.spot, NULL, NULL,
			     "more than %d boundaries extend each other", EXTENDS_DEPTH);
	read_without(loader, def->syntax, flat, draft);
	inherit(loader, flat, draft);
}

const struct boundary *boundary_flatten(struct loader *loader, struct unit *unit,
					struct boundary_def *def)
{
	const struct boundary_syntax *syntax = def->syntax;
	struct draft draft = { .own = words_of(loader->arena),
			       .without = words_of(loader->arena) };

	if (def->progress != PROGRESS_NEW)
		return def->boundary;
	def->progress = PROGRESS_BUSY;
	for (size_t i = 0; i < syntax->rule_count; i++)
		add_own(loader, unit, syntax->rules[i], &draft);
	if (syntax->base.name)
		flatten_base(loader, unit, def, &draft);
	if (draft.fallback)
		def->boundary = put_together(loader, syntax, &draft);
	else if (!syntax->base.name && !syntax->broken)
		loader_error(loader, &syntax->name_spot, NULL,
			     "add 'default deny' or 'default permit'",
			     "boundary '%s' has no default", syntax->name);	/* S26 */
	if (def->boundary && def->boundary->rule_count >= RULE_NONE)
		loader_error(loader, &syntax->name_spot, NULL, NULL,
			     "boundary '%s' has more than %d rules", syntax->name, RULE_NONE - 1);
	def->progress = PROGRESS_DONE;
	return def->boundary;
}
