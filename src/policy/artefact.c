/* SPDX-License-Identifier: BSD-2-Clause */
/* Compiles a boundary for a kernel: rules are projected on what a kernel can ask, addresses cut
 * into classes by the sweep of classes.c, every pair of classes resolved to its list of rules, and
 * classes that make no difference joined again.  Knows no back end. */
#include <stdlib.h>

#include "base/memory.h"
#include "policy/artefact_build.h"
#include "policy/projection.h"

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

/* --- cells --- */

static uint64_t hash_list(const uint16_t *list)
{
	uint64_t h = 0;

	for (size_t i = 0; i <= list[0]; i++)
		h = hash_mix(h, list[i]);
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
	return rule->asks_ttl || rule->asks_port || rule->flags || rule->joined ||
	       rule->recognised != PROTOCOL_COUNT || (family == FAMILY_IP6 && rule->mask_count > 0);
}

uint32_t builder_resolve(struct builder *b, const struct pair *pair,
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

/* --- families --- */

static bool build_cells(struct builder *b, const struct classes *sources,
			const struct classes *groups, struct artefact_family *out)
{
	struct draft source, group;
	uint64_t n;
	bool fits;

	draft_init(&source, sources, SIDE_SOURCE);
	draft_init(&group, groups, SIDE_GROUP);
	n = (uint64_t)source.class_count * group.class_count * b->plane_count;
	fits = n > b->matrix_cells && pairs_build(b, sources, &source, groups, &group, out);
	if (!fits && n <= CELLS_MAX) {
		matrix_build(b, sources, &source, groups, &group, out);
		fits = true;
	}
	draft_release(&source);
	draft_release(&group);
	if (!fits)
		b->why = "rules with both `from` and `to` make more than 16 million cells";
	return fits;
}

static bool build_family(struct builder *b, enum family family, struct artefact_family *out)
{
	struct classes sources, groups;
	bool fits = false;

	classes_init(&sources, family, SIDE_SOURCE, b->live, b->live_count, b->a->arena);
	classes_init(&groups, family, SIDE_GROUP, b->live, b->live_count, b->a->arena);
	if (sources.overflow)
		b->why = classes_overflow_text(&sources, SIDE_SOURCE);
	else if (groups.overflow)
		b->why = classes_overflow_text(&groups, SIDE_GROUP);
	else
		fits = build_cells(b, &sources, &groups, out);
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

struct artefact *artefact_new(const struct boundary *boundary, struct mtime now,
			      size_t matrix_cells, const char **out_why)
{
	struct builder b = { .a = memory_take(sizeof(*b.a)), .matrix_cells = matrix_cells };
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
	*out_why = b.why;
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
