/* SPDX-License-Identifier: BSD-2-Clause */
/* The Source-Active cache: a chained hash table over one array, whose memory is touched only as
 * far as it is used.  RFC 3618 4, 5.3.  Knows no policy. */
#include "relay/cache.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

void sa_cache_init(struct sa_cache *cache, uint32_t entries_max, uint64_t seed,
		   sa_leaving *leaving, void *context)
{
	uint32_t buckets = 1024;

	while (buckets < entries_max && buckets < 1u << 30)
		buckets *= 2;
	*cache = (struct sa_cache){ .max = entries_max, .mask = buckets - 1, .seed = seed | 1,
				    .leaving = leaving, .context = context };
	cache->entries = memory_array(entries_max, sizeof(cache->entries[0]));
	cache->heads = memory_array(buckets, sizeof(cache->heads[0]));
	for (unsigned peer = 0; peer < SA_PEERS; peer++)
		for (unsigned list = 0; list < SA_LIST_COUNT; list++)
			cache->lines[peer][list] = (struct sa_line){ SA_NONE, SA_NONE, 0 };
}

void sa_cache_release(struct sa_cache *cache)
{
	free(cache->entries);
	free(cache->heads);
	*cache = (struct sa_cache){ 0 };
}

uint64_t sa_cache_hash(const struct sa_cache *cache, const struct sa_key *key)
{
	uint64_t x = ((uint64_t)key->source << 32 | key->group) ^ cache->seed;

	x *= UINT64_C(0x9e3779b97f4a7c15);
	x ^= x >> 29 ^ key->rp;
	x *= cache->seed;
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	return x ^ x >> 32;
}

static uint32_t *head_of(const struct sa_cache *c, const struct sa_key *key)
{
	return &c->heads[sa_cache_hash(c, key) & c->mask];
}

static bool same_key(const struct sa_key *a, const struct sa_key *b)
{
	return a->source == b->source && a->group == b->group && a->rp == b->rp;
}

uint32_t sa_cache_find(const struct sa_cache *cache, const struct sa_key *key)
{
	for (uint32_t at = *head_of(cache, key); at; at = cache->entries[at - 1].chain)
		if (same_key(&cache->entries[at - 1].key, key))
			return at - 1;
	return SA_NONE;
}

void sa_cache_prefetch(const struct sa_cache *cache, const struct sa_key *key)
{
	__builtin_prefetch(head_of(cache, key), 1);
}

void sa_cache_expect(const struct sa_cache *cache, const struct sa_key *key)
{
	uint32_t at = *head_of(cache, key);

	if (at)
		__builtin_prefetch(&cache->entries[at - 1], 1);
}

static void unlist(struct sa_cache *c, uint32_t at)
{
	struct sa_entry *e = &c->entries[at];
	struct sa_line *line = &c->lines[e->peer][e->list];

	*(e->before == SA_NONE ? &line->first : &c->entries[e->before].behind) = e->behind;
	*(e->behind == SA_NONE ? &line->last : &c->entries[e->behind].before) = e->before;
	line->n--;
}

static void enlist(struct sa_cache *c, uint32_t at)
{
	struct sa_entry *e = &c->entries[at];
	struct sa_line *line = &c->lines[e->peer][e->list];

	e->before = line->last;
	e->behind = SA_NONE;
	*(e->before == SA_NONE ? &line->first : &c->entries[e->before].behind) = at;
	line->last = at;
	line->n++;
}

uint32_t sa_cache_held(const struct sa_cache *cache, uint8_t peer)
{
	return cache->lines[peer][SA_NEWCOMER].n + cache->lines[peer][SA_ESTABLISHED].n;
}

/* The peer that holds most, and how many peers hold anything or are about to. */
static uint8_t largest_peer(const struct sa_cache *c, uint8_t asking, uint32_t *out_holders)
{
	uint8_t largest = asking;

	*out_holders = 0;
	for (unsigned peer = 0; peer < SA_PEERS; peer++) {
		uint32_t held = sa_cache_held(c, (uint8_t)peer);

		*out_holders += held > 0 || peer == asking;
		if (held > sa_cache_held(c, largest))
			largest = (uint8_t)peer;
	}
	return largest;
}

static bool drop_expiring(struct sa_cache *c)
{
	for (unsigned peer = 0; peer < SA_PEERS; peer++)
		if (c->lines[peer][SA_EXPIRING].n > 0) {
			sa_cache_drop(c, c->lines[peer][SA_EXPIRING].first);
			return true;
		}
	return false;
}

bool sa_cache_room(struct sa_cache *cache, uint8_t peer)
{
	struct sa_line *lines;
	uint32_t holders;
	uint8_t largest;

	if (cache->live < cache->max || drop_expiring(cache))
		return true;
	largest = largest_peer(cache, peer, &holders);
	if (largest == peer || sa_cache_held(cache, largest) <= cache->max / holders) {
		cache->refused++;
		return false;
	}
	lines = cache->lines[largest];
	cache->evicted++;
	sa_cache_drop(cache, lines[lines[SA_NEWCOMER].n ? SA_NEWCOMER : SA_ESTABLISHED].last);
	return true;
}

uint32_t sa_cache_add(struct sa_cache *cache, const struct sa_key *key, uint8_t peer,
		      uint32_t now_s)
{
	uint32_t *head = head_of(cache, key);
	uint32_t at = cache->unused ? cache->unused - 1 : cache->fresh_from++;

	assert(at < cache->max);
	if (cache->unused)
		cache->unused = cache->entries[at].chain;
	cache->entries[at] = (struct sa_entry){
		.key = *key, .chain = *head, .born_s = now_s, .heard_s = now_s, .peer = peer,
		.list = SA_NEWCOMER, .used = true,
	};
	*head = at + 1;
	enlist(cache, at);
	if (++cache->live > cache->peak)
		cache->peak = cache->live;
	return at;
}

void sa_cache_refresh(struct sa_cache *cache, uint32_t at, uint8_t peer, uint32_t now_s)
{
	struct sa_entry *e = &cache->entries[at];

	unlist(cache, at);
	e->peer = peer;
	e->heard_s = now_s;
	if (now_s - e->born_s >= SA_CONFIRM_S)
		e->list = SA_ESTABLISHED;
	enlist(cache, at);
}

void sa_cache_drop(struct sa_cache *cache, uint32_t at)
{
	struct sa_entry *e = &cache->entries[at];
	uint32_t *link = head_of(cache, &e->key);

	if (cache->leaving)
		cache->leaving(cache->context, e);
	while (*link != at + 1)
		link = &cache->entries[*link - 1].chain;
	*link = e->chain;
	unlist(cache, at);
	e->used = false;
	e->chain = cache->unused;
	cache->unused = at + 1;
	cache->live--;
}

static void move(struct sa_cache *c, uint32_t at, enum sa_list list)
{
	unlist(c, at);
	c->entries[at].list = (uint8_t)list;
	enlist(c, at);
}

void sa_cache_retire(struct sa_cache *cache, uint32_t at, uint32_t now_s)
{
	cache->entries[at].told_s = now_s;
	move(cache, at, SA_EXPIRING);
}

/* It stands behind what was heard later, and may so live longer by the time that it was away. */
void sa_cache_revive(struct sa_cache *cache, uint32_t at)
{
	move(cache, at, SA_NEWCOMER);
}

static bool is_over(const struct sa_cache *c, uint32_t at, uint32_t now_s)
{
	const struct sa_entry *e = at == SA_NONE ? NULL : &c->entries[at];

	return e && now_s - (e->list == SA_EXPIRING ? e->told_s : e->heard_s) >= SA_LIFE_S;
}

bool sa_cache_expire(struct sa_cache *cache, uint32_t now_s, uint32_t at_most)
{
	for (unsigned peer = 0; peer < SA_SELF; peer++)
		for (unsigned list = 0; list < SA_LIST_COUNT; list++)
			while (is_over(cache, cache->lines[peer][list].first, now_s)) {
				if (at_most-- == 0)
					return true;
				sa_cache_drop(cache, cache->lines[peer][list].first);
			}
	return false;
}
