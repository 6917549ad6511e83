/* SPDX-License-Identifier: BSD-2-Clause */
/* The map of IPv6 addresses against a search in the intervals that it is made of: where each of them
 * begins and before and behind it, and in between. */
#include "t.h"

#include <stdlib.h>

#include "policy/classes.h"
#include "policy/map6.h"

#define STARTS_MAX 4096

static uint64_t seed = 88172645463325252u;

static int order(const void *a, const void *b)
{
	return addr_order(*(const struct addr *)a, *(const struct addr *)b);
}

/* Like another address, but for some bits at any place. */
static struct addr near(struct addr a)
{
	unsigned shift = (unsigned)(t_random(&seed) % 128), width = 1 + (unsigned)(t_random(&seed) % 16);
	unsigned __int128 bits = (unsigned __int128)(t_random(&seed) & ((1u << width) - 1)) << shift;

	a.hi ^= (uint64_t)(bits >> 64);
	a.lo ^= (uint64_t)bits;
	return a;
}

/* Starts of all kinds: alone, in heaps, one right behind the other, where prefixes begin and end. */
static size_t draw_starts(struct addr *out, size_t n)
{
	size_t kept = 1;

	out[0] = addr_of6(0, 0);
	for (size_t i = 1; i < n; i++) {
		struct addr other = out[t_random(&seed) % i];
		uint64_t r = t_random(&seed);

		out[i] = r % 8 == 0   ? addr_of6(t_random(&seed), t_random(&seed))
			 : r % 8 == 1 ? addr_of6(UINT64_C(0xff) << 56 | t_random(&seed) >> 8, r >> 8)
			 : r % 8 < 4  ? addr_next(other)
			 : r % 8 < 6  ? addr_first(other, (unsigned)(t_random(&seed) % 129))
				      : near(other);
	}
	qsort(out, n, sizeof(*out), order);
	for (size_t i = 1; i < n; i++)
		if (!addr_equal(out[i], out[kept - 1]))
			out[kept++] = out[i];
	return kept;
}

static unsigned class_of(const struct classes *c, struct addr a, bool of_groups)
{
	if (of_groups && a.hi >> 56 == 0xff && (a.hi >> 48 & 0xf) == 0xf)
		a.hi &= ~(UINT64_C(1) << 48);
	return classes_of(c, a);
}

static void compare(const struct classes *c, bool of_groups)
{
	struct map6 *map = map6_new(c, of_groups);

	for (size_t i = 0; i < c->interval_count; i++) {
		struct addr first = c->intervals[i].first;
		struct addr asked[] = { addr_previous(first), first, addr_next(first), near(first),
					addr_of6(t_random(&seed), t_random(&seed)),
					addr_of6(first.hi | UINT64_C(0xf) << 48, first.lo) };

		for (size_t k = 0; k < COUNT(asked); k++)
			check(map6_class(map, asked[k].hi, asked[k].lo) ==
			      class_of(c, asked[k], of_groups));
	}
	check(map6_bytes(map) < 4096 + 400 * c->interval_count);
	map6_free(map);
}

static void test_every_edge(void)
{
	static struct addr starts[STARTS_MAX];
	static struct interval intervals[STARTS_MAX];

	for (unsigned round = 0; round < 200; round++) {
		size_t n = draw_starts(starts, 1 + t_random(&seed) % (round % 10 ? 64 : STARTS_MAX));
		struct classes c = { .family = FAMILY_IP6, .intervals = intervals, .interval_count = n };

		for (size_t i = 0; i < n; i++)
			intervals[i] = (struct interval){ starts[i],
							  (uint16_t)(t_random(&seed) % (2 + round % 7)) };
		compare(&c, false);
		compare(&c, true);
	}
}

TEST_MAIN({ "every edge", test_every_edge })
