/* SPDX-License-Identifier: BSD-2-Clause */
/* The quick way through the engine.  A flow of plain multicast UDP whose verdict depends on
 * nothing but source and group is a lump: its packets cost a look-up and a few additions, and its
 * rule learns of them at the end, or when the first other packet breaks the lump.  Batches, so that
 * the misses of many look-ups overlap.  Everything else goes the long way, with the same result. */
#include "engine/flow_index.h"
#include "engine/state.h"
#include "wire/msdp.h"

static struct flow_key key_of(const struct packet *packet, const struct quick *q)
{
	struct flow_key key = { .point = POINT_DATA, .kind = FLOW_SOURCE_HOST };

	quick_addresses(q, packet, &key.source, &key.group);
	key.group_len = (uint8_t)addr_bits(key.group);
	return key;
}

/* Begins a flow with this packet, where the verdict of all its packets is known; else NULL. */
static struct flow *open_lump(struct engine *e, const struct packet *packet, const struct quick *q,
			      const struct flow_key *key, uint64_t hash)
{
	struct verdict v, other = { ACTION_PERMIT, RULE_NONE };

	if (e->has_inside || e->members)
		return NULL;
	v = court_settled(&e->court, key->source, key->group);
	if (e->options.against)
		other = court_settled(&e->against, key->source, key->group);
	if (v.rule == RULE_NONE || (e->options.against && other.rule == RULE_NONE))
		return NULL;
	return frame_open_lump(e, packet, key, hash, q, v, other);
}

/* The long way, for a flow that is no lump. */
static void __attribute__((noinline)) observe(struct engine *e, const struct packet *packet,
					      const struct quick *q)
{
	struct observation obs = quick_statement(q, packet);

	frame_begin(e, packet);
	frame_observe(e, &obs, false);
	frame_end(e);
}

static void __attribute__((noinline)) find_copy(struct engine *e, const struct packet *packet,
						const struct quick *q)
{
	struct observation obs = quick_statement(q, packet);

	frame_find_copy(e, packet, &obs);
}

static void __attribute__((noinline)) find_crossed(struct engine *e, const struct packet *packet,
						   const struct quick *q)
{
	struct addr speaker, receiver;

	quick_addresses(q, packet, &speaker, &receiver);
	frame_find_crossed(e, packet, POINT_DATA, speaker, receiver, q->ttl);
}

/* What the long way does for each packet that stays on its link. */
static inline void meet_link_local(struct engine *e, const struct packet *packet,
				   const struct quick *q, uint64_t passage)
{
	e->link_local_packets++;
	if (copies_crossed_by(e->copies, passage, q->print, packet, quick_vlan(q, packet)))
		find_crossed(e, packet, q);
}

static inline uint64_t passage_of4(const struct quick *q)
{
	return copies_hash(copies_pair4(q->source, q->group), q->print);
}

/* Of IPv6. */
static inline struct flow_long pair_of(const struct packet *packet, const struct quick *q)
{
	uint64_t half[4];

	quick_halves(q, packet, half);
	return (struct flow_long){ half[0], half[1], half[2], half[3] };
}

static inline uint64_t passage_of6(const struct flow_long *pair, const struct quick *q)
{
	return copies_hash(copies_pair(addr_of6(pair->source_hi, pair->source_lo),
				       addr_of6(pair->group_hi, pair->group_lo)),
			   q->print);
}

/* Of the k-th.  That of IPv6 is known, unless some flow of IPv4 stood where its would. */
static inline uint64_t passage_of(const struct expected *x, size_t k, const struct packet *packet,
				  const struct quick *q)
{
	struct flow_long pair;

	if (q->kind == QUICK_DATA4)
		return passage_of4(q);
	if (__builtin_expect(x->flow[k] == 0, 1))
		return x->passage[k];
	pair = pair_of(packet, q);
	return passage_of6(&pair, q);
}

static void take_cuts(struct engine *e, struct expected *x)
{
	struct noted *noted = &e->notes[FLAG_INDEX_CUT];
	size_t i = x->taken;

	if (x->cuts == 0)
		return;
	while (noted->count == 0 && (x->quick[i].kind < QUICK_DATA4 || !x->quick[i].is_cut))
		i++;
	packet_note(noted, &x->packets[i]);
	noted->count += x->cuts - 1;
	x->cuts = 0;
}

static void take_briefs(struct engine *e, struct expected *x)
{
	e->packets.total += x->briefs;
	e->packets.ip += x->briefs;
	e->packets.control += x->briefs;
	e->packets.multicast += x->briefs;
	x->briefs = 0;
}

/* The times between which they passed.  Two by two, for each comparison with what is kept waits for
 * the one before. */
static void span_times(const struct packet *packets, size_t n, int64_t *first_ns, int64_t *last_ns)
{
	for (size_t i = 0; i < n; i += 2) {
		int64_t a_ns = packets[i].at.ns;
		int64_t b_ns = packets[i + 1 < n ? i + 1 : i].at.ns;
		int64_t low_ns = a_ns < b_ns ? a_ns : b_ns, high_ns = a_ns < b_ns ? b_ns : a_ns;

		*first_ns = low_ns < *first_ns ? low_ns : *first_ns;
		*last_ns = high_ns > *last_ns ? high_ns : *last_ns;
	}
}

/* What the packets before this one, which were taken since this was last called, add up to. */
static void take_sums(struct engine *e, struct expected *x, size_t end)
{
	const struct packet *packets = &x->packets[x->taken];
	size_t n = end - x->taken;
	int64_t first_ns, last_ns;

	if (n == 0)
		return;
	take_cuts(e, x);
	take_briefs(e, x);
	first_ns = packets[0].at.ns;
	last_ns = packets[n - 1].at.ns;
	if (!x->lists->in_order)
		span_times(packets, n, &first_ns, &last_ns);
	e->first.ns = e->begun && e->first.ns < first_ns ? e->first.ns : first_ns;
	e->last.ns = e->begun && e->last.ns > last_ns ? e->last.ns : last_ns;
	e->now.ns = e->last.ns > e->now.ns ? e->last.ns : e->now.ns;
	e->begun = true;
	e->last_file = packets[n - 1].file;
	e->last_frame = packets[n - 1].frame;
}

/* One more packet of a lump, of the addresses that the flow has.  Data always have a print. */
static void meet(struct engine *e, struct flow *f, const struct packet *packet,
		 const struct quick *q)
{
	uint32_t print = copies_print_some(q->print, packet->link, q->ttl);

	if (copies_differ_some(f, print))
		copies_remember_some(f, print);
	else if (copies_follow(f, print, packet->at))
		find_copy(e, packet, q);
	flow_count(f, packet->at, packet->length);
	if (q->ttl < f->ttl_min)
		f->ttl_min = q->ttl;
	if (q->ttl > f->ttl_max)
		frame_raise_ttl(e, f, packet, q->ttl);
}

/* The same, of a lump that needs nothing but to be counted, as nearly all do: false, and nothing is
 * done, where this may be a copy, or where anything calls for a function, which would cost all
 * others the registers. */
static inline bool meet_again(struct flow *f, const struct packet *packet, const struct quick *q)
{
	uint8_t ttl = q->ttl;
	uint32_t print = copies_print_some(q->print, packet->link, ttl);

	if (!copies_differ_some(f, print) || ttl > f->ttl_max)
		return false;
	flow_count(f, packet->at, packet->length);
	if (__builtin_expect(ttl < f->ttl_min, 0))
		f->ttl_min = ttl;
	copies_remember_some(f, print);
	return true;
}

/* The first packet of a lump. */
static void meet_first(struct engine *e, struct flow *f, const struct packet *packet,
		       const struct quick *q)
{
	f->packets = 1;
	f->bytes = packet->length;
	f->prints[0] = copies_print(q->print, packet->link, q->ttl);
	f->ttl_min = q->ttl;
	if (q->ttl > 0)
		frame_raise_ttl(e, f, packet, q->ttl);
}

/* The k-th flow, where it is the one that was expected; else NULL. */
static inline struct flow *expected_flow(struct engine *e, struct expected *x, size_t k,
					 const struct packet *packet, const struct quick *q)
{
	struct flow *f = &e->flows.ip4.list[x->flow[k]];
	struct flow_long pair;

	if (q->kind == QUICK_DATA4 || x->flow[k] != 0)
		return flow_is_lump4(f, q->source, q->group) ? f : NULL;
	pair = pair_of(packet, q);
	return flow_guessed6(&e->flows, x->flow6[k], &pair);
}

static struct flow *__attribute__((noinline)) find_or_open(struct engine *e,
							   const struct packet *packet,
							   const struct quick *q)
{
	struct flow_key key = key_of(packet, q);
	uint64_t hash = flow_hash(&key);
	struct flow *f = flow_find(&e->flows, &key, hash);

	return f ? f : open_lump(e, packet, q, &key, hash);
}

/* Each field is written where it belongs: a whole that was put together elsewhere and is then copied
 * waits until all that was written before it has left the core. */
static inline void write_lump(struct flow *f, const struct packet *packet, const struct quick *q,
			      struct verdict v, bool is_link_local)
{
	unsigned is_finding = (v.action >= ACTION_LIMIT) & !is_link_local;	/* no branch */

	f->group = q->group;
	f->source = q->source;
	f->tag = FLOW_TAG_DATA4;
	f->state = (uint8_t)(FLOW_USED | FLOW_LUMP | FLOW_UNTOLD |
			     (is_link_local ? FLOW_LINK_LOCAL : 0) |
			     is_finding * FLOW_FINDING);
	f->action = v.action;
	f->rule = v.rule;
	f->ttl_min = q->ttl;
	f->first_ns = f->last_ns = packet->at.ns;
	f->packets = 1;
	f->bytes = packet->length;
	f->prints[0] = copies_print_some(q->print, packet->link, q->ttl);
}

/* Begins a flow of IPv4 with its first packet, where nobody wants to know more of it and the verdict
 * of all its packets is known; false, and nothing is done, also where it is there by now. */
static inline bool meet_new4(struct engine *e, struct expected *x, size_t k)
{
	const struct newcomer *fresh = &x->fresh[k];
	size_t i = x->lists->data[k], at;
	const struct packet *packet = &x->packets[i];
	const struct quick *q = &x->quick[i];
	uint64_t hash = x->lists->hash[k];
	bool is_link_local = addr_is_link_local4(q->group), is_elsewhere;
	struct flow *f;

	if (fresh->verdict.rule == RULE_NONE ||
	    !flow_place4(&e->flows, q->source, q->group, hash, &at, &is_elsewhere))
		return false;
	if (!is_link_local && !is_elsewhere && scans_note(e->scans, fresh->source, packet->at))
		frame_find_scan(e, packet, POINT_DATA, addr_of4(q->source));
	f = flow_begin4(&e->flows, hash, at, quick_port(q, packet));
	write_lump(f, packet, q, fresh->verdict, is_link_local);
	if (is_link_local) {
		distinct_add(e->link_local_groups, 0, addr_hash4(q->group));
		meet_link_local(e, packet, q, passage_of4(q));
	}
	if (q->ttl > 0)
		frame_raise_ttl(e, f, packet, q->ttl);
	x->cuts += q->is_cut;
	return true;
}

/* Where the k-th flow is not the one that was expected, or more is to be done than to count. */
static void __attribute__((noinline)) meet_known(struct engine *e, struct expected *x, size_t k)
{
	size_t i = x->lists->data[k];
	const struct packet *packet = &x->packets[i];
	const struct quick *q = &x->quick[i];
	struct flow *f = expected_flow(e, x, k, packet, q);

	if (!f)
		f = find_or_open(e, packet, q);
	if (!f || !(f->state & FLOW_LUMP)) {
		take_sums(e, x, i);
		observe(e, packet, q);
		x->taken = i + 1;
		return;
	}
	if (f->state & FLOW_LINK_LOCAL)
		meet_link_local(e, packet, q, passage_of(x, k, packet, q));
	if (f->packets == 0)
		meet_first(e, f, packet, q);
	else
		meet(e, f, packet, q);
	x->cuts += q->is_cut;
}

/* The same of IPv4, and it was not there when it was expected. */
static void __attribute__((noinline)) meet_fresh(struct engine *e, struct expected *x, size_t k)
{
	if (!meet_new4(e, x, k))
		meet_known(e, x, k);
}

/* Either, in functions of their own: each has registers enough. */
static void __attribute__((noinline)) meet_other(struct engine *e, struct expected *x, size_t k)
{
	if (x->flow[k] == 0 && x->quick[x->lists->data[k]].kind == QUICK_DATA4)
		meet_fresh(e, x, k);
	else
		meet_known(e, x, k);
}

void engine_foretell(const struct engine *e, struct quick_lists *out)
{
	out->places = e->flows.ip4.index;
	out->place_mask = e->flows.ip4.max - 1;
}

/* Of a flow of IPv4 that is new: its verdict, which takes many loads, each waiting for the last. */
static struct newcomer expect_new4(const struct engine *e, const struct quick *q)
{
	struct newcomer fresh = { addr_hash4(q->source), { ACTION_PERMIT, RULE_NONE } };

	scans_expect(e->scans, fresh.source);
	if (e->opens_plainly)
		fresh.verdict = court_settled4(&e->court, q->source, q->group);
	return fresh;
}

/* A flow of IPv6, which is probably there. */
static void __attribute__((noinline)) expect6(const struct engine *e, struct expected *x, size_t k)
{
	const struct packet *packet = &x->packets[x->lists->data[k]];
	const struct quick *q = &x->quick[x->lists->data[k]];
	struct flow_long pair = pair_of(packet, q);

	x->flow6[k] = flow_guess6(&e->flows, &pair);
	x->passage[k] = passage_of6(&pair, q);
	if (addr_is_link_local6(pair.group_hi))
		copies_expect(e->copies, x->passage[k]);
}

/* What a flow that is new, or of IPv6, will need. */
static void __attribute__((noinline)) expect_other(const struct engine *e, struct expected *x,
						   size_t k)
{
	const struct quick *q = &x->quick[x->lists->data[k]];

	if (q->kind == QUICK_DATA4)
		x->fresh[k] = expect_new4(e, q);
	else
		expect6(e, x, k);
}

/* A flow that does not stand near where its hash says, or is none of IPv4 that is known. */
static void expect_far(struct engine *e, struct expected *x, size_t k)
{
	x->flow[k] = flow_guess4(&e->flows, x->lists->hash[k], FLOW_TAG_DATA4);
	if (x->flow[k] == 0)
		expect_other(e, x, k);
}

/* The index is there: quick_look_sorted() had it fetched. */
__attribute__((noinline)) void engine_expect(struct engine *e, const struct packet *packets,
					     const struct quick *quick,
					     const struct quick_lists *lists, size_t n,
					     struct expected *out)
{
	size_t said_n = n - lists->ask_n, far_n = 0;
	uint8_t far[QUICK_BATCH];

	out->packets = packets;
	out->quick = quick;
	out->lists = lists;
	out->ahead = lists->ahead;
	out->taken = out->data_taken = out->cuts = out->briefs = 0;
	e->packets.total += said_n;
	e->packets.ip += said_n - lists->no_ip_n;
	e->packets.multicast += lists->data_n;
	for (size_t k = 0; k < lists->data_n; k++) {
		uint32_t number = flow_number_near(&e->flows.ip4, lists->hash[k], FLOW_TAG_DATA4);

		out->flow[k] = number;
		__builtin_prefetch(&e->flows.ip4.list[number & FLOW_NUMBER], 1);
		far[far_n] = (uint8_t)k;	/* without a branch, which would be guessed wrong */
		far_n += !flow_is_near(number);
	}
	for (size_t i = 0; i < far_n; i++)
		expect_far(e, out, far[i]);
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

/* What the segment says once its stream is put together, if a Source-Active begins with it. */
static void foresee_segment(const struct engine *e, const struct segment *segment)
{
	struct msdp_entry entry;
	struct msdp_sa sa;

	if (msdp_read(segment->payload, &sa) != MSDP_SOURCES)
		return;
	while (msdp_entry_next(&sa, &entry))
		flow_expect4(&e->flows, addr_hash_pair((uint32_t)entry.source.lo,
						       (uint32_t)entry.group.lo));
}

void engine_foresee(const struct engine *e, const struct said *said)
{
	frame_foresee(e, said->list, said->n);
	for (size_t i = 0; i < said->segment_count; i++)
		foresee_segment(e, &said->segments[i]);
}

void engine_expect_said(const struct engine *e, const struct said *said)
{
	frame_fetch(e, said->list, said->n);
}

__attribute__((noinline)) void lump_take(struct engine *e, struct expected *x, size_t end)
{
	const uint8_t *data = x->lists->data;
	struct flow *const list = e->flows.ip4.list;
	const uint8_t *ahead = x->ahead;
	size_t k = x->data_taken;

	for (size_t i; (i = data[k]) < end; k++) {
		const struct quick *q = &x->quick[i];
		struct flow *f = &list[x->flow[k]];

		ahead = quick_fetch(ahead);
		if (__builtin_expect(flow_is_plain_lump4(f, q->source, q->group) &&
				     meet_again(f, &x->packets[i], q), 1))
			x->cuts += q->is_cut;
		else
			meet_other(e, x, k);
	}
	x->ahead = ahead;
	x->data_taken = k;
}

void engine_take(struct engine *e, struct expected *x, size_t end)
{
	lump_take(e, x, end);
	take_sums(e, x, end);
	x->taken = end + 1;		/* the packet there asks, and is taken in its turn */
}
