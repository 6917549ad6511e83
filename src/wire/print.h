/* SPDX-License-Identifier: BSD-2-Clause */
/* The fingerprint of an IP packet (struct observation): of what tells two packets of one flow
 * apart, and is the same for copies of one.  Knows no header's layout. */
#ifndef WEIR_WIRE_PRINT_H
#define WEIR_WIRE_PRINT_H

#include "wire/load.h"

#define PRINT_BYTES 32		/* of what the IP header carries: past RTP's header, into inner ones */

static inline uint64_t print_word(struct span bytes, size_t at)
{
	uint64_t word = 0;

	if (bytes.n >= at + 8)
		memcpy(&word, bytes.p + at, 8);
	else if (bytes.n > at && bytes.n > 8)
		word = load_last(bytes.p + bytes.n, bytes.n - at);
	else if (bytes.n > at)
		memcpy(&word, bytes.p + at, bytes.n - at);
	return word;
}

static const uint64_t print_weights[PRINT_BYTES / 8] = {
	UINT64_C(0xd6e8feb86659fd93), UINT64_C(0xa0761d6478bd642f),
	UINT64_C(0xe7037ed1a0b428db), UINT64_C(0x8ebc6af09c88c6e3),
};

static inline uint64_t print_mix(const uint64_t word[PRINT_BYTES / 8])
{
	return word[0] * print_weights[0] + word[1] * print_weights[1] +
	       word[2] * print_weights[2] + word[3] * print_weights[3];
}

/* A circuit's number for layers.circuit: mixed, so that it does not meet lengths. */
static inline uint64_t print_circuit(unsigned number)
{
	return (number + 1) * UINT64_C(0xc2b2ae3d27d4eb4f);
}

static inline uint64_t print_mix_bytes(struct span bytes)
{
	uint64_t word[PRINT_BYTES / 8];

	for (size_t i = 0; i < COUNT(word); i++)
		word[i] = print_word(bytes, 8 * i);
	return print_mix(word);
}

/* The same of PRINT_BYTES or more, for hot loops: no words are kept. */
static inline uint64_t print_mix_many(const uint8_t *p)
{
	uint64_t mix = 0;

	for (size_t i = 0; i < PRINT_BYTES / 8; i++)
		mix += load_native(p + 8 * i) * print_weights[i];
	return mix;
}

static inline uint64_t print_mix_some(struct span bytes)
{
	return bytes.n < PRINT_BYTES ? print_mix_bytes(bytes) : print_mix_many(bytes.p);
}

/* Of an IPv4 header: length, identification, flags and fragment offset as they lie there, and the
 * protocol in the place of what stands before them. */
static inline uint64_t print_header4(const uint8_t *header, unsigned protocol)
{
	uint64_t word;

	memcpy(&word, header, sizeof(word));
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		       ? (word & ~UINT64_C(0xffff)) | protocol
		       : (word & UINT64_C(0xffffffffffff)) | (uint64_t)protocol << 48;
}

/* The sum of a header, as print_end() has it, and print_mix() of what it carries. */
static inline uint64_t print_add(uint64_t header, uint64_t x)
{
	return x + header * UINT64_C(0x9e3779b97f4a7c15);
}

/* `header`: length, fragment offset, protocol; `id` in any byte order; `x`: print_mix() of what it
 * carries.  The upper bits of such sums are mixed well. */
static inline __attribute__((always_inline)) uint32_t print_end(uint64_t header, uint16_t id,
								uint64_t x)
{
	x = print_add(header, x) >> 32;
	if (id == 0)
		return ((uint32_t)x & ~UINT32_C(3)) | 2;
	return ((uint32_t)x & ~UINT32_C(0x3ff)) + (uint8_t)(id + (id >> 8)) * 4u + 3;
}

/* Bit 0 says that there is an identification (not 0), bits 2 to 9 are then its; bit 1 that there is
 * a print at all. */
static inline uint32_t print_of(uint64_t header, uint16_t id, struct span bytes)
{
	return print_end(header, id, print_mix_bytes(bytes));
}

/* The same, for hot loops: `p` are PRINT_BYTES or more. */
static inline uint32_t print_of_many(uint64_t header, uint16_t id, const uint8_t *p)
{
	uint64_t word[PRINT_BYTES / 8];

	for (size_t i = 0; i < COUNT(word); i++)	/* not all at once, which goes by way of the stack */
		memcpy(&word[i], p + i * sizeof(word[0]), sizeof(word[0]));
	return print_end(header, id, print_mix(word));
}

#endif
