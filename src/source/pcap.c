/* SPDX-License-Identifier: BSD-2-Clause */
/* pcap: a header, then records of 16 or 24 bytes and their packet, in the byte order of the
 * machine that wrote them.  draft-ietf-opsawg-pcap, and the variants that libpcap and Wireshark
 * read: nanoseconds, the patched headers of Linux 2.0 (Kuznetzov), lcap of Ixia, and the versions
 * before 2.4, which told the two lengths in the other order. */
#include "source/pcap.h"

enum lengths_order { LENGTHS_CAPTURED_FIRST, LENGTHS_WIRE_FIRST, LENGTHS_EITHER };

/* The common header is 24 bytes, a record's header 16. */
#define HEADER_SIZE 24
#define RECORD_SIZE 16
/* Kuznetzov's snap length leaves the Ethernet header out. */
#define ETHERNET_SIZE 14
/* Small packets come by lines from the second cache, where quick_look() had them fetched to. */
#define DENSE_AHEAD 512

static const struct variant {
	uint32_t magic;
	unsigned fraction_ns, header_more, record_more;
} variants[] = {
	{ 0xa1b2c3d4, 1000, 0, 0 },
	{ 0xa1b23c4d,    1, 0, 0 },
	{ 0xa12b3c4d,    1, 0, 0 },			/* Navtel */
	{ 0xa1b2cd34, 1000, 0, 8 },			/* interface, protocol, packet type */
	{ 0x1c0001ac,    1, 4, 0 },			/* lcap of hardware: the size of all records */
	{ 0x1c0001ab, 1000, 4, 0 },			/* lcap of software */
};

static const struct variant *find_variant(uint32_t magic)
{
	for (size_t i = 0; i < COUNT(variants); i++)
		if (variants[i].magic == magic)
			return &variants[i];
	return NULL;
}

/* Link types whose packets may be larger than any that weir reads: USB and D-Bus. */
static uint32_t largest(uint32_t linktype)
{
	switch (linktype) {
	case 189: case 220: case 231: case 249: case 288: case 293: case 294: case 295:
		return 128u << 20;
	default:
		return CAPTURE_PACKET_MAX;
	}
}

static int64_t time_ns(const struct capture *c, uint32_t seconds, uint32_t fraction)
{
	return seconds * NS_PER_S + (int64_t)fraction * c->fraction_ns;
}

static bool wire_length_is_first(const struct capture *c, uint32_t first, uint32_t second)
{
	return c->lengths == LENGTHS_WIRE_FIRST || (c->lengths == LENGTHS_EITHER && first > second);
}

/* One record.  False, and `r` where it was, where it is not all there or breaks the file. */
static bool read_record(struct capture *c, struct rd *r, struct packet *out)
{
	struct rd at = *r;
	uint32_t seconds = capture_u32(c, &at);
	uint32_t fraction = capture_u32(c, &at);
	uint32_t captured = capture_u32(c, &at);
	uint32_t wire = capture_u32(c, &at);
	struct span bytes;
	size_t keep;

	rd_skip(&at, c->header_size - RECORD_SIZE);
	if (!rd_ok(&at))
		return false;
	if (c->lengths != LENGTHS_CAPTURED_FIRST && wire_length_is_first(c, captured, wire)) {
		uint32_t first = captured;

		captured = wire;
		wire = first;
	}
	if (captured > CAPTURE_PACKET_MAX && captured > largest(c->interfaces->linktype)) {
		capture_break(c, "a record claims %u bytes, more than a packet can have", captured);
		return false;
	}
	keep = captured < CAPTURE_PACKET_MAX ? captured : CAPTURE_PACKET_MAX;
	bytes = rd_take(&at, keep);
	if (!rd_ok(&at))
		return false;
	c->skip = captured - keep;
	capture_packet(c, bytes, wire, (struct mtime){ time_ns(c, seconds, fraction) },
		       c->interfaces, out);
	*r = at;
	return true;
}

/* A record's header as it lies in a file of this machine's byte order. */
struct record {
	uint32_t seconds, fraction, captured, wire;
};

_Static_assert(sizeof(struct record) == RECORD_SIZE, "a record's header has no holes");

/* What records have in common where nothing is odd about them. */
static bool has_plain_records(const struct capture *c)
{
	return !c->swapped && c->header_size == RECORD_SIZE && c->lengths == LENGTHS_CAPTURED_FIRST;
}

/* The records at the front that are as nearly all are: whole, and nothing odd about them.  The
 * reader's check for each field would cost more than the rest, so a header is loaded at once,
 * behind one check that it is there.  Any other record is left to read_record(); never part of it,
 * so that all of the loop stays in registers. */
static __attribute__((noinline)) size_t split_plain(struct capture *c, struct rd *r,
						    struct packet *out, size_t max)
{
	const struct interface *interface = c->interfaces;
	const uint32_t largest_plain = interface->snaplen < CAPTURE_PACKET_MAX
					       ? interface->snaplen
					       : CAPTURE_PACKET_MAX;
	const int64_t fraction_ns = c->fraction_ns;
	const size_t ahead = capture_is_dense(c) ? DENSE_AHEAD : CAPTURE_LINE_BYTES;
	const size_t more = capture_is_dense(c) ? CAPTURE_LINE_BYTES : CAPTURE_LAST_BYTE - ahead;
	const struct packet plain = { .file = c->file, .link = interface->link,
				      .linktype = interface->linktype };
	const uint8_t *p = r->p, *end = r->end;
	const uint64_t frames = c->frames;
	uint64_t bytes = 0;
	int64_t last_ns = c->last.ns;
	struct record record;
	size_t n = 0;

	for (; n < max && (size_t)(end - p) >= sizeof(record); n++) {
		struct mtime at;

		memcpy(&record, p, sizeof(record));
		KEEP_LOADED(record.captured);	/* the file may be written to */
		__builtin_prefetch(p + ahead);	/* what is looked at next */
		__builtin_prefetch(p + ahead + more);
		at.ns = record.seconds * NS_PER_S + record.fraction * fraction_ns;
		if (record.captured - 1 >= largest_plain || record.captured > record.wire ||
		    record.captured > (size_t)(end - p) - sizeof(record) || at.ns < last_ns)
			break;
		last_ns = at.ns;
		bytes += record.wire;
		p += sizeof(record);
		out[n] = plain;
		out[n].at = at;
		out[n].bytes = (struct span){ p, record.captured };
		out[n].frame = frames + n + 1;
		out[n].length = record.wire;
		p += record.captured;
	}
	r->p = p;
	c->last.ns = last_ns;
	c->frames = frames + n;
	c->bytes += bytes;
	return n;
}

static size_t split_records(struct capture *c, struct rd *r, struct packet *out, size_t max)
{
	bool plain = has_plain_records(c);
	size_t n = 0;

	do {
		if (plain)
			n += split_plain(c, r, out + n, max - n);
	} while (n < max && c->skip == 0 && read_record(c, r, &out[n]) && ++n < max);
	return n;
}

/* Version 2.4 put the captured length first; 2.3 did either; DG/UX wrote 543.0 and meant 2.2. */
static bool read_version(struct capture *c, unsigned major, unsigned minor)
{
	if (major == 543 || (major == 2 && minor < 3))
		c->lengths = LENGTHS_WIRE_FIRST;
	else if (major == 2 && minor == 3)
		c->lengths = LENGTHS_EITHER;
	else if (major == 2)
		c->lengths = LENGTHS_CAPTURED_FIRST;
	else
		capture_break(c, "version %u.%u of pcap does not exist", major, minor);
	return !c->broken;
}

static size_t split_header(struct capture *c, struct rd *r, struct packet *out, size_t max)
{
	struct rd at = *r;
	const struct variant *v = find_variant(capture_u32(c, &at));
	unsigned major = capture_u16(c, &at), minor = capture_u16(c, &at);
	uint32_t snaplen, link;

	rd_skip(&at, 8);			/* time zone and accuracy: always 0 */
	snaplen = capture_u32(c, &at);
	link = capture_u32(c, &at) & 0xffff;	/* the upper bits tell the length of the FCS */
	rd_skip(&at, v->header_more);
	if (!rd_ok(&at) || !read_version(c, major, minor))
		return 0;
	if (v->record_more > 0 && link == LINKTYPE_ETHERNET && snaplen > 0)
		snaplen += ETHERNET_SIZE;
	capture_interface(c, (struct interface){ .linktype = link, .snaplen = snaplen },
			  (struct span){ NULL, 0 });
	c->fraction_ns = v->fraction_ns;
	c->time_digits = v->fraction_ns == 1 ? 9 : 6;
	c->header_size = RECORD_SIZE + v->record_more;
	c->split = split_records;
	*r = at;
	return split_records(c, r, out, max);
}

bool pcap_begin(struct capture *c, uint32_t magic)
{
	c->swapped = !find_variant(magic);
	if (c->swapped && !find_variant(__builtin_bswap32(magic)))
		return false;
	c->split = split_header;
	return true;
}
