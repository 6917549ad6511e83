/* SPDX-License-Identifier: BSD-2-Clause */
/* A binary tree over x; each node knows which y are covered at every x below it.  A box is
 * kept at the few nodes that make up its x range, and what both children cover moves up.
 * The y of a node are a treap of spans, for there may be a million, and they come in any order.
 * Knows no address. */
#include "net/region.h"

#include <assert.h>
#include <stddef.h>

/* Spans in order, apart by at least one cell; none has more weight than the one above it. */
struct span_y {
	struct span_y *left, *right;
	uint32_t       first, last, weight;
};

struct region_node {
	struct region_node *left, *right;
	struct span_y	   *spans;
};

struct region region_of(struct arena *arena, uint32_t columns)
{
	return (struct region){ arena, arena_take(arena, sizeof(struct region_node)), columns, 1 };
}

/* The first span that ends at y or behind it. */
static const struct span_y *find_span(const struct region_node *node, uint32_t y)
{
	const struct span_y *found = NULL, *s = node->spans;

	while (s) {
		if (s->last < y) {
			s = s->right;
		} else {
			found = s;
			s = s->left;
		}
	}
	return found;
}

static const struct span_y *next_span(const struct region_node *node, const struct span_y *s)
{
	return s->last < UINT32_MAX ? find_span(node, s->last + 1) : NULL;
}

/* All of the first tree lie before all of the second. */
static struct span_y *join(struct span_y *a, struct span_y *b)
{
	if (!a || !b)
		return a ? a : b;
	if (a->weight >= b->weight) {
		a->right = join(a->right, b);
		return a;
	}
	b->left = join(a, b->left);
	return b;
}

/* Those that begin at y or before it, and the others. */
static void part(struct span_y *s, uint32_t y, struct span_y **out, struct span_y **out_others)
{
	while (s) {
		if (s->first <= y) {
			*out = s;
			out = &s->right;
			s = s->right;
		} else {
			*out_others = s;
			out_others = &s->left;
			s = s->left;
		}
	}
	*out = NULL;
	*out_others = NULL;
}

/* xorshift: weights need only be as good as thrown dice. */
static uint32_t next_weight(struct region *region)
{
	uint32_t x = region->weight;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return region->weight = x;
}

/* A span alone, in the place of an old one where there is one. */
static struct span_y *span_alone(struct region *region, struct span_y *old, uint32_t first,
				 uint32_t last)
{
	struct span_y *s = old ? old : arena_take(region->arena, sizeof(*s));

	*s = (struct span_y){ .first = first, .last = last, .weight = next_weight(region) };
	return s;
}

/* One span in place of all that it covers or touches. */
static void add_span(struct region *region, struct region_node *node, uint32_t first,
		     uint32_t last)
{
	const struct span_y *touched = find_span(node, first > 0 ? first - 1 : 0);
	struct span_y *before = NULL, *inside, *behind;

	if (touched && touched->first <= first && last <= touched->last)
		return;
	if (touched && touched->first < first)
		first = touched->first;
	part(node->spans, last < UINT32_MAX ? last + 1 : last, &inside, &behind);
	if (first > 0)
		part(inside, first - 1, &before, &inside);
	for (const struct span_y *s = inside; s; s = s->right)
		last = s->last > last ? s->last : last;
	node->spans = join(join(before, span_alone(region, inside, first, last)), behind);
}

/* Moves up what both children cover between first and last. */
static void move_up(struct region *region, struct region_node *node, uint32_t first,
		    uint32_t last)
{
	const struct span_y *l, *r;

	if (!node->left || !node->right)
		return;
	l = find_span(node->left, first);
	r = find_span(node->right, first);
	while (l && r) {
		uint32_t from = l->first > r->first ? l->first : r->first;
		uint32_t to = l->last < r->last ? l->last : r->last;

		from = from > first ? from : first;
		to = to < last ? to : last;
		if (from > last)
			return;
		if (from <= to)
			add_span(region, node, from, to);
		if (l->last < r->last)
			l = next_span(node->left, l);
		else
			r = next_span(node->right, r);
	}
}

static struct region_node *need(struct region *region, struct region_node **child)
{
	if (!*child)
		*child = arena_take(region->arena, sizeof(**child));
	return *child;
}

static void add(struct region *region, struct region_node *node, uint32_t low, uint32_t high,
		const struct box *box)
{
	uint32_t middle = low + (high - low) / 2;

	if (box->x_first <= low && high <= box->x_last) {
		add_span(region, node, box->y_first, box->y_last);
		return;
	}
	if (box->x_first <= middle)
		add(region, need(region, &node->left), low, middle, box);
	if (box->x_last > middle)
		add(region, need(region, &node->right), middle + 1, high, box);
	move_up(region, node, box->y_first, box->y_last);
}

void region_add(struct region *region, struct box box)
{
	assert(box.x_first <= box.x_last && box.x_last < region->columns &&
	       box.y_first <= box.y_last);
	add(region, region->root, 0, region->columns - 1, &box);
}

static bool covers(const struct region_node *node, uint32_t low, uint32_t high, struct box box);

/* A piece of the box that this node leaves open: covered only if the children cover it. */
static bool covers_gap(const struct region_node *node, uint32_t low, uint32_t high,
		       struct box gap)
{
	uint32_t middle = low + (high - low) / 2;

	if (gap.x_first <= low && high <= gap.x_last)
		return false;
	return (gap.x_first > middle || covers(node->left, low, middle, gap)) &&
	       (gap.x_last <= middle || covers(node->right, middle + 1, high, gap));
}

static bool covers(const struct region_node *node, uint32_t low, uint32_t high, struct box box)
{
	uint32_t last = box.y_last;

	if (!node)
		return false;
	for (const struct span_y *s = find_span(node, box.y_first); s; s = next_span(node, s)) {
		if (s->first > last)
			break;
		if (s->first > box.y_first) {
			box.y_last = s->first - 1;
			if (!covers_gap(node, low, high, box))
				return false;
		}
		if (s->last >= last)
			return true;
		box.y_first = s->last + 1;
	}
	box.y_last = last;
	return covers_gap(node, low, high, box);
}

bool region_covers(const struct region *region, struct box box)
{
	assert(box.x_last < region->columns);
	return covers(region->root, 0, region->columns - 1, box);
}
