/* SPDX-License-Identifier: BSD-2-Clause */
/* What an IP header carries: the decoder of its protocol, a tunnel, UDP and TCP ports, or plain
 * data.  RFC 768, RFC 9293, RFC 4302, RFC 4443.  Knows no layout behind the ports. */
#include "wire/msdp.h"
#include "wire/number.h"
#include "wire/peel.h"
#include "wire/protocols.h"
#include "wire/rasadv.h"

/* Lets a row's decoder speak about a message at the front of a packet.  A later fragment cannot:
 * the rest of a Register, unicast, has nothing to add to its first one, and no other message
 * comes in fragments. */
static void decode_row(const struct protocol_row *row, struct layers *at, struct span bytes,
		       struct said *out)
{
	at->mark = out->n;
	if (at->fragment_offset == 0)
		row->decode(at, bytes, out);
	else if (addr_is_multicast(at->template.receiver))
		said_only_anomaly(out, at, row->protocol, row->point, ANOMALY_SHORT);
}

/* A checksum of 0 is none (RFC 768), but in IPv6 it must be there (RFC 8200 8.1), save for
 * tunnels (RFC 6935), which nobody verifies here. */
static void check_udp(struct layers *at, struct span datagram, unsigned checksum)
{
	if (checksum == 0 && at->template.receiver.family == FAMILY_IP4)
		return;
	if (layers_bad_pseudo(at, datagram, NUMBER_UDP))
		at->template.flags |= FLAG_BIT(BAD_UDP_CHECKSUM);
}

/* The payload of one datagram, whose ports and length are known to be right. */
static void peel_datagram(struct layers *at, struct span datagram, unsigned checksum,
			  struct said *out)
{
	const struct observation *t = &at->template;
	const struct protocol_row *row = NULL;
	struct span payload = { datagram.p + UDP_BYTES, datagram.n - UDP_BYTES };
	peel *tunnel;

	if (addr_is_multicast(t->receiver))
		row = protocol_row_of_udp(t->receiver, t->dport);
	if ((row && row->protocol != PROTOCOL_UDP) ||
	    (at->udp_checksums && addr_is_multicast(t->receiver)))
		check_udp(at, datagram, checksum);
	if (!row || !row->says_data)
		say_data(at, row ? row->protocol : PROTOCOL_UDP, out);
	if (row && (!at->is_quoted || row->protocol != PROTOCOL_UDP))
		row->decode(at, payload, out);
	tunnel = row ? NULL : udp_tunnel_of(t->sport, t->dport);
	if (tunnel)
		tunnel(at, payload, out);
}

/* Whether the length field fits: a first fragment's datagram goes on elsewhere, and a length
 * of 0 is a jumbogram's (RFC 2675 4) or one that the hardware was still to write. */
static bool limit_datagram(struct layers *at, struct span *datagram, unsigned length)
{
	if (length == 0)
		return true;
	if (length < UDP_BYTES)
		return false;
	return at->is_fragment || layers_limit(at, datagram, length);
}

static void udp_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	uint16_t sport = rd_be16(&r), dport = rd_be16(&r);
	unsigned length = rd_be16(&r), checksum = rd_be16(&r);

	if (bytes.n >= 4) {
		at->template.sport = sport;
		at->template.dport = dport;
		at->template.has_ports = true;
	}
	if (rd_ok(&r) && limit_datagram(at, &bytes, length)) {
		peel_datagram(at, bytes, checksum, out);
		return;
	}
	say_data(at, PROTOCOL_UDP, out);
	if (addr_is_multicast(at->template.receiver) && !at->is_quoted &&
	    !(at->cut > 0 && !rd_ok(&r)))
		said_only_anomaly(out, at, PROTOCOL_UDP, POINT_DATA,
				  rd_ok(&r) ? ANOMALY_LENGTH : ANOMALY_SHORT);
}

static void keep_segment(const struct layers *at, uint32_t seq, unsigned flags, struct span payload,
			 struct said *out)
{
	struct segment *kept = &out->segments[out->segment_count];

	if (out->segment_count == SAID_SEGMENTS_MAX)
		return;
	out->segment_count++;
	kept->header = at->template;
	kept->header.protocol = PROTOCOL_TCP;
	kept->header.type = TYPE_DATA;
	kept->seq = seq;
	kept->tcp_flags = (uint8_t)(flags & 7);
	kept->payload = payload;
	kept->missing = (uint32_t)at->cut;
}

/* A TCP segment of the RAS port is noted where it is unicast: somebody speaks to the service that
 * a RAS advertisement names (DESIGN 7). */
static void note_ras_port(const struct layers *at, struct said *out)
{
	struct observation obs = said_statement(at, PROTOCOL_TCP, TYPE_DATA);

	obs.notice = true;
	said_add(out, &obs);
}

static void tcp_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	uint16_t sport = rd_be16(&r), dport = rd_be16(&r);
	uint32_t seq = rd_be32(&r);
	unsigned header_bytes, flags;

	rd_skip(&r, 4);				/* acknowledgement */
	header_bytes = (rd_u8(&r) >> 4) * 4u;
	flags = rd_u8(&r);
	if (bytes.n >= 4) {
		at->template.sport = sport;
		at->template.dport = dport;
		at->template.has_ports = true;
	}
	say_data(at, PROTOCOL_TCP, out);
	if (!rd_ok(&r) || header_bytes < 20 || header_bytes > bytes.n || at->is_quoted)
		return;
	if (sport == MSDP_PORT || dport == MSDP_PORT)
		keep_segment(at, seq, flags,
			     (struct span){ bytes.p + header_bytes, bytes.n - header_bytes }, out);
	else if ((sport == RASADV_PORT || dport == RASADV_PORT) &&
		 !addr_is_multicast(at->template.receiver))
		note_ras_port(at, out);
}

/* The message's type says whether it is control (MLD, RA) or data. */
static void icmp6_peel(struct layers *at, struct span bytes, struct said *out)
{
	const struct protocol_row *row = NULL;

	if (at->fragment_offset == 0 && bytes.n > 0)
		row = protocol_row_of(CARRIER_ICMP6, bytes.p[0]);
	if (row && !at->is_quoted) {
		decode_row(row, at, bytes, out);
		return;
	}
	if (at->fragment_offset == 0 && addr_is_multicast(at->template.receiver) &&
	    layers_bad_pseudo(at, bytes, NUMBER_ICMP6))
		at->template.flags |= FLAG_BIT(BAD_CHECKSUM);
	say_data(at, PROTOCOL_ICMP6, out);
}

/* An authentication header in IPv4 (in IPv6 it is an extension header): RFC 4302 2. */
static void ah_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned next = rd_u8(&r);
	unsigned length = (rd_u8(&r) + 2u) * 4;

	rd_skip(&r, length - 2);
	if (!rd_ok(&r) || next == NUMBER_AH) {
		say_data(at, PROTOCOL_IP, out);
		return;
	}
	at->template.ip_protocol = (uint16_t)next;
	upper_peel(at, next, rd_rest(&r), out);
}

/* Neighbour discovery (RFC 4861 6.1, 7.1, 8.1) and VRRP (RFC 5798 5.1.1.3, 5.1.2.3) are sent
 * with 255, so that a receiver sees whether a router was between. */
static bool was_forwarded(const struct layers *at, unsigned protocol, struct span bytes)
{
	if (at->fragment_offset > 0 || at->template.ttl == 255)
		return false;
	if (protocol == NUMBER_VRRP)
		return true;
	return protocol == NUMBER_ICMP6 && at->template.receiver.family == FAMILY_IP6 &&
	       bytes.n > 0 && bytes.p[0] >= 133 && bytes.p[0] <= 137;
}

/* Tunnels and other headers by their number.  Those that say their own `data` are marked. */
static const struct {
	uint8_t	      number;
	bool	      speaks;
	enum protocol protocol;
	peel	     *peel;
} uppers[] = {
	{ 4, false, PROTOCOL_IP, ip_peel },		/* RFC 2003, RFC 2473 */
	{ 6, true, PROTOCOL_TCP, tcp_peel },
	{ 17, true, PROTOCOL_UDP, udp_peel },
	{ 41, false, PROTOCOL_IP, ip_peel },		/* RFC 4213, RFC 2473 */
	{ 47, false, PROTOCOL_IP, gre_peel },
	{ 51, true, PROTOCOL_IP, ah_peel },
	{ 94, false, PROTOCOL_IP, ip_peel },		/* IP-within-IP of KA9Q */
	{ 97, false, PROTOCOL_IP, etherip_peel },
	{ 115, false, PROTOCOL_IP, l2tp3_peel },
	{ 137, false, PROTOCOL_IP, mpls_peel },		/* RFC 4023 */
};

static void peel_other(struct layers *at, unsigned protocol, struct span bytes, struct said *out)
{
	for (size_t i = 0; i < COUNT(uppers); i++) {
		bool is_first = at->fragment_offset == 0;

		if (uppers[i].number != protocol)
			continue;
		if (!uppers[i].speaks || !is_first)
			say_data(at, uppers[i].protocol, out);
		if (is_first && (bytes.n > 0 || uppers[i].speaks))
			uppers[i].peel(at, bytes, out);
		return;
	}
	say_data(at, PROTOCOL_IP, out);
}

void upper_peel(struct layers *at, unsigned protocol, struct span bytes, struct said *out)
{
	bool is_ip6 = at->template.receiver.family == FAMILY_IP6;
	const struct protocol_row *row =
		protocol_row_of(is_ip6 ? CARRIER_IP6 : CARRIER_IP4, protocol);

	at->mark = out->n;
	if (was_forwarded(at, protocol, bytes))
		at->template.flags |= FLAG_BIT(HOP_LIMIT);
	if (row && at->is_quoted)
		return;
	if (row)
		decode_row(row, at, bytes, out);
	else if (is_ip6 && protocol == NUMBER_ICMP6)
		icmp6_peel(at, bytes, out);
	else
		peel_other(at, protocol, bytes, out);
}
