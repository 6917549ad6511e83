/* SPDX-License-Identifier: BSD-2-Clause */
/* The log of refusals: a few places for each value of a hash, so that noting one costs the same in
 * any storm.  Who chooses addresses to push others out of it hides a line of a log, no more. */
#include "relay/refusals.h"

#include <stdlib.h>

#include "base/memory.h"

#define WAYS 4

static struct refusal *first_of_set(struct refusals *r, const struct sa_key *key)
{
	uint64_t x = ((uint64_t)key->source << 32 | key->group) * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ key->rp) * UINT64_C(0xd6e8feb86659fd93);
	return &r->list[(x >> 40) % (REFUSALS_MAX / WAYS) * WAYS];
}

static bool is_same(const struct refusal *a, const struct sa_key *key, enum refused_by by,
		    const struct rule *rule)
{
	return a->used && a->key.source == key->source && a->key.group == key->group &&
	       a->key.rp == key->rp && a->by == by && a->rule == rule;
}

/* A free place, or that of what was refused longest ago. */
static struct refusal *take_place(struct refusals *r, struct refusal *set)
{
	struct refusal *oldest = set;

	for (unsigned i = 0; i < WAYS; i++) {
		if (!set[i].used)
			return &set[i];
		if (set[i].last_s < oldest->last_s)
			oldest = &set[i];
	}
	r->forgotten++;
	return oldest;
}

void refusals_init(struct refusals *refusals)
{
	*refusals = (struct refusals){ .list = memory_array(REFUSALS_MAX,
							    sizeof(struct refusal)) };
}

void refusals_note(struct refusals *refusals, const struct sa_key *key, enum refused_by by,
		   const struct rule *rule, uint32_t n, uint32_t now_s)
{
	struct refusal *set, *place;

	refusals->count += n;
	set = first_of_set(refusals, key);
	for (unsigned i = 0; i < WAYS; i++)
		if (is_same(&set[i], key, by, rule)) {
			set[i].count += n;
			set[i].last_s = now_s;
			return;
		}
	place = take_place(refusals, set);
	*place = (struct refusal){ .key = *key, .count = n, .first_s = now_s, .last_s = now_s,
				   .by = (uint8_t)by, .used = true, .rule = rule };
}

void refusals_reset(struct refusals *refusals)
{
	for (unsigned i = 0; i < REFUSALS_MAX; i++)
		refusals->list[i].used = false;
	refusals->count = refusals->forgotten = 0;
}

void refusals_release(struct refusals *refusals)
{
	free(refusals->list);
	*refusals = (struct refusals){ 0 };
}

const char *refused_name(enum refused_by by)
{
	static const char *const names[REFUSED_COUNT] = { "deny", "limit", "rpf", "full" };

	return names[by];
}
