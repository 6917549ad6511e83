/* SPDX-License-Identifier: BSD-2-Clause */
/* The algebra of sets, compared with one bit for each of a few addresses: those at the ends of both
 * families, and those around a carry from the low half of an IPv6 address into the high one. */
#include "net/set.h"

#include "t.h"

#define STRETCH 16			/* addresses in a row */
#define STRETCHES 5
#define ROUNDS 20000

static const struct addr starts[STRETCHES] = {
	{ 0, 0, FAMILY_IP4 }, { 0, UINT32_MAX - STRETCH + 1, FAMILY_IP4 },
	{ 0, 0, FAMILY_IP6 }, { 5, UINT64_MAX - STRETCH / 2 + 1, FAMILY_IP6 },
	{ UINT64_MAX, UINT64_MAX - STRETCH + 1, FAMILY_IP6 },
};

static uint64_t state = 88172645463325252u;

static unsigned below(unsigned n)
{
	return (unsigned)(t_random(&state) >> 33) % n;
}

static struct addr address(unsigned stretch, unsigned i)
{
	struct addr a = starts[stretch];

	a.lo += i;
	a.hi += a.lo < starts[stretch].lo;
	return a;
}

struct bits {
	bool at[STRETCHES][STRETCH];
};

static struct set make(struct arena *arena, struct bits *out)
{
	struct range ranges[12];
	unsigned n = below(13);

	*out = (struct bits){ 0 };
	for (unsigned k = 0; k < n; k++) {
		unsigned stretch = below(STRETCHES), first = below(STRETCH);
		unsigned last = first + below(below(2) ? STRETCH - first : 1);

		ranges[k] = (struct range){ address(stretch, first), address(stretch, last) };
		for (unsigned i = first; i <= last; i++)
			out->at[stretch][i] = true;
	}
	return set_of(arena, ranges, n);
}

/* Sorted, disjoint, not touching, IPv4 first. */
static bool is_canonical(const struct set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct range *r = &s->ranges[i];

		if (r->first.family != r->last.family || addr_order(r->first, r->last) > 0 ||
		    (r->first.family == FAMILY_IP4) != (i < s->n4))
			return false;
		if (i > 0 && r[-1].first.family == r->first.family &&
		    addr_order(addr_next(r[-1].last), r->first) >= 0)
			return false;
	}
	return s->n4 <= s->n;
}

enum operation { UNION, DIFFERENCE, INTERSECTION };

static bool wanted(enum operation operation, bool a, bool b)
{
	return operation == UNION ? a || b : operation == DIFFERENCE ? a && !b : a && b;
}

static bool is_right(const struct set *s, enum operation operation, const struct bits *a,
		     const struct bits *b)
{
	for (unsigned k = 0; k < STRETCHES; k++)
		for (unsigned i = 0; i < STRETCH; i++)
			if (set_has(s, address(k, i)) !=
			    wanted(operation, a->at[k][i], b->at[k][i]))
				return false;
	return is_canonical(s);
}

static void test_algebra(void)
{
	unsigned wrong[3] = { 0 }, made = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct arena arena;
		struct bits a_bits, b_bits;
		struct set a, b, both[3];

		arena_init(&arena);
		a = make(&arena, &a_bits);
		b = make(&arena, &b_bits);
		made += !is_right(&a, UNION, &a_bits, &a_bits);
		both[UNION] = set_union(&arena, &a, &b);
		both[DIFFERENCE] = set_difference(&arena, &a, &b);
		both[INTERSECTION] = set_intersection(&arena, &a, &b);
		for (unsigned i = 0; i < 3; i++)
			wrong[i] += !is_right(&both[i], (enum operation)i, &a_bits, &b_bits);
		arena_release(&arena);
	}
	check_named(made == 0, "sets hold what they are made of");
	check_named(wrong[UNION] == 0, "what is in either");
	check_named(wrong[DIFFERENCE] == 0, "what is in the first only");
	check_named(wrong[INTERSECTION] == 0, "what is in both");
}

TEST_MAIN({ "algebra", test_algebra })
