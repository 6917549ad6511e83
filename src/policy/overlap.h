/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether the rules before a rule leave anything of it.  Exact over source x group x point
 * where the rules ask for these only; a rule that asks for more is held to be covered only by
 * rules that ask for nothing more, or for exactly the same.  A doubt is never called covered. */
#ifndef WEIR_POLICY_OVERLAP_H
#define WEIR_POLICY_OVERLAP_H

#include "net/region.h"
#include "policy/policy.h"

/* The rules of one boundary, and what those added so far cover.  Lives in the arena. */
struct overlap;

struct overlap *overlap_new(struct arena *arena, const struct boundary *boundary);
/* Rule i, a match rule that is not off, now stands before those asked about. */
void overlap_add(struct overlap *overlap, size_t i);
/* True where the added rules cover all of rule i. */
bool overlap_covers(struct overlap *overlap, size_t i);
/* The same for those of its groups that lie in `part`, at some points. */
bool overlap_covers_part(struct overlap *overlap, size_t i, const struct set *part,
			 unsigned points);
/* True where rule j, added before, covers rule i alone. */
bool overlap_covers_alone(const struct overlap *overlap, size_t j, size_t i);
/* True where rule j, added before, can match an (S,G) of rule i at one of its points, whatever
 * else they ask for. */
bool overlap_meets(const struct overlap *overlap, size_t j, size_t i);

/* Why a rule can never match anything, for a person; NULL where it can. */
const char *rule_never(const struct rule *rule, struct arena *arena);

#endif
