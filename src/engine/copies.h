/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies: the same packet twice on one link or on two VLANs, and a link-local one on two links.
 * A sender may send the same bytes twice, so copies count only where they follow at once.
 * Knows no rules. */
#ifndef WEIR_ENGINE_COPIES_H
#define WEIR_ENGINE_COPIES_H

#include "base/large_page.h"
#include "engine/flow.h"
#include "model/packet.h"

/* With an identification that changes from packet to packet, and without. */
#define COPY_WINDOW_NS (NS_PER_S / 10)
#define COPY_WINDOW_PLAIN_NS (NS_PER_S / 1000)
#define COPIES_MAX 4096

/* The print of a packet on its link: with the TTL, for a copy with a smaller one was routed.  The
 * bits that tell of an identification stay where they are (wire/print.h). */
static inline uint32_t copies_print_some(uint32_t print, uint16_t link, uint8_t ttl)
{
	return print ^ ((uint32_t)link << 8 | ttl) * (UINT32_C(0x85ebca6b) << 2);
}

static inline uint32_t copies_print(uint32_t print, uint16_t link, uint8_t ttl)
{
	return print ? copies_print_some(print, link, ttl) : 0;
}

/* False where the packet may be a copy of one of the flow's latest.  Here and below, `some` is for
 * a packet that surely has a print. */
static inline bool copies_differ_some(const struct flow *flow, uint32_t print)
{
	return flow->prints[0] != print && flow->prints[1] != print && flow->prints[2] != print;
}

static inline bool copies_differ(const struct flow *flow, uint32_t print)
{
	return print == 0 || copies_differ_some(flow, print);
}

/* The flow remembers a packet with a print that differs.  Each print is moved by itself: the next
 * packet may be of this flow, too, and two that were written one by one are slow to load as one. */
static inline void copies_remember_some(struct flow *flow, uint32_t print)
{
	uint32_t newest = flow->prints[0], second = flow->prints[1];

	KEEP_LOADED(newest);
	KEEP_LOADED(second);
	/* nearly all packets are of flows that vary already: for them nothing is jumped over */
	if (__builtin_expect(!(flow->state & FLOW_VARIES), 0) && newest & print & 1 &&
	    (newest ^ print) & 0x3fc)
		flow->state |= FLOW_VARIES;
	flow->prints[0] = print;
	flow->prints[1] = newest;
	flow->prints[2] = second;
}

static inline void copies_remember(struct flow *flow, uint32_t print)
{
	if (print)
		copies_remember_some(flow, print);
}

/* The part that nearly every packet needs: true where nothing tells that it is a copy, and the
 * flow remembers it. */
static inline bool copies_pass(struct flow *flow, uint32_t print)
{
	if (!copies_differ(flow, print))
		return false;
	copies_remember(flow, print);
	return true;
}

/* True where the packet is a copy of one of the flow's latest: one that copies_pass() did not
 * let pass, close behind it. */
bool copies_follow(const struct flow *flow, uint32_t print, struct mtime at);

/* Link-local packets that were seen lately. */
struct copies;

/* In the area, which outlives it. */
struct copies *copies_new(struct large_area *area);
/* Of a packet to a link-local group. */
struct passage {
	struct addr  speaker, receiver;
	struct mtime at;
	uint32_t     print;
	uint16_t     link, vlan;
};

/* True where it was seen on another link or VLAN just before. */
bool copies_crossed(struct copies *copies, const struct passage *passage);

/* Speaker and receiver, for copies_hash(). */
static inline uint64_t copies_pair4(uint32_t speaker, uint32_t receiver)
{
	return receiver * UINT64_C(0x9e3779b97f4a7c15) + speaker * UINT64_C(0xc2b2ae3d27d4eb4f);
}

static inline uint64_t copies_pair(struct addr speaker, struct addr receiver)
{
	return (speaker.hi ^ receiver.lo) * UINT64_C(0x9e3779b97f4a7c15) +
	       (speaker.lo ^ receiver.hi) * UINT64_C(0xc2b2ae3d27d4eb4f);
}

/* The print is well mixed: what is added to it need not be. */
static inline uint64_t copies_hash(uint64_t pair, uint32_t print)
{
	uint64_t x = (pair + print) * UINT64_C(0xd6e8feb86659fd93);

	return x ^ x >> 32;
}

/* Has what will be read fetched. */
void copies_expect(const struct copies *copies, uint64_t hash);
/* copies_crossed() by a hash, which is made once, of a packet that surely has a print. */
bool copies_crossed_by(struct copies *copies, uint64_t hash, uint32_t print,
		       const struct packet *packet, uint16_t vlan);

#endif
