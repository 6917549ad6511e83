/* SPDX-License-Identifier: BSD-2-Clause */
/* Judges multicast packets in the kernel, by the image of layout.h: at the ingress of an interface
 * by XDP or tc, at its egress by tc.  What has no multicast destination leaves at the first test.
 * Knows no policy: classes, a matrix and short lists were made of it beforehand.  LANGUAGE sections
 * 3 and 4 say what is judged. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "enforce/bpf/frame.h"

#define PASS false
#define DROP true

#define SEARCH_MAX     24		/* steps of a search among sorted keys */
#define PULL_BYTES     192		/* of a packet in pieces: as far as headers are read */

#define PORT_AUTORP 496
#define PORT_RASADV 9753
#define PORT_SAP    9875

char _license[] SEC("license") = "Dual BSD/GPL";

/* Told at load. */
const volatile __u32 image_mask;	/* the size of the image, a power of two, less one */
const volatile __u32 own_slot;
const volatile __u32 is_bare;		/* packets begin with their IP header */
const volatile __u32 own_hook;

struct image {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct bpf_image));	/* made larger before it is loaded */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct image);
} policy SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bpf_counter);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct bpf_bucket_key);
	__type(value, __u64);
} buckets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BPF_SEEN_SETS);
	__type(key, __u32);
	__type(value, struct bpf_seen);
} seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} samples SEC(".maps");

/* The image at hand. */
struct table {
	const __u8 *image;
	const struct bpf_slot *slot;
	__u32 mask;
};

/* --- reading the image: masked, so that the verifier sees that nothing lies outside --- */

static __always_inline __u32 word_at(const struct table *t, __u32 offset)
{
	return *(const __u32 *)(t->image + (offset & t->mask & ~3u));
}

static __always_inline __u32 half_at(const struct table *t, __u32 offset)
{
	return *(const __u16 *)(t->image + (offset & t->mask & ~1u));
}

static __always_inline __u64 long_at(const struct table *t, __u32 offset)
{
	return *(const __u64 *)(t->image + (offset & t->mask & ~7u));
}

/* What no policy may stop at an interface, lest the link itself break: returns one of BPF_ID_, or
 * BPF_ID_MORE for what is judged. */
static __always_inline __u32 exempt(const struct frame *f)
{
	if (f->is_ip6) {
		__u32 scope = f->group_hi >> 48 & 0xf;

		if (scope == 1 || scope == 2)
			return BPF_ID_LINK_LOCAL;
		if (f->upper.protocol == PROTOCOL_PIM)
			return BPF_ID_CONTROL;
		/* MLD: RFC 2710, RFC 3810; and a Router Advertisement, which is no data */
		if (f->upper.protocol == PROTOCOL_ICMP6 &&
		    ((f->upper.icmp_type >= 130 && f->upper.icmp_type <= 132) ||
		     f->upper.icmp_type == 134 || f->upper.icmp_type == 143))
			return BPF_ID_CONTROL;
		return BPF_ID_MORE;
	}
	if (f->group_lo >> 8 == 0xe00000)
		return BPF_ID_LINK_LOCAL;
	if (f->upper.protocol == PROTOCOL_IGMP || f->upper.protocol == PROTOCOL_PIM)
		return BPF_ID_CONTROL;
	return BPF_ID_MORE;
}

/* --- classes --- */

static __always_inline __u32 class4(const struct table *t, __u32 top, __u32 address)
{
	__u32 blocks = t->slot->side.blocks4;
	__u32 middle = half_at(t, blocks + (top << 9) + (address >> 7 & 0x1fe));

	return half_at(t, blocks + (middle << 9) + (address << 1 & 0x1fe));
}

static __always_inline __u32 walk_tables(const struct table *t, const struct bpf_trie *trie,
					 __u32 ref, __u32 bytes)
{
	for (int i = 0; i < 4; i++) {
		if (!(ref & BPF_REF_TABLE))
			break;
		ref = word_at(t, trie->tables + ((ref & ~BPF_REF_KIND) << 10) +
					 (bytes >> 22 & 0x3fc));
		bytes <<= 8;
	}
	return ref;
}

/* A search is a loop of the kernel's own, so that the verifier looks at one step of it and not at
 * every way in which it may end. */
struct search {
	const struct table *t;
	__u64 key;
	__u32 at, n;			/* keys left: the one sought is among them */
};

static long search_step(__u32 i, void *ctx)
{
	struct search *s = ctx;
	__u32 half = s->n / 2, middle = s->at + (half << 3);

	if (s->n <= 1)
		return 1;
	if (long_at(s->t, middle) <= s->key)
		s->at = middle;
	s->n -= half;
	return 0;
}

/* Where the last of n sorted keys stands that is not above the one sought; the first never is. */
static __always_inline __u32 search_keys(const struct table *t, __u32 keys, __u32 n, __u64 key)
{
	struct search s = { .t = t, .key = key, .at = keys, .n = n };

	bpf_loop(SEARCH_MAX, search_step, &s, 0);
	return s.at;
}

static __noinline __u32 class6(const struct table *t, const struct bpf_trie *trie, __u64 hi,
			       __u64 lo)
{
	__u32 ref = walk_tables(t, trie, trie->root, hi >> 32);
	__u32 list, keys, at;

	if (!(ref & BPF_REF_LIST))
		return ref;
	list = trie->lists + ((ref & ~BPF_REF_KIND) << 3);
	keys = trie->keys;
	at = search_keys(t, keys + (word_at(t, list) << 3), word_at(t, list + 4),
			 hi << 32 | lo >> 32);
	return walk_tables(t, trie, word_at(t, trie->nexts + ((at - keys) >> 1)), (__u32)lo);
}

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
};

static __always_inline const struct bpf_demand *demand_of(const struct table *t, __u32 rule)
{
	__u32 at = t->slot->side.demands + rule * sizeof(struct bpf_demand);

	return (const void *)(t->image + (at & (t->mask >> 1) & ~7u));
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

	m->hold = mask_holds(m->t, (const void *)(m->t->image + (at & (m->t->mask >> 1) & ~7u)),
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
	return !(d->asks & BPF_ASKS_MASKS) || masks_hold(t, d, f);
}

static long walk_step(__u32 i, void *ctx)
{
	struct walk *w = ctx;

	w->rule = half_at(w->t, w->list + (i << 1));
	return i >= w->last || demand_holds(w->t, demand_of(w->t, w->rule), w->f);
}

/* The first rule of a list that holds. */
static __noinline __u32 walk_list(const struct table *t, const struct frame *f, __u32 cell)
{
	__u32 list = t->slot->side.lists + ((cell & ~BPF_CELL_LIST) << 1);
	struct walk w = { .t = t, .f = f, .list = list + 2, .last = half_at(t, list) - 1 };

	bpf_loop(w.last + 1, walk_step, &w, 0);
	return w.rule;
}

/* The cell of a matrix, and behind it the rule that decides: its action above, its number below. */
static __always_inline __u32 resolve(const struct table *t, const struct frame *f, __u32 cell)
{
	__u32 rule;

	if (!(cell & BPF_CELL_LIST))
		return cell;
	rule = walk_list(t, f, cell);
	return (__u32)demand_of(t, rule)->action << 16 | rule;
}

static __always_inline __u32 plane_of(const struct table *t, const struct frame *f)
{
	const struct bpf_side *side = &t->slot->side;

	return side->asks_upper ? half_at(t, side->planes + (__u32)f->upper.protocol * 2)
				: side->plane;
}

static __always_inline __u32 judge4(const struct table *t, const struct frame *f)
{
	const struct bpf_side *side = &t->slot->side;
	__u32 s = f->source_lo, g = f->group_lo;
	__u32 source = class4(t, half_at(t, side->sources4 + (s >> 15 & 0x1fffe)), s);
	__u32 group = class4(t, half_at(t, side->groups4 + (g >> 15 & 0x1ffe)), g);

	return word_at(t, side->cells4 + plane_of(t, f) * side->plane4 + source * side->row4 +
				  (group << 2));
}

static __always_inline __u32 judge6(const struct table *t, const struct frame *f)
{
	const struct bpf_side *side = &t->slot->side;
	__u32 source = class6(t, &side->source6, f->source_hi, f->source_lo);
	__u32 group = class6(t, &side->group6, f->group_hi, f->group_lo);

	return word_at(t, side->cells6 + plane_of(t, f) * side->plane6 + source * side->row6 +
				  (group << 2));
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

static __noinline bool pass_limit(const struct table *t, const struct frame *f, __u32 rule,
				  __u64 now_ns)
{
	const struct bpf_demand *d = demand_of(t, rule);
	struct bpf_bucket_key key = { .rule = d->bucket };
	__u64 *bucket, begun;
	__s64 now;

	if (d->is_exact)
		now_ns = bpf_ktime_get_ns();
	now = now_ns << 4;
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

/* --- counters and samples --- */

static __always_inline void count(const struct table *t, __u32 index, __u32 length, __u64 now_ns)
{
	__u32 id = word_at(t, t->slot->ids + (index << 2));
	struct bpf_counter *c = bpf_map_lookup_elem(&counters, &id);

	if (!c)
		return;
	c->packets++;
	c->bytes += length;
	c->last_ns = now_ns;
}

/* Whether a sample is due: the first of each (S,G) in a minute (56 times 2^30 ns).  Where a set is
 * crowded the longest unseen gives way, and no set takes more than four in a second. */
static __always_inline bool is_due(const struct frame *f, __u64 now_ns)
{
	__u64 hash = ((f->source_lo ^ f->source_hi * 3) * 0x9fb21c651e98df25ull ^ f->group_lo ^
		      f->group_hi * 5 ^ (__u64)own_slot << 48) * 0x9e3779b97f4a7c15ull;
	__u32 set = hash >> 32 & (BPF_SEEN_SETS - 1), now = (__u32)(now_ns >> 30) + 1;
	__u64 tag = (hash ^ hash << 32) & 0xffffffff00000000ull;
	struct bpf_seen *s = bpf_map_lookup_elem(&seen, &set);
	__u32 oldest = 0;

	if (!s)
		return false;
#pragma unroll
	for (__u32 i = 0; i < BPF_SEEN_WAYS; i++) {
		if ((s->ways[i] & 0xffffffff00000000ull) == tag) {
			if (now - (__u32)s->ways[i] < 56)
				return false;
			s->ways[i] = tag | now;
			return true;
		}
		if ((__u32)s->ways[i] < (__u32)s->ways[oldest])
			oldest = i;
	}
	if ((__u32)s->ways[oldest] == now)
		return false;
	s->ways[oldest] = tag | now;
	return true;
}

/* True for SAP and rasadv; the port is read here where nothing asked for it before. */
static __always_inline bool is_announcement(const struct bytes *b, const struct frame *f)
{
	const __u8 *p = at_offset(b, f->ip);
	__u16 port = bpf_htons(f->upper.dport);

	if (f->upper.protocol != PROTOCOL_UDP)
		return false;
	if (!f->upper.is_known) {
		__u32 n = f->is_ip6 ? 40 : 20;

		if (p + 44 > b->end)
			return false;
		if (!f->is_ip6) {
			n = (p[0] & 0xf) * 4;
			if (*(const __u16 *)(p + 6) & bpf_htons(0x1fff))
				return false;
		}
		p += n;
		if (p + 4 > b->end)
			return false;
		port = *(const __u16 *)(p + 2);
	}
	return port == bpf_htons(PORT_RASADV) || port == bpf_htons(PORT_SAP);
}

#define OUTCOME_DROP   1
#define OUTCOME_SAMPLE 2
#define OUTCOME_DRY    4

static __always_inline __u32 outcome_of(const struct table *t, const struct bytes *b,
					const struct frame *f, __u64 now_ns)
{
	__u32 outcome = is_announcement(b, f) || is_due(f, now_ns) ? OUTCOME_SAMPLE : 0;

	return outcome | (t->slot->is_dry_run ? OUTCOME_DRY : OUTCOME_DROP);
}

/* Counts the packet under its rule, and says what becomes of it. */
static __always_inline __u32 settle(const struct table *t, const struct bytes *b,
				    const struct frame *f, __u32 verdict)
{
	__u32 rule = verdict & 0xffff, action = verdict >> 16;
	__u64 now_ns = bpf_ktime_get_coarse_ns();

	if (action == BPF_ACTION_LIMIT) {
		bool pass = pass_limit(t, f, rule, now_ns);

		action = pass ? BPF_ACTION_PASS : BPF_ACTION_DROP;
		rule = pass ? rule : demand_of(t, rule)->refused;
	}
	count(t, rule, f->length, now_ns);
	return action == BPF_ACTION_DROP ? outcome_of(t, b, f, now_ns) : 0;
}

static __always_inline bool find_table(struct table *t)
{
	__u32 zero = 0;
	void *image = bpf_map_lookup_elem(&policy, &zero);
	const struct bpf_image *head;

	if (!image)
		return false;
	head = bpf_map_lookup_elem(image, &zero);
	if (!head)
		return false;
	t->image = (const __u8 *)head;
	t->slot = &head->slots[own_slot & (BPF_SLOTS - 1)];
	t->mask = image_mask;
	return t->slot->is_active;
}

static __always_inline __u32 judge(const struct carrier *c, const struct bytes *b)
{
	struct frame f = { .length = b->length };
	__u32 found = find_ip(b, c, is_bare), exemption;
	__u16 ethertype = found;
	struct table t;

	f.ip = found >> 16;
	if (ethertype == bpf_htons(ETH_P_IP)
		    ? !read_ip4(b, &f)
		    : ethertype != bpf_htons(ETH_P_IPV6) || !read_ip6(b, &f))
		return 0;
	if (!find_table(&t))
		return 0;
	if (t.slot->side.asks_upper || (f.is_ip6 && f.upper.protocol != PROTOCOL_UDP))
		look_further(&f, c);
	exemption = exempt(&f);
	if (exemption != BPF_ID_MORE) {
		count(&t, t.slot->side.rule_count + exemption, f.length, bpf_ktime_get_coarse_ns());
		return 0;
	}
	if (c->skb && c->skb->ingress_ifindex)
		f.ttl += t.slot->ttl_less;
	return settle(&t, b, &f, resolve(&t, &f, f.is_ip6 ? judge6(&t, &f) : judge4(&t, &f)));
}

static __always_inline struct bpf_sample *begin_sample(__u32 length, __u32 outcome)
{
	struct bpf_sample *s = bpf_ringbuf_reserve(&samples, sizeof(*s), 0);

	if (!s)
		return NULL;
	s->at_ns = bpf_ktime_get_coarse_ns();
	s->length = length;
	s->vlan_tci = s->vlan_protocol = 0;
	s->captured = 0;
	s->hook = own_hook;
	s->is_bare = is_bare;
	s->is_dry_run = !!(outcome & OUTCOME_DRY);
	return s;
}

static __always_inline void sample_xdp(struct xdp_md *ctx, __u32 length, __u32 outcome)
{
	struct bpf_sample *s = begin_sample(length, outcome);
	__u32 n = length < BPF_SAMPLE_BYTES ? length : BPF_SAMPLE_BYTES;

	if (!s)
		return;
	s->ifindex = ctx->ingress_ifindex;
	if (n > 0 && bpf_xdp_load_bytes(ctx, 0, s->bytes, n) == 0)
		s->captured = n;
	bpf_ringbuf_submit(s, 0);
}

static __always_inline void sample_skb(struct __sk_buff *skb, __u32 outcome)
{
	struct bpf_sample *s = begin_sample(skb->len, outcome);
	__u32 n = skb->len < BPF_SAMPLE_BYTES ? skb->len : BPF_SAMPLE_BYTES;

	if (!s)
		return;
	s->ifindex = skb->ifindex;
	if (skb->vlan_present) {
		s->vlan_tci = skb->vlan_tci;
		s->vlan_protocol = skb->vlan_proto;
	}
	if (n > 0 && bpf_skb_load_bytes(skb, 0, s->bytes, n) == 0)
		s->captured = n;
	bpf_ringbuf_submit(s, 0);
}

SEC("xdp")
int weir_xdp(struct xdp_md *ctx)
{
	struct bytes b = bytes_of_xdp(ctx);
	struct carrier c = { .xdp = ctx };
	__u32 outcome = judge(&c, &b);

	if (outcome & OUTCOME_SAMPLE)
		sample_xdp(ctx, b.length, outcome);
	return outcome & OUTCOME_DROP ? XDP_DROP : XDP_PASS;
}

/* Passing is to go on with the filters behind this one. */
SEC("tc")
int weir_tc(struct __sk_buff *skb)
{
	__u32 outcome, n = skb->len < PULL_BYTES ? skb->len : PULL_BYTES;
	struct carrier c = { .skb = skb };
	struct bytes b = bytes_of_skb(skb);

	if (b.data + n > b.end) {
		bpf_skb_pull_data(skb, n);
		b = bytes_of_skb(skb);
	}
	outcome = judge(&c, &b);
	if (outcome & OUTCOME_SAMPLE)
		sample_skb(skb, outcome);
	return outcome & OUTCOME_DROP ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}
