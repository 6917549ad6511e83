/* SPDX-License-Identifier: BSD-2-Clause */
/* Prefixes that say the same as stretches of addresses: the least set of nested ones, and what they
 * become under a few lengths.  Knows no text and no packet. */
#ifndef WEIR_ENFORCE_NFT_PREFIX_H
#define WEIR_ENFORCE_NFT_PREFIX_H

#include <stdbool.h>
#include <stddef.h>

#include "net/addr.h"
#include "policy/classes.h"

typedef unsigned __int128 wide;		/* an address of either family as a number */

#define LENGTHS_MAX 4			/* hashes tried one after the other */
#define STRIDE 8			/* so few bits may be all values of one hash */

/* Where the bits up to `at` are known.  A mask begins at bit `from`: at 0, or, in a chain that
 * several prefixes share, at `at`. */
struct domain {
	enum family family;
	enum side   side;
	unsigned    bits, at, from;
	wide	    base;		/* the known bits, as far as masks show them */
	bool	    ends;		/* nothing stands behind: a map may take all others */
};

struct stretch {
	wide	 first;
	uint32_t target;
};

struct entry {
	wide	 key;
	uint32_t target;
	uint8_t	 length;
};

struct entries {
	struct entry *list;
	size_t	      n, cap;
};

/* Ascending, and how many elements all entries are under them. */
struct lengths {
	uint8_t	 list[LENGTHS_MAX];		/* ascending */
	unsigned n;
	uint64_t elements;
};

/* The low bits behind a prefix. */
static inline wide domain_low_bits(const struct domain *d, unsigned length)
{
	unsigned n = d->bits - length;

	return n == 128 ? ~(wide)0 : ((wide)1 << n) - 1;
}

/* From one of `n` stretches on: that which holds a number. */
size_t stretch_find(const struct stretch *stretches, size_t n, size_t i, wide number);

void entries_add(struct entries *e, wide key, unsigned length, uint32_t target);
/* The least set that says the same; returned is the target of all that no entry names. */
uint32_t entries_of(const struct domain *d, const struct stretch *stretches, size_t n,
		    struct entries *out);
/* All entries longer than `above` that get this length, in order, each key once: of those that
 * cover it the longest. */
struct entries entries_expand(const struct domain *d, const struct entries *e, unsigned above,
			      unsigned length);

/* The fewest hashes that take not many more elements than there are entries; false where all take
 * too many. */
bool lengths_of(const struct domain *d, const struct entries *e, struct lengths *out);

#endif
