/* SPDX-License-Identifier: BSD-2-Clause */
/* The quick way through the engine.  A flow of plain multicast UDP whose verdict depends on
 * nothing but source and group is a lump: its packets cost a look-up and a few additions, and its
 * rule learns of them at the end, or when the first other packet breaks the lump.  Batches, so that
 * the misses of many look-ups overlap.  Everything else goes the long way, with the same result. */
#include "engine/state.h"
#include "policy/table.h"

/* The verdict of every such packet of this source and group, whatever its ports and TTL. */
static bool is_settled(const struct court *court, const struct observation *obs)
{
	struct quick_verdict q;

	if (!court->table)
		return false;
	q = table_quick(court->table, obs->source, obs->group, table_plane(court->table, obs));
	return q.depends == 0 && q.verdict.action != ACTION_LIMIT && q.verdict.rule != RULE_NONE;
}

static bool may_lump(const struct engine *e, const struct observation *obs)
{
	return !e->has_inside && !e->members && !addr_is_link_local_group(obs->group) &&
	       is_settled(&e->court, obs) &&
	       (!e->options.against || is_settled(&e->against, obs));
}

static struct flow *find_flow(const struct engine *e, const struct packet *packet,
			      const struct quick *q, uint64_t hash)
{
	struct flow_key key = { .point = POINT_DATA, .kind = FLOW_SOURCE_HOST, .group_len = 128 };

	if (q->kind == QUICK_DATA4)
		return flow_find4(&e->flows, q->source, q->group, hash);
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

static inline void note_time(struct engine *e, const struct packet *packet)
{
	if (!e->begun || packet->at.ns < e->first.ns)
		e->first = packet->at;
	if (!e->begun || packet->at.ns > e->last.ns)
		e->last = packet->at;
	if (packet->at.ns > e->now.ns)
		e->now = packet->at;
	e->begun = true;
	e->last_file = packet->file;
	e->last_frame = packet->frame;
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
			     uint64_t hash)
{
	struct flow *f = find_flow(e, packet, q, hash);

	e->packets.ip++;
	e->packets.multicast++;
	if (!f || !(f->state & FLOW_LUMP)) {
		observe(e, packet, q, f);
		return;
	}
	note_time(e, packet);
	meet(e, f, packet, q);
}

void engine_expect(struct engine *e, const struct quick *quick, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (quick[i].kind != QUICK_DATA4)
			continue;
		e->hashes[i] = flow_hash4(quick[i].source, quick[i].group);
		flow_prefetch4(&e->flows, e->hashes[i]);
	}
}

size_t engine_take(struct engine *e, const struct packet *packets, const struct quick *quick,
		   size_t from, size_t n)
{
	size_t i;

	for (i = from; i < n && quick[i].kind != QUICK_ASK; i++) {
		if (quick[i].kind >= QUICK_DATA4) {
			take_data(e, &packets[i], &quick[i], e->hashes[i]);
			continue;
		}
		e->packets.ip += quick[i].kind == QUICK_IP;
		note_time(e, &packets[i]);
	}
	e->packets.total += i - from;
	return i;
}
