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

bool copies_crossed(struct copies *copies, const struct passage *passage)
{
	uint64_t hash = addr_hash(passage->speaker) * 3 + addr_hash(passage->receiver) +
			passage->print;
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
