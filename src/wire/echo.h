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

/* What is known of a frame beside its bytes. */
struct echo {
	uint64_t mix;			/* for echo_print() */
	uint64_t same;			/* of the eight bytes at `at`: the bits that are always the
					 * same; of IPv6 all of them */
	uint8_t	 at;			/* where the identification is, or would be */
};

/* Of a packet that is QUICK_ASK, with a plain header: the same for two frames that say the same. */
uint64_t echo_hash(const struct quick *quick, const struct packet *packet);

/* Of the same: false where nothing can be its echo, for that never says the same, or its header is
 * wrong. */
bool echo_of(const struct quick *quick, const struct packet *packet, struct echo *out);

/* Whether the packet says what another frame of as many bytes said, of which this is known; not of one
 * with unreliable checksums. */
bool echo_is_same(const struct echo *echo, const struct packet *packet, const uint8_t *other);

/* The packet's print (struct observation), where it says the same. */
uint32_t echo_print(const struct echo *echo, const struct packet *packet);

/* From where it was sent, and to whom. */
void echo_addresses(const struct quick *quick, const struct packet *packet,
		    struct addr *out_speaker, struct addr *out_receiver);

#endif
