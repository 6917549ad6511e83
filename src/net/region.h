/* SPDX-License-Identifier: BSD-2-Clause */
/* What a list of boxes covers of a plane of cells: so that "do the rules before it leave
 * anything of this rule?" takes a few steps for each of ten thousand rules.  A box is a group
 * range times a source range; whoever asks numbers the cells. */
#ifndef WEIR_NET_REGION_H
#define WEIR_NET_REGION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

/* Cells, ends included. */
struct box {
	uint32_t x_first, x_last, y_first, y_last;
};

/* Covered so far; the tree lives in the arena. */
struct region {
	struct arena	   *arena;
	struct region_node *root;
	uint32_t	    columns;	/* cells of x; y is not bounded */
	uint32_t	    weight;	/* the last that was thrown; never 0 */
};

struct region region_of(struct arena *arena, uint32_t columns);
void region_add(struct region *region, struct box box);
/* True where every cell of the box is covered. */
bool region_covers(const struct region *region, struct box box);

#endif
