/* SPDX-License-Identifier: BSD-2-Clause */
/* Tunnels over UDP, found by their ports: VXLAN (RFC 7348) and its generic form, Geneve (RFC
 * 8926), Teredo (RFC 4380), AMT (RFC 7450), L2TP (RFC 2661, RFC 3931), CAPWAP (RFC 5415), GTP (3GPP
 * TS 29.281), AYIYA, LISP (RFC 9300), GRE (RFC 8086) and MPLS (RFC 7510) in UDP, TZSP.
 * A port is no proof: a header that does not fit is silently no tunnel. */
#include "wire/peel.h"

/* Where nothing but its first nibble names the packet. */
static void guess_ip(struct layers *at, struct span bytes, struct said *out)
{
	unsigned nibble = bytes.n > 0 ? bytes.p[0] >> 4 : 0;

	if ((nibble == 4 && bytes.n >= 20) || (nibble == 6 && bytes.n >= 40))
		ip_peel(at, bytes, out);
}

/* Flags with the I bit, which says that the network identifier is valid (RFC 7348 5).  Some leave
 * it out: then the frame must look like one. */
static void vxlan_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned flags = rd_u8(&r);

	rd_skip(&r, 7);
	bytes = rd_rest(&r);
	if (rd_ok(&r) && ((flags & 0x08) || looks_like_ethernet(bytes)))
		ethernet_peel(at, bytes, out);
}

/* The generic protocol extension: the P bit says that the next protocol is named. */
static void vxlan_gpe_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned flags = rd_u8(&r), next;

	rd_skip(&r, 2);
	next = flags & 0x04 ? rd_u8(&r) : 3;
	rd_skip(&r, flags & 0x04 ? 4 : 5);
	if (!rd_ok(&r))
		return;
	if (next == 1 || next == 2)
		guess_ip(at, rd_rest(&r), out);
	else if (next == 3)
		ethernet_peel(at, rd_rest(&r), out);
	else if (next == 4)
		nsh_peel(at, rd_rest(&r), out);
	else if (next == 5)
		mpls_peel(at, rd_rest(&r), out);
}

/* RFC 8926 3.4: version 0, options in words, an EtherType. */
static void geneve_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned first = rd_u8(&r), ethertype;

	rd_skip(&r, 1);
	ethertype = rd_be16(&r);
	rd_skip(&r, 4 + (first & 0x3f) * 4);
	if (rd_ok(&r) && first >> 6 == 0 && ethertype >= 0x0600)
		ethertype_peel(at, ethertype, rd_rest(&r), out);
}

/* RFC 4380 5.1.1: authentication and origin may stand before the IPv6 packet. */
static void teredo_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);

	if (bytes.n >= 2 && bytes.p[0] == 0 && bytes.p[1] == 1) {
		size_t client, value;

		rd_skip(&r, 2);
		client = rd_u8(&r);
		value = rd_u8(&r);
		rd_skip(&r, client + value + 9); /* with nonce and confirmation */
	}
	if (rd_left(&r) >= 8 && r.p[0] == 0 && r.p[1] == 0)
		rd_skip(&r, 8);
	bytes = rd_rest(&r);
	if (rd_ok(&r) && bytes.n >= 40 && bytes.p[0] >> 4 == 6)
		ip6_peel(at, bytes, out);
}

/* RFC 7450 5.1.4 to 5.1.6: queries and updates carry IGMP or MLD, data a multicast packet. */
static void amt_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned first = rd_u8(&r);

	if (first == 6)
		rd_skip(&r, 1);
	else if (first == 4 || first == 5)
		rd_skip(&r, 11);		/* reserved or flags, response MAC, nonce */
	else
		return;
	if (rd_ok(&r))
		guess_ip(at, rd_rest(&r), out);
}

/* RFC 2661 3.1: which fields are there, the flags say; control messages are passed over. */
static void l2tp_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned flags = rd_be16(&r);
	unsigned version = flags & 0xf;
	struct span payload;

	if ((flags & 0x8000) || (version != 2 && version != 3))
		return;
	if (version == 3) {			/* RFC 3931 4.1.2.1 */
		rd_skip(&r, 6);
		if (rd_ok(&r))
			l2tp3_session_peel(at, rd_rest(&r), out);
		return;
	}
	rd_skip(&r, flags & 0x4000 ? 6 : 4);	/* length; tunnel, session */
	rd_skip(&r, flags & 0x0800 ? 4 : 0);	/* sequence numbers */
	if (flags & 0x0200)
		rd_skip(&r, rd_be16(&r));
	payload = rd_rest(&r);
	if (rd_ok(&r) && payload.n > 0)
		ppp_peel(at, payload, out);
}

/* IEEE 802.11 as it is, or with its first two bytes swapped, as some controllers send it. */
static void capwap_wifi_peel(struct layers *at, struct span bytes, struct said *out)
{
	bool is_plain = bytes.n > 1 && (bytes.p[0] & 0x0f) == 0x08;

	if (is_plain && !((bytes.p[1] & 0x0f) == 0x08 && bytes.p[0] == 0x08))
		wifi_peel(at, bytes, out);
	else
		wifi_swapped_peel(at, bytes, out);
}

/* RFC 5415 4.3: only a plain-text first fragment is read; keep-alives hold no frame. */
static void capwap_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned preamble = rd_u8(&r);
	unsigned words = rd_u8(&r) >> 3;
	unsigned flags, offset;

	flags = (r.p > bytes.p && bytes.n > 3) ? (unsigned)bytes.p[2] << 8 | bytes.p[3] : 0;
	rd_skip(&r, 4);
	offset = rd_be16(&r) >> 3;
	rd_skip(&r, words >= 2 ? words * 4 - 8 : SIZE_MAX);
	if (!rd_ok(&r) || preamble != 0 || offset != 0 || (flags & 0x08))
		return;
	if (flags & 0x80)
		at->cut += UINT16_MAX;		/* the rest is in datagrams of its own */
	if (flags & 0x100)
		capwap_wifi_peel(at, rd_rest(&r), out);
	else
		ethernet_peel(at, rd_rest(&r), out);
}

/* TS 29.281 5.1, 5.2: a T-PDU behind optional fields and a chain of extension headers. */
static void gtp_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned flags = rd_u8(&r), type = rd_u8(&r), next = 0;

	rd_skip(&r, 6);				/* length, tunnel */
	if (flags & 7) {
		rd_skip(&r, 3);
		next = rd_u8(&r);
	}
	while ((flags & 4) && next != 0 && rd_ok(&r)) {
		unsigned words = rd_u8(&r);

		rd_skip(&r, words > 0 ? words * 4 - 2 : SIZE_MAX);
		next = rd_u8(&r);
	}
	if (rd_ok(&r) && flags >> 4 == 3 && type == 0xff)
		guess_ip(at, rd_rest(&r), out);
}

/* GSM 09.60: twenty bytes of header. */
static void gtp0_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned flags = rd_u8(&r), type = rd_u8(&r);

	rd_skip(&r, 18);
	if (rd_ok(&r) && flags >> 5 == 0 && type == 0xff)
		guess_ip(at, rd_rest(&r), out);
}

/* Identity of 2^n bytes, signature in words, then what the next header's number names. */
static void ayiya_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned identity = rd_u8(&r) >> 4, signature = rd_u8(&r) >> 4;
	unsigned operation = rd_u8(&r) & 0xf, next = rd_u8(&r);

	rd_skip(&r, 4 + ((size_t)1 << identity) + signature * 4);
	if (rd_ok(&r) && operation == 1 && (next == 4 || next == 41))
		guess_ip(at, rd_rest(&r), out);
}

static void lisp_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);

	rd_skip(&r, 8);
	guess_ip(at, rd_rest(&r), out);
}

/* Version 1; tagged fields until the end tag; Ethernet or IEEE 802.11. */
static void tzsp_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned version = rd_u8(&r), type = rd_u8(&r), protocol = rd_be16(&r), tag;

	if (version != 1 || type > 1)
		return;
	for (tag = rd_u8(&r); tag != 1 && rd_ok(&r); tag = rd_u8(&r)) {
		if (tag != 0)
			rd_skip(&r, rd_u8(&r));
	}
	if (!rd_ok(&r))
		return;
	if (protocol == 1)
		ethernet_peel(at, rd_rest(&r), out);
	else if (protocol == 18)
		wifi_peel(at, rd_rest(&r), out);
}

static const struct udp_tunnel tunnels[] = {
	{ 1701, l2tp_peel },   { 2152, gtp_peel },	 { 2268, amt_peel },
	{ 3386, gtp0_peel },   { 3544, teredo_peel },	 { 4341, lisp_peel },
	{ 4754, gre_peel },    { 4789, vxlan_peel },	 { 4790, vxlan_gpe_peel },
	{ 5072, ayiya_peel },  { 5247, capwap_peel },	 { 6081, geneve_peel },
	{ 6635, mpls_peel },   { 8472, vxlan_peel },	 { 37008, tzsp_peel },
};

const struct udp_tunnel *udp_tunnels(size_t *out_n)
{
	*out_n = COUNT(tunnels);
	return tunnels;
}

peel *udp_tunnel_of(unsigned sport, unsigned dport)
{
	peel *by_source = NULL;

	for (size_t i = 0; i < COUNT(tunnels); i++) {
		if (tunnels[i].port == dport)
			return tunnels[i].peel;
		if (tunnels[i].port == sport)
			by_source = tunnels[i].peel;
	}
	return by_source;
}
