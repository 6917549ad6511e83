/* SPDX-License-Identifier: BSD-2-Clause */
/* Start-up memory that is there or ends the program. */
#include "base/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn void memory_exhausted(void)
{
	fputs("weir: out of memory\n", stderr);
	exit(3);
}

void *memory_take(size_t bytes)
{
	return memory_array(1, bytes);
}

void *memory_array(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		memory_exhausted();
	return p;
}

void *memory_room(size_t n, size_t size)
{
	return memory_grow(NULL, n, size);
}

void *memory_grow(void *p, size_t n, size_t size)
{
	if (size > 0 && n > SIZE_MAX / size)
		memory_exhausted();
	p = realloc(p, n > 0 && size > 0 ? n * size : 1);
	if (!p)
		memory_exhausted();
	return p;
}
