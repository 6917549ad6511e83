/* SPDX-License-Identifier: BSD-2-Clause */
/* Building the map of map6.h from the intervals of struct classes.  Knows no rules. */
#include "policy/map6.h"

#include <stdlib.h>

#include "base/memory.h"
#include "policy/classes.h"

#define BITS_MAX 8				/* that one node tells apart */
/* A node's entries are at most so many times the different values that they are for: more steps are
 * saved than memory is lost, until there is much to keep. */
#define ROOM 16
#define ROOM_OF_MANY 4
#define MANY 16384				/* intervals */
/* From this depth on slices are alike wherever they lie: before, scopes are told apart. */
#define DEPTH_ALIKE 16

/* A slice that was built, its first address left out. */
struct alike {
	uint32_t depth;				/* 0: none */
	uint32_t i, j, built;
};

struct builder {
	struct map6	     *map;
	const struct interval *intervals;
	bool		      of_groups;
	unsigned	      room;
	uint32_t	     *by_content;	/* hash table of nodes: number + 1 */
	size_t		      mask;
	struct alike	     *alike;		/* hash table of slices */
	size_t		      alike_mask, alike_count;
};

/* Addresses that share their first `depth` bits, and the intervals from the one that holds the first
 * of them to the one that holds the last. */
struct slice {
	struct addr first;
	unsigned    depth;
	size_t	    i, j;
};

static uint32_t class_at(const struct builder *b, size_t i)
{
	return b->intervals[i].class | MAP6_CLASS;
}

/* --- alike nodes --- */

static size_t entry_count(const struct map6_node *node)
{
	return node->index_mask + 1u;
}

static uint64_t mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * UINT64_C(0x9fb21c651e98df25);
	return h ^ h >> 29;
}

static uint64_t hash_node(const struct map6_node *n, const uint32_t *entries)
{
	uint64_t h = mix(mix(n->value_hi, n->value_lo), n->mask_hi ^ n->mask_lo);
	uint64_t sums[4] = { 0 };	/* side by side: one would wait for its own multiplication */

	h = mix(h, (uint64_t)n->below << 32 | n->above);
	h = mix(h, (uint64_t)n->shift << 32 | (uint64_t)n->is_low << 16 | n->index_mask);
	for (size_t i = 0; i < entry_count(n); i++)
		sums[i % 4] = (sums[i % 4] + entries[i]) * UINT64_C(0x9fb21c651e98df25);
	for (size_t i = 0; i < 4; i++)
		h = mix(h, sums[i]);
	return h;
}

static bool is_alike(const struct map6_node *a, const uint32_t *a_entries,
		     const struct map6_node *b, const uint32_t *b_entries)
{
	return a->mask_hi == b->mask_hi && a->mask_lo == b->mask_lo &&
	       a->value_hi == b->value_hi && a->value_lo == b->value_lo &&
	       a->below == b->below && a->above == b->above && a->is_low == b->is_low &&
	       a->shift == b->shift && a->index_mask == b->index_mask &&
	       memcmp(a_entries, b_entries, entry_count(a) * sizeof(*a_entries)) == 0;
}

static void index_node(struct builder *b, uint32_t number)
{
	const struct map6_node *n = &b->map->nodes[number];
	size_t i = hash_node(n, b->map->entries + n->entries) & b->mask;

	while (b->by_content[i])
		i = (i + 1) & b->mask;
	b->by_content[i] = number + 1;
}

static void grow_index(struct builder *b)
{
	if (2 * b->map->node_count < b->mask)
		return;
	free(b->by_content);
	b->mask = 4 * (b->mask + 1) - 1;
	b->by_content = memory_array(b->mask + 1, sizeof(*b->by_content));
	for (uint32_t i = 0; i < b->map->node_count; i++)
		index_node(b, i);
}

/* --- alike slices: what embeds prefixes has the same ones under each scope and flag --- */

/* The bits of an address behind those that a slice of this depth shares. */
static struct addr bits_behind(unsigned depth)
{
	return addr_last(addr_of6(0, 0), depth);
}

static uint64_t hash_slice(const struct builder *b, const struct alike *s)
{
	struct addr bits = bits_behind(s->depth);
	uint64_t h = mix(s->depth, b->intervals[s->i].class);

	for (size_t i = s->i + 1; i <= s->j; i++) {
		const struct interval *at = &b->intervals[i];

		h = mix(h, (at->first.hi & bits.hi) * 3 + (at->first.lo & bits.lo) * 5 + at->class);
	}
	return h;
}

static bool is_same(const struct builder *b, const struct alike *s, const struct alike *t)
{
	const struct interval *x = &b->intervals[s->i], *y = &b->intervals[t->i];
	struct addr bits = bits_behind(s->depth);

	if (s->depth != t->depth || s->j - s->i != t->j - t->i || x->class != y->class)
		return false;
	for (size_t n = s->j - s->i; n > 0; n--) {
		x++;
		y++;
		if (((x->first.hi ^ y->first.hi) & bits.hi) != 0 ||
		    ((x->first.lo ^ y->first.lo) & bits.lo) != 0 || x->class != y->class)
			return false;
	}
	return true;
}

/* Such a slice, or where it belongs. */
static struct alike *find_alike(const struct builder *b, const struct alike *s, uint64_t hash)
{
	size_t at = hash & b->alike_mask;

	while (b->alike[at].depth && !is_same(b, &b->alike[at], s))
		at = (at + 1) & b->alike_mask;
	return &b->alike[at];
}

static void grow_alike(struct builder *b)
{
	struct alike *old = b->alike;
	size_t n = b->alike_mask + 1;

	b->alike_mask = 4 * n - 1;
	b->alike = memory_array(b->alike_mask + 1, sizeof(*b->alike));
	for (size_t i = 0; i < n; i++)
		if (old[i].depth)
			*find_alike(b, &old[i], hash_slice(b, &old[i])) = old[i];
	free(old);
}

static void keep_alike(struct builder *b, const struct alike *s, uint64_t hash)
{
	if (2 * ++b->alike_count > b->alike_mask)
		grow_alike(b);
	*find_alike(b, s, hash) = *s;
}

static size_t larger(size_t cap, size_t least)
{
	cap = cap ? cap + cap / 2 : 64;
	return cap > least ? cap : least;
}

static void make_room(struct map6 *m, size_t entries)
{
	if (m->node_count == m->node_cap) {
		m->node_cap = larger(m->node_cap, 1);
		m->nodes = memory_grow(m->nodes, m->node_cap, sizeof(*m->nodes));
	}
	if (m->entry_cap - m->entry_count < entries) {
		m->entry_cap = larger(m->entry_cap, m->entry_count + entries);
		m->entries = memory_grow(m->entries, m->entry_cap, sizeof(*m->entries));
	}
}

/* The number of such a node: one that stands already, or a new one. */
static uint32_t intern(struct builder *b, const struct map6_node *node, const uint32_t *entries)
{
	struct map6 *m = b->map;
	size_t i = hash_node(node, entries) & b->mask, n = entry_count(node);

	for (; b->by_content[i]; i = (i + 1) & b->mask) {
		const struct map6_node *known = &m->nodes[b->by_content[i] - 1];

		if (is_alike(known, m->entries + known->entries, node, entries))
			return b->by_content[i] - 1;
	}
	make_room(m, n);
	memcpy(m->entries + m->entry_count, entries, n * sizeof(*entries));
	m->nodes[m->node_count] = *node;
	m->nodes[m->node_count].entries = (uint32_t)m->entry_count;
	m->entry_count += n;
	b->by_content[i] = (uint32_t)++m->node_count;
	grow_index(b);
	return (uint32_t)m->node_count - 1;
}

/* --- where addresses part --- */

static unsigned common_bits(struct addr a, struct addr b)
{
	if (a.hi != b.hi)
		return (unsigned)__builtin_clzll(a.hi ^ b.hi);
	return a.lo == b.lo ? 128 : 64 + (unsigned)__builtin_clzll(a.lo ^ b.lo);
}

/* Which bits tell apart, within one half of an address. */
struct window {
	bool	 is_low;
	unsigned shift, mask;
};

static struct window window_of(unsigned depth, unsigned bits)
{
	unsigned end = depth + bits;

	return (struct window){ depth >= 64, bits == 0 ? 0 : (depth >= 64 ? 128 : 64) - end,
				(1u << bits) - 1 };
}

static unsigned value_of(struct addr a, struct window w)
{
	return (unsigned)((w.is_low ? a.lo : a.hi) >> w.shift) & w.mask;
}

/* How many values of the window some interval of the slice begins at. */
static unsigned count_values(const struct builder *b, const struct slice *s, struct window w)
{
	unsigned n = 0, last = UINT32_MAX;

	for (size_t i = s->i + 1; i <= s->j; i++) {
		unsigned value = value_of(b->intervals[i].first, w);

		n += value != last;
		last = value;
	}
	return n;
}

static unsigned choose_bits(const struct builder *b, const struct slice *s, unsigned depth)
{
	unsigned left = (depth < 64 ? 64 : 128) - depth, bits = left < BITS_MAX ? left : BITS_MAX;

	while (bits > 1 && b->room * count_values(b, s, window_of(depth, bits)) < 1u << bits)
		bits--;
	return bits;
}

static uint32_t build(struct builder *b, const struct slice *s);

static struct addr behind(struct addr first, unsigned value, struct window w)
{
	*(w.is_low ? &first.lo : &first.hi) |= (uint64_t)value << w.shift;
	return first;
}

/* The slice of one value of the window, in which interval i + 1 begins. */
static struct slice narrow(const struct builder *b, const struct slice *s, size_t i, unsigned value,
			   unsigned bits)
{
	unsigned depth = s->depth + bits;
	struct slice child = { behind(s->first, value, window_of(s->depth, bits)), depth, i, i };
	struct addr last = addr_last(child.first, depth);

	if (addr_equal(b->intervals[i + 1].first, child.first))
		child.i = child.j = i + 1;
	while (child.j < s->j && addr_order(b->intervals[child.j + 1].first, last) <= 0)
		child.j++;
	return child;
}

/* An entry for each value of the `bits` bits behind those that the slice shares. */
static void fill(struct builder *b, const struct slice *s, unsigned bits, uint32_t *entries)
{
	struct window w = window_of(s->depth, bits);
	struct addr last = addr_last(s->first, s->depth);
	unsigned value = 0;
	size_t i = s->i;

	while (i < s->j && addr_order(b->intervals[i + 1].first, s->first) <= 0)
		i++;
	while (value <= w.mask) {
		bool more = i < s->j && addr_order(b->intervals[i + 1].first, last) <= 0;
		unsigned next = more ? value_of(b->intervals[i + 1].first, w) : w.mask + 1;
		uint32_t class = class_at(b, i);
		struct slice child;

		while (value < next)
			entries[value++] = class;
		if (!more)
			break;
		child = narrow(b, s, i, value, bits);
		entries[value++] = build(b, &child);
		i = child.j;
	}
}

/* Scopes with the nibble F stand beside those with E in the second byte. */
static void join_scopes(uint32_t entries[1 << BITS_MAX])
{
	for (unsigned i = 0xf; i < 1u << BITS_MAX; i += 16)
		entries[i] = entries[i - 1];
}

/* A node for the slice, all of whose changes share the first `depth` bits of `at`. */
static uint32_t build_node(struct builder *b, const struct slice *s, struct addr at, unsigned depth,
			   unsigned bits)
{
	struct addr known = addr_last(addr_of6(0, 0), s->depth);
	struct addr rest = addr_last(addr_of6(0, 0), depth);
	struct window w = window_of(depth, bits);
	struct map6_node node = { .mask_hi = known.hi & ~rest.hi, .mask_lo = known.lo & ~rest.lo,
				  .below = class_at(b, s->i), .above = class_at(b, s->j),
				  .is_low = w.is_low, .shift = (uint8_t)w.shift,
				  .index_mask = (uint16_t)w.mask };
	struct slice inner = { addr_first(at, depth), depth, s->i, s->j };
	uint32_t entries[1 << BITS_MAX];

	node.value_hi = at.hi & node.mask_hi;
	node.value_lo = at.lo & node.mask_lo;
	fill(b, &inner, bits, entries);
	if (b->of_groups && depth == 8 && bits == BITS_MAX && at.hi >> 56 == 0xff)
		join_scopes(entries);
	return intern(b, &node, entries);
}

/* What changes within the slice lies between where its second interval begins and where its last but
 * one ends. */
static uint32_t build_changes(struct builder *b, const struct slice *s)
{
	struct addr first, last;
	unsigned depth;

	first = last = b->intervals[s->i + 1].first;
	if (s->j > s->i + 1)
		last = addr_previous(b->intervals[s->j].first);
	depth = common_bits(first, last);
	return build_node(b, s, first, depth, depth < 128 ? choose_bits(b, s, depth) : 0);
}

static uint32_t build(struct builder *b, const struct slice *s)
{
	struct alike alike = { s->depth, (uint32_t)s->i, (uint32_t)s->j, 0 };
	const struct alike *known;
	uint64_t hash;

	if (s->i == s->j)
		return class_at(b, s->i);
	if (s->depth < DEPTH_ALIKE)
		return build_changes(b, s);
	hash = hash_slice(b, &alike);
	known = find_alike(b, &alike, hash);
	if (known->depth)
		return known->built;
	alike.built = build_changes(b, s);
	keep_alike(b, &alike, hash);
	return alike.built;
}

/* The second byte of a group is told apart at once, for the sake of scope F. */
static uint32_t build_groups(struct builder *b, size_t n)
{
	struct slice s = { addr_of6(UINT64_C(0xff) << 56, 0), 8, 0, n - 1 };

	while (s.i < s.j && addr_order(b->intervals[s.i + 1].first, s.first) <= 0)
		s.i++;
	return build_node(b, &s, s.first, 8, BITS_MAX);
}

/* How many intervals begin before ff00::/8. */
static size_t count_unicast(const struct classes *classes)
{
	size_t n = 1;

	while (n < classes->interval_count && classes->intervals[n].first.hi >> 56 != 0xff)
		n++;
	return n;
}

/* What groups are under ff00::/8 is for root_ff alone. */
struct map6 *map6_new(const struct classes *classes, bool of_groups)
{
	struct builder b = { .map = memory_take(sizeof(*b.map)), .intervals = classes->intervals,
			     .of_groups = of_groups, .mask = 255, .alike_mask = 255,
			     .room = classes->interval_count > MANY ? ROOM_OF_MANY : ROOM };
	size_t n = of_groups ? count_unicast(classes) : classes->interval_count;
	struct slice all = { addr_of6(0, 0), 0, 0, n - 1 };

	b.by_content = memory_array(b.mask + 1, sizeof(*b.by_content));
	b.alike = memory_array(b.alike_mask + 1, sizeof(*b.alike));
	b.map->root = build(&b, &all);
	b.map->root_ff = of_groups ? build_groups(&b, classes->interval_count)
					    : b.map->root;
	free(b.by_content);
	free(b.alike);
	return b.map;
}

void map6_free(struct map6 *map)
{
	if (!map)
		return;
	free(map->nodes);
	free(map->entries);
	free(map);
}

size_t map6_bytes(const struct map6 *map)
{
	return sizeof(*map) + map->node_cap * sizeof(*map->nodes) +
	       map->entry_cap * sizeof(*map->entries);
}
