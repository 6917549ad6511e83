/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets of one interface, read from the ring that the kernel fills (TPACKET_V3), without a copy
 * and without a system call per packet.  A VLAN tag that the kernel stripped is put back. */
#ifndef WEIR_SOURCE_RING_H
#define WEIR_SOURCE_RING_H

#include "model/packet.h"
#include "os/packet_socket.h"

struct ring;

/* Of a socket that somebody opened: takes its descriptor, also where it fails.  `file` is the
 * number of the interface, `links` its link index for frames that come in, and that of frames
 * that this machine sends.  0 or negative errno; -EPROTONOSUPPORT for hardware whose frames weir
 * does not know. */
int ring_new(const struct packet_socket *socket, uint16_t file, const uint16_t links[2],
	     struct ring **out);
void ring_free(struct ring *ring);

int ring_fd(const struct ring *ring);
uint32_t ring_linktype(const struct ring *ring);
/* The next packet, which ring_take() takes; NULL where none is ready.  Its bytes live until the
 * next ring_give_back().  Frames are not numbered. */
const struct packet *ring_head(struct ring *ring);
void ring_take(struct ring *ring);
/* The packets that were taken are done with: the kernel may use their room again. */
void ring_give_back(struct ring *ring);
/* True when ring_head() needs a new block: what it gave before is complete. */
bool ring_is_spent(const struct ring *ring);

#endif
