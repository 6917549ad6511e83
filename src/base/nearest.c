/* SPDX-License-Identifier: BSD-2-Clause */
/* The edit distance of Damerau and Levenshtein, neighbours swapped counted as one.  Knows no
 * dictionary: the caller offers the words. */
#include "base/nearest.h"

#include <limits.h>
#include <string.h>

#define WORD_MAX 63

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned smaller = a < b ? a : b;

	return smaller < c ? smaller : c;
}

unsigned nearest_distance(const char *a, const char *b)
{
	unsigned rows[3][WORD_MAX + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2];
	size_t n = strlen(a), m = strlen(b);

	if (n > WORD_MAX || m > WORD_MAX)
		return UINT_MAX;
	for (unsigned j = 0; j <= m; j++)
		row[j] = j;
	for (unsigned i = 1; i <= n; i++) {
		unsigned *free_row = before;

		before = above;
		above = row;
		row = free_row;
		row[0] = i;
		for (unsigned j = 1; j <= m; j++) {
			row[j] = least(above[j] + 1, row[j - 1] + 1,
				       above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
	}
	return row[m];
}

struct nearest nearest_of(const char *typed)
{
	/* a third of the letters may be wrong, and never so many that any short word fits */
	return (struct nearest){ typed, NULL, (unsigned)strlen(typed) / 3 + 2 };
}

void nearest_offer(struct nearest *nearest, const char *word)
{
	unsigned distance = nearest_distance(nearest->typed, word);

	if (distance < nearest->distance && distance < strlen(word)) {
		nearest->distance = distance;
		nearest->word = word;
	}
}
