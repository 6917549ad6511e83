/* SPDX-License-Identifier: BSD-2-Clause */
/* Random policies as text, and random observations that stand close to the ends of what the
 * policy names.  The same on every machine for one seed. */
#ifndef WEIR_TESTS_RANDOM_POLICY_H
#define WEIR_TESTS_RANDOM_POLICY_H

#include "base/text.h"
#include "policy/policy.h"

/* A file with one boundary of about so many rules. */
void random_policy(uint64_t *seed, unsigned rules, struct text *out);

/* The same, most of its rules pairs of few sources and few groups, hosts and prefixes of either
 * family. */
void random_pairs(uint64_t *seed, unsigned rules, struct text *out);

struct observation random_observation(uint64_t *seed, const struct boundary *boundary);

#endif
