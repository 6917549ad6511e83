/* SPDX-License-Identifier: BSD-2-Clause */
/* The fingerprint of an IP packet (struct observation): of what tells two packets of one flow
 * apart, and is the same for copies of one.  The checksum of the upper protocol stands among its
 * first eight bytes, or close behind, so the payload counts.  Knows no header's layout. */
#ifndef WEIR_WIRE_PRINT_H
#define WEIR_WIRE_PRINT_H

#include "base/bytes.h"

/* `header`: identification, length, fragment offset, protocol; `bytes`: what the IP header
 * carries, as far as it was captured. */
static inline uint32_t print_of(uint64_t header, struct span bytes, bool has_id)
{
	uint64_t head = 0, x;

	if (bytes.n > 0)
		memcpy(&head, bytes.p, bytes.n < 8 ? bytes.n : 8);
	x = header * UINT64_C(0x9e3779b97f4a7c15) + head;
	x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
	x ^= x >> 32;
	return ((uint32_t)x & ~UINT32_C(3)) | UINT32_C(2) | has_id;
}

#endif
