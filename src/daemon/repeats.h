/* SPDX-License-Identifier: BSD-2-Clause */
/* What was told lately, so that the same thing is not told again and again: how often it happened
 * meanwhile is told at the end of its time.  Bounded; knows no clock and tells nobody itself. */
#ifndef WEIR_DAEMON_REPEATS_H
#define WEIR_DAEMON_REPEATS_H

#include "base/mtime.h"
#include "base/text.h"

#define REPEATS_MAX 256
#define REPEATS_KIND 48
#define REPEATS_TEXT 256
#define REPEATS_NS (600 * NS_PER_S)	/* the same thing is told again after so long */
#define REPEATS_STATE_NS (60 * NS_PER_S)	/* where it is a state that comes and goes */

struct repeat {
	uint64_t hash;			/* of kind and key; 0: free */
	int64_t	 at_ns, for_ns;
	unsigned times, priority;	/* how often since it was told */
	char	 kind[REPEATS_KIND], text[REPEATS_TEXT];
};

struct repeats {
	struct repeat list[REPEATS_MAX];
	size_t	      next;
	uint64_t      forgotten;	/* repetitions that nobody was told of, for want of room */
};

/* True where it is to be told now; else it is counted. */
bool repeats_tells(struct repeats *repeats, unsigned priority, const char *kind, const char *key,
		   const char *text, int64_t now_ns);
/* Something that has repeated itself, and whose time is over: once, with its words and how often.
 * False: there is none. */
bool repeats_due(struct repeats *repeats, int64_t now_ns, struct repeat *out);
/* When there will be something; INT64_MAX: not as it stands. */
int64_t repeats_deadline(const struct repeats *repeats);

#endif
