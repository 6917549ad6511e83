/* SPDX-License-Identifier: BSD-2-Clause */
/* Cuts the addresses of one family into classes: addresses are in one class if the rules that
 * they may meet, by source or by group, are the same.  Knows sets and rules; no packet, no
 * lookup structure. */
#ifndef WEIR_POLICY_CLASSES_H
#define WEIR_POLICY_CLASSES_H

#include "policy/policy.h"

enum side { SIDE_SOURCE, SIDE_GROUP };

/* Class 0 is of what is absent; CLASS_ANY, on the source side, of `*`.  Addresses have the
 * classes behind. */
#define CLASS_ABSENT 0
#define CLASS_ANY 1
#define CLASS_FIRST 2
#define CLASSES_MAX 65500

/* A rule that can ever judge, with its index in the boundary. */
struct live {
	const struct rule *rule;
	uint16_t	   index;
	bool		   asks_source, asks_group;
};

/* Indices into the boundary's rules, ascending. */
struct rule_list {
	const uint16_t *rules;
	size_t		n;
};

/* The class of the addresses from `first` up to the next interval. */
struct interval {
	struct addr first;
	uint16_t    class;
};

struct classes {
	enum family	 family;
	struct interval	*intervals;	/* they cover the family */
	size_t		 interval_count;
	size_t		 n;		/* classes, with the first two */
	/* By class: the rules that ask for this side alone, and for both. */
	struct rule_list *alone, *both;
	uint16_t	*rules;		/* the memory of all lists */
	size_t		 rules_n, rules_cap;
	bool		 overflow;	/* too many classes or too long lists: not usable */
};

/* Derived sets go to the arena, which must live until classes_release(). */
void classes_init(struct classes *out, enum family family, enum side side,
		  const struct live *live, size_t n, struct arena *arena);
void classes_release(struct classes *classes);
/* Gives back the intervals alone, where another lookup stands in for classes_of(). */
void classes_drop_intervals(struct classes *classes);

/* Which limit was passed, for a message. */
const char *classes_overflow_text(const struct classes *classes, enum side side);

/* By binary search in the intervals: slow, and right for every address of the family. */
unsigned classes_of(const struct classes *classes, struct addr a);

#endif
