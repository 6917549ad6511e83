/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum (RFC 1071) and its pseudo-headers.  Knows no protocol's rules about
 * when it may be absent. */
#ifndef WEIR_WIRE_CHECKSUM_H
#define WEIR_WIRE_CHECKSUM_H

#include "base/bytes.h"
#include "net/addr.h"

/* Adds bytes to a running sum; every part but the last has an even length. */
uint64_t checksum_add(uint64_t sum, struct span bytes);
/* Adds the pseudo-header of RFC 768 or RFC 8200 8.1, by the family of the addresses. */
uint64_t checksum_add_pseudo(uint64_t sum, struct addr source, struct addr destination,
			     uint8_t protocol, uint32_t length);
/* The one's complement of the folded sum: 0 over bytes whose checksum field is right. */
uint16_t checksum_fold(uint64_t sum);
/* checksum_fold of bytes alone. */
uint16_t checksum_of(struct span bytes);

#endif
