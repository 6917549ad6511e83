/* SPDX-License-Identifier: BSD-2-Clause */
/* What most control messages say, in brief, for the audit's hot loop: who asks for which (S,G) or
 * (*,G).  A message is brief where it is a plain IPv4 packet with right checksums, and is whole,
 * goes to a group and says nothing but a few joins of hosts' groups (reports of IGMPv2 and IGMPv3,
 * joins of PIM), or is a Register of plain data.  So is a segment of MSDP without a payload, which
 * says nothing at all, or with one TLV that the snap length cut, which is one anomaly.
 * All others are left to quick_decode().  What brief_read() tells is exactly what that would have
 * said (tests/unit/wire/brief.c holds the two together). */
#ifndef WEIR_WIRE_BRIEF_H
#define WEIR_WIRE_BRIEF_H

#include "wire/number.h"
#include "wire/quick.h"

#define BRIEF_MAX 4			/* statements; who says more is not brief */

struct brief {
	uint64_t pair[BRIEF_MAX];		/* addr_pair() of each; source 0: `*` */
	uint32_t speaker, receiver, print;	/* struct observation's */
	uint8_t	 n, ttl;			/* n: 0 of a segment */
	uint8_t	 point, protocol, type;		/* of all statements; a WHAT_REGISTER, or WHAT_JOIN */
	bool	 is_cut;
	uint16_t sport, dport;			/* of a segment: its ports, */
	uint16_t tlv;				/* the length of its TLV, or 0, and */
	uint32_t seq;				/* where that begins */
};

/* A look at its IP header, if it is a plain one of version 4, of a packet that is QUICK_ASK. */
static inline bool brief_may_be(const struct quick *quick, const struct packet *packet)
{
	return (unsigned)quick->plain - 1 < IP4_ALERT_BYTES &&
	       packet->bytes.p[quick->ip_offset + 9] != NUMBER_UDP;
}

/* A packet that is QUICK_ASK: true where it is brief; else `out` means nothing.  Its bytes may change
 * meanwhile: then any of them may be told. */
bool brief_read(const struct quick_rules *rules, const struct quick *quick,
		const struct packet *packet, struct brief *out);

/* The i-th statement, every field of it. */
struct observation brief_statement(const struct brief *brief, size_t i, const struct quick *quick,
				   const struct packet *packet);

#endif
