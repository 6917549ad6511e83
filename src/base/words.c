/* SPDX-License-Identifier: BSD-2-Clause */
/* An open-addressing index of words.  Knows no language. */
#include "base/words.h"

#include <string.h>

struct word {
	const char *text;		/* NULL: free */
	uint32_t    hash, value;
};

struct words words_of(struct arena *arena)
{
	return (struct words){ .arena = arena };
}

/* FNV-1a. */
static uint32_t hash_word(const char *s)
{
	uint32_t hash = 2166136261u;

	for (; *s; s++)
		hash = (hash ^ (uint8_t)*s) * 16777619u;
	return hash ^ hash >> 15;
}

static struct word *find_slot(const struct words *words, const char *text, uint32_t hash)
{
	size_t i = hash & (words->cap - 1);

	while (words->slots[i].text &&
	       (words->slots[i].hash != hash || strcmp(words->slots[i].text, text) != 0))
		i = (i + 1) & (words->cap - 1);
	return &words->slots[i];
}

static void grow(struct words *words)
{
	struct words larger = *words;

	larger.cap = words->cap ? words->cap * 2 : 32;
	larger.slots = arena_array(words->arena, larger.cap, sizeof(*larger.slots));
	for (size_t i = 0; i < words->cap; i++)
		if (words->slots[i].text)
			*find_slot(&larger, words->slots[i].text, words->slots[i].hash) =
				words->slots[i];
	*words = larger;
}

bool words_add(struct words *words, const char *word, uint32_t value)
{
	uint32_t hash = hash_word(word);
	struct word *slot;

	if (words->n * 2 >= words->cap)
		grow(words);
	slot = find_slot(words, word, hash);
	if (slot->text)
		return false;
	*slot = (struct word){ word, hash, value };
	words->n++;
	return true;
}

uint32_t words_find(const struct words *words, const char *word)
{
	const struct word *slot;

	if (words->cap == 0)
		return WORD_NONE;
	slot = find_slot(words, word, hash_word(word));
	return slot->text ? slot->value : WORD_NONE;
}
