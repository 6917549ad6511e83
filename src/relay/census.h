/* SPDX-License-Identifier: BSD-2-Clause */
/* A count of the SA cache, now and then: how much each peer has in it, and of one source, one /24
 * and one RP.  Limits are learned from it (the draft's 2.2: a multiple of what a peer normally
 * advertises).  It looks at some entries at a time, so that nobody waits for it; what comes and
 * goes meanwhile is counted or not. */
#ifndef WEIR_RELAY_CENSUS_H
#define WEIR_RELAY_CENSUS_H

#include "relay/cache.h"

struct census_figures {			/* of one peer: entries, and the most with one such key */
	uint32_t held, of_source, of_net, of_rp;
	uint32_t born, born_of_source;	/* the same of those that are new */
	/* Keys that found no room: the most of one may be more than it says. */
	uint32_t uncounted;
};

struct census;

/* Room for some thousands of sources of each peer.  `seed` keeps strangers from choosing keys. */
struct census *census_new(unsigned peers, uint64_t seed);
void census_free(struct census *census);

/* From the begin; what was counted is gone.  Entries of a peer that are younger than its
 * after_s[] are new, in the cache's time; NULL: none is. */
void census_begin(struct census *census, const uint32_t *after_s);
/* Looks at so many entries.  True where more are left. */
bool census_some(struct census *census, const struct sa_cache *cache, uint32_t at_most);
struct census_figures census_of(const struct census *census, unsigned peer);

#endif
