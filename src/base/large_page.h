/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory in large pages: tables that are asked for at random cost less when they lie in few of them.
 * Whether the kernel gives any is not known here; os/pages.h asks for them. */
#ifndef WEIR_BASE_LARGE_PAGE_H
#define WEIR_BASE_LARGE_PAGE_H

#include <stddef.h>
#include <stdint.h>

#define LARGE_PAGE ((size_t)2 << 20)

/* The first one at or behind p; take LARGE_PAGE bytes more for it. */
static inline void *large_page_of(void *p)
{
	return (uint8_t *)p + -(uintptr_t)p % LARGE_PAGE;
}

/* Several tables, one behind the other, so that they share the pages. */
struct large_area {
	uint8_t *next, *end;
	void	*memory;		/* that it lies in */
	size_t	 bytes;			/* of the memory */
};

/* Memory that nobody asks for costs nothing, so let it be too large.  All is given back at once. */
void large_area_init(struct large_area *area, size_t bytes);
void large_area_release(struct large_area *area);

/* Zeroed, from the begin of a cache line; to ask for more than there is is a mistake. */
void *large_area_take(struct large_area *area, size_t n, size_t size);

#endif
