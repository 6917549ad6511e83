/* SPDX-License-Identifier: BSD-2-Clause */
/* Slots by cuckoo hashing (Pagh, Rodler 2004): a key has two places and moves to the other one when a
 * newer key takes its own, so whoever looks for it needs two reads and no loop.  Knows no image. */
#include "enforce/bpf_pairs.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define MOVES_MAX 500			/* of one insertion; then another seed is tried */
#define SEEDS_MAX 8			/* of one size */

static uint32_t other_place(const struct pair_slots *s, uint32_t key, uint32_t place)
{
	uint64_t hash = bpf_pair_hash(s->seed, key);
	uint32_t first = bpf_pair_first(hash) & s->mask;

	return place == first ? bpf_pair_second(hash) & s->mask : first;
}

static bool insert(struct pair_slots *s, struct bpf_pair pair)
{
	uint32_t place = bpf_pair_first(bpf_pair_hash(s->seed, pair.key)) & s->mask;

	for (unsigned i = 0; i < MOVES_MAX; i++) {
		struct bpf_pair was = s->list[place];

		s->list[place] = pair;
		if (was.key == BPF_PAIR_NONE)
			return true;
		pair = was;
		place = other_place(s, pair.key, place);
	}
	return false;
}

static bool fill(struct pair_slots *s, const struct artefact_pairs *pairs, uint32_t first)
{
	memset(s->list, 0xff, (s->mask + 1u) * sizeof(*s->list));
	for (size_t i = 0; i < pairs->n; i++) {
		const struct artefact_pair *p = &pairs->list[i];
		struct bpf_pair pair = { (uint32_t)p->source << 16 | p->group,
					 first + (uint32_t)(i * sizeof(uint32_t)) };

		if (!insert(s, pair))
			return false;
	}
	return true;
}

bool pair_slots_init(struct pair_slots *out, const struct artefact_pairs *pairs, uint32_t first)
{
	uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

	for (uint64_t size = 4; size <= BPF_PAIR_SLOTS_MAX; size *= 2) {
		struct pair_slots s = { .mask = (uint32_t)size - 1 };

		if (size < 2 * (uint64_t)pairs->n + pairs->n / 8)
			continue;
		s.list = memory_array(size, sizeof(*s.list));
		for (unsigned i = 0; i < SEEDS_MAX; i++) {
			s.seed = seed = seed * UINT64_C(0xbf58476d1ce4e5b9) | 1;
			if (!fill(&s, pairs, first))
				continue;
			*out = s;
			return true;
		}
		free(s.list);
	}
	return false;
}

void pair_slots_release(struct pair_slots *slots)
{
	free(slots->list);
}

/* --- classes --- */

#define TOP_BITS 16
#define BLOCK 256

/* A side, and the interval that holds the address at hand. */
struct cursor {
	struct pair_tree	  *tree;
	const struct artefact_side *side;
	size_t			   i;
};

static uint32_t start_of(const struct cursor *c, size_t i)
{
	return (uint32_t)c->side->intervals[i].first.lo;
}

/* How many intervals lie in a block, with that which goes on from before; no more than asked for. */
static size_t count_intervals(struct cursor *c, uint64_t first, uint64_t size, size_t most)
{
	size_t n = 1;

	while (c->i + 1 < c->side->n && start_of(c, c->i + 1) <= first)
		c->i++;
	while (n < most && c->i + n < c->side->n && start_of(c, c->i + n) < first + size)
		n++;
	return n;
}

static uint32_t add_list(struct cursor *c, uint64_t first, size_t n)
{
	struct pair_tree *t = c->tree;
	uint32_t *words;

	if (t->list_count == t->list_cap) {
		t->list_cap = 2 * t->list_cap + 64;
		t->words = memory_grow(t->words, t->list_cap * BPF_PAIR_WORDS, sizeof(*t->words));
	}
	words = t->words + t->list_count * BPF_PAIR_WORDS;
	for (size_t k = 0; k < BPF_PAIR_WORDS; k++) {
		size_t i = c->i + (k < n ? k : n - 1);
		uint32_t start = k == 0 ? (uint32_t)first : start_of(c, i);

		words[k] = start << TOP_BITS | c->side->intervals[i].class;
	}
	return BPF_REF_LIST | (uint32_t)t->list_count++;
}

static uint32_t add_table(struct pair_tree *t)
{
	if (t->table_count == t->table_cap) {
		t->table_cap = 2 * t->table_cap + 16;
		t->tables = memory_grow(t->tables, t->table_cap * BLOCK, sizeof(*t->tables));
	}
	return (uint32_t)t->table_count++;
}

/* What stands for a block: recursion is two deep, for a single address is one class. */
static uint32_t put_block(struct cursor *c, uint64_t first, uint64_t size)
{
	size_t n = count_intervals(c, first, size, BPF_PAIR_WORDS + 1);
	uint32_t table;

	if (n == 1)
		return c->side->intervals[c->i].class;
	if (n <= BPF_PAIR_WORDS)
		return add_list(c, first, n);
	table = add_table(c->tree);
	for (uint64_t k = 0; k < BLOCK; k++) {
		uint32_t entry = put_block(c, first + k * size / BLOCK, size / BLOCK);

		c->tree->tables[table * (size_t)BLOCK + k] = entry;
	}
	return BPF_REF_TABLE | table;
}

static uint32_t *put_side(struct pair_tree *tree, const struct artefact_side *side, size_t tops)
{
	struct cursor c = { .tree = tree, .side = side };
	uint32_t *out = memory_array(tops, sizeof(*out));
	uint64_t first = side->intervals[0].first.lo;

	for (size_t i = 0; i < tops; i++)
		out[i] = put_block(&c, first + ((uint64_t)i << TOP_BITS), UINT64_C(1) << TOP_BITS);
	return out;
}

void pair_tree_init(struct pair_tree *out, const struct artefact_family *family)
{
	*out = (struct pair_tree){ .source_count = BPF_TOPS_SOURCE4,
				   .group_count = BPF_TOPS_GROUP4 };
	out->sources = put_side(out, &family->sources, out->source_count);
	out->groups = put_side(out, &family->groups, out->group_count);
}

void pair_tree_release(struct pair_tree *tree)
{
	free(tree->sources);
	free(tree->groups);
	free(tree->tables);
	free(tree->words);
}
