/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of messages that were heard before: sets of WAYS, found by tags that lie together.
 * Knows bytes and hashes only. */
#include "engine/recall.h"

#define WAYS 4
#define SETS 1024
#define ASKED 8192			/* hashes that were asked for once */
#define LINE 64				/* of memory */
#define FETCHED 3			/* lines */

struct recall {
	uint32_t    tags[SETS][WAYS];	/* 0: nothing is kept there */
	uint32_t    asked[ASKED];
	unsigned    next;		/* the way that gives way */
	struct memo memos[SETS * WAYS];
};

/* Nothing is written until there is a message. */
struct recall *recall_new(struct large_area *area)
{
	return large_area_take(area, 1, sizeof(struct recall));
}

static uint32_t tag_of(const struct echo *echo)
{
	return (uint32_t)(echo->hash >> 32) | 1;
}

/* Of a message with so many statements. */
static size_t bytes_at(size_t statements)
{
	return offsetof(struct memo, list) + statements * sizeof(struct recalled);
}

/* What is longer goes on where the processor looks by itself. */
static inline void fetch(const struct memo *memo)
{
	const uint8_t *p = (const uint8_t *)memo;

	for (size_t line = 0; line < FETCHED; line++)
		__builtin_prefetch(p + line * LINE);
}

struct memo *recall_find(struct recall *recall, const struct echo *echo)
{
	size_t set = echo->hash % SETS;
	uint32_t tag = tag_of(echo);

	for (size_t way = 0; way < WAYS; way++) {
		if (recall->tags[set][way] != tag)
			continue;
		fetch(&recall->memos[set * WAYS + way]);
		return &recall->memos[set * WAYS + way];
	}
	return NULL;
}

bool recall_is_same(const struct memo *memo, const struct echo *echo, const struct packet *packet)
{
	const uint8_t *bytes = (const uint8_t *)memo + bytes_at(memo->n);

	return memo->captured == packet->bytes.n && memo->length == packet->length &&
	       memo->link == packet->link && echo_is_same(echo, packet, bytes);
}

bool recall_wants(struct recall *recall, const struct echo *echo)
{
	uint32_t *asked = &recall->asked[echo->hash % ASKED];
	bool before = *asked == tag_of(echo);

	*asked = tag_of(echo);
	return before;
}

/* The way with the same tag, or an empty one, or the next. */
static size_t choose_way(struct recall *r, size_t set, uint32_t tag)
{
	for (size_t way = 0; way < WAYS; way++)
		if (r->tags[set][way] == tag)
			return way;
	for (size_t way = 0; way < WAYS; way++)
		if (!r->tags[set][way])
			return way;
	return r->next++ % WAYS;
}

struct memo *recall_keep(struct recall *recall, const struct echo *echo,
			 const struct packet *packet, const struct recalled *list, size_t n)
{
	size_t set = echo->hash % SETS, way = choose_way(recall, set, tag_of(echo));
	struct memo *memo = &recall->memos[set * WAYS + way];

	recall->tags[set][way] = tag_of(echo);
	memo->length = packet->length;
	memo->captured = (uint16_t)packet->bytes.n;
	memo->link = packet->link;
	memo->n = (uint8_t)n;
	memcpy(memo->list, list, n * sizeof(list[0]));
	memcpy((uint8_t *)memo + bytes_at(n), packet->bytes.p, packet->bytes.n);
	return memo;
}
