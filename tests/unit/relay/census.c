/* SPDX-License-Identifier: BSD-2-Clause */
/* Counting the cache: by peer, source, /24 and RP, a piece at a time, with a share for each peer. */
#include "relay/census.h"
#include "t.h"

static void announce(struct sa_cache *cache, uint8_t peer, uint32_t source, uint32_t group,
		     uint32_t rp)
{
	const struct sa_key key = { source, group, rp };

	if (sa_cache_room(cache, peer))
		sa_cache_add(cache, &key, peer, 1);
}

static void count_all(struct census *census, const struct sa_cache *cache, uint32_t piece)
{
	census_begin(census, NULL);
	while (census_some(census, cache, piece))
		continue;
}

static void check_figures(struct census_figures f, uint32_t held, uint32_t of_source,
			  uint32_t of_net, uint32_t of_rp)
{
	check(f.held == held);
	check(f.of_source == of_source);
	check(f.of_net == of_net);
	check(f.of_rp == of_rp);
}

static void counts_each_peer(void)
{
	struct census *census = census_new(3, 42);
	struct sa_cache cache;

	sa_cache_init(&cache, 4096, 7, NULL, NULL);
	for (uint32_t i = 0; i < 10; i++)
		announce(&cache, 0, 0x0a000001, 0xe1000000 + i, 1);
	for (uint32_t i = 0; i < 5; i++)
		announce(&cache, 0, 0x0a000002 + i, 0xe1000001, 2);
	for (uint32_t i = 0; i < 7; i++)
		announce(&cache, 1, 0x0a000101 + (i << 8), 0xe1000001, 1);
	for (uint32_t piece = 1; piece < 40; piece += 3) {
		count_all(census, &cache, piece);
		check_figures(census_of(census, 0), 15, 10, 15, 10);
		check_figures(census_of(census, 1), 7, 1, 1, 7);
		check_figures(census_of(census, 2), 0, 0, 0, 0);
	}
	sa_cache_release(&cache);
	census_free(census);
}

static void forgets_what_went(void)
{
	const struct sa_key key = { 0x0a000001, 0xe1000003, 1 };
	struct census *census = census_new(1, 42);
	struct sa_cache cache;

	sa_cache_init(&cache, 64, 7, NULL, NULL);
	for (uint32_t i = 0; i < 10; i++)
		announce(&cache, 0, 0x0a000001, 0xe1000000 + i, 1);
	count_all(census, &cache, 4);
	sa_cache_drop(&cache, sa_cache_find(&cache, &key));
	count_all(census, &cache, 4);
	check_figures(census_of(census, 0), 9, 9, 9, 9);
	sa_cache_release(&cache);
	census_free(census);
}

/* A storm of sources fills its own share only: the other peer is counted whole, though later. */
static void keeps_a_share_for_each(void)
{
	struct census *census = census_new(2, 42);
	struct sa_cache cache;

	sa_cache_init(&cache, 1u << 17, 7, NULL, NULL);
	for (uint32_t i = 0; i < 60000; i++)
		announce(&cache, 0, 0x0b000000 + i * 256, 0xe1000001, 1);
	for (uint32_t i = 0; i < 300; i++)
		announce(&cache, 1, 0x0a000000 + i / 3, 0xe1000000 + i, 2);
	count_all(census, &cache, 1000);
	check(census_of(census, 0).held == 60000);
	check(census_of(census, 0).uncounted > 0);
	check(census_of(census, 1).uncounted == 0);
	check_figures(census_of(census, 1), 300, 3, 300, 300);
	sa_cache_release(&cache);
	census_free(census);
}

/* Of what came after a time of its own for each peer, beside all the rest. */
static void counts_what_is_new(void)
{
	const uint32_t after_s[] = { 100, 200 };
	struct census *census = census_new(2, 42);
	struct sa_cache cache;

	sa_cache_init(&cache, 4096, 7, NULL, NULL);
	for (uint32_t i = 0; i < 60; i++) {
		const struct sa_key key = { 0x0a000001 + i / 20, 0xe1000000 + i, 1 };

		sa_cache_add(&cache, &key, i % 2, i < 30 ? 100 : 101);
	}
	census_begin(census, after_s);
	while (census_some(census, &cache, 7))
		continue;
	check(census_of(census, 0).held == 30 && census_of(census, 1).held == 30);
	check(census_of(census, 0).born == 15 && census_of(census, 1).born == 0);
	check(census_of(census, 0).born_of_source == 10);
	check(census_of(census, 0).of_source == 10);
	sa_cache_release(&cache);
	census_free(census);
}

TEST_MAIN({ "each peer", counts_each_peer }, { "what is new", counts_what_is_new }, { "what went is forgotten", forgets_what_went },
	  { "a share for each", keeps_a_share_for_each })
