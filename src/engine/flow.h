/* SPDX-License-Identifier: BSD-2-Clause */
/* The flows that were seen: source, group and control point, with their counters, in a table
 * of fixed size.  A flow is one cache line, and they lie in the order in which they came: the
 * busy ones, which come early, share few pages, and memory is touched only as far as there are
 * flows.  A small index finds them.  Where there is no room, a flow that is no finding goes before
 * one that is, then the one with the fewest packets, then the one that was quiet for longest.
 * Knows no rules beyond their numbers. */
#ifndef WEIR_ENGINE_FLOW_H
#define WEIR_ENGINE_FLOW_H

#include "model/observation.h"

#define FLOWS4_MAX (1u << 18)		/* 70 bytes each */
#define FLOWS6_MAX (1u << 16)		/* 102 bytes each */
#define FLOW_PRINTS 3
#define FLOW_PROBES 8			/* places of the index where a flow may stand */

/* A source that was heard of at one of these points is new at none of the others. */
#define FLOW_POINTS_SCANNED (1u << POINT_DATA | 1u << POINT_REGISTER | 1u << POINT_SA)

/* What stands in the place of the source: S, `*`, or where a point has no source (bootstrap,
 * router) the speaker; nothing where that is unknown too. */
enum flow_source { FLOW_SOURCE_NONE, FLOW_SOURCE_HOST, FLOW_SOURCE_ANY, FLOW_SOURCE_SPEAKER };

struct flow_key {
	struct addr source, group;	/* source: ADDR_NONE for `*`; group: ADDR_NONE where none */
	uint8_t	    point, group_len;
	uint8_t	    kind;		/* enum flow_source */
};

/* `state` bits. */
enum {
	FLOW_USED = 1,
	FLOW_LUMP = 2,		/* every packet so far hit `rule`, alone in its frame: the rule's
				 * counters learn of them when the flow is settled */
	FLOW_LINK_LOCAL = 4,
	FLOW_VARIES = 8,	/* its packets have identifications that differ */
	FLOW_FINDING = 16,	/* denied or limited, and not link-local */
	FLOW_SETTLED = 32,	/* not at `data`: `rule` and `action` are the verdict of every plain
				 * statement, police lines aside */
	FLOW_UNTOLD = 64,	/* of IPv4: the counters of `rule` are still to learn of its source
				 * and group */
};

struct flow {
	uint32_t group, source;		/* IPv4; for IPv6 64 bits of the hash */
	uint16_t tag;			/* point, kind of source, length of the group, families */
	uint8_t	 state;
	uint8_t	 action;		/* enum action: the worst verdict so far, and its */
	uint16_t rule;
	uint8_t	 ttl_min, ttl_max;	/* 0 and 0: never known */
	int64_t	 first_ns, last_ns;
	uint64_t packets, bytes;	/* frames, each once */
	uint32_t frame;			/* serial number of the frame that counted last */
	uint32_t prints[FLOW_PRINTS];	/* of the latest packets, newest first; 0: none */
};

/* The rule and action by another policy (audit --against). */
struct flow_other {
	uint16_t rule;
	uint8_t	 action;
};

/* A source and a group of IPv6. */
struct flow_long {
	uint64_t source_hi, source_lo, group_hi, group_lo;
};

/* The flows of one family. */
struct flow_side {
	uint32_t	  *index;		/* `max` of them: engine/flow_index.h */
	struct flow	  *list;		/* numbers from 1 to n; number 0 is never used */
	struct flow_other *others;		/* by number; NULL unless asked for */
	uint16_t	  *ports;		/* by number: where the first packet went; 0: none */
	size_t		   n, max;		/* max: a power of 2 */
	void		  *memory;		/* that index, list and ports lie in */
	size_t		   bytes;		/* of it */
	uint64_t	   evicted;		/* flows so far */
};

struct flow_table {
	struct flow_side  ip4, ip6;
	struct flow_long *keys6;		/* by number */
	uint64_t	  evicted_findings;
};

void flow_table_init(struct flow_table *table, bool with_others);
void flow_table_release(struct flow_table *table);

static inline bool flow_is_data(const struct flow *flow)
{
	return (flow->tag & 15) == POINT_DATA;
}

/* One packet more.  The bytes are not added beside the packets: two additions to memory are less
 * work than one of both. */
static inline void flow_count(struct flow *flow, struct mtime at, uint32_t bytes)
{
	flow->packets++;
	if (at.ns > flow->last_ns)
		flow->last_ns = at.ns;
	else if (at.ns < flow->first_ns)
		flow->first_ns = at.ns;
	flow->bytes += bytes;
}

struct flow_key flow_key_of(const struct observation *obs);
/* Flows of one (S,G) at FLOW_POINTS_SCANNED are neighbours, for they are looked for together; those
 * at other points stand apart, or they would crowd each other out.  `hash`: of source and group, of
 * IPv4 it is addr_hash_pair(). */
static inline uint64_t flow_apart(uint64_t hash, unsigned point)
{
	return hash ^ (FLOW_POINTS_SCANNED >> point & 1 ? 0 : point << 5);
}

uint64_t flow_hash(const struct flow_key *key);

/* Before flow_find(): has the index fetched, and then, some time later, the flow. */
void flow_expect(const struct flow_table *table, const struct flow_key *key, uint64_t hash);
void flow_fetch(const struct flow_table *table, const struct flow_key *key, uint64_t hash);
/* NULL where it is not kept. */
struct flow *flow_find(const struct flow_table *table, const struct flow_key *key, uint64_t hash);
/* Whether the same source and group are kept at one of these points (bits). */
bool flow_is_at(const struct flow_table *table, const struct flow_key *key, uint64_t hash,
		unsigned points);
/* Where a new flow may stand.  A slot that is FLOW_USED holds one that has to go: settle it
 * first. */
struct flow *flow_room(const struct flow_table *table, const struct flow_key *key, uint64_t hash);
/* Begins the flow there; counts what stood there as evicted. */
void flow_begin(struct flow_table *table, struct flow *flow, const struct flow_key *key,
		uint64_t hash);

/* What the flow is about. */
struct flow_key flow_key_read(const struct flow_table *table, const struct flow *flow);
/* The port that its first packet was sent to; 0 where that had none, or is no `data`. */
uint16_t flow_port(const struct flow_table *table, const struct flow *flow);
void flow_keep_port(const struct flow_table *table, const struct flow *flow, uint16_t port);
/* NULL unless the table was made with them. */
struct flow_other *flow_other(const struct flow_table *table, const struct flow *flow);

/* The flows by slot: 0 .. FLOWS4_MAX + FLOWS6_MAX; NULL where the slot is empty. */
struct flow *flow_at(const struct flow_table *table, size_t slot);
/* The first slot that is not empty, at or behind this one; FLOWS4_MAX + FLOWS6_MAX at the end. */
size_t flow_next(const struct flow_table *table, size_t slot);

#endif
