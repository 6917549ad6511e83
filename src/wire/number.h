/* SPDX-License-Identifier: BSD-2-Clause */
/* What IP calls its protocols (IANA, Assigned Internet Protocol Numbers), and the bytes of the
 * headers that have nothing but what is always there: RFC 791 3.1, RFC 8200 3, RFC 768, RFC 9293
 * 3.1. */
#ifndef WEIR_WIRE_NUMBER_H
#define WEIR_WIRE_NUMBER_H

#define NUMBER_ICMP  1
#define NUMBER_IGMP  2
#define NUMBER_TCP   6
#define NUMBER_UDP   17
#define NUMBER_AH    51
#define NUMBER_ICMP6 58
#define NUMBER_PIM   103
#define NUMBER_VRRP  112

#define IP4_BYTES	20
#define IP4_ALERT_BYTES 24		/* with a Router Alert (RFC 2113) and no other option */
#define IP6_BYTES	40
#define UDP_BYTES	8
#define TCP_BYTES	20

#endif
