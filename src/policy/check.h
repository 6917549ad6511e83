/* SPDX-License-Identifier: BSD-2-Clause */
/* What is odd about a policy that loads without mistakes: LANGUAGE S46, S50. */
#ifndef WEIR_POLICY_CHECK_H
#define WEIR_POLICY_CHECK_H

#include "policy/load.h"

/* Adds warnings and notes about the policy's boundaries, warnings first.  `today` is the day
 * number by which rules have ended or are about to. */
void policy_check(const struct policy *policy, int64_t today, struct diags *diags);

#endif
