/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames that say again what a frame before them said, for the audit's hot loop: routers, servers
 * and announcers repeat themselves word for word.  Two frames of one link, of one length on the
 * wire and captured, say the same where they are equal but for the identification of their IPv4
 * header and its checksum, which is right in both.  Knows what bytes matter, and not what they
 * mean; who remembers keeps the bytes. */
#ifndef WEIR_WIRE_ECHO_H
#define WEIR_WIRE_ECHO_H

#include "wire/quick.h"

#define ECHO_BYTES_MAX 512		/* of the frame; longer ones are no echoes */

struct echo {
	uint64_t hash;			/* the same for two frames that say the same */
	uint32_t print;			/* struct observation's, by this frame's identification */
	uint8_t	 varies;		/* where two of eight bytes of an IPv4 header vary, and
					 * then two more; 0: none */
};

/* Of a packet that is QUICK_ASK: false where it can be no echo. */
bool echo_of(const struct quick *quick, const struct packet *packet, struct echo *out);

/* Whether the packet says what another frame of as many bytes said; both were echo_of(). */
bool echo_is_same(const struct echo *echo, const struct packet *packet, const uint8_t *other);

/* From where it was sent, and to whom. */
void echo_addresses(const struct quick *quick, const struct packet *packet,
		    struct addr *out_speaker, struct addr *out_receiver);

#endif
