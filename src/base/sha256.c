/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256.  FIPS 180-4 sections 4 to 6. */
#include "base/sha256.h"

static const uint32_t constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t turn(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

/* 6.2.2: one block of 64 bytes. */
static void mix(uint32_t hash[8], const uint8_t block[64])
{
	struct rd r = rd_of((struct span){ block, 64 });
	uint32_t w[64], v[8];

	for (unsigned t = 0; t < 16; t++)
		w[t] = rd_be32(&r);
	for (unsigned t = 16; t < 64; t++)
		w[t] = (turn(w[t - 2], 17) ^ turn(w[t - 2], 19) ^ w[t - 2] >> 10) + w[t - 7] +
		       (turn(w[t - 15], 7) ^ turn(w[t - 15], 18) ^ w[t - 15] >> 3) + w[t - 16];
	memcpy(v, hash, sizeof(v));
	for (unsigned t = 0; t < 64; t++) {
		uint32_t one = v[7] + (turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25)) +
			       ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants[t] + w[t];
		uint32_t two = (turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22)) +
			       ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

		memmove(&v[1], &v[0], 7 * sizeof(v[0]));
		v[4] += one;
		v[0] = one + two;
	}
	for (unsigned i = 0; i < 8; i++)
		hash[i] += v[i];
}

char *sha256_text(struct span bytes, char buffer[SHA256_TEXT])
{
	uint32_t hash[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
			     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
	struct rd r = rd_of(bytes);
	uint8_t tail[128] = { 0 };
	uint64_t bits = (uint64_t)bytes.n * 8;
	struct span rest;
	size_t n;

	while (rd_left(&r) >= 64)
		mix(hash, rd_take(&r, 64).p);
	rest = rd_rest(&r);
	if (rest.n > 0)
		memcpy(tail, rest.p, rest.n);
	tail[rest.n] = 0x80;					/* 5.1.1 */
	n = rest.n < 56 ? 64 : 128;
	for (unsigned i = 0; i < 8; i++)
		tail[n - 1 - i] = (uint8_t)(bits >> (8 * i));
	mix(hash, tail);
	if (n == 128)
		mix(hash, tail + 64);
	for (unsigned i = 0; i < 64; i++)
		buffer[i] = "0123456789abcdef"[hash[i / 8] >> (28 - 4 * (i % 8)) & 0xf];
	buffer[64] = '\0';
	return buffer;
}
