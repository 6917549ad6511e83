/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages that were judged and counted before (wire/echo.h), word by word, with what became of
 * each statement.  Learned when they come for the second time, so that what is said once takes no
 * room; a few thousand at most, an older one gives way.  Knows no packets' layout and no policy. */
#ifndef WEIR_ENGINE_RECALL_H
#define WEIR_ENGINE_RECALL_H

#include "base/large_page.h"
#include "engine/flow.h"
#include "model/packet.h"
#include "model/verdict.h"
#include "wire/echo.h"

#define RECALL_STATEMENTS 3		/* of a message; who says more is not kept */

/* One statement. */
struct recalled {
	struct flow *flow;		/* NULL: none, for no rule speaks of it */
	uint64_t     pair, kind;	/* its addresses, and what else it is (addr_pair() and recalled_kind()) */
	uint16_t     rule;		/* the verdict */
	uint8_t	     action;
	uint8_t	     point, anomaly;
};

/* Its tag, its state, and what was the worst of it so far: what seldom changes.  As it lies there,
 * so it is one load. */
static inline uint64_t recalled_kind(const struct flow *f)
{
	return (uint64_t)f->ttl_max << 56 | (uint64_t)f->ttl_min << 48 | (uint64_t)f->rule << 32 |
	       (uint64_t)f->action << 24 | (uint64_t)f->state << 16 | f->tag;
}

/* What is looked at comes first. */
struct memo {
	_Alignas(64) uint64_t evicted6;		/* IPv6 flows so far: until the next one they stand */
	uint64_t	times;			/* it came again and is not counted yet */
	uint64_t	pair;			/* copies_pair() */
	struct echo	echo;
	uint32_t	serial;			/* no other that is kept has it */
	uint32_t	length;
	uint16_t	captured, link;
	uint8_t		n, ttl;
	bool		stays;			/* its receiver is link-local */
	bool		is_link_local;
	struct recalled list[RECALL_STATEMENTS];	/* n of them, and right behind these its bytes: */
	uint8_t		bytes[ECHO_BYTES_MAX];		/* room for all */
	uint64_t	flags;			/* of all statements */
};

struct recall;

/* In the area, which outlives it. */
struct recall *recall_new(struct large_area *area);

/* By echo_hash(): what may be it, and is being fetched; NULL where nothing is.  recall_is_same()
 * looks. */
struct memo *recall_find(struct recall *recall, uint64_t hash);
bool recall_is_same(const struct memo *memo, const struct packet *packet);

/* True where the message was asked for before: it is worth being kept. */
bool recall_wants(struct recall *recall, uint64_t hash);
/* The one that will give way to such a message; all 0 where none does. */
struct memo *recall_room(struct recall *recall, uint64_t hash);
/* Where to keep it: its bytes and what tells it from others are filled in, and its n statements. */
struct memo *recall_keep(struct recall *recall, uint64_t hash, const struct echo *echo,
			 const struct packet *packet, const struct recalled *list, size_t n);

/* One after the other, from `*at` on, which begins with 0; NULL at the end. */
struct memo *recall_next(struct recall *recall, size_t *at);

#endif
