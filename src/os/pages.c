/* SPDX-License-Identifier: BSD-2-Clause */
/* Large pages by madvise(2).  Knows no table. */
#include "os/pages.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Of all pages that lie there whole. */
static void advise(void *p, size_t n, int advice)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t first = ((uintptr_t)p + page - 1) & ~(page - 1);
	uintptr_t end = ((uintptr_t)p + n) & ~(page - 1);

	if (end > first)
		(void)madvise((void *)first, end - first, advice);
}

void pages_prefer_large(void *p, size_t n)
{
	advise(p, n, MADV_HUGEPAGE);
}

void pages_give_back(void *p, size_t n)
{
	advise(p, n, MADV_DONTNEED);
}
