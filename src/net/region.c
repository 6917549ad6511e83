/* SPDX-License-Identifier: BSD-2-Clause */
/* A binary tree over x; each node knows which y are covered at every x below it.  A box is
 * kept at the few nodes that make up its x range, and what both children cover moves up.
 * Knows no address. */
#include "net/region.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

struct span_y {
	uint32_t first, last;
};

struct region_node {
	struct region_node *left, *right;
	struct span_y	   *spans;	/* sorted, apart by at least one cell */
	uint32_t	    n, cap;
};

struct region region_of(struct arena *arena, uint32_t columns)
{
	return (struct region){ arena, arena_take(arena, sizeof(struct region_node)), columns };
}

/* The first span that ends at y or behind it. */
static uint32_t find_span(const struct region_node *node, uint32_t y)
{
	uint32_t low = 0, high = node->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (node->spans[middle].last < y)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void make_room(struct region *region, struct region_node *node)
{
	struct span_y *larger;

	if (node->n < node->cap)
		return;
	node->cap = node->cap ? node->cap * 2 : 2;
	larger = arena_array(region->arena, node->cap, sizeof(*larger));
	if (node->n > 0)
		memcpy(larger, node->spans, node->n * sizeof(*larger));
	node->spans = larger;
}

static void add_span(struct region *region, struct region_node *node, uint32_t first,
		     uint32_t last)
{
	uint32_t from = find_span(node, first > 0 ? first - 1 : 0), to = from;

	while (to < node->n && node->spans[to].first <= (last < UINT32_MAX ? last + 1 : last)) {
		if (node->spans[to].first < first)
			first = node->spans[to].first;
		if (node->spans[to].last > last)
			last = node->spans[to].last;
		to++;
	}
	if (to == from) {
		make_room(region, node);
		memmove(&node->spans[from + 1], &node->spans[from],
			(node->n - from) * sizeof(*node->spans));
		node->n++;
	} else {
		memmove(&node->spans[from + 1], &node->spans[to],
			(node->n - to) * sizeof(*node->spans));
		node->n -= to - from - 1;
	}
	node->spans[from] = (struct span_y){ first, last };
}

/* Moves up what both children cover between first and last. */
static void move_up(struct region *region, struct region_node *node, uint32_t first,
		    uint32_t last)
{
	const struct region_node *l = node->left, *r = node->right;
	uint32_t i, j;

	if (!l || !r)
		return;
	i = find_span(l, first);
	j = find_span(r, first);
	while (i < l->n && j < r->n) {
		uint32_t from = l->spans[i].first > r->spans[j].first ? l->spans[i].first
								      : r->spans[j].first;
		uint32_t to = l->spans[i].last < r->spans[j].last ? l->spans[i].last
								  : r->spans[j].last;

		from = from > first ? from : first;
		to = to < last ? to : last;
		if (from > last)
			return;
		if (from <= to)
			add_span(region, node, from, to);
		if (l->spans[i].last < r->spans[j].last)
			i++;
		else
			j++;
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
	for (uint32_t i = find_span(node, box.y_first); i < node->n; i++) {
		const struct span_y *s = &node->spans[i];

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
