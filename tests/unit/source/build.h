/* SPDX-License-Identifier: BSD-2-Clause */
/* Capture files in memory, for the tests: in either byte order, right or wrong on purpose. */
#ifndef WEIR_TESTS_UNIT_SOURCE_BUILD_H
#define WEIR_TESTS_UNIT_SOURCE_BUILD_H

#include "base/bytes.h"
#include "base/text.h"
#include "source/capture.h"
#include "t.h"

struct build {
	struct wr w;
	bool	  big;				/* big-endian */
	size_t	  block;			/* where the open block begins */
	uint8_t	  bytes[1 << 20];
};

static inline void build_begin(struct build *b, bool big)
{
	b->w = wr_of(b->bytes, sizeof(b->bytes));
	b->big = big;
}

static inline void put16(struct build *b, unsigned value)
{
	wr_be16(&b->w, (uint16_t)(b->big ? value : (value & 0xff) << 8 | value >> 8));
}

static inline void put32(struct build *b, uint32_t value)
{
	wr_be32(&b->w, b->big ? value : __builtin_bswap32(value));
}

static inline void put_bytes(struct build *b, size_t n, uint8_t value)
{
	for (size_t i = 0; i < n; i++)
		wr_u8(&b->w, value);
}

static inline void put_pcap_header(struct build *b, uint32_t magic, unsigned major, unsigned minor,
				   uint32_t snaplen, uint32_t linktype)
{
	put32(b, magic);
	put16(b, major);
	put16(b, minor);
	put32(b, 0);
	put32(b, 0);
	put32(b, snaplen);
	put32(b, linktype);
}

static inline void put_record(struct build *b, uint32_t s, uint32_t fraction, uint32_t captured, uint32_t wire)
{
	put32(b, s);
	put32(b, fraction);
	put32(b, captured);
	put32(b, wire);
	put_bytes(b, captured, (uint8_t)s);
}

static inline void open_block(struct build *b, uint32_t type)
{
	b->block = wr_done(&b->w);
	put32(b, type);
	put32(b, 0);
}

static inline void close_block(struct build *b)
{
	uint32_t length;

	while (wr_done(&b->w) % 4)
		wr_u8(&b->w, 0);
	length = (uint32_t)(wr_done(&b->w) - b->block) + 4;
	put32(b, length);
	memcpy(b->bytes + b->block + 4, b->w.p - 4, 4);
}

static inline void put_section(struct build *b)
{
	open_block(b, 0x0a0d0d0a);
	put32(b, 0x1a2b3c4d);
	put16(b, 1);
	put16(b, 0);
	put32(b, UINT32_MAX);
	put32(b, UINT32_MAX);
	close_block(b);
}

static inline void put_option(struct build *b, unsigned code, const void *value, size_t n)
{
	put16(b, code);
	put16(b, (unsigned)n);
	wr_bytes(&b->w, value, n);
	put_bytes(b, (4 - n % 4) % 4, 0);
}

/* resolution 255: the option is left out. */
static inline void put_interface(struct build *b, unsigned linktype, uint32_t snaplen, unsigned resolution,
				 const char *name)
{
	uint8_t r = (uint8_t)resolution;

	open_block(b, 1);
	put16(b, linktype);
	put16(b, 0);
	put32(b, snaplen);
	if (name[0])
		put_option(b, 2, name, strlen(name));
	if (resolution != 255)
		put_option(b, 9, &r, 1);
	put32(b, 0);
	close_block(b);
}

static inline void put_enhanced(struct build *b, uint32_t interface, uint64_t units, uint32_t captured,
				uint32_t wire)
{
	open_block(b, 6);
	put32(b, interface);
	put32(b, (uint32_t)(units >> 32));
	put32(b, (uint32_t)units);
	put32(b, captured);
	put32(b, wire);
	put_bytes(b, captured, (uint8_t)units);
	close_block(b);
}

/* The packets and the end of a capture that comes in pieces, as one line of text: for each
 * "NS CAPTURED/WIRE TYPE.LINK", then the oddities, then "cut AT" or "broken AT: why". */
static inline void split_text(struct span file, size_t piece, struct text *out)
{
	struct capture c;
	struct packet packets[3];
	size_t start = 0, end = 0, n, used;

	text_reset(out);
	capture_init(&c, 0);
	for (;;) {
		/* memory of exactly this size: the sanitizer sees a read too far */
		uint8_t *bytes = malloc(end - start + (end == start));

		memcpy(bytes, file.p + start, end - start);
		n = capture_split(&c, (struct span){ bytes, end - start }, packets, COUNT(packets), &used);
		for (size_t i = 0; i < n; i++)
			text_printf(out, "%lld %zu/%u %u.%u%s; ", (long long)packets[i].at.ns, packets[i].bytes.n,
				    packets[i].length, packets[i].linktype, packets[i].link,
				    packets[i].checksums_unreliable ? " unreliable" : "");
		free(bytes);
		start += used;
		if (c.broken || (n == 0 && end == file.n))
			break;
		if (n == 0)
			end = file.n - end < piece ? file.n : end + piece;
	}
	for (unsigned i = 0; i < ODD_COUNT; i++)
		if (c.odd[i])
			text_printf(out, "%s %llu; ", odd_name(i), (unsigned long long)c.odd[i]);
	if (capture_is_cut(&c, end - start))
		text_printf(out, "%s %llu: %s", c.broken ? "broken" : "cut", (unsigned long long)c.offset,
			    c.problem);
	capture_release(&c);
}

/* The same whatever the size of the pieces. */
static inline void check_split(const struct build *b, const char *says, const char *name)
{
	static const size_t pieces[] = { 1, 3, 17, 1000, 1 << 20 };
	struct text is = { 0 };

	for (size_t i = 0; i < COUNT(pieces); i++) {
		if (pieces[i] < wr_done(&b->w) / 1000)
			continue;
		split_text(wr_span(&b->w), pieces[i], &is);
		check_text(text_string(&is), says, name);
	}
	text_release(&is);
}

#endif
