/* SPDX-License-Identifier: BSD-2-Clause */
/* The quick way through the engine.  A flow of plain multicast UDP whose verdict depends on
 * nothing but source and group is a lump: its packets cost a look-up and a few additions, and its
 * rule learns of them at the end, or when the first other packet breaks the lump.  Batches, so that
 * the misses of many look-ups overlap.  Everything else goes the long way, with the same result. */
#include "engine/flow_index.h"
#include "engine/state.h"

static struct flow_key key_of(const struct packet *packet, const struct quick *q)
{
	struct flow_key key = { .point = POINT_DATA, .kind = FLOW_SOURCE_HOST };

	quick_addresses(q, packet, &key.source, &key.group);
	key.group_len = (uint8_t)addr_bits(key.group);
	return key;
}

static struct flow *find_flow6(const struct engine *e, const struct packet *packet,
			       const struct quick *q)
{
	struct flow_key key = key_of(packet, q);

	return flow_find(&e->flows, &key, flow_hash(&key));
}

/* Begins a flow with this packet, where the verdict of all its packets is known; else NULL. */
static struct flow *open_lump(struct engine *e, const struct packet *packet, const struct quick *q)
{
	struct flow_key key = key_of(packet, q);
	struct verdict v, other = { ACTION_PERMIT, RULE_NONE };

	if (e->has_inside || e->members)
		return NULL;
	v = court_settled(&e->court, key.source, key.group);
	if (e->options.against)
		other = court_settled(&e->against, key.source, key.group);
	if (v.rule == RULE_NONE || (e->options.against && other.rule == RULE_NONE))
		return NULL;
	return frame_open_lump(e, packet, &key, q, v, other);
}

/* The long way, for a flow that is no lump. */
static void observe(struct engine *e, const struct packet *packet, const struct quick *q)
{
	struct observation obs = quick_statement(q, packet);

	frame_begin(e, packet);
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

/* What the long way does for each packet that stays on its link. */
static void __attribute__((noinline)) meet_link_local(struct engine *e, const struct packet *packet,
						      const struct quick *q)
{
	struct passage passage = { .at = packet->at, .print = q->print, .link = packet->link,
				   .vlan = q->vlan };

	quick_addresses(q, packet, &passage.speaker, &passage.receiver);
	e->link_local_packets++;
	frame_cross(e, packet, POINT_DATA, &passage, q->ttl);
}

/* What the packets of a run, which were taken since the engine was told of any, add up to. */
struct run {
	int64_t	      first_ns, last_ns;	/* first > last: none */
	size_t	      cuts;			/* that the snap length cut */
	const struct packet *cut;		/* the first of them */
};

static const struct run no_run = { .first_ns = INT64_MAX, .last_ns = INT64_MIN };

static void tell_run(struct engine *e, struct run *run)
{
	if (run->first_ns > run->last_ns)
		return;
	if (!e->begun || run->first_ns < e->first.ns)
		e->first.ns = run->first_ns;
	if (!e->begun || run->last_ns > e->last.ns)
		e->last.ns = run->last_ns;
	if (run->last_ns > e->now.ns)
		e->now.ns = run->last_ns;
	e->begun = true;
	if (run->cuts > 0) {
		packet_note(&e->notes[FLAG_INDEX_CUT], run->cut);
		e->notes[FLAG_INDEX_CUT].count += run->cuts - 1;
	}
	*run = no_run;
}

static inline void note_time(struct run *run, int64_t at_ns)
{
	run->first_ns = at_ns < run->first_ns ? at_ns : run->first_ns;
	run->last_ns = at_ns > run->last_ns ? at_ns : run->last_ns;
}

static inline void meet(struct engine *e, struct flow *f, const struct packet *packet,
			const struct quick *q)
{
	uint32_t print = copies_print(q->print, packet->link, q->ttl);

	if (!copies_pass(f, print))
		find_copy(e, f, packet, q, print);
	f->packets++;
	f->bytes += packet->length;
	if (packet->at.ns > f->last_ns)
		f->last_ns = packet->at.ns;
	else if (packet->at.ns < f->first_ns)
		f->first_ns = packet->at.ns;
	if (q->ttl < f->ttl_min)
		f->ttl_min = q->ttl;
	if (q->ttl > f->ttl_max)
		frame_raise_ttl(e, f, packet, q->ttl);
}

static inline void take_data(struct engine *e, const struct packet *packet, const struct quick *q,
			     uint32_t guess, struct run *run)
{
	struct flow *f = q->kind == QUICK_DATA4
				 ? flow_find4(&e->flows, q->source, q->group, guess)
				 : find_flow6(e, packet, q);

	if (__builtin_expect(!f, 0))
		f = open_lump(e, packet, q);
	if (__builtin_expect(!f || !(f->state & FLOW_LUMP), 0)) {
		tell_run(e, run);
		observe(e, packet, q);
		return;
	}
	note_time(run, packet->at.ns);
	if (f->state & FLOW_LINK_LOCAL)
		meet_link_local(e, packet, q);
	meet(e, f, packet, q);
	if (q->is_cut && run->cuts++ == 0)
		run->cut = packet;
}

/* In two rounds: the index is there when it is asked where the flows are. */
void engine_expect(const struct engine *e, const struct quick *quick, size_t n,
		   struct expected *out)
{
	uint64_t hash[ENGINE_BATCH];

	for (size_t i = 0; i < n; i++) {
		hash[i] = flow_hash4(quick[i].source, quick[i].group);
		flow_expect4(&e->flows, hash[i]);
	}
	for (size_t i = 0; i < n; i++) {
		out->flow[i] = flow_guess4(&e->flows, hash[i], FLOW_TAG_DATA4);
		if (quick[i].kind == QUICK_DATA4 && out->flow[i] == 0)
			scans_expect(e->scans, addr_of4(quick[i].source));
	}
}

void frame_foresee(const struct engine *e, const struct observation *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct flow_key key = flow_key_of(&list[i]);

		flow_expect(&e->flows, &key, flow_hash(&key));
	}
}

void frame_fetch(const struct engine *e, const struct observation *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct flow_key key = flow_key_of(&list[i]);

		flow_fetch(&e->flows, &key, flow_hash(&key));
	}
}

void engine_foresee(const struct engine *e, const struct said *said)
{
	frame_fetch(e, said->list, said->n);
}

size_t engine_take(struct engine *e, const struct packet *packets, const struct quick *quick,
		   const struct expected *expected, size_t from, size_t n)
{
	struct run run = no_run;
	size_t i, without_ip = 0, multicast = 0;

	for (i = from; i < n && quick[i].kind != QUICK_ASK; i++) {
		if (quick[i].kind >= QUICK_DATA4) {
			take_data(e, &packets[i], &quick[i], expected->flow[i], &run);
			multicast++;
			continue;
		}
		without_ip += quick[i].kind == QUICK_NO_IP;
		note_time(&run, packets[i].at.ns);
	}
	if (i == from)
		return i;
	tell_run(e, &run);
	e->last_file = packets[i - 1].file;
	e->last_frame = packets[i - 1].frame;
	e->packets.total += i - from;
	e->packets.ip += i - from - without_ip;
	e->packets.multicast += multicast;
	return i;
}
