/* SPDX-License-Identifier: BSD-2-Clause */
/* Which rule decides for a source and a group where nothing else is known.  What a query leaves
 * out is unknown: a rule that asks for it is passed over, and listed.  LANGUAGE section 4. */
#ifndef WEIR_POLICY_EXPLAIN_H
#define WEIR_POLICY_EXPLAIN_H

#include "policy/table.h"

struct query {
	struct addr  source;		/* ADDR_ANY for `*` */
	struct addr  group;		/* of the source's family */
	struct addr  rp;		/* ADDR_NONE: unknown */
	struct mtime now;		/* for `until` */
	bool	     has_ttl, has_port;
	uint8_t	     ttl;
	uint16_t     port;
};

#define EXPLAIN_RULES 24

struct explained {
	enum point     point;
	struct verdict verdict;		/* it always names a rule, if only the default */
	/* In order; at most EXPLAIN_RULES of them are kept, all are counted. */
	uint16_t       unless[EXPLAIN_RULES];	/* before the rule: they ask for what is unknown */
	uint16_t       also[EXPLAIN_RULES];	/* behind the rule: they would match too */
	size_t	       unless_count, also_count;
};

/* The control points at which the query's (S,G) or (*,G) can be said: bits 1 << point. */
unsigned explain_points(const struct query *query);

/* The table is the boundary's: it tells which rules to try.  NULL: all, for a single query. */
void explain_at(const struct table *table, const struct boundary *boundary,
		const struct query *query, enum point point, struct explained *out);

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_UNKNOWN };

/* Whether a rule's clauses all hold; where they do not, or it is not known, `out_why` says
 * for which clause, as it is written in the policy. */
#define EXPLAIN_WHY 160
enum answer explain_rule(const struct rule *rule, const struct query *query, enum point point,
			 char out_why[EXPLAIN_WHY]);

#endif
