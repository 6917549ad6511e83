/* SPDX-License-Identifier: BSD-2-Clause */
/* Brief control messages.  RFC 2236 2, RFC 3376 4.2, RFC 7761 4.9.3 and 4.9.5, RFC 9293
 * 3.1; for each the layouts that nearly all messages have, loaded directly behind one check that
 * the bytes are there, and told from others by whole words.  Whatever is otherwise is not brief;
 * the protocols' own decoders know what it is. */
#include "wire/brief.h"

#include "wire/load.h"
#include "wire/membership.h"
#include "wire/msdp.h"
#include "wire/number.h"
#include "wire/peel.h"
#include "wire/print.h"
#include "wire/protocols.h"
#include "wire/sum.h"

#define IGMP_REPORT2 0x16
#define IGMP_REPORT3 0x22
#define IGMP_BYTES   8			/* of a report of version 2, or a header of version 3 */
#define RECORD_BYTES 8

#define PIM_REGISTER 0x21		/* version 2, and neither Border nor Null-Register */
#define REGISTER_BYTES 8		/* which are all that the checksum covers */
#define TCP_MARKS    7			/* FIN, SYN, RST */
#define MSDP_HEADER_BYTES 3		/* of a TLV: type, length */

#define PIM_JOIN     0x23		/* version 2, Join/Prune */
#define PIM_NATIVE4  0x0100		/* an address of family 1, encoding 0 */
#define PIM_HOST     0x01000020u	/* the same, no flag, and its length in bits */
#define PIM_SPARSE   0x00000400u	/* a flag of sources that says nothing more */
#define PIM_BYTES    14			/* header, upstream neighbour, number of groups, hold time */
#define PIM_SET      12			/* a group, numbers of joined and pruned sources */
#define PIM_SOURCE   8			/* flags, length, address */

/* False where that is no plain join, or one too many. */
static bool say(struct brief *out, uint32_t source, uint32_t group)
{
	if (out->n == BRIEF_MAX || !addr_is_multicast4(group) || addr_is_multicast4(source))
		return false;
	out->pair[out->n++] = addr_pair(source, group);
	return true;
}

/* The sources of a record or a set, of so many bytes each, their address in the last four.  0.0.0.0
 * would be taken for `*`. */
static bool say_sources(const uint8_t *p, unsigned n, unsigned bytes, uint32_t group,
			struct brief *out)
{
	for (unsigned i = 1; i <= n; i++) {
		uint32_t source = load32(p + i * bytes - 4);

		if (source == 0 || !say(out, source, group))
			return false;
	}
	return n > 0;
}

/* An empty exclusion is a join of all, and what is included is joined one by one. */
static bool read_record(struct span *left, struct brief *out)
{
	unsigned type, n;
	uint32_t group;

	if (left->n < RECORD_BYTES)
		return false;
	type = load16(left->p);				/* and auxiliary words: none */
	n = load16(left->p + 2);
	KEEP_LOADED(n);
	group = load32(left->p + 4);
	*left = (struct span){ left->p + RECORD_BYTES, left->n - RECORD_BYTES };
	if (type == RECORD_IS_EX << 8 || type == RECORD_TO_EX << 8)
		return n == 0 && say(out, 0, group);
	if ((type != RECORD_IS_IN << 8 && type != RECORD_TO_IN << 8 && type != RECORD_ALLOW << 8) ||
	    left->n < 4 * n || !say_sources(left->p, n, 4, group, out))
		return false;
	*left = (struct span){ left->p + 4 * n, left->n - 4 * n };
	return true;
}

static bool read_report3(struct span bytes, struct brief *out)
{
	struct span left = { bytes.p + IGMP_BYTES, bytes.n - IGMP_BYTES };
	unsigned n = load16(bytes.p + 6);

	out->type = TYPE_V3_REPORT;
	for (; n > 0; n--)
		if (!read_record(&left, out))
			return false;
	return out->n > 0;
}

static bool read_igmp(struct span bytes, struct brief *out)
{
	out->point = POINT_MEMBERSHIP;
	out->protocol = PROTOCOL_IGMP;
	if (bytes.n < IGMP_BYTES)
		return false;
	return bytes.p[0] == IGMP_REPORT3 && read_report3(bytes, out);
}

/* A group, of which single sources are joined and none is pruned. */
static bool read_set(struct span *left, struct brief *out)
{
	unsigned n;

	if (left->n < PIM_SET || load32(left->p) != PIM_HOST || load16(left->p + 10) != 0)
		return false;
	n = load16(left->p + 8);
	KEEP_LOADED(n);
	if (left->n < PIM_SET + PIM_SOURCE * n)
		return false;
	for (unsigned i = 0; i < n; i++)
		if ((load32(left->p + PIM_SET + PIM_SOURCE * i) & ~PIM_SPARSE) != PIM_HOST)
			return false;
	if (!say_sources(left->p + PIM_SET, n, PIM_SOURCE, load32(left->p + 4), out))
		return false;
	*left = (struct span){ left->p + PIM_SET + PIM_SOURCE * n,
			       left->n - PIM_SET - PIM_SOURCE * n };
	return true;
}

static bool read_pim(struct span bytes, struct brief *out)
{
	struct span left;

	out->point = POINT_JOIN;
	out->protocol = PROTOCOL_PIM;
	out->type = TYPE_JOIN_PRUNE;
	if (bytes.n < PIM_BYTES || bytes.p[0] != PIM_JOIN || load16(bytes.p + 4) != PIM_NATIVE4)
		return false;
	left = (struct span){ bytes.p + PIM_BYTES, bytes.n - PIM_BYTES };
	for (unsigned n = bytes.p[11]; n > 0; n--)
		if (!read_set(&left, out))
			return false;
	return out->n > 0;
}

/* One TLV that is all of the segment's payload, down to its length. */
static bool read_cut_tlv(struct span bytes, unsigned header_bytes, unsigned wire, struct brief *out)
{
	unsigned length;

	if (bytes.n == wire || bytes.n < header_bytes + MSDP_HEADER_BYTES)
		return false;
	length = load16(bytes.p + header_bytes + 1);
	KEEP_LOADED(length);
	out->is_cut = true;
	out->tlv = (uint16_t)length;
	out->seq = load32(bytes.p + 4);
	return header_bytes + length == wire && length <= MSDP_TLV_MAX;
}

/* Of the segment, `wire` bytes were sent.  Where it carries nothing its sums do not matter. */
static bool read_segment(const uint8_t *ip, struct span bytes, unsigned wire, struct brief *out)
{
	const uint8_t *p = bytes.p;
	unsigned header_bytes;

	if (bytes.n < TCP_BYTES || p[13] & TCP_MARKS || addr_is_multicast4(load32(ip + 16)))
		return false;
	header_bytes = (p[12] >> 4) * 4u;
	KEEP_LOADED(header_bytes);
	if (header_bytes < TCP_BYTES)
		return false;
	out->protocol = PROTOCOL_TCP;
	out->sport = (uint16_t)load16(p);
	out->dport = (uint16_t)load16(p + 2);
	out->ttl = ip[8];
	out->speaker = load32(ip + 12);
	out->receiver = load32(ip + 16);
	out->tlv = 0;
	if (out->sport != MSDP_PORT && out->dport != MSDP_PORT)
		return false;
	return (bytes.n == wire && header_bytes == wire) ||
	       read_cut_tlv(bytes, header_bytes, wire, out);
}

/* An announcement, or a tunnel: by its ports, which lie there.  The rules want no more than these. */
static bool is_wanted(const struct quick_rules *rules, uint32_t group, const uint8_t *p)
{
	unsigned ports = load32(p);

	if (quick_spares_ports(rules, p) & WANTED_UDP && !rules->groups[group & 0xff])
		return false;
	return protocol_row_of_udp(addr_of4(group), ports & 0xffff) ||
	       udp_tunnel_of(ports >> 16, ports & 0xffff);
}

/* A datagram that nobody looks into.  `wire` bytes were sent. */
static bool is_plain_data(const struct quick_rules *rules, const uint8_t *p, unsigned wire)
{
	uint32_t group = load32(p + 16);
	unsigned total = load16(p + 2);

	return p[0] == 0x45 && p[9] == NUMBER_UDP && (load16(p + 6) & 0x3fff) == 0 &&
	       total >= IP4_BYTES + UDP_BYTES && total <= wire && addr_is_multicast4(group) &&
	       (load16(p + 10) == 0 || sum_is_right(sum_of_header4(p, IP4_BYTES))) &&
	       !is_wanted(rules, group, p + IP4_BYTES);
}

/* Of the message, `wire` bytes were sent. */
static bool read_register(const struct quick_rules *rules, const uint8_t *ip, struct span bytes,
			  unsigned wire, struct brief *out)
{
	const uint8_t *inner = bytes.p + REGISTER_BYTES;

	if (bytes.n < REGISTER_BYTES + IP4_BYTES + UDP_BYTES || load32(bytes.p + 4) != 0 ||
	    addr_is_multicast4(load32(ip + 16)) || load32(inner + 12) == 0 ||
	    !sum_is_right(load_native(bytes.p)) ||
	    !is_plain_data(rules, inner, wire - REGISTER_BYTES))
		return false;
	out->point = POINT_REGISTER;
	out->protocol = PROTOCOL_PIM;
	out->type = TYPE_REGISTER;
	out->is_cut = bytes.n < wire;
	return say(out, load32(inner + 12), load32(inner + 16));
}

/* Whether the sum of the message, of eight bytes or more, is right; and the print_mix() of its
 * begin, which is made of the same words. */
static inline bool mix_message(struct span bytes, uint64_t *out_mix)
{
	size_t words = bytes.n / 8, most = COUNT(print_weights);
	size_t mixed = words < most ? words : most;
	uint64_t sum = 0, mix = 0, word;

	for (size_t i = 0; i < mixed; i++) {
		word = load_native(bytes.p + 8 * i);
		sum = sum_word(sum, word);
		mix += word * print_weights[i];
	}
	for (size_t i = mixed; i < words; i++)
		sum = sum_word(sum, load_native(bytes.p + 8 * i));
	if (bytes.n % 8 > 0) {
		word = load_last(bytes.p + bytes.n, bytes.n % 8);
		sum = sum_word(sum, word);
		if (words < most)
			mix += word * print_weights[words];
	}
	*out_mix = mix;
	return sum_is_right(sum);
}

/* What every brief message tells, and whether its header's sum is right. */
static inline bool note_header(const uint8_t *ip, unsigned header_bytes, uint64_t mix,
			       struct brief *out)
{
	out->ttl = ip[8];
	out->speaker = load32(ip + 12);
	out->receiver = load32(ip + 16);
	out->print = print_end(print_header4(ip, ip[9]), (uint16_t)load16(ip + 4), mix);
	return sum_is_right(sum_of_header4(ip, header_bytes));
}

/* RFC 2236 2, RFC 3376 4: IGMP has a Router Alert. */
static inline bool read_asked(const uint8_t *ip, unsigned header_bytes, struct span bytes,
			      struct brief *out)
{
	if (!addr_is_multicast4(load32(ip + 16)))
		return false;
	if (ip[9] == NUMBER_IGMP)
		return header_bytes == IP4_ALERT_BYTES && read_igmp(bytes, out);
	return ip[9] == NUMBER_PIM && read_pim(bytes, out);
}

/* The message behind the header, of which so many bytes were sent. */
static __attribute__((noinline)) bool read_behind(const struct quick_rules *rules,
						  unsigned header_bytes, struct span bytes,
						  unsigned wire, struct brief *out)
{
	const uint8_t *ip = bytes.p - header_bytes;
	uint64_t mix;

	if (ip[9] == NUMBER_TCP)
		return read_segment(ip, bytes, wire, out) &&
		       (out->tlv == 0 || sum_is_right(sum_of_header4(ip, header_bytes)));
	if (ip[9] == NUMBER_PIM && bytes.n > 0 && bytes.p[0] == PIM_REGISTER) {
		if (!read_register(rules, ip, bytes, wire, out))
			return false;
		mix = print_mix_some(bytes);
	} else {
		out->is_cut = false;
		if (bytes.n < wire || !read_asked(ip, header_bytes, bytes, out) ||
		    !mix_message(bytes, &mix))
			return false;
	}
	return note_header(ip, header_bytes, mix, out);
}

/* The shortest of all, and the most frequent. */
static inline bool read_report2(const uint8_t *ip, struct brief *out)
{
	const uint8_t *p = ip + IP4_ALERT_BYTES;
	uint64_t word = load_native(p);

	out->point = POINT_MEMBERSHIP;
	out->protocol = PROTOCOL_IGMP;
	out->type = TYPE_V2_REPORT;
	out->is_cut = false;
	return addr_is_multicast4(load32(ip + 16)) && say(out, 0, load32(p + 4)) &&
	       sum_is_right(word) && note_header(ip, IP4_ALERT_BYTES, word * print_weights[0], out);
}

bool brief_read(const struct quick_rules *rules, const struct quick *quick,
		const struct packet *packet, struct brief *out)
{
	const uint8_t *ip = packet->bytes.p + quick->ip_offset;
	size_t n = packet->bytes.n - quick->ip_offset;
	unsigned header_bytes = quick->plain, total;

	if (!header_bytes || header_bytes > IP4_ALERT_BYTES || packet->checksums_unreliable)
		return false;
	total = load16(ip + 2);
	KEEP_LOADED(total);			/* it may change, and have changed since the look */
	if (total < header_bytes)
		return false;
	out->n = 0;
	if (header_bytes == IP4_ALERT_BYTES && total == header_bytes + IGMP_BYTES && n >= total &&
	    ip[9] == NUMBER_IGMP && ip[IP4_ALERT_BYTES] == IGMP_REPORT2)
		return read_report2(ip, out);
	n = (n < total ? n : total) - header_bytes;
	return read_behind(rules, header_bytes, (struct span){ ip + header_bytes, n },
			   total - header_bytes, out);
}

struct observation brief_statement(const struct brief *brief, size_t i, const struct quick *quick,
				   const struct packet *packet)
{
	struct observation obs = observation_none();
	uint32_t source = (uint32_t)(brief->pair[i] >> 32);

	obs.source = source ? addr_of4(source) : ADDR_ANY;
	obs.group = addr_of4((uint32_t)brief->pair[i]);
	obs.source_len = (uint8_t)addr_bits(obs.source);
	obs.group_len = (uint8_t)addr_bits(obs.group);
	obs.speaker = addr_of4(brief->speaker);
	obs.receiver = addr_of4(brief->receiver);
	obs.at = packet->at;
	obs.bytes = packet->length;
	obs.print = brief->print;
	obs.ip_protocol = brief->protocol == PROTOCOL_IGMP ? NUMBER_IGMP : NUMBER_PIM;
	obs.vlan = quick_vlan(quick, packet);
	obs.link = packet->link;
	obs.point = brief->point;
	obs.what = brief->point == POINT_REGISTER ? WHAT_REGISTER : WHAT_JOIN;
	obs.rp = brief->point == POINT_REGISTER ? obs.receiver : ADDR_NONE;
	obs.flags = brief->is_cut ? FLAG_BIT(CUT) : 0;
	obs.protocol = brief->protocol;
	obs.type = brief->type;
	obs.ttl = brief->ttl;
	obs.has_ttl = obs.has_mac = true;
	memcpy(obs.mac, packet->bytes.p + 6, sizeof(obs.mac));
	return obs;
}
