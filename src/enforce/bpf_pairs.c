/* SPDX-License-Identifier: BSD-2-Clause */
/* Pairs and single IPv6 addresses in tables of two places, and IPv4 addresses in a tree of blocks and
 * short lists.  Knows no image. */
#include "enforce/bpf_pairs.h"

#include <stdlib.h>
#include <string.h>

#include "base/cuckoo.h"
#include "base/memory.h"

static uint64_t hash_pair(const void *items, size_t i, uint64_t seed)
{
	const struct artefact_pair *pair = (const struct artefact_pair *)items + i;

	return bpf_pair_hash(seed, (uint32_t)pair->source << 16 | pair->group);
}

bool pair_slots_init(struct pair_slots *out, const struct artefact_pairs *pairs, uint32_t first)
{
	struct cuckoo cuckoo;
	struct bpf_pair *list;

	if (!cuckoo_init(&cuckoo, pairs->list, pairs->n, hash_pair))
		return false;
	list = memory_array(cuckoo.mask + 1u, sizeof(*list));
	for (size_t i = 0; i <= cuckoo.mask; i++) {
		uint32_t item = cuckoo.slots[i] - 1;
		const struct artefact_pair *pair = &pairs->list[item];

		list[i].key = BPF_PAIR_NONE;
		if (cuckoo.slots[i] > 0)
			list[i] = (struct bpf_pair){ (uint32_t)pair->source << 16 | pair->group,
						     first + item * (uint32_t)sizeof(uint32_t) };
	}
	*out = (struct pair_slots){ list, cuckoo.mask, cuckoo.seed };
	cuckoo_release(&cuckoo);
	return true;
}

void pair_slots_release(struct pair_slots *slots)
{
	free(slots->list);
}

/* --- hosts --- */

static uint64_t hash_host(const void *items, size_t i, uint64_t seed)
{
	const struct bpf_host *host = (const struct bpf_host *)items + i;

	return bpf_host_hash(seed, host->hi, host->lo);
}

static bool place_hosts(struct pair_slots *out, const struct bpf_host *hosts, size_t n)
{
	struct cuckoo cuckoo;
	struct bpf_host *list;

	if (!cuckoo_init(&cuckoo, hosts, n, hash_host))
		return false;
	list = memory_array(cuckoo.mask + 1u, sizeof(*list));
	for (size_t i = 0; i <= cuckoo.mask; i++) {
		list[i].class = BPF_PAIR_NONE;
		if (cuckoo.slots[i] > 0)
			list[i] = hosts[cuckoo.slots[i] - 1];
	}
	*out = (struct pair_slots){ list, cuckoo.mask, cuckoo.seed };
	cuckoo_release(&cuckoo);
	return true;
}

/* The first interval stays, for every address is in one. */
bool pair_hosts_init(struct pair_hosts *out, const struct artefact_side *side)
{
	struct bpf_host *hosts = memory_array(side->n, sizeof(*hosts));
	struct interval *rest = memory_array(side->n, sizeof(*rest));
	size_t host_count = 0, n = 0;
	bool good;

	for (size_t i = 0; i < side->n; i++) {
		const struct interval *at = &side->intervals[i];

		if (i > 0 && addr_equal(artefact_last(side, i), at->first))
			hosts[host_count++] = (struct bpf_host){ at->first.hi, at->first.lo,
								 at->class, 0 };
		else if (n == 0 || rest[n - 1].class != at->class)
			rest[n++] = *at;
	}
	*out = (struct pair_hosts){ .rest = { rest, n, side->classes }, .intervals = rest };
	good = place_hosts(&out->slots, hosts, host_count);
	free(hosts);
	if (!good)
		free(rest);
	return good;
}

void pair_hosts_release(struct pair_hosts *hosts)
{
	pair_slots_release(&hosts->slots);
	free(hosts->intervals);
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
