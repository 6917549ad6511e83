/* SPDX-License-Identifier: BSD-2-Clause */
/* The quick look against wire_decode(): byte 0 holds the options, bytes 1 and 2 what the snap length
 * took, the rest is an Ethernet frame. */
#include <assert.h>

#include "agree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct said said;
	static size_t kinds[QUICK_DATA6 + 1];
	struct rd r = rd_of((struct span){ data, size });
	unsigned choice = rd_u8(&r), missing = rd_be16(&r);
	struct wire_options options = { .udp_checksums = choice & 1 };
	struct packet packet = { .linktype = 1, .frame = 1, .checksums_unreliable = choice & 2 };

	if (!rd_ok(&r))
		return 0;
	if (!said.list)
		said_init(&said);
	packet.bytes = rd_rest(&r);
	packet.length = (uint32_t)packet.bytes.n + missing;
	assert(agree_on(&packet, &options, &said, kinds));
	return 0;
}
