/* SPDX-License-Identifier: BSD-2-Clause */
/* The index of the flows, and the look-up of the audit's hot loop.  Only what counts packets one
 * by one wants this header; flow.h is for all others. */
#ifndef WEIR_ENGINE_FLOW_INDEX_H
#define WEIR_ENGINE_FLOW_INDEX_H

#include "engine/flow.h"

/* In an entry of the index: the flow's number.  Above is a mark by which most entries of others
 * are told without a look at their flows.  No flow is 0. */
#define FLOW_NUMBER ((1u << 19) - 1)
/* New flows come one behind the other: the line of one is fetched so many ahead. */
#define NEXT_FLOWS 4
/* The tag of a source's flow at `data` to an IPv4 group. */
#define FLOW_TAG_DATA4 (POINT_DATA | FLOW_SOURCE_HOST << 4 | 32 << 6)
#define FLOW_TAG_DATA6 (POINT_DATA | FLOW_SOURCE_HOST << 4 | 128 << 6)

static inline uint32_t flow_mark(uint64_t hash, uint16_t tag)
{
	return ((uint32_t)(hash >> 32) ^ tag * UINT32_C(0x9e3779b1)) & ~FLOW_NUMBER;
}

/* Whether the entry has that mark; so it is less work where several tags are asked for. */
static inline bool flow_is_marked(uint32_t entry, uint64_t hash, uint16_t tag)
{
	uint32_t bits = (entry ^ (uint32_t)(hash >> 32)) & ~FLOW_NUMBER;

	return bits == (tag * UINT32_C(0x9e3779b1) & ~FLOW_NUMBER);
}

/* The number of the flow that is probably meant; 0 where there is none, or none that is marked so. */
static inline uint32_t flow_number(const struct flow_side *side, uint64_t hash, uint16_t tag)
{
	uint32_t mark = flow_mark(hash, tag);

	for (size_t i = 0; i < FLOW_PROBES; i++) {
		uint32_t entry = side->index[(hash + i) & (side->max - 1)];

		if (!entry || (entry & ~FLOW_NUMBER) == mark)
			return entry & FLOW_NUMBER;
	}
	return 0;
}

/* As flow_number(), for hot loops: of the first two places, where nearly all flows stand, one is
 * chosen by arithmetic, for a branch would be guessed wrong too often.  Where it is at none of them
 * flow_is_near() is false, and the number means nothing. */
static inline uint32_t flow_number_near(const struct flow_side *side, uint64_t hash, uint16_t tag)
{
	uint32_t mark = flow_mark(hash, tag);
	uint32_t first = side->index[hash & (side->max - 1)] ^ mark;
	uint32_t second = side->index[(hash + 1) & (side->max - 1)] ^ mark;

	return first < second ? first : second;
}

static inline bool flow_is_near(uint32_t number)
{
	return number - 1 < FLOW_NUMBER;	/* 0: an empty place, and no mark */
}

/* Look-ups of IPv4 flows, many at a time, so that their misses overlap: flow_expect4() has
 * the index fetched, flow_guess4() then, some time later, the flow that it points to, and tells
 * its number, or 0.  Whether that is the flow its addresses tell. */
static inline void flow_expect4(const struct flow_table *table, uint64_t hash)
{
	__builtin_prefetch(&table->ip4.index[hash & (FLOWS4_MAX - 1)]);
}

static inline uint32_t flow_guess4(const struct flow_table *table, uint64_t hash, uint16_t tag)
{
	uint32_t number = flow_number_near(&table->ip4, hash, tag);

	if (__builtin_expect(!flow_is_near(number), 0))
		number = flow_number(&table->ip4, hash, tag);
	__builtin_prefetch(&table->ip4.list[number], 1);
	return number;
}

/* The products wait for none of each other; which family is meant the tag tells. */
static inline uint64_t flow_hash6(const struct flow_long *pair)
{
	uint64_t x = pair->source_hi * UINT64_C(0x9e3779b97f4a7c15) +
		     pair->source_lo * UINT64_C(0xc2b2ae3d27d4eb4f) +
		     pair->group_hi * UINT64_C(0xa0761d6478bd642f) +
		     pair->group_lo * UINT64_C(0xe7037ed1a0b428db);

	x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return x ^ x >> 32;
}

static inline bool flow_is_pair6(const struct flow_table *table, uint32_t number,
				 const struct flow_long *pair)
{
	const struct flow_long *l = &table->keys6[number];

	return ((l->source_hi ^ pair->source_hi) | (l->source_lo ^ pair->source_lo) |
		(l->group_hi ^ pair->group_hi) | (l->group_lo ^ pair->group_lo)) == 0;
}

/* The same of an IPv6 flow at `data`, both at once; and whether that is the one, else NULL. */
static inline uint32_t flow_guess6(const struct flow_table *table, const struct flow_long *pair)
{
	uint32_t number = flow_number(&table->ip6, flow_hash6(pair), FLOW_TAG_DATA6);

	__builtin_prefetch(&table->ip6.list[number], 1);
	__builtin_prefetch(&table->keys6[number]);
	return number;
}

static inline struct flow *flow_guessed6(const struct flow_table *table, uint32_t number,
					 const struct flow_long *pair)
{
	struct flow *f = &table->ip6.list[number];

	return f->tag == FLOW_TAG_DATA6 && flow_is_pair6(table, number, pair) ? f : NULL;
}

/* Where a new flow at `data` goes: its place in the index, and whether its source and group are
 * known at another of FLOW_POINTS_SCANNED.  False where the flow is there already,
 * or there is no empty place. */
static inline bool flow_place4(const struct flow_table *table, uint32_t source, uint32_t group,
			       uint64_t hash, size_t *out_at, bool *out_elsewhere)
{
	const struct flow_side *side = &table->ip4;

	*out_elsewhere = false;
	for (size_t i = 0; i < FLOW_PROBES; i++) {
		size_t at = (hash + i) & (FLOWS4_MAX - 1);
		uint32_t entry = side->index[at];

		*out_at = at;
		if (!entry)
			return true;
		for (unsigned left = FLOW_POINTS_SCANNED; left; left &= left - 1) {
			unsigned point = (unsigned)__builtin_ctz(left);
			uint16_t tag = (uint16_t)((FLOW_TAG_DATA4 & ~15u) | point);
			const struct flow *f = &side->list[entry & FLOW_NUMBER];

			if (!flow_is_marked(entry, hash, tag) || f->tag != tag ||
			    f->source != source || f->group != group)
				continue;
			if (point == POINT_DATA)
				return false;
			*out_elsewhere = true;
		}
	}
	return false;
}

/* The new flow, at the place that flow_place4() found: all zero, for the caller to fill. */
static inline struct flow *flow_begin4(struct flow_table *table, uint64_t hash, size_t at,
				       uint16_t port)
{
	struct flow_side *side = &table->ip4;
	size_t number = ++side->n;

	side->index[at] = (uint32_t)number | flow_mark(hash, FLOW_TAG_DATA4);
	side->ports[number] = port;
	__builtin_prefetch(&side->list[number + NEXT_FLOWS], 1);
	return &side->list[number];
}

/* Tag and state as one word; the action has no say, but so it is one load. */
static inline uint32_t flow_kind(const struct flow *f)
{
	return (uint32_t)f->action << 24 | (uint32_t)f->state << 16 | f->tag;
}

/* Whether it is the IPv4 flow of this pair, and its tag and `asked` bits of its state are those of
 * `kind`. */
static inline bool flow_is_kind4(const struct flow *f, uint64_t pair, uint32_t asked, uint32_t kind)
{
	return addr_pair(f->source, f->group) == pair &&		/* as they lie there */
	       (flow_kind(f) & (asked << 16 | 0xffff)) == kind;
}

/* Whether it is a source's flow at `data` whose `asked` bits of the state are FLOW_LUMP. */
static inline bool flow_is_data4(const struct flow *f, uint32_t source, uint32_t group,
				 uint32_t asked)
{
	return flow_is_kind4(f, addr_pair(source, group), asked,
			     FLOW_LUMP << 16 | FLOW_TAG_DATA4);
}

static inline bool flow_is_lump4(const struct flow *f, uint32_t source, uint32_t group)
{
	return flow_is_data4(f, source, group, FLOW_LUMP);
}

/* The same, and needs nothing but to be counted. */
static inline bool flow_is_plain_lump4(const struct flow *f, uint32_t source, uint32_t group)
{
	return flow_is_data4(f, source, group, FLOW_LUMP | FLOW_LINK_LOCAL);
}

#endif
