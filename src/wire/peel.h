/* SPDX-License-Identifier: BSD-2-Clause */
/* The layers that are peeled one after the other: link headers, tags, IP headers, tunnels.
 * Each is a peel: it writes what its header says into `at`, narrows bytes and cut to its
 * payload, and calls the next.  Only wire/ knows this header. */
#ifndef WEIR_WIRE_PEEL_H
#define WEIR_WIRE_PEEL_H

#include "wire/layers.h"

typedef void peel(struct layers *at, struct span bytes, struct said *out);

/* Limits a message to n bytes; what lies behind is padding or another's.  False, and nothing
 * changed, where the frame on the wire did not hold n. */
static inline bool layers_limit(struct layers *at, struct span *bytes, size_t n)
{
	if (n > bytes->n && n - bytes->n > at->cut)
		return false;
	at->cut = n > bytes->n ? n - bytes->n : 0;
	bytes->n = n < bytes->n ? n : bytes->n;
	return true;
}

/* Counts one more encapsulation; false, and an anomaly said, where they are too many. */
bool layers_enter(struct layers *at, struct said *out);

/* An anomaly of a header that carries others: at `data`, of protocol ip. */
void say_odd_packet(const struct layers *at, enum anomaly anomaly, struct said *out);

/* The same for a packet that promises more bytes than the frame held: every router drops it, so
 * it says nothing else.  Silent where the packet is not multicast. */
void say_short_packet(const struct layers *at, struct said *out);

/* Says `data` where the IP header at hand is multicast, and moves the mark behind it. */
void say_data(struct layers *at, enum protocol protocol, struct said *out);

/* The peel of a LINKTYPE_, or NULL where weir does not read it (linktype.c). */
peel *linktype_peel(uint32_t linktype);

/* link.c: links whose header names the payload. */
peel ethernet_peel, sll_peel, sll2_peel, null_peel, loop_peel, ppp_peel, ppp_hdlc_peel, ppp_ether_peel,
	ppp_dir_peel, chdlc_peel, frelay_peel, nflog_peel, ipnet_peel, linux_lapd_peel, llc_peel;
/* A payload by its EtherType: IP, tags, MPLS, PPPoE; others are read and say nothing. */
void ethertype_peel(struct layers *at, unsigned ethertype, struct span bytes, struct said *out);

/* wifi.c: IEEE 802.11, bare and behind capture headers. */
peel wifi_peel, radiotap_peel, ppi_peel, prism_peel, avs_peel;

/* mpls.c: a label stack and what lies under it. */
peel mpls_peel;

/* ip4.c, ip6.c; ip_peel looks at the version. */
peel ip4_peel, ip6_peel, ip_peel;

/* upper.c: what an IP header carries, by its protocol number. */
void upper_peel(struct layers *at, unsigned protocol, struct span bytes, struct said *out);

/* tunnel.c: directly over IP. */
peel gre_peel, etherip_peel, l2tp3_peel;
/* udp_tunnel.c: the tunnel that lives on one of the two ports, or NULL. */
peel *udp_tunnel_of(unsigned sport, unsigned dport);

#endif
