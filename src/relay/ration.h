/* SPDX-License-Identifier: BSD-2-Clause */
/* The police lines of a boundary over the entries of the SA cache: how many live entries each
 * peer, source, source prefix and RP has, how fast they are made, and what is over.
 * LANGUAGE S38-S43, RFC 3618 18, the draft's 2.2.  It counts and holds no entry: whoever has the
 * cache tells what came and what went.  engine/police says the same of what it overhears. */
#ifndef WEIR_RELAY_RATION_H
#define WEIR_RELAY_RATION_H

#include "engine/limit.h"
#include "policy/policy.h"
#include "relay/cache.h"

#define RATION_LINES_MAX 32

/* What one line counts for one value of its key. */
struct ration_gauge {
	uint32_t      key;		/* a peer's, a source's (the prefix's first) or an RP's */
	uint32_t      chain;
	uint32_t      live, peak;
	uint32_t      denied;
	uint8_t	      line;		/* place among the police lines, not among the rules */
	bool	      warned, alarmed;	/* has spoken, and not fallen below 90 % since */
	bool	      used;
	struct bucket bucket;
};

struct ration_line {
	const struct rule *rule;
	uint16_t	   index;	/* in the boundary */
	uint8_t		   class;	/* lines of one key have one number (S42) */
	uint32_t	   warned, alarmed;
	uint64_t	   denied;
};

/* A line spoke: once when a threshold is passed, again after a fall below nine tenths. */
enum ration_word { RATION_WARNED, RATION_ALARMED, RATION_DENIES };
typedef void ration_speaks(void *context, enum ration_word word, const struct ration_line *line,
			   const struct ration_gauge *gauge);

struct ration;

/* Room for so many gauges; one is given back when its last entry went.  The boundary must live as
 * long. */
struct ration *ration_new(const struct boundary *boundary, uint32_t gauges_max, uint64_t seed,
			  ration_speaks *speaks, void *context);
void ration_free(struct ration *ration);

/* Asks all lines for a new entry, and only where none denies it does any hold it (S43).  Returns
 * the index of the rule that denies, or RULE_NONE.  `peer` is the announcing peer's address;
 * `replay`: the session is younger than a minute, so that nothing counts as new (S41). */
uint16_t ration_admit(struct ration *ration, const struct sa_key *key, uint32_t peer, bool replay,
		      struct mtime now);
/* Holds an entry that was let in before, over a limit or not. */
void ration_hold(struct ration *ration, const struct sa_key *key, uint32_t peer,
		 struct mtime now);
/* An entry that was held is gone. */
void ration_release(struct ration *ration, const struct sa_key *key, uint32_t peer,
		    struct mtime now);
/* Gives back gauges without entries that had to wait for their bucket; looks at so many. */
void ration_settle(struct ration *ration, uint32_t at_most, struct mtime now);

/* The first line among those that count an entry which lets all pass and is in alarm; NULL: none
 * is. */
const struct rule *ration_alarm(const struct ration *ration, const struct sa_key *key,
				uint32_t peer, struct mtime now);
size_t ration_lines(const struct ration *ration, const struct ration_line **out);
/* The gauges in use, in no order; NULL behind the last.  Begin with *cursor 0. */
const struct ration_gauge *ration_gauge_next(const struct ration *ration, uint32_t *cursor);
/* Gauges that found no room: their entries passed uncounted. */
uint64_t ration_uncounted(const struct ration *ration);

#endif
