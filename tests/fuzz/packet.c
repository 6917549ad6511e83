/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a frame of any link type: byte 0 and 1 are the link type, byte 2 the options, bytes 3
 * and 4 what the snap length took; the rest is the frame. */
#include <assert.h>

#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_statement(const struct observation *obs)
{
	assert(obs->protocol < PROTOCOL_COUNT && obs->type < TYPE_COUNT);
	assert(obs->anomaly < ANOMALY_COUNT && obs->what < WHAT_COUNT);
	assert(obs->point <= POINT_NONE && obs->flags >> FLAG_COUNT == 0);
	if (obs->anomaly != ANOMALY_NONE)
		assert(obs->what == WHAT_NONE && !addr_is_there(obs->group));
	if (obs->type == TYPE_DATA && obs->point == POINT_DATA && obs->anomaly == ANOMALY_NONE)
		assert(addr_is_multicast(obs->group) && addr_is_there(obs->source));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct said said;
	struct rd r = rd_of((struct span){ data, size });
	struct packet packet = { .linktype = rd_be16(&r), .frame = 1 };
	unsigned choice = rd_u8(&r);
	struct wire_options options = { .udp_checksums = choice & 1 };
	unsigned missing = rd_be16(&r);

	if (!rd_ok(&r))
		return 0;
	if (!said.list)
		said_init(&said);
	packet.bytes = rd_rest(&r);
	packet.length = (uint32_t)packet.bytes.n + missing;
	packet.checksums_unreliable = choice & 2;
	wire_decode(&packet, &options, &said);
	assert(said.n <= SAID_MAX && said.segment_count <= SAID_SEGMENTS_MAX);
	assert(!said.has_ip || said.is_read);
	for (size_t i = 0; i < said.n; i++)
		check_statement(&said.list[i]);
	return 0;
}
