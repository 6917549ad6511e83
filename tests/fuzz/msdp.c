/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: a stream of MSDP TLVs.  The first byte says in what pieces it comes and whether it
 * was picked up in the middle; begun in the middle or not, its pieces make no difference to where
 * a stream from its begin falls into TLVs. */
#include "decode.h"
#include "wire/msdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode_tlv(struct span tlv, struct said *said)
{
	struct observation header = observation_none();

	header.speaker = addr_of4(0xc0000201);
	header.receiver = addr_of4(0xc0000202);
	said_reset(said);
	msdp_decode(&header, tlv, said);
	for (size_t i = 0; i < said->n; i++) {
		const struct observation *obs = &said->list[i];

		if (obs->anomaly != ANOMALY_NONE && obs->protocol == PROTOCOL_MSDP && said->n != 1)
			abort();
		if (obs->source_len > addr_bits(obs->source) || obs->point > POINT_NONE)
			abort();
	}
	if (said->n == 0)
		abort();
}

/* A checksum over the TLVs of the stream. */
static uint64_t read_stream(struct span bytes, size_t step, bool lost, struct said *said)
{
	static struct msdp_framer framer;
	uint64_t sum = 0;
	struct rd r = rd_of(bytes);

	framer.n = framer.given = framer.skip = 0;
	framer.passed = false;
	framer.lost = lost;
	while (rd_left(&r) > 0) {
		struct span piece = rd_take(&r, rd_left(&r) < step ? rd_left(&r) : step);
		struct span tlv;

		while (msdp_frame_next(&framer, &piece, &tlv)) {
			if (tlv.n < 3 || tlv.n > MSDP_TLV_MAX)
				abort();
			decode_tlv(tlv, said);
			for (size_t i = 0; i < tlv.n; i++)
				sum = sum * 31 + tlv.p[i] + 1;
			if (framer.lost)
				return sum;	/* from here on the pieces matter */
		}
		if (piece.n > 0)
			abort();
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct said said;
	struct rd r = rd_of((struct span){ data, size });
	unsigned choice = rd_u8(&r);
	struct span stream = rd_rest(&r);
	size_t step = 1 + (choice & 0x3f);

	if (!said.list)
		said_init(&said);
	if (choice & 0x40)
		read_stream(stream, step, true, &said);
	else if (read_stream(stream, step, false, &said) != read_stream(stream, SIZE_MAX, false, &said))
		abort();
	return 0;
}
