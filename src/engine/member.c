/* SPDX-License-Identifier: BSD-2-Clause */
/* Memberships by side: a report that goes out was sent inside, so data that comes in finds its
 * receivers among those.  A leave shortens a membership to what a querier would wait for others
 * to speak up.  Knows no rules. */
#include "engine/member.h"

#include <stdlib.h>

#include "base/memory.h"

#define WAYS 8
#define REPORT_LIFE_NS (260 * NS_PER_S)		/* RFC 3376 8.4: 2 * 125 s + 10 s */
#define JOIN_LIFE_NS (210 * NS_PER_S)		/* RFC 7761 4.11: 3.5 * 60 s */
#define LEAVE_WAIT_NS (2 * NS_PER_S)		/* RFC 3376 8.8, RFC 3810 9.8 */
#define PRUNE_WAIT_NS (3 * NS_PER_S)		/* RFC 7761 4.11: override interval */

struct member {
	struct addr source, group;	/* source: ADDR_ANY for (*,G) */
	int64_t	    until_ns;
	uint8_t	    direction;		/* of the report; 0: the slot is empty */
};

struct members {
	struct member *list;
	bool	       seen[3];		/* reports in this direction */
	uint64_t       evicted[3];	/* that were still alive */
};

struct members *members_new(void)
{
	struct members *m = memory_take(sizeof(*m));

	m->list = memory_array(MEMBERS_MAX, sizeof(m->list[0]));
	return m;
}

void members_free(struct members *members)
{
	if (!members)
		return;
	free(members->list);
	free(members);
}

static struct member *set_of_ways(const struct members *m, uint8_t direction, struct addr source,
				  struct addr group)
{
	uint64_t hash = addr_hash(source) * 3 + addr_hash(group) + direction;

	return &m->list[hash / WAYS * WAYS % MEMBERS_MAX];
}

static struct member *find(const struct members *m, uint8_t direction, struct addr source,
			   struct addr group)
{
	struct member *set = set_of_ways(m, direction, source, group);

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].direction == direction && addr_equal(set[i].source, source) &&
		    addr_equal(set[i].group, group))
			return &set[i];
	return NULL;
}

static struct member *make_room(struct members *m, const struct member *key, struct mtime now)
{
	struct member *set = set_of_ways(m, key->direction, key->source, key->group);
	struct member *victim = set;

	for (size_t i = 0; i < WAYS && victim->direction; i++)
		if (!set[i].direction || set[i].until_ns < victim->until_ns)
			victim = &set[i];
	if (victim->direction && victim->until_ns >= now.ns)
		m->evicted[victim->direction]++;
	*victim = *key;
	return victim;
}

static void shorten(struct member *m, int64_t until_ns)
{
	if (m && m->until_ns > until_ns)
		m->until_ns = until_ns;
}

void members_hear(struct members *members, const struct observation *obs, struct mtime now)
{
	struct member key = { .source = obs->source, .group = obs->group,
			      .direction = obs->direction };
	bool by_host = obs->point == POINT_MEMBERSHIP;
	struct member *old;

	if ((!by_host && obs->point != POINT_JOIN) || !addr_is_there(obs->group) ||
	    obs->direction == DIRECTION_UNKNOWN || obs->anomaly)
		return;
	members->seen[obs->direction] = true;
	old = find(members, key.direction, key.source, key.group);
	if (obs->what == WHAT_JOIN) {
		old = old ? old : make_room(members, &key, now);
		old->until_ns = now.ns + (by_host ? REPORT_LIFE_NS : JOIN_LIFE_NS);
	} else if (obs->what == WHAT_LEAVE) {
		shorten(old, now.ns + LEAVE_WAIT_NS);
	} else if (obs->what == WHAT_PRUNE) {
		shorten(old, now.ns + PRUNE_WAIT_NS);
	}
}

static bool asked(const struct members *m, uint8_t side, struct addr source, struct addr group,
		  struct mtime now)
{
	const struct member *found = find(m, side, source, group);

	return found && found->until_ns >= now.ns;
}

enum joined members_asked(const struct members *members, const struct observation *data,
			  struct mtime now)
{
	uint8_t side = data->direction == DIRECTION_IN ? DIRECTION_OUT : DIRECTION_IN;

	if (data->direction == DIRECTION_UNKNOWN || !members->seen[side])
		return JOINED_UNKNOWN;
	if (asked(members, side, data->source, data->group, now) ||
	    asked(members, side, ADDR_ANY, data->group, now))
		return JOINED_YES;
	return members->evicted[side] > 0 ? JOINED_UNKNOWN : JOINED_NO;
}

uint64_t members_evicted(const struct members *members)
{
	return members->evicted[DIRECTION_IN] + members->evicted[DIRECTION_OUT];
}

bool members_next(const struct members *members, enum direction side, struct mtime now, size_t *at,
		  struct addr *out_source, struct addr *out_group)
{
	while (*at < MEMBERS_MAX) {
		const struct member *m = &members->list[(*at)++];

		if (m->direction != side || m->until_ns < now.ns)
			continue;
		*out_source = m->source;
		*out_group = m->group;
		return true;
	}
	return false;
}

bool members_complete(const struct members *members, enum direction side)
{
	return members->seen[side] && members->evicted[side] == 0;
}
