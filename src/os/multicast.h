/* SPDX-License-Identifier: BSD-2-Clause */
/* UDP sockets for groups of IPv4, which need no privilege. */
#ifndef WEIR_OS_MULTICAST_H
#define WEIR_OS_MULTICAST_H

#include "base/mtime.h"
#include "os/interfaces.h"

/* A socket that sends with this TTL, and, as Windows does, without the Don't Fragment bit: a file
 * descriptor, or negative errno. */
int multicast_sender(uint8_t ttl);
/* From the interface's own address: 0 or negative errno. */
int multicast_send(int fd, const struct interface *from, struct addr group, uint16_t port,
		   struct span bytes);

/* A socket that waits for nothing and hears this port, together with whoever else does: a file
 * descriptor, or negative errno. */
int multicast_receiver(uint16_t port);
/* 0 or negative errno; -EADDRINUSE where it is a member already. */
int multicast_join(int fd, unsigned interface_index, struct addr group);

/* One datagram, and what the kernel tells of it beside its bytes. */
struct datagram {
	struct mtime at;
	struct addr  from, to;
	uint16_t     sport;
	unsigned     interface_index;
	uint8_t	     ttl;
	bool	     has_ttl, is_cut;
	size_t	     n;
};

/* 1 with the next datagram, 0 where none is there, or negative errno. */
int multicast_receive(int fd, uint8_t *buffer, size_t size, struct datagram *out);

#endif
