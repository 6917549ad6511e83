/* SPDX-License-Identifier: BSD-2-Clause */
/* Peer-RPF forwarding: which of its peers a speaker believes about an RP.  RFC 3618 10.1.3, and
 * 10.2 for mesh groups.  The routes are the caller's; knows no cache and no bytes. */
#ifndef WEIR_RELAY_RPF_H
#define WEIR_RELAY_RPF_H

#include "net/set.h"

#define RPF_PATH_MAX 16
#define RPF_HOPS_MAX 8

/* The route towards an RP, as far as the rules ask.  What is not known is ADDR_NONE or 0. */
struct rpf_route {
	bool	    found;
	struct addr bgp_next_hop;	/* (ii) of an eBGP route */
	struct addr advertiser;		/* (iii) of an iBGP route, or of another path vector's */
	struct addr igp_next_hops[RPF_HOPS_MAX];	/* (iii): equal ones are all believed */
	unsigned    igp_n;
	uint32_t    path[RPF_PATH_MAX];	/* (iv) the AS path, the nearest first */
	unsigned    path_n;
};

typedef void rpf_lookup(void *context, struct addr rp, struct rpf_route *out);

struct rpf_peer {
	struct addr address;
	uint32_t    as;			/* 0: unknown */
	unsigned    mesh;		/* number of its mesh group; 0: none */
	bool	    is_default;		/* (v): the static RPF peer ... */
	struct set  rps;		/* ... of these RPs; empty: of all for whom none is named */
	bool	    established;	/* others are not eligible */
};

/* Which rule let an SA in; RPF_REFUSED: none. */
enum rpf_rule {
	RPF_REFUSED, RPF_MESH, RPF_SELF, RPF_NEXT_HOP, RPF_ADVERTISER, RPF_CLOSEST_AS, RPF_STATIC
};

/* Whether an SA of this RP is believed from peers[from]; the first rule that names a peer
 * decides (10.1.3). */
enum rpf_rule rpf_accepts(const struct rpf_peer *peers, unsigned n, unsigned from, struct addr rp,
			  const struct rpf_route *route);

/* Whether an SA from one peer goes on to another (10.1.3, 10.2). */
bool rpf_forwards(const struct rpf_peer *from, const struct rpf_peer *to);

#endif
