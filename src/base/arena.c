/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that is given back all at once: a list of growing blocks. */
#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define BLOCK_BYTES 4096

struct arena_block {
	struct arena_block *next;
	size_t		    used, size;
	bool		    is_lent;
	max_align_t	    bytes[];
};

void arena_init(struct arena *arena)
{
	arena->blocks = NULL;
}

void arena_release(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *next = arena->blocks->next;

		if (!arena->blocks->is_lent)
			free(arena->blocks);
		arena->blocks = next;
	}
}

static struct arena_block *add_block(struct arena *arena, size_t least)
{
	size_t size = arena->blocks ? arena->blocks->size * 2 : BLOCK_BYTES;
	struct arena_block *block;

	if (size > (1u << 20))
		size = 1u << 20;
	if (size < least)
		size = least;
	block = memory_room(1, sizeof(*block) + size);
	*block = (struct arena_block){ .next = arena->blocks, .size = size };
	arena->blocks = block;
	return block;
}

static size_t aligned(size_t n)
{
	return (n + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
}

static void *take(struct arena *arena, size_t n)
{
	struct arena_block *block = arena->blocks;
	void *p;

	if (aligned(n) < n)
		memory_exhausted();
	if (!block || block->size - block->used < aligned(n))
		block = add_block(arena, aligned(n));
	p = (char *)block->bytes + block->used;
	block->used += aligned(n);
	return p;
}

void *arena_take(struct arena *arena, size_t n)
{
	return memset(take(arena, n), 0, n);
}

void *arena_array(struct arena *arena, size_t n, size_t size)
{
	return memset(arena_room(arena, n, size), 0, n * size);
}

void *arena_room(struct arena *arena, size_t n, size_t size)
{
	if (size > 0 && n > SIZE_MAX / size)
		memory_exhausted();
	return take(arena, n * size);
}

void arena_shorten(struct arena *arena, const void *p, size_t from, size_t to)
{
	struct arena_block *block = arena->blocks;

	if (block && (const char *)p + aligned(from) == (char *)block->bytes + block->used)
		block->used -= aligned(from) - aligned(to);
}

struct arena_mark arena_mark(const struct arena *arena)
{
	return (struct arena_mark){ arena->blocks, arena->blocks ? arena->blocks->used : 0 };
}

const void *arena_keep(struct arena *arena, struct arena_mark mark, const void *p, size_t n)
{
	struct arena_block *block = arena->blocks;
	char *at;

	if (!block || block != mark.block)
		return p;
	at = (char *)block->bytes + mark.used;
	if ((uintptr_t)p - (uintptr_t)at >= block->used - mark.used) {
		block->used = mark.used;
		return p;
	}
	block->used = mark.used + aligned(n);
	return memmove(at, p, n);
}

void arena_lend(struct arena *arena, void *p, size_t n)
{
	struct arena_block *block = p;

	if (arena->blocks || n < sizeof(*block))
		return;
	*block = (struct arena_block){ .size = n - sizeof(*block), .is_lent = true };
	arena->blocks = block;
}

char *arena_text(struct arena *arena, const char *text, size_t n)
{
	char *copy = arena_room(arena, n + 1, 1);

	if (n > 0)
		memcpy(copy, text, n);
	copy[n] = '\0';
	return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		memory_exhausted();
	text = arena_room(arena, (size_t)n + 1, 1);
	va_start(args, format);
	vsnprintf(text, (size_t)n + 1, format, args);
	va_end(args);
	return text;
}
