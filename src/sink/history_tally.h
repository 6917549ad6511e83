/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters that count by themselves, in the kernel, into the history: they are cumulative, and go on
 * while nobody reads them.  What was read last is kept beside what it came to, in one transaction,
 * so that a packet is counted once whoever dies when. */
#ifndef WEIR_SINK_HISTORY_TALLY_H
#define WEIR_SINK_HISTORY_TALLY_H

#include "sink/history.h"

#define TALLY_NAME 64

/* All but the numbers are what it is known by.  Zeroed behind its texts. */
struct history_tally {
	char	 boundary[TALLY_NAME], rule[TALLY_NAME];
	char	 link[16], hook[16], backend[16];
	uint8_t	 refused, gone;		/* gone: no rule counts here any more */
	uint64_t packets, bytes;
	int64_t	 last_ns;		/* 0: unknown */
};

/* A rule under which is counted, also where nothing ever is. */
struct history_tally_rule {
	const char *boundary, *name, *action;
};

struct history_tallies;

/* Reads what was read last out of a history that is open as WHOLE, which must outlive it.  `boot`
 * names this start of the machine: counters of another one began anew.  0 or negative errno with a
 * line in problem[HISTORY_PROBLEM]. */
int history_tallies_new(struct history *history, const char *boot, char *problem,
			struct history_tallies **out);
void history_tallies_free(struct history_tallies *tallies);

/* The policy whose rules are counted from now on. */
int history_tallies_about(struct history_tallies *tallies, const char *policy, const char *sha256,
			  const struct history_tally_rule *rules, size_t n, struct mtime at,
			  char *problem);

/* The boundary under which such a counter was read last; NULL where it was not. */
const char *history_tallies_boundary(const struct history_tallies *tallies,
				     const struct history_tally *row);

/* What a counter has grown by; `is_first`: its rule was never hit before. */
typedef void history_growth(void *context, const struct history_tally *row, uint64_t packets,
			    bool is_first);

/* All counters there are, as they stand at `at`; sorts them.  Where it fails nothing is written, and
 * the next time writes it. */
int history_tallies_take(struct history_tallies *tallies, struct history_tally *rows, size_t n,
			 struct mtime at, history_growth *each, void *context, char *problem);

#endif
