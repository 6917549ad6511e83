/* SPDX-License-Identifier: BSD-2-Clause */
/* Filling a table of two places for each item: where one cannot be brought in, another seed is tried,
 * and at last a larger table.  Less than half of the slots are taken. */
#include "base/cuckoo.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define MOVES_MAX 500			/* of one insertion */
#define SEEDS_MAX 8			/* of one size */

static bool insert(struct cuckoo *c, const uint64_t *hashes, uint32_t item)
{
	uint32_t place = cuckoo_first(hashes[item]) & c->mask;

	for (unsigned i = 0; i < MOVES_MAX; i++) {
		uint32_t was = c->slots[place], first;

		c->slots[place] = item + 1;
		if (was == 0)
			return true;
		item = was - 1;
		first = cuckoo_first(hashes[item]) & c->mask;
		place = place == first ? cuckoo_second(hashes[item]) & c->mask : first;
	}
	return false;
}

static bool fill(struct cuckoo *c, const uint64_t *hashes, size_t n)
{
	memset(c->slots, 0, (c->mask + 1u) * sizeof(*c->slots));
	for (size_t i = 0; i < n; i++)
		if (!insert(c, hashes, (uint32_t)i))
			return false;
	return true;
}

static bool try_seeds(struct cuckoo *c, const void *items, size_t n, cuckoo_hash *hash,
		      uint64_t *hashes)
{
	for (unsigned k = 0; k < SEEDS_MAX; k++) {
		c->seed = c->seed * UINT64_C(0xbf58476d1ce4e5b9) | 1;
		for (size_t i = 0; i < n; i++)
			hashes[i] = hash(items, i, c->seed);
		if (fill(c, hashes, n))
			return true;
	}
	return false;
}

bool cuckoo_init(struct cuckoo *out, const void *items, size_t n, cuckoo_hash *hash)
{
	uint64_t *hashes = memory_array(n + 1, sizeof(*hashes));
	struct cuckoo c = { .seed = UINT64_C(0x9e3779b97f4a7c15) };
	bool good = false;

	for (uint64_t size = 4; !good && size <= 1u << CUCKOO_BITS_MAX; size *= 2) {
		if (size < 2 * (uint64_t)n + n / 8)
			continue;
		c.mask = (uint32_t)size - 1;
		c.slots = memory_array(size, sizeof(*c.slots));
		good = try_seeds(&c, items, n, hash, hashes);
		if (!good)
			free(c.slots);
	}
	free(hashes);
	if (good)
		*out = c;
	return good;
}

void cuckoo_release(struct cuckoo *cuckoo)
{
	free(cuckoo->slots);
}
