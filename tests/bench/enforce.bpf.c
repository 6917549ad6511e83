/* SPDX-License-Identifier: BSD-2-Clause */
/* What the benchmark of the kernel programs compares: the program of weir, the same without its
 * look-ups, the same with two LPM tries, each on a stream of changing (S,G); a bare drop; and a
 * generator of live frames.  One includes the program as it is, so that nothing else is measured. */
#include "enforce/bpf/weir.bpf.c"

#define STREAM 4096			/* (S,G): the addresses of one packet after the other */

struct stream_row {
	__u32 source[4], group[4];	/* host order; of IPv4 the first */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, STREAM);
	__type(key, __u32);
	__type(value, struct stream_row);
} stream SEC(".maps");

struct lpm_key {
	__u32 length;
	__u8  address[4];
};

struct lpm {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct lpm_key);
	__type(value, __u32);
};
struct lpm lpm_sources SEC(".maps");
struct lpm lpm_groups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} target SEC(".maps");

static __u32 at = 1;			/* not 0: the section of zeros is the program's own */

static __always_inline const struct stream_row *next_row(void)
{
	__u32 i = at++ & (STREAM - 1);

	return bpf_map_lookup_elem(&stream, &i);
}

static __always_inline __u64 long_of(const __u32 *words)
{
	return bpf_cpu_to_be64((__u64)words[0] << 32 | words[1]);
}

/* Addresses of the next row in the place of the packet's own, by stores that are no smaller than what
 * is read of them at once: the processor would wait for them. */
static __always_inline bool turn(const struct bytes *b)
{
	const struct stream_row *row = next_row();
	__u8 *p = (__u8 *)b->data;

	if (!row || p + 62 > b->end)
		return false;
	if (p[14] >> 4 == 6) {
		for (int i = 0; i < 4; i += 2) {
			*(__u64 *)(p + 22 + 4 * i) = long_of(row->source + i);
			*(__u64 *)(p + 38 + 4 * i) = long_of(row->group + i);
		}
	} else {
		*(__u64 *)(p + 26) = bpf_cpu_to_be64((__u64)row->source[0] << 32 | row->group[0]);
	}
	return true;
}

/* The IP header's offset in the next packet of the stream, or 0. */
static __always_inline __u32 take(const struct carrier *c, const struct bytes *b, __u16 ethertype)
{
	__u32 found = turn(b) ? find_ip(b, c, told.is_bare) : 0;

	if ((__u16)found != ethertype)
		return 0;
	found >>= 16;
	return (ethertype == bpf_htons(ETH_P_IP) ? is_multicast4(b, found)
						 : is_multicast6(b, found)) ? found : 0;
}

static __always_inline int finish(struct xdp_md *ctx, __u32 outcome, __u32 length)
{
	if (outcome & BPF_OUTCOME_SAMPLE)
		sample_xdp(ctx, length, outcome);
	return XDP_PASS - (outcome & BPF_OUTCOME_DROP);
}

SEC("xdp")
int bench_without4(struct xdp_md *ctx)
{
	struct bytes b = bytes_of_xdp(ctx);
	struct carrier c = { .xdp = ctx };
	__u32 at = take(&c, &b, bpf_htons(ETH_P_IP));
	struct ip4 ip;

	return at && read_ip4(&b, at, &ip) && (ip.source ^ ip.group) != 0x12345 ? XDP_DROP
										 : XDP_PASS;
}

SEC("xdp")
int bench_without6(struct xdp_md *ctx)
{
	struct bytes b = bytes_of_xdp(ctx);
	struct carrier c = { .xdp = ctx };
	__u32 at = take(&c, &b, bpf_htons(ETH_P_IPV6));
	struct ip6 ip;

	return at && read_ip6(&b, at, &ip) &&
	       (ip.source_lo ^ ip.group_lo ^ ip.group_hi) != 0x12345 ? XDP_DROP : XDP_PASS;
}

/* The whole of it. */
SEC("xdp")
int bench_policy(struct xdp_md *ctx)
{
	struct bytes b = bytes_of_xdp(ctx);

	return turn(&b) ? rule_xdp(ctx) : XDP_PASS;
}

/* What is asked of a flow that is not remembered. */
SEC("xdp")
int bench_tables4(struct xdp_md *ctx)
{
	struct bytes b = bytes_of_xdp(ctx);
	struct carrier c = { .xdp = ctx };
	__u32 at = take(&c, &b, bpf_htons(ETH_P_IP));

	return at ? finish(ctx, judge_long(&c, at, 0).outcome, b.length) : XDP_PASS;
}

SEC("xdp")
int bench_tables6(struct xdp_md *ctx)
{
	struct bytes b = bytes_of_xdp(ctx);
	struct carrier c = { .xdp = ctx };
	__u32 at = take(&c, &b, bpf_htons(ETH_P_IPV6));

	return at ? finish(ctx, judge_long(&c, at, 1).outcome, b.length) : XDP_PASS;
}

static __always_inline __u32 lpm_class(void *map, __u32 address)
{
	struct lpm_key key = { .length = 32 };
	const __u32 *class;

	*(__u32 *)key.address = bpf_htonl(address);
	class = bpf_map_lookup_elem(map, &key);
	return class ? *class : 0;
}

/* The same matrix and the same counters behind two tries. */
SEC("xdp")
int bench_lpm4(struct xdp_md *ctx)
{
	struct bytes b = bytes_of_xdp(ctx);
	struct carrier c = { .xdp = ctx };
	__u32 at, cell;
	struct table t;
	struct ip4 ip;
	struct moment now = moment_now();

	if (!find_table(&t))
		return XDP_PASS;
	at = take(&c, &b, bpf_htons(ETH_P_IP));
	if (!at || !read_ip4(&b, at, &ip))
		return XDP_PASS;
	cell = word_at(&t, word_at(&t, t.slot->side.planes4 + (__u32)ip.protocol * 4) +
				   lpm_class(&lpm_sources, ip.source) * t.slot->side.row4 +
				   (lpm_class(&lpm_groups, ip.group) << 2));
	count_rule(&t, &now, cell & 0xffff, b.length);
	cell >>= 16;
	return finish(ctx, (cell & BPF_OUTCOME_DROP) |
				   (is_due(ip.source, ip.group, now.ticks, cell) ? BPF_OUTCOME_SAMPLE
									     : 0), b.length);
}

SEC("xdp")
int bench_drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}

/* Frames are used again: all that the judge reads is written anew. */
SEC("xdp")
int bench_send(struct xdp_md *ctx)
{
	struct bytes b = bytes_of_xdp(ctx);

	return turn(&b) ? (int)bpf_redirect_map(&target, 0, 0) : XDP_DROP;
}
