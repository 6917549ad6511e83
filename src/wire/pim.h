/* SPDX-License-Identifier: BSD-2-Clause */
/* PIM version 2, over IPv4 and IPv6.  RFC 7761, RFC 3973, RFC 5015, RFC 5059, RFC 6754,
 * RFC 8364. */
#ifndef WEIR_WIRE_PIM_H
#define WEIR_WIRE_PIM_H

#include "wire/pim_addr.h"
#include "wire/speech.h"

#define IP_PROTOCOL_PIM 103

/* Reads a whole PIM message (the IP payload). */
void pim_decode(const struct layers *at, struct span bytes, struct said *out);

/* Starts a message of a type, and finishes it: the length is what was written since, the
 * checksum that of RFC 7761 4.9 for these addresses.  Returns where the message starts. */
size_t pim_header_write(unsigned type, struct wr *w);
void pim_checksum_write(size_t start, struct addr source, struct addr destination, struct wr *w);

#endif
