/* SPDX-License-Identifier: BSD-2-Clause */
/* The quick way through the engine.  A flow of plain multicast UDP whose verdict depends on
 * nothing but source and group is a lump: its packets cost a look-up and a few additions, and its
 * rule learns of them at the end, or when the first other packet breaks the lump.  Batches, so that
 * the misses of many look-ups overlap.  Everything else goes the long way, with the same result. */
#include "engine/state.h"

static bool may_lump(const struct engine *e, const struct observation *obs)
{
	return !e->has_inside && !e->members && !addr_is_link_local_group(obs->group) &&
	       court_settled(&e->court, obs).rule != RULE_NONE &&
	       (!e->options.against || court_settled(&e->against, obs).rule != RULE_NONE);
}

static struct flow *find_flow(const struct engine *e, const struct packet *packet,
			      const struct quick *q)
{
	struct flow_key key = { .point = POINT_DATA, .kind = FLOW_SOURCE_HOST, .group_len = 128 };

	if (q->kind == QUICK_DATA4)
		return flow_find4(&e->flows, q->source, q->group, flow_hash4(q->source, q->group));
	quick_addresses(q, packet, &key.source, &key.group);
	return flow_find(&e->flows, &key, flow_hash(&key));
}

/* The long way, for a flow that is new or no lump. */
static void observe(struct engine *e, const struct packet *packet, const struct quick *q,
		    const struct flow *flow)
{
	struct observation obs = quick_statement(q, packet);

	frame_begin(e, packet);
	if (!flow && may_lump(e, &obs))
		frame_observe_lump(e, &obs);
	else
		frame_observe(e, &obs, false);
	frame_end(e);
}

static void find_copy(struct engine *e, const struct flow *flow, const struct packet *packet,
		      const struct quick *q, uint32_t print)
{
	struct observation obs;

	if (!copies_follow(flow, print, packet->at))
		return;
	obs = quick_statement(q, packet);
	frame_find_copy(e, packet, &obs);
}

/* The times of packets that were taken since the engine was told of any. */
struct span_ns {
	int64_t first, last;
};

static void tell_times(struct engine *e, struct span_ns *s)
{
	if (s->first > s->last)
		return;
	if (!e->begun || s->first < e->first.ns)
		e->first.ns = s->first;
	if (!e->begun || s->last > e->last.ns)
		e->last.ns = s->last;
	if (s->last > e->now.ns)
		e->now.ns = s->last;
	e->begun = true;
	*s = (struct span_ns){ INT64_MAX, INT64_MIN };
}

static inline void note_time(struct span_ns *s, const struct packet *packet)
{
	s->first = packet->at.ns < s->first ? packet->at.ns : s->first;
	s->last = packet->at.ns > s->last ? packet->at.ns : s->last;
}

static inline void meet(struct engine *e, struct flow *f, const struct packet *packet,
			const struct quick *q)
{
	uint32_t print = copies_print(q->print, packet->link, q->ttl);

	if (!copies_pass(f, print))
		find_copy(e, f, packet, q, print);
	f->packets++;
	f->bytes += packet->length;
	f->first_ns = packet->at.ns < f->first_ns ? packet->at.ns : f->first_ns;
	f->last_ns = packet->at.ns > f->last_ns ? packet->at.ns : f->last_ns;
	f->ttl_min = q->ttl < f->ttl_min ? q->ttl : f->ttl_min;
	f->ttl_max = q->ttl > f->ttl_max ? q->ttl : f->ttl_max;
	if (q->is_cut)
		packet_note(&e->notes[FLAG_INDEX_CUT], packet);
}

static inline void take_data(struct engine *e, const struct packet *packet, const struct quick *q,
			     struct span_ns *times)
{
	struct flow *f = find_flow(e, packet, q);

	if (f && f->state & FLOW_LUMP) {
		note_time(times, packet);
		meet(e, f, packet, q);
		return;
	}
	tell_times(e, times);
	observe(e, packet, q, f);
}

void engine_expect(const struct engine *e, const struct quick *quick, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (quick[i].kind == QUICK_DATA4)
			flow_prefetch4(&e->flows, flow_hash4(quick[i].source, quick[i].group));
}

void engine_foresee(const struct engine *e, const struct said *said)
{
	for (size_t i = 0; i < said->n; i++)
		if (said->list[i].group.family == FAMILY_IP4)
			flow_prefetch4(&e->flows, flow_hash4((uint32_t)said->list[i].source.lo,
							    (uint32_t)said->list[i].group.lo));
}

size_t engine_take(struct engine *e, const struct packet *packets, const struct quick *quick,
		   size_t from, size_t n)
{
	struct span_ns times = { INT64_MAX, INT64_MIN };
	size_t i, without_ip = 0, multicast = 0;

	for (i = from; i < n && quick[i].kind != QUICK_ASK; i++) {
		if (quick[i].kind >= QUICK_DATA4) {
			take_data(e, &packets[i], &quick[i], &times);
			multicast++;
			continue;
		}
		without_ip += quick[i].kind == QUICK_NO_IP;
		note_time(&times, &packets[i]);
	}
	if (i == from)
		return i;
	tell_times(e, &times);
	e->last_file = packets[i - 1].file;
	e->last_frame = packets[i - 1].frame;
	e->packets.total += i - from;
	e->packets.ip += i - from - without_ip;
	e->packets.multicast += multicast;
	return i;
}
