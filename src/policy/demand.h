/* SPDX-License-Identifier: BSD-2-Clause */
/* What a rule asks of an observation besides source and group, in a form that is quick to
 * test.  Knows nothing of classes. */
#ifndef WEIR_POLICY_DEMAND_H
#define WEIR_POLICY_DEMAND_H

#include "policy/table.h"

struct demand {
	const struct rule *rule;
	uint64_t types, flags;			/* 0: not asked */
	int64_t  until_day;
	uint16_t asks;				/* enum depends; DEPENDS_FLAG for `from *` too */
	uint16_t points;			/* all where none is asked for */
	uint16_t port_first, port_last;
	uint16_t protocol;			/* IP protocol, or enum protocol */
	uint8_t  ttl_first, ttl_last;
	bool	 never;				/* no TTL is below 0 or above 255 */
};

struct demand demand_of(const struct rule *rule);

/* True where everything that is asked for holds; source and group are left to the classes,
 * except that `from *` asks an address for the rpt flag. */
bool demand_holds(const struct demand *d, const struct observation *obs);

/* The addresses that no class settles; at `data` the speaker is the source. */
struct asked {
	unsigned	   point;
	const struct addr *speaker, *rp, *group;
	bool		   is_plain;	/* by a statement without a flag, of the pair's family */
};

/* `speaker`, `rp` and `embeds` alone. */
bool demand_addresses_hold(const struct demand *d, const struct asked *asked);

/* A plane: what a matrix is made for. */
struct plane {
	uint8_t	 point, direction;
	uint8_t	 protocol;			/* enum protocol */
	uint16_t ip_protocol;
};

/* What is known of source and group besides their classes. */
struct kin {
	enum family family, source_family;
	bool	    plain;			/* an IPv6 group that embeds nothing */
};

/* True where no plain statement meets the rule: it asks for a flag, or for a speaker of the other
 * family. */
bool demand_never_plain(const struct demand *d, struct kin kin);

/* False where the rule can never hold in the plane for such pairs.  Else `out_depends` says what
 * it still depends on there. */
bool demand_fits(const struct demand *d, const struct plane *plane, struct kin kin,
		 uint16_t *out_depends);

#endif
