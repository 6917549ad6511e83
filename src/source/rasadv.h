/* SPDX-License-Identifier: BSD-2-Clause */
/* RAS advertisements from the network, through a UDP socket that needs no privilege.  It hears
 * port 9753 on the interfaces that it was given: 239.255.2.2, and whatever other group somebody
 * on this machine is a member of. */
#ifndef WEIR_SOURCE_RASADV_H
#define WEIR_SOURCE_RASADV_H

#include "os/interfaces.h"
#include "wire/wire.h"

struct rasadv_link {
	const char *name;		/* as it was given */
	unsigned    index;		/* 0 while there is no such interface */
	struct addr address;		/* its IPv4 address; ADDR_NONE */
	bool	    is_up;
	int	    error;		/* negative errno of the last try to join; 0 */
};

struct rasadv_listener;

/* Joins on each; links[i].error tells where that failed.  0, or negative errno where there can be
 * no socket.  The names are borrowed; the caller frees the listener, and so leaves the group. */
int rasadv_listener_new(const char *const *names, size_t n, struct rasadv_listener **out);
void rasadv_listener_free(struct rasadv_listener *l);

int rasadv_listener_fd(const struct rasadv_listener *l);
const struct rasadv_link *rasadv_listener_links(const struct rasadv_listener *l, size_t *out_n);

/* Looks whether interfaces went or came back, and joins on those that did: the next link that is
 * not as it was; NULL where all are. */
const struct rasadv_link *rasadv_listener_changed(struct rasadv_listener *l);

/* What the next datagram says, with the number of its interface as `link`; false where none waits. */
bool rasadv_listener_next(struct rasadv_listener *l, struct said *out);

#endif
