/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads in network order, for the audit's hot loop: a group of them stands behind one check that
 * the bytes are there, where the reader of base/bytes.h would check for each.  Knows no layout. */
#ifndef WEIR_WIRE_LOAD_H
#define WEIR_WIRE_LOAD_H

#include "base/bytes.h"

static inline uint32_t load16(const uint8_t *p)
{
	uint16_t x;

	memcpy(&x, p, sizeof(x));
	return __builtin_bswap16(x);
}

/* As it lies there. */
static inline uint32_t load16_raw(const uint8_t *p)
{
	uint16_t x;

	memcpy(&x, p, sizeof(x));
	return x;
}

static inline uint32_t load32(const uint8_t *p)
{
	uint32_t x;

	memcpy(&x, p, sizeof(x));
	return __builtin_bswap32(x);
}

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return __builtin_bswap64(x);
}

/* As they lie there. */
static inline uint64_t load_native(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return x;
}

/* A value as it would lie there. */
static inline uint64_t network64(uint64_t x)
{
	return load64((const uint8_t *)&x);
}

static inline uint32_t network16(size_t x)
{
	return load16((const uint8_t *)&(uint16_t){ (uint16_t)x });
}

/* The last n of eight bytes that end there, 0 < n < 8, as a shorter memcpy() into a zeroed word
 * would leave them. */
static inline uint64_t load_last(const uint8_t *end, size_t n)
{
	unsigned others = 8 * (8 - (unsigned)n);
	uint64_t word;

	memcpy(&word, end - sizeof(word), sizeof(word));
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? word >> others : word << others;
}

#endif
