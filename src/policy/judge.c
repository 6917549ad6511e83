/* SPDX-License-Identifier: BSD-2-Clause */
/* Judging by a compiled table.  Must say what reference.c says; tests/unit/policy/agree.c
 * compares them.  Knows no packet bytes. */
#include <assert.h>

#include "net/embed.h"
#include "policy/compiled.h"

/* --- the rules that a pair may meet --- */

static void walk_both(struct walk *w, const struct rule_list *a, const struct rule_list *b)
{
	const struct rule_list *few = a->n <= b->n ? a : b, *many = a->n <= b->n ? b : a;

	w->few = few->rules;
	w->few_end = few->rules + few->n;
	w->many = many->rules;
	w->many_end = many->rules + many->n;
}

static bool is_on(const uint16_t *list, const uint16_t *end, uint16_t rule)
{
	size_t n = (size_t)(end - list);

	if (n == 0)
		return false;
	while (n > 1) {
		size_t half = n / 2;

		list += list[half] <= rule ? half : 0;
		n -= half;
	}
	return *list == rule;
}

static void find_both(struct walk *w)
{
	while (w->few < w->few_end && !is_on(w->many, w->many_end, *w->few))
		w->few++;
}

static void walk_list(struct walk *w, int i, const struct rule_list *list)
{
	w->at[i] = list->rules;
	w->end[i] = list->rules + list->n;
}

struct walk walk_of_group(const struct pair *pair)
{
	struct walk w = { 0 };

	walk_list(&w, 0, &pair->groups->alone[pair->group]);
	walk_both(&w, &pair->sources->both[pair->source], &pair->groups->both[pair->group]);
	find_both(&w);
	return w;
}

struct walk walk_of(const struct table_rest *rest, const struct pair *pair)
{
	struct walk w = walk_of_group(pair);

	walk_list(&w, 1, &pair->sources->alone[pair->source]);
	walk_list(&w, 2, &rest->neither);
	return w;
}

unsigned walk_next(struct walk *w)
{
	unsigned next = w->few < w->few_end ? *w->few : WALK_END;
	int from = 3;

	for (int i = 0; i < 3; i++) {
		if (w->at[i] < w->end[i] && *w->at[i] < next) {
			next = *w->at[i];
			from = i;
		}
	}
	if (next == WALK_END)
		return next;
	if (from < 3) {
		w->at[from]++;
	} else {
		w->few++;
		find_both(w);
	}
	return next;
}

/* --- pairs --- */

static unsigned source_class(const struct table *t, struct addr a)
{
	if (a.family == FAMILY_IP4 && t->rest->blocks4)
		return blocks_source(t->rest->blocks4, (uint32_t)a.lo);
	if (a.family == FAMILY_IP4)
		return classes_of(&t->rest->source4, a);
	if (a.family == FAMILY_IP6)
		return map6_class(t->rest->sources6, a.hi, a.lo);
	return a.family == FAMILY_ANY ? CLASS_ANY : CLASS_ABSENT;
}

static unsigned group_class(const struct table *t, struct addr a)
{
	if (a.family == FAMILY_IP4 && t->rest->blocks4)
		return blocks_group(t->rest->blocks4, (uint32_t)a.lo);
	if (a.family == FAMILY_IP4)
		return classes_of(&t->rest->group4, a);
	return a.family == FAMILY_IP6 ? map6_class(t->rest->groups6, a.hi, a.lo) : CLASS_ABSENT;
}

/* The family whose classes answer, or FAMILY_NONE where source and group differ in it. */
static enum family family_of(struct addr source, struct addr group)
{
	if (addr_is_there(source) && addr_is_there(group) && source.family != group.family)
		return FAMILY_NONE;
	if (source.family == FAMILY_IP6 || group.family == FAMILY_IP6)
		return FAMILY_IP6;
	return FAMILY_IP4;
}

static struct pair pair_of(const struct table *t, struct addr source, struct addr group,
			   enum family family)
{
	bool is4 = family == FAMILY_IP4;
	struct range embedded;

	return (struct pair){
		.sources = is4 ? &t->rest->source4 : &t->rest->source6,
		.groups = is4 ? &t->rest->group4 : &t->rest->group6,
		.source = source_class(t, source), .group = group_class(t, group),
		.kin = { family, source.family, !is4 && !embedded_prefix(group, 128, &embedded) },
	};
}

static uint32_t cell_of(const struct table *t, const struct pair *pair, unsigned plane)
{
	const struct table_rest *rest = t->rest;
	const uint32_t *cells = pair->kin.family == FAMILY_IP4 ? rest->cells4
				: pair->kin.plain	       ? rest->plain6
							       : rest->cells6;

	return cells[(plane * pair->sources->n + pair->source) * pair->groups->n + pair->group];
}

static struct verdict verdict_of(const struct table_rest *rest, unsigned rule)
{
	return (struct verdict){ (uint8_t)rest->boundary->rules[rule]->action, (uint16_t)rule };
}

static struct verdict verdict_default(const struct table_rest *rest)
{
	return verdict_of(rest, (unsigned)rest->boundary->rule_count - 1);
}

/* --- whole observations --- */

static struct verdict judge_walk(const struct table_rest *rest, const struct pair *pair,
				 const struct observation *obs)
{
	struct walk walk = walk_of(rest, pair);
	unsigned rule;

	while ((rule = walk_next(&walk)) != WALK_END)
		if (demand_holds(&rest->demands[rule], obs))
			return verdict_of(rest, rule);
	return verdict_default(rest);
}

static struct verdict judge_list(const struct table_rest *rest, uint32_t cell,
				 const struct observation *obs)
{
	const uint16_t *list = rest->lists + (cell & ~CELL_LIST);
	unsigned i = 0, last = list[0] - 1u;

	while (i < last && !demand_holds(&rest->demands[list[2 + i]], obs))
		i++;
	return verdict_of(rest, list[2 + i]);
}

/* IPv4 in a matrix: the rows of `bootstrap` and `router` are the same for every source. */
static struct verdict judge_pair4(const struct table *t, const struct observation *obs)
{
	uint32_t source = (uint32_t)obs->source.lo, group = (uint32_t)obs->group.lo;
	uint32_t cell = t->cells4[table_plane(t, obs) * t->plane4 +
				  blocks_source(t->blocks4, source) * t->row4 +
				  blocks_group(t->blocks4, group)];

	if (cell & CELL_LIST)
		return judge_list(t->rest, cell, obs);
	return (struct verdict){ (uint8_t)(cell >> 16), (uint16_t)cell };
}

static struct verdict judge_pair6(const struct table *t, const struct observation *obs)
{
	uint32_t cell = table_cell6(t, &obs->source, &obs->group, table_plane(t, obs));

	if (cell & CELL_LIST)
		return judge_list(t->rest, cell, obs);
	return (struct verdict){ (uint8_t)(cell >> 16), (uint16_t)cell };
}

static struct verdict judge_pair(const struct table *t, const struct observation *obs)
{
	bool no_source = obs->point == POINT_BOOTSTRAP || obs->point == POINT_ROUTER;
	struct addr source = no_source ? ADDR_NONE : obs->source;
	struct addr group = obs->point == POINT_ROUTER ? ADDR_NONE : obs->group;
	enum family family = family_of(source, group);
	struct pair pair;
	uint32_t cell;

	if (family == FAMILY_NONE)
		return reference_judge(t->rest->boundary, obs);
	pair = pair_of(t, source, group, family);
	if (!t->rest->cells4)
		return judge_walk(t->rest, &pair, obs);
	cell = cell_of(t, &pair, table_plane(t, obs));
	if (cell & CELL_LIST)
		return judge_list(t->rest, cell, obs);
	return (struct verdict){ (uint8_t)(cell >> 16), (uint16_t)cell };
}

/* What is rare enough to be asked rule by rule: notices, anomalies, ranges (LANGUAGE S9, S10). */
static struct verdict judge_rules(const struct table_rest *rest, const struct rule_list *list,
				  const struct observation *obs, struct verdict otherwise)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct rule *rule = rest->boundary->rules[list->rules[i]];

		if (obs->notice && !rule->types)
			continue;
		if (rule->has_until && mtime_day(obs->at) > rule->until_day)
			continue;
		if (reference_matches(rule, obs))
			return verdict_of(rest, list->rules[i]);
	}
	return otherwise;
}

struct verdict table_judge(const struct table *table, const struct observation *obs)
{
	static const struct verdict none = { ACTION_PERMIT, RULE_NONE };
	const struct table_rest *rest = table->rest;

	if (obs->anomaly != ANOMALY_NONE)
		return judge_rules(rest, &rest->anomalous, obs, none);
	if (obs->point == POINT_NONE)
		return none;
	if (obs->notice)
		return judge_rules(rest, &rest->by_type[obs->type], obs, none);
	if (addr_is_there(obs->group) && obs->group_len != addr_bits(obs->group))
		return judge_rules(rest, &rest->by_point[obs->point], obs, verdict_default(rest));
	if (rest->cells4 && obs->source.family == FAMILY_IP4 && obs->group.family == FAMILY_IP4)
		return judge_pair4(table, obs);
	if (rest->cells6 && obs->source.family == FAMILY_IP6 && obs->group.family == FAMILY_IP6)
		return judge_pair6(table, obs);
	if (rest->too_large)
		return reference_judge(rest->boundary, obs);
	return judge_pair(table, obs);
}

/* --- pairs without an observation --- */

/* True where the rule decides; else `depends` grows by what it waits for. */
static bool decides(const struct table_rest *rest, const struct pair *pair,
		    const struct asked *asked, const struct plane *plane, unsigned rule,
		    uint16_t *depends)
{
	const struct demand *d = &rest->demands[rule];
	uint16_t asks;

	if (asked->is_plain && demand_never_plain(d, pair->kin))
		return false;
	if (!demand_fits(d, plane, pair->kin, &asks))
		return false;
	if (asks & ~(unsigned)DEPENDS_PAIR) {
		*depends |= asks & (uint16_t)~DEPENDS_PAIR;
		return false;
	}
	return asks == 0 || demand_addresses_hold(d, asked);
}

static struct quick_verdict quick_walk(const struct table_rest *rest, const struct pair *pair,
			       const struct asked *asked, const struct plane *plane)
{
	struct walk walk = walk_of(rest, pair);
	struct quick_verdict quick = { .depends = 0 };
	unsigned rule;

	while ((rule = walk_next(&walk)) != WALK_END)
		if (decides(rest, pair, asked, plane, rule, &quick.depends))
			break;
	quick.verdict = rule == WALK_END ? verdict_default(rest) : verdict_of(rest, rule);
	return quick;
}

/* list[1] says what its rules depend on; those that wait for source and group alone are asked
 * without further ado. */
static bool waits_for_pair(const struct table_rest *rest, uint32_t cell)
{
	return rest->lists[(cell & ~CELL_LIST) + 1] == DEPENDS_PAIR;
}

static struct quick_verdict quick_waiting(const struct table_rest *rest, uint32_t cell,
					  const struct asked *asked)
{
	const uint16_t *list = rest->lists + (cell & ~CELL_LIST);
	unsigned i = 0, last = list[0] - 1u;

	while (i < last && !demand_addresses_hold(&rest->demands[list[2 + i]], asked))
		i++;
	return (struct quick_verdict){ verdict_of(rest, list[2 + i]), 0 };
}

static struct quick_verdict quick_list(const struct table_rest *rest, uint32_t cell,
			       const struct pair *pair, const struct asked *asked,
			       const struct plane *plane)
{
	const uint16_t *list = rest->lists + (cell & ~CELL_LIST);
	unsigned i = 0, last = list[0] - 1u;
	struct quick_verdict quick = { .depends = 0 };

	if (waits_for_pair(rest, cell))
		return quick_waiting(rest, cell, asked);
	while (i < last && !decides(rest, pair, asked, plane, list[2 + i], &quick.depends))
		i++;
	quick.verdict = verdict_of(rest, list[2 + i]);
	return quick;
}

/* Source and group are of two families, or there are no classes: the reference answers, and
 * nothing is said of what else may matter. */
static struct quick_verdict quick_reference(const struct table_rest *rest, struct addr source,
				    struct addr group, const struct plane *plane)
{
	const unsigned all = DEPENDS_TTL | DEPENDS_PORT | DEPENDS_RP | DEPENDS_SPEAKER |
			     DEPENDS_TYPE | DEPENDS_FLAG | DEPENDS_JOINED | DEPENDS_DATE;
	struct observation obs = observation_none();

	obs.point = plane->point;
	obs.direction = plane->direction;
	obs.protocol = plane->protocol;
	obs.ip_protocol = plane->ip_protocol;
	obs.source = source;
	obs.group = group;
	obs.source_len = (uint8_t)addr_bits(source);
	obs.group_len = (uint8_t)addr_bits(group);
	return (struct quick_verdict){ reference_judge(rest->boundary, &obs), (uint16_t)all };
}

static struct quick_verdict quick_pair(const struct table *t, struct addr source,
				       struct addr group, unsigned plane_number, bool is_plain)
{
	static const struct addr none = { .family = FAMILY_NONE };
	const struct plane *plane = &t->rest->planes[plane_number];
	bool no_source = plane->point == POINT_BOOTSTRAP || plane->point == POINT_ROUTER;
	struct addr judged_source = no_source ? none : source;
	struct addr judged_group = plane->point == POINT_ROUTER ? none : group;
	struct asked asked = { plane->point, plane->point == POINT_DATA ? &source : &none, &none,
			       &judged_group, is_plain };
	enum family family = family_of(judged_source, judged_group);
	struct pair pair;
	uint32_t cell;

	if (family == FAMILY_NONE || t->rest->too_large)
		return quick_reference(t->rest, source, group, plane);
	pair = pair_of(t, judged_source, judged_group, family);
	if (!t->rest->cells4)
		return quick_walk(t->rest, &pair, &asked, plane);
	cell = cell_of(t, &pair, plane_number);
	if (cell & CELL_LIST)
		return quick_list(t->rest, cell, &pair, &asked, plane);
	return (struct quick_verdict){ { (uint8_t)(cell >> 16), (uint16_t)cell }, 0 };
}

struct quick_verdict table_quick_slow(const struct table *t, const struct addr *source,
				      const struct addr *group, unsigned plane)
{
	return quick_pair(t, *source, *group, plane, false);
}

/* Rules that wait for what the group embeds are asked in their order, and no pair is put together. */
struct quick_verdict table_quick6_slow(const struct table *t, const struct addr *source,
				       const struct addr *group, unsigned plane, uint32_t cell)
{
	static const struct addr none = { .family = FAMILY_NONE };
	unsigned point = t->rest->planes[plane].point;
	struct asked asked = { point, point == POINT_DATA ? source : &none, &none, group, false };

	if (!t->rest->cells6 || !waits_for_pair(t->rest, cell))
		return quick_pair(t, *source, *group, plane, false);
	return quick_waiting(t->rest, cell, &asked);
}

struct quick_verdict table_plain(const struct table *t, const struct observation *obs)
{
	return quick_pair(t, obs->source, obs->group, table_plane(t, obs), true);
}

struct quick_verdict table_quick4_slow(const struct table *t, uint32_t source, uint32_t group,
			       unsigned plane)
{
	return quick_pair(t, addr_of4(source), addr_of4(group), plane, false);
}

size_t table_candidates(const struct table *t, struct addr source, struct addr group,
			uint16_t *out, size_t max)
{
	const struct table_rest *rest = t->rest;
	enum family family = family_of(source, group);
	size_t n = 0;
	struct pair pair;
	struct walk walk;
	unsigned rule;

	if (rest->too_large || family == FAMILY_NONE) {
		for (; n < rest->boundary->match_count; n++)
			if (n < max)
				out[n] = (uint16_t)n;
		return n;
	}
	pair = pair_of(t, source, group, family);
	walk = walk_of(rest, &pair);
	while ((rule = walk_next(&walk)) != WALK_END) {
		if (n < max)
			out[n] = (uint16_t)rule;
		n++;
	}
	return n;
}
