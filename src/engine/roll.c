/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of eight entries; what has left or lapsed makes room first, then what was quiet for
 * longest. */
#include "engine/roll.h"

#include <stdlib.h>

#include "base/memory.h"

#define WAYS 8
#define REPORT_LIFE_NS (260 * NS_PER_S)
#define JOIN_LIFE_NS (210 * NS_PER_S)

struct roll *roll_new(void)
{
	struct roll *roll = memory_take(sizeof(*roll));

	roll->list = memory_array(ROLL_MAX, sizeof(roll->list[0]));
	return roll;
}

void roll_free(struct roll *roll)
{
	if (!roll)
		return;
	free(roll->list);
	free(roll);
}

static struct roll_entry *ways_of(const struct roll *roll, const struct observation *obs)
{
	uint64_t hash = addr_hash(obs->speaker) * 7 + addr_hash(obs->source) * 3 +
			addr_hash(obs->group) + obs->point * 131u + obs->link * 31u;

	return &roll->list[hash % (ROLL_MAX / WAYS) * WAYS];
}

static bool is_of(const struct roll_entry *entry, const struct observation *obs)
{
	return entry->reports > 0 && entry->point == obs->point && entry->link == obs->link &&
	       addr_equal(entry->who, obs->speaker) && addr_equal(entry->group, obs->group) &&
	       addr_equal(entry->source, obs->source);
}

static struct roll_entry *find(struct roll_entry *ways, const struct observation *obs)
{
	for (size_t i = 0; i < WAYS; i++)
		if (is_of(&ways[i], obs))
			return &ways[i];
	return NULL;
}

static bool is_over(const struct roll_entry *entry, struct mtime now)
{
	return entry->left || entry->until.ns < now.ns;
}

/* True where a makes room before b. */
static bool goes_first(const struct roll_entry *a, const struct roll_entry *b, struct mtime now)
{
	if ((a->reports == 0) != (b->reports == 0))
		return a->reports == 0;
	if (is_over(a, now) != is_over(b, now))
		return is_over(a, now);
	return a->last.ns < b->last.ns;
}

static struct roll_entry *begin(struct roll *roll, struct roll_entry *ways,
				const struct observation *obs, struct mtime now)
{
	struct roll_entry *victim = ways;

	for (size_t i = 1; i < WAYS; i++)
		if (goes_first(&ways[i], victim, now))
			victim = &ways[i];
	roll->evicted += victim->reports > 0 && !is_over(victim, now);
	*victim = (struct roll_entry){ .who = obs->speaker, .group = obs->group,
				       .source = obs->source, .first = obs->at,
				       .link = obs->link, .point = obs->point,
				       .verdict = { 0, RULE_NONE } };
	return victim;
}

static void join(struct roll_entry *entry, const struct observation *obs, struct verdict v,
		 struct mtime now)
{
	entry->reports++;
	entry->left = false;
	entry->last = obs->at;
	entry->until.ns = now.ns + (obs->point == POINT_JOIN ? JOIN_LIFE_NS : REPORT_LIFE_NS);
	if (v.rule != RULE_NONE &&
	    (entry->verdict.rule == RULE_NONE || v.action > entry->verdict.action))
		entry->verdict = v;
}

void roll_hear(struct roll *roll, const struct observation *obs, struct verdict verdict,
	       struct mtime now)
{
	struct roll_entry *ways, *entry;

	if ((obs->point != POINT_MEMBERSHIP && obs->point != POINT_JOIN) || obs->anomaly ||
	    !addr_is_there(obs->group) || !addr_is_there(obs->speaker))
		return;
	ways = ways_of(roll, obs);
	entry = find(ways, obs);
	if (obs->what == WHAT_JOIN) {
		join(entry ? entry : begin(roll, ways, obs, now), obs, verdict, now);
	} else if ((obs->what == WHAT_LEAVE || obs->what == WHAT_PRUNE) && entry) {
		entry->left = true;
		entry->last = obs->at;
	}
}
