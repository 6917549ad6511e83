/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a frame's headers in the kernel: tags, IPv4, IPv6 and its extension headers, ports.  A part
 * of weir.bpf.c.  IEEE 802.1Q, RFC 791, RFC 8200, RFC 4302 (AH).  Knows no policy. */
#ifndef WEIR_ENFORCE_BPF_FRAME_H
#define WEIR_ENFORCE_BPF_FRAME_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "enforce/bpf/layout.h"

#define TAGS_MAX       4
#define EXTENSIONS_MAX 8
#define OFFSET_MAX     0xfff		/* all headers lie before it */

#define PROTOCOL_IGMP  2
#define PROTOCOL_TCP   6
#define PROTOCOL_UDP   17
#define PROTOCOL_AH    51
#define PROTOCOL_ICMP6 58
#define PROTOCOL_PIM   103

/* A frame's bytes. */
struct bytes {
	const __u8 *data, *end;
	__u32 length;			/* on the wire */
};

/* Masked, so that the verifier sees that no offset is far; all that is read lies nearer. */
static __always_inline const __u8 *at_offset(const struct bytes *b, __u32 at)
{
	return b->data + (at & OFFSET_MAX);
}

static __always_inline bool is_tag(__u16 ethertype)
{
	return ethertype == bpf_htons(ETH_P_8021Q) || ethertype == bpf_htons(ETH_P_8021AD) ||
	       ethertype == bpf_htons(ETH_P_QINQ1) || ethertype == bpf_htons(ETH_P_QINQ2) ||
	       ethertype == bpf_htons(ETH_P_QINQ3);
}

/* The EtherType behind all tags, in network order, and in the upper half the offset behind it; 0
 * where there is none. */
static __always_inline __u32 pass_tags(const struct bytes *b)
{
	__u32 at = ETH_HLEN;

	for (int i = 0; i <= TAGS_MAX; i++) {
		__u16 ethertype;

		if (b->data + at > b->end)
			return 0;
		ethertype = *(const __u16 *)(b->data + at - 2);
		if (!is_tag(ethertype))
			return at << 16 | ethertype;
		at += 4;
	}
	return 0;
}

/* What stands behind the addresses. */
union upper {
	struct {
		__u16 dport;
		__u8  protocol;		/* behind all extension headers */
		__u8  icmp_type;
		__u8  has_ports;
		__u8  is_datagram;	/* of UDP, and as long as it says */
		__u8  flags;
		__u8  is_known;
	};
	__u64 all;
};

static __always_inline bool is_extension(__u8 next, bool is_ip6)
{
	if (!is_ip6)
		return next == PROTOCOL_AH;
	return next == 0 || next == 43 || next == 44 || next == PROTOCOL_AH || next == 60 ||
	       next == 135 || next == 139 || next == 140;
}

/* A fragment header: the offset decides whether anything stands behind it (RFC 8200 4.5). */
static __always_inline bool note_fragment(union upper *u, __u16 field)
{
	if (field & 0xfff9)
		u->flags |= BPF_FLAG_FRAGMENT;		/* RFC 6946: an atomic fragment is none */
	return (field & 0xfff8) == 0;
}

/* Passes extension headers; false where no ports can follow.  Of what is too long or cut stays the
 * number of the header that could not be read. */
static __always_inline bool pass_extensions(const struct bytes *b, union upper *u, bool is_ip6,
					    __u32 end, __u32 *at)
{
	for (int i = 0; i < EXTENSIONS_MAX; i++) {
		const __u8 *p = at_offset(b, *at);
		__u8 kind = u->protocol;
		__u32 n;

		if (!is_extension(kind, is_ip6))
			return true;
		if (*at > OFFSET_MAX || p + 8 > b->end)
			return false;
		n = kind == 44 ? 8 : kind == PROTOCOL_AH ? (p[1] + 2u) * 4 : (p[1] + 1u) * 8;
		if (*at + n > end)
			return false;
		*at += n;
		u->protocol = p[0];
		if (kind == 44 && !note_fragment(u, bpf_ntohs(*(const __u16 *)(p + 2))))
			return false;
		if (!is_ip6 && u->protocol == PROTOCOL_AH)
			return false;
	}
	return !is_extension(u->protocol, is_ip6);
}

static __always_inline void read_ports(const struct bytes *b, union upper *u, __u32 at, __u32 end)
{
	const __u8 *p = at_offset(b, at);
	__u32 length;

	if (at > OFFSET_MAX || p + 4 > b->end || at + 4 > end)
		return;
	u->dport = bpf_ntohs(*(const __u16 *)(p + 2));
	u->has_ports = 1;
	if (u->protocol != PROTOCOL_UDP || p + 8 > b->end || at + 8 > end)
		return;
	length = bpf_ntohs(*(const __u16 *)(p + 4));
	u->is_datagram = length == 0 || (length >= 8 && (u->flags & BPF_FLAG_FRAGMENT ||
							 at + length <= end));
}

/* Where IP says that the packet ends; padding of the frame stands behind.  A length of 0 is that of
 * a segment which the hardware is still to cut. */
static __always_inline __u32 end_of(const struct bytes *b, __u32 ip, __u32 length)
{
	return length == 0 || ip + length > b->length ? b->length : ip + length;
}

/* Of the IP header at an offset: where it ends and where the packet does.  False where no more is
 * to be known. */
static __always_inline bool pass_header(const struct bytes *b, union upper *u, bool is_ip6,
					__u32 ip, __u32 *out_at, __u32 *out_end)
{
	const __u8 *p = at_offset(b, ip);
	__u16 fragment, length;

	if (p + 20 > b->end)
		return false;
	if (is_ip6) {
		length = bpf_ntohs(*(const __u16 *)(p + 4));
		u->protocol = p[6];
		*out_at = ip + 40;
		*out_end = end_of(b, ip, length ? length + 40u : 0);
		return true;
	}
	fragment = bpf_ntohs(*(const __u16 *)(p + 6));
	u->protocol = p[9];
	u->flags |= fragment & 0x3fff ? BPF_FLAG_FRAGMENT : 0;
	*out_at = ip + (p[0] & 0xf) * 4;
	*out_end = end_of(b, ip, bpf_ntohs(*(const __u16 *)(p + 2)));
	return !(fragment & 0x1fff) && (p[0] & 0xf) >= 5;
}

/* union upper's number. */
static __always_inline __u64 read_upper(const struct bytes *b, __u32 ip, bool is_ip6)
{
	union upper u = { .all = 0 };
	__u32 at, end;
	const __u8 *p;

	u.is_known = 1;
	if (!pass_header(b, &u, is_ip6, ip, &at, &end) || !pass_extensions(b, &u, is_ip6, end, &at))
		return u.all;
	p = at_offset(b, at);
	if (u.protocol == PROTOCOL_TCP || u.protocol == PROTOCOL_UDP)
		read_ports(b, &u, at, end);
	else if (u.protocol == PROTOCOL_ICMP6 && is_ip6 && at <= OFFSET_MAX && p + 1 <= b->end)
		u.icmp_type = p[0];
	return u.all;
}

/* Global functions: the verifier looks at them once, and not again behind each path to them. */

static __always_inline struct bytes bytes_of_xdp(const struct xdp_md *ctx)
{
	struct bytes b = { (void *)(long)ctx->data, (void *)(long)ctx->data_end, 0 };

	b.length = b.end - b.data;
	return b;
}

static __always_inline struct bytes bytes_of_skb(const struct __sk_buff *skb)
{
	return (struct bytes){ (void *)(long)skb->data, (void *)(long)skb->data_end, skb->len };
}

__u32 xdp_tags(struct xdp_md *ctx);
__u32 skb_tags(struct __sk_buff *skb);
__u64 xdp_upper(struct xdp_md *ctx, __u32 ip, __u32 is_ip6);
__u64 skb_upper(struct __sk_buff *skb, __u32 ip, __u32 is_ip6);

__noinline __u32 xdp_tags(struct xdp_md *ctx)
{
	struct bytes b = bytes_of_xdp(ctx);

	return pass_tags(&b);
}

__noinline __u32 skb_tags(struct __sk_buff *skb)
{
	struct bytes b = bytes_of_skb(skb);

	return pass_tags(&b);
}

__noinline __u64 xdp_upper(struct xdp_md *ctx, __u32 ip, __u32 is_ip6)
{
	struct bytes b = bytes_of_xdp(ctx);

	return read_upper(&b, ip, is_ip6);
}

__noinline __u64 skb_upper(struct __sk_buff *skb, __u32 ip, __u32 is_ip6)
{
	struct bytes b = bytes_of_skb(skb);

	return read_upper(&b, ip, is_ip6);
}

/* Where a frame comes from: one of the two. */
struct carrier {
	struct xdp_md *xdp;
	struct __sk_buff *skb;
};

/* Addresses in host order; of IPv4 in the low halves. */
struct frame {
	__u64 source_hi, source_lo, group_hi, group_lo;
	__u32 length;			/* on the wire */
	__u32 ip;			/* offset of the IP header */
	__u32 is_ip6;
	__u32 ttl;			/* as it arrived here */
	union upper upper;		/* not known where nothing asks for it */
};

/* The EtherType, in network order, with the offset of the IP header above. */
static __always_inline __u32 find_ip(const struct bytes *b, const struct carrier *c, bool is_bare)
{
	__u16 ethertype;

	if (is_bare) {
		if (b->data + 1 > b->end)
			return 0;
		return b->data[0] >> 4 == 6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP);
	}
	if (b->data + ETH_HLEN > b->end)
		return 0;
	ethertype = *(const __u16 *)(b->data + ETH_HLEN - 2);
	if (!is_tag(ethertype))
		return ETH_HLEN << 16 | ethertype;
	return c->xdp ? xdp_tags(c->xdp) : skb_tags(c->skb);
}

/* What the fixed part of an IP header says, in host order. */
struct ip4 {
	__u32 at;			/* the header's offset */
	__u32 source, group;
	__u8  ttl, protocol;
};

struct ip6 {
	__u32 at;
	__u64 source_hi, source_lo, group_hi, group_lo;
	__u8  ttl, protocol;
};

/* True for an IPv4 packet to a group. */
static __always_inline bool is_multicast4(const struct bytes *b, __u32 at)
{
	const __u8 *p = at_offset(b, at);

	return p + 20 <= b->end && (p[16] & 0xf0) == 0xe0 && p[0] >> 4 == 4;
}

/* Of such a packet. */
static __always_inline bool read_ip4(const struct bytes *b, __u32 at, struct ip4 *out)
{
	const __u8 *p = at_offset(b, at);

	if (p + 20 > b->end)
		return false;
	out->at = at;
	out->source = bpf_ntohl(*(const __u32 *)(p + 12));
	out->group = bpf_ntohl(*(const __u32 *)(p + 16));
	out->ttl = p[8];
	out->protocol = p[9];
	return true;
}

static __always_inline __u64 read_long(const __u8 *p)
{
	return (__u64)bpf_ntohl(*(const __u32 *)p) << 32 | bpf_ntohl(*(const __u32 *)(p + 4));
}

/* True for an IPv6 packet to a group. */
static __always_inline bool is_multicast6(const struct bytes *b, __u32 at)
{
	const __u8 *p = at_offset(b, at);

	return p + 40 <= b->end && p[24] == 0xff && p[0] >> 4 == 6;
}

/* Of such a packet. */
static __always_inline bool read_ip6(const struct bytes *b, __u32 at, struct ip6 *out)
{
	const __u8 *p = at_offset(b, at);

	if (p + 40 > b->end)
		return false;
	out->at = at;
	out->source_hi = read_long(p + 8);
	out->source_lo = read_long(p + 16);
	out->group_hi = read_long(p + 24);
	out->group_lo = read_long(p + 32);
	out->ttl = p[7];
	out->protocol = p[6];
	return true;
}

/* Everything behind the addresses: ports, fragments, the protocol behind extension headers. */
static __always_inline void look_further(struct frame *f, const struct carrier *c)
{
	f->upper.all = c->xdp ? xdp_upper(c->xdp, f->ip, f->is_ip6)
			      : skb_upper(c->skb, f->ip, f->is_ip6);
	if (f->is_ip6 && (f->group_hi >> 48 & 0xf) == 0xf)
		f->upper.flags |= BPF_FLAG_SCOPE_F;
}

#endif
