/* SPDX-License-Identifier: BSD-2-Clause */
/* What was refused most recently of one peer: a log for a person who asks why a source does not
 * come through.  Bounded, and nothing else: no entry is ever let in, held back or told because of
 * it, and whatever finds no place takes that of what was refused longest ago.  Knows no policy. */
#ifndef WEIR_RELAY_REFUSALS_H
#define WEIR_RELAY_REFUSALS_H

#include "policy/policy.h"
#include "relay/cache.h"

#define REFUSALS_MAX 1024		/* of one peer */

enum refused_by {
	REFUSED_DENY,			/* a rule, or a police line */
	REFUSED_LIMIT,			/* a rule's tokens were used up */
	REFUSED_RPF,			/* RFC 3618 10.1.3: the RP is not believed from this peer */
	REFUSED_FULL,			/* the cache has no room for this peer */
	REFUSED_COUNT
};

/* Of REFUSED_RPF source and group are 0: such a TLV is not read on. */
struct refusal {
	struct sa_key	   key;
	uint32_t	   count;
	uint32_t	   first_s, last_s;	/* of the owner's time */
	uint8_t		   by;
	bool		   used;
	const struct rule *rule;	/* NULL: none of the policy */
};

struct refusals {
	struct refusal *list;		/* REFUSALS_MAX places, in sets */
	uint64_t	count;		/* of all that ever came */
	uint64_t	forgotten;	/* places that were taken by another */
};

void refusals_init(struct refusals *refusals);
/* `n` entries.  The rule must live until refusals_reset(). */
void refusals_note(struct refusals *refusals, const struct sa_key *key, enum refused_by by,
		   const struct rule *rule, uint32_t n, uint32_t now_s);
void refusals_reset(struct refusals *refusals);
void refusals_release(struct refusals *refusals);

const char *refused_name(enum refused_by by);

#endif
