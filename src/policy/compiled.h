/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of a table, shared by what compiles it (table.c) and what reads it (judge.c). */
#ifndef WEIR_POLICY_COMPILED_H
#define WEIR_POLICY_COMPILED_H

#include "policy/demand.h"
#include "policy/lookup.h"

struct table_rest {
	const struct boundary *boundary;
	struct arena	       arena;		/* derived sets */
	struct demand	      *demands;		/* by rule index */
	struct classes	       source4, source6, group4, group6;
	uint16_t	      *blocks4;		/* NULL: too large */
	struct map6	      *sources6, *groups6;
	uint32_t	      *cells4;		/* NULL: too large */
	uint32_t	      *cells6, *plain6;	/* plain: for groups that embed nothing */
	struct plane	      *planes;
	size_t		       plane_count;
	struct rule_list       neither;		/* rules that ask for no source and no group */
	struct rule_list       by_type[TYPE_COUNT], anomalous;	/* for notices and anomalies */
	struct rule_list       by_point[POINT_COUNT];		/* for group ranges */
	uint16_t	      *rules;		/* the memory of these lists */
	/* Candidates behind a cell: n, what they depend on, n rules; the last needs no test. */
	uint16_t	      *lists;
	size_t		       lists_n, lists_cap, list_count;
	bool		       too_large;	/* not even classes: the reference answers */
	size_t		       bytes;
};

/* A source and a group as classes. */
struct pair {
	const struct classes *sources, *groups;
	unsigned	      source, group;
	struct kin	      kin;
};

/* The rules that a pair may meet, in order: four lists merged, of which the rules that ask for
 * both sides must stand on both. */
struct walk {
	const uint16_t *at[3], *end[3];
	const uint16_t *few, *few_end, *many, *many_end;
};

#define WALK_END UINT32_MAX

struct walk walk_of(const struct table_rest *rest, const struct pair *pair);
/* The same of those alone that ask for the group. */
struct walk walk_of_group(const struct pair *pair);
unsigned walk_next(struct walk *walk);

#endif
