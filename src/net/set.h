/* SPDX-License-Identifier: BSD-2-Clause */
/* A set of addresses of both families, as sorted disjoint ranges that do not touch.  The
 * algebra of the policy language: union, difference, intersection, family by family
 * (LANGUAGE S20).  Sets are immutable once made and live in an arena. */
#ifndef WEIR_NET_SET_H
#define WEIR_NET_SET_H

#include "base/arena.h"
#include "net/addr.h"

/* Ends included, one family. */
struct range {
	struct addr first, last;
};

/* IPv4 ranges come first: ranges[0 .. n4), then IPv6. */
struct set {
	const struct range *ranges;
	size_t		    n, n4;
};

/* LANGUAGE S19: a set of more ranges is an error where it is defined. */
#define SET_RANGES_MAX 65536

extern const struct set set_empty;

/* Sorts and joins n ranges in any order; every range has first <= last. */
struct set set_of(struct arena *arena, const struct range *ranges, size_t n);
struct set set_union(struct arena *arena, const struct set *a, const struct set *b);
struct set set_difference(struct arena *arena, const struct set *a, const struct set *b);
struct set set_intersection(struct arena *arena, const struct set *a, const struct set *b);

bool set_is_empty(const struct set *s);
/* True where the set has a member of this family: without one it says nothing about the
 * family (LANGUAGE S11). */
bool set_has_family(const struct set *s, enum family family);
/* By binary search.  ADDR_ANY and ADDR_NONE are in no set. */
bool set_has(const struct set *s, struct addr a);
/* True where all of [first, last] lies inside; true where none of it does. */
bool set_has_all(const struct set *s, struct addr first, struct addr last);
bool set_has_none(const struct set *s, struct addr first, struct addr last);
bool set_equal(const struct set *a, const struct set *b);
/* Every member of a is in b. */
bool set_within(const struct set *a, const struct set *b);

#endif
