/* SPDX-License-Identifier: BSD-2-Clause */
/* From an IPv6 address to its class, in few steps and little memory: what a program keeps of its own.
 * For the kernel there are the tables of lookup.h, whose walk a verifier can follow. */
#ifndef WEIR_POLICY_MAP6_H
#define WEIR_POLICY_MAP6_H

#include "net/addr.h"

struct classes;

/* The addresses whose bits under the mask are `value`, which it tells apart by some bits behind;
 * addresses before and behind them are of one class each.  So a node stands wherever addresses
 * part, and what all share is asked for once. */
struct map6_node {
	uint64_t mask_hi, mask_lo, value_hi, value_lo;
	uint32_t below, above;			/* classes, as entries are */
	uint32_t entries;			/* of the map: the first of its own */
	uint8_t	 is_low;			/* the bits that index them are of the low half */
	uint8_t	 shift;
	uint16_t index_mask;
};

/* Alike nodes are kept once, so that a pattern (ff0x::101) costs what one address does. */
struct map6 {
	uint32_t	  root, root_ff;	/* entries; root_ff: of addresses under ff00::/8 */
	struct map6_node *nodes;
	size_t		  node_count, node_cap;
	uint32_t	 *entries;
	size_t		  entry_count, entry_cap;
};

/* An entry is a class, or the number of a node. */
#define MAP6_CLASS UINT32_C(0x80000000)

/* Where they are groups those of scope F are given the classes of scope E (LANGUAGE S18). */
struct map6 *map6_new(const struct classes *classes, bool of_groups);
void map6_free(struct map6 *map);
size_t map6_bytes(const struct map6 *map);

/* Which way a node sends an address is nothing to guess, so it is computed. */
static inline uint32_t map6_step(const struct map6 *map, uint32_t at, uint64_t hi, uint64_t lo)
{
	const struct map6_node *n = &map->nodes[at];
	uint64_t x = hi & n->mask_hi, y = lo & n->mask_lo;
	bool is_here = ((x ^ n->value_hi) | (y ^ n->value_lo)) == 0;
	bool is_below = (x < n->value_hi) | ((x == n->value_hi) & (y < n->value_lo));
	uint64_t index = ((n->is_low ? lo : hi) >> n->shift) & n->index_mask;
	uint32_t inside = map->entries[n->entries + index];
	uint32_t outside = is_below ? n->below : n->above;

	return is_here ? inside : outside;
}

/* The halves of an address by themselves: to put them together costs as much as to look them up. */
static inline unsigned map6_class(const struct map6 *map, uint64_t hi, uint64_t lo)
{
	uint32_t at = hi >> 56 == 0xff ? map->root_ff : map->root;

	while (!(at & MAP6_CLASS))
		at = map6_step(map, at, hi, lo);
	return at & ~MAP6_CLASS;
}

#endif
