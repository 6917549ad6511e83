/* SPDX-License-Identifier: BSD-2-Clause */
/* rasadv: a Remote Access Server says that it is there.  [MS-RASA] 2.2.  Names are hostile
 * input: they are spans of raw bytes, which whoever prints must escape. */
#ifndef WEIR_WIRE_RASADV_H
#define WEIR_WIRE_RASADV_H

#include "wire/layers.h"

#define RASADV_PORT 9753
#define RASADV_TTL 15			/* [MS-RASA] 2.1: so hops = 15 - TTL */
#define RASADV_NAME_MAX 256		/* bytes of a name that are kept */

/* 239.255.2.2. */
struct addr rasadv_group(void);

/* A UDP datagram to 239.255.2.2, or to port 9753 of any group.  States the one `data` of the
 * packet, so that the caller adds no other: with protocol `rasadv` and the names where it is an
 * advertisement, else with protocol `udp`; where port and group are right and the payload is
 * not, one anomaly besides. */
void rasadv_decode(const struct layers *at, struct span bytes, struct said *out);

/* The payload that Windows sends; an empty domain is the workgroup form.  The writer fails, and
 * nothing is written, where the format cannot carry a name (rasadv_name_is_plain). */
void rasadv_encode(struct wr *w, struct span hostname, struct span domain);
/* Printable ASCII without blanks, 1 to RASADV_NAME_MAX bytes, in which no reader sees a domain
 * begin. */
bool rasadv_name_is_plain(struct span name);

#endif
