/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets as sorted disjoint ranges: each operation walks both lists once.  Knows no policy. */
#include "net/set.h"

#include <stdlib.h>

const struct set set_empty = { NULL, 0, 0 };

static int order_ranges(const void *a, const void *b)
{
	return addr_order(((const struct range *)a)->first, ((const struct range *)b)->first);
}

/* True where `next`, which does not begin before r, overlaps r or begins right behind it. */
static bool reaches(const struct range *r, const struct range *next)
{
	struct addr behind = addr_next(r->last);

	if (next->first.family != r->last.family)
		return false;
	return addr_order(next->first, r->last) <= 0 || addr_equal(next->first, behind);
}

/* Appends a range that does not begin before the last one. */
static void append(struct range *list, size_t *n, struct range next)
{
	struct range *last = *n ? &list[*n - 1] : NULL;

	if (!last || !reaches(last, &next))
		list[(*n)++] = next;
	else if (addr_order(next.last, last->last) > 0)
		last->last = next.last;
}

/* Room for so many was taken: the rest of it goes back. */
static struct set finish(struct arena *arena, const struct range *list, size_t room, size_t n)
{
	size_t n4 = 0;

	arena_shorten(arena, list, room * sizeof(*list), n * sizeof(*list));
	while (n4 < n && list[n4].first.family == FAMILY_IP4)
		n4++;
	return (struct set){ list, n, n4 };
}

struct set set_of(struct arena *arena, const struct range *ranges, size_t n)
{
	struct range *list = arena_room(arena, n, sizeof(*list));
	size_t joined = 0;
	bool sorted = true;

	for (size_t i = 0; i < n; i++) {
		list[i] = ranges[i];
		sorted = sorted && (i == 0 || order_ranges(&list[i - 1], &list[i]) <= 0);
	}
	if (!sorted)
		qsort(list, n, sizeof(*list), order_ranges);
	for (size_t i = 0; i < n; i++)
		append(list, &joined, list[i]);
	return finish(arena, list, n, joined);
}

/* --- one family at a time, so that addresses are plain numbers --- */

static inline bool is_below(const struct addr *a, const struct addr *b)
{
	return a->hi < b->hi || (a->hi == b->hi && a->lo < b->lo);
}

/* Where there is such a number. */
static inline struct addr above(struct addr a)
{
	a.hi += ++a.lo == 0;
	return a;
}

static inline struct addr below(struct addr a)
{
	a.hi -= a.lo-- == 0;
	return a;
}

/* True where there is at least one number between r and what begins at a, which r does not begin behind. */
static inline bool is_apart(const struct range *r, const struct addr *a)
{
	const struct addr before = below(*a);

	return is_below(&r->last, a) && is_below(&r->last, &before);
}

/* Writes the union behind `list`, and returns how many ranges that are. */
static size_t unite(const struct range *a, size_t a_n, const struct range *b, size_t b_n,
		    struct range *list)
{
	const struct range *a_end = a + a_n, *b_end = b + b_n;
	size_t n = 0;

	while (a < a_end || b < b_end) {
		bool from_a = b == b_end || (a < a_end && !is_below(&b->first, &a->first));
		const struct range *next = from_a ? a++ : b++;

		if (n == 0 || is_apart(&list[n - 1], &next->first))
			list[n++] = *next;
		else if (is_below(&list[n - 1].last, &next->last))
			list[n - 1].last = next->last;
	}
	return n;
}

/* The same of what is in a and not in b. */
static size_t subtract(const struct range *a, size_t a_n, const struct range *b, size_t b_n,
		       struct range *list)
{
	const struct range *a_end = a + a_n, *b_end = b + b_n;
	size_t n = 0;

	for (; a < a_end; a++) {
		struct range left = *a;
		bool more = true;

		while (b < b_end && is_below(&b->last, &left.first))
			b++;
		while (more && b < b_end && !is_below(&left.last, &b->first)) {
			if (is_below(&left.first, &b->first))
				list[n++] = (struct range){ left.first, below(b->first) };
			more = is_below(&b->last, &left.last);
			if (more)
				left.first = above(b++->last);
		}
		if (more)
			list[n++] = left;
	}
	return n;
}

typedef size_t combine(const struct range *a, size_t a_n, const struct range *b, size_t b_n,
		       struct range *list);

static struct set combine_families(struct arena *arena, const struct set *a, const struct set *b,
				   combine *with)
{
	size_t room = a->n + b->n, n4, n;
	struct range *list = arena_room(arena, room, sizeof(*list));

	n4 = with(a->ranges, a->n4, b->ranges, b->n4, list);
	n = n4 + with(a->ranges + a->n4, a->n - a->n4, b->ranges + b->n4, b->n - b->n4, list + n4);
	arena_shorten(arena, list, room * sizeof(*list), n * sizeof(*list));
	return (struct set){ list, n, n4 };
}

struct set set_union(struct arena *arena, const struct set *a, const struct set *b)
{
	return combine_families(arena, a, b, unite);
}

struct set set_difference(struct arena *arena, const struct set *a, const struct set *b)
{
	return combine_families(arena, a, b, subtract);
}

static struct addr later(struct addr a, struct addr b)
{
	return addr_order(a, b) >= 0 ? a : b;
}

static struct addr sooner(struct addr a, struct addr b)
{
	return addr_order(a, b) <= 0 ? a : b;
}

struct set set_intersection(struct arena *arena, const struct set *a, const struct set *b)
{
	struct range *list = arena_room(arena, a->n + b->n, sizeof(*list));
	size_t i = 0, j = 0, n = 0;

	while (i < a->n && j < b->n) {
		struct addr first = later(a->ranges[i].first, b->ranges[j].first);
		struct addr last = sooner(a->ranges[i].last, b->ranges[j].last);

		if (addr_order(first, last) <= 0)
			list[n++] = (struct range){ first, last };
		if (addr_order(a->ranges[i].last, b->ranges[j].last) < 0)
			i++;
		else
			j++;
	}
	return finish(arena, list, a->n + b->n, n);
}

bool set_is_empty(const struct set *s)
{
	return s->n == 0;
}

bool set_has_family(const struct set *s, enum family family)
{
	return family == FAMILY_IP4 ? s->n4 > 0 : family == FAMILY_IP6 && s->n > s->n4;
}

/* The first range that does not end before a; s->n where there is none.  Which half it is in is nothing
 * to guess, so it is computed. */
static size_t find_range(const struct set *s, struct addr a)
{
	size_t low = a.family == FAMILY_IP6 ? s->n4 : 0;
	size_t n = a.family == FAMILY_IP4 ? s->n4 : s->n - low;

	while (n > 0) {
		const struct addr *last = &s->ranges[low + n / 2].last;
		bool before = (last->family < a.family) |
			      ((last->family == a.family) &
			       ((last->hi < a.hi) | ((last->hi == a.hi) & (last->lo < a.lo))));

		low += before ? n / 2 + 1 : 0;
		n = before ? n - n / 2 - 1 : n / 2;
	}
	return low;
}

bool set_has(const struct set *s, struct addr a)
{
	return addr_is_there(a) && set_has_all(s, a, a);
}

bool set_has_all(const struct set *s, struct addr first, struct addr last)
{
	size_t i = find_range(s, first);

	return i < s->n && addr_order(s->ranges[i].first, first) <= 0 &&
	       addr_order(last, s->ranges[i].last) <= 0;
}

bool set_has_none(const struct set *s, struct addr first, struct addr last)
{
	size_t i = find_range(s, first);

	return i == s->n || addr_order(s->ranges[i].first, last) > 0;
}

bool set_equal(const struct set *a, const struct set *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!addr_equal(a->ranges[i].first, b->ranges[i].first) ||
		    !addr_equal(a->ranges[i].last, b->ranges[i].last))
			return false;
	return true;
}

bool set_within(const struct set *a, const struct set *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (!set_has_all(b, a->ranges[i].first, a->ranges[i].last))
			return false;
	return true;
}
