/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies of packets.  RFC 791 3.2 and RFC 6864 (what an identification means).  Knows no
 * rules. */
#include "engine/copies.h"

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

struct copies *copies_new(struct large_area *area)
{
	return large_area_take(area, 1, sizeof(struct copies));
}

static inline uint64_t hash_of(const struct passage *p)
{
	return copies_hash(copies_pair(p->speaker, p->receiver), p->print);
}

void copies_expect(const struct copies *copies, uint64_t hash)
{
	__builtin_prefetch(&copies->list[hash % COPIES_MAX], 1);
}

static inline bool cross(struct copies *copies, uint64_t hash, uint32_t print, int64_t at_ns,
			 uint16_t link, uint16_t vlan)
{
	struct copy *old = &copies->list[hash % COPIES_MAX];
	uint32_t seen = (uint32_t)(hash >> 32) | 1;
	int64_t passed = at_ns - old->at_ns;
	bool crossed;

	if (print == 0)
		return false;
	crossed = old->print == seen && (old->link != link || old->vlan != vlan) && passed >= 0 &&
		  passed <= (print & 1 ? COPY_WINDOW_NS : COPY_WINDOW_PLAIN_NS);
	*old = (struct copy){ at_ns, seen, link, vlan };
	return crossed;
}

bool copies_crossed(struct copies *copies, const struct passage *passage)
{
	return cross(copies, hash_of(passage), passage->print, passage->at.ns, passage->link,
		     passage->vlan);
}

bool copies_crossed_by(struct copies *copies, uint64_t hash, uint32_t print,
		       const struct packet *packet, uint16_t vlan)
{
	return cross(copies, hash, print, packet->at.ns, packet->link, vlan);
}
