/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole frames of the protocols that weir reads, one call each. */
#ifndef WEIR_TESTS_GEN_MESSAGES_H
#define WEIR_TESTS_GEN_MESSAGES_H

#include "gen/gen.h"

/* A datagram of n bytes. */
void put_data(struct gen *g, int64_t at, struct addr s, struct addr group, unsigned ttl,
	      unsigned port, size_t n);
void put_datagram(struct gen *g, int64_t at, struct addr s, struct addr group, unsigned ttl,
		  unsigned sport, unsigned dport, struct span payload);
/* n frames from `from` on, `every` apart, with a little unrest. */
void put_flow(struct gen *g, int64_t from, int64_t every, unsigned n, struct addr s,
	      struct addr group, unsigned ttl, unsigned port, size_t bytes);

/* IGMPv1, v2: report 0x12, 0x16, leave 0x17, query 0x11; MLDv1: 131, 132, 130. */
void put_membership(struct gen *g, int64_t at, struct addr host, unsigned type, struct addr group);

/* IGMPv3 and MLDv2. */
enum { IS_IN = 1, IS_EX, TO_IN, TO_EX, ALLOW, BLOCK };
struct record {
	unsigned	type;
	struct addr	group;
	unsigned	n;
	struct addr	sources[4];
};
void put_report3(struct gen *g, int64_t at, struct addr host, const struct record *records, unsigned n);

void put_hello(struct gen *g, int64_t at, struct addr router);
/* One group: joins first, then prunes.  flags: 4 sparse, 2 wildcard, 1 rpt. */
struct entry {
	struct addr source;
	unsigned    flags;
};
void put_join_prune(struct gen *g, int64_t at, struct addr router, struct addr upstream,
		    struct addr group, const struct entry *entries, unsigned joins, unsigned prunes);
void put_join(struct gen *g, int64_t at, struct addr router, struct addr upstream, struct addr s,
	      struct addr group);
/* A Register with a datagram of n bytes; 0: a Null-Register. */
void put_register(struct gen *g, int64_t at, struct addr router, struct addr rp, struct addr s,
		  struct addr group, size_t n);
void put_register_stop(struct gen *g, int64_t at, struct addr rp, struct addr router, struct addr s,
		       struct addr group);
void put_bootstrap(struct gen *g, int64_t at, struct addr router, struct addr bsr, struct addr group,
		   unsigned length, struct addr rp);
void put_candidate_rp(struct gen *g, int64_t at, struct addr rp, struct addr bsr, struct addr group,
		      unsigned length);
void put_auto_rp(struct gen *g, int64_t at, struct addr speaker, bool discovery, struct addr rp,
		 struct addr group, unsigned length);

/* A TCP connection of MSDP; zero it, set the ends. */
struct session {
	struct addr from, to;
	uint32_t    seq, ack;
};
void put_handshake(struct gen *g, int64_t at, struct session *s);
/* A segment with these bytes; the sequence number moves on. */
void put_segment(struct gen *g, int64_t at, struct session *s, struct span bytes);
/* The same, at a sequence number that does not move. */
void put_segment_at(struct gen *g, int64_t at, const struct session *s, uint32_t seq,
		    struct span bytes);
/* A segment of the other end, without a byte. */
void put_acknowledgment(struct gen *g, int64_t at, const struct session *s);
/* SA TLVs into a buffer; the group counts up by one an entry. */
void write_sa(struct wr *w, struct addr rp, struct addr s, struct addr group, unsigned n, bool next_source);
void write_keepalive(struct wr *w);

/* NULL domain: the workgroup form. */
void put_rasadv(struct gen *g, int64_t at, struct addr server, const char *host, const char *domain);
/* An announcement of version 1 with this SDP. */
void put_sap(struct gen *g, int64_t at, struct addr s, struct addr group, unsigned flags, const char *sdp);
/* The usual lines; name in `s=`, group in `c=`. */
const char *sdp_text(const char *name, const char *origin, const char *group, unsigned ttl, unsigned count);
/* Hops: 255, unless somebody forwarded it. */
void put_router_advertisement(struct gen *g, int64_t at, struct addr router, unsigned hops);
/* A TCP segment between hosts. */
void put_unicast_traffic(struct gen *g, int64_t at, struct addr a, struct addr b, size_t n);

#endif
