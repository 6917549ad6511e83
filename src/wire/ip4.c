/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv4 headers: addresses, options, fragments, where the packet ends.  RFC 791, RFC 1812, RFC
 * 2113 (Router Alert).  Knows no upper protocol. */
#include "wire/checksum.h"
#include "wire/peel.h"
#include "wire/print.h"

#define OPTION_END	    0
#define OPTION_NOP	    1
#define OPTION_LOOSE_ROUTE  131
#define OPTION_STRICT_ROUTE 137
#define OPTION_ROUTER_ALERT 148

struct ip4 {
	unsigned    version, header_bytes, total, id, fragment, protocol;
	uint8_t	    ttl;
	struct addr source, destination;
};

static struct ip4 read_header(struct rd *r)
{
	struct ip4 ip;
	unsigned first = rd_u8(r);

	ip.version = first >> 4;
	ip.header_bytes = (first & 0xf) * 4;
	rd_skip(r, 1);				/* type of service */
	ip.total = rd_be16(r);
	ip.id = rd_be16(r);
	ip.fragment = rd_be16(r);
	ip.ttl = rd_u8(r);
	ip.protocol = rd_u8(r);
	rd_skip(r, 2);				/* checksum: verified over the whole header */
	ip.source = addr_read4(r);
	ip.destination = addr_read4(r);
	return ip;
}

/* RFC 791 3.1: while a source route has hops left, the last address of its list is where the
 * packet goes in the end, and what pseudo-headers are made of. */
static void read_route(struct layers *at, struct rd option)
{
	unsigned pointer = rd_u8(&option);
	struct span hops = rd_rest(&option);

	if (pointer < 4 || hops.n < 4 || pointer > hops.n + 3)
		return;
	hops = (struct span){ hops.p + hops.n / 4 * 4 - 4, 4 };
	option = rd_of(hops);
	at->final = addr_read4(&option);
}

static void read_options(struct layers *at, struct span bytes)
{
	struct rd r = rd_of(bytes);

	while (rd_left(&r) > 0) {
		unsigned kind = rd_u8(&r);
		unsigned length = kind <= OPTION_NOP ? 1 : rd_u8(&r);
		struct rd option;

		if (kind == OPTION_END)
			return;
		if (kind == OPTION_NOP)
			continue;
		if (length < 2)
			return;
		option = rd_sub(&r, length - 2);
		if (kind == OPTION_ROUTER_ALERT)
			at->router_alert = rd_ok(&option);
		else if (kind == OPTION_LOOSE_ROUTE || kind == OPTION_STRICT_ROUTE)
			read_route(at, option);
	}
}

static void note_header(struct layers *at, const struct ip4 *ip)
{
	struct observation *t = &at->template;

	t->flags = at->is_inside ? FLAG_BIT(TUNNEL) : 0;
	t->speaker = ip->source;
	t->receiver = at->final = ip->destination;
	t->ttl = ip->ttl;
	t->has_ttl = true;
	t->ip_protocol = (uint16_t)ip->protocol;
	t->has_ports = false;
	t->sport = t->dport = PORT_NONE;
	t->print = 0;
	at->router_alert = false;
	at->fragment_offset = (uint16_t)((ip->fragment & 0x1fff) * 8);
	at->is_fragment = (ip->fragment & 0x3fff) != 0;
	if (at->is_fragment)
		t->flags |= FLAG_BIT(FRAGMENT);
	at->is_inside = true;
}

/* What is wrong with a header that was read; ANOMALY_NONE where nothing is. */
static enum anomaly judge_header(const struct ip4 *ip)
{
	if (ip->version != 4)
		return ANOMALY_VERSION;
	if (ip->header_bytes < 20)
		return ANOMALY_LENGTH;
	if (ip->total != 0 && ip->total < ip->header_bytes)
		return ANOMALY_LENGTH;
	return ANOMALY_NONE;
}

/* A total length of 0 is a segment that the sender's hardware was still to cut: it holds
 * everything. */
static bool limit_packet(struct layers *at, struct span *bytes, unsigned total)
{
	return total == 0 || layers_limit(at, bytes, total);
}

void ip4_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	struct ip4 ip = read_header(&r);
	enum anomaly anomaly = rd_ok(&r) ? judge_header(&ip) : ANOMALY_SHORT;
	struct span header;

	at->mark = out->n;
	if (!anomaly && ip.header_bytes > bytes.n + at->cut)
		anomaly = ANOMALY_SHORT;
	if (anomaly) {
		say_odd_packet(at, anomaly, out);
		return;
	}
	if (!layers_enter(at, out))
		return;
	out->has_ip = out->is_read = true;
	out->is_multicast = at->was_multicast || addr_is_multicast(ip.destination);
	note_header(at, &ip);
	if (!limit_packet(at, &bytes, ip.total)) {
		say_short_packet(at, out);
		return;
	}
	if (at->cut > 0)
		at->template.flags |= FLAG_BIT(CUT);
	r = rd_of(bytes);
	header = rd_take(&r, ip.header_bytes < bytes.n ? ip.header_bytes : bytes.n);
	if (header.n == ip.header_bytes && !at->checksums_unreliable && checksum_of(header) != 0)
		at->template.flags |= FLAG_BIT(BAD_IP_CHECKSUM);
	read_options(at, (struct span){ header.p + 20, header.n - 20 });
	bytes = rd_rest(&r);
	at->template.print = print_of(at->circuit ^ print_header4(header.p, ip.protocol),
				      (uint16_t)ip.id, bytes);
	upper_peel(at, ip.protocol, bytes, out);
}

void ip_peel(struct layers *at, struct span bytes, struct said *out)
{
	if (bytes.n > 0 && bytes.p[0] >> 4 == 6)
		ip6_peel(at, bytes, out);
	else
		ip4_peel(at, bytes, out);
}
