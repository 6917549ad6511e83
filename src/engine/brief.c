/* SPDX-License-Identifier: BSD-2-Clause */
/* The quick way for brief control messages (wire/brief.h): reports and joins come again and again,
 * and what the rules say of them stands in their flows.  Where every flow of a message is settled
 * and nothing about the packet is new, the message only counts; where the rules say at once what
 * they will say of all such statements, it opens flows.  Else nothing was done, and the caller goes
 * the long way, with the same result. */
#include "engine/flow_index.h"
#include "engine/state.h"
#include "wire/sap.h"

/* What tells (*,G) from (S,G) in a flow's tag. */
#define TAG_ANY ((unsigned)(FLOW_SOURCE_ANY - FLOW_SOURCE_HOST) << 4)

/* The index is not fetched ahead: it is small, and nearly always at hand. */
void engine_expect_brief(const struct engine *e, struct expected_brief *message)
{
	const struct brief *brief = &message->brief;
	uint32_t kind = brief->point | FLOW_SOURCE_HOST << 4 | 32u << 6 | FLOW_SETTLED << 16;

	for (size_t i = 0; i < brief->n; i++) {
		uint64_t hash = flow_apart(addr_hash_word(brief->pair[i]), brief->point);

		message->kind[i] = kind + (brief->pair[i] >> 32 ? 0 : TAG_ANY);
		message->flow[i] = flow_guess4(&e->flows, hash, (uint16_t)message->kind[i]);
	}
	if (addr_is_link_local4(brief->receiver)) {
		message->passage = copies_hash(copies_pair4(brief->speaker, brief->receiver),
					       brief->print);
		copies_expect(e->copies, message->passage);
	}
}

/* As long as listeners_hear() has nothing to learn of the speaker, */
static bool is_heard(struct engine *e, const struct brief *brief)
{
	if (brief->protocol != PROTOCOL_PIM || brief->speaker == e->known_router)
		return true;
	if (!listeners_know(e->listeners, addr_of4(brief->speaker)))
		return false;
	e->known_router = brief->speaker;
	return true;
}

/* and of the group: those of SAP end so. */
static bool may_be_sap(uint32_t group)
{
	return (group & 0xfe) == 0xfe && sap_is_group(addr_of4(group));
}

static struct flow *flow_of(const struct engine *e, const struct expected_brief *message, size_t i)
{
	return &e->flows.ip4.list[message->flow[i]];
}

/* Whether that is still the flow that is meant. */
static inline bool is_flow(const struct flow *f, const struct expected_brief *message, size_t i)
{
	return flow_is_kind4(f, message->brief.pair[i], FLOW_SETTLED, message->kind[i]);
}

/* Whether that is the flow that the statement is one more of, and nothing about it is new. */
static inline bool is_known(const struct flow *f, const struct expected_brief *message, size_t i,
			    uint32_t print)
{
	const struct brief *brief = &message->brief;

	return is_flow(f, message, i) && brief->ttl <= f->ttl_max &&
	       !may_be_sap((uint32_t)brief->pair[i]) && copies_differ_some(f, print);
}

static bool are_known(const struct engine *e, const struct expected_brief *message, uint32_t print)
{
	for (size_t i = 0; i < message->brief.n; i++)
		if (!is_known(flow_of(e, message, i), message, i, print))
			return false;
	return true;
}

/* The flow's first statement in this frame. */
static inline void meet(struct engine *e, struct flow *f, const struct packet *packet, uint8_t ttl,
			uint32_t print)
{
	f->frame = e->frame;
	copies_remember_some(f, print);
	flow_count(f, packet->at, packet->length);
	if (ttl < f->ttl_min)
		f->ttl_min = ttl;
}

static inline void count(struct engine *e, const struct flow *f, const struct packet *packet,
			 const struct brief *brief)
{
	e->points[brief->point][f->action]++;
	if (f->source == 0)
		counters_speaker4(&e->counters, f->rule, brief->speaker);
	counters_again(&e->counters, f->rule, packet, f->state & FLOW_LINK_LOCAL, e->frame);
}

/* One of several statements, of which two may be of one flow. */
static inline void count_known(struct engine *e, struct flow *f, const struct packet *packet,
			       const struct brief *brief, uint32_t print)
{
	count(e, f, packet, brief);
	if (f->frame != e->frame)
		meet(e, f, packet, brief->ttl, print);
}

/* It stays on its link: where it was seen on another one, that is told. */
static void cross(struct engine *e, const struct packet *packet, const struct quick *quick,
		  const struct expected_brief *message)
{
	const struct brief *brief = &message->brief;

	if (copies_crossed_by(e->copies, message->passage, brief->print, packet,
			      quick_vlan(quick, packet)))
		frame_find_crossed(e, packet, brief->point, addr_of4(brief->speaker),
				   addr_of4(brief->receiver), brief->ttl);
}

/* One anomaly, which no rule judges (LANGUAGE S9). */
static bool take_cut_segment(struct engine *e, const struct packet *packet,
			     const struct brief *brief)
{
	if (!e->is_simple || !e->passes_cut || e->notes[FLAG_INDEX_CUT].count == 0 ||
	    e->anomalies[ANOMALY_CUT].count == 0 ||
	    !stream_pass_cut(e->streams, brief, packet->at))
		return false;
	e->points[POINT_SA][ACTION_PERMIT]++;
	e->packets.control++;
	packet_note(&e->notes[FLAG_INDEX_CUT], packet);
	packet_note(&e->anomalies[ANOMALY_CUT], packet);
	return true;
}

/* It says nothing, or hardly anything, and is remembered by its stream alone. */
static bool take_segment(struct engine *e, const struct packet *packet, const struct brief *brief)
{
	if (brief->tlv ? !take_cut_segment(e, packet, brief)
		       : !stream_acknowledge(e->streams, brief, packet->at))
		return false;
	e->packets.total++;
	e->packets.ip++;
	return true;
}

/* The first packet that is cut is noted the long way. */
static bool may_be_cut(const struct engine *e)
{
	return e->flags_passed & FLAG_BIT(CUT) && e->notes[FLAG_INDEX_CUT].count > 0;
}

/* The message is taken: its packet counts, before its statements do. */
static inline void begin(struct engine *e, struct expected *x, size_t i,
			 const struct expected_brief *message)
{
	const struct brief *brief = &message->brief;

	frame_number(e);
	x->briefs++;
	if (addr_is_link_local4(brief->receiver))
		cross(e, &x->packets[i], &x->quick[i], message);
	if (brief->is_cut)
		packet_note(&e->notes[FLAG_INDEX_CUT], &x->packets[i]);
}

/* A message with one statement, as most are. */
static inline bool take_one(struct engine *e, struct expected *x, size_t i,
			    const struct expected_brief *message, uint32_t print)
{
	const struct packet *packet = &x->packets[i];
	struct flow *f = flow_of(e, message, 0);

	if (!is_known(f, message, 0, print))
		return false;
	begin(e, x, i, message);
	count(e, f, packet, &message->brief);
	meet(e, f, packet, message->brief.ttl, print);
	e->link_local_packets += (f->state & FLOW_LINK_LOCAL) != 0;
	return true;
}

static inline bool take_some(struct engine *e, struct expected *x, size_t i,
			     const struct expected_brief *message, uint32_t print)
{
	const struct packet *packet = &x->packets[i];
	const struct brief *brief = &message->brief;
	unsigned link_local = 0;

	if (!are_known(e, message, print))
		return false;
	begin(e, x, i, message);
	for (size_t k = 0; k < brief->n; k++) {
		struct flow *f = flow_of(e, message, k);

		link_local |= f->state & FLOW_LINK_LOCAL;
		count_known(e, f, packet, brief, print);
	}
	e->link_local_packets += link_local != 0;
	return true;
}

/* Whether the rules say at once what they will say of every such statement of a flow that is not
 * there yet. */
static bool is_new(const struct engine *e, const struct observation *obs,
		   const struct expected_brief *message, size_t i, struct verdict *out)
{
	struct flow_key key = flow_key_of(obs);

	if (may_be_sap((uint32_t)message->brief.pair[i]) ||
	    flow_find(&e->flows, &key, flow_hash(&key)))
		return false;
	*out = court_plain(&e->court, obs);
	return out->rule != RULE_NONE;
}

/* A message that opens flows, and says nothing else that is new. */
static __attribute__((noinline)) bool take_new(struct engine *e, struct expected *x, size_t i,
					       const struct expected_brief *message, uint32_t print)
{
	const struct packet *packet = &x->packets[i];
	const struct brief *brief = &message->brief;
	struct observation obs[BRIEF_MAX];
	struct verdict verdicts[BRIEF_MAX];
	bool known[BRIEF_MAX];
	unsigned link_local = 0;

	if (!e->opens_plainly)
		return false;
	for (size_t k = 0; k < brief->n; k++) {
		const struct flow *f = flow_of(e, message, k);

		known[k] = is_known(f, message, k, print);
		obs[k] = brief_statement(brief, k, &x->quick[i], packet);
		verdicts[k] = (struct verdict){ f->action, f->rule };
		if (!known[k] && !is_new(e, &obs[k], message, k, &verdicts[k]))
			return false;
	}
	begin(e, x, i, message);
	e->packet = packet;
	e->frame_has_one_link = true;
	for (size_t k = 0; k < brief->n; k++) {
		struct flow *f = flow_of(e, message, k);

		/* one that was opened may have taken the place of one that was known */
		if (known[k] && is_flow(f, message, k))
			count_known(e, f, packet, brief, print);
		else
			f = frame_observe_settled(e, &obs[k], verdicts[k]);
		link_local |= f->state & FLOW_LINK_LOCAL;
	}
	e->link_local_packets += link_local != 0;
	return true;
}

bool engine_take_brief(struct engine *e, struct expected *x, size_t i,
		       const struct expected_brief *message)
{
	const struct packet *packet = &x->packets[i];
	const struct brief *brief = &message->brief;
	uint32_t print = copies_print_some(brief->print, packet->link, brief->ttl);

	lump_take(e, x, i);
	if (brief->n == 0)
		return take_segment(e, packet, brief);
	if (!e->is_simple || !is_heard(e, brief) || (brief->is_cut && !may_be_cut(e)))
		return false;
	return (brief->n == 1 ? take_one(e, x, i, message, print)
			      : take_some(e, x, i, message, print)) ||
	       take_new(e, x, i, message, print);
}
