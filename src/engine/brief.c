/* SPDX-License-Identifier: BSD-2-Clause */
/* The quick way for brief control messages (wire/brief.h): reports and joins come again and again,
 * and what the rules say of them stands in their flows.  Where every flow of a message is settled
 * and nothing about the packet is new, the message only counts; else nothing was done, and the
 * caller goes the long way, with the same result. */
#include "engine/flow_index.h"
#include "engine/state.h"
#include "wire/sap.h"

static uint16_t tag_of(const struct brief *brief, size_t i)
{
	unsigned kind = brief->list[i].source ? FLOW_SOURCE_HOST : FLOW_SOURCE_ANY;

	return (uint16_t)(brief->point | kind << 4 | 32u << 6);
}

void engine_expect_brief(const struct engine *e, struct expected_brief *expected)
{
	const struct brief *brief = &expected->brief;

	for (size_t i = 0; i < brief->n; i++) {
		uint64_t hash = flow_hash4(brief->list[i].source, brief->list[i].group);

		expected->flow[i] = flow_guess4(&e->flows, hash, tag_of(brief, i));
	}
}

/* Nobody wants more of a statement than a settled flow has. */
static bool is_simple(const struct engine *e)
{
	return !e->has_inside && !e->members && !e->roll && !e->options.against &&
	       !e->options.remarks;
}

/* As long as listeners_hear() has nothing to learn. */
static bool is_heard(const struct brief *brief, size_t i)
{
	return brief->protocol == PROTOCOL_PIM || !sap_is_group(addr_of4(brief->list[i].group));
}

/* The flow that the statement is one more of; NULL where anything is new. */
static struct flow *find_flow(const struct engine *e, const struct expected_brief *expected,
			      size_t i, uint32_t print)
{
	const struct brief *brief = &expected->brief;
	struct flow *f = &e->flows.ip4.list[expected->flow[i]];

	if (f->source != brief->list[i].source || f->group != brief->list[i].group ||
	    f->tag != tag_of(brief, i) || !(f->state & FLOW_SETTLED) || brief->ttl > f->ttl_max)
		return NULL;
	return copies_differ(f, print) && is_heard(brief, i) ? f : NULL;
}

static bool find_flows(const struct engine *e, const struct packet *packet,
		       const struct expected_brief *expected, struct flow *out[BRIEF_MAX])
{
	const struct brief *brief = &expected->brief;
	uint32_t print = copies_print(brief->print, packet->link, brief->ttl);

	if (!is_simple(e) || (brief->protocol == PROTOCOL_PIM &&
			      !listeners_know(e->listeners, addr_of4(brief->speaker))))
		return false;
	for (size_t i = 0; i < brief->n; i++) {
		out[i] = find_flow(e, expected, i, print);
		if (!out[i])
			return false;
	}
	return true;
}

static void meet(struct engine *e, struct flow *f, const struct packet *packet,
		 const struct brief *brief)
{
	if (f->frame == e->frame)
		return;
	f->frame = e->frame;
	copies_pass(f, copies_print(brief->print, packet->link, brief->ttl));
	f->packets++;
	f->bytes += packet->length;
	if (packet->at.ns < f->first_ns)
		f->first_ns = packet->at.ns;
	if (packet->at.ns > f->last_ns)
		f->last_ns = packet->at.ns;
	if (brief->ttl < f->ttl_min)
		f->ttl_min = brief->ttl;
}

static void count(struct engine *e, struct flow *f, const struct packet *packet,
		  const struct brief *brief)
{
	e->points[brief->point][f->action]++;
	if (f->source == 0)
		counters_speaker(&e->counters, f->rule, addr_of4(brief->speaker));
	counters_again(&e->counters, f, packet, e->frame);
	e->frame_link_local |= (f->state & FLOW_LINK_LOCAL) != 0;
	meet(e, f, packet, brief);
}

bool engine_take_brief(struct engine *e, const struct packet *packet, const struct quick *quick,
		       const struct expected_brief *expected)
{
	const struct brief *brief = &expected->brief;
	struct passage passage = { addr_of4(brief->speaker), addr_of4(brief->receiver), packet->at,
				   brief->print, packet->link, quick->vlan };
	struct flow *flows[BRIEF_MAX];

	if (!find_flows(e, packet, expected, flows))
		return false;
	frame_begin(e, packet);
	e->packets.total++;
	e->packets.ip++;
	e->packets.multicast += addr_is_multicast(passage.receiver);
	if (addr_is_link_local_group(passage.receiver))
		frame_cross(e, packet, brief->point, &passage, brief->ttl);
	for (size_t i = 0; i < brief->n; i++)
		count(e, flows[i], packet, brief);
	e->frame_control = true;
	frame_end(e);
	return true;
}
