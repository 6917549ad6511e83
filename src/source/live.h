/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets of several interfaces as they come.  An interface may come later, go, and come back: it
 * keeps its number.  Of what is there at once, the packets are in order of time. */
#ifndef WEIR_SOURCE_LIVE_H
#define WEIR_SOURCE_LIVE_H

#include "os/packet_socket.h"
#include "source/source.h"

#define LIVE_INTERFACES_MAX 64
#define LIVE_BATCH 1024

/* What an interface gave so far. */
struct live_interface {
	const char *name;		/* as the user wrote it */
	unsigned    index;		/* of the kernel; 0: it is not open */
	uint32_t    linktype;		/* as it was last open; UINT32_MAX: never */
	uint64_t    packets, bytes;	/* that passed the filter; bytes on the wire */
	uint64_t    dropped;		/* by the kernel, for want of time or memory here */
};

struct live;

/* Names are borrowed.  Frames that come in over interface i have link 2i, frames that this
 * machine sends have 2i + 1.  `filter` is libpcap's, or NULL: -EINVAL, with a line in
 * problem[160], where it is wrong. */
int live_new(const char *const *names, size_t n, const char *filter, char *problem,
	     struct live **out);
void live_free(struct live *live);

/* Reads interface number `i` from a socket, which it takes, in place of what it read before.  0 or
 * negative errno; -EINVAL, and a line in problem[160], where the filter means nothing there. */
int live_attach(struct live *live, size_t i, const struct packet_socket *socket, char *problem);
/* Reads interface number `i` no more. */
void live_detach(struct live *live, size_t i);

/* The packets that are there, at most LIVE_BATCH, numbered from 1 for each interface: 0 where
 * there are none now.  Their bytes live until the next call. */
size_t live_next(struct live *live, const struct packet **out);
/* Waits until there are packets, one of at most LIVE_FDS_MAX descriptors is readable, a signal comes,
 * or the time is over. */
#define LIVE_FDS_MAX 4
void live_wait(const struct live *live, const int *fds, size_t n, int timeout_ms);

/* With the kernel's count of drops as of now. */
const struct live_interface *live_interfaces(struct live *live, size_t *out_n);

#endif
