/* SPDX-License-Identifier: BSD-2-Clause */
/* A packet socket of one interface with its TPACKET_V3 ring (packet(7)), set up and not read:
 * that takes CAP_NET_RAW, and reading does not. */
#ifndef WEIR_OS_PACKET_SOCKET_H
#define WEIR_OS_PACKET_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

/* Of plain values, so that one process can tell another. */
struct packet_socket {
	int32_t	 fd;
	uint32_t index;			/* of the interface */
	uint32_t hardware;		/* ARPHRD_* */
	uint32_t block_bytes, block_count;
};

/* Frames are cut to `snaplen` bytes where that is not 0.  The interface hears every frame of its
 * link (promiscuous) as long as the socket is open.  0 or negative errno; -ENODEV where there is
 * no such interface, -ENOBUFS where there is no memory for a ring. */
int packet_socket_open(const char *name, uint32_t snaplen, struct packet_socket *out);

/* What the kernel dropped since the last call, for want of room in the ring. */
uint64_t packet_socket_drops(int fd);
/* Takes note that the interface went down, so that waiting for packets waits again. */
void packet_socket_clear(int fd);

#endif
