/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMPv6 Router Advertisements.  RFC 4861 4.2.  MLD has its own file. */
#ifndef WEIR_WIRE_ICMP6_H
#define WEIR_WIRE_ICMP6_H

#include "wire/speech.h"

#define ICMP6_ROUTER_ADVERTISEMENT 134

/* Reads a whole ICMPv6 message of this type. */
void icmp6_decode(const struct layers *at, struct span bytes, struct said *out);

#endif
