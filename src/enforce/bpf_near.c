/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers the blocks of a pool (policy/lookup.h) anew, level by level, so that each is a byte.  Knows
 * no policy and no kernel. */
#include "enforce/bpf_near.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "policy/lookup.h"

/* One level of small numbers: the block of a pool by its new number. */
struct level {
	int16_t	 numbers[16384 + 1];	/* by block of the pool; -1: not met */
	unsigned n;
};

/* The new number of a block; *out_is_new: its content is to be written.  256 where there is no
 * number left. */
static unsigned number_block(struct level *level, unsigned block, bool *out_is_new)
{
	*out_is_new = level->numbers[block] < 0;
	if (*out_is_new && level->n < 256)
		level->numbers[block] = (int16_t)level->n++;
	return level->numbers[block] < 0 ? 256 : (unsigned)level->numbers[block];
}

static void begin_level(struct level *level)
{
	memset(level->numbers, 0xff, sizeof(level->numbers));
	level->n = 0;
}

/* A middle block, and the bottoms that it names. */
static bool put_middle(const uint16_t *pool, unsigned block, struct level *bottoms,
		       uint8_t *out_middle, uint8_t *out_bottoms)
{
	for (unsigned i = 0; i < 256; i++) {
		const uint16_t *bottom = pool + (size_t)pool[block * 256u + i] * 256;
		bool is_new;
		unsigned number = number_block(bottoms, pool[block * 256u + i], &is_new);

		if (number > 255)
			return false;
		out_middle[i] = (uint8_t)number;
		for (unsigned k = 0; is_new && k < 256; k++)
			out_bottoms[number * 256 + k] = (uint8_t)bottom[k];
	}
	return true;
}

static bool put_tops(const uint16_t *pool, const uint16_t *tops, size_t n, struct level levels[2],
		     uint8_t *out_tops, uint8_t *out_middles, uint8_t *out_bottoms)
{
	begin_level(&levels[0]);
	begin_level(&levels[1]);
	for (size_t i = 0; i < n; i++) {
		bool is_new;
		unsigned number = number_block(&levels[0], tops[i], &is_new);

		if (number > 255)
			return false;
		out_tops[i] = (uint8_t)number;
		if (is_new && !put_middle(pool, tops[i], &levels[1], out_middles + number * 256,
					  out_bottoms))
			return false;
	}
	return true;
}

bool bpf_near_init(struct bpf_near *near, const uint16_t *pool)
{
	struct level *levels = memory_array(2, sizeof(*levels));
	bool good = put_tops(pool, pool, TOPS, levels, near->source_tops, near->source_middles,
			     near->source_bottoms) &&
		    put_tops(pool, pool + TOPS + 0xe000, BPF_TOPS_GROUP4, levels, near->group_tops,
			     near->group_middles, near->group_bottoms);

	free(levels);
	return good;
}
