/* SPDX-License-Identifier: BSD-2-Clause */
/* Tunnels directly over IP: GRE (RFC 2784, RFC 2890, RFC 1701; version 1 by RFC 2637), ERSPAN,
 * WCCP, EtherIP (RFC 3378), L2TPv3 (RFC 3931).  Knows no IP. */
#include "wire/peel.h"

#define GRE_CHECKSUM 0x8000
#define GRE_ROUTING  0x4000
#define GRE_KEY	     0x2000
#define GRE_SEQUENCE 0x1000
#define GRE_ACK	     0x0080			/* version 1 */

#define GRE_WCCP       0x883e
#define GRE_ERSPAN_II  0x88be			/* and type I, which has no header */
#define GRE_ERSPAN_III 0x22eb

/* RFC 1701: routing entries until one of family 0 and length 0. */
static void skip_routing(struct rd *r)
{
	while (rd_ok(r)) {
		unsigned family = rd_be16(r), length;

		rd_skip(r, 1);
		length = rd_u8(r);
		rd_skip(r, length);
		if (family == 0 && length == 0)
			return;
	}
}

/* The redirect header of WCCP is there unless the packet itself begins. */
static void wccp_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);

	if (bytes.n > 0 && bytes.p[0] >> 4 != 4)
		rd_skip(&r, 4);
	ip_peel(at, rd_rest(&r), out);
}

/* Type III tells a frame (0) from an IP packet (2), and may carry eight bytes more. */
static void erspan3_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned flags;

	rd_skip(&r, 10);
	flags = rd_be16(&r);
	rd_skip(&r, flags & 1 ? 8 : 0);
	if (!rd_ok(&r))
		return;
	if ((flags >> 10 & 0x1f) == 2)
		ip_peel(at, rd_rest(&r), out);
	else
		ethernet_peel(at, rd_rest(&r), out);
}

static void gre_payload(struct layers *at, unsigned flags, unsigned ethertype, struct span bytes,
			struct said *out)
{
	struct rd r = rd_of(bytes);

	switch (ethertype) {
	case GRE_WCCP:
		wccp_peel(at, bytes, out);
		return;
	case GRE_ERSPAN_II:
		rd_skip(&r, flags & GRE_SEQUENCE ? 8 : 0);
		ethernet_peel(at, rd_rest(&r), out);
		return;
	case GRE_ERSPAN_III:
		erspan3_peel(at, bytes, out);
		return;
	default:
		if (ethertype >= 0x0600)
			ethertype_peel(at, ethertype, bytes, out);
	}
}

void gre_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned flags = rd_be16(&r), ethertype = rd_be16(&r);
	unsigned version = flags & 7;

	if (version > 1)
		return;
	if (version == 0 && (flags & (GRE_CHECKSUM | GRE_ROUTING)))
		rd_skip(&r, 4);
	rd_skip(&r, flags & GRE_KEY ? 4 : 0);
	rd_skip(&r, flags & GRE_SEQUENCE ? 4 : 0);
	if (version == 0 && (flags & GRE_ROUTING))
		skip_routing(&r);
	if (version == 1)
		rd_skip(&r, flags & GRE_ACK ? 4 : 0);
	if (rd_ok(&r) && rd_left(&r) > 0)
		gre_payload(at, flags, ethertype, rd_rest(&r), out);
}

/* RFC 3378 3: version 3 and twelve reserved bits. */
void etherip_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned version = rd_be16(&r) >> 12;

	if (rd_ok(&r) && version == 3)
		ethernet_peel(at, rd_rest(&r), out);
}

/* RFC 3931 4.1: neither the cookie's length (0, 4 or 8 bytes) nor the sublayer (0 or 4) nor the
 * payload stands in the packet; the first place where a frame or an IP packet begins is it. */
void l2tp3_session_peel(struct layers *at, struct span bytes, struct said *out)
{
	for (size_t skip = 0; skip <= 12; skip += 4) {
		struct rd r = rd_of(bytes);
		struct span rest;

		rd_skip(&r, skip);
		rest = rd_rest(&r);
		if (looks_like_ethernet(rest)) {
			ethernet_peel(at, rest, out);
			return;
		}
		if (rest.n > 0 && rest.p[0] >> 4 == 4 && looks_like_ip(rest)) {
			ip4_peel(at, rest, out);
			return;
		}
	}
}

/* Session 0 is the control connection's. */
void l2tp3_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	uint32_t session = rd_be32(&r);

	if (rd_ok(&r) && session != 0)
		l2tp3_session_peel(at, rd_rest(&r), out);
}
