/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters of rules.  DESIGN 6 (`rules`).  Knows no packets. */
#include "engine/counter.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

void counters_init(struct counters *counters, size_t rules, struct large_area *area)
{
	counters->n = rules;
	counters->rules = memory_array(rules, sizeof(counters->rules[0]));
	counters->speakers =
		large_area_take(area, COUNTERS_SPEAKERS, sizeof(counters->speakers[0]));
	counters->distinct = distinct_new(2 * rules);
}

void counters_release(struct counters *counters)
{
	free(counters->rules);
	distinct_free(counters->distinct);
	*counters = (struct counters){ 0 };
}

static void span_times(struct counter *c, int64_t first_ns, int64_t last_ns)
{
	if (c->hits == 0 || first_ns < c->first_ns)
		c->first_ns = first_ns;
	if (c->hits == 0 || last_ns > c->last_ns)
		c->last_ns = last_ns;
}

static inline void hit(struct counter *c, int64_t at_ns, uint32_t bytes, bool is_link_local,
		       uint32_t frame)
{
	span_times(c, at_ns, at_ns);
	c->hits++;
	c->link_local += is_link_local;
	if (c->frame == frame)
		return;
	c->frame = frame;
	c->packets++;
	c->bytes += bytes;
}

void counters_hit(struct counters *counters, uint16_t rule, const struct observation *obs,
		  uint32_t frame)
{
	assert(rule < counters->n);
	hit(&counters->rules[rule], obs->at.ns, obs->bytes, addr_is_link_local_group(obs->group),
	    frame);
}

void counters_speaker(struct counters *counters, uint16_t rule, struct addr speaker)
{
	distinct_add(counters->distinct, 2u * rule, addr_hash(speaker));
}

void counters_speaker_new4(struct counters *counters, uint16_t rule, uint32_t speaker)
{
	struct speaker *s = &counters->speakers[speaker % COUNTERS_SPEAKERS];

	if (s->address != speaker)
		*s = (struct speaker){ .address = speaker };
	if (rule / 32 < COUNT(s->rules))
		s->rules[rule / 32] |= 1u << rule % 32;
	counters_speaker(counters, rule, addr_of4(speaker));
}

void counters_source(struct counters *counters, uint16_t rule, const struct observation *obs)
{
	struct addr source = addr_is_there(obs->source) ? obs->source : obs->speaker;

	if (addr_is_there(source))
		counters_speaker(counters, rule, source);
}

void counters_group(struct counters *counters, uint16_t rule, const struct observation *obs)
{
	if (addr_is_there(obs->group) && obs->group_len == addr_bits(obs->group))
		distinct_add(counters->distinct, 2u * rule + 1, addr_hash(obs->group));
}

void counters_hashes(struct counters *counters, uint16_t rule, uint64_t source, uint64_t group)
{
	distinct_add(counters->distinct, 2u * rule, source);
	distinct_add(counters->distinct, 2u * rule + 1, group);
}

void counters_lump(struct counters *counters, const struct flow *flow)
{
	struct counter *c = &counters->rules[flow->rule];

	assert(flow->rule < counters->n);
	span_times(c, flow->first_ns, flow->last_ns);
	c->hits += flow->packets;
	c->packets += flow->packets;
	c->bytes += flow->bytes;
	c->link_local += flow->state & FLOW_LINK_LOCAL ? flow->packets : 0;
}

void counters_tell(struct counters *counters, struct flow *flow)
{
	if (!(flow->state & FLOW_UNTOLD))
		return;
	assert(flow->rule < counters->n);
	flow->state &= (uint8_t)~FLOW_UNTOLD;
	if ((flow->tag >> 4 & 3) == FLOW_SOURCE_HOST)
		distinct_add(counters->distinct, 2u * flow->rule, addr_hash4(flow->source));
	if (flow->tag >> 6 == 32)
		distinct_add(counters->distinct, 2u * flow->rule + 1, addr_hash4(flow->group));
}
