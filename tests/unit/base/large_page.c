/* SPDX-License-Identifier: BSD-2-Clause */
/* Areas of large pages: tables stand one behind the other, each on lines of its own. */
#include "base/large_page.h"

#include "t.h"

#define AREA_BYTES (3 * LARGE_PAGE / 2)
#define LINE_BYTES 64

static bool begins_a_line(const void *p)
{
	return (uintptr_t)p % LINE_BYTES == 0;
}

static void test_first_page(void)
{
	uint8_t *const page = (uint8_t *)(5 * LARGE_PAGE);

	check_named(large_page_of(page) == page, "a large page is the first one itself");
	check_named(large_page_of(page + 1) == page + LARGE_PAGE, "behind its begin it is the next");
	check_named(large_page_of(page + LARGE_PAGE - 1) == page + LARGE_PAGE, "down to its last byte");
}

static void test_tables(void)
{
	struct large_area area;
	uint8_t *first, *second, *last;

	large_area_init(&area, AREA_BYTES);
	check_named(area.bytes >= AREA_BYTES + LARGE_PAGE, "its memory has room for where it begins");
	first = large_area_take(&area, 3, 7);
	second = large_area_take(&area, 5, 100);
	check_named((uintptr_t)first % LARGE_PAGE == 0, "the first begins a large page");
	check_named(second == first + LINE_BYTES, "the second stands right behind its line");
	last = large_area_take(&area, 1, AREA_BYTES - LINE_BYTES - 512);
	check_named(begins_a_line(second) && begins_a_line(last) && last == second + 512,
		    "each has lines of its own");
	check_named(last[0] == 0 && last[AREA_BYTES - LINE_BYTES - 513] == 0,
		    "all of it can be asked for, and is zero");
	large_area_release(&area);
	check_named(!area.memory, "and is given back at once");
}

TEST_MAIN({ "the first page", test_first_page }, { "tables", test_tables })
