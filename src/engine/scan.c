/* SPDX-License-Identifier: BSD-2-Clause */
/* For each of the busiest sources the times of its latest 256 new groups, in a ring.  A source
 * with one new group in the window gives way to a newcomer first, so a flood of sources does not
 * hide a scanner.  Knows no rules. */
#include "engine/scan.h"

#include <stdlib.h>

#include "base/memory.h"

#define WAYS 4
#define TICK_NS 100000			/* times in the ring: tenths of a millisecond */

/* What is looked at for every new flow stands apart from the rings, which few sources fill. */
struct scan {
	struct addr source;
	int64_t	    last_ns;
	uint16_t    n, next;		/* groups in the ring; where the next goes */
	bool	    used;
};

struct ring {
	uint32_t ticks[SCAN_GROUPS];
};

struct scans {
	struct scan *list;
	struct ring *rings;		/* by the same index */
};

struct scans *scans_new(void)
{
	struct scans *s = memory_take(sizeof(*s));

	s->list = memory_array(SCAN_SOURCES_MAX, sizeof(s->list[0]));
	s->rings = memory_array(SCAN_SOURCES_MAX, sizeof(s->rings[0]));
	return s;
}

void scans_free(struct scans *scans)
{
	if (!scans)
		return;
	free(scans->list);
	free(scans->rings);
	free(scans);
}

static bool goes_first(const struct scan *a, const struct scan *b, int64_t now_ns)
{
	bool a_quiet = now_ns - a->last_ns > SCAN_WINDOW_NS;
	bool b_quiet = now_ns - b->last_ns > SCAN_WINDOW_NS;

	if (a_quiet != b_quiet)
		return a_quiet;
	return a->n != b->n ? a->n < b->n : a->last_ns < b->last_ns;
}

static struct scan *find(struct scans *scans, struct addr source, int64_t now_ns)
{
	struct scan *set = &scans->list[addr_hash(source) / WAYS * WAYS % SCAN_SOURCES_MAX];
	struct scan *victim = set;

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].used && addr_equal(set[i].source, source))
			return &set[i];
		if (victim->used && (!set[i].used || goes_first(&set[i], victim, now_ns)))
			victim = &set[i];
	}
	*victim = (struct scan){ .source = source, .used = true };
	return victim;
}

bool scans_note(struct scans *scans, struct addr source, struct mtime at)
{
	struct scan *s = find(scans, source, at.ns);
	uint32_t *ticks = scans->rings[s - scans->list].ticks;
	uint32_t tick = (uint32_t)(at.ns / TICK_NS);
	bool full;

	if (s->n > 0 && at.ns - s->last_ns > SCAN_WINDOW_NS)
		s->n = s->next = 0;
	full = s->n == SCAN_GROUPS &&
	       tick - ticks[s->next] <= (uint32_t)(SCAN_WINDOW_NS / TICK_NS);
	ticks[s->next] = tick;
	s->next = (uint16_t)((s->next + 1) % SCAN_GROUPS);
	s->n = (uint16_t)(s->n < SCAN_GROUPS ? s->n + 1 : s->n);
	s->last_ns = at.ns;
	return full;
}
