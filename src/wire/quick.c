/* SPDX-License-Identifier: BSD-2-Clause */
/* The quick look at plain packets: Ethernet with up to two tags, IPv4 without options or IPv6
 * without extension headers, no fragment, UDP or TCP.  Whatever is otherwise asks to be decoded;
 * where its headers are plain, up to its protocol's own decoder they need not be peeled again.
 * The bytes are loaded directly, each group of loads behind one check that they are there: the
 * reader's check for each field would cost more than all else.  Knows no protocol's layout. */
#include "wire/quick.h"

#include <assert.h>

#include "wire/load.h"
#include "wire/number.h"
#include "wire/peel.h"
#include "wire/print.h"
#include "wire/protocols.h"
#include "wire/msdp.h"
#include "wire/rasadv.h"
#include "wire/sum.h"

#define LINKTYPE_ETHERNET 1
#define ETHERNET_BYTES	  14
#define TAG_BYTES	  4
#define ROUTER_ALERT	  0x94040000	/* RFC 2113 2.1 */
/* In the first eight bytes of an IPv4 header: its version and length, more fragments and offset. */
#define HEADER_MASK  UINT64_C(0xff00000000003fff)
#define HEADER_PLAIN UINT64_C(0x4500000000000000)
#define HEADER_ALERT UINT64_C(0x4600000000000000)

/* What look_at() needs to look. */
#define LOOK_BYTES (ETHERNET_BYTES + TAG_BYTES + IP4_BYTES + PRINT_BYTES)

#define SHORT_BYTES (ETHERNET_BYTES + TAG_BYTES + IP4_BYTES + UDP_BYTES)

static void want_port(struct quick_rules *rules, unsigned port, uint8_t who)
{
	const uint8_t bytes[] = { (uint8_t)(port >> 8), (uint8_t)port };

	rules->spared[quick_port_slot(bytes)] &= (uint8_t)~who;
}

static void want_group(struct quick_rules *rules, const struct protocol_row *row)
{
	unsigned last = row->group.lo & 0xff;

	if ((row->mask.lo & 0xff) == 0xff)
		rules->groups[last] = 1;
	else
		memset(rules->groups, 1, sizeof(rules->groups));
}

struct quick_rules quick_rules_of(const struct wire_options *options)
{
	struct quick_rules rules = { .udp_checksums = options->udp_checksums };
	const struct protocol_row *rows;
	const struct udp_tunnel *tunnels;
	size_t n;

	memset(rules.spared, 0xff, sizeof(rules.spared));
	rows = protocol_rows(&n);
	for (size_t i = 0; i < n; i++) {
		if (rows[i].carrier == CARRIER_UDP)
			want_port(&rules, rows[i].number, WANTED_UDP);
		else if (rows[i].carrier == CARRIER_UDP_GROUP)
			want_group(&rules, &rows[i]);
	}
	tunnels = udp_tunnels(&n);
	for (size_t i = 0; i < n; i++)
		want_port(&rules, tunnels[i].port, WANTED_UDP);
	want_port(&rules, MSDP_PORT, WANTED_TCP);
	want_port(&rules, RASADV_PORT, WANTED_TCP);
	rules.carriers[NUMBER_UDP] = WANTED_UDP;
	rules.carriers[NUMBER_TCP] = WANTED_TCP;
	rules.carriers[NUMBER_ICMP] = WANTED_NEVER;
	if (rules.udp_checksums)
		memset(rules.groups, 1, sizeof(rules.groups));
	return rules;
}

static inline unsigned wants_ports(const struct quick_rules *rules, const uint8_t *p)
{
	return ~quick_spares_ports(rules, p);
}

/* Out of line: an address on the stack costs more than the rest of the look. */
static __attribute__((noinline)) bool wants_group4(const uint8_t *p)
{
	return protocol_row_of_udp(addr_of4(load32(p)), 0);
}

static __attribute__((noinline)) bool wants_group6(const uint8_t *p)
{
	return protocol_row_of_udp(addr_of6(load64(p), load64(p + 8)), 0);
}

static __attribute__((noinline)) uint32_t print_few(uint64_t header, uint16_t id, const uint8_t *p,
						    size_t n)
{
	return print_of(header, id, (struct span){ p, n });
}

static inline uint32_t print_at(uint64_t header, uint16_t id, const uint8_t *p, size_t n)
{
	return n >= PRINT_BYTES ? print_of_many(header, id, p) : print_few(header, id, p, n);
}

/* A packet as it is looked at: `p` is the IP header, of which n bytes were captured and `wire`
 * were sent. */
struct look {
	const uint8_t *p;
	size_t	       n, wire;
	bool	       checked;		/* checksums are to be believed */
};

/* To a host. */
static inline enum quick_kind judge_unicast(unsigned protocol, unsigned wanted)
{
	unsigned who = (protocol == NUMBER_UDP ? WANTED_UDP : 0) |
		       (protocol == NUMBER_TCP ? WANTED_TCP : 0);

	return who && !(wanted & who) ? QUICK_IP : QUICK_ASK;
}

/* The length field of a datagram of n bytes, as upper.c takes it. */
static inline bool is_length_right(unsigned length, unsigned n)
{
	return length - UDP_BYTES <= n - UDP_BYTES || length == 0;
}

/* Of the 20 bytes of a plain header: its first eight are a number that is far from the largest. */
static inline bool is_sum_right(const uint8_t *p)
{
	uint32_t last;

	memcpy(&last, p + 16, sizeof(last));
	return sum_is_right(sum_word(load_native(p) + last, load_native(p + 8)));
}

/* An IPv4 header that has more than 20 bytes, or is odd: the bytes of one that decode_plain4()
 * reads, which are those with a Router Alert alone (RFC 2113), as IGMP has it; else 0. */
static uint8_t alert_header4(const struct look *look, uint64_t first)
{
	unsigned total = first >> 32 & 0xffff;

	if ((first & HEADER_MASK) != HEADER_ALERT || look->n < IP4_ALERT_BYTES ||
	    load32(look->p + IP4_BYTES) != ROUTER_ALERT)
		return 0;
	return total < IP4_ALERT_BYTES || total > look->wire ? 0 : IP4_ALERT_BYTES;
}

/* The bytes of a plain header, which decode_plain4() reads; else 0. */
static inline uint8_t plain_header4(const struct look *look, uint64_t first)
{
	unsigned total = first >> 32 & 0xffff;

	if ((first & HEADER_MASK) != HEADER_PLAIN || total < IP4_BYTES + UDP_BYTES ||
	    total > look->wire)
		return alert_header4(look, first);
	return IP4_BYTES;
}

static inline enum quick_kind look_ip4(const struct quick_rules *rules, const struct look *look,
				       struct quick *out)
{
	const uint8_t *p = look->p;
	uint64_t first = load64(p);		/* version, length; total; identification; fragment */
	unsigned total, protocol = p[9], wanted;
	uint32_t group = load32(p + 16);
	size_t captured;

	KEEP_LOADED(first);				/* a file may be written to */
	total = first >> 32 & 0xffff;
	captured = look->n < total ? look->n : total;
	out->plain = plain_header4(look, first);
	if (out->plain != IP4_BYTES)
		return QUICK_ASK;
	wanted = wants_ports(rules, p + IP4_BYTES);
	if (!addr_is_multicast4(group))
		return protocol == NUMBER_ICMP ? QUICK_IP : judge_unicast(protocol, wanted);
	if (protocol != NUMBER_UDP || rules->udp_checksums || wanted & WANTED_UDP ||
	    !is_length_right(load16(p + IP4_BYTES + 4), total - IP4_BYTES) ||
	    (look->checked && !is_sum_right(p)) ||
	    (rules->groups[p[19]] && wants_group4(p + 16)))
		return QUICK_ASK;
	out->source = load32(p + 12);
	out->group = group;
	out->ttl = p[8];
	out->is_cut = look->n < total;
	out->print = print_at(print_header4(p, NUMBER_UDP), (uint16_t)(first >> 16), p + IP4_BYTES,
			      captured - IP4_BYTES);
	return QUICK_DATA4;
}

/* No extension header, but what decode_plain6() may hand on. */
static inline bool is_upper6(unsigned protocol)
{
	return protocol == NUMBER_ICMP6 || protocol == NUMBER_UDP || protocol == NUMBER_TCP ||
	       protocol == NUMBER_PIM;
}

static inline enum quick_kind look_ip6(const struct quick_rules *rules, const struct look *look,
				       struct quick *out)
{
	const uint8_t *p = look->p;
	unsigned payload = load16(p + 4), protocol = p[6];
	size_t captured = look->n - IP6_BYTES;
	uint64_t header;

	KEEP_LOADED(payload);
	out->plain = 0;
	if (p[0] >> 4 != 6 || payload < UDP_BYTES || payload + IP6_BYTES > look->wire)
		return QUICK_ASK;
	out->plain = is_upper6(protocol) ? IP6_BYTES : 0;
	if (p[24] != 0xff)
		return judge_unicast(protocol, wants_ports(rules, p + IP6_BYTES));
	if (protocol != NUMBER_UDP || rules->udp_checksums || (p[25] & 0xf) == 0xf ||
	    (wants_ports(rules, p + IP6_BYTES) & WANTED_UDP) ||
	    (rules->groups[p[39]] && wants_group6(p + 24)) ||
	    !is_length_right(load16(p + IP6_BYTES + 4), payload))
		return QUICK_ASK;
	captured = captured < payload ? captured : payload;
	out->source = out->group = 0;		/* no flow of IPv4 has these */
	out->ttl = p[7];
	out->is_cut = captured < payload;
	header = (uint64_t)captured << 16 | protocol;
	out->print = captured < PRINT_BYTES
			     ? print_few(header, 0, p + IP6_BYTES, captured)
			     : print_end(header, 0, print_mix_many(p + IP6_BYTES));
	return QUICK_DATA6;
}

/* The IP header of a frame, and what is behind it. */
static inline struct look look_behind(const struct packet *packet, size_t offset)
{
	size_t n = packet->bytes.n;

	return (struct look){ .p = packet->bytes.p + offset, .n = n - offset,
			      .wire = (packet->length > n ? packet->length : n) - offset,
			      .checked = !packet->checksums_unreliable };
}

/* Out of line: what is looked at there would cost IPv4 registers. */
static __attribute__((noinline)) enum quick_kind look_at6(const struct quick_rules *rules,
							  const struct packet *packet,
							  struct quick *out)
{
	struct look look = look_behind(packet, out->ip_offset);

	return look_ip6(rules, &look, out);
}

static inline bool is_tag(unsigned ethertype)
{
	return ethertype == 0x8100 || ethertype == 0x88a8 || ethertype == 0x9100;
}

/* Passes up to two tags; 0 where they are cut. */
static unsigned skip_tags(const struct packet *packet, unsigned ethertype, struct quick *out)
{
	const uint8_t *p = packet->bytes.p;

	for (unsigned tags = 0; is_tag(ethertype) && tags < 2; tags++) {
		if (packet->bytes.n < out->ip_offset + 4u)
			return 0;
		ethertype = load16(p + out->ip_offset + 2);
		out->ip_offset = (uint8_t)(out->ip_offset + 4);
	}
	return ethertype;
}

/* A destination of Cisco's ISL: no EtherType stands behind the addresses. */
static inline bool is_isl(const uint8_t *p)
{
	uint32_t first = load32(p);

	return (first == 0x01000c00 || first == 0x0c000c00) && p[4] == 0;
}

/* By two of its bytes; few other destinations have these. */
static inline bool may_be_isl(const uint8_t *p)
{
	return load16(p + 2) == 0x0c00;
}

static __attribute__((noinline)) enum quick_kind look_at4(const struct quick_rules *rules,
							  const struct packet *packet,
							  struct quick *out)
{
	struct look look = look_behind(packet, out->ip_offset);

	return look_ip4(rules, &look, out);
}

/* What the headers of the link say, whatever they are. */
static __attribute__((noinline)) enum quick_kind look_at_any(const struct quick_rules *rules,
							     const struct packet *packet,
							     struct quick *out)
{
	size_t n = packet->bytes.n;
	unsigned ethertype;

	out->plain = 0;
	out->ip_offset = ETHERNET_BYTES;
	if (packet->linktype != LINKTYPE_ETHERNET || n < ETHERNET_BYTES || is_isl(packet->bytes.p))
		return QUICK_ASK;
	ethertype = load16(packet->bytes.p + 12);
	if (ethertype != 0x0800)
		ethertype = skip_tags(packet, ethertype, out);
	n -= out->ip_offset;
	if (ethertype == 0x0800 && n >= IP4_BYTES + UDP_BYTES)
		return look_at4(rules, packet, out);
	if (ethertype == 0x86dd && n >= IP6_BYTES + UDP_BYTES)
		return look_at6(rules, packet, out);
	return ethertype == 0x0806 ? QUICK_NO_IP : QUICK_ASK;
}

/* Reports and joins: they are short, and ask whatever they are. */
static inline bool asks_in_short(const struct packet *packet, size_t offset, struct quick *out)
{
	struct look look = look_behind(packet, offset);
	uint64_t first;

	if (look.p[9] != NUMBER_IGMP && look.p[9] != NUMBER_PIM)
		return false;
	first = load64(look.p);
	KEEP_LOADED(first);				/* a file may be written to */
	out->plain = plain_header4(&look, first);
	return true;
}

/* Out of line: few frames need it.  Nearly all of these are of IPv6, or reports and joins, behind at
 * most one tag. */
static __attribute__((noinline)) enum quick_kind look_at_odd(const struct quick_rules *rules,
							     const struct packet *packet,
							     struct quick *out)
{
	const uint8_t *p = packet->bytes.p;
	size_t n = packet->bytes.n, offset;
	uint32_t ethertype;

	if (packet->linktype != LINKTYPE_ETHERNET || n < SHORT_BYTES || may_be_isl(p))
		return look_at_any(rules, packet, out);
	offset = ETHERNET_BYTES + (size_t)(load16(p + 12) == 0x8100) * TAG_BYTES;
	KEEP_LOADED(offset);				/* and is made once */
	ethertype = load16_raw(p + offset - 2);
	out->ip_offset = (uint8_t)offset;
	if (ethertype == network16(0x0800))
		return asks_in_short(packet, offset, out) ? QUICK_ASK
							  : look_at4(rules, packet, out);
	if (ethertype == network16(0x86dd) && n - offset >= IP6_BYTES + UDP_BYTES)
		return look_at6(rules, packet, out);
	return look_at_any(rules, packet, out);
}

/* The first eight bytes of a plain header, as they lie there. */
static inline bool is_plain4(uint64_t first)
{
	return (first & network64(HEADER_MASK)) == network64(HEADER_PLAIN);
}

/* Source and group, as struct quick has them. */
static inline uint64_t order_pair(uint64_t pair)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? pair : pair << 32 | pair >> 32;
}

static inline enum quick_kind ask_plain4(struct quick *out)
{
	out->plain = IP4_BYTES;
	return QUICK_ASK;
}

/* A datagram that is plain so far, to a group that somebody may want. */
static __attribute__((noinline)) enum quick_kind look_at_wanted(const struct quick_rules *rules,
								const struct packet *packet,
								struct quick *out)
{
	if (wants_group4(packet->bytes.p + out->ip_offset + 16))
		return ask_plain4(out);
	return look_at_any(rules, packet, out);
}

/* Nearly every frame: IPv4 behind at most one tag, which is stepped over without a branch, and all
 * that is looked at is there.  What only look_at_odd() can tell is left to it, and is expected to
 * be rare: so its calls stand behind the loop, which has more registers for that. */
static inline enum quick_kind look_at(const struct quick_rules *rules, const struct packet *packet,
				      struct quick *out)
{
	size_t n = packet->bytes.n, offset, total;
	const uint8_t *p = packet->bytes.p, *ip;
	uint64_t first, pair;
	unsigned spared;

	if (__builtin_expect(packet->linktype != LINKTYPE_ETHERNET ||
			     packet->checksums_unreliable || n < LOOK_BYTES, 0))
		return look_at_odd(rules, packet, out);
	offset = ETHERNET_BYTES + (size_t)(load16(p + 12) == 0x8100) * TAG_BYTES;
	KEEP_LOADED(offset);				/* and is made once */
	ip = p + offset;
	first = load_native(ip);
	if (__builtin_expect(load16(ip - 2) != 0x0800 || may_be_isl(p) || !is_plain4(first), 0))
		return look_at_odd(rules, packet, out);
	total = load16(ip + 2);
	KEEP_LOADED(total);				/* a file may be written to */
	if (__builtin_expect(total < IP4_BYTES + PRINT_BYTES || total + offset > packet->length,
			     0))
		return look_at_odd(rules, packet, out);
	out->ip_offset = (uint8_t)offset;
	spared = rules->carriers[ip[9]] & quick_spares_ports(rules, ip + IP4_BYTES);
	pair = load64(ip + 12);				/* source and group */
	if (__builtin_expect(!addr_is_multicast4((uint32_t)pair), 0))
		return spared ? QUICK_IP : ask_plain4(out);
	if (!(spared & WANTED_UDP) || !is_sum_right(ip))
		return ask_plain4(out);
	if (load16_raw(ip + IP4_BYTES + 4) != network16(total - IP4_BYTES))
		return look_at_odd(rules, packet, out);
	if (__builtin_expect(rules->groups[ip[19]], 0))
		return look_at_wanted(rules, packet, out);
	out->pair = order_pair(pair);
	out->is_cut = total + offset > n;
	out->ttl = ip[8];
	out->print = print_of_many(print_header4(ip, NUMBER_UDP), (uint16_t)load16_raw(ip + 4),
				   ip + IP4_BYTES);
	return QUICK_DATA4;
}

/* Never part of its callers: only so is all of the look part of the loop. */
__attribute__((noinline)) void quick_look(const struct quick_rules *rules,
					  const struct packet *packets, size_t n, struct quick *out)
{
	for (size_t i = 0; i < n; i++)
		out[i].kind = (uint8_t)look_at(rules, &packets[i], &out[i]);
}

static inline void list_data(const struct quick *quick, size_t i, struct quick_lists *lists,
			     size_t n)
{
	uint64_t hash = addr_hash_pair(quick->source, quick->group);

	__builtin_prefetch(&lists->places[hash & lists->place_mask]);
	lists->hash[n] = hash;
	lists->data[n] = (uint8_t)i;
}

/* The kind is written down where it is found out, which costs no branch more. */
__attribute__((noinline)) void quick_look_sorted(const struct quick_rules *rules,
						 const struct packet *packets, size_t n,
						 struct quick *out, struct quick_lists *lists)
{
	const uint8_t *ahead = lists->ahead;
	size_t asks = 0, data = 0, no_ip = 0;

	assert(n <= QUICK_BATCH);
	for (size_t i = 0; i < n; i++) {
		enum quick_kind kind;

		ahead = quick_fetch(ahead);	/* here there is something to do meanwhile */
		kind = look_at(rules, &packets[i], &out[i]);
		out[i].kind = (uint8_t)kind;
		if (__builtin_expect(kind >= QUICK_DATA4, 1))
			list_data(&out[i], i, lists, data++);
		else if (kind == QUICK_ASK)
			lists->asks[asks++] = (uint8_t)i;
		else
			no_ip += kind == QUICK_NO_IP;
	}
	lists->ask_n = asks;
	lists->data_n = data;
	lists->data[data] = QUICK_END;
	lists->no_ip_n = no_ip;
	lists->ahead = ahead;
}

/* Appends each packet to the lists by adding or not adding to their lengths: what comes next in a
 * capture no processor can guess. */
void quick_sort(const struct quick *quick, size_t n, struct quick_lists *lists)
{
	size_t asks = 0, data = 0, no_ip = 0;

	assert(n <= QUICK_BATCH);
	for (size_t i = 0; i < n; i++) {
		lists->asks[asks] = lists->data[data] = (uint8_t)i;
		asks += quick[i].kind == QUICK_ASK;
		data += quick[i].kind >= QUICK_DATA4;
		no_ip += quick[i].kind == QUICK_NO_IP;
	}
	for (size_t k = 0; k < data; k++)
		list_data(&quick[lists->data[k]], lists->data[k], lists, k);
	lists->ask_n = asks;
	lists->data_n = data;
	lists->data[data] = QUICK_END;
	lists->no_ip_n = no_ip;
}

void quick_addresses(const struct quick *quick, const struct packet *packet,
		     struct addr *out_source, struct addr *out_group)
{
	const uint8_t *p = packet->bytes.p + quick->ip_offset;

	if (quick->kind == QUICK_DATA4) {
		*out_source = addr_of4(quick->source);
		*out_group = addr_of4(quick->group);
		return;
	}
	*out_source = addr_of6(load64(p + 8), load64(p + 16));
	*out_group = addr_of6(load64(p + 24), load64(p + 32));
}

static const uint8_t *ports_of(const struct quick *quick, const struct packet *packet)
{
	return packet->bytes.p + quick->ip_offset +
	       (quick->kind == QUICK_DATA4 ? IP4_BYTES : IP6_BYTES);
}

uint16_t quick_vlan(const struct quick *quick, const struct packet *packet)
{
	/* without a branch, which would be guessed wrong: where there is no tag the header is */
	unsigned tag = load16(packet->bytes.p + ETHERNET_BYTES);

	KEEP_LOADED(tag);
	return (uint16_t)(quick->ip_offset == ETHERNET_BYTES ? VLAN_NONE : tag & 0xfff);
}

uint16_t quick_port(const struct quick *quick, const struct packet *packet)
{
	return (uint16_t)load16(ports_of(quick, packet) + 2);
}

struct observation quick_statement(const struct quick *quick, const struct packet *packet)
{
	struct observation obs = observation_none();

	quick_addresses(quick, packet, &obs.source, &obs.group);
	obs.speaker = obs.source;
	obs.receiver = obs.group;
	obs.source_len = obs.group_len = (uint8_t)addr_bits(obs.group);
	obs.at = packet->at;
	obs.flags = quick->is_cut ? FLAG_BIT(CUT) : 0;
	obs.bytes = packet->length;
	obs.print = quick->print;
	obs.ip_protocol = NUMBER_UDP;
	obs.sport = (uint16_t)load16(ports_of(quick, packet));
	obs.dport = quick_port(quick, packet);
	obs.has_ports = obs.has_ttl = obs.has_mac = true;
	obs.vlan = quick_vlan(quick, packet);
	obs.link = packet->link;
	obs.point = POINT_DATA;
	obs.what = WHAT_SEND;
	obs.protocol = PROTOCOL_UDP;
	obs.type = TYPE_DATA;
	obs.ttl = quick->ttl;
	memcpy(obs.mac, packet->bytes.p + 6, sizeof(obs.mac));
	return obs;
}

/* What ethernet_peel() would have noted, and that an IP header was read. */
static void note_frame(const struct quick *quick, const struct packet *packet,
		       const struct wire_options *options, struct layers *out)
{
	static const struct layers none = { .template = OBSERVATION_NONE };
	struct observation *t = &out->template;

	*out = none;
	t->at = packet->at;
	t->bytes = packet->length;
	t->link = packet->link;
	t->vlan = quick_vlan(quick, packet);
	t->has_ttl = t->has_mac = true;
	memcpy(t->mac, packet->bytes.p + 6, sizeof(t->mac));
	out->checksums_unreliable = packet->checksums_unreliable;
	out->udp_checksums = options->udp_checksums;
	out->is_inside = true;
	out->depth = 2;				/* the frame, and the packet in it */
}

static void note_addresses(struct addr speaker, struct addr receiver, struct layers *at,
			   struct said *out)
{
	at->template.speaker = speaker;
	at->template.receiver = at->final = receiver;
	said_reset(out);
	out->has_ip = out->is_read = true;
	out->is_multicast = addr_is_multicast(receiver);
}

/* The n bytes behind the header, as far as they were captured. */
static struct span take_payload(const struct quick *quick, const struct packet *packet, size_t n,
				struct layers *at)
{
	size_t header = (size_t)quick->ip_offset + quick->plain;
	struct span bytes = { packet->bytes.p + header, packet->bytes.n - header };

	if (n > bytes.n) {
		at->cut = n - bytes.n;
		at->template.flags |= FLAG_BIT(CUT);
		return bytes;
	}
	return (struct span){ bytes.p, n };
}

static void decode_plain4(const struct quick *quick, const struct packet *packet,
			  const struct wire_options *options, struct said *out)
{
	const uint8_t *p = packet->bytes.p + quick->ip_offset;
	struct span bytes;
	struct layers at;

	note_frame(quick, packet, options, &at);
	note_addresses(addr_of4(load32(p + 12)), addr_of4(load32(p + 16)), &at, out);
	at.template.ttl = p[8];
	at.template.ip_protocol = p[9];
	at.router_alert = quick->plain == IP4_ALERT_BYTES;
	bytes = take_payload(quick, packet, load16(p + 2) - quick->plain, &at);
	if (!at.checksums_unreliable && !sum_is_right(sum_of((struct span){ p, quick->plain })))
		at.template.flags |= FLAG_BIT(BAD_IP_CHECKSUM);
	at.template.print = print_at(print_header4(p, p[9]), (uint16_t)load16(p + 4), bytes.p,
				     bytes.n);
	upper_peel(&at, p[9], bytes, out);
}

static void decode_plain6(const struct quick *quick, const struct packet *packet,
			  const struct wire_options *options, struct said *out)
{
	const uint8_t *p = packet->bytes.p + quick->ip_offset;
	struct span bytes;
	struct layers at;

	note_frame(quick, packet, options, &at);
	note_addresses(addr_of6(load64(p + 8), load64(p + 16)),
		       addr_of6(load64(p + 24), load64(p + 32)), &at, out);
	at.template.ttl = p[7];
	at.template.ip_protocol = p[6];
	bytes = take_payload(quick, packet, load16(p + 4), &at);
	at.template.print = print_at((uint64_t)bytes.n << 16 | p[6], 0, bytes.p, bytes.n);
	upper_peel(&at, p[6], bytes, out);
}

void quick_decode(const struct quick *quick, const struct packet *packet,
		  const struct wire_options *options, struct said *out)
{
	if (quick->plain == IP6_BYTES)
		decode_plain6(quick, packet, options, out);
	else if (quick->plain)
		decode_plain4(quick, packet, options, out);
	else
		wire_decode(packet, options, out);
}
