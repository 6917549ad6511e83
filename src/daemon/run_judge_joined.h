/* SPDX-License-Identifier: BSD-2-Clause */
/* Who asked for what, for boundaries whose rules ask for `joined` (LANGUAGE S17): heard from the
 * control packets that the queue passes, told to the keeper for the kernel.  It outlives policies,
 * and a judge that begins anew goes on with what stands in the kernel. */
#ifndef WEIR_DAEMON_RUN_JUDGE_JOINED_H
#define WEIR_DAEMON_RUN_JUDGE_JOINED_H

#include "base/text.h"
#include "engine/member.h"
#include "engine/trim.h"
#include "enforce/enforce.h"

/* What the reports at one boundary say. */
struct joined_boundary {
	char		name[ENFORCE_RULE_NAME];
	struct members *members;
	bool		is_news;	/* something was heard since it was told */
	struct text	told[2];	/* what the keeper was told last, by direction of the data */
	bool		is_told[2];	/* and the kernel has still */
};

#define JOINED_BOUNDARIES_MAX 64

struct joined_memory {
	struct joined_boundary *list[JOINED_BOUNDARIES_MAX];
	size_t			n;
	bool			is_begun;	/* it knows what stood before */
	int64_t			told_ns;
};

/* As a message's payload: what stands, and what is to stand. */
struct joined_row {
	char	 boundary[ENFORCE_RULE_NAME];
	uint32_t direction, is_known;	/* is_known: of that row, not of a member */
	struct enforce_member member;
};

/* The boundary's, for as long as the memory; NULL where no rule asks. */
struct joined_boundary *joined_of(struct joined_memory *memory, const struct boundary *boundary);
/* For the trims of such a boundary, as trim_told: `context` is its struct joined_boundary. */
void joined_hear(void *context, const struct observation *obs, struct verdict verdict,
		 bool refused);
void joined_release(struct joined_memory *memory);

#endif
