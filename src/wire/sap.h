/* SPDX-License-Identifier: BSD-2-Clause */
/* SAP: announcements of multicast sessions.  RFC 2974.  The session description inside is
 * wire/sdp's business. */
#ifndef WEIR_WIRE_SAP_H
#define WEIR_WIRE_SAP_H

#include "wire/layers.h"

#define SAP_PORT 9875
#define SAP_USUAL_MAX 1024		/* RFC 2974 6: an announcement should be shorter */

/* 224.2.127.254, 224.2.127.255 (version 0), the highest address of the local and of the
 * organisation-local scope (RFC 2365 6), ff0x::2:7ffe (RFC 2974 3). */
bool sap_is_group(struct addr group);

/* A UDP datagram to port 9875 of any group, or to any port of a SAP group.  States the `data`
 * of the packet itself (protocol `sap`; or `udp`, with the flag not-sap on a SAP group, where
 * it is none), so that the caller adds no other; and the sessions: one `session` for each group
 * that is announced, a notice where none is, or one anomaly. */
void sap_decode(const struct layers *at, struct span bytes, struct said *out);

struct sap_message {
	struct addr origin;
	uint16_t    hash;
	bool	    is_delete;
	const char *type;		/* MIME type of the payload; NULL: left out */
	struct span payload;
};

/* The datagram without authentication, encryption and compression. */
void sap_encode(struct wr *w, const struct sap_message *message);

#endif
