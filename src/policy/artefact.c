/* SPDX-License-Identifier: BSD-2-Clause */
/* Compiles a boundary for a kernel: rules are projected on what a kernel can ask, addresses cut
 * into classes by the sweep of classes.c, every pair of classes resolved to its list of rules, and
 * classes that make no difference joined again.  Knows no back end. */
#include "policy/artefact.h"

#include <stdlib.h>

#include "base/memory.h"
#include "policy/compiled.h"
#include "policy/projection.h"

#define CELLS_MAX (16u << 20)

struct builder {
	struct artefact	     *a;
	struct artefact_rule *rules;
	struct rule	     *projected;
	struct live	     *live;
	size_t		      live_count;
	struct artefact_plane *planes;
	size_t		      plane_count;
	struct table_rest     rest;		/* only its list of rules that ask for no address */
	uint16_t	     *lists;
	size_t		      lists_n, lists_cap;
	bool		     *marked;		/* scratch: by rule */
	uint16_t	     *candidates;	/* scratch: n, then one of each rule and the default */
	uint32_t	     *by_content;	/* hash table of lists: offset + 1 */
	size_t		      mask, list_count;
};

/* A side while it is being made: intervals with the classes of the sweep, and which of them are met
 * at all. */
struct draft {
	struct interval *intervals;
	size_t		 n;
	uint16_t	*classes;		/* new class to that of the sweep */
	unsigned	 class_count;
};

/* --- rules and planes --- */

static bool asks_for(const struct rule *rule, enum field a, enum field b)
{
	for (size_t i = 0; i < rule->match_count; i++)
		if (rule->matches[i].field == a || rule->matches[i].field == b)
			return true;
	return false;
}

static void project_rules(struct builder *b, const struct boundary *boundary, struct mtime now)
{
	size_t n = boundary->match_count;
	uint16_t *neither = arena_array(b->a->arena, n + 1, sizeof(*neither));

	b->rules = arena_array(b->a->arena, boundary->rule_count, sizeof(*b->rules));
	b->projected = arena_array(b->a->arena, n + 1, sizeof(*b->projected));
	b->live = memory_array(n + 1, sizeof(*b->live));
	b->rest.neither.rules = neither;
	for (size_t i = 0; i < n; i++) {
		struct live *live = &b->live[b->live_count];

		if (!rule_project(boundary->rules[i], now, b->a->arena, &b->rules[i],
				  &b->projected[i]))
			continue;
		*live = (struct live){
			.rule = &b->projected[i], .index = (uint16_t)i,
			.asks_source = asks_for(&b->projected[i], FIELD_FROM, FIELD_FROM),
			.asks_group = asks_for(&b->projected[i], FIELD_TO, FIELD_EMBEDS),
		};
		b->live_count++;
		if (!live->asks_source && !live->asks_group)
			neither[b->rest.neither.n++] = (uint16_t)i;
	}
	for (size_t i = n; i < boundary->rule_count; i++)
		b->rules[i] = (struct artefact_rule){ .rule = boundary->rules[i],
						      .ttl_last = UINT8_MAX,
						      .recognised = PROTOCOL_COUNT };
}

static void add_plane(struct builder *b, unsigned direction, unsigned ip_protocol)
{
	b->planes[b->plane_count++] =
		(struct artefact_plane){ (uint8_t)direction, (uint16_t)ip_protocol };
}

static void lay_planes(struct builder *b)
{
	b->planes = arena_array(b->a->arena, 2 * (256 + 1), sizeof(*b->planes));
	for (unsigned d = DIRECTION_IN; d <= DIRECTION_OUT; d++) {
		bool named[256] = { false };

		add_plane(b, d, IP_PROTOCOL_NONE);
		for (size_t i = 0; i < b->live_count; i++) {
			const struct rule *rule = b->live[i].rule;

			if (rule->protocol_test != PROTOCOL_NUMBER || rule->protocol > 255 ||
			    (rule->direction != DIRECTION_UNKNOWN && rule->direction != d) ||
			    named[rule->protocol])
				continue;
			named[rule->protocol] = true;
			add_plane(b, d, rule->protocol);
		}
	}
}

/* --- intervals --- */

static void add_interval(struct draft *d, struct addr first, unsigned class)
{
	if (d->n > 0 && d->intervals[d->n - 1].class == class)
		return;
	d->intervals[d->n++] = (struct interval){ first, (uint16_t)class };
}

/* The interval that holds an address. */
static size_t interval_of(const struct classes *c, struct addr a)
{
	size_t i = 0, end = c->interval_count;

	while (end - i > 1) {
		size_t middle = i + (end - i) / 2;

		if (addr_order(c->intervals[middle].first, a) <= 0)
			i = middle;
		else
			end = middle;
	}
	return i;
}

/* The intervals between two addresses, moved up by `shift` of the high half. */
static void add_between(struct draft *d, const struct classes *c, struct addr first,
			struct addr last, uint64_t shift)
{
	for (size_t i = interval_of(c, first); i < c->interval_count; i++) {
		struct addr at = c->intervals[i].first;

		if (addr_order(at, last) > 0)
			return;
		if (addr_order(at, first) < 0)
			at = first;
		at.hi += shift;
		add_interval(d, at, c->intervals[i].class);
	}
}

/* All multicast groups; those of scope F are read as E (LANGUAGE S18). */
static void add_groups(struct draft *d, const struct classes *c)
{
	if (c->family == FAMILY_IP4) {
		add_between(d, c, addr_of4(0xe0000000), addr_of4(0xefffffff), 0);
		return;
	}
	for (uint64_t flags = 0; flags < 16; flags++) {
		uint64_t top = UINT64_C(0xff00) << 48 | flags << 52;
		uint64_t f = top | UINT64_C(0xf) << 48, e = top | UINT64_C(0xe) << 48;

		add_between(d, c, addr_of6(top, 0), addr_of6(f - 1, UINT64_MAX), 0);
		add_between(d, c, addr_of6(e, 0), addr_of6(f - 1, UINT64_MAX), f - e);
	}
}

static void draft_init(struct draft *d, const struct classes *c, enum side side)
{
	uint16_t *renamed = memory_array(c->n, sizeof(*renamed));

	*d = (struct draft){ 0 };
	d->intervals = memory_array(2 * c->interval_count + 64, sizeof(*d->intervals));
	if (side == SIDE_GROUP)
		add_groups(d, c);
	else
		add_between(d, c, c->intervals[0].first, addr_last(c->intervals[0].first, 0), 0);
	d->classes = memory_array(c->n + 1, sizeof(*d->classes));
	for (size_t i = 0; i < d->n; i++) {
		unsigned class = d->intervals[i].class;

		if (renamed[class] == 0) {
			d->classes[d->class_count++] = (uint16_t)class;
			renamed[class] = (uint16_t)d->class_count;
		}
		d->intervals[i].class = (uint16_t)(renamed[class] - 1);
	}
	free(renamed);
}

static void draft_release(struct draft *d)
{
	free(d->intervals);
	free(d->classes);
}

/* --- cells --- */

static uint64_t mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * UINT64_C(0x9fb21c651e98df25);
	return h ^ h >> 28;
}

static uint64_t hash_list(const uint16_t *list)
{
	uint64_t h = 0;

	for (size_t i = 0; i <= list[0]; i++)
		h = mix(h, list[i]);
	return h;
}

static void grow_index(struct builder *b)
{
	if (b->by_content && 2 * b->list_count < b->mask)
		return;
	free(b->by_content);
	b->mask = b->by_content ? 4 * (b->mask + 1) - 1 : 255;
	b->by_content = memory_array(b->mask + 1, sizeof(*b->by_content));
	for (size_t at = 0; at < b->lists_n; at += b->lists[at] + 1u) {
		size_t i = hash_list(b->lists + at) & b->mask;

		while (b->by_content[i])
			i = (i + 1) & b->mask;
		b->by_content[i] = (uint32_t)at + 1;
	}
}

/* The offset of a list: one that stands already, or a new one. */
static uint32_t intern_list(struct builder *b, const uint16_t *list)
{
	size_t n = list[0] + 1u, i = hash_list(list) & b->mask;
	uint32_t at;

	for (; b->by_content[i]; i = (i + 1) & b->mask)
		if (memcmp(b->lists + b->by_content[i] - 1, list, n * sizeof(*list)) == 0)
			return b->by_content[i] - 1;
	if (b->lists_n + n > b->lists_cap) {
		b->lists_cap = 2 * b->lists_cap + n + 1024;
		b->lists = memory_grow(b->lists, b->lists_cap, sizeof(*b->lists));
	}
	at = (uint32_t)b->lists_n;
	memcpy(b->lists + at, list, n * sizeof(*list));
	b->lists_n += n;
	b->list_count++;
	b->by_content[i] = at + 1;
	grow_index(b);
	return at;
}

static bool is_in_plane(const struct rule *rule, const struct artefact_plane *plane)
{
	if (rule->direction != DIRECTION_UNKNOWN && rule->direction != plane->direction)
		return false;
	return rule->protocol_test != PROTOCOL_NUMBER || rule->protocol == plane->ip_protocol;
}

static bool has_test(const struct artefact_rule *rule, enum family family)
{
	return rule->asks_ttl || rule->asks_port || rule->flags ||
	       rule->recognised != PROTOCOL_COUNT || (family == FAMILY_IP6 && rule->mask_count > 0);
}

static uint32_t resolve(struct builder *b, const struct pair *pair,
			const struct artefact_plane *plane)
{
	struct walk walk = walk_of(&b->rest, pair);
	uint16_t *list = b->candidates;
	unsigned rule;

	list[0] = 0;
	while ((rule = walk_next(&walk)) != WALK_END) {
		if (!is_in_plane(&b->projected[rule], plane))
			continue;
		list[++list[0]] = (uint16_t)rule;
		if (!has_test(&b->rules[rule], pair->groups->family))
			return intern_list(b, list);
	}
	list[++list[0]] = (uint16_t)(b->a->boundary->rule_count - 1);
	return intern_list(b, list);
}

static bool meets(const bool *marked, const struct rule_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (marked[list->rules[i]])
			return true;
	return false;
}

/* One source class in one plane.  Groups that no rule asks for, unless together with other sources,
 * are one answer: where policies name thousands of pairs that is nearly all. */
static void fill_row(struct builder *b, struct pair *pair, const struct artefact_plane *plane,
		     const struct draft *group, uint32_t *out)
{
	const struct rule_list *both = &pair->sources->both[pair->source];
	uint32_t alike;

	for (size_t i = 0; i < both->n; i++)
		b->marked[both->rules[i]] = true;
	pair->group = CLASS_ABSENT;
	alike = resolve(b, pair, plane);
	for (unsigned g = 0; g < group->class_count; g++) {
		pair->group = group->classes[g];
		if (pair->groups->alone[pair->group].n == 0 &&
		    !meets(b->marked, &pair->groups->both[pair->group]))
			out[g] = alike;
		else
			out[g] = resolve(b, pair, plane);
	}
	for (size_t i = 0; i < both->n; i++)
		b->marked[both->rules[i]] = false;
}

static uint32_t *fill_cells(struct builder *b, const struct classes *sources,
			    const struct draft *source, const struct classes *groups,
			    const struct draft *group)
{
	size_t n = (size_t)source->class_count * group->class_count;
	uint32_t *cells = memory_array(b->plane_count * n + 1, sizeof(*cells)), *at = cells;
	struct pair pair = { .sources = sources, .groups = groups };

	for (size_t p = 0; p < b->plane_count; p++) {
		for (unsigned s = 0; s < source->class_count; s++, at += group->class_count) {
			pair.source = source->classes[s];
			fill_row(b, &pair, &b->planes[p], group, at);
		}
	}
	return cells;
}

/* --- families --- */

/* All planes of a family, to be folded. */
struct matrix {
	const uint32_t *cells;
	size_t		planes, sources, groups;
};

/* Which of the old classes are alike: names each by its place among those that stay. */
struct naming {
	uint16_t *names;			/* by old class */
	uint16_t *stay;				/* by name: an old class */
	unsigned  n;
};

typedef bool are_alike(const struct matrix *m, unsigned a, unsigned b);

static bool rows_alike(const struct matrix *m, unsigned a, unsigned b)
{
	for (size_t p = 0; p < m->planes; p++) {
		const uint32_t *plane = m->cells + p * m->sources * m->groups;

		if (memcmp(plane + a * m->groups, plane + b * m->groups,
			   m->groups * sizeof(*plane)) != 0)
			return false;
	}
	return true;
}

static bool columns_alike(const struct matrix *m, unsigned a, unsigned b)
{
	for (size_t row = 0; row < m->planes * m->sources; row++)
		if (m->cells[row * m->groups + a] != m->cells[row * m->groups + b])
			return false;
	return true;
}

static void naming_init(struct naming *out, const struct matrix *m, const uint64_t *hashes,
			unsigned n, are_alike *alike)
{
	size_t size = 64;
	uint32_t *table;

	while (size < 2 * (size_t)n)
		size *= 2;
	table = memory_array(size, sizeof(*table));
	*out = (struct naming){ memory_array(n + 1u, sizeof(uint16_t)),
				memory_array(n + 1u, sizeof(uint16_t)), 0 };
	for (unsigned i = 0; i < n; i++) {
		size_t at = hashes[i] & (size - 1);

		while (table[at] && (hashes[out->stay[table[at] - 1]] != hashes[i] ||
				     !alike(m, out->stay[table[at] - 1], i)))
			at = (at + 1) & (size - 1);
		if (!table[at]) {
			out->stay[out->n++] = (uint16_t)i;
			table[at] = out->n;
		}
		out->names[i] = (uint16_t)(table[at] - 1);
	}
	free(table);
}

static void naming_release(struct naming *naming)
{
	free(naming->names);
	free(naming->stay);
}

static void name_both(const struct matrix *m, struct naming *out_rows, struct naming *out_columns)
{
	uint64_t *rows = memory_array(m->sources + 1, sizeof(*rows));
	uint64_t *columns = memory_array(m->groups + 1, sizeof(*columns));
	const uint32_t *cell = m->cells;

	for (size_t p = 0; p < m->planes; p++) {
		for (size_t s = 0; s < m->sources; s++) {
			for (size_t g = 0; g < m->groups; g++, cell++) {
				rows[s] = mix(rows[s], *cell);
				columns[g] = mix(columns[g], *cell);
			}
		}
	}
	naming_init(out_rows, m, rows, (unsigned)m->sources, rows_alike);
	naming_init(out_columns, m, columns, (unsigned)m->groups, columns_alike);
	free(rows);
	free(columns);
}

/* The intervals under their new names; neighbours of one name are joined. */
static struct artefact_side rename_side(const struct interval *intervals, size_t n,
					const struct naming *naming, struct interval *out)
{
	struct draft d = { .intervals = out };

	for (size_t i = 0; i < n; i++)
		add_interval(&d, intervals[i].first, naming->names[intervals[i].class]);
	return (struct artefact_side){ out, d.n, naming->n };
}

static void keep_cells(const struct matrix *m, const struct naming *rows,
		       const struct naming *columns, uint32_t *out)
{
	for (size_t p = 0; p < m->planes; p++)
		for (unsigned s = 0; s < rows->n; s++)
			for (unsigned g = 0; g < columns->n; g++)
				*out++ = m->cells[(p * m->sources + rows->stay[s]) * m->groups +
						  columns->stay[g]];
}

static void keep_family(struct builder *b, const struct matrix *m, const struct draft *source,
			const struct draft *group, struct artefact_family *out)
{
	struct arena *arena = b->a->arena;
	struct interval *intervals = arena_array(arena, source->n + group->n, sizeof(*intervals));
	struct naming rows, columns;
	uint32_t *cells;

	name_both(m, &rows, &columns);
	cells = arena_array(arena, m->planes * rows.n * columns.n, sizeof(*cells));
	keep_cells(m, &rows, &columns, cells);
	out->sources = rename_side(source->intervals, source->n, &rows, intervals);
	out->groups = rename_side(group->intervals, group->n, &columns, intervals + source->n);
	out->cells = cells;
	naming_release(&rows);
	naming_release(&columns);
}

static bool build_family(struct builder *b, enum family family, struct artefact_family *out)
{
	struct classes sources, groups;
	struct draft source = { 0 }, group = { 0 };
	bool fits;

	classes_init(&sources, family, SIDE_SOURCE, b->live, b->live_count, b->a->arena);
	classes_init(&groups, family, SIDE_GROUP, b->live, b->live_count, b->a->arena);
	fits = !sources.overflow && !groups.overflow;
	if (fits) {
		draft_init(&source, &sources, SIDE_SOURCE);
		draft_init(&group, &groups, SIDE_GROUP);
		fits = (uint64_t)source.class_count * group.class_count * b->plane_count <=
		       CELLS_MAX;
	}
	if (fits) {
		uint32_t *cells = fill_cells(b, &sources, &source, &groups, &group);
		struct matrix m = { cells, b->plane_count, source.class_count,
				    group.class_count };

		keep_family(b, &m, &source, &group, out);
		free(cells);
	}
	draft_release(&source);
	draft_release(&group);
	classes_release(&sources);
	classes_release(&groups);
	return fits;
}

static void publish(const struct builder *b)
{
	struct artefact *a = b->a;

	a->rules = b->rules;
	a->planes = b->planes;
	a->plane_count = b->plane_count;
	a->lists = b->lists;
	a->list_count = b->list_count;
	a->cell_limit = (uint32_t)b->lists_n;
}

struct artefact *artefact_new(const struct boundary *boundary, struct mtime now)
{
	struct builder b = { .a = memory_take(sizeof(*b.a)) };
	bool fits;

	b.a->boundary = boundary;
	b.a->arena = memory_take(sizeof(*b.a->arena));
	arena_init(b.a->arena);
	project_rules(&b, boundary, now);
	lay_planes(&b);
	b.candidates = memory_array(b.live_count + 3, sizeof(*b.candidates));
	b.marked = memory_array(boundary->rule_count, sizeof(*b.marked));
	grow_index(&b);
	fits = build_family(&b, FAMILY_IP4, &b.a->ip4) && build_family(&b, FAMILY_IP6, &b.a->ip6);
	publish(&b);
	free(b.candidates);
	free(b.marked);
	free(b.by_content);
	free(b.live);
	if (fits)
		return b.a;
	artefact_free(b.a);
	return NULL;
}

void artefact_free(struct artefact *artefact)
{
	if (!artefact)
		return;
	free((void *)(uintptr_t)artefact->lists);
	arena_release(artefact->arena);
	free(artefact->arena);
	free(artefact);
}

unsigned artefact_plane_of(const struct artefact *a, enum direction direction,
			   unsigned ip_protocol)
{
	unsigned other = 0;

	for (unsigned p = 0; p < a->plane_count; p++) {
		if (a->planes[p].direction != direction)
			continue;
		if (a->planes[p].ip_protocol == ip_protocol)
			return p;
		if (a->planes[p].ip_protocol == IP_PROTOCOL_NONE)
			other = p;
	}
	return other;
}

struct addr artefact_last(const struct artefact_side *side, size_t i)
{
	struct addr first = side->intervals[i].first;

	if (i + 1 < side->n)
		return addr_previous(side->intervals[i + 1].first);
	if (first.family == FAMILY_IP6)
		return addr_of6(UINT64_MAX, UINT64_MAX);
	return addr_of4(addr_is_multicast(side->intervals[0].first) ? 0xefffffff : UINT32_MAX);
}

/* --- one plane --- */

void artefact_fold_init(struct artefact_fold *out, const struct artefact_family *family,
			unsigned plane)
{
	size_t n = (size_t)family->sources.classes * family->groups.classes;
	struct matrix m = { family->cells + plane * n, 1, family->sources.classes,
			    family->groups.classes };
	struct naming rows, columns;

	name_both(&m, &rows, &columns);
	out->intervals = memory_array(family->sources.n + family->groups.n,
				      sizeof(*out->intervals));
	out->sources = rename_side(family->sources.intervals, family->sources.n, &rows,
				   out->intervals);
	out->groups = rename_side(family->groups.intervals, family->groups.n, &columns,
				  out->intervals + family->sources.n);
	out->cells = memory_array((size_t)rows.n * columns.n, sizeof(*out->cells));
	keep_cells(&m, &rows, &columns, out->cells);
	naming_release(&rows);
	naming_release(&columns);
}

void artefact_fold_release(struct artefact_fold *fold)
{
	free(fold->intervals);
	free(fold->cells);
	*fold = (struct artefact_fold){ 0 };
}
