/* SPDX-License-Identifier: BSD-2-Clause */
/* A boundary over Source-Actives.  LANGUAGE S35-S43.  Knows no bytes. */
#include "relay/gate.h"

#include <stdlib.h>

#include "base/memory.h"

#define GAUGES_MAX (1u << 24)

struct gate *gate_new(const struct boundary *boundary, const struct table *table,
		      uint32_t entries_max, uint64_t seed, ration_speaks *speaks, void *context)
{
	struct gate *gate = memory_take(sizeof(*gate));
	uint64_t gauges = (uint64_t)entries_max * boundary->police_count;

	*gate = (struct gate){ .boundary = boundary, .table = table };
	gate->limits = limits_new();
	gate->ration = ration_new(boundary, gauges < GAUGES_MAX ? (uint32_t)gauges : GAUGES_MAX,
				  seed, speaks, context);
	gate->hits = memory_array(boundary->rule_count, sizeof(gate->hits[0]));
	return gate;
}

void gate_free(struct gate *gate)
{
	if (!gate)
		return;
	limits_free(gate->limits);
	ration_free(gate->ration);
	free(gate->hits);
	free(gate);
}

struct verdict gate_judge(struct gate *gate, const struct observation *obs, struct mtime now)
{
	struct verdict verdict = table_judge(gate->table, obs);
	const struct rule *rule;

	if (verdict.rule == RULE_NONE)
		return verdict;
	gate->hits[verdict.rule]++;
	if (verdict.action != ACTION_LIMIT)
		return verdict;
	rule = gate->boundary->rules[verdict.rule];
	if (limits_pass(gate->limits, verdict.rule, rule, obs, now))
		verdict.action = ACTION_PERMIT;
	return verdict;
}
