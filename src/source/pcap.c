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

/* Of a record's header, in a file of this machine's byte order. */
static inline uint64_t load_field(const uint8_t *p)
{
	uint32_t x;
	uint64_t field;

	memcpy(&x, p, sizeof(x));
	field = x;
	KEEP_LOADED(field);			/* the file may be written to */
	return field;
}

/* What records have in common where nothing is odd about them. */
static bool has_plain_records(const struct capture *c)
{
	return !c->swapped && c->header_size == RECORD_SIZE && c->lengths == LENGTHS_CAPTURED_FIRST;
}

static uint32_t find_largest_plain(const struct interface *interface)
{
	return interface->snaplen < CAPTURE_PACKET_MAX ? interface->snaplen : CAPTURE_PACKET_MAX;
}

/* What the packets of an interface share lies together, behind what each has for itself:
 * copied as it lies there it is one store, where its members would be four. */
static inline void fill_shared(const struct packet *shared, struct packet *out)
{
	const size_t at = offsetof(struct packet, length);

	memcpy((uint8_t *)out + at, (const uint8_t *)shared + at, sizeof(*out) - at);
}

/* The records at the front that are as nearly all are: nothing odd about them, and whole, with a
 * header behind them, so that each record's check is that of the next one's header, too.  The
 * reader's check for each field would cost more than the rest.  Any other record, as the last of
 * the bytes, is left to read_record(); never part of it, so that all of the loop stays in
 * registers.  Each field is loaded behind the check of the one before, or else compilers make
 * slower arithmetic of the checks. */
static __attribute__((noinline)) size_t split_plain(struct capture *c, struct rd *r,
						    struct packet *out, size_t max)
{
	const uint64_t largest_plain = find_largest_plain(c->interfaces);
	const int64_t fraction_ns = c->fraction_ns;
	const size_t ahead = capture_is_dense(c) ? DENSE_AHEAD : CAPTURE_LINE_BYTES;
	const size_t more = capture_is_dense(c) ? CAPTURE_LINE_BYTES : CAPTURE_LAST_BYTE - ahead;
	const struct packet plain = { .file = c->file, .link = c->interfaces->link,
				      .linktype = c->interfaces->linktype };
	const struct packet *const first = out, *const end = out + max;
	const uintptr_t last = (uintptr_t)r->end - RECORD_SIZE;
	const uint8_t *p = r->p;
	uint64_t frame = c->frames, bytes = 0;
	int64_t last_ns = c->last.ns;

	if (rd_left(r) < RECORD_SIZE)
		return 0;
	for (; out < end; out++) {
		uint64_t captured = load_field(p + 8), wire;
		int64_t at_ns;

		__builtin_prefetch(p + ahead);	/* what is looked at next */
		__builtin_prefetch(p + ahead + more);
		if (captured - 1 >= largest_plain)
			break;
		wire = load_field(p + 12);
		if (captured > wire)
			break;
		at_ns = (int64_t)load_field(p) * NS_PER_S +
			(int64_t)load_field(p + 4) * fraction_ns;
		if (at_ns < last_ns || (uintptr_t)p + RECORD_SIZE + captured > last)
			break;
		last_ns = at_ns;
		bytes += wire;
		p += RECORD_SIZE;
		fill_shared(&plain, out);
		out->at.ns = at_ns;
		out->bytes = (struct span){ p, captured };
		out->frame = ++frame;
		out->length = (uint32_t)wire;
		p += captured;
	}
	r->p = p;
	c->last.ns = last_ns;
	c->frames = frame;
	c->bytes += bytes;
	return (size_t)(out - first);
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
