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

__u8 flows[1] SEC(".bss.flows");		/* as `own` */

/* When and where a packet is judged. */
struct moment {
	__u64 ticks;
	__u32 processor;
};

static __always_inline struct moment moment_now(void)
{
	return (struct moment){ bpf_jiffies64(), bpf_get_smp_processor_id() };
}

/* What became of a packet. */
struct ruling {
	__u32 outcome;			/* BPF_OUTCOME_ */
	__u32 counter;			/* under which it was counted: its offset */
	bool  lasts;			/* the same becomes of the next one that shows the same */
};

/* As a number: the counter above, the outcome below. */
#define RULING_LASTS 0x80000000u

/* A counter's offset. */
static __always_inline __u32 counter_of(const struct moment *now, __u32 id)
{
	return now->processor << told.counter_shift | id * (__u32)sizeof(struct bpf_counter);
}

/* Under a counter's offset, or what has it in its upper bits. */
static __always_inline void count(__u32 counter, __u32 length, __u64 ticks)
{
	__u32 at = counter & told.counters_mask;
	struct bpf_counter *c = (void *)far_from(own + BPF_COUNTERS_AT, at);

	c->packets++;
	c->bytes += length;
	c->last = ticks;
}

/* Counts the packet before this one, and leaves this one to the next: so the processor knows early
 * which counter it is, and need not guess whether one counter is another.  What is left is written
 * last, for who reads both. */
static __always_inline void count_later(__u32 counter, __u32 length, const struct moment *now)
{
	__u32 at = now->processor % BPF_PROCESSORS_MAX * (__u32)sizeof(struct bpf_waiting);
	struct bpf_waiting *w = (void *)far_from(own + BPF_WAITING_AT, at);
	__u64 what = w->what;

	count(what, what >> 32, w->ticks);
	w->ticks = now->ticks;
	asm volatile("" ::: "memory");
	w->what = (__u64)length << 32 | counter;
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
#define PLACE_2 28

/* --- keys --- */

/* In force at this hook: that of the image, but while it is replaced, when it is that of no flow. */
static __always_inline __u64 word_now(void)
{
	return *(const volatile __u64 *)far_from(own, told.word);
}

/* What forwarded packets lost of their TTL on the way to this hook. */
static __always_inline __u32 ttl_less(const struct carrier *c, __u64 word)
{
	return c->skb && word & BPF_WORD_TTL_LESS && c->skb->ingress_ifindex ? 1 : 0;
}

/* The word has ones where the TTL is asked for, and else nothing but the stamp below the time. */
static __always_inline __u64 key_of(__u64 word, __u64 ttl, __u16 port, __u64 ticks)
{
	return word ^ (ttl << BPF_WORD_TTL_SHIFT & word) ^ port ^
	       ticks >> BPF_UNIT_BITS << BPF_WORD_TIME_SHIFT;
}

/* Of another image or another unit of time, so that another flow may take its way. */
static __always_inline bool is_stale(__u64 key, __u64 now)
{
	return (key ^ now) >> BPF_WORD_STAMP_SHIFT != 0;
}

struct flow_key {
	__u64 hash, key;
	__u32 processor;
};

/* All ones if only the second of two ways can be the flow's, else 0: without a branch, which would be
 * guessed wrong. */
static __always_inline __u64 is_second(__u64 first, __u64 hash)
{
	__s64 differs = -(__s64)((first ^ hash) >> 32);

	asm volatile("" : "+r"(differs));	/* the compiler would make it one */
	return differs >> 63;
}

/* Of two values, so that none is waited for until it is known which. */
static __always_inline __u32 choose_value(__u32 first, __u32 second, __u64 is_second)
{
	__u32 value = first ^ ((first ^ second) & (__u32)is_second);

	asm volatile("" : "+r"(value));
	return value;
}

static __always_inline __u32 value_of(const struct ruling *r)
{
	return r->counter | BPF_VALUE_KNOWN | (r->outcome & (BPF_OUTCOME_DROP | BPF_OUTCOME_DRY));
}

/* --- IPv4 --- */

/* False for lengths that are odd. */
static __always_inline bool is_datagram4(const __u8 *p, __u32 left)
{
	__u32 length = bpf_ntohs(*(const __u16 *)(p + 2));

	return length >= 28 && length == bpf_ntohs(*(const __u16 *)(p + 24)) + 20u &&
	       length <= left;
}

/* Of an IP header without options and 8 bytes behind it, of at most `left`: false for what is no
 * ordinary packet. */
static __always_inline bool read_key4(const __u8 *p, __u32 left, __u64 word, __u32 ttl_less,
				      const struct moment *now, struct flow_key *out)
{
	if ((*(const __u32 *)(p + 6) ^ bpf_htonl(PROTOCOL_UDP)) & bpf_htonl(0x3fff00ff))
		return false;
	if (word & BPF_WORD_UPPER && !is_datagram4(p, left))
		return false;
	out->key = key_of(word, p[8] + ttl_less, *(const __u16 *)(p + 22), now->ticks);
	out->hash = (bpf_be64_to_cpu(*(const __u64 *)(p + 12)) ^ out->key) * MIX_1;
	out->processor = now->processor;
	return true;
}

static __always_inline struct bpf_flow4 *place4(const struct flow_key *k, unsigned place)
{
	__u8 *mine = far_from(flows, k->processor << told.flow_shift & told.flows_mask);

	return (void *)(mine + (k->hash >> place & told.flows4_mask));
}

/* BPF_VALUE_; false where nothing is known of it. */
static __always_inline bool find_flow4(const struct flow_key *k, unsigned place, __u32 *out_value)
{
	const struct bpf_flow4 *f = place4(k, place);
	__u64 second = is_second(f->hash, k->hash);

	*out_value = choose_value(f[0].value, f[1].value, second);
	f = (const void *)f + (second & sizeof(*f));
	return ((f->hash ^ k->hash) | (f->key ^ k->key)) == 0;
}

/* In a way that nobody uses, or else in one of the second place. */
static __always_inline void keep_flow4(const struct flow_key *k, const struct ruling *r)
{
	struct bpf_flow4 *f = place4(k, PLACE_1);

	if (!is_stale(f[0].key, k->key)) {
		if (is_stale(f[1].key, k->key))
			f++;
		else
			f = place4(k, PLACE_2) + (k->hash >> 20 & 1);
	}
	f->hash = k->hash;
	f->key = k->key;
	f->value = value_of(r);
}

/* --- IPv6 --- */

/* Of an IP header and 8 bytes behind it, as above. */
static __always_inline bool read_key6(const __u8 *p, __u32 left, __u64 word, __u32 ttl_less,
				      const struct moment *now, struct flow_key *out)
{
	const __u64 *addresses = (const __u64 *)(p + 8);
	__u32 length = bpf_ntohs(*(const __u16 *)(p + 4));

	if (p[6] != PROTOCOL_UDP)
		return false;
	if (length < 8 || length != bpf_ntohs(*(const __u16 *)(p + 44)) || length + 40 > left)
		return false;
	out->key = key_of(word, p[7] + ttl_less, *(const __u16 *)(p + 42), now->ticks);
	out->hash = (bpf_be64_to_cpu(addresses[0]) * MIX_1 +
		     bpf_be64_to_cpu(addresses[1]) * MIX_2) +
		    (bpf_be64_to_cpu(addresses[2]) * MIX_3 +
		     (bpf_be64_to_cpu(addresses[3]) ^ out->key) * MIX_4);
	out->processor = now->processor;
	return true;
}

static __always_inline struct bpf_flow6 *place6(const struct flow_key *k, unsigned place)
{
	__u8 *mine = far_from(flows, k->processor << told.flow_shift & told.flows_mask);

	return (void *)(mine + told.flows6 + (k->hash >> place & told.flows6_mask));
}

/* `p` is where the IP header is. */
static __always_inline bool find_flow6(const struct flow_key *k, const __u8 *p, unsigned place,
				       __u32 *out_value)
{
	const __u64 *addresses = (const __u64 *)(p + 8);
	const struct bpf_flow6 *f = place6(k, place);
	__u64 differs, second = is_second(f->hash, k->hash);

	*out_value = choose_value(f[0].value, f[1].value, second);
	f = (const void *)f + (second & sizeof(*f));
	differs = f->key ^ k->key;
	for (int i = 0; i < 4; i++)
		differs |= f->addresses[i] ^ addresses[i];
	return differs == 0;
}

static __always_inline void keep_flow6(const struct flow_key *k, const __u8 *p,
				       const struct ruling *r)
{
	const __u64 *addresses = (const __u64 *)(p + 8);
	struct bpf_flow6 *f = place6(k, PLACE_1);

	if (!is_stale(f[0].key, k->key)) {
		if (is_stale(f[1].key, k->key))
			f++;
		else
			f = place6(k, PLACE_2) + (k->hash >> 20 & 1);
	}
	f->hash = k->hash;
	f->key = k->key;
	for (int i = 0; i < 4; i++)
		f->addresses[i] = addresses[i];
	f->value = value_of(r);
}

#endif
