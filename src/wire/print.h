/* SPDX-License-Identifier: BSD-2-Clause */
/* The fingerprint of an IP packet (struct observation): of what tells two packets of one flow
 * apart, and is the same for copies of one.  Knows no header's layout. */
#ifndef WEIR_WIRE_PRINT_H
#define WEIR_WIRE_PRINT_H

#include "base/bytes.h"

#define PRINT_BYTES 48		/* of what the IP header carries: past RTP's and inner headers */

static inline uint64_t print_word(struct span bytes, size_t at)
{
	uint64_t word = 0;

	if (bytes.n >= at + 8)
		memcpy(&word, bytes.p + at, 8);
	else if (bytes.n > at)
		memcpy(&word, bytes.p + at, bytes.n - at);
	return word;
}

/* `header`: length, fragment offset, protocol.  Bit 0 says that there is an identification (not
 * 0), bits 2 to 9 are then its; bit 1 that there is a print at all. */
static inline uint32_t print_of(uint64_t header, uint16_t id, struct span bytes)
{
	uint64_t x = header * UINT64_C(0x9e3779b97f4a7c15);

	x += print_word(bytes, 0) * UINT64_C(0xd6e8feb86659fd93);
	x += print_word(bytes, 8) * UINT64_C(0xa0761d6478bd642f);
	x += print_word(bytes, 16) * UINT64_C(0xe7037ed1a0b428db);
	x += print_word(bytes, 24) * UINT64_C(0x8ebc6af09c88c6e3);
	x += print_word(bytes, 32) * UINT64_C(0x589965cc75374cc3);
	x += print_word(bytes, 40) * UINT64_C(0x1d8e4e27c47d124f);
	x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
	if (id == 0)
		return (uint32_t)(x >> 32) << 2 | 2;
	x += id * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(x >> 32) << 10 | (uint32_t)((id ^ id >> 8) & 0xff) << 2 | 3;
}

#endif
