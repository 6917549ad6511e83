/* SPDX-License-Identifier: BSD-2-Clause */
/* Compiling a boundary: classes of sources and groups, planes, and the matrix that answers for
 * them.  Where the matrix would pass 16 MB the classes keep their lists of rules, which are
 * merged when a packet is judged.  What compiled tables mean: judge.c. */
#include "policy/table.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "policy/compiled.h"

#define MATRIX_BYTES_MAX (16u << 20)
#define DIRECTIONS 3
#define UNFIT UINT16_MAX

struct compiler {
	struct table	  *table;
	struct table_rest *rest;
	struct live	  *live;
	size_t		   live_count;
	uint16_t	  *candidates;		/* scratch: one of each rule and the default */
	uint16_t	  *fits;		/* by rule: what it depends on in the plane, or UNFIT */
	uint16_t	  *row;			/* the rules that all pairs of the row meet */
	size_t		   row_n;
	unsigned	   row_last;		/* that decides where these do not */
	uint32_t	   row_cell;		/* of groups that no rule asks for */
	uint16_t	  *own;			/* scratch: the rules of a pair */
	uint32_t	  *by_content;		/* hash table of lists: offset + 1 */
	size_t		   mask;
};

/* --- the rules that can ever judge --- */

static bool asks_for(const struct rule *rule, enum field a, enum field b)
{
	for (size_t i = 0; i < rule->match_count; i++)
		if (rule->matches[i].field == a || rule->matches[i].field == b)
			return true;
	return false;
}

static void gather_live(struct compiler *c, const struct boundary *boundary)
{
	c->live = memory_array(boundary->match_count + 1, sizeof(*c->live));
	c->rest->demands = memory_array(boundary->match_count + 1, sizeof(*c->rest->demands));
	for (size_t i = 0; i < boundary->match_count; i++) {
		const struct rule *rule = boundary->rules[i];

		c->rest->demands[i] = demand_of(rule);
		if (rule->off || rule->anomalies)
			continue;
		c->live[c->live_count++] = (struct live){
			.rule = rule, .index = (uint16_t)i,
			.asks_source = rule->from_any || asks_for(rule, FIELD_FROM, FIELD_FROM),
			.asks_group = asks_for(rule, FIELD_TO, FIELD_EMBEDS),
		};
	}
}

typedef bool choose_rule(const struct compiler *c, uint16_t index, unsigned what);

static bool is_of_type(const struct compiler *c, uint16_t index, unsigned type)
{
	return c->rest->demands[index].types >> type & 1;
}

static bool is_at_point(const struct compiler *c, uint16_t index, unsigned point)
{
	return c->rest->demands[index].points >> point & 1;
}

/* Lists hold offsets until all are written, for the memory moves. */
static struct rule_list choose_live(struct compiler *c, choose_rule *chosen, unsigned what,
				    size_t *n)
{
	size_t first = *n;

	for (size_t i = 0; i < c->live_count; i++) {
		if (!chosen(c, c->live[i].index, what))
			continue;
		c->rest->rules = memory_grow(c->rest->rules, *n + 1, sizeof(*c->rest->rules));
		c->rest->rules[(*n)++] = c->live[i].index;
	}
	return (struct rule_list){ (const uint16_t *)(uintptr_t)first, *n - first };
}

static bool is_neither(const struct compiler *c, uint16_t index, unsigned what)
{
	const struct rule *rule = c->rest->boundary->rules[index];

	(void)what;
	return !rule->from_any && !asks_for(rule, FIELD_FROM, FIELD_FROM) &&
	       !asks_for(rule, FIELD_TO, FIELD_EMBEDS);
}

static struct rule_list choose_anomalous(struct compiler *c, size_t *n)
{
	size_t first = *n;

	for (size_t i = 0; i < c->rest->boundary->match_count; i++) {
		const struct rule *rule = c->rest->boundary->rules[i];

		if (rule->off || !rule->anomalies)
			continue;
		c->rest->rules = memory_grow(c->rest->rules, *n + 1, sizeof(*c->rest->rules));
		c->rest->rules[(*n)++] = (uint16_t)i;
	}
	return (struct rule_list){ (const uint16_t *)(uintptr_t)first, *n - first };
}

static void settle(struct compiler *c, struct rule_list *list)
{
	list->rules = c->rest->rules + (uintptr_t)list->rules;
}

static void list_rules(struct compiler *c)
{
	struct table_rest *rest = c->rest;
	size_t n = 0;

	rest->neither = choose_live(c, is_neither, 0, &n);
	rest->anomalous = choose_anomalous(c, &n);
	for (unsigned i = 0; i < TYPE_COUNT; i++)
		rest->by_type[i] = choose_live(c, is_of_type, i, &n);
	for (unsigned i = 0; i < POINT_COUNT; i++)
		rest->by_point[i] = choose_live(c, is_at_point, i, &n);
	settle(c, &rest->neither);
	settle(c, &rest->anomalous);
	for (unsigned i = 0; i < TYPE_COUNT; i++)
		settle(c, &rest->by_type[i]);
	for (unsigned i = 0; i < POINT_COUNT; i++)
		settle(c, &rest->by_point[i]);
	rest->bytes += n * sizeof(*rest->rules) +
		       rest->boundary->match_count * sizeof(*rest->demands);
}

/* --- planes --- */

/* What the rules at `data` ask for: classes are the pairs of what they name, "any other" first. */
struct protocol_names {
	uint16_t numbers[256], recognised[PROTOCOL_COUNT];	/* place in the list, 0: other */
	uint8_t	 number_list[257], recognised_list[PROTOCOL_COUNT + 1];
	unsigned number_count, recognised_count;		/* "any other" included */
};

static void name_protocols(const struct compiler *c, struct protocol_names *out)
{
	out->number_count = out->recognised_count = 1;
	for (size_t i = 0; i < c->live_count; i++) {
		const struct rule *rule = c->live[i].rule;
		unsigned p = rule->protocol;

		if (rule->protocol_test == PROTOCOL_NUMBER && p < 256 && !out->numbers[p]) {
			out->number_list[out->number_count] = (uint8_t)p;
			out->numbers[p] = (uint16_t)out->number_count++;
		}
		if (rule->protocol_test == PROTOCOL_RECOGNISED && p < PROTOCOL_COUNT &&
		    !out->recognised[p]) {
			out->recognised_list[out->recognised_count] = (uint8_t)p;
			out->recognised[p] = (uint16_t)out->recognised_count++;
		}
	}
}

static bool asks_direction(const struct compiler *c, unsigned point)
{
	for (size_t i = 0; i < c->live_count; i++)
		if (c->live[i].rule->direction != DIRECTION_UNKNOWN &&
		    is_at_point(c, c->live[i].index, point))
			return true;
	return false;
}

static void add_plane(struct compiler *c, unsigned point, unsigned direction, unsigned protocol,
		      unsigned ip_protocol)
{
	struct table_rest *rest = c->rest;

	rest->planes = memory_grow(rest->planes, rest->plane_count + 1, sizeof(*rest->planes));
	rest->planes[rest->plane_count++] = (struct plane){
		(uint8_t)point, (uint8_t)direction, (uint8_t)protocol, (uint16_t)ip_protocol };
}

static void add_protocol_planes(struct compiler *c, const struct protocol_names *names,
				unsigned direction)
{
	for (unsigned r = 0; r < names->recognised_count; r++)
		for (unsigned n = 0; n < names->number_count; n++)
			add_plane(c, POINT_DATA, direction,
				  r ? names->recognised_list[r] : PROTOCOL_COUNT,
				  n ? names->number_list[n] : IP_PROTOCOL_NONE);
}

static void lay_planes(struct compiler *c)
{
	struct protocol_names names = { .number_count = 1 };

	name_protocols(c, &names);
	for (unsigned point = 0; point < POINT_COUNT; point++) {
		bool split = asks_direction(c, point);

		for (unsigned d = 0; d < DIRECTIONS; d++) {
			c->table->planes[point][d] = d && !split ? c->table->planes[point][0]
								 : (uint16_t)c->rest->plane_count;
			if (d && !split)
				continue;
			if (point == POINT_DATA)
				add_protocol_planes(c, &names, d);
			else
				add_plane(c, point, d, PROTOCOL_COUNT, IP_PROTOCOL_NONE);
		}
	}
	for (unsigned r = 0; r < PROTOCOL_COUNT; r++)
		for (unsigned n = 0; n <= 256; n++)
			c->table->protocols[r][n] =
				(uint16_t)(names.recognised[r] * names.number_count +
					   (n < 256 ? names.numbers[n] : 0));
}

/* --- the matrix --- */

static uint64_t hash_list(const uint16_t *list, size_t n)
{
	uint64_t h = n;

	for (size_t i = 0; i < n; i++)
		h = (h ^ list[i]) * UINT64_C(0x9fb21c651e98df25), h ^= h >> 28;
	return h;
}

static size_t list_length(const uint16_t *list)
{
	return list[0] + 2u;
}

static void index_list(struct compiler *c, size_t offset)
{
	const uint16_t *list = c->rest->lists + offset;
	size_t i = hash_list(list, list_length(list)) & c->mask;

	while (c->by_content[i])
		i = (i + 1) & c->mask;
	c->by_content[i] = (uint32_t)offset + 1;
}

static void grow_index(struct compiler *c)
{
	if (c->by_content && 2 * c->rest->list_count < c->mask)
		return;
	free(c->by_content);
	c->mask = c->by_content ? 4 * (c->mask + 1) - 1 : 255;
	c->by_content = memory_array(c->mask + 1, sizeof(*c->by_content));
	for (size_t at = 0; at < c->rest->lists_n; at += list_length(c->rest->lists + at))
		index_list(c, at);
}

/* The offset of a list of candidates: one that stands already, or a new one. */
static uint32_t intern_list(struct compiler *c, const uint16_t *list)
{
	struct table_rest *rest = c->rest;
	size_t n = list_length(list), i = hash_list(list, n) & c->mask;

	for (; c->by_content[i]; i = (i + 1) & c->mask)
		if (memcmp(rest->lists + c->by_content[i] - 1, list, n * sizeof(*list)) == 0)
			return c->by_content[i] - 1;
	if (rest->lists_n + n > rest->lists_cap) {
		rest->lists_cap = 2 * rest->lists_cap + n + 1024;
		rest->lists = memory_grow(rest->lists, rest->lists_cap, sizeof(*rest->lists));
	}
	memcpy(rest->lists + rest->lists_n, list, n * sizeof(*list));
	rest->lists_n += n;
	rest->list_count++;
	c->by_content[i] = (uint32_t)(rest->lists_n - n) + 1;
	grow_index(c);
	return (uint32_t)(rest->lists_n - n);
}

/* Whether a rule fits is a question of the plane and of the kind of pairs: no cell asks it again. */
static void fit_rules(struct compiler *c, const struct plane *plane, struct kin kin)
{
	for (size_t i = 0; i < c->live_count; i++) {
		uint16_t rule = c->live[i].index;

		if (!demand_fits(&c->rest->demands[rule], plane, kin, &c->fits[rule]))
			c->fits[rule] = UNFIT;
	}
}

static void begin_list(struct compiler *c)
{
	c->candidates[0] = c->candidates[1] = 0;
}

static void add_candidate(struct compiler *c, uint16_t rule)
{
	c->candidates[2 + c->candidates[0]++] = rule;
	c->candidates[1] |= c->fits[rule];
}

/* The cell of the candidates, behind which `last` needs no test. */
static uint32_t end_list(struct compiler *c, unsigned last)
{
	uint16_t *list = c->candidates;

	if (list[0] == 0)
		return (uint32_t)c->rest->boundary->rules[last]->action << 16 | last;
	list[2 + list[0]++] = (uint16_t)last;
	return CELL_LIST | intern_list(c, list);
}

/* The rules that fit and do not ask for the group, up to the first that needs no test. */
static void begin_row(struct compiler *c, const struct pair *pair)
{
	const struct rule_list *own = &pair->sources->alone[pair->source];
	const struct rule_list *all = &c->rest->neither;
	size_t i = 0, k = 0;

	c->row_n = 0;
	c->row_last = (unsigned)c->rest->boundary->rule_count - 1;
	while (i < own->n || k < all->n) {
		bool is_own = k == all->n || (i < own->n && own->rules[i] < all->rules[k]);
		uint16_t rule = is_own ? own->rules[i++] : all->rules[k++];

		if (c->fits[rule] == 0) {
			c->row_last = rule;
			break;
		}
		if (c->fits[rule] != UNFIT)
			c->row[c->row_n++] = rule;
	}
	begin_list(c);
	for (i = 0; i < c->row_n; i++)
		add_candidate(c, c->row[i]);
	c->row_cell = end_list(c, c->row_last);
}

static bool any_fits(const struct compiler *c, const struct rule_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (c->fits[list->rules[i]] != UNFIT)
			return true;
	return false;
}

/* The rules of a pair that ask for its group; none that asks for both where none of these fits. */
static struct rule_list list_own(struct compiler *c, const struct pair *pair)
{
	struct rule_list own = pair->groups->alone[pair->group];
	struct walk walk;
	unsigned rule;

	if (pair->sources->both[pair->source].n == 0 ||
	    !any_fits(c, &pair->groups->both[pair->group]))
		return own;
	walk = walk_of_group(pair);
	for (own = (struct rule_list){ c->own, 0 }; (rule = walk_next(&walk)) != WALK_END; own.n++)
		c->own[own.n] = (uint16_t)rule;
	return own;
}

/* The first from there on that fits; the end, where none does. */
static const uint16_t *next_fit(const struct compiler *c, const uint16_t *at, const uint16_t *end)
{
	while (at < end && c->fits[*at] == UNFIT)
		at++;
	return at;
}

/* What a pair meets in a plane: the rule that decides, or candidates in order.  Those that ask for the
 * group stand between those of the row. */
static uint32_t resolve(struct compiler *c, const struct pair *pair)
{
	const struct rule_list own = list_own(c, pair);
	const uint16_t *end = own.rules + own.n, *at = next_fit(c, own.rules, end);
	unsigned last = c->row_last;
	size_t k = 0;

	if (at == end || *at > last)
		return c->row_cell;
	begin_list(c);
	for (; at < end && *at < last; at = next_fit(c, at + 1, end)) {
		while (k < c->row_n && c->row[k] < *at)
			add_candidate(c, c->row[k++]);
		if (c->fits[*at] == 0)
			last = *at;
		else
			add_candidate(c, *at);
	}
	while (k < c->row_n && c->row[k] < last)
		add_candidate(c, c->row[k++]);
	return end_list(c, last);
}

static enum family source_family(unsigned class, enum family family)
{
	return class == CLASS_ABSENT ? FAMILY_NONE : class == CLASS_ANY ? FAMILY_ANY : family;
}

/* At `bootstrap` and `router` there is no source, at `router` no group (LANGUAGE section 4). */
static bool lacks_source(const struct plane *plane)
{
	return plane->point == POINT_BOOTSTRAP || plane->point == POINT_ROUTER;
}

static void fill_row(struct compiler *c, struct pair *pair, const struct plane *plane,
		     uint32_t *row)
{
	bool lacks_group = plane->point == POINT_ROUTER;

	begin_row(c, pair);
	for (unsigned g = 0; g < pair->groups->n; g++) {
		pair->group = g;
		row[g] = g > 0 && lacks_group ? row[0] : resolve(c, pair);
	}
}

static void fill_plane(struct compiler *c, struct pair *pair, const struct plane *plane,
		       uint32_t *cells)
{
	size_t row = pair->groups->n;

	for (unsigned s = 0; s < pair->sources->n; s++) {
		uint32_t *at = cells + s * row;
		enum family family = source_family(s, pair->sources->family);

		if (s > 0 && lacks_source(plane)) {
			memcpy(at, at - row, row * sizeof(*at));
			continue;
		}
		if (s == 0 || family != pair->kin.source_family) {
			pair->kin.source_family = family;
			fit_rules(c, plane, pair->kin);
		}
		pair->source = s;
		fill_row(c, pair, plane, at);
	}
}

static uint32_t *fill_matrix(struct compiler *c, const struct classes *sources,
			     const struct classes *groups, bool plain)
{
	size_t n = sources->n * groups->n;
	uint32_t *cells = memory_room(c->rest->plane_count * n, sizeof(*cells));
	struct pair pair = { .sources = sources, .groups = groups,
			     .kin = { .family = groups->family, .plain = plain } };

	for (size_t p = 0; p < c->rest->plane_count; p++)
		fill_plane(c, &pair, &c->rest->planes[p], cells + p * n);
	return cells;
}

/* --- putting it together --- */

/* What the quick calls read where there is no matrix: one class, one cell, and that a list. */
static const uint16_t all_absent[2 * TOPS];
static const uint32_t long_way = CELL_LIST;
static const struct map6 one_class = { .root = MAP6_CLASS, .root_ff = MAP6_CLASS };

static void cut_classes(struct compiler *c)
{
	struct table_rest *rest = c->rest;

	classes_init(&rest->source4, FAMILY_IP4, SIDE_SOURCE, c->live, c->live_count, &rest->arena);
	classes_init(&rest->source6, FAMILY_IP6, SIDE_SOURCE, c->live, c->live_count, &rest->arena);
	classes_init(&rest->group4, FAMILY_IP4, SIDE_GROUP, c->live, c->live_count, &rest->arena);
	classes_init(&rest->group6, FAMILY_IP6, SIDE_GROUP, c->live, c->live_count, &rest->arena);
	rest->too_large = rest->source4.overflow || rest->source6.overflow ||
			  rest->group4.overflow || rest->group6.overflow;
}

static size_t classes_bytes(const struct classes *classes)
{
	return classes->interval_count * sizeof(*classes->intervals) +
	       classes->n * 2 * sizeof(*classes->alone) + classes->rules_cap * sizeof(uint16_t);
}

static void count_bytes(struct table *t)
{
	struct table_rest *rest = t->rest;

	rest->bytes += sizeof(*t) + sizeof(*rest) + rest->plane_count * sizeof(*rest->planes);
	rest->bytes += classes_bytes(&rest->source4) + classes_bytes(&rest->source6) +
		       classes_bytes(&rest->group4) + classes_bytes(&rest->group6);
	rest->bytes += rest->lists_cap * sizeof(*rest->lists);
	if (rest->sources6)
		rest->bytes += map6_bytes(rest->sources6) + map6_bytes(rest->groups6);
}

static bool build_lookups(struct table *t)
{
	struct table_rest *rest = t->rest;

	rest->sources6 = map6_new(&rest->source6, false);
	rest->groups6 = map6_new(&rest->group6, true);
	classes_drop_intervals(&rest->source6);
	classes_drop_intervals(&rest->group6);
	rest->blocks4 = blocks_new(&rest->source4, &rest->group4, &rest->bytes);
	return rest->blocks4 != NULL;
}

static void build_matrix(struct compiler *c, size_t matrix_bytes)
{
	struct table_rest *rest = c->rest;
	size_t n = rest->plane_count * (rest->source4.n * rest->group4.n +
					2 * rest->source6.n * rest->group6.n);

	if (n * sizeof(uint32_t) > matrix_bytes)
		return;
	c->candidates = memory_room(c->live_count + 3, sizeof(*c->candidates));
	c->fits = memory_room(rest->boundary->match_count + 1, sizeof(*c->fits));
	c->row = memory_room(c->live_count + 1, sizeof(*c->row));
	c->own = memory_room(c->live_count + 1, sizeof(*c->own));
	grow_index(c);
	rest->cells4 = fill_matrix(c, &rest->source4, &rest->group4, false);
	rest->cells6 = fill_matrix(c, &rest->source6, &rest->group6, false);
	rest->plain6 = fill_matrix(c, &rest->source6, &rest->group6, true);
	c->table->cells4 = rest->cells4;
	c->table->blocks4 = rest->blocks4;
	c->table->row4 = rest->group4.n;
	c->table->plane4 = rest->source4.n * rest->group4.n;
	c->table->cells6 = rest->cells6;
	c->table->plain6 = rest->plain6;
	c->table->sources6 = rest->sources6;
	c->table->groups6 = rest->groups6;
	c->table->row6 = rest->group6.n;
	c->table->plane6 = rest->source6.n * rest->group6.n;
	rest->bytes += n * sizeof(uint32_t);
	free(c->candidates);
	free(c->fits);
	free(c->row);
	free(c->own);
	free(c->by_content);
}

struct table *table_new(const struct boundary *boundary)
{
	return table_new_within(boundary, MATRIX_BYTES_MAX);
}

struct table *table_new_within(const struct boundary *boundary, size_t matrix_bytes)
{
	struct compiler c = { .table = memory_take(sizeof(*c.table)),
			      .rest = memory_take(sizeof(*c.rest)) };

	assert(boundary->rule_count > 0 && boundary->rule_count < RULE_NONE);
	c.table->rest = c.rest;
	c.table->blocks4 = all_absent;
	c.table->cells4 = c.table->cells6 = c.table->plain6 = &long_way;
	c.table->sources6 = c.table->groups6 = &one_class;
	c.rest->boundary = boundary;
	arena_init(&c.rest->arena);
	gather_live(&c, boundary);
	list_rules(&c);
	lay_planes(&c);
	cut_classes(&c);
	if (!c.rest->too_large && build_lookups(c.table))
		build_matrix(&c, matrix_bytes);
	count_bytes(c.table);
	free(c.live);
	return c.table;
}

void table_free(struct table *table)
{
	struct table_rest *rest;

	if (!table)
		return;
	rest = table->rest;
	free(rest->blocks4);
	free(rest->cells4);
	map6_free(rest->sources6);
	map6_free(rest->groups6);
	classes_release(&rest->source4);
	classes_release(&rest->source6);
	classes_release(&rest->group4);
	classes_release(&rest->group6);
	free(rest->cells6);
	free(rest->plain6);
	free(rest->planes);
	free(rest->demands);
	free(rest->rules);
	free(rest->lists);
	arena_release(&rest->arena);
	free(rest);
	free(table);
}

size_t table_size_bytes(const struct table *table)
{
	return table->rest->bytes;
}

struct table_shape table_shape(const struct table *table)
{
	const struct table_rest *rest = table->rest;

	return (struct table_shape){
		.sources4 = rest->source4.n, .groups4 = rest->group4.n, .sources6 = rest->source6.n,
		.groups6 = rest->group6.n, .planes = rest->plane_count, .lists = rest->list_count,
		.dense = rest->cells4 != NULL,
	};
}
