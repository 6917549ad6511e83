/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of messages that were heard before: sets of WAYS, found by tags that lie together.  A
 * message is kept where its hash says, or else elsewhere in its set.
 * Knows bytes and hashes only. */
#include "engine/recall.h"

#define WAYS 4
#define SLOTS 4096			/* WAYS of them, whose tags lie together, are a set */
#define ASKED 8192			/* hashes that were asked for once */
#define LINE 64				/* of memory */
#define FETCHED 3			/* lines */

struct recall {
	uint32_t    tags[SLOTS];	/* 0: nothing is kept there */
	uint32_t    asked[ASKED];
	uint32_t    serial;		/* of the latest */
	struct memo memos[SLOTS];
};

/* Nothing is written until there is a message. */
struct recall *recall_new(struct large_area *area)
{
	return large_area_take(area, 1, sizeof(struct recall));
}

static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32) | 1;
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

/* The first, which is the one that the hash says, is nearly always right. */
struct memo *recall_find(struct recall *recall, uint64_t hash)
{
	uint32_t tag = tag_of(hash);

	for (size_t way = 0; way < WAYS; way++) {
		size_t slot = hash % SLOTS ^ way;

		if (recall->tags[slot] != tag)
			continue;
		fetch(&recall->memos[slot]);
		return &recall->memos[slot];
	}
	return NULL;
}

bool recall_is_same(const struct memo *memo, const struct packet *packet)
{
	const uint8_t *bytes = (const uint8_t *)memo + bytes_at(memo->n);

	return memo->captured == packet->bytes.n && memo->length == packet->length &&
	       memo->link == packet->link && !packet->checksums_unreliable &&
	       echo_is_same(&memo->echo, packet, bytes);
}

bool recall_wants(struct recall *recall, uint64_t hash)
{
	uint32_t *asked = &recall->asked[hash % ASKED];
	bool before = *asked == tag_of(hash);

	*asked = tag_of(hash);
	return before;
}

/* Where one with the same tag is, or nothing, or else in turn. */
static size_t choose_slot(const struct recall *r, uint64_t hash)
{
	for (size_t way = 0; way < WAYS; way++)
		if (r->tags[hash % SLOTS ^ way] == tag_of(hash))
			return hash % SLOTS ^ way;
	for (size_t way = 0; way < WAYS; way++)
		if (!r->tags[hash % SLOTS ^ way])
			return hash % SLOTS ^ way;
	return hash % SLOTS ^ r->serial % WAYS;
}

struct memo *recall_room(struct recall *recall, uint64_t hash)
{
	return &recall->memos[choose_slot(recall, hash)];
}

struct memo *recall_next(struct recall *recall, size_t *at)
{
	while (*at < SLOTS)
		if (recall->tags[(*at)++])
			return &recall->memos[*at - 1];
	return NULL;
}

struct memo *recall_keep(struct recall *recall, uint64_t hash, const struct echo *echo,
			 const struct packet *packet, const struct recalled *list, size_t n)
{
	size_t slot = choose_slot(recall, hash);
	struct memo *memo = &recall->memos[slot];

	recall->tags[slot] = tag_of(hash);
	memo->serial = ++recall->serial;
	memo->times = 0;
	memo->echo = *echo;
	memo->length = packet->length;
	memo->captured = (uint16_t)packet->bytes.n;
	memo->link = packet->link;
	memo->n = (uint8_t)n;
	memcpy(memo->list, list, n * sizeof(list[0]));
	memcpy((uint8_t *)memo + bytes_at(n), packet->bytes.p, packet->bytes.n);
	return memo;
}
