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

bool engine_foresee_echo(const struct engine *e, struct expected_echo *message)
{
	message->memo = e->may_echo ? recall_find(e->recall, &message->echo) : NULL;
	return message->memo != NULL;
}

void engine_expect_echo(const struct engine *e, const struct expected_echo *message)
{
	const struct memo *memo = message->memo;

	for (size_t i = 0; i < memo->n; i++)
		__builtin_prefetch(memo->list[i].flow, 1);
	if (memo->stays)
		copies_expect(e->copies, copies_hash(memo->pair, message->echo.print));
}

/* The flow is still there, or again, and has had as bad a verdict and such a TTL. */
static bool has_had(const struct recalled *r, uint8_t ttl)
{
	const struct flow *f = r->flow;

	return ((f->source ^ r->source) | (f->group ^ r->group) |
		(uint32_t)(f->tag ^ r->tag)) == 0 &&
	       !(f->state & FLOW_LUMP) && r->action <= f->action && ttl >= f->ttl_min &&
	       ttl <= f->ttl_max;
}

/* A copy is found by the long way. */
static bool is_repetition(const struct memo *memo, const struct packet *packet, uint32_t print)
{
	for (size_t i = 0; i < memo->n; i++) {
		const struct flow *f = memo->list[i].flow;

		if (f && (!has_had(&memo->list[i], memo->ttl) ||
			  (!copies_differ(f, print) && copies_follow(f, print, packet->at))))
			return false;
	}
	return true;
}

static void count(struct engine *e, const struct recalled *r, const struct packet *packet,
		  uint32_t print)
{
	struct flow *f = r->flow;

	e->points[r->point][r->action]++;
	if (r->anomaly)
		packet_note(&e->anomalies[r->anomaly], packet);
	if (!f)
		return;
	counters_again(&e->counters, r->rule, packet, f->state & FLOW_LINK_LOCAL, e->frame);
	if (f->frame == e->frame)
		return;
	f->frame = e->frame;
	copies_pass(f, print);
	flow_count(f, packet->at, packet->length);
}

/* To a receiver that is link-local. */
static void cross(struct engine *e, struct expected *x, size_t i,
		  const struct expected_echo *message)
{
	uint64_t hash = copies_hash(message->memo->pair, message->echo.print);
	struct addr speaker, receiver;

	if (!copies_crossed_by(e->copies, hash, message->echo.print, &x->packets[i],
			       quick_vlan(&x->quick[i], &x->packets[i])))
		return;
	echo_addresses(&x->quick[i], &x->packets[i], &speaker, &receiver);
	frame_find_crossed(e, &x->packets[i], message->memo->list[0].point, speaker, receiver,
			   message->memo->ttl);
}

bool engine_take_echo(struct engine *e, struct expected *x, size_t i,
		      const struct expected_echo *message)
{
	const struct packet *packet = &x->packets[i];
	const struct memo *memo = message->memo;
	uint32_t print = copies_print(message->echo.print, packet->link, memo->ttl);

	lump_take(e, x, i);
	if (memo->evicted6 != e->flows.ip6.evicted ||
	    !recall_is_same(memo, &message->echo, packet) ||
	    !is_repetition(memo, packet, print))
		return false;
	frame_number(e);
	x->briefs++;
	e->link_local_packets += memo->is_link_local;
	if (memo->stays)
		cross(e, x, i, message);
	for (size_t k = 0; k < memo->n; k++)
		count(e, &memo->list[k], packet, print);
	for (uint64_t left = memo->flags; left; left &= left - 1)
		packet_note(&e->notes[__builtin_ctzll(left)], packet);
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
	r->source = f->source;
	r->group = f->group;
	r->tag = f->tag;
}

static void learn(struct engine *e, const struct heard *heard, const struct packet *packet,
		  const struct said *said, const struct echo *echo)
{
	struct memo *memo = recall_keep(e->recall, echo, packet, heard->list, heard->n);
	const struct observation *first = &said->list[0];

	memo->evicted6 = e->flows.ip6.evicted;
	memo->flags = heard->flags;
	memo->pair = copies_pair(first->speaker, first->receiver);
	memo->stays = addr_is_link_local_group(first->receiver);
	memo->ttl = first->ttl;
	memo->is_link_local = e->frame_link_local;
}

void engine_learn(struct engine *e, const struct packet *packet, struct said *said,
		  const struct echo *echo)
{
	struct heard heard = { .print = echo->print };

	if (e->may_echo && recall_wants(e->recall, echo))
		e->heard = &heard;
	engine_packet(e, packet, said);
	if (e->heard && !heard.is_lost && heard.n > 0 && heard.n == said->n &&
	    said->segment_count == 0 && said->has_ip && said->is_read && said->is_multicast &&
	    e->frame_control)
		learn(e, &heard, packet, said, echo);
	e->heard = NULL;
}
