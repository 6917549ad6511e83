/* SPDX-License-Identifier: BSD-2-Clause */
/* What a rule asks for besides classes: TTL, ports, flags, embedded addresses, who asked for it; the
 * lists of rules that ask so, and the rate of a limit.  A part of weir.bpf.c.  LANGUAGE S17, S37.
 * Knows no interface. */
#ifndef WEIR_ENFORCE_BPF_DEMAND_H
#define WEIR_ENFORCE_BPF_DEMAND_H

#include "enforce/bpf/frame.h"
#include "enforce/bpf/image.h"

#define PORT_AUTORP 496
#define PORT_RASADV 9753
#define PORT_SAP    9875

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct bpf_bucket_key);
	__type(value, __u64);
} buckets SEC(".maps");

struct members {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BPF_MEMBERS_ROOM);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(struct bpf_member));
	__uint(value_size, sizeof(__u8));
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, BPF_ASKED_MAX);
	__type(key, struct bpf_asked_key);
	__array(values, struct members);
} asked SEC(".maps");

/* --- groups that embed an address --- */

static __always_inline bool is_above(__u64 a_hi, __u64 a_lo, __u64 b_hi, __u64 b_lo)
{
	return a_hi > b_hi || (a_hi == b_hi && a_lo > b_lo);
}

/* Among ranges, by their first address. */
struct range_search {
	const struct table *t;
	__u64 hi, lo;
	__u32 at, n;
};

static long range_step(__u32 i, void *ctx)
{
	struct range_search *s = ctx;
	__u32 half = s->n / 2, middle = s->at + half * sizeof(struct bpf_range);

	if (s->n <= 1)
		return 1;
	if (!is_above(long_at(s->t, middle), long_at(s->t, middle + 8), s->hi, s->lo))
		s->at = middle;
	s->n -= half;
	return 0;
}

static __always_inline bool mask_holds(const struct table *t, const struct bpf_mask *m,
				       const struct frame *f)
{
	struct range_search s = { .t = t, .hi = f->group_hi & m->hi, .lo = f->group_lo & m->lo,
				  .at = m->ranges, .n = m->n };

	bpf_loop(SEARCH_MAX, range_step, &s, 0);
	return s.n > 0 && !is_above(long_at(t, s.at), long_at(t, s.at + 8), s.hi, s.lo) &&
	       !is_above(s.hi, s.lo, long_at(t, s.at + 16), long_at(t, s.at + 24));
}

/* --- who asked for it --- */

#define ASKS_WHO (BPF_ASKS_JOINED | BPF_ASKS_NOT_JOINED)

/* All that this program has read was read before what follows. */
static __always_inline void read_before(void)
{
	__u64 any = 0;

	any = __sync_fetch_and_add(&any, 1);
	asm volatile("" : : "r"(any) : "memory");
}

/* Which of the two holds; 0 where it is not known.  Who tells it changes the members first, and then the
 * word by which flows are remembered: so it is looked for behind that word. */
static __noinline __u32 find_asked(const struct table *t, const struct frame *f)
{
	struct bpf_member m = { f->source_hi, f->source_lo, f->group_hi, f->group_lo,
				BPF_MEMBER_PAIR, 0 };
	void *members;

	read_before();
	members = bpf_map_lookup_elem(&asked, t->image + (t->slot->side.asked & t->mask));
	if (!members)
		return 0;
	if (bpf_map_lookup_elem(members, &m))
		return BPF_ASKS_JOINED;
	m.source_hi = m.source_lo = 0;
	m.kind = BPF_MEMBER_GROUP;
	if (bpf_map_lookup_elem(members, &m))
		return BPF_ASKS_JOINED;
	m.group_hi = m.group_lo = 0;
	m.kind = BPF_MEMBER_KNOWN;
	return bpf_map_lookup_elem(members, &m) ? BPF_ASKS_NOT_JOINED : 0;
}

/* --- lists --- */

static __always_inline bool is_sap_group(const struct frame *f)
{
	if (f->is_ip6)		/* ff0x::2:7ffe */
		return (f->group_hi & 0xfff0ffffffffffffull) == 0xff00000000000000ull &&
		       f->group_lo == 0x27ffe;
	return f->group_lo == 0xe0027ffe || f->group_lo == 0xe0027fff ||
	       f->group_lo == 0xefffffff || f->group_lo == 0xefc3ffff;
}

/* As src/wire/protocols.c has it: by port, and where that says nothing by group. */
static __noinline __u32 kind_of(const struct frame *f)
{
	if (f->upper.protocol == PROTOCOL_TCP)
		return BPF_KIND_TCP;
	if (f->upper.protocol == PROTOCOL_ICMP6 && f->is_ip6)
		return BPF_KIND_ICMP6;
	if (f->upper.protocol != PROTOCOL_UDP)
		return BPF_KIND_IP;
	if (!f->upper.is_datagram || f->upper.dport == PORT_AUTORP)
		return BPF_KIND_UDP;
	if (f->upper.dport == PORT_RASADV)
		return BPF_KIND_RASADV;
	if (f->upper.dport == PORT_SAP)
		return BPF_KIND_SAP;
	if (!f->is_ip6 && f->group_lo == 0xefff0202)
		return BPF_KIND_RASADV;
	return is_sap_group(f) ? BPF_KIND_SAP : BPF_KIND_UDP;
}

struct walk {
	const struct table *t;
	const struct frame *f;
	__u32 list;			/* offset of the first rule */
	__u32 last;			/* how many come before the one that needs no test */
	__u32 rule;
	__u32 asks;			/* what those asked that were tested */
};

/* What was decided depends on who asked for it just now: above the number of the rule. */
#define DECIDED_NOW 0x80000000u

static __always_inline const struct bpf_demand *demand_of(const struct table *t, __u32 rule)
{
	__u32 at = t->slot->side.demands + rule * sizeof(struct bpf_demand);

	return (const void *)(t->image + (at & t->mask));
}

/* The masks of one rule. */
struct masks {
	const struct table *t;
	const struct frame *f;
	__u32 at;
	__u32 hold;			/* a number: the verifier wants to see 0 or 1 returned */
};

static long mask_step(__u32 i, void *ctx)
{
	struct masks *m = ctx;
	__u32 at = m->at + i * sizeof(struct bpf_mask);

	m->hold = mask_holds(m->t, (const void *)(m->t->image + (at & m->t->mask)),
			     m->f);
	return m->hold == 0;
}

static __always_inline bool masks_hold(const struct table *t, const struct bpf_demand *d,
				       const struct frame *f)
{
	struct masks m = { .t = t, .f = f, .at = d->masks, .hold = 1 };

	bpf_loop(d->mask_count, mask_step, &m, 0);
	return m.hold != 0;
}

static __always_inline bool demand_holds(const struct table *t, const struct bpf_demand *d,
				    const struct frame *f)
{
	if (d->asks & BPF_ASKS_TTL && (f->ttl < d->ttl_first || f->ttl > d->ttl_last))
		return false;
	if (d->asks & BPF_ASKS_PORT && (!f->upper.has_ports || f->upper.dport < d->port_first ||
					f->upper.dport > d->port_last))
		return false;
	if (d->asks & BPF_ASKS_FLAG && !(d->flags & f->upper.flags))
		return false;
	if (d->asks & BPF_ASKS_KIND && d->kind != kind_of(f))
		return false;
	/* of IPv4 the class of the group says which address it embeds */
	if (d->asks & BPF_ASKS_MASKS && f->is_ip6 && !masks_hold(t, d, f))
		return false;
	return !(d->asks & ASKS_WHO) || d->asks & find_asked(t, f);
}

static long walk_step(__u32 i, void *ctx)
{
	struct walk *w = ctx;
	const struct bpf_demand *d;

	w->rule = half_at(w->t, w->list + (i << 1));
	if (i >= w->last)
		return 1;
	d = demand_of(w->t, w->rule);
	w->asks |= d->asks;
	return demand_holds(w->t, d, w->f);
}

/* The first rule of a list that holds, and DECIDED_NOW. */
static __noinline __u32 walk_list(const struct table *t, const struct frame *f, __u32 cell)
{
	__u32 list = t->slot->side.lists + ((cell & ~BPF_CELL_LIST) << 1);
	struct walk w = { .t = t, .f = f, .list = list + 2, .last = half_at(t, list) - 1 };

	bpf_loop(w.last + 1, walk_step, &w, 0);
	return w.rule | (w.asks & ASKS_WHO ? DECIDED_NOW : 0);
}

/* --- limits --- */

/* One token, where there is one.  `full` is the moment at which a full bucket would have been empty:
 * a bucket never holds more. */
static __noinline bool take_token(const struct bpf_demand *d, __u64 *bucket, __s64 now)
{
	__s64 cost = d->cost, full = now - (__s64)d->brim;

	for (int i = 0; i < 8; i++) {
		__s64 was = *(volatile __s64 *)bucket, base = was < full ? full : was;

		if (base + cost > now)
			return false;
		if (__sync_val_compare_and_swap(bucket, was, base + cost) == (__u64)was)
			return true;
	}
	return false;
}

static __noinline bool pass_limit(const struct table *t, const struct frame *f, __u32 rule)
{
	const struct bpf_demand *d = demand_of(t, rule);
	struct bpf_bucket_key key = { .rule = d->bucket };
	__u64 *bucket, begun;
	__s64 now;

	now = (d->is_exact ? bpf_ktime_get_ns() : bpf_ktime_get_coarse_ns()) << 4;
	if (d->by_source) {
		key.hi = f->source_hi;
		key.lo = f->source_lo;
	}
	bucket = bpf_map_lookup_elem(&buckets, &key);
	if (!bucket) {
		begun = now - (__s64)d->brim;
		bpf_map_update_elem(&buckets, &key, &begun, BPF_NOEXIST);
		bucket = bpf_map_lookup_elem(&buckets, &key);
	}
	return bucket && take_token(d, bucket, now);
}

#endif
