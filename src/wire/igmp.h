/* SPDX-License-Identifier: BSD-2-Clause */
/* IGMP: what IPv4 hosts and queriers say about membership.  RFC 1112 appendix I, RFC 2236,
 * RFC 3376.  Hands PIM version 1 on; notices DVMRP and mtrace. */
#ifndef WEIR_WIRE_IGMP_H
#define WEIR_WIRE_IGMP_H

#include "wire/membership.h"

/* Reads a whole IGMP message (the IP payload). */
void igmp_decode(const struct layers *at, struct span bytes, struct said *out);

/* Writes a version 3 report with its checksum. */
void igmp_report_encode(const struct record *records, size_t n, struct wr *w);

#endif
