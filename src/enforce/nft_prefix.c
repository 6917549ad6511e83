/* SPDX-License-Identifier: BSD-2-Clause */
/* The least set of nested prefixes (optimal routing table construction: Draves, King,
 * Venkatachary, Zill 1999), and how few lengths do.  Knows no text and no packet. */
#include "enforce/nft_prefix.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/memory.h"

#define LENGTHS_MAX_IP4 3
#define CANDIDATES 8			/* targets kept for a prefix; the best ones are enough */

struct node {
	uint32_t targets[CANDIDATES];
	uint32_t child[2];		/* 0: a leaf */
	uint8_t	 n;
};

struct trie {
	const struct stretch *stretches;
	struct node	     *nodes;
	size_t		      n, cap;
};

/* --- the least set of nested prefixes --- */

static bool has_target(const struct node *node, uint32_t target)
{
	for (unsigned i = 0; i < node->n; i++)
		if (node->targets[i] == target)
			return true;
	return false;
}

static void add_target(struct node *node, uint32_t target)
{
	if (node->n < CANDIDATES && !has_target(node, target))
		node->targets[node->n++] = target;
}

/* What both children can have; where that is nothing, what any of them can. */
static void join_targets(struct node *out, const struct node *a, const struct node *b)
{
	for (unsigned i = 0; i < a->n; i++)
		if (has_target(b, a->targets[i]))
			add_target(out, a->targets[i]);
	if (out->n > 0)
		return;
	for (unsigned i = 0; i < CANDIDATES / 2 && i < a->n; i++)
		add_target(out, a->targets[i]);
	for (unsigned i = 0; i < b->n; i++)
		add_target(out, b->targets[i]);
}

static uint32_t add_node(struct trie *t)
{
	if (t->n == t->cap) {
		t->cap = 2 * t->cap + 256;
		t->nodes = memory_grow(t->nodes, t->cap, sizeof(*t->nodes));
	}
	t->nodes[t->n] = (struct node){ .n = 0 };
	return (uint32_t)t->n++;
}

size_t stretch_find(const struct stretch *stretches, size_t n, size_t i, wide number)
{
	size_t end = n;

	while (end - i > 1) {
		size_t middle = i + (end - i) / 2;

		if (stretches[middle].first <= number)
			i = middle;
		else
			end = middle;
	}
	return i;
}

/* The node of a block, which the i-th to the j-th stretch share.  Recursion is as deep as an address
 * is long. */
static uint32_t build(struct trie *t, const struct domain *d, wide first, unsigned length,
		      size_t i, size_t j)
{
	wide half = domain_low_bits(d, length) / 2 + 1;
	uint32_t node = add_node(t), left, right;
	size_t middle;

	if (i == j) {
		add_target(&t->nodes[node], t->stretches[i].target);
		return node;
	}
	middle = stretch_find(t->stretches, j + 1, i, first + half);
	left = build(t, d, first, length + 1, i,
		     t->stretches[middle].first == first + half ? middle - 1 : middle);
	right = build(t, d, first + half, length + 1, middle, j);
	join_targets(&t->nodes[node], &t->nodes[left], &t->nodes[right]);
	t->nodes[node].child[0] = left;
	t->nodes[node].child[1] = right;
	return node;
}

void entries_add(struct entries *e, wide key, unsigned length, uint32_t target)
{
	if (e->n == e->cap) {
		e->cap = 2 * e->cap + 64;
		e->list = memory_grow(e->list, e->cap, sizeof(*e->list));
	}
	e->list[e->n++] = (struct entry){ key, target, (uint8_t)length };
}

static void pick(const struct trie *t, const struct domain *d, uint32_t index, wide first,
		 unsigned length, uint32_t inherited, struct entries *out)
{
	const struct node *node = &t->nodes[index];
	wide half = domain_low_bits(d, length) / 2 + 1;

	if (!has_target(node, inherited)) {
		inherited = node->targets[0];
		entries_add(out, first, length, inherited);
	}
	if (!node->child[0])
		return;
	pick(t, d, node->child[0], first, length + 1, inherited, out);
	pick(t, d, node->child[1], first + half, length + 1, inherited, out);
}

/* The target of all that no entry names. */
uint32_t entries_of(const struct domain *d, const struct stretch *stretches, size_t n,
			     struct entries *out)
{
	struct trie t = { .stretches = stretches };
	uint32_t root = build(&t, d, d->base, d->at, 0, n - 1), other = t.nodes[root].targets[0];

	pick(&t, d, root, d->base, d->at, other, out);
	free(t.nodes);
	return other;
}

/* --- a few lengths --- */

#define TOO_MANY (UINT64_C(1) << 60)

/* How many entries have which length: ascending, only lengths that there are. */
struct census {
	uint8_t	 length[129];
	uint64_t count[129];
	unsigned n;
};

static struct census count_lengths(const struct entries *e)
{
	uint64_t counts[129] = { 0 };
	struct census out = { .n = 0 };

	for (size_t i = 0; i < e->n; i++)
		counts[e->list[i].length]++;
	for (unsigned l = 0; l < COUNT(counts); l++) {
		if (counts[l] == 0)
			continue;
		out.length[out.n] = (uint8_t)l;
		out.count[out.n++] = counts[l];
	}
	return out;
}

/* What the lengths from the first to the last become when all get the last. */
static uint64_t expanded(const struct census *c, unsigned first, unsigned last)
{
	uint64_t n = 0;

	for (unsigned i = first; i <= last; i++) {
		unsigned more = c->length[last] - c->length[i];

		n += more > 40 ? TOO_MANY : c->count[i] << more;
		n = n < TOO_MANY ? n : TOO_MANY;
	}
	return n;
}

/* best[k][i]: the fewest elements for the first i + 1 lengths with k + 1 hashes. */
static struct lengths choose_lengths(const struct census *c, unsigned hashes)
{
	uint64_t best[LENGTHS_MAX][129];
	uint8_t from[LENGTHS_MAX][129] = { { 0 } };
	struct lengths out = { .n = hashes };
	unsigned at = c->n - 1;

	for (unsigned i = 0; i < c->n; i++)
		best[0][i] = expanded(c, 0, i);
	for (unsigned k = 1; k < hashes; k++) {
		for (unsigned i = k; i < c->n; i++) {
			best[k][i] = TOO_MANY;
			for (unsigned j = k - 1; j < i; j++) {
				uint64_t sum = best[k - 1][j] + expanded(c, j + 1, i);

				if (sum >= best[k][i])
					continue;
				best[k][i] = sum;
				from[k][i] = (uint8_t)j;
			}
		}
	}
	out.elements = best[hashes - 1][c->n - 1];
	for (unsigned k = hashes; k-- > 0;) {
		out.list[k] = c->length[at];
		at = from[k][at];
	}
	return out;
}

/* Elements of IPv4 that a hash less is worth: measured, a tenth of a packet's cost for a list of
 * prefixes; a policy of many small maps must not take longer to come into force. */
static uint64_t enough(uint64_t n)
{
	uint64_t few = 12 * n + 64, many = 3 * n + 1024 > 16384 ? 3 * n + 1024 : 16384;

	return few < many ? few : many;
}

/* The fewest hashes that take not many more elements than there are entries: a hash more costs
 * those packets that come so far, an element a microsecond of every reload, and room in caches.
 * Where one byte is left even one hash of all its values is good. */
bool lengths_of(const struct domain *d, const struct entries *e, struct lengths *out)
{
	uint64_t some = d->family == FAMILY_IP4 ? enough(e->n) : e->n + e->n / 8 + 4;
	uint64_t many = 4 * e->n + 1024;
	unsigned most = d->family == FAMILY_IP4 ? LENGTHS_MAX_IP4 : LENGTHS_MAX;
	struct census census = count_lengths(e);

	if (d->bits - d->at <= STRIDE)
		many = 1u << STRIDE;
	for (unsigned k = 1; k <= most && k <= census.n; k++) {
		*out = choose_lengths(&census, k);
		if (out->elements <= some)
			return true;
	}
	return out->elements <= many;
}

static int order_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return y->length - x->length;
}

/* All entries that get this length, each key once: of those that cover it the longest. */
struct entries entries_expand(const struct domain *d, const struct entries *e, unsigned above,
			     unsigned length)
{
	struct entries all = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++) {
		const struct entry *entry = &e->list[i];
		wide step = domain_low_bits(d, length) + 1, last;

		if (entry->length <= above || entry->length > length)
			continue;
		last = entry->key + domain_low_bits(d, entry->length);
		for (wide key = entry->key;; key += step) {
			entries_add(&all, key, entry->length, entry->target);
			if (last - key < step)
				break;
		}
	}
	if (all.n > 0)
		qsort(all.list, all.n, sizeof(*all.list), order_entries);
	for (size_t i = 0; i < all.n; i++)
		if (n == 0 || all.list[n - 1].key != all.list[i].key)
			all.list[n++] = all.list[i];
	all.n = n;
	return all;
}
