/* SPDX-License-Identifier: BSD-2-Clause */
/* A boundary compiled for speed.  Addresses become classes (addresses that no rule tells
 * apart), and a matrix answers for source class x group class x plane, where a plane is a
 * control point and what a rule may ask of the packet there without asking for an address:
 * the direction and the protocol.  A rule that asks for more (ttl, port, flag, type, ...) stands in
 * a short ordered list behind the cell.  Answers exactly as reference_judge(). */
#ifndef WEIR_POLICY_TABLE_H
#define WEIR_POLICY_TABLE_H

#include "net/embed.h"
#include "policy/map6.h"
#include "policy/policy.h"

/* What, besides source, group and plane, a verdict depends on. */
enum depends {
	DEPENDS_TTL = 1, DEPENDS_PORT = 2, DEPENDS_RP = 4, DEPENDS_SPEAKER = 8, DEPENDS_TYPE = 16,
	DEPENDS_FLAG = 32, DEPENDS_JOINED = 64, DEPENDS_DATE = 128,
	/* inside of the table: source and group settle it, but no class does; the plane does */
	DEPENDS_PAIR = 256, DEPENDS_PROTOCOL = 512, DEPENDS_DIRECTION = 1024,
	DEPENDS_POINT = 2048,
};

/* An IPv4 address becomes its class in three loads, none of them behind a branch: the top names
 * a block by the address's first 16 bits, that block one by the next 8, and that one the class
 * by the last 8.  Blocks are of 256 numbers each; the tops, of the sources and then of the
 * groups, stand before them in the same memory. */
#define TOPS 65536

/* A cell: the rule in the low 16 bits, the action above; or a list of candidate rules. */
#define CELL_LIST UINT32_C(0x80000000)

struct table_rest;

/* Read by the inline calls below only. */
struct table {
	const uint16_t	  *blocks4;
	const uint32_t	  *cells4;		/* a single list where the matrix is too large */
	size_t		   plane4, row4;	/* cells of a plane, and of one source class */
	const struct map6 *sources6, *groups6;
	const uint32_t	  *cells6, *plain6;	/* plain: for groups that embed nothing */
	size_t		   plane6, row6;
	uint16_t	   planes[POINT_COUNT][3];	/* by direction; data: of protocol class 0 */
	uint16_t	   protocols[PROTOCOL_COUNT][257];	/* class of what passes at data */
	struct table_rest *rest;
};

/* A verdict for (source, group) in a plane.  Where `depends` is not 0 it is the verdict of an
 * observation that lacks all these fields, and every observation must be judged by itself. */
struct quick_verdict {
	struct verdict verdict;
	uint16_t       depends;		/* enum depends, one bit each */
};

/* The boundary must live as long as the table.  The caller frees it. */
struct table *table_new(const struct boundary *boundary);
/* The same with a matrix of at most so many bytes; 0: lists per class only. */
struct table *table_new_within(const struct boundary *boundary, size_t matrix_bytes);
void table_free(struct table *table);

struct verdict table_judge(const struct table *table, const struct observation *obs);

/* All memory that the table holds. */
size_t table_size_bytes(const struct table *table);

struct table_shape {
	size_t sources4, groups4, sources6, groups6, planes, lists;
	bool   dense;			/* the matrix stands; false: lists per class */
};
struct table_shape table_shape(const struct table *table);

/* The indices of the rules (no police, no default) whose `from`, `to` and IPv4 `embeds` hold
 * for a single (source, group), or may hold: in order, without those that are off or judge
 * anomalies.  Returns how many; at most `max` are written. */
size_t table_candidates(const struct table *table, struct addr source, struct addr group,
			uint16_t *out, size_t max);

/* The long way of the two calls below.  They write nothing, so that a loop may keep the table's
 * pointers in registers. */
struct quick_verdict table_quick_slow(const struct table *table, const struct addr *source,
				      const struct addr *group, unsigned plane)
	__attribute__((pure));
struct quick_verdict table_quick6_slow(const struct table *table, const struct addr *source,
				       const struct addr *group, unsigned plane, uint32_t cell)
	__attribute__((pure));
struct quick_verdict table_quick4_slow(const struct table *table, uint32_t source, uint32_t group,
			       unsigned plane) __attribute__((pure, cold));

/* The verdict of statements that are like this one in source, group, point, direction and
 * protocol, have no flag, and whose speaker is of the group's family.  Where `depends` is not 0
 * every one must be judged by itself.  The statement is itself such a one, no notice, no anomaly,
 * no group range and not at `router`. */
struct quick_verdict table_plain(const struct table *table, const struct observation *obs);

/* Which plane judges an observation that is no notice, no anomaly and no group range; its
 * point is not POINT_NONE. */
static inline unsigned table_plane(const struct table *t, const struct observation *obs)
{
	unsigned plane = t->planes[obs->point][obs->direction];

	if (obs->point == POINT_DATA)
		plane += t->protocols[obs->protocol]
				     [obs->ip_protocol < 256 ? obs->ip_protocol : 256];
	return plane;
}

static inline unsigned blocks_source(const uint16_t *blocks, uint32_t a)
{
	unsigned middle = blocks[(unsigned)blocks[a >> 16] << 8 | (a >> 8 & 0xff)];

	return blocks[middle << 8 | (a & 0xff)];
}

static inline unsigned blocks_group(const uint16_t *blocks, uint32_t a)
{
	unsigned top = blocks[TOPS + (a >> 16)];
	unsigned middle = blocks[top << 8 | (a >> 8 & 0xff)];

	return blocks[middle << 8 | (a & 0xff)];
}

/* table_quick() for IPv4, in host order. */
static inline struct quick_verdict table_quick4(const struct table *t, uint32_t source,
						uint32_t group, unsigned plane)
{
	uint32_t cell = t->cells4[plane * t->plane4 +
				  blocks_source(t->blocks4, source) * t->row4 +
				  blocks_group(t->blocks4, group)];

	if (__builtin_expect(cell & CELL_LIST, 0))
		return table_quick4_slow(t, source, group, plane);
	return (struct quick_verdict){ { (uint8_t)(cell >> 16), (uint16_t)cell }, 0 };
}

static inline uint32_t table_cell6(const struct table *t, const struct addr *source,
				   const struct addr *group, unsigned plane)
{
	const uint32_t *cells = embeds_prefix6(group->hi) ? t->cells6 : t->plain6;

	return cells[plane * t->plane6 +
		     map6_class(t->sources6, source->hi, source->lo) * t->row6 +
		     map6_class(t->groups6, group->hi, group->lo)];
}

/* For flow caches: the verdict of a single (source, group) in a plane, where one is known. */
static inline struct quick_verdict table_quick(const struct table *t, struct addr source,
				       struct addr group, unsigned plane)
{
	uint32_t cell;

	if (source.family == FAMILY_IP4 && group.family == FAMILY_IP4)
		return table_quick4(t, (uint32_t)source.lo, (uint32_t)group.lo, plane);
	if (source.family != FAMILY_IP6 || group.family != FAMILY_IP6)
		return table_quick_slow(t, &source, &group, plane);
	cell = table_cell6(t, &source, &group, plane);
	if (cell & CELL_LIST)
		return table_quick6_slow(t, &source, &group, plane, cell);
	return (struct quick_verdict){ { (uint8_t)(cell >> 16), (uint16_t)cell }, 0 };
}

#endif
