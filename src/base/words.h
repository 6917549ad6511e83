/* SPDX-License-Identifier: BSD-2-Clause */
/* An index from words to small numbers, in an arena. */
#ifndef WEIR_BASE_WORDS_H
#define WEIR_BASE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct words {
	struct arena *arena;
	struct word  *slots;
	size_t	      n, cap;		/* cap is a power of two, or 0 */
};

#define WORD_NONE UINT32_MAX

struct words words_of(struct arena *arena);
/* Keeps the pointer, not a copy.  False, and no change, where the word is there already. */
bool words_add(struct words *words, const char *word, uint32_t value);
/* WORD_NONE where it is not there. */
uint32_t words_find(const struct words *words, const char *word);

#endif
