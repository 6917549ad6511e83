/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables that share large pages.  Knows no table. */
#include "base/large_page.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

#define LINE_BYTES 64

void large_area_init(struct large_area *area, size_t bytes)
{
	*area = (struct large_area){ .bytes = bytes + LARGE_PAGE };
	area->memory = memory_take(area->bytes);
	area->next = large_page_of(area->memory);
	area->end = area->next + bytes;
}

void large_area_release(struct large_area *area)
{
	free(area->memory);
	*area = (struct large_area){ 0 };
}

void *large_area_take(struct large_area *area, size_t n, size_t size)
{
	size_t bytes = (n * size + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
	void *p = area->next;

	assert(bytes <= (size_t)(area->end - area->next));
	area->next += bytes;
	return p;
}
