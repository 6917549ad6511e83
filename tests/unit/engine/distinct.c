/* SPDX-License-Identifier: BSD-2-Clause */
/* Distinct counts: exact to 1,024, then within the bound, whatever the order. */
#include "engine/distinct.h"
#include "t.h"

static uint64_t hash(uint64_t i)
{
	i = (i + 0x1234567) * UINT64_C(0x9e3779b97f4a7c15);
	i = (i ^ i >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return (i ^ i >> 32) * UINT64_C(0xd6e8feb86659fd93) ^ i >> 29;
}

static void test_exact(void)
{
	struct distinct *d = distinct_new(3);
	bool estimated;

	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < 1024; i++)
			distinct_add(d, 1, hash(i));
	check(distinct_count(d, 1, &estimated) == 1024 && !estimated);
	check(distinct_count(d, 0, &estimated) == 0 && !estimated);
	distinct_add(d, 2, hash(1));
	check(distinct_count(d, 2, &estimated) == 1);
	distinct_add(d, 1, hash(1024));
	check(distinct_count(d, 1, &estimated) > 900 && estimated);
	distinct_free(d);
}

/* Four standard errors of 4,096 registers are 6.5 %; the mean of many counts must be near. */
static void test_bound(void)
{
	static const unsigned sizes[] = { 1025, 2000, 5000, 10000, 20000, 50000, 200000, 1000000 };

	for (size_t k = 0; k < COUNT(sizes); k++) {
		struct distinct *d = distinct_new(8);
		double sum = 0;
		char name[64];
		bool estimated;

		for (unsigned id = 0; id < 8; id++) {
			double error;

			for (unsigned i = 0; i < sizes[k]; i++)
				distinct_add(d, id, hash((uint64_t)id << 32 | i));
			error = (double)distinct_count(d, id, &estimated) / sizes[k] - 1;
			snprintf(name, sizeof(name), "%u: error %.2f %%", sizes[k], error * 100);
			check_named(error < 0.065 && error > -0.065 && estimated, name);
			sum += error;
		}
		snprintf(name, sizeof(name), "%u: mean error %.2f %%", sizes[k], sum / 8 * 100);
		check_named(sum / 8 < 0.025 && sum / 8 > -0.025, name);
		distinct_free(d);
	}
}

static void test_order(void)
{
	struct distinct *d = distinct_new(2);
	bool estimated;

	for (unsigned i = 0; i < 5000; i++) {
		distinct_add(d, 0, hash(i));
		distinct_add(d, 1, hash(4999 - i));
	}
	check(distinct_count(d, 0, &estimated) == distinct_count(d, 1, &estimated));
	distinct_free(d);
}

/* More counters than the pools hold: counts stay exact or say that they are not. */
static void test_many(void)
{
	struct distinct *d = distinct_new(2000);
	bool estimated, any = false;

	for (unsigned id = 0; id < 2000; id++)
		for (unsigned i = 0; i < 300; i++)
			distinct_add(d, id, hash((uint64_t)id << 32 | i));
	for (unsigned id = 0; id < 2000; id++) {
		uint64_t n = distinct_count(d, id, &estimated);

		any |= estimated;
		check(n <= 330 && (estimated || n == 300));
	}
	check(any);
	distinct_free(d);
}

TEST_MAIN({ "exact", test_exact }, { "the bound", test_bound }, { "order", test_order },
	  { "many counters", test_many })
