/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies of packets.  RFC 791 3.2 and RFC 6864 (what an identification means).  Knows no
 * rules. */
#include "engine/copies.h"

#include <stdlib.h>

#include "base/memory.h"

struct copy {
	int64_t	 at_ns;
	uint32_t print;			/* with the addresses; 0: empty */
	uint16_t link, vlan;
};

struct copies {
	struct copy list[COPIES_MAX];
};

bool copies_follow(const struct flow *flow, uint32_t print, struct mtime at)
{
	/* at the other points a flow has many speakers, and each its own identifications */
	bool sure = print & 1 && flow->state & FLOW_VARIES && flow_is_data(flow);
	int64_t passed = at.ns - flow->last_ns;

	return passed >= 0 && passed <= (sure ? COPY_WINDOW_NS : COPY_WINDOW_PLAIN_NS);
}

struct copies *copies_new(void)
{
	return memory_take(sizeof(struct copies));
}

void copies_free(struct copies *copies)
{
	free(copies);
}

/* The print is well mixed: what is added to it need not be. */
static inline uint64_t hash_of(const struct passage *p)
{
	uint64_t x = (p->speaker.hi ^ p->receiver.lo) * UINT64_C(0x9e3779b97f4a7c15) +
		     (p->speaker.lo ^ p->receiver.hi) * UINT64_C(0xc2b2ae3d27d4eb4f) + p->print;

	x *= UINT64_C(0xd6e8feb86659fd93);
	return x ^ x >> 32;
}

void copies_expect(const struct copies *copies, const struct passage *passage)
{
	__builtin_prefetch(&copies->list[hash_of(passage) % COPIES_MAX], 1);
}

bool copies_crossed(struct copies *copies, const struct passage *passage)
{
	uint64_t hash = hash_of(passage);
	struct copy seen = { passage->at.ns, (uint32_t)(hash >> 32) | 1, passage->link,
			     passage->vlan };
	struct copy *old = &copies->list[hash % COPIES_MAX];
	int64_t passed = seen.at_ns - old->at_ns;
	bool crossed;

	if (passage->print == 0)
		return false;
	crossed = old->print == seen.print &&
		  (old->link != seen.link || old->vlan != seen.vlan) && passed >= 0 &&
		  passed <= (passage->print & 1 ? COPY_WINDOW_NS : COPY_WINDOW_PLAIN_NS);
	*old = seen;
	return crossed;
}
