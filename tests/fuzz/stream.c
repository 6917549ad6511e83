/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: segments of port 639.  Each is five bytes (which connection and flags; sequence
 * number; length; missing; time) and its payload.  One table serves all runs, for it is large;
 * every run has a connection of its own. */
#include <stdlib.h>

#include "engine/stream.h"
#include "wire/msdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct segment segment_next(struct rd *r, uint32_t run, int64_t *now)
{
	struct segment s = { .header = observation_none() };
	unsigned which = rd_u8(r);

	s.header.speaker = addr_of4(run * 2 + (which & 1));
	s.header.receiver = addr_of4(run * 2 + 1 - (which & 1));
	s.header.sport = MSDP_PORT;
	s.header.dport = 40000;
	s.tcp_flags = (uint8_t)(which >> 1 & 7);
	s.seq = UINT32_MAX - 100 + rd_u8(r) + (which & 0x80 ? 1u << 22 : 0);
	s.payload.n = rd_u8(r);
	s.missing = rd_u8(r) % 4 ? 0 : 7;
	*now += (int64_t)rd_u8(r) * NS_PER_S / 8;
	s.header.at.ns = *now;
	s.payload = rd_take(r, s.payload.n < rd_left(r) ? s.payload.n : rd_left(r));
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct said said;
	static struct stream_table *table;
	static uint32_t run;
	static int64_t now;
	struct rd r = rd_of((struct span){ data, size });
	int64_t age;

	if (!table) {
		table = stream_table_new();
		said_init(&said);
	}
	run++;
	while (rd_left(&r) > 0) {
		struct segment s = segment_next(&r, run, &now);

		said_reset(&said);
		age = stream_segment(table, &s, &said);
		if (age < 0 || age > now)
			abort();
	}
	do
		said_reset(&said);
	while (stream_flush(table, &said, &age));
	return 0;
}
