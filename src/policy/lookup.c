/* SPDX-License-Identifier: BSD-2-Clause */
/* Building the class tables of table.h, and those of the kernel.  Knows intervals and classes; no
 * rules. */
#include "policy/lookup.h"

#include <stdlib.h>

#include "base/memory.h"

#define BLOCK 256
#define BLOCKS_MAX 16384			/* 8 MB of 512 bytes each */

/* --- IPv4 --- */

struct pool {
	uint16_t *at;
	size_t	  n, cap;			/* blocks */
};

/* One side: its tops stand in the pool from the start. */
struct builder4 {
	struct pool	     *pool;
	const struct classes *classes;
	size_t		      i;		/* the interval that the sweep is in */
	int32_t		     *middles, *bottoms;	/* by class: the block of nothing else, or -1 */
};

/* The number of a new block with these values. */
static size_t add_block(struct pool *pool, const uint16_t values[BLOCK])
{
	if (pool->n == pool->cap) {
		pool->cap *= 2;
		pool->at = memory_grow(pool->at, pool->cap * BLOCK, sizeof(*pool->at));
	}
	memcpy(pool->at + pool->n * BLOCK, values, BLOCK * sizeof(*values));
	return pool->n++;
}

static size_t uniform_block(struct pool *pool, int32_t *known, unsigned value)
{
	uint16_t values[BLOCK];

	if (*known >= 0)
		return (size_t)*known;
	for (size_t i = 0; i < BLOCK; i++)
		values[i] = (uint16_t)value;
	*known = (int32_t)add_block(pool, values);
	return (size_t)*known;
}

static uint64_t interval_end(const struct classes *c, size_t i)
{
	return i + 1 < c->interval_count ? c->intervals[i + 1].first.lo : UINT64_C(1) << 32;
}

/* Moves to the interval of `first`; true where it reaches up to `end`. */
static bool is_uniform(struct builder4 *b, uint64_t first, uint64_t end, unsigned *out_class)
{
	while (interval_end(b->classes, b->i) <= first)
		b->i++;
	*out_class = b->classes->intervals[b->i].class;
	return interval_end(b->classes, b->i) >= end;
}

static size_t uniform_bottom(struct builder4 *b, unsigned class)
{
	return uniform_block(b->pool, &b->bottoms[class], class);
}

/* The bottom block of one /24. */
static size_t build_bottom(struct builder4 *b, uint64_t first)
{
	uint16_t values[BLOCK];
	unsigned class;

	if (is_uniform(b, first, first + BLOCK, &class))
		return uniform_bottom(b, class);
	for (unsigned i = 0; i < BLOCK; i++) {
		is_uniform(b, first + i, first + i + 1, &class);
		values[i] = (uint16_t)class;
	}
	return add_block(b->pool, values);
}

static bool is_full(const struct pool *pool)
{
	return pool->n > BLOCKS_MAX;
}

/* The middle block of one /16. */
static size_t build_middle(struct builder4 *b, uint64_t first)
{
	uint16_t values[BLOCK];
	unsigned class;

	if (is_uniform(b, first, first + BLOCK * BLOCK, &class))
		return uniform_block(b->pool, &b->middles[class],
				     (unsigned)uniform_bottom(b, class));
	for (unsigned i = 0; i < BLOCK; i++)
		values[i] = is_full(b->pool) ? 0 : (uint16_t)build_bottom(b, first + i * BLOCK);
	return add_block(b->pool, values);
}

static int32_t *nothing_known(size_t classes)
{
	int32_t *known = memory_array(classes, sizeof(*known));

	memset(known, 0xff, classes * sizeof(*known));
	return known;
}

/* Tops at pool[top ..]. */
static void build_side(struct pool *pool, const struct classes *classes, size_t top)
{
	struct builder4 b = { .pool = pool, .classes = classes };

	b.middles = nothing_known(classes->n);
	b.bottoms = nothing_known(classes->n);
	for (size_t i = 0; i < TOPS && !is_full(pool);) {
		uint64_t first = i * BLOCK * BLOCK;
		uint16_t middle = (uint16_t)build_middle(&b, first);
		bool uniform = classes->intervals[b.i].first.lo <= first;
		size_t end = interval_end(classes, b.i) / (BLOCK * BLOCK);

		if (!uniform || end <= i)
			end = i + 1;		/* else the interval goes on */
		for (uint16_t *tops = pool->at + top; i < end; i++)
			tops[i] = middle;
	}
	free(b.middles);
	free(b.bottoms);
}

uint16_t *blocks_new(const struct classes *sources, const struct classes *groups,
		     size_t *out_bytes)
{
	struct pool pool = { .n = 2 * TOPS / BLOCK, .cap = 1024 };

	pool.at = memory_array(pool.cap * BLOCK, sizeof(*pool.at));
	build_side(&pool, sources, 0);
	build_side(&pool, groups, TOPS);
	if (is_full(&pool)) {
		free(pool.at);
		return NULL;
	}
	*out_bytes += pool.cap * BLOCK * sizeof(*pool.at);
	return pool.at;
}

/* --- IPv6 --- */

#define REF_KIND (TRIE6_TABLE | TRIE6_LIST)

#define LIST_DEPTH 4				/* bytes before the 64 bits in the middle */
#define TAIL_DEPTH 12				/* bytes before the last four */

struct builder6 {
	struct trie6	     *trie;
	const struct classes *classes;
	enum side	      side;
	uint32_t	     *by_content;	/* hash table of tables: number + 1 */
	size_t		      mask;
};

/* Four sums side by side, for one would wait for its own multiplication all the time. */
static uint64_t hash_entries(const uint32_t entries[BLOCK])
{
	uint64_t h[4] = { 1, 2, 3, 4 };

	for (size_t i = 0; i < BLOCK; i += 4)
		for (size_t k = 0; k < 4; k++)
			h[k] = (h[k] + entries[i + k]) * UINT64_C(0x9fb21c651e98df25);
	for (size_t k = 1; k < 4; k++)
		h[0] = (h[0] ^ h[0] >> 29 ^ h[k]) * UINT64_C(0x9fb21c651e98df25);
	return h[0] ^ h[0] >> 32;
}

static void index_table(struct builder6 *b, uint32_t number)
{
	size_t i = hash_entries(b->trie->tables + (size_t)number * BLOCK) & b->mask;

	while (b->by_content[i])
		i = (i + 1) & b->mask;
	b->by_content[i] = number + 1;
}

static void grow_index(struct builder6 *b)
{
	if (2 * b->trie->table_count < b->mask)
		return;
	free(b->by_content);
	b->mask = 4 * (b->mask + 1) - 1;
	b->by_content = memory_array(b->mask + 1, sizeof(*b->by_content));
	for (uint32_t i = 0; i < b->trie->table_count; i++)
		index_table(b, i);
}

/* The number of a table with these entries: one that stands already, or a new one. */
static uint32_t intern_table(struct builder6 *b, const uint32_t entries[BLOCK])
{
	struct trie6 *t = b->trie;
	size_t i = hash_entries(entries) & b->mask;

	for (; b->by_content[i]; i = (i + 1) & b->mask)
		if (memcmp(t->tables + (size_t)(b->by_content[i] - 1) * BLOCK, entries,
			   BLOCK * sizeof(*entries)) == 0)
			return b->by_content[i] - 1;
	if (t->table_count == t->table_cap) {
		t->table_cap = t->table_cap ? 2 * t->table_cap : 16;
		t->tables = memory_grow(t->tables, t->table_cap * BLOCK, sizeof(*t->tables));
	}
	memcpy(t->tables + t->table_count * BLOCK, entries, BLOCK * sizeof(*entries));
	b->by_content[i] = (uint32_t)++t->table_count;
	grow_index(b);
	return (uint32_t)t->table_count - 1;
}

static struct addr shifted(struct addr a, unsigned depth, unsigned byte)
{
	unsigned bit = 120 - 8 * depth;

	if (bit >= 64)
		a.hi |= (uint64_t)byte << (bit - 64);
	else
		a.lo |= (uint64_t)byte << bit;
	return a;
}

/* Where interval i ends lies behind `last`, the last address of the slice. */
static bool reaches(const struct builder6 *b, size_t i, struct addr last)
{
	return i + 1 == b->classes->interval_count ||
	       addr_order(b->classes->intervals[i + 1].first, last) > 0;
}

/* The interval that holds a, at or behind i. */
static size_t seek(const struct builder6 *b, size_t i, struct addr a)
{
	while (i + 1 < b->classes->interval_count &&
	       addr_order(b->classes->intervals[i + 1].first, a) <= 0)
		i++;
	return i;
}

/* Scopes with the nibble F stand beside those with E in the second byte. */
static void join_scopes(const struct builder6 *b, struct addr first, unsigned depth,
			uint32_t entries[BLOCK])
{
	if (b->side != SIDE_GROUP || depth != 1 || first.hi >> 56 != 0xff)
		return;
	for (unsigned i = 0xf; i < BLOCK; i += 16)
		entries[i] = entries[i - 1];
}

static uint32_t build6(struct builder6 *b, struct addr first, unsigned depth, size_t *i);

/* The byte at this depth, of an address below `first`; one more than the last if it lies behind. */
static unsigned byte_of(struct addr a, struct addr first, unsigned depth)
{
	unsigned bit = 120 - 8 * depth;
	struct addr last = addr_last(first, 8 * depth);

	if (addr_order(a, last) > 0)
		return BLOCK;
	return (unsigned)(bit >= 64 ? a.hi >> (bit - 64) : a.lo >> bit) & 0xff;
}

/* How many of the next children are of the interval i alone. */
static unsigned uniform_children(const struct builder6 *b, struct addr first, unsigned depth,
				 unsigned byte, size_t i)
{
	if (i + 1 == b->classes->interval_count)
		return BLOCK - byte;
	return byte_of(b->classes->intervals[i + 1].first, first, depth) - byte;
}

static uint32_t build_table(struct builder6 *b, struct addr first, unsigned depth, size_t *i)
{
	uint32_t entries[BLOCK];
	bool uniform = true;

	for (unsigned byte = 0; byte < BLOCK;) {
		struct addr child = shifted(first, depth, byte);
		unsigned n;

		*i = seek(b, *i, child);
		n = uniform_children(b, first, depth, byte, *i);
		for (unsigned k = 0; k < n; k++)
			entries[byte + k] = b->classes->intervals[*i].class;
		if (n == 0)
			entries[byte] = build6(b, child, depth + 1, i);
		byte += n ? n : 1;
	}
	join_scopes(b, first, depth, entries);
	for (unsigned byte = 1; byte < BLOCK && uniform; byte++)
		uniform = entries[byte] == entries[0];
	return uniform ? entries[0] : intern_table(b, entries) | TRIE6_TABLE;
}

static void add_key(struct trie6 *t, struct list6 *list, uint64_t key, uint32_t next)
{
	if (list->n > 0 && t->nexts[t->key_count - 1] == next)
		return;
	if (t->key_count == t->key_cap) {
		t->key_cap = t->key_cap ? 2 * t->key_cap : 64;
		t->keys = memory_grow(t->keys, t->key_cap, sizeof(*t->keys));
		t->nexts = memory_grow(t->nexts, t->key_cap, sizeof(*t->nexts));
	}
	t->keys[t->key_count] = key;
	t->nexts[t->key_count++] = next;
	list->n++;
}

static bool same_keys(const struct trie6 *t, const struct list6 *a, const struct list6 *b)
{
	return a->n == b->n &&
	       memcmp(t->keys + a->first, t->keys + b->first, a->n * sizeof(*t->keys)) == 0 &&
	       memcmp(t->nexts + a->first, t->nexts + b->first, a->n * sizeof(*t->nexts)) == 0;
}

/* The list just written, or the one before it if both say the same: neighbours often do. */
static uint32_t intern_list(struct trie6 *t, struct list6 list)
{
	if (list.n == 1) {
		t->key_count = list.first;
		return t->nexts[list.first];
	}
	for (size_t back = 1; back <= 4 && back <= t->list_count; back++) {
		if (!same_keys(t, &t->lists[t->list_count - back], &list))
			continue;
		t->key_count = list.first;
		return (uint32_t)(t->list_count - back) | TRIE6_LIST;
	}
	if (t->list_count == t->list_cap) {
		t->list_cap = t->list_cap ? 2 * t->list_cap : 16;
		t->lists = memory_grow(t->lists, t->list_cap, sizeof(*t->lists));
	}
	t->lists[t->list_count] = list;
	return (uint32_t)t->list_count++ | TRIE6_LIST;
}

static uint64_t middle_of(struct addr a)
{
	return a.hi << 32 | a.lo >> 32;
}

/* The 64 bits in the middle: one key for each of their values at which a class begins, with
 * the table of the last four bytes behind it where it is not one class to its end. */
static uint32_t build_list(struct builder6 *b, struct addr first, size_t *i)
{
	struct addr last = addr_last(first, 8 * LIST_DEPTH);
	uint32_t top = (uint32_t)(first.hi >> 32);
	struct list6 list = { (uint32_t)b->trie->key_count, 0 };

	for (uint64_t key = 0;;) {
		struct addr at = addr_of6((uint64_t)top << 32 | key >> 32, key << 32);
		unsigned class;

		*i = seek(b, *i, at);
		class = b->classes->intervals[*i].class;
		if (reaches(b, *i, last)) {
			add_key(b->trie, &list, key, class);
			break;
		}
		if (reaches(b, *i, addr_last(at, 8 * TAIL_DEPTH))) {
			add_key(b->trie, &list, key, class);
			key = middle_of(b->classes->intervals[*i + 1].first);
			continue;
		}
		add_key(b->trie, &list, key, build6(b, at, TAIL_DEPTH, i));
		if (key++ == UINT64_MAX)
			break;
	}
	return intern_list(b->trie, list);
}

/* What stands behind `depth` bytes of the address `first`. */
static uint32_t build6(struct builder6 *b, struct addr first, unsigned depth, size_t *i)
{
	*i = seek(b, *i, first);
	if (reaches(b, *i, addr_last(first, 8 * depth)))
		return b->classes->intervals[*i].class;
	return depth == LIST_DEPTH ? build_list(b, first, i) : build_table(b, first, depth, i);
}

struct trie6 *trie6_new(const struct classes *classes, enum side side)
{
	struct trie6 *t = memory_take(sizeof(*t));
	struct builder6 b = { .trie = t, .classes = classes, .side = side, .mask = 255 };
	size_t i = 0;

	b.by_content = memory_array(b.mask + 1, sizeof(*b.by_content));
	t->root = build6(&b, addr_of6(0, 0), 0, &i);
	free(b.by_content);
	return t;
}

void trie6_free(struct trie6 *trie)
{
	if (!trie)
		return;
	free(trie->tables);
	free(trie->lists);
	free(trie->keys);
	free(trie->nexts);
	free(trie);
}
