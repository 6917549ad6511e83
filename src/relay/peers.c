/* SPDX-License-Identifier: BSD-2-Clause */
/* Peers that come, change and go while the others' sessions stand.  Whoever is there keeps its place;
 * what a peer that is gone announced is told to nobody from then on, and forgotten in pieces, so
 * that nobody waits for it.  RFC 3618 11 (E1, E7).  Knows no bytes. */
#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "relay/state.h"

#define FORGETS 4096

static void take_memory(struct relay *relay, struct peer *peer)
{
	peer->has_memory = true;
	peer->ring.news = memory_array(relay->config.news_max, sizeof(peer->ring.news[0]));
	peer->ring.parcels = memory_array(PARCELS_MAX, sizeof(peer->ring.parcels[0]));
	if (peer_number(relay, peer) == relay->self)
		return;
	peer->input = memory_take(INPUT_BYTES);
	peer->output = memory_take(OUTPUT_BYTES);
	peer->read = memory_array(relay->self + 1, sizeof(peer->read[0]));
	refusals_init(&peer->refusals);
}

void peer_release(struct peer *peer)
{
	free(peer->ring.news);
	free(peer->ring.parcels);
	free(peer->input);
	free(peer->output);
	free(peer->read);
	refusals_release(&peer->refusals);
}

static void enlist_rpf(struct relay *relay, unsigned i)
{
	const struct relay_peering *p = &relay->peers[i].peering;

	relay->rpf[i] = (struct rpf_peer){
		.address = p->remote, .as = p->as, .mesh = p->mesh, .is_default = p->is_default,
		.rps = p->rps,
		.established = relay->peers[i].session.state == SESSION_ESTABLISHED };
}

/* Drops so many entries of a peer at most; true where more are left. */
static bool forget(struct sa_cache *cache, unsigned peer, unsigned at_most)
{
	for (unsigned list = 0; list < SA_LIST_COUNT; list++)
		while (cache->lines[peer][list].first != SA_NONE) {
			if (at_most-- == 0)
				return true;
			sa_cache_drop(cache, cache->lines[peer][list].first);
		}
	return false;
}

/* Without a peering it is this speaker itself. */
void peer_enter(struct relay *relay, unsigned i, const struct relay_peering *peering)
{
	struct peer *peer = &relay->peers[i];

	if (!peer->has_memory)
		take_memory(relay, peer);
	peer->replay = SA_NONE;
	if (!peering)
		return;
	forget(&relay->cache, i, UINT32_MAX);		/* of whoever had this place before */
	relay->leaving -= peer->is_leaving;
	peer->is_leaving = false;
	peer->is_there = true;
	peer->peering = *peering;
	peer->figures = (struct relay_figures){ 0 };
	peer->told_full = false;
	refusals_reset(&peer->refusals);
	session_init(&peer->session, peering->local, peering->remote, peering->timing);
	session_enable(&peer->session, relay->now);
	enlist_rpf(relay, i);
}

static void leave(struct relay *relay, unsigned i)
{
	struct peer *peer = &relay->peers[i];

	if (peer->session.state == SESSION_ESTABLISHED)
		relay_drop(relay, peer, SESSION_END_REMOVED);
	else
		peer->wish_close = true;		/* an attempt may be under way */
	session_disable(&peer->session, relay->now);
	peer->wish_connect = peer->wish_abort = false;
	peer->is_there = false;
	peer->is_leaving = true;
	relay->leaving++;
	peer->peering = (struct relay_peering){ 0 };
	enlist_rpf(relay, i);
}

/* Whoever is told something now that was told nothing before is told the cache. */
static void change(struct relay *relay, unsigned i, const struct relay_peering *peering)
{
	struct peer *peer = &relay->peers[i];
	bool begins_to_hear = peer->peering.listens && !peering->listens;

	peer->peering = *peering;
	session_set_timing(&peer->session, peering->timing);
	enlist_rpf(relay, i);
	if (begins_to_hear && peer->session.state == SESSION_ESTABLISHED)
		peer->replay = 0;
}

static bool is_same(const struct relay_peering *a, const struct relay_peering *b)
{
	return addr_equal(a->remote, b->remote) && addr_equal(a->local, b->local);
}

void relay_peers_follow(struct relay *relay, const struct relay_peering *peers, unsigned n)
{
	assert(n <= relay->self);
	relay->n = n > relay->n ? n : relay->n;
	for (unsigned i = 0; i < relay->n; i++) {
		const struct relay_peering *wanted =
			i < n && addr_is_there(peers[i].remote) ? &peers[i] : NULL;
		struct peer *peer = &relay->peers[i];
		bool stays = peer->is_there && wanted && is_same(&peer->peering, wanted);

		if (stays)
			change(relay, i, wanted);
		else if (peer->is_there)
			leave(relay, i);
		if (wanted && !stays)
			peer_enter(relay, i, wanted);
	}
	for (unsigned i = 0; i < relay->n; i++)
		relay->peers[i].believed.until_ns = INT64_MIN;
}

bool relay_forget_some(struct relay *relay)
{
	for (unsigned i = 0; i < relay->n && relay->leaving > 0; i++) {
		struct peer *peer = &relay->peers[i];

		if (!peer->is_leaving)
			continue;
		if (forget(&relay->cache, i, FORGETS))
			return true;
		peer->is_leaving = false;
		relay->leaving--;
	}
	return false;
}
