/* SPDX-License-Identifier: BSD-2-Clause */
/* pcapng: blocks in sections, each section in its own byte order and with its own interfaces.
 * draft-ietf-opsawg-pcapng: Section Header, Interface Description, Enhanced, Simple and (of
 * old) Packet blocks are read, all others passed over.  Knows no names, no statistics, no
 * secrets. */
#include "source/pcapng.h"

#define BLOCK_SECTION 0x0a0d0d0a
#define BYTE_ORDER_MAGIC 0x1a2b3c4d
/* Type, length, and the length again at the end. */
#define BLOCK_SIZE_MIN 12

enum option { OPTION_END = 0, OPTION_IF_NAME = 2, OPTION_FLAGS = 2, OPTION_TSRESOL = 9,
	      OPTION_TSOFFSET = 14 };

/* epb_flags: the network card was to fill the checksums in. */
#define FLAG_CHECKSUM_NOT_READY (1u << 9)

static uint64_t read_u64(const struct capture *c, struct rd *r)
{
	uint64_t first = capture_u32(c, r), second = capture_u32(c, r);

	return c->swapped ? first << 32 | second : second << 32 | first;
}

/* The next option and its value; false behind the last one, and where they lie. */
static bool next_option(struct capture *c, struct rd *r, unsigned *out_code, struct span *out)
{
	unsigned code, length;

	if (rd_left(r) < 4)
		return false;
	code = capture_u16(c, r);
	length = capture_u16(c, r);
	if (code == OPTION_END)
		return false;
	*out_code = code;
	*out = rd_take(r, length);
	if (!rd_ok(r)) {
		c->odd[ODD_OPTIONS]++;
		return false;
	}
	rd_skip(r, (4 - length % 4) % 4 < rd_left(r) ? (4 - length % 4) % 4 : rd_left(r));
	return true;
}

/* Each section may be in another byte order; its interfaces begin at 0 again. */
static bool read_section(struct capture *c, struct rd *body, struct packet *out)
{
	unsigned major, minor;

	(void)out;
	rd_skip(body, 4);			/* the byte-order magic, seen by read_block() */
	major = capture_u16(c, body);
	minor = capture_u16(c, body);
	c->interface_count = 0;
	if (!rd_ok(body) || major != 1)
		capture_break(c, "version %u.%u of pcapng does not exist", major, minor);
	return false;
}

/* 10^-6 s and finer have been in use for long; 2^-20 is finer than 10^-6. */
static unsigned digits_of(uint8_t resolution)
{
	return (resolution & 0x80) ? ((resolution & 0x7f) >= 20 ? 9 : 6) : resolution > 6 ? 9 : 6;
}

static bool read_interface(struct capture *c, struct rd *body, struct packet *out)
{
	struct interface i = { .resolution = 6 };
	struct span value, name = { NULL, 0 };
	unsigned code;

	(void)out;
	i.linktype = capture_u16(c, body);
	rd_skip(body, 2);
	i.snaplen = capture_u32(c, body);
	if (!rd_ok(body)) {
		capture_break(c, "an Interface Description Block is too short");
		return false;
	}
	while (next_option(c, body, &code, &value)) {
		struct rd v = rd_of(value);

		if (code == OPTION_IF_NAME)
			name = value;
		else if (code == OPTION_TSRESOL && value.n == 1)
			i.resolution = rd_u8(&v);
		else if (code == OPTION_TSOFFSET && value.n == 8)
			i.offset_s = (int64_t)read_u64(c, &v);
	}
	if (digits_of(i.resolution) > c->time_digits)
		c->time_digits = digits_of(i.resolution);
	capture_interface(c, i, name);
	return false;
}

/* A count of the interface's units as nanoseconds; 128 bits hold any. */
static __int128 scale(uint64_t units, uint8_t resolution)
{
	unsigned exponent = resolution & 0x7f;
	__int128 ns = units;

	if (resolution & 0x80)
		return (ns * NS_PER_S) >> exponent;
	for (; exponent < 9; exponent++)
		ns *= 10;
	for (; exponent > 9 && ns > 0; exponent--)
		ns /= 10;
	return ns;
}

static struct mtime time_of(struct capture *c, const struct interface *i, uint64_t units)
{
	__int128 ns;

	if (i->resolution == 6 && i->offset_s == 0 && units < INT64_MAX / 1000)
		return (struct mtime){ (int64_t)units * 1000 };
	ns = scale(units, i->resolution) + (__int128)i->offset_s * NS_PER_S;
	if (ns > INT64_MAX || ns < INT64_MIN) {
		c->odd[ODD_TIME_RANGE]++;
		ns = ns < 0 ? INT64_MIN : INT64_MAX;
	}
	return (struct mtime){ (int64_t)ns };
}

/* The flags are the only option of a packet that weir needs. */
static uint32_t read_flags(struct capture *c, struct rd *options)
{
	struct span value;
	uint32_t flags = 0;
	unsigned code;

	while (next_option(c, options, &code, &value)) {
		struct rd v = rd_of(value);

		if (code == OPTION_FLAGS && value.n == 4)
			flags = capture_u32(c, &v);
	}
	return flags;
}

static const struct interface *find_interface(struct capture *c, size_t number)
{
	return number < c->interface_count ? &c->interfaces[number] : capture_undescribed(c);
}

/* What the Enhanced Packet Block and the Packet Block have in common, behind the interface. */
static bool read_timed(struct capture *c, struct rd *body, size_t interface, struct packet *out)
{
	const struct interface *i;
	uint64_t high = capture_u32(c, body);
	uint64_t units = high << 32 | capture_u32(c, body);
	uint32_t captured = capture_u32(c, body);
	uint32_t wire = capture_u32(c, body);
	struct span bytes;

	if (captured > CAPTURE_PACKET_MAX) {
		capture_break(c, "a block claims %u bytes, more than a packet can have", captured);
		return false;
	}
	bytes = rd_take(body, captured);
	if (!rd_ok(body)) {
		capture_break(c, "a packet passes the end of its block");
		return false;
	}
	i = find_interface(c, interface);
	capture_packet(c, bytes, wire, time_of(c, i, units), i, out);
	rd_skip(body, (4 - captured % 4) % 4);
	if (rd_left(body) > 0)
		out->checksums_unreliable = read_flags(c, body) & FLAG_CHECKSUM_NOT_READY;
	return true;
}

static bool read_enhanced(struct capture *c, struct rd *body, struct packet *out)
{
	return read_timed(c, body, capture_u32(c, body), out);
}

static bool read_old_packet(struct capture *c, struct rd *body, struct packet *out)
{
	size_t interface = capture_u16(c, body);

	rd_skip(body, 2);			/* packets lost */
	return read_timed(c, body, interface, out);
}

/* Of the first interface, with no time of its own: it takes that of the packet before it. */
static bool read_simple(struct capture *c, struct rd *body, struct packet *out)
{
	const struct interface *i;
	uint32_t wire = capture_u32(c, body);
	size_t captured = wire;

	if (!rd_ok(body)) {
		capture_break(c, "a Simple Packet Block is too short");
		return false;
	}
	i = find_interface(c, 0);
	if (captured > i->snaplen)
		captured = i->snaplen;
	if (captured > rd_left(body))
		captured = rd_left(body);
	if (captured > CAPTURE_PACKET_MAX)
		captured = CAPTURE_PACKET_MAX;
	capture_packet(c, rd_take(body, captured), wire, c->last, i, out);
	return true;
}

/* True where a block gave a packet. */
typedef bool block_reader(struct capture *c, struct rd *body, struct packet *out);

static block_reader *find_reader(uint32_t type)
{
	switch (type) {
	case BLOCK_SECTION: return read_section;
	case 1: return read_interface;
	case 2: return read_old_packet;
	case 3: return read_simple;
	case 6: return read_enhanced;
	default: return NULL;
	}
}

/* The type and the length of the next block, which may begin a section in the other byte
 * order.  False where they are not there, or cannot be true. */
static bool read_block_header(struct capture *c, struct rd *r, uint32_t *out_type,
			      uint32_t *out_length)
{
	struct rd at = *r, inside;
	uint32_t type = capture_u32(c, &at);
	struct span length_bytes = rd_take(&at, 4);

	inside = rd_of(length_bytes);
	if (type == BLOCK_SECTION) {
		uint32_t magic = rd_le32(&at);

		c->swapped = magic != BYTE_ORDER_MAGIC;
		if (rd_ok(&at) && c->swapped && __builtin_bswap32(magic) != BYTE_ORDER_MAGIC)
			capture_break(c, "a section of unknown byte order");
	}
	if (!rd_ok(&at) || c->broken)
		return false;
	*out_type = type;
	*out_length = capture_u32(c, &inside);
	if (*out_length < BLOCK_SIZE_MIN || *out_length % 4 != 0)
		capture_break(c, "a block of %u bytes cannot be", *out_length);
	return !c->broken;
}

/* The part of the block that is read: all of it, or as much as may be asked for at once. */
static bool take_body(struct capture *c, struct rd *r, uint32_t length, struct rd *out)
{
	size_t keep = length < CAPTURE_RECORD_MAX ? length : CAPTURE_RECORD_MAX;
	struct rd at = *r, block = rd_sub(&at, keep);

	if (!rd_ok(&at))
		return false;
	rd_skip(&block, 8);
	*out = rd_sub(&block, keep - (keep == length ? BLOCK_SIZE_MIN : 8));
	if (keep == length && capture_u32(c, &block) != length) {
		capture_break(c, "a block tells two lengths");
		return false;
	}
	c->odd[ODD_OPTIONS] += keep < length;
	c->skip = length - keep;
	*r = at;
	return true;
}

static size_t split_blocks(struct capture *c, struct rd *r, struct packet *out, size_t max)
{
	uint32_t type, length;
	struct rd body;
	size_t n = 0;

	while (n < max && c->skip == 0 && read_block_header(c, r, &type, &length)) {
		block_reader *read = find_reader(type);
		struct rd start = *r;

		if (!read) {
			c->skip = length;
			break;
		}
		if (!take_body(c, r, length, &body))
			break;
		n += read(c, &body, &out[n]);
		if (c->broken) {
			*r = start;
			break;
		}
	}
	return n;
}

bool pcapng_begin(struct capture *c, uint32_t magic)
{
	if (magic != BLOCK_SECTION)
		return false;
	c->split = split_blocks;
	c->is_pcapng = true;
	return true;
}
