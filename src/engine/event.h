/* SPDX-License-Identifier: BSD-2-Clause */
/* What is new, told as it happens: for whoever watches.  A bounded queue: what finds no room is
 * counted.  Knows no words and no clock. */
#ifndef WEIR_ENGINE_EVENT_H
#define WEIR_ENGINE_EVENT_H

#include "engine/flow.h"
#include "model/verdict.h"

#define EVENTS_MAX 8192

enum event_kind {
	EVENT_FLOW,			/* a flow, for the first time */
	EVENT_VERDICT,			/* a flow gets a worse verdict than before */
	EVENT_RULE,			/* the first hit of a rule */
	EVENT_FINDING,			/* what is wrong beside verdicts, for the first time */
	EVENT_ANOMALY,			/* the first message of a broken kind */
	EVENT_GOES_ON,			/* a flow that was told of, some time later */
	EVENT_COUNT,
};

struct event {
	struct mtime	at;
	struct flow_key key;		/* of FINDING: source, group and point */
	struct verdict	verdict;	/* of FLOW, VERDICT, RULE and GOES_ON */
	uint64_t	packets, bytes;	/* of GOES_ON */
	uint32_t	detail;		/* of FINDING: as in struct finding */
	uint16_t	file;		/* the input that it came from */
	uint8_t		kind;		/* enum event_kind */
	uint8_t		which;		/* enum finding_kind, or enum anomaly */
	uint8_t		ttl;
	bool		has_ttl;
	bool		is_link_local;
};

struct events;

struct events *events_new(size_t rules);
void events_free(struct events *events);
void events_add(struct events *events, const struct event *event);
/* True where the rule was not hit before. */
bool events_first_hit(struct events *events, uint16_t rule);
/* The oldest that waits; false where none does. */
bool events_next(struct events *events, struct event *out);
/* How many were dropped since the last call. */
uint64_t events_lost(struct events *events);

#endif
