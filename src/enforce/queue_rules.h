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

/* Queries that a bridge asks by itself, which no queue sees: dropped at the ports whose boundary
 * refuses them.  0 or negative errno; queue_remove() takes them out, too. */
int queue_mute(const struct queue_plan *plan);
int queue_unmute(void);

/* The counters of a table of ours. */
struct queue_counter {
	char	 name[QUEUE_NAME + QUEUE_RULE_NAME + 16];
	uint64_t packets, bytes;
};
struct queue_counters {
	struct queue_counter *list;
	size_t		      n;
};
/* Those of one family, added to what is there by name; nothing where there is no such table. */
int queue_read_counters(const char *table, uint8_t family, struct queue_counters *out);

#endif
