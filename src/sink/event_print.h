/* SPDX-License-Identifier: BSD-2-Clause */
/* What is new, one line each, for a person or as NDJSON (weir-watch/1): at most so many lines of a
 * kind in a second, and nothing twice within a short while.  What was left out is counted, and
 * the count is told. */
#ifndef WEIR_SINK_EVENT_PRINT_H
#define WEIR_SINK_EVENT_PRINT_H

#include <stdio.h>

#include "base/text.h"
#include "engine/event.h"
#include "engine/police.h"
#include "engine/ras.h"
#include "policy/policy.h"

#define EVENT_LINES_MAX 20		/* of a kind, in a second */
#define EVENT_RECENT 4096
#define EVENT_KINDS (EVENT_COUNT + 2)	/* the last two: RAS servers, police lines */

struct event_print {
	FILE		      *out;
	const struct policy   *policy;
	const struct boundary *boundary;
	const char *const     *interfaces;	/* by the event's file */
	size_t		       interface_count;
	bool		       json, colour, has_ras_list;
	/* its own, zeroed at first */
	unsigned	       said[EVENT_KINDS];
	uint64_t	       held[EVENT_KINDS];
	uint64_t	       recent[EVENT_RECENT];	/* hashes of what was told */
	struct text	       line;
};

/* NDJSON says first what policy judges; text needs no beginning. */
void event_print_begin(struct event_print *print, struct mtime now);
void event_print(struct event_print *print, const struct event *event);
void event_print_ras(struct event_print *print, const struct ras_host *host, struct mtime now);
/* What a police line says of one peer, source or RP. */
void event_print_gauge(struct event_print *print, const struct gauge *gauge, struct mtime now);
/* "eth0", "is up". */
void event_print_interface(struct event_print *print, const char *name, const char *what,
			   struct mtime now);
/* How many flows go on beside those that were told. */
void event_print_others(struct event_print *print, size_t n, struct mtime now);
/* Lost: packets by the kernel, and news by the engine, since the last call. */
void event_print_lost(struct event_print *print, uint64_t packets, uint64_t events,
		      struct mtime now);
/* Once a second: what was left out since, and what is said reaches its reader. */
void event_print_tick(struct event_print *print, struct mtime now);
void event_print_release(struct event_print *print);

#endif
