/* SPDX-License-Identifier: BSD-2-Clause */
/* Peer-RPF forwarding.  RFC 3618 10.1.3, 10.2.  Knows no routing table. */
#include "relay/rpf.h"

#include <limits.h>

#include "base/bytes.h"

#define NOBODY UINT_MAX

static unsigned find_peer(const struct rpf_peer *peers, unsigned n, struct addr address)
{
	if (!addr_is_there(address))
		return NOBODY;
	for (unsigned i = 0; i < n; i++)
		if (peers[i].established && addr_equal(peers[i].address, address))
			return i;
	return NOBODY;
}

/* (iv): in the closest AS of the path that has a peer; of several the highest address. */
static unsigned closest_peer(const struct rpf_peer *peers, unsigned n,
			     const struct rpf_route *route)
{
	unsigned best = NOBODY;

	for (unsigned hop = 0; hop < route->path_n && best == NOBODY; hop++)
		for (unsigned i = 0; i < n; i++) {
			if (!peers[i].established || peers[i].as == 0 ||
			    peers[i].as != route->path[hop])
				continue;
			if (best == NOBODY || addr_order(peers[i].address, peers[best].address) > 0)
				best = i;
		}
	return best;
}

/* Of the next hops that are equally good, the one who speaks; else any that is a peer. */
static unsigned hop_peer(const struct rpf_peer *peers, unsigned n, unsigned from,
			 const struct rpf_route *route)
{
	unsigned found = NOBODY;

	for (unsigned i = 0; i < route->igp_n && found != from; i++) {
		unsigned peer = find_peer(peers, n, route->igp_next_hops[i]);

		found = peer != NOBODY ? peer : found;
	}
	return found;
}

static bool is_named(const struct rpf_peer *peer, struct addr rp)
{
	return peer->established && peer->is_default && set_has(&peer->rps, rp);
}

static bool is_for_all(const struct rpf_peer *peer)
{
	return peer->established && peer->is_default && peer->rps.n == 0;
}

/* Whoever is named for the RP, before those that are so for all; of several each is believed. */
static unsigned static_peer(const struct rpf_peer *peers, unsigned n, unsigned from, struct addr rp)
{
	if (is_named(&peers[from], rp))
		return from;
	for (unsigned i = 0; i < n; i++)
		if (is_named(&peers[i], rp))
			return i;
	if (is_for_all(&peers[from]))
		return from;
	for (unsigned i = 0; i < n; i++)
		if (is_for_all(&peers[i]))
			return i;
	return NOBODY;
}

enum rpf_rule rpf_accepts(const struct rpf_peer *peers, unsigned n, unsigned from, struct addr rp,
			  const struct rpf_route *route)
{
	bool found = route->found;
	const struct {
		enum rpf_rule rule;
		unsigned      peer;
	} tries[] = {
		{ RPF_SELF,	  find_peer(peers, n, rp) },
		{ RPF_NEXT_HOP,	  found ? find_peer(peers, n, route->bgp_next_hop) : NOBODY },
		{ RPF_ADVERTISER, found ? find_peer(peers, n, route->advertiser) : NOBODY },
		{ RPF_ADVERTISER, found ? hop_peer(peers, n, from, route) : NOBODY },
		{ RPF_CLOSEST_AS, found ? closest_peer(peers, n, route) : NOBODY },
		{ RPF_STATIC,	  static_peer(peers, n, from, rp) },
	};

	if (!peers[from].established)
		return RPF_REFUSED;
	if (peers[from].mesh)				/* 10.2 (i) */
		return RPF_MESH;
	for (size_t i = 0; i < COUNT(tries); i++)
		if (tries[i].peer != NOBODY)
			return tries[i].peer == from ? tries[i].rule : RPF_REFUSED;
	return RPF_REFUSED;
}

bool rpf_forwards(const struct rpf_peer *from, const struct rpf_peer *to)
{
	return from != to && to->established && (!from->mesh || from->mesh != to->mesh);
}
