/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that is given back all at once: trees live here.  An allocation that the system
 * refuses ends the program with one line, for arenas are filled at start-up only. */
#ifndef WEIR_BASE_ARENA_H
#define WEIR_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks;
};

void arena_init(struct arena *arena);
void arena_release(struct arena *arena);

/* Zeroed memory, aligned for any type; n of 0 gives a valid pointer. */
void *arena_take(struct arena *arena, size_t n);
/* Zeroed memory for an array; overflow ends the program. */
void *arena_array(struct arena *arena, size_t n, size_t size);
/* The same without zeros, for what is written whole: zeros take time, and memory that nobody writes to
 * takes none. */
void *arena_room(struct arena *arena, size_t n, size_t size);
/* Of `from` bytes at p, which were taken last, all but the first `to` may be taken again. */
void arena_shorten(struct arena *arena, const void *p, size_t from, size_t to);

/* A place to come back to. */
struct arena_mark {
	struct arena_block *block;
	size_t		    used;
};
struct arena_mark arena_mark(const struct arena *arena);
/* Gives back what was taken since the mark but for the n bytes at p, and says where these are now:
 * if they were taken since then, they move to where the mark is.  Where a block was begun
 * meanwhile, all stays as it is. */
const void *arena_keep(struct arena *arena, struct arena_mark mark, const void *p, size_t n);
/* The first block lies in these n bytes, which begin where any type may and outlive the arena. */
void arena_lend(struct arena *arena, void *p, size_t n);

/* A NUL-terminated copy of n characters. */
char *arena_text(struct arena *arena, const char *text, size_t n);
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
