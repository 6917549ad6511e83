/* SPDX-License-Identifier: BSD-2-Clause */
/* A link-local packet that was seen on two links crossed; another one between the same addresses,
 * which lies in the same place of the table, did not. */
#include "engine/copies.h"
#include "t.h"

#define PACKETS 200000

static void test_crossing(void)
{
	struct large_area area;
	struct copies *copies;
	struct passage p = { .speaker = addr_of4(0xc0000201), .receiver = addr_of4(0xe000000d) };
	uint64_t seed = 3;
	size_t false_ones = 0, missed = 0;

	large_area_init(&area, LARGE_PAGE);
	copies = copies_new(&area);
	for (size_t i = 0; i < PACKETS; i++) {
		p.at.ns += 10000;
		p.print = (uint32_t)t_random(&seed) | 1;
		p.link = i & 1;
		false_ones += copies_crossed(copies, &p);
		p.link ^= 1;
		missed += i % 16 == 0 && !copies_crossed(copies, &p);
	}
	check(false_ones == 0);
	check(missed == 0);
	large_area_release(&area);
}

TEST_MAIN({ "crossing", test_crossing })
