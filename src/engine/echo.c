/* SPDX-License-Identifier: BSD-2-Clause */
/* The quick way for messages that say again, word for word, what was judged and counted before
 * (engine/recall.h).  A message is learned where nothing that was remembered of it, and nothing
 * that the rules say, could be otherwise when it comes again: then it only counts.  Else nothing
 * was done, and the caller goes the long way, with the same result. */
#include "engine/state.h"
#include "wire/sap.h"

/* Findings that count each time, what is inside of something else, and what an echo is not. */
#define FLAGS_TOLD (FLAG_BIT(NOT_SAP) | FLAG_BIT(HOP_LIMIT) | FLAG_BIT(TUNNEL) | \
		    FLAG_BIT(BAD_IP_CHECKSUM))

bool engine_foresee_echo(const struct engine *e, const struct quick *quick,
			 const struct packet *packet, struct expected_echo *message)
{
	message->hash = echo_hash(quick, packet);
	message->memo = e->may_echo ? recall_find(e->recall, message->hash) : NULL;
	return message->memo != NULL;
}

void engine_expect_echo(const struct engine *e, const struct packet *packet,
			struct expected_echo *message)
{
	const struct memo *memo = message->memo;

	if (!recall_is_same(memo, packet)) {
		message->memo = NULL;
		return;
	}
	message->serial = memo->serial;
	message->print = echo_print(&memo->echo, packet);
	for (size_t i = 0; i < memo->n; i++)
		__builtin_prefetch(memo->list[i].flow, 1);
	if (!memo->stays)
		return;
	message->passage = copies_hash(memo->pair, message->print);
	copies_expect(e->copies, message->passage);
}

/* The flow is still there, or again, and what it was when the message was learned: has had as bad
 * a verdict and such a TTL, and is no lump.  A copy is found by the long way. */
static inline bool is_more_of(const struct flow *f, const struct recalled *r,
			      const struct packet *packet, uint32_t print)
{
	return ((addr_pair(f->source, f->group) ^ r->pair) | (recalled_kind(f) ^ r->kind)) == 0 &&
	       (copies_differ_some(f, print) || !copies_follow(f, print, packet->at));
}

static inline bool is_repetition(const struct memo *memo, const struct packet *packet,
				 uint32_t print)
{
	for (size_t i = 0; i < memo->n; i++) {
		const struct flow *f = memo->list[i].flow;

		if (f && !is_more_of(f, &memo->list[i], packet, print))
			return false;
	}
	return true;
}

/* What is told at once: the rest settle() counts. */
static inline void count(struct engine *e, const struct recalled *r, const struct packet *packet,
			 uint32_t print)
{
	struct flow *f = r->flow;

	if (!f)
		return;
	counters_again(&e->counters, r->rule, packet, f->state & FLOW_LINK_LOCAL, e->frame);
	if (f->frame == e->frame)
		return;
	f->frame = e->frame;
	(void)copies_pass(f, print);
	flow_count(f, packet->at, packet->length);
}

/* Where there is a flag or an anomaly, the first with it was noted before the message was learned. */
static void settle(struct engine *e, struct memo *memo)
{
	for (size_t i = 0; i < memo->n; i++) {
		const struct recalled *r = &memo->list[i];

		e->points[r->point][r->action] += memo->times;
		if (r->anomaly)
			e->anomalies[r->anomaly].count += memo->times;
	}
	for (uint64_t left = memo->flags; left; left &= left - 1)
		e->notes[__builtin_ctzll(left)].count += memo->times;
	e->link_local_packets += memo->is_link_local ? memo->times : 0;
	memo->times = 0;
}

void echoes_settle(struct engine *e)
{
	struct memo *memo;

	for (size_t at = 0; (memo = recall_next(e->recall, &at));)
		settle(e, memo);
}

/* To a receiver that is link-local. */
static void cross(struct engine *e, const struct packet *packet, const struct quick *quick,
		  const struct expected_echo *message)
{
	const struct memo *memo = message->memo;
	struct addr speaker, receiver;

	if (!copies_crossed_by(e->copies, message->passage, message->print, packet,
			       quick_vlan(quick, packet)))
		return;
	echo_addresses(quick, packet, &speaker, &receiver);
	frame_find_crossed(e, packet, memo->list[0].point, speaker, receiver, memo->ttl);
}

bool engine_take_echo(struct engine *e, struct expected *x, size_t i,
		      const struct expected_echo *message)
{
	const struct packet *packet = &x->packets[i];
	struct memo *memo = message->memo;
	uint32_t print;

	lump_take(e, x, i);
	if (!memo || memo->serial != message->serial ||
	    memo->evicted6 != e->flows.ip6.evicted)
		return false;
	print = copies_print_some(message->print, packet->link, memo->ttl);
	if (!is_repetition(memo, packet, print))
		return false;
	frame_number(e);
	x->briefs++;
	memo->times++;
	if (memo->stays)
		cross(e, packet, &x->quick[i], message);
	for (size_t k = 0; k < memo->n; k++)
		count(e, &memo->list[k], packet, print);
	return true;
}

/* --- learning --- */

/* Whether a statement has no effect but to count, when it comes again. */
static bool is_settled(const struct engine *e, const struct observation *obs, struct verdict v)
{
	bool asks_for_sap = obs->point == POINT_MEMBERSHIP && obs->what == WHAT_JOIN &&
			    sap_is_group(obs->group);

	if (obs->flags & FLAGS_TOLD || obs->point == POINT_SA || asks_for_sap ||
	    obs->protocol == PROTOCOL_RASADV || obs->protocol == PROTOCOL_TCP)
		return false;
	return v.rule == RULE_NONE || e->court.boundary->rules[v.rule]->action != ACTION_LIMIT;
}

void frame_hear(struct engine *e, struct flow *f, const struct observation *obs,
		struct verdict v)
{
	struct heard *heard = e->heard;
	struct recalled *r;

	heard->is_lost |= heard->n == RECALL_STATEMENTS || !is_settled(e, obs, v) ||
			  obs->print != heard->print;
	if (heard->is_lost)
		return;
	heard->flags |= obs->flags;
	r = &heard->list[heard->n++];
	*r = (struct recalled){ .rule = v.rule, .action = v.action, .point = obs->point,
				.anomaly = obs->anomaly, .flow = f };
	if (!f)
		return;
	r->pair = addr_pair(f->source, f->group);
	r->kind = recalled_kind(f);
}

static void learn(struct engine *e, const struct heard *heard, const struct packet *packet,
		  const struct said *said, const struct echo *echo, uint64_t hash)
{
	const struct observation *first = &said->list[0];
	struct memo *memo = recall_room(e->recall, hash);

	settle(e, memo);
	memo = recall_keep(e->recall, hash, echo, packet, heard->list, heard->n);
	memo->evicted6 = e->flows.ip6.evicted;
	memo->flags = heard->flags;
	memo->pair = copies_pair(first->speaker, first->receiver);
	memo->stays = addr_is_link_local_group(first->receiver);
	memo->ttl = first->ttl;
	memo->is_link_local = e->frame_link_local;
}

void engine_learn(struct engine *e, const struct quick *quick, const struct packet *packet,
		  struct said *said, uint64_t hash)
{
	struct heard heard = { 0 };
	struct echo echo;

	if (e->may_echo && recall_wants(e->recall, hash) && echo_of(quick, packet, &echo)) {
		heard.print = echo_print(&echo, packet);
		e->heard = &heard;
	}
	engine_packet(e, packet, said);
	if (e->heard && !heard.is_lost && heard.n > 0 && heard.n == said->n &&
	    said->segment_count == 0 && said->has_ip && said->is_read && said->is_multicast &&
	    e->frame_control)
		learn(e, &heard, packet, said, &echo, hash);
	e->heard = NULL;
}
