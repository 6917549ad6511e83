/* SPDX-License-Identifier: BSD-2-Clause */
/* The quick ways through the engine (lumps, brief messages, echoes) report what the long way reports:
 * random policies x captures of a few hosts that say the same things again and again, on two links
 * and VLANs, some of it broken.  40 policies; WEIR_LONG=1: thirty times as many. */
#include "cmd/judging.h"
#include "engine/roll.h"
#include "gen/frame.h"
#include "random_policy.h"
#include "scene.h"
#include "wire/membership.h"
#include "wire/msdp.h"
#include "wire/rasadv.h"

#define PACKETS 3000
#define POOL 1000
#define GROUPS 12
#define BATCH_MAX 200
#define DATE "2026-02-11"		/* day 20495 */

static unsigned pick(uint64_t *seed, unsigned n)
{
	return (unsigned)(t_random(seed) >> 17) % n;
}

/* --- frames that will be seen many times --- */

struct pool {
	struct addr groups[GROUPS], sources[GROUPS], hosts[40];
	struct span frames[POOL];
};

static void choose_addresses(uint64_t *seed, const struct boundary *b, struct pool *p)
{
	static const char *const fixed[] = { "224.0.0.251", "224.2.127.254", "239.255.1.1", "ff02::fb" };

	for (size_t i = 0; i < GROUPS; i++) {
		struct observation obs = random_observation(seed, b);

		p->groups[i] = addr_of4(0xe8010100 + (uint32_t)i);
		p->sources[i] = addr_of4(0xc6330100 + (uint32_t)i % 5);
		if (obs.group.family == FAMILY_IP4 && addr_is_multicast(obs.group))
			p->groups[i] = obs.group;
		if (obs.source.family == FAMILY_IP4 && !addr_is_multicast(obs.source))
			p->sources[i] = obs.source;
		if (i < COUNT(fixed))
			p->groups[i] = ip(fixed[i]);
	}
	for (size_t i = 0; i < COUNT(p->hosts); i++)
		p->hosts[i] = addr_of4(0xc0000200 + (uint32_t)i);
}

static struct addr group4(uint64_t *seed, const struct pool *p)
{
	return p->groups[pick(seed, 3) ? 4 + pick(seed, GROUPS - 4) : pick(seed, 3)];
}

static struct addr source4(uint64_t *seed, const struct pool *p)
{
	return p->sources[pick(seed, 4) ? pick(seed, 2) : pick(seed, GROUPS)];
}

static void put_records(uint64_t *seed, const struct pool *p, struct frame *f)
{
	struct addr sources[3];
	struct record records[3];
	size_t n = 1 + pick(seed, 3);

	for (size_t i = 0; i < COUNT(sources); i++)
		sources[i] = source4(seed, p);
	for (size_t i = 0; i < n; i++)
		records[i] = (struct record){ .type = pick(seed, 5) ? RECORD_TO_IN + pick(seed, 2)
								    : RECORD_IS_IN + pick(seed, 7),
					      .group = group4(seed, p), .sources = sources };
	for (size_t i = 0; i < n; i++)
		records[i].n = records[i].type == RECORD_TO_EX ? pick(seed, 8) == 0 : 1 + pick(seed, 2);
	membership_write_records(records, n, &f->w);
}

static void put_igmp_message(uint64_t *seed, const struct pool *p, struct addr host, struct frame *f)
{
	static const uint8_t types[] = { 0x11, 0x12, 0x16, 0x16, 0x16, 0x17 };
	struct addr group = group4(seed, p);
	bool is_alert = pick(seed, 8) != 0;
	unsigned ttl = pick(seed, 8) ? 1 : 2;

	if (pick(seed, 2)) {
		put_ip(f, host, ip("224.0.0.22"), ttl, 2, is_alert);
		put_igmp(f, 0x22, 0);
		put_records(seed, p, f);
		return;
	}
	put_ip(f, host, group, ttl, 2, is_alert);
	put_igmp(f, types[pick(seed, COUNT(types))], 0);
	put_addr(f, group);
}

static void put_pim_message(uint64_t *seed, const struct pool *p, struct addr host, struct frame *f)
{
	unsigned sets = 1 + pick(seed, 2);

	put_ip(f, host, ip("224.0.0.13"), pick(seed, 8) ? 1 : 3, 103, PLAIN);
	if (pick(seed, 6) == 0) {
		put_pim(f, 0);
		return;
	}
	put_pim(f, 3);
	put_unicast(f, p->hosts[0]);
	wr_be16(&f->w, (uint16_t)sets);
	wr_be16(&f->w, 210);
	for (; sets > 0; sets--) {
		unsigned joins = 1 + pick(seed, 2), prunes = pick(seed, 6) == 0;

		put_group(f, group4(seed, p), 0);
		wr_be16(&f->w, (uint16_t)joins);
		wr_be16(&f->w, (uint16_t)prunes);
		for (unsigned i = 0; i < joins + prunes; i++)
			put_source(f, source4(seed, p), pick(seed, 6) ? 4 : pick(seed, 8));
	}
}

/* Groups that are announced are of two families, and now and then none is. */
static void put_sap_message(uint64_t *seed, const struct pool *p, struct frame *f)
{
	static const char *const groups[] = { "IP4 232.1.1.1/32", "IP4 239.255.1.1/32/3", "IP6 ff0e::5", "IP4 10.1.1.1" };
	struct addr source = p->hosts[pick(seed, 4)], group = ip(pick(seed, 5) ? "224.2.127.254" : "239.255.255.255");

	put_ip(f, source, group, pick(seed, 8) ? 63 : 64, 17, PLAIN);
	put_udp(f, 9875, 9875);
	wr_u8(&f->w, (uint8_t)(pick(seed, 9) ? 0x20 : 0x20 << pick(seed, 3)));
	wr_u8(&f->w, 0);
	wr_be16(&f->w, 7);
	put_addr(f, source);
	put_text(f, "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=x\r\nc=IN ");
	put_text(f, groups[pick(seed, COUNT(groups))]);
	put_text(f, "\r\nt=0 0\r\n");
}

/* A server that announces itself, or somebody who speaks to it. */
static void put_ras_message(uint64_t *seed, const struct pool *p, struct frame *f)
{
	struct addr server = p->hosts[8 + pick(seed, 4)];

	if (pick(seed, 3) == 0) {
		put_ip(f, p->hosts[0], server, 60, 6, PLAIN);
		put_tcp(f, 50000, RASADV_PORT, 1, 1, 0x10);
		return;
	}
	put_ip(f, server, rasadv_group(), 15 - pick(seed, 2), 17, PLAIN);
	put_udp(f, 5004, RASADV_PORT);
	rasadv_encode(&f->w, span_of(pick(seed, 4) ? "a" : "b"), span_of("example.org"));
}

static void put_router_message(uint64_t *seed, const struct pool *p, struct frame *f)
{
	struct addr router = addr_of6(UINT64_C(0xfe80) << 48, 1 + pick(seed, 3));

	if (pick(seed, 2)) {
		put_ip(f, router, ip("ff02::1"), pick(seed, 6) ? 255 : 254, 58, PLAIN);
		put_icmp6(f, 134, 0);
		wr_be32(&f->w, 0x40000708);
		wr_be32(&f->w, 0);
		wr_be32(&f->w, 0);
		return;
	}
	put_ip(f, p->hosts[pick(seed, 2)], p->hosts[3], 60, 103, PLAIN);
	put_pim(f, 1);
	wr_be32(&f->w, 0);
	put_inner_ip(f, source4(seed, p), group4(seed, p), 60, 17, PLAIN);
	put_udp(f, 5004, 5004);
	put_filler(f, 40);
}

/* Of a few streams: segments of one Source-Active each, or of none, in an order of their own. */
static void put_msdp_message(uint64_t *seed, const struct pool *p, struct frame *f)
{
	static const unsigned flags[] = { 0x10, 0x10, 0x10, 0x10, 0x18, 0x11, 0x12, 0x14 };
	struct msdp_entry entries[3];
	unsigned n = pick(seed, 4), length = 8 + 12 * n;
	uint8_t bytes[64];
	struct wr w = wr_of(bytes, sizeof(bytes));

	for (unsigned i = 0; i < n; i++)
		entries[i] = (struct msdp_entry){ source4(seed, p), group4(seed, p) };
	put_ip(f, p->hosts[pick(seed, 2)], p->hosts[2], 60, 6, PLAIN);
	put_tcp(f, pick(seed, 8) ? 639 : 640, 50000, length * pick(seed, 6), 1, flags[pick(seed, 8)]);
	if (n == 0)
		return;
	msdp_encode_sa(&w, p->hosts[3], entries, n, (struct span){ 0 });
	wr_bytes(&f->w, bytes, pick(seed, 8) ? wr_done(&w) : wr_done(&w) / 2);
}

static void put_udp_message(uint64_t *seed, const struct pool *p, struct frame *f)
{
	struct addr group = p->groups[pick(seed, GROUPS)];
	struct addr source = group.family == FAMILY_IP6 ? addr_of6(UINT64_C(0xfe80) << 48, 1 + pick(seed, 3))
							: source4(seed, p);

	if (group.family == FAMILY_IP4 && pick(seed, 8) == 0) {	/* told from those by their family alone */
		group = addr_of6(UINT64_C(0xff0e) << 48, group.lo);
		source = addr_of6(UINT64_C(0x20010db8) << 32, source.lo);
	}
	put_ip(f, source, group, pick(seed, 4) ? 20 : 20 + pick(seed, 30), 17, PLAIN);
	put_udp(f, 5004, pick(seed, 6) ? 5004 : 9875);
	for (unsigned i = 4 + pick(seed, 40); i > 0; i--)
		wr_u8(&f->w, (uint8_t)t_random(seed));
}

static struct span copy_of(struct span bytes)
{
	uint8_t *copy = malloc(bytes.n);

	memcpy(copy, bytes.p, bytes.n);
	return (struct span){ copy, bytes.n };
}

/* What opens every capture, when nothing is known of anybody, of groups that nobody else speaks of:
 * somebody asks twice in one breath, and that is seen twice; a router asks for announcements, and for a
 * group of the link. */
#define FIRST 5
#define CROWD (FLOW_PROBES + 1)

/* And then joins of one group that all stand at one place of the index of flows, which has no room
 * for the last: one is asked for once, most twice, and then that one and the last together, so that
 * what is opened first takes the place of what is known. */
#define CROWDED (2 * (FLOW_PROBES - 1) + 2)

static void choose_crowd(struct addr out[CROWD])
{
	struct flow_key key = { .group = ip("233.252.0.10"), .point = POINT_JOIN,
				.kind = FLOW_SOURCE_HOST, .group_len = 32 };
	uint64_t home = 0;
	size_t n = 0;

	for (uint32_t i = 0; n < CROWD; i++) {
		key.source = addr_of4(0x0b000000 + i);
		home = i == 0 ? flow_hash(&key) % FLOWS4_MAX : home;
		if (flow_hash(&key) % FLOWS4_MAX == home)
			out[n++] = key.source;
	}
}

static struct span make_crowded(const struct pool *p, size_t i)
{
	static struct addr crowd[CROWD];
	static struct frame f;
	bool is_last = i == CROWDED - 1;

	if (!addr_is_there(crowd[0]))
		choose_crowd(crowd);
	frame_open(&f);
	put_ether(&f, p->hosts[39], p->groups[0]);
	put_ip(&f, p->hosts[39], ip("224.0.0.13"), 1, 103, PLAIN);
	put_pim(&f, 3);
	put_unicast(&f, p->hosts[0]);
	wr_be16(&f.w, 1);
	wr_be16(&f.w, 210);
	put_group(&f, ip("233.252.0.10"), 0);
	wr_be16(&f.w, is_last ? 2 : 1);
	wr_be16(&f.w, 0);
	if (is_last)
		put_source(&f, crowd[CROWD - 1], 4);
	put_source(&f, crowd[is_last || i == 0 ? CROWD - 2 : (i - 1) / 2], 4);
	return copy_of(frame_close(&f));
}

static struct span make_first(const struct pool *p, size_t i)
{
	static struct frame f;
	struct addr router = p->hosts[39];
	struct record twice[2] = { { .type = RECORD_TO_EX, .group = ip("233.252.0.9") } };

	twice[1] = twice[0];
	frame_open(&f);
	put_ether(&f, router, p->groups[0]);
	if (i < 2) {
		put_ip(&f, p->hosts[38], ip("224.0.0.22"), 1, 2, ALERT);
		put_igmp(&f, 0x22, 0);
		membership_write_records(twice, 2, &f.w);
	} else if (i == 2) {
		put_ip(&f, router, ip("224.0.0.13"), 1, 103, PLAIN);
		put_pim(&f, 0);
	} else {
		put_ip(&f, router, ip(i == 3 ? "224.2.127.254" : "224.0.0.106"), 1, 2, ALERT);
		put_igmp(&f, 0x16, 0);
		put_addr(&f, ip(i == 3 ? "224.2.127.254" : "224.0.0.106"));
	}
	return copy_of(frame_close(&f));
}

/* One in eight has a byte that was changed on its way. */
static struct span make_frame(uint64_t *seed, const struct pool *p)
{
	static struct frame f;
	struct addr host = p->hosts[pick(seed, COUNT(p->hosts))];
	unsigned kind = pick(seed, 8);
	struct span made;

	frame_open(&f);
	put_ether(&f, host, p->groups[0]);
	if (pick(seed, 6) == 0)
		put_tag(&f, 0x8100, 7);
	if (kind == 0)
		put_udp_message(seed, p, &f);
	else if (kind == 1)
		put_pim_message(seed, p, host, &f);
	else if (kind == 2)
		put_sap_message(seed, p, &f);
	else if (kind == 3)
		put_router_message(seed, p, &f);
	else if (kind == 7)
		put_ras_message(seed, p, &f);
	else if (kind == 4)
		put_msdp_message(seed, p, &f);
	else
		put_igmp_message(seed, p, host, &f);
	made = copy_of(frame_close(&f));
	if (pick(seed, 8) == 0)
		((uint8_t *)made.p)[12 + pick(seed, (unsigned)made.n - 12)] ^= (uint8_t)(1u << pick(seed, 8));
	return made;
}

/* --- both ways --- */

/* Writes 16 bits of an IPv4 header, whose checksum is then as right or wrong as it was (RFC 1624 3). */
static void rewrite(uint8_t *ip, size_t at, unsigned new)
{
	unsigned old = (unsigned)ip[at] << 8 | ip[at + 1], sum;

	sum = (~((unsigned)ip[10] << 8 | ip[11]) & 0xffff) + (~old & 0xffff) + new;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	ip[at] = (uint8_t)(new >> 8);
	ip[at + 1] = (uint8_t)new;
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
}

/* A copy with another identification in the IPv4 header, if there is one; seldom with another TTL or a
 * checksum that is no longer right. */
static struct span vary(uint64_t *seed, struct span frame)
{
	uint8_t *copy = malloc(frame.n), *ip = copy + (frame.p[12] == 0x81 ? 18 : 14);

	memcpy(copy, frame.p, frame.n);
	if (ip[-2] != 8 || ip[-1] != 0 || pick(seed, 4) == 0)
		return (struct span){ copy, frame.n };
	rewrite(ip, 4, pick(seed, 65536));
	if (pick(seed, 30) == 0)
		rewrite(ip, 8, (ip[8] + 1 + pick(seed, 2)) % 256 << 8 | ip[9]);
	ip[10] ^= pick(seed, 30) == 0;
	return (struct span){ copy, frame.n };
}

/* What a peering says next, or its other end to it; now and then the same again, or with a hole. */
static struct span next_segment(uint64_t *seed, const struct pool *p, uint32_t *seq)
{
	static struct frame f;
	struct msdp_entry entries[6];
	uint8_t bytes[128];
	struct wr w = wr_of(bytes, sizeof(bytes));
	bool is_said = pick(seed, 3) != 0;

	for (size_t i = 0; i < COUNT(entries); i++)
		entries[i] = (struct msdp_entry){ source4(seed, p), group4(seed, p) };
	msdp_encode_sa(&w, p->hosts[3], entries, COUNT(entries), (struct span){ 0 });
	frame_open(&f);
	put_ether(&f, p->hosts[4], p->hosts[5]);
	put_ip(&f, p->hosts[is_said ? 4 : 5], p->hosts[is_said ? 5 : 4], 60, 6, PLAIN);
	put_tcp(&f, is_said ? 50000 : 639, is_said ? 639 : 50000, is_said ? *seq : 1, 1, 0x18);
	if (is_said) {
		wr_bytes(&f.w, bytes, wr_done(&w));
		*seq += pick(seed, 12) ? (uint32_t)wr_done(&w) : pick(seed, 3);
	}
	return copy_of(frame_close(&f));
}

static void replace(struct span *bytes, struct span other)
{
	struct span copy = copy_of(other);

	free((void *)bytes->p);
	*bytes = copy;
}

/* Shortly before DATE begins, or ends. */
static int64_t near_date(uint64_t *seed)
{
	return (int64_t)((20495 + pick(seed, 2)) * 86400 - 60) * NS_PER_S;
}

/* So that none lie behind those that were captured. */
static void cut(struct packet *packet, size_t n)
{
	replace(&packet->bytes, (struct span){ packet->bytes.p, n });
}

/* Some come much more often than others, and some at once again, here or on another link. */
static void make_packets(uint64_t *seed, const struct pool *p, struct packet *out)
{
	int64_t at_ns = near_date(seed);
	uint32_t seq = 1;

	for (size_t i = 0; i < FIRST + CROWDED; i++) {
		struct span bytes = i < FIRST ? make_first(p, i) : make_crowded(p, i - FIRST);

		at_ns += i < FIRST ? 0 : 5000000;
		out[i] = (struct packet){ .at = { at_ns }, .bytes = bytes, .frame = i + 1,
					  .length = (uint32_t)bytes.n, .linktype = 1 };
	}
	for (size_t i = FIRST + CROWDED; i < PACKETS; i++) {
		bool again = pick(seed, 12) == 0, is_next = pick(seed, 10) == 0;
		struct span bytes = is_next ? next_segment(seed, p, &seq)
					    : vary(seed, p->frames[pick(seed, 1 + pick(seed, POOL))]);

		if (again)
			replace(&bytes, out[i - 1].bytes);
		at_ns += pick(seed, 4) && !again ? pick(seed, 90000000) : pick(seed, 900000);
		out[i] = (struct packet){ .at = { at_ns }, .bytes = bytes, .frame = i + 1,
					  .length = (uint32_t)bytes.n + (pick(seed, 20) ? 0 : 4),
					  .linktype = 1,
					  .link = pick(seed, again ? 2 : 10) == 0,
					  .checksums_unreliable = pick(seed, 50) == 0 };
		if (pick(seed, 40) == 0)
			out[i].at.ns -= pick(seed, 900000000);	/* captures are not always in order */
		if (pick(seed, 40) == 0)
			cut(&out[i], bytes.n - pick(seed, (unsigned)bytes.n));
		else if (pick(seed, is_next ? 2 : 6) == 0 && bytes.n > 104)
			cut(&out[i], 64 + pick(seed, 40));
	}
}

static void begin(struct judging *j, const struct scene *s)
{
	*j = (struct judging){ .engine = s->engine };
	j->rules = quick_rules_of(&j->wire);
	said_init(&j->said);
	for (size_t i = 0; i < JUDGING_AHEAD; i++)
		said_init(&j->ahead[i].own);
}

static void end(struct judging *j)
{
	said_release(&j->said);
	for (size_t i = 0; i < JUDGING_AHEAD; i++)
		said_release(&j->ahead[i].own);
}

static void put_counts(const struct report *r, struct text *out)
{
	text_printf(out, "%" PRIu64 " ip %" PRIu64 " multicast %" PRIu64 " control %" PRIu64 " local %" PRIu64
			 " in %" PRIu64 " from %" PRId64 " to %" PRId64 "\n",
		    r->packets.total, r->packets.ip, r->packets.multicast, r->packets.control,
		    r->link_local_packets, r->link_local_groups, r->first.ns, r->last.ns);
	for (size_t p = 0; p < POINT_COUNT; p++)
		for (size_t a = 0; a < ACTION_COUNT; a++)
			text_printf(out, "%" PRIu64 " ", r->points[p][a]);
	for (size_t i = 0; i < r->boundary->rule_count; i++)
		text_printf(out, "%" PRIu64 " %" PRId64 " %" PRId64 "; ", r->rules[i].link_local,
			    r->rules[i].first.ns, r->rules[i].last.ns);
	for (size_t i = 0; i < r->note_count; i++)
		text_printf(out, "%s %" PRIu64 " %" PRIu64 "\n", r->notes[i].name, r->notes[i].count,
			    r->notes[i].frame);
	for (size_t i = 0; i < r->anomaly_count; i++)
		text_printf(out, "%s %" PRIu64 " %" PRIu64 "\n", r->anomalies[i].name, r->anomalies[i].count,
			    r->anomalies[i].frame);
	for (size_t i = 0; i < r->full_count; i++)
		text_printf(out, "%s %" PRIu64 "\n", r->full[i].name, r->full[i].count);
	for (size_t i = 0; i < r->peer_count; i++)
		text_printf(out, "peer %" PRIu64 " %" PRIu64 " %" PRIu64 " %u\n", r->peers[i].peer.lo,
			    r->peers[i].sas, r->peers[i].fresh, r->peers[i].peak);
	for (size_t i = 0; i < r->flow_count; i++) {
		struct report_flow f = report_flow_at(r, i);

		text_printf(out, "%" PRIu64 " %" PRId64 " %" PRId64 " %u-%u port %u other %u %u\n", f.bytes,
			    f.first.ns, f.last.ns, f.ttl_min, f.ttl_max, f.port, f.other.action,
			    f.other.rule);
	}
}

static void read_engine(struct engine *engine, struct text *out)
{
	struct report *r = report_new(engine, &(struct report_options){ 0 });

	scene_put_rules(r, out);
	scene_put_flows(r, out);
	scene_put_findings(r, out);
	put_counts(r, out);
	report_free(r);
}

/* A policy, and another to compare with (audit --against), or NULL. */
struct policies {
	const char	      *text;
	const struct boundary *other;
	const struct table    *other_table;
	struct inside	       inside;
	bool		       tells;		/* events (watch) */
	bool		       rolls;		/* who asked for what */
};

static int order_lines(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Those of one packet come in any order. */
static void read_events(struct engine *engine, struct text *out)
{
	static char lines[8192][256];
	char source[ADDR_TEXT], group[ADDR_TEXT];
	struct event e;
	size_t n = 0;

	for (; n < COUNT(lines) && engine_event_next(engine, &e); n++) {
		addr_text(e.key.source, source);
		addr_text(e.key.group, group);
		snprintf(lines[n], sizeof(lines[n]),
			 "event at %020" PRId64 " %u %u %s > %s point %u rule %u action %u detail %u ttl %u\n",
			 e.at.ns, e.kind, e.which, source, group, e.key.point, e.verdict.rule,
			 e.verdict.action, e.detail, e.ttl);
	}
	qsort(lines, n, sizeof(lines[0]), order_lines);
	for (size_t i = 0; i < n; i++)
		text_put(out, lines[i]);
}

static void read_roll(const struct roll *roll, struct text *out)
{
	for (size_t i = 0; roll && i < ROLL_MAX; i++) {
		const struct roll_entry *entry = &roll->list[i];

		if (entry->reports > 0)
			text_printf(out, "asked %zu: %" PRIu64 " times till %" PRId64 " until %" PRId64
					 " rule %u\n", i, entry->reports, entry->last.ns,
				    entry->until.ns, entry->verdict.rule);
	}
}

static void play(const struct policies *policies, const struct packet *packets, uint64_t *seed,
		 bool is_quick, struct text *out)
{
	struct engine_options options = { .against = policies->other,
					  .against_table = policies->other_table,
					  .inside = policies->inside,
					  .events = policies->tells,
					  .roll = policies->rolls };
	struct judging j;
	struct scene s;
	size_t n;

	scene_open(&s, policies->text, options, false);
	begin(&j, &s);
	for (size_t i = 0; i < PACKETS; i += n) {
		n = 1 + pick(seed, BATCH_MAX);
		n = n < PACKETS - i ? n : PACKETS - i;
		if (is_quick)
			judging_batch(&j, &(struct batch){ .packets = packets + i, .n = n });
		for (size_t k = 0; k < n && !is_quick; k++)
			judging_packet(&j, &packets[i + k]);
	}
	read_engine(s.engine, out);
	read_events(s.engine, out);
	read_roll(engine_roll(s.engine), out);
	end(&j);
	scene_close(&s);
}

/* Limits that these captures pass, and a date. */
static void lower_limits(char *text)
{
	const char *high = "limit 10/s burst 20", *low = "limit  1/s burst  2", *date = "until 2026-";

	for (char *at = text; (at = strstr(at, high));)
		memcpy(at, low, strlen(low));
	for (char *at = text; (at = strstr(at, date)); at++)
		memcpy(at + strlen("until "), DATE, strlen(DATE));
}

/* One more rule before or behind the others, of a kind that random ones seldom are. */
static void add_rule(uint64_t *seed, struct text *policy)
{
	static const char *const rules[] = { "deny at sa anomaly cut", "deny at register flag cut", "warn flag cut",
					     "deny anomaly any", "deny to 224.0.0.0/4 until " DATE,
					     "warn at membership until " DATE };
	char *first = strstr(policy->p, "boundary border {\n") + strlen("boundary border {\n");
	char *at = pick(seed, 2) ? first : strstr(policy->p, "\tdefault "), *rest = strdup(at);

	policy->n = (size_t)(at - policy->p);
	text_printf(policy, "\t%s as odd\n%s", rules[pick(seed, COUNT(rules))], rest);
	free(rest);
}

/* Few of them ask for more than weir will do. */
static struct policy *load_random(uint64_t *seed, struct text *out)
{
	struct policy *policy = NULL;
	struct diags diags;

	while (!policy) {
		text_release(out);
		random_policy(seed, 12, out);
		lower_limits(out->p);
		if (pick(seed, 2))
			add_rule(seed, out);
		diags_init(&diags);
		policy = policy_load(&(struct policy_input){ .name = "random", .text = text_string(out),
							     .n = out->n }, &diags);
		diags_release(&diags);
	}
	return policy;
}

static void agree_on_policy(uint64_t *seed)
{
	static struct packet packets[PACKETS];
	struct text text = { 0 }, other_text = { 0 }, quick = { 0 }, slow = { 0 };
	struct policy *policy = load_random(seed, &text), *other = load_random(seed, &other_text);
	struct table *table = table_new(other->boundaries[0]);
	bool is_compared = pick(seed, 3) == 0;
	struct policies policies = { text_string(&text), is_compared ? other->boundaries[0] : NULL, table,
				     { .link_count = pick(seed, 4) == 0 },	/* link 0 */
				     pick(seed, 2), pick(seed, 6) == 0 };
	struct pool pool;

	choose_addresses(seed, policy->boundaries[0], &pool);
	for (size_t i = 0; i < POOL; i++)
		pool.frames[i] = make_frame(seed, &pool);
	make_packets(seed, &pool, packets);
	play(&policies, packets, seed, true, &quick);
	play(&policies, packets, seed, false, &slow);
	check_text(text_string(&quick), text_string(&slow), text_string(&text));
	for (size_t i = 0; i < POOL; i++)
		free((void *)pool.frames[i].p);
	for (size_t i = 0; i < PACKETS; i++)
		free((void *)packets[i].bytes.p);
	policy_free(policy);
	policy_free(other);
	table_free(table);
	text_release(&text);
	text_release(&other_text);
	text_release(&quick);
	text_release(&slow);
}

static void test_agreement(void)
{
	uint64_t seed = 0x51ed2701;

	for (int i = getenv("WEIR_LONG") ? 1200 : 40; i > 0; i--)
		agree_on_policy(&seed);
}

TEST_MAIN({ "agreement", test_agreement })
