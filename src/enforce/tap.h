/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a kernel has no NFQUEUE (QUEUE_BY_TAP): what arrives at one port of a bridge is
 * dropped by a rule, heard by a packet socket that stands before it, judged, and sent out of
 * the other port.  So it serves pairs of ports only, the bridge sees none of it (its
 * snooping learns nothing, and must be off), and with nobody there nothing passes: it always
 * fails closed.
 *
 * the keeper the judge tap_legs_of(&plan, &legs); tap_legs_of(&plan, &legs); tap_open(&legs,
 * &ports); tap_install(&legs, why); tap_new(&legs, &ports, plan.n, &tap);
 * queue_offered(...); tap_remove(); tap_turn(tap, trims, now); tap_counts(tap); */
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

/* One packet socket a leg. */
struct tap_ports {
	int fds[TAP_LEGS_MAX];
};
int tap_open(const struct tap_legs *legs, struct tap_ports *out);
void tap_close(const struct tap_legs *legs, struct tap_ports *ports);

/* The rules that drop what the tap carries; `why` says why not. */
int tap_install(const struct tap_legs *legs, char why[QUEUE_WHY]);
int tap_remove(void);

struct tap;

int tap_new(const struct tap_legs *legs, const struct tap_ports *ports, size_t link_count,
	    struct tap **out);
void tap_free(struct tap *tap);
/* Carries what waits; never waits itself.  How many packets, or a negative errno. */
int tap_turn(struct tap *tap, struct trim *const *trims, struct mtime now);
const struct queue_counts *tap_counts(const struct tap *tap);

/* True for the packets that the rules drop: the tap carries those and no other. */
bool tap_carries(struct span packet, bool payload);

#endif
