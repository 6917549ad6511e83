/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP sockets between speakers of a routing protocol: bound to one address, with keys (RFC 2385),
 * TTL security (RFC 5082), and, where a relay is to be invisible, with addresses that are not this
 * machine's (ip(7), IP_TRANSPARENT).  All of them wait for nothing.  Knows no protocol. */
#ifndef WEIR_OS_TCP_SOCKET_H
#define WEIR_OS_TCP_SOCKET_H

#include "net/addr.h"

struct tcp_options {
	struct addr local, remote;
	uint16_t    port;		/* the one that listens */
	const char *password;		/* NULL: none */
	uint32_t    hops;		/* TTL security: so many at most; 0: any */
	bool	    is_transparent;	/* takes CAP_NET_ADMIN */
};

/* A socket that listens on the local address, which all of these peers come to (n > 0).  Their keys and
 * TTL security hold from the first segment on.  A descriptor, or negative errno. */
int tcp_listen(const struct tcp_options *peers, size_t n);
/* Begins a connection; once there is room to write it stands, or tcp_error() says why not. */
int tcp_connect(const struct tcp_options *options);
/* The next that came in: a descriptor, or -EAGAIN where none is there. */
int tcp_accept(int listener, struct addr *out_remote, struct addr *out_local);
/* TTL security of an accepted one.  0 or negative errno. */
int tcp_secure(int fd, const struct tcp_options *options);
/* The address that a socket is bound to.  0 or negative errno. */
int tcp_local(int fd, struct addr *out);
/* Other peers come to a listening socket now: their keys and TTL security take the place of those of
 * `before`.  0 or negative errno. */
int tcp_listen_again(int listener, const struct tcp_options *before, size_t before_n,
		     const struct tcp_options *peers, size_t n);
/* 0, or why a connection failed. */
int tcp_error(int fd);

#endif
