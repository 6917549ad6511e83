/* SPDX-License-Identifier: BSD-2-Clause */
/* "Did you mean": the known word that a mistyped one is nearest to. */
#ifndef WEIR_BASE_NEAREST_H
#define WEIR_BASE_NEAREST_H

#include <stddef.h>

/* Letters to change, insert, drop, or swap with a neighbour, to turn one word into the other;
 * words over 63 characters are as far as can be. */
unsigned nearest_distance(const char *a, const char *b);

/* Offer each known word in turn; `word` is the best so far, or NULL while none is near enough
 * to be meant. */
struct nearest {
	const char *typed, *word;
	unsigned    distance;
};

struct nearest nearest_of(const char *typed);
void nearest_offer(struct nearest *nearest, const char *word);

#endif
