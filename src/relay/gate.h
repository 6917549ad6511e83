/* SPDX-License-Identifier: BSD-2-Clause */
/* One boundary at work on Source-Actives: what its rules say of an (S,G,RP), the tokens of its
 * `limit` rules, the counts of its police lines, and every rule's hits.  Knows no peer's session
 * and no cache. */
#ifndef WEIR_RELAY_GATE_H
#define WEIR_RELAY_GATE_H

#include "engine/limit.h"
#include "policy/table.h"
#include "relay/ration.h"

struct gate {
	const struct boundary *boundary;
	const struct table    *table;
	struct limits	      *limits;
	struct ration	      *ration;
	uint64_t	      *hits;		/* by index in the boundary */
};

/* Boundary and table must live as long.  The caller frees the gate. */
struct gate *gate_new(const struct boundary *boundary, const struct table *table,
		      uint32_t entries_max, uint64_t seed, ration_speaks *speaks, void *context);
void gate_free(struct gate *gate);

/* The rules' verdict, `limit` settled into permit or limit; counted. */
struct verdict gate_judge(struct gate *gate, const struct observation *obs, struct mtime now);

static inline bool gate_lets_through(struct verdict verdict)
{
	return verdict.action == ACTION_PERMIT || verdict.action == ACTION_WARN ||
	       verdict.action == ACTION_IGNORE;
}

#endif
