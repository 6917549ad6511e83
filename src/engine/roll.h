/* SPDX-License-Identifier: BSD-2-Clause */
/* The roll of members: which host or router asked for what, on which interface, since when, and
 * whether it still does.  For whoever watches; engine/member.h answers the rules.  RFC 3376 8.4
 * (a membership lives 260 s), RFC 7761 4.11 (a join 210 s).  Bounded. */
#ifndef WEIR_ENGINE_ROLL_H
#define WEIR_ENGINE_ROLL_H

#include "model/observation.h"
#include "model/verdict.h"

#define ROLL_MAX (1u << 14)

struct roll_entry {
	struct addr    who, group, source;	/* source: ADDR_ANY for (*,G) */
	struct mtime   first, last, until;	/* until: when it lapses unless it is said again */
	uint64_t       reports;			/* 0: the entry is empty */
	struct verdict verdict;			/* the worst */
	uint16_t       link;
	uint8_t	       point;			/* POINT_MEMBERSHIP or POINT_JOIN */
	bool	       left;			/* the last word was a leave or a prune */
};

struct roll {
	struct roll_entry *list;		/* ROLL_MAX of them */
	uint64_t	   evicted;		/* that had not lapsed */
};

struct roll *roll_new(void);
void roll_free(struct roll *roll);

/* Takes note of a report, leave, join or prune with its verdict; passes over all else. */
void roll_hear(struct roll *roll, const struct observation *obs, struct verdict verdict,
	       struct mtime now);

#endif
