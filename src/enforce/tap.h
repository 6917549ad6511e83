/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a kernel has no NFQUEUE (QUEUE_BY_TAP): what arrives at one port of a bridge is
 * dropped by a rule, heard by a packet socket that stands before it, judged, and sent out of
 * the other port.  So it serves pairs of ports only, the bridge sees none of it (its
 * snooping learns nothing, and must be off), and with nobody there nothing passes: it always
 * fails closed.  The calls of queue.h use it; nobody else needs this header. */
#ifndef WEIR_ENFORCE_TAP_H
#define WEIR_ENFORCE_TAP_H

#include "enforce/queue.h"

#define TAP_LEGS_MAX 32

/* One way through the bridge: what arrives at `from` goes out of `to`.  It is judged as
 * arriving at the link there, where there is one, and then as leaving by the other. */
struct tap_leg {
	char	 from[QUEUE_NAME], to[QUEUE_NAME];
	unsigned from_index, to_index;
	size_t	 links[2];		/* QUEUE_RECEIVED, QUEUE_FORWARDED: of the plan; SIZE_MAX: none */
	enum direction directions[2];
	bool	 payload;
};

struct tap_legs {
	struct tap_leg list[TAP_LEGS_MAX];
	size_t	       n;
};

/* -E2BIG: more than there is room for. */
int tap_legs_of(const struct queue_plan *plan, struct tap_legs *out);

/* A packet socket that hears all interfaces, or a negative errno. */
int tap_open(void);

/* The rules that drop what the tap carries; `why` says why not. */
int tap_install(const struct tap_legs *legs, char why[QUEUE_WHY]);
int tap_remove(void);

struct tap;

/* Borrows the socket. */
struct tap *tap_new(const struct tap_legs *legs, int fd);
void tap_free(struct tap *tap);
/* Carries what waits, and counts it in `counts`, whose links are the plan's; never waits
 * itself.  How many packets. */
int tap_turn(struct tap *tap, struct trim *const *trims, struct mtime now,
	     struct queue_counts *counts, struct queue_link_counts *links);

/* True for the packets that the rules drop: the tap carries those and no other. */
bool tap_carries(struct span packet, bool payload);

#endif
