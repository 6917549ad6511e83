/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames, built from the outside in: each call opens a header, frame_close() closes them all
 * and fills lengths and checksums in, the innermost first.  For the generator of captures. */
#ifndef WEIR_TESTS_GEN_FRAME_H
#define WEIR_TESTS_GEN_FRAME_H

#include "base/bytes.h"
#include "net/addr.h"

#define FRAME_MAX 65536
#define FRAME_DEPTH 16

/* What is to be filled in when a header closes. */
enum close_kind { CLOSE_IP4, CLOSE_IP6, CLOSE_UDP, CLOSE_TCP, CLOSE_ICMP6, CLOSE_IGMP, CLOSE_PIM,
		  CLOSE_PIM_REGISTER };

struct open_header {
	enum close_kind kind;
	size_t		at;
};

struct frame {
	struct wr	   w;
	struct open_header open[FRAME_DEPTH];
	unsigned	   depth;
	uint8_t		   bytes[FRAME_MAX];
};

#define ALERT true			/* with the Router Alert option */
#define PLAIN false

void frame_open(struct frame *f);
/* Closes everything; the frame's bytes. */
struct span frame_close(struct frame *f);

/* An address in text; ends the program where it is none. */
struct addr ip(const char *text);

/* The destination is the group's, or made from a host's address. */
void put_ether(struct frame *f, struct addr source, struct addr destination);
void put_tag(struct frame *f, unsigned tpid, unsigned id);
/* The EtherType and the IP header of either family. */
void put_ip(struct frame *f, struct addr source, struct addr destination, unsigned ttl,
	    unsigned protocol, bool alert);
/* An IP header without an EtherType before it. */
void put_inner_ip(struct frame *f, struct addr source, struct addr destination, unsigned ttl,
		  unsigned protocol, bool alert);
void put_udp(struct frame *f, unsigned sport, unsigned dport);
void put_tcp(struct frame *f, unsigned sport, unsigned dport, uint32_t seq, uint32_t ack,
	     unsigned flags);
/* The start of an IGMP, PIM or ICMPv6 message: its checksum is filled in at the end. */
void put_igmp(struct frame *f, unsigned type, unsigned code);
void put_pim(struct frame *f, unsigned type);
void put_icmp6(struct frame *f, unsigned type, unsigned code);
void put_addr(struct frame *f, struct addr a);
/* PIM's encoded addresses, RFC 7761 4.9.1. */
void put_unicast(struct frame *f, struct addr a);
void put_group(struct frame *f, struct addr a, unsigned flags);
void put_source(struct frame *f, struct addr a, unsigned flags);
void put_text(struct frame *f, const char *text);
/* n bytes that look like something. */
void put_filler(struct frame *f, size_t n);

/* The same numbers on every machine. */
uint64_t random_next(uint64_t *state);
uint32_t random_below(uint64_t *state, uint32_t n);

#endif
