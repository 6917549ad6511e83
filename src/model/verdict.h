/* SPDX-License-Identifier: BSD-2-Clause */
/* What a policy says of one observation. */
#ifndef WEIR_MODEL_VERDICT_H
#define WEIR_MODEL_VERDICT_H

#include "model/observation.h"

/* `rule` is an index into the rules of the boundary (struct boundary: rules, then police lines,
 * then its default), or RULE_NONE where no rule judged (a notice, an anomaly: LANGUAGE S9).
 * The action of a `limit` rule is ACTION_LIMIT: whoever keeps the buckets turns it into permit
 * or limit. */
#define RULE_NONE UINT16_MAX

struct verdict {
	uint8_t	 action;		/* enum action */
	uint16_t rule;
};

#endif
