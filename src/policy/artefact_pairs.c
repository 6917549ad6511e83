/* SPDX-License-Identifier: BSD-2-Clause */
/* Where rules name many pairs of source and group, a cell for every two classes would be millions,
 * nearly all of them what other classes have too.  Rules are parted: those that hold for few pairs
 * of classes are narrow.  Without these there are few kinds of sources and of groups, which have a
 * matrix; a pair that a narrow rule holds for has a cell of its own, unless that says what the
 * matrix says.  Knows how classes meet rules; no test of a rule. */
#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "policy/artefact_build.h"

/* A pair takes as much as so many cells of a matrix.  Where none is wanted, pairs cost nothing. */
static unsigned pair_cost(const struct builder *b)
{
	return b->matrix_cells > 0 ? 4 : 0;
}

/* One side. */
struct half {
	const struct classes *classes;
	const struct draft   *draft;
	uint32_t	     *counts;	/* by rule: how many classes it holds for, with the other side */
	struct classes	      few;	/* what is left of the classes without narrow rules */
	struct draft	      kinds;	/* all of these, to be filled into a matrix; no intervals */
	uint16_t	     *names;	/* by class of the draft: its kind */
	uint16_t	     *rules;	/* the memory of the lists of `few` */
	uint32_t	     *starts;	/* by rule, in `members`; only of groups */
	uint16_t	     *members;	/* classes of the draft */
};

/* Which rules are narrow, and what comes of it. */
struct parting {
	bool	*narrow;		/* by rule */
	uint64_t most;			/* it holds for so many pairs at most */
	uint64_t pairs;
	size_t	 rule_count;
};

static const struct rule_list *both_of(const struct half *h, unsigned class)
{
	return &h->classes->both[h->draft->classes[class]];
}

static void half_init(struct half *h, const struct classes *classes, const struct draft *draft,
		      size_t rules)
{
	size_t n = draft->class_count;

	*h = (struct half){ .classes = classes, .draft = draft };
	h->counts = memory_array(rules + 1, sizeof(*h->counts));
	h->names = memory_array(n + 1, sizeof(*h->names));
	h->rules = memory_array(classes->rules_n + 1, sizeof(*h->rules));
	h->few.alone = memory_array(n + 1, sizeof(*h->few.alone));
	h->few.both = memory_array(n + 1, sizeof(*h->few.both));
	h->few.family = classes->family;
	h->kinds.classes = memory_array(n + 1, sizeof(*h->kinds.classes));
	for (unsigned i = 0; i < n; i++) {
		const struct rule_list *both = both_of(h, i);

		for (size_t k = 0; k < both->n; k++)
			h->counts[both->rules[k]]++;
	}
}

static void half_release(struct half *h)
{
	free(h->counts);
	free(h->names);
	free(h->rules);
	free(h->few.alone);
	free(h->few.both);
	free(h->kinds.classes);
	free(h->starts);
	free(h->members);
}

/* --- kinds: classes without their narrow rules --- */

static bool same_list(const struct rule_list *a, const struct rule_list *b)
{
	return a->n == b->n &&
	       (a->n == 0 || memcmp(a->rules, b->rules, a->n * sizeof(*a->rules)) == 0);
}

static uint64_t hash_list(uint64_t h, const struct rule_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		h = hash_mix(h, list->rules[i]);
	return hash_mix(h, list->n);
}

/* The kind with these lists; a new one has the number `few.n`. */
static unsigned find_kind(const struct half *h, const uint32_t *table, size_t mask,
			  const struct rule_list *alone, const struct rule_list *both,
			  size_t *out_at)
{
	size_t i = hash_list(hash_list(0, alone), both) & mask;

	for (; table[i]; i = (i + 1) & mask)
		if (same_list(&h->few.alone[table[i]], alone) &&
		    same_list(&h->few.both[table[i]], both))
			return table[i];
	*out_at = i;
	return (unsigned)h->few.n;
}

/* Of a class's rules those that are not narrow, written behind what stands. */
static struct rule_list list_broad(struct half *h, unsigned class, const bool *narrow, size_t at)
{
	const struct rule_list *both = both_of(h, class);
	struct rule_list out = { h->rules + at, 0 };

	for (size_t i = 0; i < both->n; i++)
		if (!narrow[both->rules[i]])
			h->rules[at + out.n++] = both->rules[i];
	return out;
}

/* Kinds count from 1 in `few`, whose class 0 has no rules, and from 0 in a matrix. */
static void find_kinds(struct half *h, const bool *narrow)
{
	size_t mask = 63, used = 0, at = 0;
	uint32_t *table;

	while (mask < 2 * (size_t)h->draft->class_count)
		mask = 2 * mask + 1;
	table = memory_array(mask + 1, sizeof(*table));
	h->few.n = 1;
	for (unsigned i = 0; i < h->draft->class_count; i++) {
		const struct rule_list *alone = &h->classes->alone[h->draft->classes[i]];
		struct rule_list both = list_broad(h, i, narrow, used);
		unsigned kind = find_kind(h, table, mask, alone, &both, &at);

		h->names[i] = (uint16_t)(kind - 1);
		if (kind < h->few.n)
			continue;
		h->few.alone[kind] = *alone;
		h->few.both[kind] = both;
		used += both.n;
		h->kinds.classes[kind - 1] = (uint16_t)kind;
		table[at] = kind;
		h->few.n++;
	}
	h->kinds.class_count = (unsigned)h->few.n - 1;
	free(table);
}

/* --- which rules are narrow --- */

static bool part_rules(struct parting *p, const struct half *s, const struct half *g, uint64_t most)
{
	uint64_t pairs = p->pairs;

	p->most = most;
	p->pairs = 0;
	for (size_t i = 0; i < p->rule_count; i++) {
		uint64_t n = (uint64_t)s->counts[i] * g->counts[i];

		p->narrow[i] = n <= most;
		p->pairs += p->narrow[i] ? n : 0;
	}
	return most == 0 || p->pairs != pairs;
}

static uint64_t count_cells(const struct half *s, const struct half *g, const struct parting *p,
			    unsigned cost)
{
	return (uint64_t)s->kinds.class_count * g->kinds.class_count + cost * p->pairs;
}

/* The cheapest of some partings; false where all are too large. */
static bool choose_parting(struct builder *b, struct parting *p, struct half *s, struct half *g)
{
	uint64_t best = UINT64_MAX, most = 0;

	for (uint64_t limit = 0; limit <= CELLS_MAX; limit = limit ? 4 * limit : 1) {
		if (!part_rules(p, s, g, limit) || p->pairs * b->plane_count > CELLS_MAX)
			continue;
		find_kinds(s, p->narrow);
		find_kinds(g, p->narrow);
		if (count_cells(s, g, p, 1) * b->plane_count > CELLS_MAX ||
		    count_cells(s, g, p, pair_cost(b)) >= best)
			continue;
		best = count_cells(s, g, p, pair_cost(b));
		most = limit;
	}
	if (best == UINT64_MAX)
		return false;
	part_rules(p, s, g, most);
	find_kinds(s, p->narrow);
	find_kinds(g, p->narrow);
	return true;
}

/* --- pairs --- */

/* Pairs while they are found; a pair's cells stand together, by plane. */
struct found {
	struct artefact_pair *list;
	uint32_t	     *cells;
	size_t		      n;
	bool		     *sources, *groups;		/* by class of the draft: some pair has it */
};

/* The classes of each narrow rule. */
static void list_members(struct half *h, const struct parting *p)
{
	size_t n = 0;

	h->starts = memory_array(p->rule_count + 1, sizeof(*h->starts));
	for (size_t i = 0; i < p->rule_count; i++) {
		h->starts[i] = (uint32_t)n;
		n += p->narrow[i] ? h->counts[i] : 0;
	}
	h->members = memory_array(n + 1, sizeof(*h->members));
	for (unsigned c = 0; c < h->draft->class_count; c++) {
		const struct rule_list *both = both_of(h, c);

		for (size_t i = 0; i < both->n; i++)
			if (p->narrow[both->rules[i]])
				h->members[h->starts[both->rules[i]]++] = (uint16_t)c;
	}
	for (size_t i = 0; i < p->rule_count; i++)
		h->starts[i] -= p->narrow[i] ? h->counts[i] : 0;
}

static int order_classes(const void *a, const void *b)
{
	const uint16_t *x = a, *y = b;

	return *x - *y;
}

/* The groups that a source class has a narrow rule with, each once, in order. */
static size_t list_groups(const struct half *s, const struct half *g, const struct parting *p,
			  unsigned source, uint16_t *out)
{
	const struct rule_list *both = both_of(s, source);
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < both->n; i++) {
		unsigned rule = both->rules[i];

		if (!p->narrow[rule] || g->counts[rule] == 0)
			continue;
		memcpy(out + n, g->members + g->starts[rule], g->counts[rule] * sizeof(*out));
		n += g->counts[rule];
	}
	if (n > 0)
		qsort(out, n, sizeof(*out), order_classes);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || out[kept - 1] != out[i])
			out[kept++] = out[i];
	return kept;
}

/* Keeps a pair where it is not what the matrix has for its kinds. */
static void try_pair(struct builder *b, const struct half *s, const struct half *g,
		     struct artefact_pair pair, const struct matrix *m, struct found *out)
{
	uint32_t *cells = out->cells + out->n * m->planes;
	const uint32_t *plain = m->cells + s->names[pair.source] * m->columns +
				g->names[pair.group];
	struct pair asked = { .sources = s->classes, .groups = g->classes,
			      .source = s->draft->classes[pair.source],
			      .group = g->draft->classes[pair.group] };
	bool differs = false;

	for (size_t p = 0; p < m->planes; p++) {
		cells[p] = builder_resolve(b, &asked, &b->planes[p]);
		differs |= cells[p] != plain[p * m->rows * m->columns];
	}
	if (!differs)
		return;
	out->sources[pair.source] = out->groups[pair.group] = true;
	out->list[out->n++] = pair;
}

static void find_pairs(struct builder *b, const struct half *s, const struct half *g,
		       const struct parting *p, const struct matrix *m, struct found *out)
{
	uint16_t *groups = memory_array(p->pairs + 1, sizeof(*groups));

	out->list = memory_array(p->pairs + 1, sizeof(*out->list));
	out->cells = memory_array((p->pairs + 1) * m->planes, sizeof(*out->cells));
	out->sources = memory_array(s->draft->class_count + 1u, sizeof(*out->sources));
	out->groups = memory_array(g->draft->class_count + 1u, sizeof(*out->groups));
	for (unsigned c = 0; c < s->draft->class_count; c++) {
		size_t n = list_groups(s, g, p, c, groups);

		for (size_t i = 0; i < n; i++)
			try_pair(b, s, g, (struct artefact_pair){ (uint16_t)c, groups[i] }, m, out);
	}
	free(groups);
}

static void found_release(struct found *found)
{
	free(found->list);
	free(found->cells);
	free(found->sources);
	free(found->groups);
}

/* --- what is published --- */

/* Classes that are in no pair are one where their kinds are.  Those that are keep their order. */
static unsigned renumber(const struct half *h, const struct naming *kinds, const bool *in_pair,
			 uint16_t *out_names, uint16_t *out_kinds)
{
	uint32_t *plain = memory_array(kinds->n + 1u, sizeof(*plain));
	unsigned n = 0;

	for (unsigned c = 0; c < h->draft->class_count; c++) {
		unsigned kind = kinds->names[h->names[c]];

		if (in_pair[c] || plain[kind] == 0) {
			out_kinds[n++] = (uint16_t)kind;
			plain[kind] = in_pair[c] ? plain[kind] : n;
			out_names[c] = (uint16_t)(n - 1);
		} else {
			out_names[c] = (uint16_t)(plain[kind] - 1);
		}
	}
	free(plain);
	return n;
}

static struct artefact_side keep_side(struct arena *arena, const struct half *h,
				      const struct naming *kinds, const bool *in_pair,
				      uint16_t *names, const uint16_t **out_kinds)
{
	struct interval *intervals = arena_array(arena, h->draft->n, sizeof(*intervals));
	uint16_t *of = arena_array(arena, h->draft->class_count, sizeof(*of));
	unsigned n = renumber(h, kinds, in_pair, names, of);

	*out_kinds = of;
	return side_rename(h->draft->intervals, h->draft->n, names, n, intervals);
}

static void keep_list(struct arena *arena, const struct found *found, size_t planes,
		      const uint16_t *sources, const uint16_t *groups, struct artefact_pairs *out)
{
	struct artefact_pair *list = arena_array(arena, found->n + 1, sizeof(*list));
	uint32_t *cells = arena_array(arena, found->n * planes + 1, sizeof(*cells));

	for (size_t i = 0; i < found->n; i++) {
		list[i] = (struct artefact_pair){ sources[found->list[i].source],
						  groups[found->list[i].group] };
		for (size_t p = 0; p < planes; p++)
			cells[p * found->n + i] = found->cells[i * planes + p];
	}
	out->list = list;
	out->n = found->n;
	out->cells = cells;
}

static void keep_family(struct builder *b, const struct half *s, const struct half *g,
			const struct matrix *m, const struct found *found,
			struct artefact_family *out)
{
	struct arena *arena = b->a->arena;
	struct artefact_pairs *pairs = arena_take(arena, sizeof(*pairs));
	uint16_t *sources = memory_array(s->draft->class_count + 1u, sizeof(*sources));
	uint16_t *groups = memory_array(g->draft->class_count + 1u, sizeof(*groups));
	struct naming rows, columns;
	uint32_t *cells;

	matrix_name(m, &rows, &columns);
	cells = arena_array(arena, m->planes * rows.n * columns.n, sizeof(*cells));
	matrix_keep(m, &rows, &columns, cells);
	out->cells = cells;
	out->sources = keep_side(arena, s, &rows, found->sources, sources, &pairs->rows);
	out->groups = keep_side(arena, g, &columns, found->groups, groups, &pairs->columns);
	pairs->row_count = rows.n;
	pairs->column_count = columns.n;
	keep_list(arena, found, m->planes, sources, groups, pairs);
	out->pairs = pairs;
	naming_release(&rows);
	naming_release(&columns);
	free(sources);
	free(groups);
}

static void build(struct builder *b, struct half *s, struct half *g, const struct parting *p,
		  struct artefact_family *out)
{
	struct matrix m = { .planes = b->plane_count, .rows = s->kinds.class_count,
			    .columns = g->kinds.class_count };
	uint32_t *cells = matrix_fill(b, &s->few, &s->kinds, &g->few, &g->kinds);
	struct found found = { 0 };

	m.cells = cells;
	list_members(g, p);
	find_pairs(b, s, g, p, &m, &found);
	keep_family(b, s, g, &m, &found, out);
	found_release(&found);
	free(cells);
}

bool pairs_build(struct builder *b, const struct classes *sources, const struct draft *source,
		 const struct classes *groups, const struct draft *group,
		 struct artefact_family *out)
{
	struct parting p = { .rule_count = b->a->boundary->rule_count };
	struct half s, g;
	bool fits;

	p.narrow = memory_array(p.rule_count, sizeof(*p.narrow));
	half_init(&s, sources, source, p.rule_count);
	half_init(&g, groups, group, p.rule_count);
	fits = choose_parting(b, &p, &s, &g);
	if (fits)
		build(b, &s, &g, &p, out);
	half_release(&s);
	half_release(&g);
	free(p.narrow);
	return fits;
}

/* --- reading --- */

static int order_pairs(const void *a, const void *b)
{
	const struct artefact_pair *x = a, *y = b;

	return x->source != y->source ? x->source - y->source : x->group - y->group;
}

uint32_t artefact_cell(const struct artefact_family *f, unsigned plane, unsigned source,
		       unsigned group)
{
	const struct artefact_pairs *p = f->pairs;
	struct artefact_pair asked = { (uint16_t)source, (uint16_t)group };
	const struct artefact_pair *at;

	if (!p)
		return f->cells[((size_t)plane * f->sources.classes + source) * f->groups.classes +
				group];
	at = bsearch(&asked, p->list, p->n, sizeof(asked), order_pairs);
	if (at)
		return p->cells[plane * p->n + (size_t)(at - p->list)];
	return f->cells[((size_t)plane * p->row_count + p->rows[source]) * p->column_count +
			p->columns[group]];
}
