/* SPDX-License-Identifier: BSD-2-Clause */
/* Counting different addresses in bounded memory.  The exact sets of all counters lie in one
 * open-addressing table, each entry the counter's number and 46 bits of the hash; a counter
 * that passes 1,024 moves into registers of its own.  The table begins small, for memory that is
 * touched costs more than what is done in it.  Knows no addresses, only hashes. */
#include "engine/distinct.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

#define SLOTS_FIRST (1u << 12)
#define SLOTS_MAX (1u << 18)
#define HASH_BITS 46
#define HASH_MASK ((UINT64_C(1) << HASH_BITS) - 1)
#define EMPTY 0
#define DELETED UINT64_MAX

#define INDEX_BITS 12
#define REGISTERS (1u << INDEX_BITS)		/* standard error 1.04 / sqrt(4096) = 1.6 % */
#define RANK_BITS (HASH_BITS - INDEX_BITS)
#define SKETCHES 256
#define SKETCH_NONE UINT16_MAX

struct sketch {
	uint8_t ranks[REGISTERS];
};

struct counter {
	uint32_t exact;
	uint16_t sketch;
	bool	 estimated;
};

struct distinct {
	struct counter *counters;
	size_t		n;
	uint64_t       *memory;
	uint64_t       *slots;		/* a table of n slots lies n slots into the memory, so that
					 * it grows beside itself */
	size_t		slot_count, used;	/* used: not EMPTY */
	struct sketch  *sketches;
	size_t		sketches_used;
};

struct distinct *distinct_new(size_t ids)
{
	struct distinct *d = memory_take(sizeof(*d));

	assert(ids <= DISTINCT_IDS_MAX);	/* and none is that of DELETED */
	d->n = ids;
	d->counters = memory_array(ids, sizeof(d->counters[0]));
	d->memory = memory_array(2 * SLOTS_MAX, sizeof(d->memory[0]));
	d->sketches = memory_array(SKETCHES, sizeof(d->sketches[0]));
	d->slots = d->memory + SLOTS_FIRST;
	d->slot_count = SLOTS_FIRST;
	for (size_t i = 0; i < ids; i++)
		d->counters[i].sketch = SKETCH_NONE;
	return d;
}

void distinct_free(struct distinct *d)
{
	if (!d)
		return;
	free(d->counters);
	free(d->memory);
	free(d->sketches);
	free(d);
}

static size_t register_of(uint64_t hash)
{
	return (size_t)((hash & HASH_MASK) >> RANK_BITS);
}

static void sketch_add(struct sketch *s, uint64_t hash)
{
	size_t index = register_of(hash);
	uint64_t rest = hash & ((UINT64_C(1) << RANK_BITS) - 1);
	uint8_t rank = (uint8_t)(rest == 0 ? RANK_BITS + 1
					   : RANK_BITS - (63 - __builtin_clzll(rest)));

	/* without a branch, which would be guessed wrong */
	s->ranks[index] = rank > s->ranks[index] ? rank : s->ranks[index];
}

/* Ertl 2017, section 2: the share of registers that are still zero, and of those at the end,
 * corrected without tables. */
static double sigma(double x)
{
	double y = 1, z = x, before;

	if (x == 1)
		return INFINITY;
	do {
		x *= x;
		before = z;
		z += x * y;
		y += y;
	} while (z != before);
	return z;
}

static double tau(double x)
{
	double y = 1, z = 1 - x, before;

	if (x == 0 || x == 1)
		return 0;
	do {
		x = sqrt(x);
		before = z;
		y *= 0.5;
		z -= (1 - x) * (1 - x) * y;
	} while (z != before);
	return z / 3;
}

static uint64_t sketch_count(const struct sketch *s)
{
	unsigned with_rank[RANK_BITS + 2] = { 0 };
	double m = REGISTERS, z;

	for (size_t i = 0; i < REGISTERS; i++)
		with_rank[s->ranks[i]]++;
	z = m * tau(1 - with_rank[RANK_BITS + 1] / m);
	for (int k = RANK_BITS; k >= 1; k--)
		z = 0.5 * (z + with_rank[k]);
	z += m * sigma(with_rank[0] / m);
	return (uint64_t)(m * m / (2 * log(2) * z) + 0.5);
}

/* Moves the members of one exact set into registers, and frees their slots. */
static __attribute__((noinline)) void estimate(struct distinct *d, size_t id)
{
	struct counter *c = &d->counters[id];
	uint64_t *end = d->slots + d->slot_count;
	struct sketch *s = NULL;

	c->estimated = true;
	if (d->sketches_used < SKETCHES) {
		c->sketch = (uint16_t)d->sketches_used++;
		s = &d->sketches[c->sketch];
	}
	for (uint64_t *slot = d->slots; s && slot < end; slot++) {
		if (*slot >> HASH_BITS != id + 1)
			continue;
		sketch_add(s, *slot & HASH_MASK);
		*slot = DELETED;
	}
}

static uint64_t entry_of(size_t id, uint64_t hash)
{
	return (uint64_t)(id + 1) << HASH_BITS | (hash & HASH_MASK);
}

/* Where the search for an entry begins. */
static size_t first_slot(const struct distinct *d, uint64_t entry)
{
	uint64_t mixed = (entry & HASH_MASK) ^ (entry >> HASH_BITS) * UINT64_C(0x9e3779b97f4a7c15);

	return (size_t)mixed & (d->slot_count - 1);
}

/* The entry's slot, or the one where it belongs (a deleted one where the probe passed any). */
static size_t find(const struct distinct *d, uint64_t entry)
{
	size_t mask = d->slot_count - 1, i = first_slot(d, entry);
	size_t room = SLOTS_MAX;

	for (;; i = (i + 1) & mask) {
		if (d->slots[i] == entry)
			return i;
		if (d->slots[i] == DELETED && room == SLOTS_MAX)
			room = i;
		if (d->slots[i] == EMPTY)
			return room < SLOTS_MAX ? room : i;
	}
}

static bool is_crowded(const struct distinct *d)
{
	return d->used >= d->slot_count / 8 * 7;
}

/* Twice as many slots, without the deleted ones. */
static __attribute__((noinline)) void grow(struct distinct *d)
{
	const uint64_t *old = d->slots;
	size_t n = d->slot_count;

	d->slot_count = 2 * n;
	d->slots = d->memory + d->slot_count;
	d->used = 0;
	for (size_t i = 0; i < n; i++) {
		if (old[i] == EMPTY || old[i] == DELETED)
			continue;
		d->slots[find(d, old[i])] = old[i];
		d->used++;
	}
}

static void add_estimated(struct distinct *d, const struct counter *c, uint64_t hash)
{
	if (c->sketch != SKETCH_NONE)
		sketch_add(&d->sketches[c->sketch], hash & HASH_MASK);
}

static __attribute__((noinline)) void add_exact(struct distinct *d, size_t id, uint64_t hash)
{
	struct counter *c = &d->counters[id];
	uint64_t entry = entry_of(id, hash);
	size_t i;

	if (is_crowded(d) && d->slot_count < SLOTS_MAX)
		grow(d);
	i = find(d, entry);
	if (d->slots[i] == entry)
		return;
	if (c->exact < DISTINCT_EXACT_MAX && (d->slots[i] == DELETED || !is_crowded(d))) {
		d->used += d->slots[i] == EMPTY;
		d->slots[i] = entry;
		c->exact++;
		return;
	}
	estimate(d, id);
	add_estimated(d, c, hash);
}

/* Whose counters are asked often are soon past the exact sets. */
void distinct_add(struct distinct *d, size_t id, uint64_t hash)
{
	const struct counter *c = &d->counters[id];

	assert(id < d->n);
	if (c->estimated)
		add_estimated(d, c, hash);
	else
		add_exact(d, id, hash);
}

uint64_t distinct_count(const struct distinct *d, size_t id, bool *out_estimated)
{
	const struct counter *c = &d->counters[id];

	assert(id < d->n);
	*out_estimated = c->estimated;
	return c->sketch != SKETCH_NONE ? sketch_count(&d->sketches[c->sketch]) : c->exact;
}
