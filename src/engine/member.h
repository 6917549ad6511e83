/* SPDX-License-Identifier: BSD-2-Clause */
/* Who asked for what, on which side: the answer to `joined` (LANGUAGE S17).  RFC 3376 8.4
 * (membership lives 260 s), RFC 7761 4.11 (holdtime 210 s).  Knows no rules. */
#ifndef WEIR_ENGINE_MEMBER_H
#define WEIR_ENGINE_MEMBER_H

#include "model/observation.h"

#define MEMBERS_MAX (1u << 14)

struct members;

struct members *members_new(void);
void members_free(struct members *members);

/* Takes note of a report, leave, join or prune whose direction is known. */
void members_hear(struct members *members, const struct observation *obs, struct mtime now);

/* Whether somebody on the side that the packet goes to asked for it, by (S,G) or (*,G); unknown
 * where the side is, where no reports are seen there, or where some found no room. */
enum joined members_asked(const struct members *members, const struct observation *data,
			  struct mtime now);
uint64_t members_evicted(const struct members *members);

/* What the reports of a side ask for now: true, and the next one behind `*at`, which begins at 0;
 * sources are ADDR_ANY for (*,G). */
bool members_next(const struct members *members, enum direction side, struct mtime now, size_t *at,
		  struct addr *out_source, struct addr *out_group);
/* Whether that is all: reports were seen there, and none was forgotten for want of room. */
bool members_complete(const struct members *members, enum direction side);

#endif
