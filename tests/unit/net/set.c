/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of addresses against a model that asks each address of a small universe. */
#include "t.h"

#include "net/set.h"

#define UNIVERSE 24

/* The corners of both families: the lowest addresses, those around 2^64, the highest. */
static struct addr member(unsigned i)
{
	if (i < 6)
		return addr_of4(i);
	if (i < 12)
		return addr_of4(UINT32_MAX - 11 + i);
	if (i < 16)
		return addr_of6(0, i - 12);
	if (i < 20)
		return i < 18 ? addr_of6(0, UINT64_MAX - 17 + i) : addr_of6(1, i - 18);
	return addr_of6(UINT64_MAX, UINT64_MAX - 23 + i);
}

static bool neighbours(unsigned i)
{
	return i + 1 < UNIVERSE && addr_equal(addr_next(member(i)), member(i + 1)) &&
	       member(i).family == member(i + 1).family;
}

static struct set random_set(struct arena *arena, uint64_t *state, uint32_t *out_bits)
{
	struct range ranges[6];
	size_t n = t_random(state) % 6;
	uint32_t bits = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned first = (unsigned)(t_random(state) % UNIVERSE), last = first;

		while (neighbours(last) && t_random(state) % 3)
			last++;
		ranges[i] = (struct range){ member(first), member(last) };
		for (unsigned k = first; k <= last; k++)
			bits |= 1u << k;
	}
	*out_bits = bits;
	return set_of(arena, ranges, n);
}

/* Sorted, disjoint, not touching, IPv4 first and counted. */
static bool is_well_formed(const struct set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct range *r = &s->ranges[i];

		if (addr_order(r->first, r->last) > 0 || r->first.family != r->last.family)
			return false;
		if ((i < s->n4) != (r->first.family == FAMILY_IP4))
			return false;
		if (i == 0)
			continue;
		if (addr_order(s->ranges[i - 1].last, r->first) >= 0)
			return false;
		if (s->ranges[i - 1].last.family == r->first.family &&
		    addr_equal(addr_next(s->ranges[i - 1].last), r->first))
			return false;
	}
	return true;
}

static uint32_t bits_of(const struct set *s)
{
	uint32_t bits = 0;

	check(is_well_formed(s));
	for (unsigned i = 0; i < UNIVERSE; i++)
		bits |= (uint32_t)set_has(s, member(i)) << i;
	return bits;
}

static uint32_t family_bits(enum family family)
{
	return family == FAMILY_IP4 ? 0xfff : ((1u << UNIVERSE) - 1) & ~0xfffu;
}

static void check_pair(struct arena *arena, const struct set *a, uint32_t a_bits,
		       const struct set *b, uint32_t b_bits)
{
	struct set s = set_union(arena, a, b);

	check(bits_of(&s) == (a_bits | b_bits));
	s = set_difference(arena, a, b);
	check(bits_of(&s) == (a_bits & ~b_bits));
	s = set_intersection(arena, a, b);
	check(bits_of(&s) == (a_bits & b_bits));
	check(set_within(a, b) == ((a_bits & ~b_bits) == 0));
	check(set_equal(a, b) == (a_bits == b_bits));
	check(set_is_empty(a) == (a_bits == 0));
	check(set_has_family(a, FAMILY_IP4) == ((a_bits & family_bits(FAMILY_IP4)) != 0));
	check(set_has_family(a, FAMILY_IP6) == ((a_bits & family_bits(FAMILY_IP6)) != 0));
	check(!set_has_family(a, FAMILY_ANY) && !set_has(a, ADDR_ANY) && !set_has(a, ADDR_NONE));
}

static void check_ranges(const struct set *s, uint32_t bits)
{
	for (unsigned first = 0; first < UNIVERSE; first++) {
		uint32_t asked = 0;

		for (unsigned last = first;; last++) {
			asked |= 1u << last;
			check(set_has_all(s, member(first), member(last)) == ((asked & ~bits) == 0));
			check(set_has_none(s, member(first), member(last)) == ((asked & bits) == 0));
			if (!neighbours(last))
				break;
		}
	}
}

static void test_against_model(void)
{
	uint64_t state = 0x5eed;

	for (int round = 0; round < 20000; round++) {
		struct arena arena;
		uint32_t a_bits, b_bits;
		struct set a, b;

		arena_init(&arena);
		a = random_set(&arena, &state, &a_bits);
		b = random_set(&arena, &state, &b_bits);
		check(bits_of(&a) == a_bits);
		check_pair(&arena, &a, a_bits, &b, b_bits);
		if (round % 16 == 0)
			check_ranges(&a, a_bits);
		arena_release(&arena);
	}
}

static void test_whole_families(void)
{
	struct range all[] = {
		{ addr_of6(0, 0), addr_of6(UINT64_MAX, UINT64_MAX) },
		{ addr_of4(0), addr_of4(UINT32_MAX) },
		{ addr_of4(7), addr_of4(9) },
	};
	struct arena arena;
	struct set s, rest;

	arena_init(&arena);
	s = set_of(&arena, all, COUNT(all));
	check(s.n == 2 && s.n4 == 1);
	rest = set_difference(&arena, &s, &s);
	check(rest.n == 0);
	rest = set_difference(&arena, &set_empty, &s);
	check(rest.n == 0);
	rest = set_union(&arena, &s, &set_empty);
	check(set_equal(&rest, &s));
	arena_release(&arena);
}

TEST_MAIN({ "against a model", test_against_model }, { "whole families", test_whole_families })
