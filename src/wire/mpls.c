/* SPDX-License-Identifier: BSD-2-Clause */
/* MPLS label stacks (RFC 3032), and the guess at what lies under them, which no header names:
 * IP, or a pseudo-wire's Ethernet frame with or without control word (RFC 4448, RFC 4385). */
#include "wire/checksum.h"
#include "wire/peel.h"

bool looks_like_ethernet(struct span bytes)
{
	struct rd r = rd_of(bytes);
	unsigned ethertype;

	rd_skip(&r, 12);
	ethertype = rd_be16(&r);
	if (!rd_ok(&r))
		return false;
	if (ethertype < 0x0600)			/* a length: LLC's three common beginnings */
		return ethertype <= rd_left(&r) && rd_left(&r) >= 3 &&
		       (r.p[0] == 0xaa || r.p[0] == 0x42 || r.p[0] == 0xfe);
	if (ethertype == 0x0800)
		return rd_left(&r) > 0 && r.p[0] >> 4 == 4;
	if (ethertype == 0x86dd)
		return rd_left(&r) > 0 && r.p[0] >> 4 == 6;
	return ethertype_is_known(ethertype);
}

/* An IPv4 header whose checksum is right or was never written, or an IPv6 header that fits. */
bool looks_like_ip(struct span bytes)
{
	struct rd r = rd_of(bytes);
	unsigned first = rd_u8(&r);
	size_t header = (first & 0xf) * 4u;
	unsigned written;

	if (first >> 4 == 6)
		return bytes.n >= 40;
	if (first >> 4 != 4 || header < 20 || header > bytes.n)
		return false;
	rd_skip(&r, 9);
	written = rd_be16(&r);
	return written == 0 || checksum_of((struct span){ bytes.p, header }) == 0;
}

/* A control word without flags and length, as Ethernet's is but for its sequence number. */
static bool has_empty_word(struct span bytes)
{
	return bytes.n >= 4 && bytes.p[0] == 0 && bytes.p[1] == 0;
}

/* The first nibble tells IP from a control word (0, RFC 4385 3) or an associated channel (1);
 * a MAC address may begin with any. */
static void guess_payload(struct layers *at, struct span bytes, struct said *out)
{
	unsigned nibble = bytes.n > 0 ? bytes.p[0] >> 4 : 1;
	struct rd r = rd_of(bytes);
	struct span behind;

	rd_skip(&r, 4);
	behind = rd_rest(&r);
	if ((nibble == 4 || nibble == 6) && (looks_like_ip(bytes) || !looks_like_ethernet(bytes)))
		ip_peel(at, bytes, out);
	else if (looks_like_ethernet(bytes) &&
		 !(has_empty_word(bytes) && looks_like_ethernet(behind)))
		ethernet_peel(at, bytes, out);
	else if (nibble == 0 && looks_like_ethernet(behind))
		ethernet_peel(at, behind, out);
	else if (nibble == 0 && looks_like_ip(behind))	/* RFC 4446: IP Layer2 Transport */
		ip_peel(at, behind, out);
}

void mpls_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	bool is_bottom = false;

	while (!is_bottom && rd_ok(&r))
		is_bottom = (rd_be32(&r) & 0x100) != 0;
	if (!rd_ok(&r) || !layers_enter(at, out))
		return;
	out->is_read = true;
	guess_payload(at, rd_rest(&r), out);
}
