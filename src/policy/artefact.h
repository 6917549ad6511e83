/* SPDX-License-Identifier: BSD-2-Clause */
/* A boundary as a kernel needs it: what its rules say, at `data`, of a packet whose outer IP header
 * is all that is known, beside the link's direction.  Source and group become classes, and a cell
 * for plane x source class x group class is an ordered list of rules: the first whose tests hold
 * decides, and the last of them has no test that could fail.  Most cells are a list of one.
 *
 * Rules that never hold there are in no cell: those for other points, `from *`, those that are off
 * or have ended, those that ask what a kernel cannot know (artefact_rule.unknown says what).  At
 * `data` the speaker is the source.  Agrees with reference_judge(); knows no back end. */
#ifndef WEIR_POLICY_ARTEFACT_H
#define WEIR_POLICY_ARTEFACT_H

#include "policy/classes.h"

/* Holds where (group & mask) lies in one of the ranges: what an IPv6 group embeds. */
struct artefact_mask {
	struct addr	    mask;
	const struct range *ranges;
	size_t		    n;
};

#define ARTEFACT_MASKS 8

/* What a rule asks besides source, group, direction and IP protocol; all of it must hold. */
struct artefact_rule {
	const struct rule *rule;		/* as written: name, action, rate, limit_key */
	const char	  *unknown;		/* NULL; else what it asks that a kernel cannot know */
	const char	  *partly;		/* the same of one of several flags: the rest is tested */
	uint64_t	   flags;		/* FRAGMENT, SCOPE_F: one of these; 0: not asked */
	uint16_t	   port_first, port_last;	/* destination, of the first fragment */
	uint8_t		   ttl_first, ttl_last;		/* on arrival */
	uint8_t		   recognised;		/* enum protocol; PROTOCOL_COUNT: not asked */
	uint8_t		   joined;		/* enum joined; unknown: not asked */
	bool		   asks_ttl, asks_port;
	/* Tests of an IPv6 group; IPv4 groups that embed something have classes of their own. */
	struct artefact_mask masks[ARTEFACT_MASKS];
	size_t		   mask_count;
};

/* Intervals in order, each up to the next one: sources cover their family, groups all multicast
 * addresses of theirs.  Classes count from 0. */
struct artefact_side {
	const struct interval *intervals;
	size_t		       n;
	unsigned	       classes;
};

/* Pairs of classes whose cells are not what their rows and columns say. */
struct artefact_pair {
	uint16_t source, group;
};

struct artefact_pairs {
	const uint16_t *rows, *columns;		/* by source class, by group class */
	unsigned	row_count, column_count;
	const struct artefact_pair *list;	/* by source, then by group */
	size_t		n;
	const uint32_t *cells;			/* [plane][pair] */
};

/* Each class is a row or a column by itself, or, where policies name many pairs of source and group,
 * there are `pairs`, and few rows and columns. */
struct artefact_family {
	struct artefact_side	     sources, groups;
	const uint32_t		    *cells;	/* [plane][row][column] */
	const struct artefact_pairs *pairs;	/* NULL: none, and no matrix of less than the classes */
};

/* The planes of a direction differ in the IP protocol; that of IP_PROTOCOL_NONE is for all that
 * none of them names, and stands first. */
struct artefact_plane {
	uint8_t	 direction;			/* DIRECTION_IN, DIRECTION_OUT */
	uint16_t ip_protocol;
};

struct artefact {
	const struct boundary	    *boundary;
	const struct artefact_rule  *rules;	/* by index in the boundary; police lines unused */
	struct artefact_family	     ip4, ip6;
	const struct artefact_plane *planes;
	size_t			     plane_count;
	const uint16_t		    *lists;	/* read by artefact_list() */
	size_t			     list_count;
	uint32_t		     cell_limit;	/* every cell is below it */
	struct arena		    *arena;
};

/* More cells of a family make no matrix of all classes, unless there is no other way: 16 MB. */
#define ARTEFACT_MATRIX_CELLS (4u << 20)

/* `matrix_cells` is the above, or less: 0 for pairs wherever rules name some.  NULL where even
 * that would be too large; `*out_why` then says what is, for a message.  The boundary must live as
 * long. */
struct artefact *artefact_new(const struct boundary *boundary, struct mtime now,
			      size_t matrix_cells, const char **out_why);
void artefact_free(struct artefact *artefact);

/* Equal cells are equal lists. */
static inline struct rule_list artefact_list(const struct artefact *a, uint32_t cell)
{
	return (struct rule_list){ a->lists + cell + 1, a->lists[cell] };
}

/* Which plane judges a packet. */
unsigned artefact_plane_of(const struct artefact *a, enum direction direction,
			   unsigned ip_protocol);

uint32_t artefact_cell(const struct artefact_family *f, unsigned plane, unsigned source,
		       unsigned group);

/* One plane by itself: classes that it does not tell apart are one.  Intervals that became
 * neighbours of one class are joined.  Of pairs it knows nothing. */
struct artefact_fold {
	struct artefact_side sources, groups;
	uint32_t	    *cells;		/* [source class][group class] */
	struct interval	    *intervals;		/* the memory of both sides */
};

void artefact_fold_init(struct artefact_fold *out, const struct artefact_family *family,
			unsigned plane);
void artefact_fold_release(struct artefact_fold *fold);

/* The last address of the i-th interval of a side. */
struct addr artefact_last(const struct artefact_side *side, size_t i);

#endif
