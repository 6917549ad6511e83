/* SPDX-License-Identifier: BSD-2-Clause */
/* What one packet says.  wire_decode() peels link layer, tags, IP headers and tunnels, and
 * lets one decoder per protocol speak.  No state between packets: TCP segments of MSDP are
 * handed out as they are, for the engine's stream to put together.
 * Knows no policy, no interface, no clock, and never logs, allocates or aborts on bytes. */
#ifndef WEIR_WIRE_WIRE_H
#define WEIR_WIRE_WIRE_H

#include "model/observation.h"
#include "model/packet.h"

/* The largest packet (64 KiB) holds fewer statements than this, save in malicious nesting:
 * then it is ANOMALY_CROWDED. */
#define SAID_MAX 16384
#define SAID_SEGMENTS_MAX 4
#define SAID_SCRATCH 65536

/* A TCP segment to or from port 639 (MSDP).  One of port 9753 (RAS) is a notice instead. */
struct segment {
	struct observation header;	/* speaker, receiver, ports, ttl, vlan, link, at, bytes */
	uint32_t	   seq;
	uint8_t		   tcp_flags;	/* FIN 1, SYN 2, RST 4 */
	struct span	   payload;	/* borrows the packet */
	uint32_t	   missing;	/* payload bytes behind it that the snap length cut */
};

/* One packet's words.  Allocated once per decoder and used again for every packet. */
struct said {
	struct observation *list;	/* SAID_MAX of them */
	size_t		    n;
	struct segment	    segments[SAID_SEGMENTS_MAX];
	size_t		    segment_count;
	uint8_t		   *scratch;	/* SAID_SCRATCH bytes for inflated payloads */
	size_t		    scratch_used;
	bool		    has_ip;		/* at least one IP header was read */
	bool		    is_multicast;	/* DESIGN 6: packets.multicast */
	bool is_read; /* false: nobody can tell whether IP is inside: an unknown
		       * link type, a broken link header, an encrypted frame */
	bool		    is_crowded;		/* SAID_MAX was not enough: one anomaly is all it says */
};

/* Start-up: takes the memory, or gives it back. */
void said_init(struct said *said);
void said_release(struct said *said);
void said_reset(struct said *said);
/* Adds a statement; false, and a crowded said, where there is no room.  A source_len or
 * group_len of 0 becomes that of a host; scope F of IPv6 is flagged (the group stays as it is
 * on the wire, the judge reads it as E: LANGUAGE S18). */
bool said_add(struct said *said, const struct observation *obs);

struct wire_options {
	bool udp_checksums;		/* verify UDP of every datagram, not of SAP and rasadv only */
};

/* Everything the frame says; `out` is reset first. */
void wire_decode(const struct packet *packet, const struct wire_options *options,
		 struct said *out);

/* True where weir reads this LINKTYPE_. */
bool linktype_is_read(uint32_t linktype);
/* The pcap registry's name ("ETHERNET"), or NULL where it has none. */
const char *linktype_name(uint32_t linktype);

#endif
