/* SPDX-License-Identifier: BSD-2-Clause */
/* The contract between the layers and the protocol decoders.
 *
 * A decoder is `void X_decode(const struct layers *at, struct span bytes, struct said *out)`:
 * `bytes` is its whole message as far as it was captured, `at` tells what the headers around
 * it said.  It appends its statements to `out` (said_statement, said_add), or exactly one
 * anomaly (said_only_anomaly): a message speaks whole or not at all.  It never resets `out`,
 * which may hold what the headers outside of it said.
 * Protocols are found by the rows of wire/protocols.c. */
#ifndef WEIR_WIRE_LAYERS_H
#define WEIR_WIRE_LAYERS_H

#include "wire/wire.h"

/* Encapsulations (IP headers, frames inside of packets) that are followed into each other. */
#define LAYERS_DEPTH_MAX 16

struct layers {
	/* Every field that the headers tell: at, speaker, receiver, ttl, mac, vlan, link, bytes,
	 * ip_protocol, ports, and flags (tunnel, fragment, cut, bad-ip-checksum, ...).  `source`,
	 * `group` and `rp` are ADDR_NONE, point and what are NONE: the decoder's to fill. */
	struct observation template;
	struct addr	   final;	/* the pseudo-header's destination: `receiver`, or the last
					 * hop of a source route */
	size_t		   cut;		/* bytes of this message, behind `bytes`, that the snap length
					 * took; 0 where the message is all there */
	size_t		   mark;	/* statements in `said` before this message */
	uint64_t	   circuit;	/* of several on a link (Frame Relay, PPPoE), each with its
					 * own copy of a packet; spread over the bits; 0: one */
	uint16_t	   fragment_offset; /* in bytes; a decoder sees 0 only */
	uint8_t		   depth;	/* encapsulations around this message */
	bool		   is_fragment;	/* the first of several: the message goes on elsewhere */
	bool		   router_alert; /* the IP header (or hop-by-hop header) carries the option */
	bool		   checksums_unreliable;
	bool		   udp_checksums; /* of struct wire_options */
	bool		   is_inside;	/* an IP header was read: another one is in a tunnel */
	bool		   is_quoted;	/* inside of a Register or an SA: nothing is judged */
	bool		   was_multicast; /* said->is_multicast when this chain of headers began */
};

/* The template with its protocol and type: WHAT_NONE and POINT_NONE until the caller sets them. */
struct observation said_statement(const struct layers *at, enum protocol protocol, enum type type);

/* Adds a `data` of the packet around. */
void said_data(struct said *out, const struct layers *at, enum protocol protocol, uint64_t flags);

/* Takes back what was said since at->mark and says one anomaly instead, at `point`.
 * ANOMALY_SHORT becomes ANOMALY_CUT where the snap length took bytes of the message. */
void said_only_anomaly(struct said *out, const struct layers *at, enum protocol protocol,
		       enum point point, enum anomaly anomaly);
/* The same since another mark. */
void said_instead(struct said *out, const struct layers *at, size_t mark, enum protocol protocol,
		  enum point point, enum anomaly anomaly);

/* Adds a flag to every statement since at->mark. */
void said_flag(struct said *out, const struct layers *at, uint64_t flag);

/* True where the checksum of the message can be verified at all: it is whole, no fragment, and
 * its sender's checksums are no offload's. */
bool layers_can_check(const struct layers *at);

/* True where the Internet checksum over all of `bytes`, its own field included, is wrong; false
 * where it is right or cannot be verified. */
bool layers_bad_checksum(const struct layers *at, struct span bytes);

/* The same with the pseudo-header (RFC 768, RFC 8200 8.1) of the carrying IP header before it. */
bool layers_bad_pseudo(const struct layers *at, struct span bytes, uint8_t ip_protocol);

/* Reads an IP packet that a Register (or Null-Register) or an SA carries: SAP and rasadv inside
 * of it speak, with POINT_NONE and the flag `tunnel`; nothing in it is judged (LANGUAGE S52), and
 * what is broken in it says nothing.  Sets
 * said->is_multicast where its innermost header is multicast.  `at` is that of the Register, with
 * `cut` being what is missing behind `bytes`. */
void layers_read_quoted(const struct layers *at, struct span bytes, struct said *out);

#endif
