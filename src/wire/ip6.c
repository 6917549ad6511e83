/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv6 headers and their extension headers.  RFC 8200, RFC 2675 (jumbograms), RFC 2711 (Router
 * Alert), RFC 4302 (AH), RFC 8754 (segment routing).  Knows no upper protocol. */
#include "wire/peel.h"
#include "wire/print.h"

#define NEXT_HOP_BY_HOP	  0
#define NEXT_ROUTING	  43
#define NEXT_FRAGMENT	  44
#define NEXT_AH		  51
#define NEXT_DESTINATION  60
#define NEXT_MOBILITY	  135
#define NEXT_HIP	  139
#define NEXT_SHIM6	  140

#define OPTION_PAD1	    0x00
#define OPTION_ROUTER_ALERT 0x05
#define OPTION_JUMBO	    0xc2

#define HEADER_BYTES 40

struct ip6 {
	unsigned    version, payload, next;
	uint8_t	    hop_limit;
	struct addr source, destination;
};

static struct ip6 read_header(struct rd *r)
{
	struct ip6 ip;

	ip.version = rd_be32(r) >> 28;
	ip.payload = rd_be16(r);
	ip.next = rd_u8(r);
	ip.hop_limit = rd_u8(r);
	ip.source = addr_read6(r);
	ip.destination = addr_read6(r);
	return ip;
}

static void note_header(struct layers *at, const struct ip6 *ip)
{
	struct observation *t = &at->template;

	t->flags = at->is_inside ? FLAG_BIT(TUNNEL) : 0;
	t->speaker = ip->source;
	t->receiver = at->final = ip->destination;
	t->ttl = ip->hop_limit;
	t->has_ttl = true;
	t->ip_protocol = (uint16_t)ip->next;
	t->has_ports = false;
	t->sport = t->dport = PORT_NONE;
	t->print = 0;
	at->router_alert = at->is_fragment = false;
	at->fragment_offset = 0;
	at->is_inside = true;
}

/* The length that a jumbo option at the front of a hop-by-hop header gives, or 0. */
static uint32_t find_jumbo(struct span bytes)
{
	struct rd r = rd_of(bytes);
	unsigned length;

	rd_skip(&r, 1);
	length = (rd_u8(&r) + 1u) * 8 - 2;
	for (struct rd options = rd_sub(&r, length); rd_left(&options) > 0;) {
		unsigned kind = rd_u8(&options);
		struct rd value;

		if (kind == OPTION_PAD1)
			continue;
		value = rd_sub(&options, rd_u8(&options));
		if (kind == OPTION_JUMBO)
			return rd_be32(&value);
	}
	return 0;
}

/* RFC 2675 3: a payload length of 0 is a jumbogram's where the option is there, and otherwise
 * that of a segment which the sender's hardware was still to cut. */
static bool limit_packet(struct layers *at, struct span *bytes, const struct ip6 *ip)
{
	uint32_t jumbo;

	if (ip->payload != 0)
		return layers_limit(at, bytes, ip->payload);
	jumbo = ip->next == NEXT_HOP_BY_HOP ? find_jumbo(*bytes) : 0;
	return jumbo == 0 || layers_limit(at, bytes, jumbo);
}

static void read_options(struct layers *at, struct rd *r)
{
	while (rd_left(r) > 0) {
		unsigned kind = rd_u8(r);
		struct rd value;

		if (kind == OPTION_PAD1)
			continue;
		value = rd_sub(r, rd_u8(r));
		if (kind == OPTION_ROUTER_ALERT)
			at->router_alert = rd_ok(&value);
	}
}

/* While segments are left, the pseudo-header has the last address that the packet goes to: the
 * list's last one (RFC 2460 4.4, type 0; RFC 6275 6.4, type 2), or, as segment routing writes
 * it backwards, its first (RFC 8754 2). */
static void read_route(struct layers *at, struct rd *r)
{
	unsigned kind = rd_u8(r);
	unsigned segments_left = rd_u8(r);

	rd_skip(r, 4);
	if (segments_left == 0 || (kind != 0 && kind != 2 && kind != 4))
		return;
	if (kind != 4 && rd_left(r) >= 16)
		rd_skip(r, rd_left(r) / 16 * 16 - 16);
	if (rd_left(r) >= 16)
		at->final = addr_read6(r);
}

static void read_fragment(struct layers *at, struct rd *r)
{
	unsigned field = rd_be16(r);

	at->fragment_offset = (uint16_t)(field & 0xfff8);
	at->is_fragment = (field & 0xfff9) != 0;	/* RFC 6946: an atomic fragment is none */
	if (at->is_fragment)
		at->template.flags |= FLAG_BIT(FRAGMENT);
}

static bool is_extension(unsigned next)
{
	switch (next) {
	case NEXT_HOP_BY_HOP:
	case NEXT_ROUTING:
	case NEXT_FRAGMENT:
	case NEXT_AH:
	case NEXT_DESTINATION:
	case NEXT_MOBILITY:
	case NEXT_HIP:
	case NEXT_SHIM6:
		return true;
	default:
		return false;
	}
}

/* One extension header, of any kind; the number of the next one. */
static unsigned read_extension(struct layers *at, unsigned kind, struct rd *r)
{
	unsigned next = rd_u8(r);
	unsigned length = rd_u8(r);
	struct rd body;

	if (kind == NEXT_FRAGMENT)
		length = 8;
	else if (kind == NEXT_AH)
		length = (length + 2) * 4;		/* RFC 4302 2.2 */
	else
		length = (length + 1) * 8;
	body = rd_sub(r, length - 2);
	if (kind == NEXT_HOP_BY_HOP)
		read_options(at, &body);
	else if (kind == NEXT_ROUTING)
		read_route(at, &body);
	else if (kind == NEXT_FRAGMENT)
		read_fragment(at, &body);
	return next;
}

/* All extension headers.  A later fragment has no header behind its fragment header. */
static void peel_extensions(struct layers *at, unsigned next, struct rd *r, struct said *out)
{
	struct span bytes;

	while (is_extension(next) && at->fragment_offset == 0) {
		unsigned behind = read_extension(at, next, r);

		if (rd_ok(r)) {
			next = behind;
			continue;
		}
		at->template.ip_protocol = (uint16_t)next;
		if (at->cut > 0)
			say_data(at, PROTOCOL_IP, out);
		else
			say_short_packet(at, out);
		return;
	}
	at->template.ip_protocol = (uint16_t)next;
	bytes = rd_rest(r);
	at->template.print = print_of(at->circuit ^ ((uint64_t)at->fragment_offset << 48 |
						     (uint64_t)bytes.n << 16 | next), 0, bytes);
	upper_peel(at, next, bytes, out);
}

void ip6_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	struct ip6 ip = read_header(&r);

	at->mark = out->n;
	if (!rd_ok(&r) || ip.version != 6) {
		say_odd_packet(at, rd_ok(&r) ? ANOMALY_VERSION : ANOMALY_SHORT, out);
		return;
	}
	if (!layers_enter(at, out))
		return;
	out->has_ip = out->is_read = true;
	out->is_multicast = at->was_multicast || addr_is_multicast(ip.destination);
	note_header(at, &ip);
	bytes = rd_rest(&r);
	if (!limit_packet(at, &bytes, &ip)) {
		say_short_packet(at, out);
		return;
	}
	if (at->cut > 0)
		at->template.flags |= FLAG_BIT(CUT);
	r = rd_of(bytes);
	peel_extensions(at, ip.next, &r, out);
}
