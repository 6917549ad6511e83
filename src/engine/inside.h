/* SPDX-License-Identifier: BSD-2-Clause */
/* Which way a packet goes: from the VLAN, the link-layer source or the interface that is inside,
 * or, guessed, from the addresses that are (LANGUAGE S29). */
#ifndef WEIR_ENGINE_INSIDE_H
#define WEIR_ENGINE_INSIDE_H

#include "base/arena.h"
#include "model/observation.h"
#include "net/set.h"
#include "policy/policy.h"

#define INSIDE_MAX 64

struct inside {
	const struct set *set;		/* addresses; NULL where none were given */
	uint16_t	  vlans[INSIDE_MAX];
	uint8_t		  macs[INSIDE_MAX][6];
	uint16_t	  links[INSIDE_MAX];
	size_t		  vlan_count, mac_count, link_count;
	bool		  by_link;	/* links were named, though perhaps none was seen yet */
};

/* The direction of what the observation's packet does; unknown where nothing tells it. */
enum direction inside_direction(const struct inside *inside, const struct observation *obs);

/* The boundary with the rules off that `inside` cannot serve: those that ask for a direction
 * where none is known, and, where it is guessed from addresses, those that ask for an address
 * of the sender besides.  The boundary itself where there is nothing to do. */
const struct boundary *inside_boundary(const struct inside *inside, struct arena *arena,
				       const struct boundary *boundary);

#endif
