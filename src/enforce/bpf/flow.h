/* SPDX-License-Identifier: BSD-2-Clause */
/* Remembers what became of ordinary packets, so that the next of a flow needs no table: UDP
 * without options, fragments or odd lengths, to no port that is looked at.  What is remembered
 * holds for one image and one unit of time, in which no sample of the flow can become due.  Every
 * processor has flows of its own, and no program interrupts another there.  A part of weir.bpf.c.
 * Knows no rule. */
#ifndef WEIR_ENFORCE_BPF_FLOW_H
#define WEIR_ENFORCE_BPF_FLOW_H

#include "enforce/bpf/demand.h"
#include "enforce/bpf/frame.h"
#include "enforce/bpf/image.h"

/* By processor.  Made larger before it is loaded. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct bpf_flow6));
} own SEC(".maps");

/* When and where a packet is judged. */
struct moment {
	__u64 ticks;
	__u8 *own;			/* the processor's */
};

/* What became of a packet. */
struct ruling {
	__u32 outcome;			/* BPF_OUTCOME_ */
	__u32 counter;			/* under which it was counted */
	bool  lasts;			/* the same becomes of the next one that shows the same */
};

/* As a number: the counter above, the outcome below. */
#define RULING_LASTS 0x80000000u

static __always_inline __u64 mark_of(const struct table *t, __u64 ticks)
{
	return (__u64)t->slot->stamp << 32 | (__u32)(ticks >> BPF_UNIT_BITS);
}

static __always_inline bool is_stale(__u64 mark, __u64 now)
{
	return (__u32)mark != (__u32)now;
}

/* What this processor has of its own. */
static __always_inline __u8 *find_own(void)
{
	__u32 processor = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&own, &processor);
}

static __always_inline void count(__u8 *mine, __u32 id, __u32 length, __u64 ticks)
{
	__u64 at = id * sizeof(struct bpf_counter) & told.counter_mask;
	struct bpf_counter *c = (void *)(mine + told.flow_bytes + at);

	c->packets++;
	c->bytes += length;
	c->last = ticks;
}

static __always_inline __u32 rest_of(const struct table *t, __u32 ttl, __u16 port)
{
	return (ttl << BPF_FLOW_TTL_SHIFT | port) & t->slot->side.asked;
}

static __always_inline bool is_looked_at(__u16 port)
{
	return port == bpf_htons(PORT_RASADV) || port == bpf_htons(PORT_SAP);
}

/* Odd numbers without a pattern: the upper half of a product depends on all bits. */
#define MIX_1 0x9e3779b97f4a7c15ull
#define MIX_2 0xc2b2ae3d27d4eb4full
#define MIX_3 0x9fb21c651e98df25ull
#define MIX_4 0xd6e8feb86659fd93ull

/* A flow stands at one of two places: so far is its hash shifted. */
#define PLACE_1 40
#define PLACE_2 21

/* --- IPv4 --- */

struct key4 {
	__u64 mark, hash, addresses;
	__u32 rest;
};

/* False for what is no ordinary packet. */
static __always_inline bool read_key4(const struct bytes *b, const struct table *t, __u32 at,
				      __u32 ttl_less, __u64 ticks, struct key4 *out)
{
	const __u8 *p = at_offset(b, at);
	__u32 length;
	__u16 port;

	if (p + 28 > b->end || p[0] != 0x45 || p[9] != PROTOCOL_UDP ||
	    *(const __u16 *)(p + 6) & bpf_htons(0x3fff))
		return false;
	length = bpf_ntohs(*(const __u16 *)(p + 2));
	port = *(const __u16 *)(p + 22);
	if (length < 28 || length != bpf_ntohs(*(const __u16 *)(p + 24)) + 20u ||
	    at + length > b->length || is_looked_at(port))
		return false;
	out->addresses = (__u64)bpf_ntohl(*(const __u32 *)(p + 12)) << 32 |
			 bpf_ntohl(*(const __u32 *)(p + 16));
	out->rest = rest_of(t, p[8] + ttl_less, port);
	out->mark = mark_of(t, ticks);
	out->hash = out->addresses * MIX_1;
	return true;
}

static __always_inline struct bpf_flow4 *place4(__u8 *mine, __u64 place)
{
	__u32 mask = (told.flow_bytes >> 1) - sizeof(struct bpf_flow4);

	return (void *)(mine + (place & mask));
}

/* 0 if it is the flow. */
static __always_inline __u64 compare4(const struct bpf_flow4 *f, const struct key4 *k)
{
	return (f->mark ^ k->mark) | (f->addresses ^ k->addresses) | (f->rest ^ k->rest);
}

/* False where nothing is known of it. */
static __always_inline bool find_flow4(__u8 *mine, const struct key4 *k, struct ruling *out)
{
	const struct bpf_flow4 *f = place4(mine, k->hash >> PLACE_1);

	if (compare4(f, k) != 0) {
		f = place4(mine, k->hash >> PLACE_2);
		if (compare4(f, k) != 0)
			return false;
	}
	out->counter = f->counter;
	out->outcome = f->outcome;
	return true;
}

static __always_inline void keep_flow4(__u8 *mine, const struct key4 *k, const struct ruling *r)
{
	struct bpf_flow4 *f = place4(mine, k->hash >> PLACE_1);
	struct bpf_flow4 *other = place4(mine, k->hash >> PLACE_2);

	if (!is_stale(f->mark, k->mark) && is_stale(other->mark, k->mark))
		f = other;
	*f = (struct bpf_flow4){ .mark = k->mark, .addresses = k->addresses, .rest = k->rest,
				 .counter = r->counter,
				 .outcome = r->outcome & ~BPF_OUTCOME_SAMPLE };
}

/* --- IPv6 --- */

struct key6 {
	__u64 mark, hash, addresses[4];
	__u32 rest;
};

static __always_inline bool read_key6(const struct bytes *b, const struct table *t, __u32 at,
				      __u32 ttl_less, __u64 ticks, struct key6 *out)
{
	const __u8 *p = at_offset(b, at);
	__u32 length;
	__u16 port;

	if (p + 48 > b->end || p[6] != PROTOCOL_UDP)
		return false;
	length = bpf_ntohs(*(const __u16 *)(p + 4));
	port = *(const __u16 *)(p + 42);
	if (length < 8 || length != bpf_ntohs(*(const __u16 *)(p + 44)) ||
	    at + 40 + length > b->length || is_looked_at(port))
		return false;
	for (int i = 0; i < 4; i++)
		out->addresses[i] = *(const __u64 *)(p + 8 + 8 * i);
	out->rest = rest_of(t, p[7] + ttl_less, port);
	out->mark = mark_of(t, ticks);
	out->hash = (bpf_be64_to_cpu(out->addresses[0]) * MIX_1 +
		     bpf_be64_to_cpu(out->addresses[1]) * MIX_2) +
		    (bpf_be64_to_cpu(out->addresses[2]) * MIX_3 +
		     bpf_be64_to_cpu(out->addresses[3]) * MIX_4);
	return true;
}

static __always_inline struct bpf_flow6 *place6(__u8 *mine, __u64 place)
{
	__u32 half = told.flow_bytes >> 1, mask = half - sizeof(struct bpf_flow6);

	return (void *)(mine + half + (place & mask));
}

static __always_inline __u64 compare6(const struct bpf_flow6 *f, const struct key6 *k)
{
	__u64 differs = (f->mark ^ k->mark) | (f->rest ^ k->rest);

	for (int i = 0; i < 4; i++)
		differs |= f->addresses[i] ^ k->addresses[i];
	return differs;
}

static __always_inline bool find_flow6(__u8 *mine, const struct key6 *k, struct ruling *out)
{
	const struct bpf_flow6 *f = place6(mine, k->hash >> PLACE_1);

	if (compare6(f, k) != 0) {
		f = place6(mine, k->hash >> PLACE_2);
		if (compare6(f, k) != 0)
			return false;
	}
	out->counter = f->counter;
	out->outcome = f->outcome;
	return true;
}

static __always_inline void keep_flow6(__u8 *mine, const struct key6 *k, const struct ruling *r)
{
	struct bpf_flow6 *f = place6(mine, k->hash >> PLACE_1);
	struct bpf_flow6 *other = place6(mine, k->hash >> PLACE_2);

	if (!is_stale(f->mark, k->mark) && is_stale(other->mark, k->mark))
		f = other;
	f->mark = k->mark;
	f->rest = k->rest;
	for (int i = 0; i < 4; i++)
		f->addresses[i] = k->addresses[i];
	f->counter = r->counter;
	f->outcome = r->outcome & ~BPF_OUTCOME_SAMPLE;
}

#endif
