/* SPDX-License-Identifier: BSD-2-Clause */
/* The IP packet around a control message: where the message lies in it, and the lengths and
 * checksums of both after the message has changed.  RFC 791, RFC 8200, RFC 768, RFC 1071.
 * Only engine/trim*.c knows this header. */
#ifndef WEIR_ENGINE_TRIM_IP_H
#define WEIR_ENGINE_TRIM_IP_H

#include "base/bytes.h"
#include "net/addr.h"

struct frame {
	enum family family;
	struct addr source, destination;
	struct span head;		/* IP header, options, extension headers; of UDP too */
	struct span message;		/* behind it; of UDP, its payload */
	unsigned    protocol;		/* 2, 17, 58, 103 */
	size_t	    udp;		/* where in `head` the UDP header begins; 0: none */
	bool	    has_sum;		/* false: UDP without a checksum */
};

/* False where the message cannot be changed: a fragment, an authenticated packet, a source
 * route, or another protocol. */
bool frame_find(struct span packet, struct frame *out);

/* `w` holds the head and, behind it, the message as it is now: sets every length and
 * checksum. */
void frame_finish(const struct frame *frame, struct wr *w);

/* A fresh header without options, of a packet that carries n bytes of the protocol: then
 * they are written behind it. */
#define FRAME_TTL 64
void frame_head_write(struct addr source, struct addr destination, unsigned protocol, size_t n,
		      struct wr *w);

#endif
