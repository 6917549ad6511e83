/* SPDX-License-Identifier: BSD-2-Clause */
/* MLD: what IPv6 hosts and queriers say about membership, inside of ICMPv6.  RFC 2710,
 * RFC 3810. */
#ifndef WEIR_WIRE_MLD_H
#define WEIR_WIRE_MLD_H

#include "wire/membership.h"

/* Reads a whole ICMPv6 message of one of MLD's types. */
void mld_decode(const struct layers *at, struct span bytes, struct said *out);

/* Writes a version 2 report with its checksum for the addresses of its IPv6 header. */
void mld_report_encode(const struct record *records, size_t n, struct addr source,
		       struct addr destination, struct wr *w);

#endif
