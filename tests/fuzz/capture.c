/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: pcap and pcapng.  Whole, and in pieces whose size is the last byte's: both give the
 * same packets, and the end is told alike. */
#include <assert.h>
#include <stdlib.h>

#include "source/capture.h"
#include "source/scout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	uint64_t packets, hash, offset;
	bool	 cut;
};

static void add(struct outcome *o, uint64_t value)
{
	o->hash = (o->hash ^ value) * 0x100000001b3;
}

static struct outcome split(const uint8_t *data, size_t size, size_t piece)
{
	struct capture c;
	struct packet packets[7];
	struct outcome o = { 0 };
	size_t start = 0, end = 0, n, used;

	capture_init(&c, 0);
	for (;;) {
		scout_run(&c, (struct span){ data + start, end - start });
		n = capture_split(&c, (struct span){ data + start, end - start }, packets, COUNT(packets), &used);
		assert(n <= COUNT(packets) && used <= end - start);
		for (size_t i = 0; i < n; i++) {
			assert(packets[i].bytes.n <= CAPTURE_PACKET_MAX);
			assert(packets[i].length >= packets[i].bytes.n);
			assert(packets[i].bytes.p >= data + start && packets[i].bytes.p + packets[i].bytes.n <= data + end);
			assert(packets[i].link < CAPTURE_INTERFACES_MAX);
			add(&o, (uint64_t)packets[i].at.ns);
			add(&o, packets[i].length * 31 + packets[i].bytes.n);
		}
		o.packets += n;
		start += used;
		if (c.broken || (n == 0 && end == size))
			break;
		if (n == 0)
			end = size - end < piece ? size : end + piece;
	}
	assert(o.packets == c.frames);
	o.cut = capture_is_cut(&c, end - start);
	o.offset = c.offset;
	capture_release(&c);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece = size > 0 ? data[size - 1] % 64u + 1 : 1;
	struct outcome whole = split(data, size, size), pieces = split(data, size, piece);

	assert(whole.packets == pieces.packets && whole.hash == pieces.hash);
	assert(whole.cut == pieces.cut && whole.offset == pieces.offset);
	return 0;
}
