/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules as boxes: x numbers the groups, y the sources at each control point, each axis cut
 * where any rule's set begins or ends.  LANGUAGE S10, S11, S14.  Knows no message. */
#include "policy/overlap.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/words.h"

#define AT(point) (1u << POINT_##point)
#define POINTS_ALL ((1u << POINT_COUNT) - 1)
/* A message about a range of groups matches only as a whole (S10). */
#define RANGE_POINTS (AT(BOOTSTRAP) | AT(JOIN))
/* Families of the axes beside the real ones: (S,G,rpt) has sources of its own (S14). */
#define FAMILY_RPT4 ((uint8_t)(FAMILY_IP4 + 16))
#define FAMILY_RPT6 ((uint8_t)(FAMILY_IP6 + 16))
/* Boxes that the rules may add, and ask about, altogether; beyond that nothing is said of the
 * rules with many. */
#define BOXES_MAX (1u << 20)

/* What a rule asks of source, group and point; the sets are as matched, `not` undone. */
struct shape {
	const struct rule *rule;
	struct set	   from, to;
	bool		   from_all, to_all;
	unsigned	   points;
	uint32_t	   asks;		/* which region it covers; 0: asks for nothing more */
	bool		   added;
	bool		   notices;		/* judges what the rules without `type` do not (S9) */
};

struct axis {
	struct addr *starts;			/* first address of each cell, in order */
	uint32_t     n, cap;
};

struct cells {
	uint32_t first, last;
};

/* Spans of cells on one axis. */
struct spans {
	struct cells *list;
	size_t	      n, cap;
};

struct overlap {
	struct arena *arena;
	struct shape *shapes;
	size_t	      n;
	struct axis   sources, groups;
	struct region *regions;
	size_t	     *added;			/* in order */
	size_t	      added_count;
	size_t	      boxes_added, boxes_asked;
	struct set    multicast;
	struct spans  x, y, all_x, all_y, meet_x, meet_y;	/* used again for each question */
};

static struct set multicast(struct arena *arena)
{
	struct addr first4 = addr_of4(UINT32_C(0xe0000000)),
		    first6 = addr_of6(UINT64_C(0xff) << 56, 0);
	struct range all[] = { { first4, addr_last(first4, 4) }, { first6, addr_last(first6, 8) } };

	return set_of(arena, all, COUNT(all));
}

/* S11: `not` is the complement within each family of which the set has a member. */
static struct set as_matched(struct arena *arena, const struct match *m)
{
	struct range all[2];
	struct set whole;
	size_t n = 0;

	if (!m->negated)
		return *m->set;
	if (set_has_family(m->set, FAMILY_IP4))
		all[n++] = (struct range){ addr_of4(0), addr_of4(UINT32_MAX) };
	if (set_has_family(m->set, FAMILY_IP6))
		all[n++] = (struct range){ addr_of6(0, 0), addr_of6(UINT64_MAX, UINT64_MAX) };
	whole = set_of(arena, all, n);
	return set_difference(arena, &whole, m->set);
}

static void narrow(struct arena *arena, bool *all, struct set *set, struct set by)
{
	*set = *all ? by : set_intersection(arena, set, &by);
	*all = false;
}

/* All that a rule asks for beside source, group and point: rules that ask for the same have
 * the same text. */
static void put_asks(const struct rule *r, struct text *out)
{
	if (r->direction != DIRECTION_UNKNOWN)
		text_printf(out, "direction %u ", r->direction);
	if (r->types | r->flags | r->anomalies)
		text_printf(out, "of %llx %llx %llx ", (unsigned long long)r->types,
			    (unsigned long long)r->flags, (unsigned long long)r->anomalies);
	if (r->ttl_test != TTL_UNASKED)
		text_printf(out, "ttl %d %u ", (int)r->ttl_test, r->ttl);
	if (r->protocol_test != PROTOCOL_UNASKED)
		text_printf(out, "protocol %d %u ", (int)r->protocol_test, r->protocol);
	if (r->port_asked)
		text_printf(out, "port %u %u ", r->port_first, r->port_last);
	if (r->joined != JOINED_UNKNOWN)
		text_printf(out, "joined %u ", r->joined);
	if (r->has_until)
		text_printf(out, "until %lld ", (long long)r->until_day);
	for (size_t i = 0; i < r->match_count; i++)
		if (r->matches[i].field != FIELD_FROM && r->matches[i].field != FIELD_TO)
			text_printf(out, "%d %d %s ", (int)r->matches[i].field,
				    r->matches[i].negated, r->matches[i].text);
}

static void shape_rule(struct overlap *o, struct shape *shape, const struct rule *rule,
		       struct words *asks)
{
	struct text text = { 0 };

	*shape = (struct shape){ .rule = rule, .from_all = true, .to_all = true,
				 .points = rule->points ? rule->points : POINTS_ALL,
				 .notices = rule->types || rule->anomalies };
	for (size_t i = 0; i < rule->match_count; i++) {
		const struct match *m = &rule->matches[i];

		if (m->field == FIELD_FROM)
			narrow(o->arena, &shape->from_all, &shape->from, as_matched(o->arena, m));
		else if (m->field == FIELD_TO)
			narrow(o->arena, &shape->to_all, &shape->to, as_matched(o->arena, m));
	}
	if (!shape->to_all)
		shape->to = set_intersection(o->arena, &shape->to, &o->multicast);
	put_asks(rule, &text);
	if (text.n > 0) {
		const char *word = arena_text(o->arena, text.p, text.n);

		words_add(asks, word, (uint32_t)asks->n + 1);
		shape->asks = words_find(asks, word);
	}
	text_release(&text);
}

static void add_start(struct arena *arena, struct axis *axis, struct addr start)
{
	struct addr *larger;

	if (axis->n == axis->cap) {
		axis->cap = axis->cap ? axis->cap * 2 : 64;
		larger = arena_array(arena, axis->cap, sizeof(*larger));
		if (axis->n > 0)
			memcpy(larger, axis->starts, axis->n * sizeof(*larger));
		axis->starts = larger;
	}
	axis->starts[axis->n++] = start;
}

static struct addr in_family(struct addr a, uint8_t family)
{
	a.family = family;
	return a;
}

/* Cuts the axis before and behind each range; families that follow have starts of their own. */
static void cut(struct overlap *o, struct axis *axis, const struct set *set, unsigned shift)
{
	for (size_t i = 0; i < set->n; i++) {
		struct addr first = set->ranges[i].first, last = set->ranges[i].last;
		struct addr behind = addr_next(last);

		add_start(o->arena, axis, in_family(first, (uint8_t)(first.family + shift)));
		if (addr_order(behind, last) > 0)
			add_start(o->arena, axis,
				  in_family(behind, (uint8_t)(last.family + shift)));
	}
}

static int order_addrs(const void *a, const void *b)
{
	return addr_order(*(const struct addr *)a, *(const struct addr *)b);
}

static void put_in_order(struct axis *axis)
{
	uint32_t n = 0;

	qsort(axis->starts, axis->n, sizeof(*axis->starts), order_addrs);
	for (uint32_t i = 0; i < axis->n; i++)
		if (i == 0 || !addr_equal(axis->starts[i], axis->starts[n - 1]))
			axis->starts[n++] = axis->starts[i];
	axis->n = n;
}

static void cut_axes(struct overlap *o)
{
	static const uint8_t families[] = { FAMILY_NONE, FAMILY_ANY,  FAMILY_IP4,
					    FAMILY_IP6,	 FAMILY_RPT4, FAMILY_RPT6 };

	for (size_t i = 0; i < COUNT(families); i++)
		add_start(o->arena, &o->sources, (struct addr){ 0, 0, families[i] });
	add_start(o->arena, &o->groups, ADDR_NONE);
	cut(o, &o->groups, &o->multicast, 0);
	for (size_t i = 0; i < o->n; i++) {
		cut(o, &o->sources, &o->shapes[i].from, 0);
		cut(o, &o->sources, &o->shapes[i].from, FAMILY_RPT4 - FAMILY_IP4);
		cut(o, &o->groups, &o->shapes[i].to, 0);
	}
	put_in_order(&o->sources);
	put_in_order(&o->groups);
}

struct overlap *overlap_new(struct arena *arena, const struct boundary *boundary)
{
	struct overlap *o = arena_take(arena, sizeof(*o));
	struct words asks = words_of(arena);

	o->arena = arena;
	o->multicast = multicast(arena);
	o->n = boundary->match_count;
	o->shapes = arena_array(arena, o->n, sizeof(*o->shapes));
	o->added = arena_array(arena, o->n, sizeof(*o->added));
	for (size_t i = 0; i < o->n; i++)
		shape_rule(o, &o->shapes[i], boundary->rules[i], &asks);
	cut_axes(o);
	o->regions = arena_array(arena, asks.n + 1, sizeof(*o->regions));
	for (size_t i = 0; i <= asks.n; i++)
		o->regions[i] = region_of(arena, o->groups.n);
	return o;
}

/* The cell that holds an address. */
static uint32_t cell_of(const struct axis *axis, struct addr a)
{
	uint32_t low = 0, high = axis->n;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (addr_order(axis->starts[middle], a) <= 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void add_cells(struct arena *arena, struct spans *spans, uint32_t first, uint32_t last)
{
	struct cells *larger;

	if (spans->n > 0 && spans->list[spans->n - 1].last + 1 == first) {
		spans->list[spans->n - 1].last = last;
		return;
	}
	if (spans->n == spans->cap) {
		spans->cap = spans->cap ? spans->cap * 2 : 8;
		larger = arena_array(arena, spans->cap, sizeof(*larger));
		if (spans->n > 0)
			memcpy(larger, spans->list, spans->n * sizeof(*larger));
		spans->list = larger;
	}
	spans->list[spans->n++] = (struct cells){ first, last };
}

static void add_set(struct overlap *o, const struct axis *axis, const struct set *set,
		    unsigned shift, uint32_t base, struct spans *out)
{
	for (size_t i = 0; i < set->n; i++) {
		struct addr first = set->ranges[i].first, last = set->ranges[i].last;

		add_cells(o->arena, out,
			  base + cell_of(axis, in_family(first, (uint8_t)(first.family + shift))),
			  base + cell_of(axis, in_family(last, (uint8_t)(last.family + shift))));
	}
}

/* The cells of a family and of those behind it, up to another family. */
static void add_families(struct overlap *o, uint8_t from, uint8_t before, uint32_t base,
			 struct spans *out)
{
	uint32_t first = cell_of(&o->sources, (struct addr){ 0, 0, from });
	uint32_t behind =
		before ? cell_of(&o->sources, (struct addr){ 0, 0, before }) : o->sources.n;

	add_cells(o->arena, out, base + first, base + behind - 1);
}

/* The sources that a rule matches at one point; what no observation has there counts too. */
static void put_sources(struct overlap *o, const struct shape *s, unsigned point,
			struct spans *out)
{
	uint32_t base = point * o->sources.n;
	bool any = s->rule->from_any;

	if (s->from_all && !any) {
		add_cells(o->arena, out, base, base + o->sources.n - 1);
		return;
	}
	if (any && s->from_all) {
		add_families(o, FAMILY_ANY, FAMILY_IP4, base, out);
		add_families(o, FAMILY_RPT4, 0, base, out);
		return;
	}
	if (!any)
		add_set(o, &o->sources, &s->from, 0, base, out);
	add_set(o, &o->sources, &s->from, FAMILY_RPT4 - FAMILY_IP4, base, out);
}

/* LANGUAGE 4: the sources that there are at a point for groups of a family. */
static void put_all_sources(struct overlap *o, unsigned point, enum family family,
			    struct spans *out)
{
	uint32_t base = point * o->sources.n;
	unsigned at = 1u << point;

	if (at & (AT(BOOTSTRAP) | AT(ROUTER) | AT(SESSION)))
		add_families(o, FAMILY_NONE, FAMILY_ANY, base, out);
	if (at & (AT(MEMBERSHIP) | AT(JOIN)))
		add_families(o, FAMILY_ANY, FAMILY_IP4, base, out);
	if (at & ~(AT(BOOTSTRAP) | AT(ROUTER)) && (family == FAMILY_IP4 || at & AT(SESSION)))
		add_families(o, FAMILY_IP4, FAMILY_IP6, base, out);
	if (at & ~(AT(BOOTSTRAP) | AT(ROUTER)) && (family == FAMILY_IP6 || at & AT(SESSION)))
		add_families(o, FAMILY_IP6, FAMILY_RPT4, base, out);
	if (at & AT(JOIN) && family == FAMILY_IP4)
		add_families(o, FAMILY_RPT4, FAMILY_RPT6, base, out);
	if (at & AT(JOIN) && family == FAMILY_IP6)
		add_families(o, FAMILY_RPT6, 0, base, out);
}

static const struct spans *meet(struct arena *arena, const struct spans *a, const struct spans *b,
				struct spans *out)
{
	size_t i = 0, j = 0;

	out->n = 0;
	while (i < a->n && j < b->n) {
		uint32_t first = a->list[i].first > b->list[j].first ? a->list[i].first
								     : b->list[j].first;
		uint32_t last = a->list[i].last < b->list[j].last ? a->list[i].last
								  : b->list[j].last;

		if (first <= last)
			add_cells(arena, out, first, last);
		if (a->list[i].last < b->list[j].last)
			i++;
		else
			j++;
	}
	return out;
}

static void put_groups(struct overlap *o, const struct shape *s, struct spans *out)
{
	if (s->to_all)
		add_cells(o->arena, out, 0, o->groups.n - 1);
	else
		add_set(o, &o->groups, &s->to, 0, 0, out);
}

static void put_all_groups(struct overlap *o, unsigned point, enum family family,
			   struct spans *out)
{
	uint32_t first6 = cell_of(&o->groups, o->multicast.ranges[1].first);
	const struct range *all = o->multicast.ranges;

	if (point == POINT_ROUTER)
		add_cells(o->arena, out, 0, 0);
	else if (family == FAMILY_IP4)
		add_cells(o->arena, out, cell_of(&o->groups, all[0].first),
			  cell_of(&o->groups, all[0].last));
	else
		add_cells(o->arena, out, first6, cell_of(&o->groups, all[1].last));
}

static bool afford(size_t *spent, const struct spans *x, const struct spans *y)
{
	if (x->n * y->n > BOXES_MAX - *spent)
		return false;
	*spent += x->n * y->n;
	return true;
}

void overlap_add(struct overlap *o, size_t i)
{
	struct shape *s = &o->shapes[i];

	o->added[o->added_count++] = i;
	s->added = true;
	o->x.n = o->y.n = 0;
	put_groups(o, s, &o->x);
	for (unsigned point = 0; point < POINT_COUNT; point++)
		if (s->points >> point & 1)
			put_sources(o, s, point, &o->y);
	if (!afford(&o->boxes_added, &o->x, &o->y))
		return;
	for (size_t a = 0; a < o->x.n; a++)
		for (size_t b = 0; b < o->y.n; b++)
			region_add(&o->regions[s->asks],
				   (struct box){ o->x.list[a].first, o->x.list[a].last,
						 o->y.list[b].first, o->y.list[b].last });
}

static bool covers_spans(struct overlap *o, const struct region *region, const struct spans *x,
			 const struct spans *y)
{
	if (x->n * y->n > 1 && !afford(&o->boxes_asked, x, y))
		return false;
	for (size_t a = 0; a < x->n; a++)
		for (size_t b = 0; b < y->n; b++)
			if (!region_covers(region,
					   (struct box){ x->list[a].first, x->list[a].last,
							 y->list[b].first, y->list[b].last }))
				return false;
	return true;
}

/* Everything of the shape at one point lies in the region; `all` leaves in what no observation
 * but a notice has. */
static bool covers_at(struct overlap *o, const struct region *region, const struct shape *s,
		      unsigned point, bool all)
{
	static const enum family families[] = { FAMILY_IP4, FAMILY_IP6 };

	o->x.n = o->y.n = 0;
	put_groups(o, s, &o->x);
	put_sources(o, s, point, &o->y);
	if (all)
		return covers_spans(o, region, &o->x, &o->y);
	for (size_t i = 0; i < COUNT(families); i++) {
		o->all_x.n = o->all_y.n = 0;
		put_all_groups(o, point, families[i], &o->all_x);
		put_all_sources(o, point, families[i], &o->all_y);
		if (!covers_spans(o, region, meet(o->arena, &o->x, &o->all_x, &o->meet_x),
				  meet(o->arena, &o->y, &o->all_y, &o->meet_y)))
			return false;
	}
	return true;
}

static bool holds(bool all, const struct set *set, bool part_all, const struct set *part)
{
	return all || (!part_all && set_within(part, set));
}

bool overlap_covers_alone(const struct overlap *o, size_t j, size_t i)
{
	const struct shape *a = &o->shapes[j], *b = &o->shapes[i];

	if (!a->added || ((a->asks != 0 || b->notices) && a->asks != b->asks))
		return false;
	if (b->points & ~a->points || (a->rule->from_any && !b->rule->from_any))
		return false;
	if (b->rule->from_any && !a->rule->from_any && !a->from_all)
		return false;					/* SET is not `*` */
	return holds(a->from_all, &a->from, b->from_all, &b->from) &&
	       holds(a->to_all, &a->to, b->to_all, &b->to);
}

/* S10: a range of groups needs one rule that covers it whole. */
static bool covers_ranges(const struct overlap *o, size_t i)
{
	if (!(o->shapes[i].points & RANGE_POINTS))
		return true;
	for (size_t k = 0; k < o->added_count; k++)
		if (overlap_covers_alone(o, o->added[k], i))
			return true;
	return false;
}

static bool covers_in(struct overlap *o, uint32_t region, const struct shape *s, unsigned points)
{
	for (unsigned point = 0; point < POINT_COUNT; point++)
		if ((points >> point & 1) &&
		    !covers_at(o, &o->regions[region], s, point, s->notices))
			return false;
	return true;
}

bool overlap_covers(struct overlap *o, size_t i)
{
	const struct shape *s = &o->shapes[i];
	bool covered = (!s->notices && covers_in(o, 0, s, s->points)) ||
		       (s->asks && covers_in(o, s->asks, s, s->points));

	return covered && covers_ranges(o, i);
}

bool overlap_covers_part(struct overlap *o, size_t i, const struct set *part, unsigned points)
{
	struct shape s = o->shapes[i];

	s.to = s.to_all ? *part : set_intersection(o->arena, &s.to, part);
	s.to_all = false;
	return covers_in(o, 0, &s, s.points & points);
}

static bool sets_meet(bool a_all, const struct set *a, bool b_all, const struct set *b)
{
	if (a_all || b_all)
		return true;
	for (size_t i = 0; i < a->n; i++)
		if (!set_has_none(b, a->ranges[i].first, a->ranges[i].last))
			return true;
	return false;
}

bool overlap_meets(const struct overlap *o, size_t j, size_t i)
{
	const struct shape *a = &o->shapes[j], *b = &o->shapes[i];

	return a->added && a->points & b->points &&
	       sets_meet(a->from_all, &a->from, b->from_all, &b->from) &&
	       sets_meet(a->to_all, &a->to, b->to_all, &b->to);
}
