/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the queue share beside queue.h. */
#ifndef WEIR_ENFORCE_QUEUE_RULES_H
#define WEIR_ENFORCE_QUEUE_RULES_H

#include "enforce/queue.h"
#include "enforce/ruleset.h"

/* On the packets that weir itself sends, so that they are not judged. */
#define QUEUE_MARK 0x77656972u

/* One datagram of answers holds at most so many bytes: more than one rewritten packet of the
 * largest size, less than a socket takes by default. */
#define QUEUE_ANSWER_BYTES (1u << 17)

/* It begins so; the answers follow, and then what they count. */
struct queue_answers {
	uint32_t verdict_bytes, growth_count;
};
#define QUEUE_GROWTH_MAX 1024u
#define QUEUE_GROWTH_BYTES (QUEUE_GROWTH_MAX * sizeof(struct queue_growth))
#define QUEUE_DATAGRAM_BYTES \
	(sizeof(struct queue_answers) + QUEUE_ANSWER_BYTES + QUEUE_GROWTH_BYTES)

/* Rules for what no queue sees: control packets under two tags, at ports that fail closed. */
void queue_put_nested(struct ruleset *s, const struct queue_plan *plan);

#endif
