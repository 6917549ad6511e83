/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of an artefact while it is made, shared by artefact.c (rules and lists), artefact_side.c
 * (intervals), artefact_matrix.c (a cell for every two classes) and artefact_pairs.c (few rows and
 * columns, and cells of their own for the pairs that differ). */
#ifndef WEIR_POLICY_ARTEFACT_BUILD_H
#define WEIR_POLICY_ARTEFACT_BUILD_H

#include "policy/artefact.h"
#include "policy/compiled.h"

#define CELLS_MAX (16u << 20)		/* of a family */

static inline uint64_t hash_mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * UINT64_C(0x9fb21c651e98df25);
	return h ^ h >> 28;
}

struct builder {
	struct artefact	     *a;
	struct artefact_rule *rules;
	struct rule	     *projected;
	struct live	     *live;
	size_t		      live_count;
	struct artefact_plane *planes;
	size_t		      plane_count;
	struct table_rest     rest;		/* only its list of rules that ask for no address */
	uint16_t	     *lists;
	size_t		      lists_n, lists_cap;
	bool		     *marked;		/* scratch: by rule */
	uint16_t	     *candidates;	/* scratch: n, then one of each rule and the default */
	uint32_t	     *by_content;	/* hash table of lists: offset + 1 */
	size_t		      mask, list_count;
	size_t		      matrix_cells;	/* so many at most where pairs do as well */
	const char	     *why;		/* it cannot be compiled */
};

/* The cell of two classes of the sweep. */
uint32_t builder_resolve(struct builder *b, const struct pair *pair,
			 const struct artefact_plane *plane);

/* --- sides --- */

/* A side while it is being made: intervals with classes that count from 0, and what each is in the
 * sweep; none but those that some address has. */
struct draft {
	struct interval *intervals;
	size_t		 n;
	uint16_t	*classes;		/* by class: that of the sweep */
	unsigned	 class_count;
};

void draft_init(struct draft *out, const struct classes *classes, enum side side);
void draft_release(struct draft *draft);

/* The intervals with their classes under other names, which are by class; neighbours of one name are
 * joined.  `out` has room for all of them. */
struct artefact_side side_rename(const struct interval *intervals, size_t n,
				 const uint16_t *names, unsigned name_count,
				 struct interval *out);

/* --- matrices --- */

struct matrix {
	const uint32_t *cells;			/* [plane][row][column] */
	size_t		planes, rows, columns;
};

/* Which rows, or columns, are alike: names each by its place among those that stay. */
struct naming {
	uint16_t *names;			/* by old number */
	uint16_t *stay;				/* by name: an old number */
	unsigned  n;
};

void naming_release(struct naming *naming);

/* All planes of the classes' cells; the caller frees them. */
uint32_t *matrix_fill(struct builder *b, const struct classes *sources, const struct draft *source,
		      const struct classes *groups, const struct draft *group);
void matrix_name(const struct matrix *m, struct naming *out_rows, struct naming *out_columns);
/* What stays. */
void matrix_keep(const struct matrix *m, const struct naming *rows, const struct naming *columns,
		 uint32_t *out);

/* --- families --- */

void matrix_build(struct builder *b, const struct classes *sources, const struct draft *source,
		  const struct classes *groups, const struct draft *group,
		  struct artefact_family *out);
/* False where that would be too large, too. */
bool pairs_build(struct builder *b, const struct classes *sources, const struct draft *source,
		 const struct classes *groups, const struct draft *group,
		 struct artefact_family *out);

#endif
