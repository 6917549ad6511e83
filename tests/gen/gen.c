/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing captures: pcap in little-endian order, microseconds. */
#include "gen/gen.h"

#include <stdlib.h>

#include "base/memory.h"

struct kept {
	int64_t	 at_us;
	size_t	 order;			/* in which it was put, for equal times */
	uint8_t *bytes;
	size_t	 n;
};

static void write_le(struct gen *g, uint32_t value, size_t n)
{
	uint8_t bytes[4] = { (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
			     (uint8_t)(value >> 24) };

	fwrite(bytes, 1, n, g->out);
	g->written += n;
}

void gen_begin(struct gen *g, FILE *out, uint32_t linktype, uint32_t snaplen, bool streams)
{
	*g = (struct gen){ .out = out, .snaplen = snaplen, .random = 20260101, .streams = streams };
	write_le(g, 0xa1b2c3d4, 4);
	write_le(g, 2, 2);
	write_le(g, 4, 2);
	write_le(g, 0, 4);
	write_le(g, 0, 4);
	write_le(g, snaplen ? snaplen : 262144, 4);
	write_le(g, linktype, 4);
}

static void write_record(struct gen *g, int64_t at_us, struct span bytes)
{
	size_t n = g->snaplen && bytes.n > g->snaplen ? g->snaplen : bytes.n;

	write_le(g, (uint32_t)(GEN_START_S + at_us / US_PER_S), 4);
	write_le(g, (uint32_t)(at_us % US_PER_S), 4);
	write_le(g, (uint32_t)n, 4);
	write_le(g, (uint32_t)bytes.n, 4);
	fwrite(bytes.p, 1, n, g->out);
	g->written += n;
}

void gen_put(struct gen *g, int64_t at_us, struct span bytes)
{
	struct kept *k;

	if (g->streams) {
		write_record(g, at_us, bytes);
		return;
	}
	if (g->n == g->cap) {
		g->cap = g->cap ? 2 * g->cap : 1024;
		g->kept = memory_grow(g->kept, g->cap, sizeof(*g->kept));
	}
	k = &g->kept[g->n];
	*k = (struct kept){ at_us, g->n, memory_take(bytes.n), bytes.n };
	memcpy(k->bytes, bytes.p, bytes.n);
	g->n++;
}

void gen_put_frame(struct gen *g, int64_t at_us)
{
	gen_put(g, at_us, frame_close(&g->frame));
}

struct frame *gen_frame(struct gen *g, struct addr source, struct addr destination)
{
	struct frame *f = &g->frame;

	frame_open(f);
	put_ether(f, source, destination);
	if (g->service_vlan)
		put_tag(f, 0x88a8, g->service_vlan);
	if (g->vlan)
		put_tag(f, 0x8100, g->vlan);
	return f;
}

static int order_kept(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	if (x->at_us != y->at_us)
		return x->at_us < y->at_us ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

void gen_finish(struct gen *g)
{
	if (g->n > 0)
		qsort(g->kept, g->n, sizeof(*g->kept), order_kept);
	for (size_t i = 0; i < g->n; i++) {
		write_record(g, g->kept[i].at_us, (struct span){ g->kept[i].bytes, g->kept[i].n });
		free(g->kept[i].bytes);
	}
	free(g->kept);
	g->kept = NULL;
	g->n = g->cap = 0;
}
