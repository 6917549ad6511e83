/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum.  RFC 1071, RFC 768, RFC 8200 8.1.  Knows no protocol. */
#include "wire/checksum.h"

#include "wire/sum.h"

/* The sum of whole words of eight bytes, for they are many: behind one check that they are there.
 * RFC 1071 2(B): it is made in the machine's byte order, and its 16 bits turned. */
static uint64_t add_words(uint64_t sum, struct span words)
{
	uint64_t native = 0, word;

	for (size_t i = 0; i < words.n; i += sizeof(word)) {
		memcpy(&word, words.p + i, sizeof(word));
		native = sum_word(native, word);
	}
	while (native >> 16)
		native = (native >> 16) + (native & 0xffff);
	return sum + __builtin_bswap16((uint16_t)native);
}

uint64_t checksum_add(uint64_t sum, struct span bytes)
{
	struct rd r = rd_of(bytes);

	sum = add_words(sum, rd_take(&r, bytes.n / 8 * 8));
	while (rd_left(&r) >= 2)
		sum += rd_be16(&r);
	if (rd_left(&r) > 0)
		sum += (uint64_t)rd_u8(&r) << 8;	/* RFC 1071 4.1: padded with a zero byte */
	return sum;
}

static uint64_t add_address(uint64_t sum, struct addr a)
{
	return sum + (a.hi >> 32) + (a.hi & UINT32_MAX) + (a.lo >> 32) + (a.lo & UINT32_MAX);
}

uint64_t checksum_add_pseudo(uint64_t sum, struct addr source, struct addr destination,
			     uint8_t protocol, uint32_t length)
{
	return add_address(add_address(sum, source), destination) + protocol + length;
}

/* A 32-bit word is congruent to the sum of its halves modulo 65535, so the words of
 * checksum_add fold like 16-bit ones. */
uint16_t checksum_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)~sum;
}

uint16_t checksum_of(struct span bytes)
{
	return checksum_fold(checksum_add(0, bytes));
}
