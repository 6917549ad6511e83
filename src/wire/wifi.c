/* SPDX-License-Identifier: BSD-2-Clause */
/* IEEE 802.11 data frames, bare and behind the headers of capture drivers (radiotap, PPI, Prism,
 * AVS).  IEEE 802.11-2020 9.2, 9.3.2.  Protected frames cannot be read.  Knows no IP. */
#include "wire/peel.h"

#define FRAME_TYPE_DATA	  2
#define SUBTYPE_NO_DATA	  0x4
#define SUBTYPE_QOS	  0x8
#define FLAG_TO_DS	  0x01
#define FLAG_FROM_DS	  0x02
#define FLAG_MORE	  0x04
#define FLAG_PROTECTED	  0x40
#define FLAG_ORDER	  0x80
#define QOS_AGGREGATE	  0x80

#define RADIOTAP_TSFT	  0x1u
#define RADIOTAP_FLAGS	  0x2u
#define RADIOTAP_EXTENDED 0x80000000u
#define RADIOTAP_DATA_PAD 0x20

struct header {
	unsigned    type, subtype, flags, fragment, qos;
	size_t	    bytes;
	struct span sender;
};

static struct header read_header(struct rd *r)
{
	struct header h = { 0 };
	size_t before = rd_left(r);
	unsigned control = rd_u8(r);
	struct span second, third;

	h.type = control & 3 ? 0xff : control >> 2 & 3;
	h.subtype = control >> 4;
	h.flags = rd_u8(r);
	rd_skip(r, 2 + 6);			/* duration, receiver */
	second = rd_take(r, 6);
	third = rd_take(r, 6);
	h.fragment = rd_le16(r) & 0xf;
	h.sender = h.flags & FLAG_FROM_DS ? third : second;
	if ((h.flags & FLAG_FROM_DS) && (h.flags & FLAG_TO_DS))
		h.sender = rd_take(r, 6);
	if (h.subtype & SUBTYPE_QOS) {
		h.qos = rd_le16(r);
		rd_skip(r, h.flags & FLAG_ORDER ? 4 : 0);
	}
	h.bytes = before - rd_left(r);
	return h;
}

/* 9.3.2.2: several frames in one, each with addresses and length, padded to four bytes. */
static void aggregate_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);

	for (unsigned n = 0; rd_left(&r) >= 14 && n < 64; n++) {
		struct layers one = *at;
		struct span sender, payload;
		size_t length;

		rd_skip(&r, 6);
		sender = rd_take(&r, 6);
		length = rd_be16(&r);
		payload = (struct span){ r.p, rd_left(&r) };
		if (!layers_limit(&one, &payload, length))
			return;
		one.was_multicast = out->is_multicast;
		note_mac(&one, sender);
		llc_peel(&one, payload, out);
		rd_skip(&r, length);
		if ((14 + length) % 4 != 0 && rd_left(&r) > 0)
			rd_skip(&r, 4 - (14 + length) % 4);
	}
}

/* A frame whose header may be padded to four bytes (`padded`, as some drivers do). */
static void frame_peel(struct layers *at, struct span bytes, bool padded, struct said *out)
{
	struct rd r = rd_of(bytes);
	unsigned kind = bytes.n > 0 ? bytes.p[0] >> 2 & 3 : 0;
	struct header h = read_header(&r);

	out->is_read |= bytes.n >= 2 && kind != FRAME_TYPE_DATA;
	if (!rd_ok(&r) || h.type != FRAME_TYPE_DATA)
		return;
	if (!(h.subtype & SUBTYPE_NO_DATA) && (h.flags & FLAG_PROTECTED))
		return;
	out->is_read = true;
	if ((h.subtype & SUBTYPE_NO_DATA) || h.fragment > 0)
		return;
	rd_skip(&r, padded ? (4 - h.bytes % 4) % 4 : 0);
	note_mac(at, h.sender);
	if (h.flags & FLAG_MORE)
		at->cut += UINT16_MAX;		/* the rest is in frames of its own */
	if (h.qos & QOS_AGGREGATE)
		aggregate_peel(at, rd_rest(&r), out);
	else
		llc_peel(at, rd_rest(&r), out);
}

void wifi_peel(struct layers *at, struct span bytes, struct said *out)
{
	frame_peel(at, bytes, false, out);
}

/* The flags field of a radiotap header: the second field, behind an aligned time stamp. */
static unsigned read_radiotap_flags(struct rd r, uint32_t present, size_t offset)
{
	if (!(present & RADIOTAP_FLAGS))
		return 0;
	if (present & RADIOTAP_TSFT)
		rd_skip(&r, (8 - offset % 8) % 8 + 8);
	return rd_u8(&r);
}

void radiotap_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	uint32_t first, word;
	size_t length, offset = 8;
	unsigned flags;
	struct rd fields;

	rd_skip(&r, 2);				/* version, padding */
	length = rd_le16(&r);
	first = word = rd_le32(&r);
	fields = rd_sub(&r, length >= 8 ? length - 8 : SIZE_MAX);
	for (; (word & RADIOTAP_EXTENDED) && rd_ok(&fields); offset += 4)
		word = rd_le32(&fields);
	flags = read_radiotap_flags(fields, first, offset);
	if (rd_ok(&r))
		frame_peel(at, rd_rest(&r), (flags & RADIOTAP_DATA_PAD) != 0, out);
}

/* Per-packet information: its length, and the link type of what follows. */
void ppi_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	size_t length;
	peel *next;

	rd_skip(&r, 2);
	length = rd_le16(&r);
	next = linktype_peel(rd_le32(&r));
	rd_skip(&r, length >= 8 ? length - 8 : SIZE_MAX);
	if (rd_ok(&r) && next && layers_enter(at, out))
		next(at, rd_rest(&r), out);
}

/* AVS's header says its length in network order, Prism's in the machine's; AVS's may stand
 * where Prism's is announced. */
void prism_peel(struct layers *at, struct span bytes, struct said *out)
{
	struct rd r = rd_of(bytes);
	uint32_t magic = rd_be32(&r), length = rd_be32(&r);

	if (magic >> 12 != 0x80211 && length > 0xffff)
		length = __builtin_bswap32(length);
	rd_skip(&r, length >= 8 ? length - 8 : SIZE_MAX);
	if (rd_ok(&r))
		frame_peel(at, rd_rest(&r), false, out);
}

/* Frame control bytes that a controller swapped (CAPWAP of Cisco) are put right by reading on. */
void wifi_swapped_peel(struct layers *at, struct span bytes, struct said *out)
{
	uint8_t header[40];
	struct span head = { header, bytes.n < sizeof(header) ? bytes.n : sizeof(header) };
	struct rd r;
	struct header h;

	if (head.n < 2)
		return;
	memcpy(header, bytes.p, head.n);
	header[0] = bytes.p[1];
	header[1] = bytes.p[0];
	r = rd_of(head);
	h = read_header(&r);
	if (!rd_ok(&r) || h.type != FRAME_TYPE_DATA || (h.subtype & SUBTYPE_NO_DATA) ||
	    (h.flags & FLAG_PROTECTED))
		return;
	note_mac(at, h.sender);
	r = rd_of(bytes);
	rd_skip(&r, h.bytes);
	llc_peel(at, rd_rest(&r), out);
}
