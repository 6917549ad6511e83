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

/* The packet, with the addresses of the next row in the place of its own. */
static __always_inline bool take4(const struct carrier *c, const struct bytes *b, struct ip4 *out)
{
	const struct stream_row *row = next_row();
	__u32 found = find_ip(b, c, told.is_bare);

	if (!row || (__u16)found != bpf_htons(ETH_P_IP) || !is_multicast4(b, found >> 16) ||
	    !read_ip4(b, found >> 16, out))
		return false;
	out->source = row->source[0];
	out->group = row->group[0];
	return true;
}

static __always_inline bool take6(const struct carrier *c, const struct bytes *b, struct ip6 *out)
{
	const struct stream_row *row = next_row();
	__u32 found = find_ip(b, c, told.is_bare);

	if (!row || (__u16)found != bpf_htons(ETH_P_IPV6) || !read_ip6(b, found >> 16, out))
		return false;
	out->source_hi = (__u64)row->source[0] << 32 | row->source[1];
	out->source_lo = (__u64)row->source[2] << 32 | row->source[3];
	out->group_hi = (__u64)row->group[0] << 32 | row->group[1];
	out->group_lo = (__u64)row->group[2] << 32 | row->group[3];
	return true;
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
	struct ip4 ip = { 0 };

	return take4(&c, &b, &ip) && (ip.source ^ ip.group) != 0x12345 ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int bench_without6(struct xdp_md *ctx)
{
	struct bytes b = bytes_of_xdp(ctx);
	struct carrier c = { .xdp = ctx };
	struct ip6 ip = { 0 };

	return take6(&c, &b, &ip) && (ip.source_lo ^ ip.group_lo ^ ip.group_hi) != 0x12345
		       ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int bench_policy4(struct xdp_md *ctx)
{
	struct bytes b = bytes_of_xdp(ctx);
	struct carrier c = { .xdp = ctx };
	struct ip4 ip = { 0 };
	struct table t;

	if (!find_table(&t) || !take4(&c, &b, &ip))
		return XDP_PASS;
	return finish(ctx, judge4(&c, &b, &t, &ip), b.length);
}

SEC("xdp")
int bench_policy6(struct xdp_md *ctx)
{
	struct bytes b = bytes_of_xdp(ctx);
	struct carrier c = { .xdp = ctx };
	struct ip6 ip = { 0 };

	return take6(&c, &b, &ip) ? finish(ctx, judge6(&c, &b, &ip), b.length) : XDP_PASS;
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
	__u64 ticks;
	struct table t;
	struct ip4 ip = { 0 };
	__u32 cell;

	if (!find_table(&t) || !take4(&c, &b, &ip))
		return XDP_PASS;
	cell = word_at(&t, word_at(&t, t.slot->side.planes4 + (__u32)ip.protocol * 4) +
				   lpm_class(&lpm_sources, ip.source) * t.slot->side.row4 +
				   (lpm_class(&lpm_groups, ip.group) << 2));
	ticks = bpf_jiffies64();
	count(&t, cell & 0xffff, b.length, ticks);
	cell >>= 16;
	return finish(ctx, (cell & BPF_OUTCOME_DROP) |
				   (is_due(ip.source, ip.group, ticks, cell) ? BPF_OUTCOME_SAMPLE
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
	__u8 *p = (__u8 *)b.data;
	const struct stream_row *row = next_row();

	if (!row || p + 62 > b.end)
		return XDP_DROP;
	if (p[14] >> 4 == 6) {
		for (int i = 0; i < 4; i++) {
			*(__u32 *)(p + 22 + 4 * i) = bpf_htonl(row->source[i]);
			*(__u32 *)(p + 38 + 4 * i) = bpf_htonl(row->group[i]);
		}
	} else {
		*(__u32 *)(p + 26) = bpf_htonl(row->source[0]);
		*(__u32 *)(p + 30) = bpf_htonl(row->group[0]);
	}
	return bpf_redirect_map(&target, 0, 0);
}
