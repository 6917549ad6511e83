/* SPDX-License-Identifier: BSD-2-Clause */
/* Counting the SA cache: one hash table for all peers, of which each has its share, so that a storm
 * of one leaves the others counted.  Knows no clock. */
#include "relay/census.h"

#include <stdlib.h>

#include "base/memory.h"
#include "relay/relay.h"

#define TALLIES 16384			/* of each peer */
#define TALLIES_MAX (1u << 20)
#define NET UINT32_C(0xffffff00)

enum census_kind { OF_SOURCE, OF_NET, OF_RP, KIND_COUNT, BORN_OF_SOURCE = KIND_COUNT };

struct tally {
	uint32_t key, n;
	uint32_t round;			/* of an older one: free */
	uint8_t	 peer, kind;
};

struct census {
	struct tally	     *tallies;
	uint32_t	      mask, share, round, at;
	unsigned	      peers;
	uint64_t	      seed;
	struct census_figures figures[RELAY_PEERS_MAX];
	uint32_t	      taken[RELAY_PEERS_MAX], after_s[RELAY_PEERS_MAX];
};

struct census *census_new(unsigned peers, uint64_t seed)
{
	struct census *census = memory_take(sizeof(*census));
	uint32_t room = TALLIES;

	while (room < TALLIES_MAX && room < peers * (uint32_t)TALLIES)
		room *= 2;
	census->tallies = memory_array(room, sizeof(census->tallies[0]));
	census->mask = room - 1;
	census->peers = peers;
	census->share = room / 4 * 3 / (peers ? peers : 1);
	census->seed = seed;
	return census;
}

void census_free(struct census *census)
{
	if (!census)
		return;
	free(census->tallies);
	free(census);
}

void census_begin(struct census *census, const uint32_t *after_s)
{
	census->round++;
	census->at = 0;
	for (unsigned i = 0; i < census->peers; i++) {
		census->figures[i] = (struct census_figures){ 0 };
		census->taken[i] = 0;
		census->after_s[i] = after_s ? after_s[i] : UINT32_MAX;
	}
}

static uint32_t home_of(const struct census *census, unsigned peer, enum census_kind kind,
			 uint32_t key)
{
	uint64_t h = (census->seed ^ key ^ (uint64_t)peer << 32 ^ (uint64_t)kind << 40) *
		     UINT64_C(0x9e3779b97f4a7c15);

	h ^= h >> 32;
	return (uint32_t)(h * UINT64_C(0xd6e8feb86659fd93) >> 32) & census->mask;
}

/* One more of this key; how many there are now, 0 where there was no room.  The shares of all
 * peers together leave a quarter free, so that the search ends. */
static uint32_t add(struct census *census, unsigned peer, enum census_kind kind, uint32_t key)
{
	uint32_t at = home_of(census, peer, kind, key);
	struct tally *p;

	for (; (p = &census->tallies[at])->round == census->round; at = (at + 1) & census->mask)
		if (p->key == key && p->peer == peer && p->kind == kind)
			return ++p->n;
	if (census->taken[peer] == census->share)
		return 0;
	census->taken[peer]++;
	*p = (struct tally){ .key = key, .n = 1, .round = census->round, .peer = (uint8_t)peer,
			     .kind = (uint8_t)kind };
	return 1;
}

static void count(struct census *census, const struct sa_entry *e)
{
	struct census_figures *f = &census->figures[e->peer];
	const uint32_t keys[KIND_COUNT] = { e->key.source, e->key.source & NET, e->key.rp };
	uint32_t *const most[KIND_COUNT] = { &f->of_source, &f->of_net, &f->of_rp };
	uint32_t n;

	f->held++;
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		n = add(census, e->peer, kind, keys[kind]);
		if (n == 0)
			f->uncounted++;
		if (n > *most[kind])
			*most[kind] = n;
	}
	if (e->born_s <= census->after_s[e->peer])
		return;
	f->born++;
	n = add(census, e->peer, BORN_OF_SOURCE, e->key.source);
	f->uncounted += n == 0;
	f->born_of_source = n > f->born_of_source ? n : f->born_of_source;
}

bool census_some(struct census *census, const struct sa_cache *cache, uint32_t at_most)
{
	for (uint32_t i = 0; i < at_most && census->at < cache->fresh_from; i++, census->at++) {
		const struct sa_entry *e = &cache->entries[census->at];

		if (e->used && e->list != SA_EXPIRING && e->peer < census->peers)
			count(census, e);
	}
	return census->at < cache->fresh_from;
}

struct census_figures census_of(const struct census *census, unsigned peer)
{
	return census->figures[peer];
}
