/* SPDX-License-Identifier: BSD-2-Clause */
/* The quick look, for the audit's hot loop: most packets of a capture are unicast, which says
 * nothing, or plain multicast UDP over IP over Ethernet, which says one `data`.  These are told in
 * a few nanoseconds; everything else asks to be decoded.  What the quick look tells is exactly
 * what wire_decode() would have said (tests/unit/wire/quick.c holds the two together).
 *
 *	struct quick_rules rules = quick_rules_of(&options);
 *	quick_look(&rules, packets, n, quick);		n packets at once, any linktype
 *	switch (quick[i].kind) ...
 */
#ifndef WEIR_WIRE_QUICK_H
#define WEIR_WIRE_QUICK_H

#include "wire/load.h"
#include "wire/wire.h"

enum quick_kind {
	QUICK_ASK,			/* only a decoder can tell: quick_decode() */
	QUICK_NO_IP,			/* said: nothing; is_read */
	QUICK_IP,			/* said: nothing; is_read, has_ip (not multicast) */
	QUICK_DATA4,			/* said: one `data` of UDP; is_read, has_ip, is_multicast */
	QUICK_DATA6,
};

/* What QUICK_DATA4 and QUICK_DATA6 say; of the other kinds only `kind` and what quick_decode()
 * reads is set. */
struct quick {
	union {				/* IPv4, host order; of IPv6 see quick_addresses(); else 0 */
		struct {
			uint32_t group, source;
		};
		uint64_t pair;		/* both, so that they are stored at once */
	};
	uint32_t print;			/* struct observation's */
	uint8_t	 ttl;
	uint8_t	 kind;			/* enum quick_kind */
	uint8_t	 ip_offset;		/* of the IP header within the frame */
	union {
		bool	is_cut;		/* FLAG_BIT(CUT): all that such a `data` can be flagged with */
		uint8_t plain;		/* QUICK_ASK: bytes of a plain IP header, or 0 */
	};
};

/* So many packets are looked at and judged together. */
#define QUICK_BATCH 64
#define QUICK_END UINT8_MAX			/* no packet's number */
#define QUICK_LINE_BYTES 64

/* Memory that will be looked at later.  It is fetched into the second cache, a line with each
 * packet that is looked at, one with each that is taken, and the rest at the end: not all at once,
 * for only so many lines can be on their way.  Tells the next line. */
static inline const uint8_t *quick_fetch(const uint8_t *ahead)
{
	__builtin_prefetch(ahead, 0, 2);
	return ahead + QUICK_LINE_BYTES;
}

/* Up to there, if that is not far: it need not be of the same memory. */
static inline void quick_fetch_rest(const uint8_t *ahead, const uint8_t *end)
{
	for (size_t i = 0; i < QUICK_BATCH && ahead < end; i++)
		ahead = quick_fetch(ahead);
}

/* Which of them are of which kind.  What the caller sets comes first; it is fetched meanwhile. */
struct quick_lists {
	const uint8_t  *ahead;
	bool		in_order;	/* surely: no packet is older than the one before it */
	const uint32_t *places;		/* where he looks up each hash, by its low bits: */
	uint64_t	place_mask;
	uint64_t hash[QUICK_BATCH];		/* addr_hash_pair() of each of data; IPv6: of zeros */
	size_t	ask_n, data_n, no_ip_n;		/* QUICK_ASK, QUICK_DATA4 or 6, QUICK_NO_IP */
	uint8_t asks[QUICK_BATCH];
	uint8_t data[QUICK_BATCH + 1];		/* behind the last of data: QUICK_END */
};

/* What the rows of protocols.c and the tunnels want for themselves, as filters that may want too
 * much and never too little.  Made once. */
struct quick_rules {
	uint8_t spared[4096];		/* by 12 bits of a UDP or TCP port: who does not want it */
	uint8_t groups[256];		/* by the last byte of a group: whether a row may want it */
	uint8_t carriers[256];		/* by IP protocol: whoever wants packets of such to a host */
	bool	udp_checksums;		/* then every multicast datagram asks */
};

struct quick_rules quick_rules_of(const struct wire_options *options);

/* Bits of quick_rules.spared: who does not ask for packets with a port. */
enum { WANTED_UDP = 1, WANTED_TCP = 2, WANTED_NEVER = 4 };

/* Where quick_rules.spared has the port that lies there. */
static inline uint32_t quick_port_slot(const uint8_t *p)
{
	return load16_raw(p) >> 4;
}

/* Nobody wants datagrams, or segments, with these ports, the first four bytes of theirs: WANTED_
 * bits. */
static inline unsigned quick_spares_ports(const struct quick_rules *rules, const uint8_t *p)
{
	return rules->spared[quick_port_slot(p)] & rules->spared[quick_port_slot(p + 2)];
}

/* One quick for each of n packets. */
void quick_look(const struct quick_rules *rules, const struct packet *packets, size_t n,
		struct quick *out);

/* The same for at most QUICK_BATCH packets, and lists of them; or these of packets that were
 * looked at before. */
void quick_look_sorted(const struct quick_rules *rules, const struct packet *packets, size_t n,
		       struct quick *out, struct quick_lists *out_lists);
void quick_sort(const struct quick *quick, size_t n, struct quick_lists *out);

/* Source and group of either family. */
void quick_addresses(const struct quick *quick, const struct packet *packet,
		     struct addr *out_source, struct addr *out_group);

/* The halves of an IPv6 source and of its group, for hot loops. */
static inline void quick_halves(const struct quick *quick, const struct packet *packet,
				uint64_t out[4])
{
	for (size_t i = 0; i < 4; i++)
		out[i] = load64(packet->bytes.p + quick->ip_offset + 8 + 8 * i);
}

/* The outermost VLAN ID, or VLAN_NONE. */
uint16_t quick_vlan(const struct quick *quick, const struct packet *packet);

/* The port that it was sent to. */
uint16_t quick_port(const struct quick *quick, const struct packet *packet);

/* Everything the frame says, for QUICK_ASK: as wire_decode(), but faster where the headers are
 * plain. */
void quick_decode(const struct quick *quick, const struct packet *packet,
		  const struct wire_options *options, struct said *out);

/* The statement, every field of it, of a QUICK_DATA4 or QUICK_DATA6. */
struct observation quick_statement(const struct quick *quick, const struct packet *packet);

#endif
