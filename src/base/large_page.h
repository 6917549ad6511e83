/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a large page begins: a table that is asked for at random costs less when it lies in few of
 * them.  Whether the kernel gives any is not known here; os/pages.h asks for them. */
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

#endif
