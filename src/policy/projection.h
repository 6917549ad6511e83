/* SPDX-License-Identifier: BSD-2-Clause */
/* A rule as a kernel can ask it: see policy/artefact.h. */
#ifndef WEIR_POLICY_PROJECTION_H
#define WEIR_POLICY_PROJECTION_H

#include "policy/artefact.h"

/* False where the rule never holds in a kernel; `out->unknown` then says why, if it is the kernel's
 * lack.  Else `out_rule` asks by `from`, `to` and IPv4 `embeds` for all that classes can tell, and
 * `out` holds the rest.  Sets and tests live in the arena. */
bool rule_project(const struct rule *rule, struct mtime now, struct arena *arena,
		  struct artefact_rule *out, struct rule *out_rule);

#endif
