/* SPDX-License-Identifier: BSD-2-Clause */
/* Random frames, and what they should meet.  Knows no kernel. */
#include "random_packet.h"

#include "net/embed.h"
#include "t.h"
#include "wire/protocols.h"

static unsigned pick(uint64_t *seed, unsigned n)
{
	return (unsigned)(t_random(seed) >> 17) % n;
}

static bool chance(uint64_t *seed, unsigned percent)
{
	return pick(seed, 100) < percent;
}

/* --- writing --- */

static void fill(struct wr *w, uint8_t byte, unsigned n)
{
	while (n-- > 0)
		wr_u8(w, byte);
}

static void put_ethernet(uint64_t *seed, bool is_ip6, struct wr *w)
{
	static const uint16_t tags[] = { 0x8100, 0x88a8, 0x9100, 0x8100 };

	wr_bytes(w, "\x01\x00\x5e\x01\x02\x03\x02\x00\x00\x00\x00\x09", 12);
	for (unsigned n = chance(seed, 30) ? pick(seed, 4) : 0; n > 0; n--) {
		wr_be16(w, tags[pick(seed, COUNT(tags))]);
		wr_be16(w, (uint16_t)(1 + pick(seed, 4000)));
	}
	wr_be16(w, is_ip6 ? 0x86dd : 0x0800);
}

static void put_transport(uint64_t *seed, const struct observation *obs, unsigned protocol,
			  struct wr *w)
{
	static const uint16_t ports[] = { 9753, 9875, 496, 5353 };
	static const uint8_t types[] = { 128, 134, 143, 131, 135 };
	uint16_t port = chance(seed, 25) ? ports[pick(seed, COUNT(ports))] : obs->dport;
	unsigned payload = 8 + pick(seed, 24);

	if (protocol == 58) {
		wr_u8(w, types[pick(seed, COUNT(types))]);
		fill(w, 0, 23);
		return;
	}
	if (protocol != 6 && protocol != 17) {
		fill(w, 0x11, 24);
		return;
	}
	wr_be16(w, 4000);
	wr_be16(w, port);
	if (protocol == 17) {
		wr_be16(w, (uint16_t)(chance(seed, 5) ? pick(seed, 60) : 8 + payload));
		wr_be16(w, 0);
	} else {
		fill(w, 0, 8);
		wr_u8(w, 0x50);
		fill(w, 0, 7);
	}
	fill(w, 0, payload);
}

static uint16_t random_fragment(uint64_t *seed)
{
	static const uint16_t fields[] = { 0x2000, 0x00b9, 0x20b9, 0x2001, 0x0001 };

	return chance(seed, 12) ? fields[pick(seed, COUNT(fields))] : 0;
}

static void put_ip4(uint64_t *seed, const struct observation *obs, unsigned protocol, struct wr *w)
{
	unsigned options = chance(seed, 15) ? 1 + pick(seed, 10) : 0;
	size_t start = wr_done(w), end;

	wr_u8(w, (uint8_t)(0x45 + options));
	wr_u8(w, 0);
	wr_be16(w, 0);
	wr_be16(w, 7);
	wr_be16(w, random_fragment(seed));
	wr_u8(w, obs->ttl);
	wr_u8(w, (uint8_t)protocol);
	wr_be16(w, 0);
	addr_write(obs->source, w);
	addr_write(obs->group, w);
	fill(w, 1, options * 4);
	put_transport(seed, obs, protocol, w);
	end = wr_done(w) - start;
	wr_put_be16(w, start + 2, (uint16_t)end);
}

/* Extension headers of 8 bytes or more; the number of the first stands where `at` says. */
static void put_extensions(uint64_t *seed, size_t at, unsigned protocol, struct wr *w)
{
	static const uint8_t kinds[] = { 0, 43, 60, 44, 51, 135 };

	for (unsigned n = chance(seed, 25) ? 1 + pick(seed, 4) : 0; n > 0; n--) {
		uint8_t kind = kinds[pick(seed, COUNT(kinds))];
		unsigned more = kind == 44 ? 0 : pick(seed, 2);

		w->start[at] = kind;
		at = wr_done(w);
		wr_u8(w, 0);
		wr_u8(w, (uint8_t)(kind == 44 ? 0 : kind == 51 ? 2 * more : more));
		wr_be16(w, kind == 44 ? random_fragment(seed) : 0x0100);
		fill(w, 0, 4 + 8 * more);
	}
	w->start[at] = (uint8_t)protocol;
}

static void put_ip6(uint64_t *seed, const struct observation *obs, unsigned protocol, struct wr *w)
{
	size_t start = wr_done(w);

	wr_be32(w, 0x60000000);
	wr_be16(w, 0);
	wr_u8(w, 0);
	wr_u8(w, obs->ttl);
	addr_write(obs->source, w);
	addr_write(obs->group, w);
	put_extensions(seed, start + 6, protocol, w);
	put_transport(seed, obs, protocol, w);
	wr_put_be16(w, start + 4, (uint16_t)(wr_done(w) - start - 40));
}

static struct addr odd_group(uint64_t *seed, bool is_ip6)
{
	static const uint32_t groups[] = { 0xe0000005, 0x0a000001, 0xe00000fb, 0xdfffffff, 0xf0000000 };
	static const uint64_t tops[] = { 0xff02, 0xff01, 0x2001, 0xff12, 0xfe80 };

	if (is_ip6)
		return addr_of6(tops[pick(seed, COUNT(tops))] << 48, 0xfb);
	return addr_of4(groups[pick(seed, COUNT(groups))]);
}

size_t random_frame(uint64_t *seed, const struct observation *obs, uint8_t out[RANDOM_FRAME_MAX])
{
	static const uint8_t controls[] = { 2, 103, 58 };
	struct wr w = wr_of(out, RANDOM_FRAME_MAX);
	struct observation o = *obs;
	bool is_ip6 = o.group.family == FAMILY_IP6;
	unsigned protocol = o.ip_protocol == IP_PROTOCOL_NONE ? 17 : o.ip_protocol;

	if (!addr_is_there(o.group) || !addr_is_there(o.source) || o.source.family != o.group.family)
		return 0;
	if (chance(seed, 8))
		o.group = odd_group(seed, is_ip6);
	if (chance(seed, 8))
		protocol = controls[pick(seed, COUNT(controls))];
	put_ethernet(seed, is_ip6, &w);
	if (is_ip6)
		put_ip6(seed, &o, protocol, &w);
	else
		put_ip4(seed, &o, protocol, &w);
	if (chance(seed, 20))
		fill(&w, 0, 10);
	return wr_ok(&w) ? wr_done(&w) : 0;
}

/* --- what it should meet --- */

/* The address that the outermost IP header goes to; ADDR_NONE where there is none. */
static struct addr destination_of(struct span frame)
{
	struct rd r = rd_of(frame);
	unsigned ethertype;

	rd_skip(&r, 12);
	do {
		ethertype = rd_be16(&r);
		if (ethertype == 0x0800 || ethertype == 0x86dd)
			break;
		rd_skip(&r, 2);
	} while (rd_ok(&r));
	rd_skip(&r, ethertype == 0x0800 ? 16 : 24);
	return ethertype == 0x0800 ? addr_read4(&r) : addr_read6(&r);
}

/* 224.0.0.0/24, ffx1::/16, ffx2::/16. */
static bool is_link_local(struct addr group)
{
	return addr_is_link_local_group(group);
}

static bool is_malformed(const struct said *said)
{
	for (size_t i = 0; i < said->n; i++)
		if (said->list[i].protocol == PROTOCOL_UDP && said->list[i].anomaly != ANOMALY_NONE)
			return true;
	return false;
}

/* A kernel looks at no payload: SAP and rasadv are what comes to their ports and groups. */
static uint8_t protocol_by_port(const struct observation *obs, const struct said *said)
{
	const struct protocol_row *row = protocol_row_of_udp(obs->group, obs->dport);

	if (obs->ip_protocol != 17 || !obs->has_ports || is_malformed(said))
		return obs->protocol;
	return row ? (uint8_t)row->protocol : obs->protocol;
}

static const struct observation *find_data(const struct said *said)
{
	for (size_t i = 0; i < said->n; i++)
		if (said->list[i].point == POINT_DATA && said->list[i].anomaly == ANOMALY_NONE &&
		    !(said->list[i].flags & FLAG_BIT(TUNNEL)) && !said->list[i].notice)
			return &said->list[i];
	return NULL;
}

static struct expected expect(struct span frame, const struct boundary *boundary,
			      struct observation as, const struct members *members,
			      struct said *said)
{
	struct packet packet = { .at = as.at, .bytes = frame, .length = (uint32_t)frame.n,
				 .linktype = 1 };
	struct addr group = destination_of(frame);
	const struct observation *data;
	struct observation obs;
	struct verdict v;

	if (!addr_is_multicast(group))
		return (struct expected){ NULL, ACTION_PERMIT, SIZE_MAX };
	if (is_link_local(group))
		return (struct expected){ ".link-local", ACTION_PERMIT, SIZE_MAX };
	wire_decode(&packet, &(struct wire_options){ 0 }, said);
	data = find_data(said);
	if (!data)
		return (struct expected){ ".control", ACTION_PERMIT, SIZE_MAX };
	obs = *data;
	obs.protocol = protocol_by_port(&obs, said);
	obs.type = TYPE_DATA;
	obs.direction = as.direction;
	obs.ttl = (uint8_t)(obs.ttl + as.ttl);
	obs.flags &= FLAG_BIT(FRAGMENT) | FLAG_BIT(SCOPE_F);
	obs.joined = (uint8_t)(members ? members_asked(members, &obs, as.at) : JOINED_UNKNOWN);
	v = reference_judge(boundary, &obs);
	return (struct expected){
		v.rule + 1u == boundary->rule_count ? "default" : boundary->rules[v.rule]->name,
		v.action, v.rule,
	};
}

struct expected expect_frame(struct span frame, const struct boundary *boundary,
			     enum direction direction, struct mtime at, unsigned ttl_less,
			     struct said *said)
{
	const struct observation as = { .at = at, .direction = (uint8_t)direction,
					.ttl = (uint8_t)ttl_less };

	return expect(frame, boundary, as, NULL, said);
}

struct expected expect_frame_asked(struct span frame, const struct boundary *boundary,
				   enum direction direction, struct mtime at,
				   const struct members *members, struct said *said)
{
	const struct observation as = { .at = at, .direction = (uint8_t)direction };

	return expect(frame, boundary, as, members, said);
}
