/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules that refuse sources where they are asked for, carried over to where their data comes.
 * LANGUAGE S7, S29.  Knows no packet. */
#include "engine/unspoken.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define AT(point) (1u << POINT_##point)
#define ASKING (AT(MEMBERSHIP) | AT(JOIN))

static bool has_match(const struct rule *rule, enum field field)
{
	for (size_t i = 0; i < rule->match_count; i++)
		if (rule->matches[i].field == field)
			return true;
	return false;
}

/* It stands where sources are asked for, and not at `data`. */
static bool is_asking(const struct rule *rule)
{
	return !rule->off && (rule->points & ASKING) && !(rule->points & AT(DATA));
}

static bool refuses_source(const struct rule *rule)
{
	return is_asking(rule) && rule->action == ACTION_DENY && !rule->from_any &&
	       has_match(rule, FIELD_FROM) && !rule->types && !rule->anomalies;
}

/* Who asks, how and for how long has nothing to do with the data. */
static bool asks_more(const struct rule *rule)
{
	return has_match(rule, FIELD_SPEAKER) || has_match(rule, FIELD_RP) || rule->flags ||
	       rule->ttl_test != TTL_UNASKED;
}

static bool admits(const struct rule *rule)
{
	return is_asking(rule) && !rule->from_any && rule->action != ACTION_DENY &&
	       rule->action != ACTION_LIMIT;
}

/* No member of one is a member of the other. */
static bool are_apart(const struct set *a, const struct set *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (!set_has_none(b, a->ranges[i].first, a->ranges[i].last))
			return false;
	return true;
}

static bool excludes(const struct match *a, const struct match *b)
{
	if (a->field != b->field || (a->negated && b->negated))
		return false;
	if (a->negated || b->negated)
		return a->negated ? set_within(b->set, a->set) : set_within(a->set, b->set);
	return a->set->n <= b->set->n ? are_apart(a->set, b->set) : are_apart(b->set, a->set);
}

/* In doubt they meet. */
static bool may_meet(const struct rule *a, const struct rule *b)
{
	if (!(a->points & b->points & ASKING))
		return false;
	for (size_t i = 0; i < a->match_count; i++)
		for (size_t k = 0; k < b->match_count; k++)
			if (excludes(&a->matches[i], &b->matches[k]))
				return false;
	return true;
}

/* Rules that admit sources where they are asked for: few, if any. */
struct admitting {
	const struct rule **list;
	size_t		    n;
};

/* It admits all sources of some groups: those groups are left out. */
static bool admits_groups(const struct rule *rule)
{
	return rule->match_count == 1 && rule->matches[0].field == FIELD_TO &&
	       !rule->matches[0].negated && rule->direction == DIRECTION_UNKNOWN && !rule->types &&
	       !rule->flags && !rule->anomalies && rule->ttl_test == TTL_UNASKED;
}

static bool is_admitted(const struct admitting *before, const struct rule *rule)
{
	for (size_t i = 0; i < before->n; i++)
		if (!admits_groups(before->list[i]) && may_meet(before->list[i], rule))
			return true;
	return false;
}

static enum unspoken judge_rule(const struct admitting *before, const struct rule *rule)
{
	if (!refuses_source(rule))
		return UNSPOKEN_NONE;
	return asks_more(rule) || is_admitted(before, rule) ? UNSPOKEN_LEFT : UNSPOKEN_STOPPED;
}

bool unspoken_find(const struct boundary *boundary, enum unspoken *out)
{
	struct admitting before = {
		.list = memory_array(boundary->rule_count, sizeof(before.list[0]))
	};
	bool any = false;

	for (size_t i = 0; i < boundary->rule_count; i++) {
		const struct rule *rule = boundary->rules[i];

		out[i] = i < boundary->match_count ? judge_rule(&before, rule) : UNSPOKEN_NONE;
		any |= out[i] != UNSPOKEN_NONE;
		if (admits(rule))
			before.list[before.n++] = rule;
	}
	free(before.list);
	return any;
}

static uint8_t reversed(uint8_t direction)
{
	if (direction == DIRECTION_UNKNOWN)
		return direction;
	return direction == DIRECTION_IN ? DIRECTION_OUT : DIRECTION_IN;
}

/* All groups but those that rules before admit whole. */
static struct set groups_left(struct arena *arena, const struct boundary *b, size_t rule)
{
	const struct range all[] = {
		{ addr_of4(0xe0000000), addr_of4(0xefffffff) },
		{ addr_of6(UINT64_C(0xff) << 56, 0), addr_of6(UINT64_MAX, UINT64_MAX) },
	};
	struct set left = set_of(arena, all, COUNT(all));

	for (size_t i = 0; i < rule; i++) {
		const struct rule *before = b->rules[i];

		if (admits(before) && admits_groups(before) && may_meet(before, b->rules[rule]))
			left = set_difference(arena, &left, before->matches[0].set);
	}
	return left;
}

static const struct rule *carry_over(struct arena *arena, const struct boundary *b, size_t i)
{
	const struct rule *rule = b->rules[i];
	struct match *matches = arena_array(arena, rule->match_count + 1, sizeof(*matches));
	struct set *left = arena_take(arena, sizeof(*left));
	struct rule *copy = arena_take(arena, sizeof(*copy));

	*left = groups_left(arena, b, i);
	memcpy(matches, rule->matches, rule->match_count * sizeof(*matches));
	matches[rule->match_count] = (struct match){ .field = FIELD_TO, .set = left, .text = "" };
	*copy = *rule;
	copy->points = AT(DATA);
	copy->direction = reversed(rule->direction);
	copy->matches = matches;
	copy->match_count++;
	copy->off = set_is_empty(left);
	copy->off_why = "";
	return copy;
}

const struct boundary *unspoken_boundary(struct arena *arena, const struct boundary *boundary)
{
	enum unspoken *found = memory_array(boundary->rule_count, sizeof(found[0]));
	const struct rule **rules = arena_array(arena, boundary->rule_count, sizeof(rules[0]));
	struct boundary *copy = arena_take(arena, sizeof(*copy));
	bool changed = false;

	unspoken_find(boundary, found);
	for (size_t i = 0; i < boundary->rule_count; i++) {
		bool stopped = found[i] == UNSPOKEN_STOPPED;

		rules[i] = stopped ? carry_over(arena, boundary, i) : boundary->rules[i];
		changed |= stopped;
	}
	free(found);
	*copy = *boundary;
	copy->rules = rules;
	return changed ? copy : boundary;
}
