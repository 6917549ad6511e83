/* SPDX-License-Identifier: BSD-2-Clause */
/* Start-up memory: never NULL.  A refusal ends the program with one line and exit
 * code 3, because nothing useful can be done before the tables stand. */
#ifndef WEIR_BASE_MEMORY_H
#define WEIR_BASE_MEMORY_H

#include <stddef.h>

/* Zeroed; the caller frees it with free(). */
void *memory_take(size_t bytes);
void *memory_array(size_t n, size_t size);
/* The same, neither zeroed nor touched. */
void *memory_room(size_t n, size_t size);
/* realloc() of an array that cannot fail; new elements are not zeroed. */
void *memory_grow(void *p, size_t n, size_t size);
_Noreturn void memory_exhausted(void);

#endif
