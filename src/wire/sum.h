/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum for the audit's hot loop, 64 bits at a time.  RFC 1071 2(B): the sum may be
 * made in any byte order, and in words of any size.  Knows no protocol. */
#ifndef WEIR_WIRE_SUM_H
#define WEIR_WIRE_SUM_H

#include "wire/load.h"

static inline uint64_t sum_word(uint64_t sum, uint64_t word)
{
	bool is_carried = __builtin_add_overflow(sum, word, &sum);

	return sum + is_carried;		/* what is carried out comes back in */
}

/* Of eight bytes or more. */
static inline uint64_t sum_of(struct span bytes)
{
	uint64_t sum = 0, word;
	size_t at;

	for (at = 0; at + sizeof(word) <= bytes.n; at += sizeof(word)) {
		memcpy(&word, bytes.p + at, sizeof(word));
		sum = sum_word(sum, word);
	}
	return at < bytes.n ? sum_word(sum, load_last(bytes.p + bytes.n, bytes.n - at)) : sum;
}

/* Of an IPv4 header of 20 bytes or of 24. */
static inline uint64_t sum_of_header4(const uint8_t *p, unsigned n)
{
	uint64_t sum = sum_word(load_native(p), load_native(p + 8));

	return sum_word(sum, n == 24 ? load_native(p + 16) : load_last(p + n, 4));
}

/* A sum is right where it is a multiple of 65535, and only then its product with the inverse of
 * 65535 is small.  So is that of bytes that are all 0. */
static inline bool sum_is_right(uint64_t sum)
{
	const uint64_t inverse = UINT64_C(0xfffefffefffeffff);		/* modulo 2^64 */

	return sum * inverse <= UINT64_MAX / 0xffff;
}

#endif
