/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies of packets.  RFC 791 3.2 and RFC 6864 (what an identification means).  Knows no
 * rules. */
#include "engine/copies.h"

struct copy {
	int64_t	 at_ns;
	uint32_t print;			/* with the addresses; 0: empty */
	uint32_t where;			/* its link and VLAN */
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

/* All is asked at once: where any of it may be so or so, no processor can guess it. */
static inline bool cross(struct copies *copies, uint64_t hash, uint32_t print, int64_t at_ns,
			 uint32_t where)
{
	struct copy *old = &copies->list[hash % COPIES_MAX];
	struct copy new = { at_ns, (uint32_t)(hash >> 32) | 1, where };
	uint64_t window_ns = print & 1 ? COPY_WINDOW_NS : COPY_WINDOW_PLAIN_NS;
	bool is_near = (uint64_t)at_ns - (uint64_t)old->at_ns <= window_ns;
	bool crossed = (old->print == new.print) & (old->where != where) & is_near;

	*old = new;
	return crossed;
}

static inline uint32_t where_of(uint16_t link, uint16_t vlan)
{
	return (uint32_t)link << 16 | vlan;
}

bool copies_crossed(struct copies *copies, const struct passage *passage)
{
	return passage->print && cross(copies, hash_of(passage), passage->print, passage->at.ns,
				       where_of(passage->link, passage->vlan));
}

bool copies_crossed_by(struct copies *copies, uint64_t hash, uint32_t print,
		       const struct packet *packet, uint16_t vlan)
{
	return cross(copies, hash, print, packet->at.ns, where_of(packet->link, vlan));
}
