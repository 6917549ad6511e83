/* SPDX-License-Identifier: BSD-2-Clause */
/* The police lines of a boundary: how many live (S,G,RP) entries each peer, source and RP
 * holds, and what is over (LANGUAGE S38-S43, S53; the draft's 2.2).  MSDP is IPv4 only, and so
 * are entries.  Knows no packets; time is told, and stands still where it goes back. */
#ifndef WEIR_ENGINE_POLICE_H
#define WEIR_ENGINE_POLICE_H

#include "policy/policy.h"

#define POLICE_LIFE_NS (210 * NS_PER_S)		/* S53 */
#define POLICE_PEERS_MAX 1024
#define POLICE_ENTRIES_MAX (1u << 17)
#define POLICE_GAUGES_MAX (1u << 14)

/* One police line's figures for one value of its key. */
struct gauge {
	struct addr key;
	uint8_t	    key_len;		/* of a source prefix */
	uint16_t    rule;		/* index of the line in the boundary */
	uint32_t    live, peak;
	uint32_t    warned, alarmed;	/* how often it spoke */
	uint64_t    denied;
};

/* One direction of a peering. */
struct police_peer {
	struct addr peer, to;
	uint64_t    sas;		/* (S,G) entries heard, refreshes included */
	uint64_t    fresh;		/* of these, entries not held before, after the replay */
	uint32_t    entries;		/* heard within 210 s, whatever the verdict */
	uint32_t    peak;		/* the most entries at a time */
};

struct police;

struct police *police_new(const struct boundary *boundary);
void police_free(struct police *police);

/* Takes note of an SA.  The lines see it only where the rules let it through.  `replay`: its
 * stream is younger than a minute, so it counts as old.  Returns the index of the line that
 * denies it, else RULE_NONE. */
uint16_t police_hear(struct police *police, const struct observation *sa, bool let_through,
		     bool replay, struct mtime now);
/* Before the SAs of one message are heard: has what is known of them fetched, so that the misses
 * overlap. */
void police_expect(const struct police *police, const struct observation *sas, size_t n);
/* Drops what was not heard again. */
void police_settle(struct police *police, struct mtime now);

/* The figures of a line that spoke since it was told: warned, alarmed, or denied for the first time.
 * They count as told then.  False where none did. */
bool police_next(struct police *police, struct gauge *out);

/* By line and key, and by address: arrays that the caller frees. */
struct gauge *police_gauges(const struct police *police, size_t *out_n);
struct police_peer *police_peers(const struct police *police, size_t *out_n);
/* Entries and figures that were dropped for want of room. */
uint64_t police_evicted(const struct police *police);

#endif
