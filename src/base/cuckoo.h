/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables for those who may look at two places and no more: every item has two, by its hash, and moves
 * to the other one when a newer item takes its own (Pagh, Rodler 2004).  Made once, never changed.
 * Knows no key. */
#ifndef WEIR_BASE_CUCKOO_H
#define WEIR_BASE_CUCKOO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CUCKOO_BITS_MAX 24		/* of a place */

/* Equal items have equal hashes, whatever the seed. */
typedef uint64_t cuckoo_hash(const void *items, size_t i, uint64_t seed);

struct cuckoo {
	uint32_t *slots;		/* an item's index and 1; 0: empty */
	uint32_t  mask;			/* a power of two of slots, less one */
	uint64_t  seed;
};

/* The places of a hash, to be masked. */
static inline uint32_t cuckoo_first(uint64_t hash)
{
	return (uint32_t)(hash >> 40);
}

static inline uint32_t cuckoo_second(uint64_t hash)
{
	return (uint32_t)(hash >> 16) & ((1u << CUCKOO_BITS_MAX) - 1);
}

/* No two of the n items are equal.  False where they are too many.  The caller releases it. */
bool cuckoo_init(struct cuckoo *out, const void *items, size_t n, cuckoo_hash *hash);
void cuckoo_release(struct cuckoo *cuckoo);

#endif
