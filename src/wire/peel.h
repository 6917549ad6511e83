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

/* The link-layer source, where it has six bytes. */
void note_mac(struct layers *at, struct span mac);

/* The peel of a LINKTYPE_, or NULL where weir does not read it (linktype.c). */
peel *linktype_peel(uint32_t linktype);

/* ether.c: Ethernet, and whatever is named by an EtherType, an LLC or a SNAP header, or an
 * ISO network layer identifier.  What is no IP is read and says nothing. */
peel ethernet_peel, dsa_peel, edsa_peel, llc_peel, nsh_peel;
void ethertype_peel(struct layers *at, unsigned ethertype, struct span bytes, struct said *out);
void nlpid_peel(struct layers *at, unsigned nlpid, struct span bytes, struct said *out);
/* True for EtherTypes whose frames are followed, and for those of ARP and PPPoE discovery: by
 * them a frame is told from other bytes. */
bool ethertype_is_known(unsigned ethertype);

/* serial.c */
peel ppp_peel, ppp_hdlc_peel, ppp_ether_peel, ppp_dir_peel, ppp_pppd_peel, chdlc_peel,
	chdlc_dir_peel, frelay_peel, frelay_dir_peel, mfr_peel, slip_peel;

/* cooked.c: links that exist only in captures, and small ones. */
peel sll_peel, sll2_peel, null_peel, raw_peel, nflog_peel, ipnet_peel, enc_peel, pflog_peel,
	fddi_peel, token_ring_peel, arcnet_peel, arcnet_linux_peel, atm_peel, sunatm_peel,
	fibre_peel, firewire_peel, ipoib_peel, preamble_peel, netanalyzer_transparent_peel,
	erf_peel, pktap_peel, docsis_peel, skip4_peel;

/* juniper.c */
peel juniper_ether_peel, juniper_ppp_peel, juniper_frelay_peel, juniper_chdlc_peel;

/* wifi.c: IEEE 802.11, bare and behind capture headers; with swapped frame control bytes. */
peel wifi_peel, radiotap_peel, ppi_peel, prism_peel, wifi_swapped_peel;

/* mpls.c: a label stack and what lies under it. */
peel mpls_peel;
/* True where the bytes can be nothing but an Ethernet frame, or a whole IP packet, for those
 * headers that do not say what follows. */
bool looks_like_ethernet(struct span bytes);
bool looks_like_ip(struct span bytes);

/* ip4.c, ip6.c; ip_peel looks at the version. */
peel ip4_peel, ip6_peel, ip_peel;

/* upper.c: what an IP header carries, by its protocol number. */
void upper_peel(struct layers *at, unsigned protocol, struct span bytes, struct said *out);

/* tunnel.c: directly over IP; l2tp3_session_peel begins behind the session's number. */
peel gre_peel, etherip_peel, l2tp3_peel, l2tp3_session_peel;

/* udp_tunnel.c: tunnels found by a UDP port. */
struct udp_tunnel {
	uint16_t port;
	peel	*peel;
};
const struct udp_tunnel *udp_tunnels(size_t *out_n);
/* The tunnel that lives on one of the two ports, or NULL. */
peel *udp_tunnel_of(unsigned sport, unsigned dport);

#endif
