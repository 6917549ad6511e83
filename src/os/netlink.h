/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets to the kernel, and the news of network interfaces: they come, go, and change.  netlink(7),
 * rtnetlink(7). */
#ifndef WEIR_OS_NETLINK_H
#define WEIR_OS_NETLINK_H

#include <stdbool.h>
#include <stddef.h>

#define INTERFACE_NAME 16

struct interface_news {
	char	 name[INTERFACE_NAME];
	unsigned index;
	bool	 is_up;			/* set up by whoever administers it */
	bool	 is_gone;		/* taken away, or moved elsewhere */
};

/* A socket of a protocol (NETLINK_ROUTE) that hears `groups`, or negative errno; `flags` as
 * SOCK_NONBLOCK. */
int netlink_socket(int protocol, unsigned groups, int flags);

/* A descriptor that becomes readable with news, or negative errno. */
int netlink_open(void);
/* What is new, at most `max` pieces.  *out_lost: some news were lost, so look at all interfaces
 * again. */
size_t netlink_read(int fd, struct interface_news *out, size_t max, bool *out_lost);

#endif
