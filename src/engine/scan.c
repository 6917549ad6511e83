/* SPDX-License-Identifier: BSD-2-Clause */
/* For each of the busiest sources the times of its latest 256 new groups, in a ring.  A source
 * with one new group in the window gives way to a newcomer first, so a flood of sources does not
 * hide a scanner.  Knows no rules. */
#include "engine/scan.h"

#define WAYS 4
#define SETS (SCAN_SOURCES_MAX / WAYS)
#define TICK_NS 100000			/* times: tenths of a millisecond, that wrap after five days */
#define WINDOW_TICKS ((uint32_t)(SCAN_WINDOW_NS / TICK_NS))

/* What is looked at for every new flow stands apart from the rings, which few sources fill.  A
 * source is known by its set and 32 more bits of its hash. */
struct set {
	_Alignas(64) uint32_t tag[WAYS];	/* 0: unused */
	uint32_t last[WAYS];			/* tick of the latest group */
	uint16_t n[WAYS], next[WAYS];		/* groups in the ring; where the next goes */
};

/* One place of all rings.  Most sources have few groups: what is used lies together. */
struct row {
	uint32_t ticks[SETS][WAYS];
};

struct scans {
	struct set sets[SETS];
	struct row rows[SCAN_GROUPS];
};

/* Nothing is written until there is a source. */
struct scans *scans_new(struct large_area *area)
{
	return large_area_take(area, 1, sizeof(struct scans));
}

void scans_expect(const struct scans *scans, uint64_t source)
{
	__builtin_prefetch(&scans->sets[source % SETS], 1);
}

/* The smaller, the sooner it gives way: who is unused, then who was quiet for a window, then who has
 * few groups, then whose latest is long ago.  A number, for branches would be guessed wrong. */
static inline uint64_t worth(const struct set *set, size_t way, uint32_t now)
{
	uint32_t passed = now - set->last[way];
	uint64_t worth = (uint64_t)(passed <= WINDOW_TICKS) << 48 | (uint64_t)set->n[way] << 32 |
			 (UINT32_MAX - passed);

	return set->tag[way] ? worth : 0;
}

static size_t choose_way(const struct set *set, uint32_t now)
{
	uint64_t least = worth(set, 0, now);
	size_t victim = 0;

	for (size_t way = 1; way < WAYS; way++) {
		uint64_t other = worth(set, way, now);

		victim = other < least ? way : victim;
		least = other < least ? other : least;
	}
	return victim;
}

/* Behind the way that the source has, which no other has; 0: none.  A sum, for where a search ends
 * would be guessed wrong. */
static inline size_t find_behind(const struct set *set, uint32_t tag)
{
	size_t behind = 0;

	for (size_t way = 0; way < WAYS; way++)
		behind += (set->tag[way] == tag) * (way + 1);
	return behind;
}

bool scans_note(struct scans *scans, uint64_t source, struct mtime at)
{
	uint32_t now = (uint32_t)(at.ns / TICK_NS);
	struct set *set = &scans->sets[source % SETS];
	uint32_t tag = (uint32_t)(source >> 32) | 1;
	size_t behind = find_behind(set, tag), way = behind ? behind - 1 : choose_way(set, now);
	bool goes_on = (behind > 0) & (now - set->last[way] <= WINDOW_TICKS);
	uint16_t n = goes_on ? set->n[way] : 0, next = goes_on ? set->next[way] : 0;
	uint32_t *tick;
	bool full;

	tick = &scans->rows[next].ticks[source % SETS][way];
	full = n == SCAN_GROUPS && now - *tick <= WINDOW_TICKS;
	*tick = now;
	set->tag[way] = tag;
	set->next[way] = (uint16_t)((next + 1) % SCAN_GROUPS);
	set->n[way] = (uint16_t)(n < SCAN_GROUPS ? n + 1 : n);
	set->last[way] = now;
	return full;
}
