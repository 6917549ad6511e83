/* SPDX-License-Identifier: BSD-2-Clause */
/* Which decoder reads which messages: the rows of protocols.c. */
#ifndef WEIR_WIRE_PROTOCOLS_H
#define WEIR_WIRE_PROTOCOLS_H

#include "wire/layers.h"

typedef void decoder(const struct layers *at, struct span bytes, struct said *out);

enum carrier {
	CARRIER_IP4,		/* number: IP protocol in IPv4 */
	CARRIER_IP6,		/* number: IP protocol in IPv6 */
	CARRIER_ICMP6,		/* number: ICMPv6 type; the message begins with it */
	CARRIER_UDP,		/* number: destination port, of any multicast group */
	CARRIER_UDP_GROUP,	/* group under mask, whatever the port */
};

struct protocol_row {
	enum carrier  carrier;
	unsigned      number;
	enum protocol protocol;		/* of the `data` that the packet gives; of anomalies */
	enum point    point;		/* of anomalies that are said before the decoder is asked */
	decoder	     *decode;
	struct addr   group, mask;	/* CARRIER_UDP_GROUP only */
	bool	      says_data;	/* the decoder says the packet's `data` as well */
};

/* The row that reads a message, or NULL. */
const struct protocol_row *protocol_row_of(enum carrier carrier, unsigned number);
/* The row that reads a datagram to this group and port: a port's row before a group's. */
const struct protocol_row *protocol_row_of_udp(struct addr group, unsigned port);

/* All rows, for the tests and the quick path. */
const struct protocol_row *protocol_rows(size_t *out_n);

#endif
