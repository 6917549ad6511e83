/* SPDX-License-Identifier: BSD-2-Clause */
/* From an address to its class, fast: three loads without a branch for IPv4, and for IPv6, in the
 * kernel, a short walk of known length (map6.h does it here).  Built once from the intervals of
 * struct classes. */
#ifndef WEIR_POLICY_LOOKUP_H
#define WEIR_POLICY_LOOKUP_H

#include "policy/classes.h"
#include "policy/table.h"

/* The blocks of table.h for both sides, all in one memory.  NULL where they would be too large.
 * The caller frees it; `out_bytes` is increased by what it takes. */
uint16_t *blocks_new(const struct classes *sources, const struct classes *groups,
		     size_t *out_bytes);

/* A walk over the bytes of an IPv6 address: its first four and its last four by tables of 256,
 * the 64 bits between by search.  Subtrees that are alike are kept once, so that a pattern
 * (ff0x::101) costs what one address does. */
struct trie6 {
	uint32_t      root;			/* what an entry says: see TRIE6_ */
	uint32_t     *tables;			/* 256 entries each */
	size_t	      table_count, table_cap;
	struct list6 *lists;
	size_t	      list_count, list_cap;
	uint64_t     *keys;			/* sorted within a list; the first is not above any */
	uint32_t     *nexts;			/* what stands behind each key */
	size_t	      key_count, key_cap;
};

struct list6 {
	uint32_t first, n;			/* of keys[] and nexts[] */
};

/* An entry is a class, the number of another table, or that of a list to search. */
#define TRIE6_TABLE UINT32_C(0x40000000)
#define TRIE6_LIST UINT32_C(0x80000000)

/* Groups of scope F are given the classes of scope E (LANGUAGE S18). */
struct trie6 *trie6_new(const struct classes *classes, enum side side);
void trie6_free(struct trie6 *trie);

#endif
