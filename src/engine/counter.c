/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters of rules.  DESIGN 6 (`rules`).  Knows no packets. */
#include "engine/counter.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

void counters_init(struct counters *counters, size_t rules)
{
	counters->n = rules;
	counters->rules = memory_array(rules, sizeof(counters->rules[0]));
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

void counters_hit(struct counters *counters, uint16_t rule, const struct observation *obs,
		  uint32_t frame)
{
	struct counter *c = &counters->rules[rule];

	assert(rule < counters->n);
	span_times(c, obs->at.ns, obs->at.ns);
	c->hits++;
	c->link_local += addr_is_link_local_group(obs->group);
	if (c->frame == frame)
		return;
	c->frame = frame;
	c->packets++;
	c->bytes += obs->bytes;
}

void counters_source(struct counters *counters, uint16_t rule, const struct observation *obs)
{
	struct addr source = addr_is_there(obs->source) ? obs->source : obs->speaker;

	if (addr_is_there(source))
		distinct_add(counters->distinct, 2u * rule, addr_hash(source));
}

void counters_group(struct counters *counters, uint16_t rule, const struct observation *obs)
{
	if (addr_is_there(obs->group) && obs->group_len == addr_bits(obs->group))
		distinct_add(counters->distinct, 2u * rule + 1, addr_hash(obs->group));
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
