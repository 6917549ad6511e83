/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine: one packet at a time, every statement of it judged and remembered.  LANGUAGE S9
 * (notices), S17 (joined), S29 (direction), S52 and S53 (captures); DESIGN 5 (findings).
 * Knows no files and no output. */
#include "engine/engine.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "engine/flow_index.h"
#include "engine/state.h"

#define TTL_LARGE 32
#define STREAM_AHEAD 32
#define TABLES_BYTES (3 * LARGE_PAGE)
#define TABLES_LARGE (2 * LARGE_PAGE)	/* of these, in large pages */

static bool asks_joined(const struct boundary *boundary)
{
	for (size_t i = 0; boundary && i < boundary->rule_count; i++)
		if (boundary->rules[i]->joined != JOINED_UNKNOWN)
			return true;
	return false;
}

static bool asks_date(const struct boundary *boundary)
{
	for (size_t i = 0; i < boundary->rule_count; i++)
		if (boundary->rules[i]->has_until)
			return true;
	return false;
}

/* Statements that are cut are as plain as whole ones, unless a rule tells them apart; and no rule judges
 * what is broken because it is, unless one asks for that. */
static void pass_cut(struct engine *e, const struct boundary *boundary)
{
	e->flags_passed = FLAG_BIT(CUT);
	e->passes_cut = true;
	for (size_t i = 0; i < boundary->rule_count; i++) {
		e->flags_passed &= ~boundary->rules[i]->flags;
		if (boundary->rules[i]->anomalies >> ANOMALY_CUT & 1)
			e->passes_cut = false;
	}
}

static bool is_inside_known(const struct inside *inside)
{
	return inside->set || inside->by_link ||
	       inside->vlan_count + inside->mac_count + inside->link_count > 0;
}

/* What packets ask for at random: what is large, and seldom used to its end, lies behind, and there
 * in small pages: to clear a large one takes as long as to have 170 of these. */
static void take_tables(struct engine *e, size_t rules)
{
	void (*advise)(void *, size_t) = e->options.advise;

	large_area_init(&e->area, TABLES_BYTES);
	if (advise) {
		advise(e->flows.ip4.memory, e->flows.ip4.bytes);
		advise(e->flows.ip6.memory, e->flows.ip6.bytes);
		advise(e->area.next, TABLES_LARGE);
	}
	e->copies = copies_new(&e->area);
	e->recall = recall_new(&e->area);
	findings_init(&e->findings, &e->area);
	counters_init(&e->counters, rules, &e->area);
	e->scans = scans_new(&e->area);
}

struct engine *engine_new(const struct boundary *boundary, const struct table *table,
			  const struct engine_options *options)
{
	struct engine *e = memory_take(sizeof(*e));

	e->options = *options;
	court_init(&e->court, boundary, table);
	if (options->against)
		court_init(&e->against, options->against, options->against_table);
	flow_table_init(&e->flows, options->against != NULL);
	take_tables(e, boundary->rule_count);
	e->listeners = listeners_new();
	if (asks_joined(boundary) || asks_joined(options->against))
		e->members = members_new();
	e->ras = ras_table_new(options->authorised);
	e->streams = stream_table_new();
	e->events = options->events ? events_new(boundary->rule_count) : NULL;
	e->roll = options->roll ? roll_new() : NULL;
	said_init(&e->stream_said);
	e->link_local_groups = distinct_new(1);
	pass_cut(e, boundary);
	e->now.ns = INT64_MIN;
	engine_place(e, &options->inside);
	return e;
}

void engine_place(struct engine *e, const struct inside *inside)
{
	e->options.inside = *inside;
	e->has_inside = is_inside_known(inside);
	e->is_simple = !e->has_inside && !e->members && !e->roll && !e->options.against &&
		       !e->options.remarks;
	e->opens_plainly = !e->has_inside && !e->members && !e->events && !e->options.against;
	e->may_echo = e->is_simple && !asks_date(e->court.boundary);
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	court_release(&e->court);
	if (e->options.against)
		court_release(&e->against);
	counters_release(&e->counters);
	flow_table_release(&e->flows);
	listeners_free(e->listeners);
	members_free(e->members);
	ras_table_free(e->ras);
	stream_table_free(e->streams);
	events_free(e->events);
	roll_free(e->roll);
	said_release(&e->stream_said);
	distinct_free(e->link_local_groups);
	large_area_release(&e->area);
	free(e);
}

void packet_note(struct noted *noted, const struct packet *packet)
{
	if (noted->count++ > 0)
		return;
	noted->file = packet->file;
	noted->frame = packet->frame;
}

static void remark(struct engine *e, const struct remark *r)
{
	if (e->remark_count == REMARKS_MAX)
		return;
	for (size_t i = 0; i < e->remark_count; i++)
		if (e->remarks[i].kind == r->kind && e->remarks[i].point == r->point &&
		    e->remarks[i].verdict.rule == r->verdict.rule &&
		    e->remarks[i].verdict.action == r->verdict.action &&
		    addr_equal(e->remarks[i].group, r->group))
			return;
	e->remarks[e->remark_count++] = *r;
}

/* --- what is told as it happens --- */

static void tell_finding(struct engine *e, size_t known)
{
	const struct finding *f = e->findings.newest;

	if (!e->events || e->findings.n == known)
		return;
	events_add(e->events, &(struct event){ .at = e->packet->at, .kind = EVENT_FINDING,
					       .which = f->kind, .detail = f->detail,
					       .key = { f->source, f->group, f->point, 0, 0 },
					       .file = e->packet->file });
}

static void tell_anomaly(struct engine *e, const struct observation *obs)
{
	if (!e->events || e->anomalies[obs->anomaly].count > 1)
		return;
	events_add(e->events, &(struct event){
		.at = e->packet->at, .kind = EVENT_ANOMALY, .which = obs->anomaly,
		.key = { obs->speaker, obs->receiver, obs->point, 0, 0 },
		.file = e->packet->file,
	});
}

static struct event event_of(const struct engine *e, const struct flow_key *key, struct verdict v)
{
	return (struct event){ .at = e->packet->at, .verdict = v, .file = e->packet->file,
			       .key = *key,
			       .is_link_local = addr_is_link_local_group(key->group) };
}

/* A new flow or one with a worse verdict; and its rule, where that was not hit before. */
static void tell_flow(struct engine *e, struct event event, bool is_new, bool is_worse)
{
	if (events_first_hit(e->events, event.verdict.rule)) {
		event.kind = EVENT_RULE;
		events_add(e->events, &event);
	}
	event.kind = is_new ? EVENT_FLOW : EVENT_VERDICT;
	if (is_new || is_worse)
		events_add(e->events, &event);
}

static void tell_statement(struct engine *e, const struct observation *obs, struct verdict v,
			   bool is_new, bool is_worse)
{
	struct flow_key key = flow_key_of(obs);
	struct event event = event_of(e, &key, v);

	event.ttl = obs->ttl;
	event.has_ttl = obs->has_ttl;
	tell_flow(e, event, is_new, is_worse);
}

static void find_out(struct engine *e, enum finding_kind kind, uint8_t point, struct addr source,
		     struct addr group, uint32_t detail)
{
	size_t known = e->findings.n;

	findings_note(&e->findings, &(struct finding){ .kind = (uint8_t)kind, .point = point,
						       .source = source, .group = group,
						       .first_ns = e->packet->at.ns,
						       .detail = detail });
	tell_finding(e, known);
	if (!e->options.remarks)
		return;
	remark(e, &(struct remark){ .kind = (uint8_t)kind, .point = point, .source = source,
				    .group = group, .verdict = { 0, RULE_NONE },
				    .is_finding = true });
}

/* IPv4 local scope with its expansions (RFC 2365 6.1, 6.1.1), IPv6 realm-, admin- and site-local
 * (RFC 7346 2). */
static bool is_site_scope4(uint32_t group)
{
	return group >> 16 >= 0xeffd && group >> 16 <= 0xefff;
}

static bool is_site_scope(struct addr group)
{
	unsigned scope = (unsigned)(group.hi >> 48 & 0xf);

	if (group.family == FAMILY_IP4)
		return is_site_scope4((uint32_t)group.lo);
	return addr_is_multicast(group) && scope >= 3 && scope <= 5;
}

/* One finding a flow, with the largest TTL of all. */
static void __attribute__((noinline)) find_large_ttl(struct engine *e, struct flow *f,
						     const struct packet *packet, bool is_known)
{
	uint8_t ttl = f->ttl_max;
	struct finding finding = { .kind = FINDING_TTL_LARGE, .point = POINT_DATA, .detail = ttl };
	struct flow_key key;

	key = flow_key_read(&e->flows, f);
	if (key.point != POINT_DATA || !is_site_scope(key.group))
		return;
	finding.source = key.source;
	finding.group = key.group;
	finding.first_ns = f->first_ns;
	if (is_known) {
		findings_raise(&e->findings, &finding);
		return;
	}
	findings_note(&e->findings, &finding);
	if (e->events)
		events_add(e->events, &(struct event){ .at = packet->at, .kind = EVENT_FINDING,
						       .which = FINDING_TTL_LARGE, .key = key,
						       .detail = ttl, .ttl = ttl, .has_ttl = true,
						       .file = packet->file });
}

void frame_raise_ttl(struct engine *e, struct flow *f, const struct packet *packet, uint8_t ttl)
{
	bool is_known = f->ttl_max > TTL_LARGE;

	f->ttl_max = ttl;
	if (ttl > TTL_LARGE && (f->tag != FLOW_TAG_DATA4 || is_site_scope4(f->group)))
		find_large_ttl(e, f, packet, is_known);
}

/* Hands the packets of a lump to its rule; from here on they are counted one by one. */
static void break_lump(struct engine *e, struct flow *f)
{
	if (!(f->state & FLOW_LUMP))
		return;
	counters_lump(&e->counters, f);
	e->points[POINT_DATA][f->action] += f->packets;
	f->state &= (uint8_t)~FLOW_LUMP;
}

/* All that the rules are still to be told of the flow. */
static void settle_counters(struct engine *e, struct flow *f)
{
	break_lump(e, f);
	counters_tell(&e->counters, f);
}

/* --- one flow --- */

void frame_find_scan(struct engine *e, const struct packet *packet, uint8_t point,
		     struct addr source)
{
	e->packet = packet;
	find_out(e, FINDING_GROUP_SCAN, point, source, ADDR_NONE, 0);
}

static void look_for_scan(struct engine *e, const struct flow_key *key, uint64_t hash)
{
	if (!(FLOW_POINTS_SCANNED >> key->point & 1) || key->kind != FLOW_SOURCE_HOST ||
	    addr_is_link_local_group(key->group) ||
	    flow_is_at(&e->flows, key, hash, FLOW_POINTS_SCANNED & ~(1u << key->point)))
		return;
	if (scans_note(e->scans, addr_hash(key->source), e->packet->at))
		frame_find_scan(e, e->packet, key->point, key->source);
}

/* `port`: 0 where none is kept. */
static struct flow *open_flow(struct engine *e, const struct flow_key *key, uint64_t hash,
			      uint16_t port)
{
	struct flow *f;

	look_for_scan(e, key, hash);
	f = flow_room(&e->flows, key, hash);
	if (f->state & FLOW_USED)
		settle_counters(e, f);
	flow_begin(&e->flows, f, key, hash);
	f->first_ns = f->last_ns = e->packet->at.ns;
	f->ttl_min = UINT8_MAX;
	flow_keep_port(&e->flows, f, port);
	return f;
}

static void look_for_copy(struct engine *e, struct flow *f, const struct observation *obs)
{
	uint32_t print = copies_print(obs->print, obs->link, obs->ttl);

	if (!e->frame_has_one_link || obs->flags & FLAG_BIT(TUNNEL))
		return;
	if (copies_pass(f, print) || !copies_follow(f, print, obs->at))
		return;
	frame_find_copy(e, e->packet, obs);
}

static void meet(struct engine *e, struct flow *f, const struct observation *obs)
{
	if (f->frame == e->frame)
		return;
	look_for_copy(e, f, obs);
	f->frame = e->frame;
	flow_count(f, obs->at, obs->bytes);
	if (!obs->has_ttl)
		return;
	f->ttl_min = obs->ttl < f->ttl_min ? obs->ttl : f->ttl_min;
	if (obs->ttl > f->ttl_max)
		frame_raise_ttl(e, f, e->packet, obs->ttl);
}

static void sentence(struct engine *e, struct flow *f, struct verdict v)
{
	if (f->rule != RULE_NONE && v.action <= f->action)
		return;
	if (f->rule != RULE_NONE)
		counters_tell(&e->counters, f);
	f->rule = v.rule;
	f->action = v.action;
	f->state &= (uint8_t)~FLOW_SETTLED;
	if (v.action >= ACTION_LIMIT && !(f->state & FLOW_LINK_LOCAL))
		f->state |= FLOW_FINDING;
}

static void sentence_other(struct engine *e, struct flow *f, const struct observation *obs,
			   bool replay)
{
	struct flow_other *other = flow_other(&e->flows, f);
	struct verdict v;

	if (!other)
		return;
	v = court_judge(&e->against, obs, replay, e->now);
	if (v.rule == RULE_NONE || (other->rule != RULE_NONE && v.action <= other->action))
		return;
	other->rule = v.rule;
	other->action = v.action;
}

/* Statements that rules seldom tell apart but by source and group; where they do the flow is not
 * settled.  At `data` other protocols may come, at `router` there is no group. */
static bool is_plain(const struct engine *e, const struct observation *obs)
{
	return obs->point != POINT_DATA && obs->point != POINT_ROUTER && !obs->notice &&
	       !obs->anomaly && !(obs->flags & ~e->flags_passed) && addr_is_there(obs->group) &&
	       obs->speaker.family == obs->group.family &&
	       obs->group_len == addr_bits(obs->group) && !e->has_inside;
}

/* Whether the flow, which begins with this verdict, is settled: whether the rules will say of every
 * plain statement what they say of this one. */
static void settle(const struct engine *e, struct flow *f, const struct observation *obs)
{
	struct verdict settled;

	if (!is_plain(e, obs))
		return;
	settled = court_plain(&e->court, obs);
	if (settled.rule == f->rule && settled.action == f->action)
		f->state |= FLOW_SETTLED;
}

/* Whether its source and group can be told later: the flow has them as the statement does. */
static bool may_wait(const struct observation *obs)
{
	return obs->group.family == FAMILY_IP4 &&
	       (obs->source.family == FAMILY_IP4 || obs->source.family == FAMILY_ANY);
}

static void count(struct engine *e, struct flow *f, const struct observation *obs,
		  struct verdict v, bool is_new)
{
	bool waits = is_new && may_wait(obs), is_known = waits || (!is_new && f->rule == v.rule);

	if (waits)
		f->state |= FLOW_UNTOLD;
	if (!is_known || !addr_is_there(obs->source))
		counters_source(&e->counters, v.rule, obs);
	if (!is_known)
		counters_group(&e->counters, v.rule, obs);
	counters_hit(&e->counters, v.rule, obs, e->frame);
}

static void remember(struct engine *e, struct flow *f, const struct observation *obs,
		     struct verdict v, bool is_new, bool replay)
{
	break_lump(e, f);
	count(e, f, obs, v, is_new);
	meet(e, f, obs);
	if (e->events)
		tell_statement(e, obs, v, is_new, f->rule != RULE_NONE && v.action > f->action);
	sentence(e, f, v);
	if (is_new)
		settle(e, f, obs);
	sentence_other(e, f, obs, replay);
	if (!e->options.remarks)
		return;
	remark(e, &(struct remark){ .kind = REMARK_VERDICT, .point = obs->point,
				    .source = obs->source, .group = obs->group, .verdict = v,
				    .is_finding = v.action >= ACTION_LIMIT &&
						  !(f->state & FLOW_LINK_LOCAL) });
}

/* --- one observation --- */

static void place(struct engine *e, struct observation *obs)
{
	if (e->has_inside)
		obs->direction = (uint8_t)inside_direction(&e->options.inside, obs);
	if (!e->members)
		return;
	if (obs->point == POINT_DATA)
		obs->joined = (uint8_t)members_asked(e->members, obs, e->now);
	else
		members_hear(e->members, obs, e->now);
}

/* What stays on its link by the rules of its protocol. */
static void look_for_leak(struct engine *e, const struct observation *obs)
{
	struct passage passage = { obs->speaker, obs->receiver, obs->at,
				   obs->print,	 obs->link,	obs->vlan };
	bool crossed = false;

	if (!e->frame_copied && !(obs->flags & FLAG_BIT(TUNNEL)) &&
	    addr_is_link_local_group(obs->receiver))
		crossed = copies_crossed(e->copies, &passage);
	e->frame_copied = true;
	if (crossed || obs->flags & FLAG_BIT(HOP_LIMIT))
		find_out(e, FINDING_FORWARDED_LINK_LOCAL, obs->point, obs->speaker, obs->receiver,
			 obs->ttl);
}

static void look_at(struct engine *e, const struct observation *obs)
{
	size_t known = e->findings.n;

	e->frame_flags |= obs->flags;
	if (obs->anomaly) {
		packet_note(&e->anomalies[obs->anomaly], e->packet);
		tell_anomaly(e, obs);
	}
	if (obs->protocol == PROTOCOL_RASADV || obs->protocol == PROTOCOL_TCP)
		ras_table_hear(e->ras, obs);
	listeners_hear(e->listeners, obs, &e->findings);
	tell_finding(e, known);
	if (obs->flags & FLAG_BIT(NOT_SAP))
		find_out(e, FINDING_NOT_SAP, obs->point, obs->speaker, obs->group, 0);
	if (obs->point == POINT_NONE)
		return;
	look_for_leak(e, obs);
	e->frame_control |= obs->point != POINT_DATA;
	if (addr_is_link_local_group(obs->group)) {
		e->frame_link_local = true;
		distinct_add(e->link_local_groups, 0, addr_hash(obs->group));
	}
}

static uint16_t port_of(const struct observation *obs)
{
	return obs->point == POINT_DATA && obs->has_ports ? obs->dport : 0;
}

void frame_observe(struct engine *e, struct observation *obs, bool replay)
{
	struct flow_key key;
	struct verdict v;
	struct flow *f;
	uint64_t hash;
	bool is_new;

	place(e, obs);
	look_at(e, obs);
	if (obs->point == POINT_NONE)
		return;
	key = flow_key_of(obs);
	hash = flow_hash(&key);
	f = flow_find(&e->flows, &key, hash);
	if (f && f->state & FLOW_SETTLED && is_plain(e, obs))
		v = court_police(&e->court, obs, (struct verdict){ f->action, f->rule }, replay,
				 e->now);
	else
		v = court_judge(&e->court, obs, replay, e->now);
	e->points[obs->point][v.action]++;
	if (e->roll)
		roll_hear(e->roll, obs, v, e->now);
	is_new = v.rule != RULE_NONE && !f;
	if (is_new)
		f = open_flow(e, &key, hash, port_of(obs));
	if (v.rule != RULE_NONE)
		remember(e, f, obs, v, is_new, replay);
	if (e->heard)
		frame_hear(e, v.rule == RULE_NONE ? NULL : f, obs, v);
}

struct flow *frame_observe_settled(struct engine *e, const struct observation *obs,
				   struct verdict v)
{
	struct flow_key key = flow_key_of(obs);
	uint64_t hash = flow_hash(&key);
	struct flow *f = flow_find(&e->flows, &key, hash);
	bool is_new = !f;

	e->points[obs->point][v.action]++;
	if (is_new)
		f = open_flow(e, &key, hash, 0);
	if (f->state & FLOW_LINK_LOCAL)
		distinct_add(e->link_local_groups, 0, addr_hash(obs->group));
	count(e, f, obs, v, is_new);
	meet(e, f, obs);
	sentence(e, f, v);
	f->state |= FLOW_SETTLED;
	return f;
}

/* No packet is counted under the rule yet, nor at the point: break_lump() does that. */
struct flow *frame_open_lump(struct engine *e, const struct packet *packet,
			     const struct flow_key *key, uint64_t hash, const struct quick *q,
			     struct verdict v, struct verdict other)
{
	uint64_t source = addr_hash(key->source), group = addr_hash(key->group);
	struct event event;
	struct flow *f;

	assert(v.rule != RULE_NONE);
	e->packet = packet;
	f = open_flow(e, key, hash, quick_port(q, packet));
	f->state |= FLOW_LUMP;
	counters_hashes(&e->counters, v.rule, source, group);
	if (f->state & FLOW_LINK_LOCAL)
		distinct_add(e->link_local_groups, 0, group);
	if (e->events) {
		event = event_of(e, key, v);
		event.ttl = q->ttl;
		event.has_ttl = true;
		tell_flow(e, event, true, false);
	}
	sentence(e, f, v);
	if (flow_other(&e->flows, f))
		*flow_other(&e->flows, f) = (struct flow_other){ other.rule, other.action };
	return f;
}

void frame_find_crossed(struct engine *e, const struct packet *packet, uint8_t point,
			struct addr speaker, struct addr receiver, uint8_t ttl)
{
	e->packet = packet;
	find_out(e, FINDING_FORWARDED_LINK_LOCAL, point, speaker, receiver, ttl);
}

void frame_find_copy(struct engine *e, const struct packet *packet, const struct observation *obs)
{
	e->packet = packet;
	find_out(e, FINDING_DUPLICATE, obs->point, obs->source, obs->group,
		 obs->vlan == VLAN_NONE ? 0 : obs->vlan);
}

/* --- one packet --- */

/* False where a packet shows once for each interface or hook that it passes, or on its way to the
 * access point and back, and again where it was not acknowledged. */
static bool shows_once(uint32_t linktype)
{
	switch (linktype) {
	case 113: case 276:				/* Linux "any" */
	case 239:					/* NFLOG */
	case 105: case 119: case 127: case 163: case 192: /* IEEE 802.11 as on the air */
		return false;
	default:
		return true;
	}
}

void frame_begin(struct engine *e, const struct packet *packet)
{
	if (!e->begun || packet->at.ns < e->first.ns)
		e->first = packet->at;
	if (!e->begun || packet->at.ns > e->last.ns)
		e->last = packet->at;
	if (packet->at.ns > e->now.ns)
		e->now = packet->at;
	e->begun = true;
	e->packet = packet;
	e->last_file = packet->file;
	e->last_frame = packet->frame;
	frame_number(e);
	e->frame_flags = 0;
	e->frame_control = e->frame_link_local = e->frame_copied = false;
	e->frame_has_one_link = shows_once(packet->linktype);
	e->remark_count = 0;
}

void frame_end(struct engine *e)
{
	e->packets.control += e->frame_control;
	e->link_local_packets += e->frame_link_local;
	for (uint64_t left = e->frame_flags; left; left &= left - 1)
		packet_note(&e->notes[__builtin_ctzll(left)], e->packet);
}

/* The SAs of a message all ask for memory that was not used for long: they are foreseen together. */
static void observe_stream(struct engine *e, int64_t age_ns)
{
	const struct said *said = &e->stream_said;
	size_t ahead = said->n < STREAM_AHEAD ? said->n : STREAM_AHEAD;

	frame_foresee(e, said->list, ahead);
	police_expect(e->court.police, said->list, ahead);
	frame_fetch(e, said->list, ahead);
	for (size_t i = 0; i < e->stream_said.n; i++)
		frame_observe(e, &e->stream_said.list[i], age_ns < STREAM_REPLAY_NS);
}

/* True where an SA that it completed carries a multicast packet. */
static bool hear_segment(struct engine *e, const struct segment *segment)
{
	int64_t age_ns;

	said_reset(&e->stream_said);
	age_ns = stream_segment(e->streams, segment, &e->stream_said);
	observe_stream(e, age_ns);
	return e->stream_said.is_multicast;
}

void engine_packet(struct engine *e, const struct packet *packet, struct said *said)
{
	bool is_multicast = said->is_multicast;

	frame_begin(e, packet);
	e->packets.total++;
	e->packets.ip += said->has_ip;
	e->packets.unread += !said->is_read;
	for (size_t i = 0; i < said->n; i++)
		frame_observe(e, &said->list[i], false);
	for (size_t i = 0; i < said->segment_count; i++)
		is_multicast |= hear_segment(e, &said->segments[i]);
	e->packets.multicast += is_multicast;
	frame_end(e);
}

/* What waits behind holes of MSDP streams belongs to the last packet. */
static void flush_streams(struct engine *e, const struct packet *last)
{
	struct packet packet = *last;
	int64_t age_ns;

	frame_begin(e, &packet);
	said_reset(&e->stream_said);
	while (stream_flush(e->streams, &e->stream_said, &age_ns)) {
		observe_stream(e, age_ns);
		said_reset(&e->stream_said);
	}
	frame_end(e);
	e->packet = NULL;
}

void engine_finish(struct engine *e)
{
	struct packet last = { .at = e->last, .file = e->last_file, .frame = e->last_frame };

	if (e->finished)
		return;
	e->finished = true;
	if (e->begun)
		flush_streams(e, &last);
	police_settle(e->court.police, e->now);
	ras_table_settle(e->ras, e->last);
}

const struct remark *engine_remarks(const struct engine *engine, size_t *out_n)
{
	*out_n = engine->remark_count;
	return engine->remarks;
}

const struct roll *engine_roll(const struct engine *engine)
{
	return engine->roll;
}
