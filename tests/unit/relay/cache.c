/* SPDX-License-Identifier: BSD-2-Clause */
/* The Source-Active cache against a list that is searched from end to end. */
#include "relay/cache.h"
#include "t.h"

#define MODEL 64

struct model {
	struct sa_key key[MODEL];
	uint8_t	      peer[MODEL];
	uint32_t      heard_s[MODEL];
	unsigned      n;
};

static struct model model;

static unsigned model_find(const struct sa_key *key)
{
	for (unsigned i = 0; i < model.n; i++)
		if (memcmp(&model.key[i], key, sizeof(*key)) == 0)
			return i;
	return MODEL;
}

static void model_drop(unsigned i)
{
	model.n--;
	model.key[i] = model.key[model.n];
	model.peer[i] = model.peer[model.n];
	model.heard_s[i] = model.heard_s[model.n];
}

static void forget(void *context, const struct sa_entry *entry)
{
	unsigned i = model_find(&entry->key);

	(void)context;
	check(i < MODEL);
	if (i < MODEL)
		model_drop(i);
}

static void hear(struct sa_cache *cache, const struct sa_key *key, uint8_t peer, uint32_t now_s)
{
	uint32_t at = sa_cache_find(cache, key);
	unsigned i = model_find(key);

	check((at != SA_NONE) == (i < MODEL));
	if (at != SA_NONE) {
		sa_cache_refresh(cache, at, peer, now_s);
		model.peer[i] = peer;
		model.heard_s[i] = now_s;
		return;
	}
	if (!sa_cache_room(cache, peer))
		return;
	sa_cache_add(cache, key, peer, now_s);
	model.key[model.n] = *key;
	model.peer[model.n] = peer;
	model.heard_s[model.n++] = now_s;
}

static void compare(const struct sa_cache *cache, uint32_t now_s)
{
	uint32_t held = 0;

	check(cache->live == model.n);
	for (unsigned i = 0; i < model.n; i++) {
		uint32_t at = sa_cache_find(cache, &model.key[i]);

		check(at != SA_NONE && cache->entries[at].peer == model.peer[i]);
		check(now_s - model.heard_s[i] < SA_LIFE_S);
	}
	for (unsigned peer = 0; peer < SA_PEERS; peer++)
		held += sa_cache_held(cache, (uint8_t)peer);
	check(held == cache->live);
}

static void test_model(void)
{
	struct sa_cache cache;
	uint64_t seed = 99;
	uint32_t now_s = 0;

	model.n = 0;
	sa_cache_init(&cache, 40, 12345, forget, NULL);
	for (unsigned i = 0; i < 20000; i++) {
		struct sa_key key = { (uint32_t)(t_random(&seed) % 8), 1,
				      (uint32_t)(t_random(&seed) % 9) };

		now_s += t_random(&seed) % 8 == 0 ? (uint32_t)(t_random(&seed) % 40) : 0;
		check(!sa_cache_expire(&cache, now_s, 1000));
		hear(&cache, &key, (uint8_t)(t_random(&seed) % 4), now_s);
		compare(&cache, now_s);
	}
	check(cache.evicted > 0 && cache.refused > 0);
	sa_cache_release(&cache);
}

/* An even share is nobody else's to take. */
static void test_share(void)
{
	struct sa_cache cache;

	model.n = 0;
	sa_cache_init(&cache, 40, 1, NULL, NULL);
	for (uint32_t i = 0; i < 60; i++) {
		struct sa_key key = { i, 1, 1 };

		if (sa_cache_room(&cache, 1))
			sa_cache_add(&cache, &key, 1, 0);
	}
	for (uint32_t i = 0; i < 60; i++) {
		struct sa_key key = { i, 2, 2 };

		if (sa_cache_room(&cache, 2))
			sa_cache_add(&cache, &key, 2, 0);
	}
	check(sa_cache_held(&cache, 1) == 20 && sa_cache_held(&cache, 2) == 20);
	check(cache.evicted == 20 && cache.refused == 20 + 40);
	sa_cache_release(&cache);
}

/* What expires has its own time, is nobody's share, and goes first where room is wanted. */
static void test_expiring(void)
{
	const struct sa_key keys[] = { { 1, 1, 1 }, { 2, 1, 1 }, { 3, 1, 1 }, { 4, 1, 1 } };
	struct sa_cache cache;
	uint32_t at[3];

	sa_cache_init(&cache, 3, 7, NULL, NULL);
	for (unsigned i = 0; i < 3; i++)
		at[i] = sa_cache_add(&cache, &keys[i], 0, 10);
	sa_cache_retire(&cache, at[0], 200);
	sa_cache_retire(&cache, at[1], 201);
	check(sa_cache_held(&cache, 0) == 1 && cache.live == 3);
	check(!sa_cache_expire(&cache, 220, 100));		/* the one that stayed, by age */
	check(cache.live == 2);
	check(sa_cache_find(&cache, &keys[2]) == SA_NONE);
	sa_cache_revive(&cache, at[1]);
	check(sa_cache_held(&cache, 0) == 1);
	sa_cache_refresh(&cache, at[1], 0, 220);
	sa_cache_add(&cache, &keys[2], 0, 220);
	check(sa_cache_room(&cache, 0));
	check(sa_cache_find(&cache, &keys[0]) == SA_NONE && cache.live == 2 && cache.evicted == 0);
	sa_cache_add(&cache, &keys[3], 0, 220);
	sa_cache_retire(&cache, sa_cache_find(&cache, &keys[3]), 230);
	sa_cache_expire(&cache, 428, 100);
	check(sa_cache_find(&cache, &keys[3]) != SA_NONE);
	sa_cache_expire(&cache, 440, 100);
	check(cache.live == 0);
	sa_cache_release(&cache);
}

TEST_MAIN({ "as a plain list", test_model }, { "what expires", test_expiring }, { "even shares", test_share })
