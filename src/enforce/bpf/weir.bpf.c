/* SPDX-License-Identifier: BSD-2-Clause */
/* Judges multicast packets in the kernel, by the image of layout.h: at the ingress of an interface
 * by XDP or tc, at its egress by tc.  What has no multicast destination leaves at the first test.
 * Knows no policy: classes, a matrix and short lists were made of it beforehand.  LANGUAGE sections
 * 3 and 4 say what is judged. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "enforce/bpf/demand.h"
#include "enforce/bpf/flow.h"
#include "enforce/bpf/frame.h"
#include "enforce/bpf/image.h"
#include "enforce/bpf/pairs.h"

#define PULL_BYTES 192		/* of a packet in pieces: as far as headers are read */

char _license[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} samples SEC(".maps");

/* All that is in the section of zeros, which is a map that needs no look-up. */
static struct bpf_seen seen[BPF_SEEN_SETS];

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

static __always_inline __u32 far_class4(const struct table *t, __u32 top, __u32 address)
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

	if (n > SEARCH_FEW) {
		bpf_loop(SEARCH_MAX, search_step, &s, 0);
		return s.at;
	}
	for (int i = 0; i < SEARCH_FEW_LOG; i++) {
		__u32 half = n / 2, middle = keys + (half << 3);

		if (long_at(t, middle) <= key)
			keys = middle;
		n -= half;
	}
	return keys;
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

/* The cell of a matrix, and behind it the rule that decides: its action above, its number below, and
 * DECIDED_NOW. */
static __always_inline __u32 resolve(const struct table *t, const struct frame *f, __u32 cell)
{
	__u32 rule;

	if (!(cell & BPF_CELL_LIST))
		return cell;
	rule = walk_list(t, f, cell);
	return (__u32)demand_of(t, rule & 0xffff)->action << 16 | rule;
}

/* The offset of a row of cells, and in it. */
static __noinline __u32 far_cell4(const struct table *t, __u32 source, __u32 group)
{
	const struct bpf_side *side = &t->slot->side;
	__u32 s, g;

	if (side->row4 == 0)
		return pair_cell4(t, pairs_at(t, side->pairs4), source, group);
	s = half_at(t, side->sources4 + (source >> 15 & 0x1fffe));
	g = half_at(t, side->groups4 + (group >> 15 & 0x1ffe));

	return far_class4(t, s, source) * side->row4 + (far_class4(t, g, group) << 2);
}

static __always_inline __u32 near_cell4(const struct table *t, __u32 source, __u32 group)
{
	const struct bpf_side *side = &t->slot->side;
	const struct bpf_near *n = (const void *)(t->image + (side->near & t->mask));
	__u32 s = n->source_tops[source >> 16], g = n->group_tops[group >> 16 & 0xfff];

	s = n->source_middles[s << 8 | (source >> 8 & 0xff)];
	g = n->group_middles[g << 8 | (group >> 8 & 0xff)];
	s = n->source_bottoms[s << 8 | (source & 0xff)];
	g = n->group_bottoms[g << 8 | (group & 0xff)];
	return s * side->row4 + (g << 2);
}

static __always_inline __u32 cell4(const struct table *t, __u32 plane, __u32 source, __u32 group)
{
	return word_at(t, plane + (t->slot->side.near ? near_cell4(t, source, group)
						      : far_cell4(t, source, group)));
}

/* Where a cell is in its plane. */
static __noinline __u32 pair_cell6(const struct table *t, const struct frame *f)
{
	const struct bpf_side *side = &t->slot->side;
	const struct bpf_pairs *p = pairs_at(t, side->pairs6);
	__u32 source = host_class(t, &p->source_hosts, f->source_hi, f->source_lo);
	__u32 group = host_class(t, &p->group_hosts, f->group_hi, f->group_lo);

	if (source == BPF_PAIR_NONE)
		source = class6(t, &side->source6, f->source_hi, f->source_lo);
	if (group == BPF_PAIR_NONE)
		group = class6(t, &side->group6, f->group_hi, f->group_lo);
	return pair_cell(t, p, source, group);
}

static __always_inline __u32 cell6(const struct table *t, const struct frame *f)
{
	const struct bpf_side *side = &t->slot->side;
	__u32 plane = word_at(t, side->planes6 + (__u32)f->upper.protocol * 4), source, group;

	if (side->row6 == 0)
		return word_at(t, plane + pair_cell6(t, f));
	source = class6(t, &side->source6, f->source_hi, f->source_lo);
	group = class6(t, &side->group6, f->group_hi, f->group_lo);
	return word_at(t, plane + source * side->row6 + (group << 2));
}

/* --- counters and samples --- */

/* Under the counter of a rule, or of what stands behind the rules; returns its offset. */
static __always_inline __u32 count_rule(const struct table *t, const struct moment *now,
					__u32 index, __u32 length)
{
	__u32 counter = counter_of(now, word_at(t, t->slot->ids + (index << 2)));

	count_later(counter, length, now);
	return counter;
}

/* An (S,G) that was not seen in this minute: it takes its own way, or that which was unseen for
 * longer.  No set gives more than two samples in a unit of time. */
static __noinline bool note_seen(struct bpf_seen *s, __u32 entry)
{
	__u32 age0 = (entry - s->ways[0]) & BPF_SEEN_TIME;
	__u32 age1 = (entry - s->ways[1]) & BPF_SEEN_TIME;

	if ((s->ways[0] ^ entry) >> BPF_SEEN_TIME_BITS == 0) {
		s->ways[0] = entry;
	} else if ((s->ways[1] ^ entry) >> BPF_SEEN_TIME_BITS == 0) {
		s->ways[1] = entry;
	} else if (s->ways[0] == 0 || (s->ways[1] && age0 >= age1)) {
		if (s->ways[0] && age0 == 0)
			return false;
		s->ways[0] = entry;
	} else {
		s->ways[1] = entry;
	}
	return true;
}

/* Whether a sample is due: the first of each (S,G) in a minute.  An entry has the time in its low
 * bits, so what was seen in this minute lies less than a minute above the oldest that would do.
 * `wanted` 0 asks for nothing.  All is asked at once, for a branch that is guessed wrong costs
 * more. */
static __always_inline bool is_due(__u32 source, __u32 group, __u64 ticks, __u64 wanted)
{
	__u64 hash = ((__u64)source << 32 | group) * 0x9e3779b97f4a7c15ull;
	__u32 set = hash >> (64 - BPF_SEEN_SETS_BITS);
	__u32 now = ticks >> BPF_UNIT_BITS & BPF_SEEN_TIME;
	__u32 entry = (__u32)(hash >> 20) << BPF_SEEN_TIME_BITS | now, first = entry - told.minute;
	struct bpf_seen *s = &seen[set & (BPF_SEEN_SETS - 1)];
	__u64 a, b;

	a = (__u64)(s->ways[0] - first - 1) - told.minute;
	b = (__u64)(s->ways[1] - first - 1) - told.minute;
	if ((__s64)(a | b | (wanted - 1)) < 0)		/* one of them was less, or 0 */
		return false;
	return note_seen(s, entry);
}

/* True for SAP and rasadv in IPv4, where nothing looked at the port before. */
static __always_inline bool is_announcement4(const struct bytes *b, __u32 ip, __u8 protocol)
{
	const __u8 *p = at_offset(b, ip);
	__u32 header;
	__u16 port;

	if (protocol != PROTOCOL_UDP || p + 20 > b->end)
		return false;
	header = (p[0] & 0xf) * 4;
	if (*(const __u16 *)(p + 6) & bpf_htons(0x1fff) || p + header + 4 > b->end)
		return false;
	port = *(const __u16 *)(p + header + 2);
	return is_looked_at(port);
}

static __always_inline bool is_announcement(const struct bytes *b, const struct frame *f)
{
	const __u8 *p = at_offset(b, f->ip);
	__u16 port = bpf_htons(f->upper.dport);

	if (!f->upper.is_known && !f->is_ip6)
		return is_announcement4(b, f->ip, f->upper.protocol);
	if (!f->upper.is_known) {
		if (p + 44 > b->end)
			return false;
		port = *(const __u16 *)(p + 42);
	}
	return f->upper.protocol == PROTOCOL_UDP && is_looked_at(port);
}

static __always_inline __u32 fold(__u64 hi, __u64 lo)
{
	__u64 mixed = (hi * 3 ^ lo) * 0x9fb21c651e98df25ull;

	return hi ? mixed >> 32 : lo;
}

static __always_inline __u32 drop_outcome(const struct table *t, const struct bytes *b,
					  const struct frame *f, __u64 ticks)
{
	bool due = is_announcement(b, f) || is_due(fold(f->source_hi, f->source_lo),
						   fold(f->group_hi, f->group_lo), ticks, 1);

	return t->slot->on_drop | (due ? BPF_OUTCOME_SAMPLE : 0);
}

/* Counts the packet under its rule, and says what becomes of it. */
static __always_inline struct ruling settle(const struct table *t, const struct moment *now,
					    const struct bytes *b, const struct frame *f,
					    __u32 verdict)
{
	__u32 rule = verdict & 0xffff, action = (verdict & ~DECIDED_NOW) >> 16;
	struct ruling r = { .lasts = action != BPF_ACTION_LIMIT &&
				     !(verdict & DECIDED_NOW && t->slot->forgets) };

	if (action == BPF_ACTION_LIMIT) {
		bool pass = pass_limit(t, f, rule);

		action = pass ? BPF_ACTION_PASS : BPF_ACTION_DROP;
		rule = pass ? rule : demand_of(t, rule)->refused;
	}
	r.counter = count_rule(t, now, rule, f->length);
	r.outcome = action == BPF_ACTION_DROP ? drop_outcome(t, b, f, now->ticks) : 0;
	return r;
}

/* True where the IP header does not tell which protocol it carries, or if it is MLD. */
static __always_inline bool is_upper_hidden(const struct frame *f)
{
	__u8 next = f->upper.protocol;

	return f->is_ip6 ? next != PROTOCOL_UDP && next != PROTOCOL_TCP : next == PROTOCOL_AH;
}

/* Every packet, the long way. */
static __always_inline struct ruling judge_frame(const struct carrier *c, const struct bytes *b,
						 const struct table *t, const struct moment *now,
						 struct frame *f)
{
	__u32 exemption, cell;

	if (t->slot->side.asks_upper || is_upper_hidden(f))
		look_further(f, c);
	exemption = exempt(f);
	if (exemption != BPF_ID_MORE) {
		exemption += t->slot->side.rule_count;
		return (struct ruling){ .counter = count_rule(t, now, exemption, f->length),
					.lasts = true };
	}
	f->ttl += ttl_less(c, t->slot->word);
	cell = f->is_ip6
		       ? cell6(t, f)
		       : cell4(t, word_at(t, t->slot->side.planes4 + (__u32)f->upper.protocol * 4),
			       f->source_lo, f->group_lo);
	return settle(t, now, b, f, resolve(t, f, cell));
}

static __always_inline struct ruling judge6(const struct carrier *c, const struct bytes *b,
					    const struct table *at, const struct moment *now,
					    const struct ip6 *ip)
{
	struct frame f = { .source_hi = ip->source_hi, .source_lo = ip->source_lo,
			   .group_hi = ip->group_hi, .group_lo = ip->group_lo,
			   .length = b->length, .ip = ip->at, .is_ip6 = 1, .ttl = ip->ttl };
	struct table t = *at;

	f.upper.protocol = ip->protocol;
	return judge_frame(c, b, &t, now, &f);
}

static __always_inline struct ruling judge4_slowly(const struct carrier *c, const struct bytes *b,
						   const struct table *at, const struct moment *now,
						   const struct ip4 *ip)
{
	struct frame f = { .source_lo = ip->source, .group_lo = ip->group, .length = b->length,
			   .ip = ip->at, .ttl = ip->ttl };
	struct table t = *at;

	f.upper.protocol = ip->protocol;
	return judge_frame(c, b, &t, now, &f);
}

/* Most packets are data of IPv4 without options, whose cell is one rule: of these nothing is kept in
 * memory. */
static __always_inline struct ruling judge4(const struct carrier *c, const struct bytes *b,
					    const struct table *t, const struct moment *now,
					    const struct ip4 *ip)
{
	const __u8 *p = at_offset(b, ip->at);
	__u32 cell, plane, action;
	struct ruling r = { .lasts = true };
	__u16 port;

	plane = word_at(t, t->slot->side.planes4 + (__u32)ip->protocol * 4);
	if (plane == 0 || t->slot->side.asks_upper || ip->group >> 8 == 0xe00000 ||
	    p + 24 > b->end || p[0] != 0x45)
		return judge4_slowly(c, b, t, now, ip);
	port = *(const __u16 *)(p + 22);
	cell = cell4(t, plane, ip->source, ip->group);
	action = cell >> 16;
	if (action > BPF_ACTION_DROP)
		return judge4_slowly(c, b, t, now, ip);
	r.counter = count_rule(t, now, cell & 0xffff, b->length);
	r.outcome = -action & t->slot->on_drop;
	if (is_looked_at(port) && action && is_announcement4(b, ip->at, ip->protocol))
		r.outcome |= BPF_OUTCOME_SAMPLE;
	else if (is_due(ip->source, ip->group, now->ticks, action))
		r.outcome |= BPF_OUTCOME_SAMPLE;
	return r;
}

/* All but what is remembered, with the image looked for anew. */
static __always_inline __u64 judge_by_tables(const struct carrier *c, const struct bytes *b,
					     __u32 at, __u32 is_ip6)
{
	struct moment now = moment_now();
	struct ruling r = { 0 };
	struct table t;
	struct ip4 ip;
	struct ip6 ip6;

	if (!find_table(&t))
		return 0;
	if (is_ip6 && read_ip6(b, at, &ip6))
		r = judge6(c, b, &t, &now, &ip6);
	else if (!is_ip6 && read_ip4(b, at, &ip))
		r = judge4(c, b, &t, &now, &ip);
	return (__u64)r.counter << 32 | (r.lasts ? RULING_LASTS : 0) | r.outcome;
}

/* Global functions, as in frame.h: what is remembered lies on another way, which stays short. */

__u64 xdp_judge(struct xdp_md *ctx, __u32 at, __u32 is_ip6);
__u64 skb_judge(struct __sk_buff *skb, __u32 at, __u32 is_ip6);

__noinline __u64 xdp_judge(struct xdp_md *ctx, __u32 at, __u32 is_ip6)
{
	struct bytes b = bytes_of_xdp(ctx);
	struct carrier c = { .xdp = ctx };

	return judge_by_tables(&c, &b, at, is_ip6);
}

__noinline __u64 skb_judge(struct __sk_buff *skb, __u32 at, __u32 is_ip6)
{
	struct bytes b = bytes_of_skb(skb);
	struct carrier c = { .skb = skb };

	return judge_by_tables(&c, &b, at, is_ip6);
}

static __always_inline struct ruling judge_long(const struct carrier *c, __u32 at, __u32 is_ip6)
{
	__u64 all = c->xdp ? xdp_judge(c->xdp, at, is_ip6) : skb_judge(c->skb, at, is_ip6);

	return (struct ruling){ .outcome = all & (RULING_LASTS - 1), .counter = all >> 32,
				.lasts = (all & RULING_LASTS) != 0 };
}

/* --- before the tables: what is remembered, at both places --- */

static __always_inline __u32 pass4(const struct carrier *c, const struct bytes *b,
				   const struct table *t, __u32 at)
{
	const __u8 *p = at_offset(b, at);
	struct moment now = moment_now();
	__u64 word = t->slot->word;
	struct flow_key key;
	struct ruling r;
	__u32 value;

	if (p + 28 > b->end || p[0] != 0x45 || is_looked_at(*(const __u16 *)(p + 22)) ||
	    !read_key4(p, b->length - at, word, ttl_less(c, word), &now, &key))
		return judge_long(c, at, 0).outcome;
	if (find_flow4(&key, PLACE_1, &value) || find_flow4(&key, PLACE_2, &value)) {
		count_later(value, b->length, &now);
		return value & BPF_VALUE_OUTCOME;
	}
	r = judge_long(c, at, 0);
	if (r.lasts)
		keep_flow4(&key, &r);
	return r.outcome;
}

static __always_inline __u32 pass6(const struct carrier *c, const struct bytes *b,
				   const struct table *t, __u32 at)
{
	const __u8 *p = at_offset(b, at);
	struct moment now = moment_now();
	__u64 word = t->slot->word;
	struct flow_key key;
	struct ruling r;
	__u32 value;

	if (p + 48 > b->end || is_looked_at(*(const __u16 *)(p + 42)) ||
	    !read_key6(p, b->length - at, word, ttl_less(c, word), &now, &key))
		return judge_long(c, at, 1).outcome;
	if (find_flow6(&key, p, PLACE_1, &value) || find_flow6(&key, p, PLACE_2, &value)) {
		count_later(value, b->length, &now);
		return value & BPF_VALUE_OUTCOME;
	}
	r = judge_long(c, at, 1);
	if (r.lasts)
		keep_flow6(&key, p, &r);
	return r.outcome;
}

/* How much of a frame a sample holds; the mask is for the verifier, who lost sight of it. */
static __always_inline __u32 sample_bytes(__u32 length)
{
	__u32 n = length < BPF_SAMPLE_BYTES ? length : BPF_SAMPLE_BYTES;

	asm volatile("%0 &= 127" : "+r"(n));
	return n;
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
	s->hook = told.hook;
	s->is_bare = told.is_bare;
	s->is_dry_run = !!(outcome & BPF_OUTCOME_DRY);
	return s;
}

static __always_inline void sample_xdp(struct xdp_md *ctx, __u32 length, __u32 outcome)
{
	struct bpf_sample *s = begin_sample(length, outcome);
	__u32 n = sample_bytes(length);

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
	__u32 n = sample_bytes(skb->len);

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

static __always_inline __u32 judge(const struct carrier *c, const struct bytes *b)
{
	__u32 found = find_ip(b, c, told.is_bare);
	__u16 ethertype = found;
	struct table t;

	if (ethertype == bpf_htons(ETH_P_IP) && is_multicast4(b, found >> 16) && find_table(&t))
		return pass4(c, b, &t, found >> 16);
	if (ethertype == bpf_htons(ETH_P_IPV6) && is_multicast6(b, found >> 16) && find_table(&t))
		return pass6(c, b, &t, found >> 16);
	return 0;
}

/* --- before all that: the commonest frames --- */

/* Global functions, so that the programs need no stack. */

__u32 xdp_long(struct xdp_md *ctx);
__u32 skb_long(struct __sk_buff *skb);

__noinline __u32 xdp_long(struct xdp_md *ctx)
{
	struct bytes b = bytes_of_xdp(ctx);
	struct carrier c = { .xdp = ctx };
	__u32 outcome = judge(&c, &b);

	if (outcome & BPF_OUTCOME_SAMPLE)
		sample_xdp(ctx, b.length, outcome);
	return outcome;
}

__noinline __u32 skb_long(struct __sk_buff *skb)
{
	struct bytes b = bytes_of_skb(skb);
	struct carrier c = { .skb = skb };
	__u32 outcome = judge(&c, &b);

	if (outcome & BPF_OUTCOME_SAMPLE)
		sample_skb(skb, outcome);
	return outcome;
}

#define likely(x) __builtin_expect(x, 1)

/* False for what goes the long way. */
static __always_inline bool pass_ether4(const struct carrier *c, const struct bytes *b,
					const struct moment *now, __u32 *out_outcome)
{
	const __u8 *p = b->data + ETH_HLEN;
	struct flow_key key;
	__u64 word;

	*out_outcome = 0;
	if (!likely(p[16] >> 4 == 0xe))
		return true;			/* for no group */
	word = word_now();
	if (!likely(read_key4(p, b->length - ETH_HLEN, word, ttl_less(c, word), now, &key)) ||
	    !(likely(find_flow4(&key, PLACE_1, out_outcome)) ||
	      find_flow4(&key, PLACE_2, out_outcome)))
		return false;
	count_later(*out_outcome, b->length, now);
	return true;
}

static __always_inline bool pass_ether6(const struct carrier *c, const struct bytes *b,
					const struct moment *now, __u32 *out_outcome)
{
	const __u8 *p = b->data + ETH_HLEN;
	struct flow_key key;
	__u64 word;

	*out_outcome = 0;
	if (!likely(p[24] == 0xff))
		return true;
	word = word_now();
	if (!likely(read_key6(p, b->length - ETH_HLEN, word, ttl_less(c, word), now, &key)) ||
	    !(likely(find_flow6(&key, p, PLACE_1, out_outcome)) ||
	      find_flow6(&key, p, PLACE_2, out_outcome)))
		return false;
	count_later(*out_outcome, b->length, now);
	return true;
}

/* By the EtherType and the first byte of IP at once.  What is for a group and found in no flow goes the
 * long way, as all other frames. */
static __always_inline bool pass_ether(const struct carrier *c, const struct bytes *b,
				       const struct moment *now, __u32 *out_outcome)
{
	const __u8 *p = b->data + ETH_HLEN;
	__u32 head;

	if (!likely(p + 28 <= b->end))
		return false;
	head = *(const __u32 *)(p - 2);
	if (likely(((head ^ bpf_htonl(0x08004500)) & bpf_htonl(0xffffff00)) == 0))
		return pass_ether4(c, b, now, out_outcome);
	if (((head ^ bpf_htonl(0x86dd6000)) & bpf_htonl(0xfffff000)) == 0 && p + 48 <= b->end)
		return pass_ether6(c, b, now, out_outcome);
	return false;
}

/* The time was asked for before the bytes, so that nothing is in a register that a call would spoil. */
static __always_inline __u32 judge_ether(const struct carrier *c, const struct bytes *b,
					 const struct moment *now)
{
	__u32 outcome;

	if (!likely(pass_ether(c, b, now, &outcome)))
		outcome = c->xdp ? xdp_long(c->xdp) : skb_long(c->skb);
	return outcome;
}

/* Writes the kernel's ticks and the coarse clock into a packet of 16 bytes, so that the user side
 * can tell the time of counters. */
SEC("xdp")
int weir_clock(struct xdp_md *ctx)
{
	__u64 *p = (void *)(long)ctx->data;

	if ((void *)(p + 2) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	p[0] = bpf_jiffies64();
	p[1] = bpf_ktime_get_coarse_ns();
	return XDP_PASS;
}

static __always_inline int rule_xdp(struct xdp_md *ctx)
{
	struct moment now = moment_now();
	struct bytes b = bytes_of_xdp(ctx);
	struct carrier c = { .xdp = ctx };

	return XDP_PASS - (judge_ether(&c, &b, &now) & BPF_OUTCOME_DROP);	/* XDP_DROP is the one below */
}

SEC("xdp")
int weir_xdp(struct xdp_md *ctx)
{
	return rule_xdp(ctx);
}

SEC("xdp")
int weir_xdp_bare(struct xdp_md *ctx)
{
	return XDP_PASS - (xdp_long(ctx) & BPF_OUTCOME_DROP);
}

static __always_inline void pull_headers(struct __sk_buff *skb)
{
	struct bytes b = bytes_of_skb(skb);
	__u32 n = skb->len < PULL_BYTES ? skb->len : PULL_BYTES;

	if (b.data + n > b.end)
		bpf_skb_pull_data(skb, n);
}

/* Passing is to go on with the filters behind this one. */
SEC("tc")
int weir_tc(struct __sk_buff *skb)
{
	struct carrier c = { .skb = skb };
	struct moment now;
	struct bytes b;

	pull_headers(skb);
	now = moment_now();
	b = bytes_of_skb(skb);
	return judge_ether(&c, &b, &now) & BPF_OUTCOME_DROP ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

SEC("tc")
int weir_tc_bare(struct __sk_buff *skb)
{
	pull_headers(skb);
	return skb_long(skb) & BPF_OUTCOME_DROP ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}
