/* SPDX-License-Identifier: BSD-2-Clause */
/* What the keeper has to know of MSDP peers to open their sockets: no more of a configuration than
 * addresses, keys and hops, as one value of one size, for it parses nothing. */
#ifndef WEIR_DAEMON_MSDP_PLAN_H
#define WEIR_DAEMON_MSDP_PLAN_H

#include "os/tcp_socket.h"
#include "policy/conf.h"

#define MSDP_KEY_MAX 80			/* RFC 2385 4.5: what every TCP takes */
#define MSDP_FILE_MAX 1024

struct msdp_socket {
	struct addr local, remote;
	uint32_t    hops;
	char	    key[MSDP_KEY_MAX + 1];	/* "": none */
	char	    key_file[MSDP_FILE_MAX];	/* ""; else the key is its first line */
};

struct msdp_plan {
	uint32_t	   n;
	uint32_t	   entries_max, is_transparent;	/* a relay with others begins anew */
	struct msdp_socket peers[CONF_PEERS_MAX];
};

/* Without the keys that are in files. */
void msdp_plan_of(const struct conf_msdp *conf, struct msdp_plan *out);
/* Bounds, families, ends of texts: all that can be wrong with one that came from elsewhere. */
bool msdp_plan_is_good(const struct msdp_plan *plan);
/* NULL: nobody with these addresses. */
const struct msdp_socket *msdp_plan_peer(const struct msdp_plan *plan, struct addr local,
					 struct addr remote);
struct tcp_options msdp_plan_options(const struct msdp_plan *plan, const struct msdp_socket *peer);
/* Whether a session of this peer can go on under another plan's key and hops. */
bool msdp_socket_is_same(const struct msdp_socket *a, const struct msdp_socket *b);
/* Whether the relay itself has to begin anew for it. */
bool msdp_plan_begins_anew(const struct msdp_plan *old, const struct msdp_plan *new);

#endif
