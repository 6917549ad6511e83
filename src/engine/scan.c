/* SPDX-License-Identifier: BSD-2-Clause */
/* For each of the busiest sources the times of its latest 256 new groups, in a ring.  A source
 * with one new group in the window gives way to a newcomer first, so a flood of sources does not
 * hide a scanner.  Knows no rules. */
#include "engine/scan.h"

#include <stdlib.h>

#include "base/large_page.h"
#include "base/memory.h"

#define WAYS 4
#define TICK_NS 100000			/* times: tenths of a millisecond, that wrap after five days */
#define WINDOW_TICKS ((uint32_t)(SCAN_WINDOW_NS / TICK_NS))

/* What is looked at for every new flow stands apart from the rings, which few sources fill.  A
 * source is known by its set and 32 more bits of its hash. */
struct scan {
	uint32_t tag, last;		/* tag 0: unused; last: tick of the latest group */
	uint16_t n, next;		/* groups in the ring; where the next goes */
};

/* One place of all rings.  Most sources have few groups: what is used lies together. */
struct row {
	uint32_t ticks[SCAN_SOURCES_MAX];	/* by the same index as the list */
};

struct scans {
	struct scan *list;
	struct row  *rows;		/* SCAN_GROUPS */
	void	    *memory;		/* that the rows lie in */
};

#define ROWS_BYTES (SCAN_GROUPS * sizeof(struct row) + LARGE_PAGE)

struct scans *scans_new(void)
{
	struct scans *s = memory_take(sizeof(*s));

	s->list = memory_array(SCAN_SOURCES_MAX, sizeof(s->list[0]));
	s->memory = memory_take(ROWS_BYTES);
	s->rows = large_page_of(s->memory);
	return s;
}

void scans_advise(const struct scans *scans, void (*advise)(void *memory, size_t bytes))
{
	advise(scans->memory, ROWS_BYTES);
}

void scans_free(struct scans *scans)
{
	if (!scans)
		return;
	free(scans->list);
	free(scans->memory);
	free(scans);
}

static bool goes_first(const struct scan *a, const struct scan *b, uint32_t now)
{
	bool a_quiet = now - a->last > WINDOW_TICKS, b_quiet = now - b->last > WINDOW_TICKS;

	if (a_quiet != b_quiet)
		return a_quiet;
	return a->n != b->n ? a->n < b->n : now - a->last > now - b->last;
}

static struct scan *set_of_hash(const struct scans *scans, uint64_t hash)
{
	return &scans->list[hash % (SCAN_SOURCES_MAX / WAYS) * WAYS];
}

void scans_expect(const struct scans *scans, struct addr source)
{
	__builtin_prefetch(set_of_hash(scans, addr_hash(source)), 1);
}

static struct scan *find(struct scans *scans, struct addr source, uint32_t now)
{
	uint64_t hash = addr_hash(source);
	uint32_t tag = (uint32_t)(hash >> 32) | 1;
	struct scan *set = set_of_hash(scans, hash);
	struct scan *victim = set;

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].tag == tag)
			return &set[i];
		if (victim->tag && (!set[i].tag || goes_first(&set[i], victim, now)))
			victim = &set[i];
	}
	*victim = (struct scan){ .tag = tag };
	return victim;
}

bool scans_note(struct scans *scans, struct addr source, struct mtime at)
{
	uint32_t now = (uint32_t)(at.ns / TICK_NS);
	struct scan *s = find(scans, source, now);
	uint32_t *tick;
	bool full;

	if (s->n > 0 && now - s->last > WINDOW_TICKS)
		s->n = s->next = 0;
	tick = &scans->rows[s->next].ticks[s - scans->list];
	full = s->n == SCAN_GROUPS && now - *tick <= WINDOW_TICKS;
	*tick = now;
	s->next = (uint16_t)((s->next + 1) % SCAN_GROUPS);
	s->n = (uint16_t)(s->n < SCAN_GROUPS ? s->n + 1 : s->n);
	s->last = now;
	return full;
}
