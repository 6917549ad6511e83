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

void engine_foresee_brief(const struct engine *e, const struct brief *brief)
{
	for (size_t i = 0; i < brief->n; i++)
		flow_expect4(&e->flows, flow_hash4(brief->list[i].source, brief->list[i].group));
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
static bool may_be_sap(const struct brief *brief, uint32_t group)
{
	return brief->protocol == PROTOCOL_IGMP && (group & 0xfe) == 0xfe &&
	       sap_is_group(addr_of4(group));
}

/* The flow that the statement is one more of; NULL where anything is new. */
static struct flow *find_flow(const struct engine *e, const struct expected_brief *expected,
			      size_t i, uint32_t print)
{
	const struct brief *brief = &expected->brief;
	uint32_t source = brief->list[i].source, group = brief->list[i].group;
	struct flow *f = &e->flows.ip4.list[expected->flow[i]];

	if (f->source != source || f->group != group || f->tag != tag_of(brief, i) ||
	    !(f->state & FLOW_SETTLED) || brief->ttl > f->ttl_max || may_be_sap(brief, group))
		return NULL;
	return copies_differ(f, print) ? f : NULL;
}

static bool find_flows(const struct engine *e, const struct expected_brief *expected,
		       uint32_t print, struct flow *out[BRIEF_MAX])
{
	for (size_t i = 0; i < expected->brief.n; i++) {
		out[i] = find_flow(e, expected, i, print);
		if (!out[i])
			return false;
	}
	return true;
}

/* Where the group is link-local, or the receiver. */
static void __attribute__((noinline)) meet_link_local(struct engine *e, const struct packet *packet,
						      const struct quick *quick,
						      const struct brief *brief)
{
	struct passage passage = { addr_of4(brief->speaker), addr_of4(brief->receiver), packet->at,
				   brief->print, packet->link, quick->vlan };

	frame_cross(e, packet, brief->point, &passage, brief->ttl);
}

static void meet(struct flow *f, const struct packet *packet, uint8_t ttl, uint32_t print)
{
	copies_pass(f, print);
	f->packets++;
	f->bytes += packet->length;
	if (packet->at.ns < f->first_ns)
		f->first_ns = packet->at.ns;
	if (packet->at.ns > f->last_ns)
		f->last_ns = packet->at.ns;
	if (ttl < f->ttl_min)
		f->ttl_min = ttl;
}

static void count(struct engine *e, struct flow *f, const struct packet *packet,
		  const struct brief *brief, uint32_t print)
{
	e->points[brief->point][f->action]++;
	if (f->source == 0)
		counters_speaker4(&e->counters, f->rule, brief->speaker);
	counters_again(&e->counters, f, packet, e->frame);
	e->frame_link_local |= (f->state & FLOW_LINK_LOCAL) != 0;
	if (f->frame == e->frame)
		return;
	f->frame = e->frame;
	meet(f, packet, brief->ttl, print);
}

bool engine_take_brief(struct engine *e, const struct packet *packet, const struct quick *quick,
		       const struct expected_brief *expected)
{
	const struct brief *brief = &expected->brief;
	uint32_t print = copies_print(brief->print, packet->link, brief->ttl);
	struct flow *flows[BRIEF_MAX];

	if (!is_simple(e) || !is_heard(e, brief) || !find_flows(e, expected, print, flows))
		return false;
	frame_begin(e, packet);
	e->packets.total++;
	e->packets.ip++;
	e->packets.control++;
	e->packets.multicast += brief->receiver >> 28 == 0xe;
	if (brief->receiver >> 8 == 0xe00000)
		meet_link_local(e, packet, quick, brief);
	for (size_t i = 0; i < brief->n; i++)
		count(e, flows[i], packet, brief, print);
	e->link_local_packets += e->frame_link_local;
	return true;
}
