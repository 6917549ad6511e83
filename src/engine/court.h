/* SPDX-License-Identifier: BSD-2-Clause */
/* One boundary at work: its stateless judge, and the state of its `limit` rules and police
 * lines, in capture time. */
#ifndef WEIR_ENGINE_COURT_H
#define WEIR_ENGINE_COURT_H

#include "engine/limit.h"
#include "engine/police.h"
#include "policy/policy.h"

struct table;

struct court {
	const struct boundary *boundary;	/* borrowed, like the table */
	const struct table    *table;		/* NULL: the reference interpreter judges */
	struct limits	      *limits;
	struct police	      *police;
};

void court_init(struct court *court, const struct boundary *boundary, const struct table *table);
void court_release(struct court *court);

/* The verdict with its state: a `limit` rule says permit or limit, a police line may deny.
 * `replay`: an SA of a stream younger than a minute. */
struct verdict court_judge(struct court *court, const struct observation *obs, bool replay,
			   struct mtime now);
/* The same where it is known what the rules say. */
struct verdict court_police(struct court *court, const struct observation *obs,
			    struct verdict verdict, bool replay, struct mtime now);
/* What the rules say of all data of UDP of this source and group, the direction unknown; RULE_NONE
 * where that depends on more.  court_plain(): of every statement of this source, group, point,
 * direction and protocol that is no notice, no anomaly and without a flag, and whose speaker is of
 * the group's family. */
struct verdict court_settled(const struct court *court, struct addr source, struct addr group);
struct verdict court_settled4(const struct court *court, uint32_t source, uint32_t group);
struct verdict court_plain(const struct court *court, const struct observation *obs);

#endif
