/* SPDX-License-Identifier: BSD-2-Clause */
/* The IP packet around a control message.  RFC 791, RFC 8200, RFC 768, RFC 1071, RFC 2113
 * (Router Alert stays where it is).  Knows no message. */
#include "engine/trim_ip.h"

#include "wire/checksum.h"

#define IP4_BYTES 20u
#define IP6_BYTES 40u
#define UDP_BYTES 8u

#define NUMBER_IGMP  2
#define NUMBER_UDP   17
#define NUMBER_ICMP6 58
#define NUMBER_PIM   103

#define NEXT_HOP_BY_HOP	 0
#define NEXT_ROUTING	 43
#define NEXT_DESTINATION 60

#define IP4_LOOSE_ROUTE	 131
#define IP4_STRICT_ROUTE 137

#define TOS_INTERNETWORK_CONTROL 0xc0	/* RFC 791; as PIM routers send */

/* A source route changes what the checksum is made of; nobody sends one with these messages. */
static bool has_route(struct rd options)
{
	while (rd_left(&options) > 0) {
		unsigned kind = rd_u8(&options);

		if (kind == IP4_LOOSE_ROUTE || kind == IP4_STRICT_ROUTE)
			return true;
		if (kind == 0)
			return false;
		if (kind > 1)
			rd_skip(&options, rd_u8(&options) - 2u);
	}
	return false;
}

static bool find4(struct rd r, struct frame *f)
{
	struct rd start = r;
	unsigned header = (rd_u8(&r) & 0xfu) * 4, total, fragment;
	struct span whole;

	rd_skip(&r, 1);
	total = rd_be16(&r);
	rd_skip(&r, 2);
	fragment = rd_be16(&r);
	rd_skip(&r, 1);
	f->protocol = rd_u8(&r);
	rd_skip(&r, 2);
	f->source = addr_read4(&r);
	f->destination = addr_read4(&r);
	if (total == 0)
		total = (unsigned)rd_left(&start);
	whole = rd_take(&start, total);
	if (!rd_ok(&r) || !rd_ok(&start) || header < IP4_BYTES || header > total ||
	    (fragment & 0x3fff) != 0)
		return false;
	f->head = (struct span){ whole.p, header };
	f->message = (struct span){ whole.p + header, total - header };
	return !has_route(rd_of((struct span){ whole.p + IP4_BYTES, header - IP4_BYTES }));
}

/* The number behind the extension headers, as far as they leave the message alone. */
static unsigned skip_extensions(unsigned next, struct rd *r)
{
	while (next == NEXT_HOP_BY_HOP || next == NEXT_DESTINATION || next == NEXT_ROUTING) {
		unsigned kind = next, length;

		next = rd_u8(r);
		length = (rd_u8(r) + 1u) * 8;
		rd_skip(r, 1);
		if (kind == NEXT_ROUTING && rd_u8(r) != 0)
			return NEXT_ROUTING;		/* segments are left */
		rd_skip(r, length - (kind == NEXT_ROUTING ? 4 : 3));
		if (!rd_ok(r))
			return NEXT_ROUTING;
	}
	return next;
}

static bool find6(struct rd r, struct frame *f)
{
	struct rd start = r, at;
	unsigned payload, next;

	rd_skip(&r, 4);
	payload = rd_be16(&r);
	next = rd_u8(&r);
	rd_skip(&r, 1);
	f->source = addr_read6(&r);
	f->destination = addr_read6(&r);
	at = rd_sub(&r, payload);
	f->protocol = skip_extensions(next, &at);
	if (payload == 0 || !rd_ok(&r) || !rd_ok(&at))
		return false;
	f->message = rd_rest(&at);
	f->head = rd_take(&start, IP6_BYTES + payload - f->message.n);
	return rd_ok(&start);
}

/* The UDP header joins the head; padding behind the datagram goes. */
static bool enter_udp(struct frame *f)
{
	struct rd r = rd_of(f->message);
	unsigned length;

	rd_skip(&r, 4);
	length = rd_be16(&r);
	f->has_sum = rd_be16(&r) != 0;
	if (!rd_ok(&r) || length < UDP_BYTES || length > f->message.n)
		return false;
	f->udp = f->head.n;
	f->head.n += UDP_BYTES;
	f->message = rd_take(&r, length - UDP_BYTES);
	return true;
}

bool frame_find(struct span packet, struct frame *out)
{
	struct rd r = rd_of(packet);
	unsigned version = packet.n > 0 ? packet.p[0] >> 4 : 0;
	struct frame f = { .family = version == 6 ? FAMILY_IP6 : FAMILY_IP4, .has_sum = true };

	if (version != 4 && version != 6)
		return false;
	if (!(version == 4 ? find4(r, &f) : find6(r, &f)))
		return false;
	if (f.protocol == NUMBER_UDP && !enter_udp(&f))
		return false;
	if (f.protocol != NUMBER_IGMP && f.protocol != NUMBER_UDP && f.protocol != NUMBER_ICMP6 &&
	    f.protocol != NUMBER_PIM)
		return false;
	*out = f;
	return true;
}

static struct span written_from(const struct wr *w, size_t place)
{
	return (struct span){ w->start + place, wr_done(w) - place };
}

/* The checksum field at `place`, over all from `from` on. */
static void finish_sum(const struct frame *f, struct wr *w, size_t from, size_t place)
{
	struct span bytes = written_from(w, from);
	bool has_pseudo = f->family == FAMILY_IP6 || f->protocol == NUMBER_UDP;
	uint64_t sum = 0;
	uint16_t folded;

	wr_put_be16(w, place, 0);
	if (has_pseudo)
		sum = checksum_add_pseudo(0, f->source, f->destination, (uint8_t)f->protocol,
					  (uint32_t)bytes.n);
	folded = checksum_fold(checksum_add(sum, bytes));
	if (f->protocol == NUMBER_UDP && folded == 0)
		folded = 0xffff;			/* RFC 768: 0 would be none */
	wr_put_be16(w, place, folded);
}

static void finish_ip(const struct frame *f, struct wr *w)
{
	size_t header = f->udp ? f->udp : f->head.n;

	if (f->family == FAMILY_IP6) {
		wr_put_be16(w, 4, (uint16_t)(wr_done(w) - IP6_BYTES));
		return;
	}
	wr_put_be16(w, 2, (uint16_t)wr_done(w));
	wr_put_be16(w, 10, 0);
	wr_put_be16(w, 10, checksum_of((struct span){ w->start, header }));
}

void frame_finish(const struct frame *frame, struct wr *w)
{
	size_t message = frame->head.n;

	if (!wr_ok(w))
		return;
	if (frame->udp) {
		wr_put_be16(w, frame->udp + 4, (uint16_t)(wr_done(w) - frame->udp));
		if (frame->has_sum)
			finish_sum(frame, w, frame->udp, frame->udp + 6);
	} else {
		finish_sum(frame, w, message, message + 2);
	}
	finish_ip(frame, w);
}

static void write_head4(struct addr source, struct addr destination, unsigned protocol, size_t n,
			struct wr *w)
{
	size_t start = wr_done(w);

	wr_u8(w, 0x45);
	wr_u8(w, TOS_INTERNETWORK_CONTROL);
	wr_be16(w, (uint16_t)(IP4_BYTES + n));
	wr_be32(w, 0);
	wr_u8(w, FRAME_TTL);
	wr_u8(w, (uint8_t)protocol);
	wr_be16(w, 0);
	addr_write(source, w);
	addr_write(destination, w);
	if (wr_ok(w))
		wr_put_be16(w, start + 10, checksum_of(written_from(w, start)));
}

void frame_head_write(struct addr source, struct addr destination, unsigned protocol, size_t n,
		      struct wr *w)
{
	if (source.family == FAMILY_IP4) {
		write_head4(source, destination, protocol, n, w);
		return;
	}
	wr_be32(w, 6u << 28 | (uint32_t)TOS_INTERNETWORK_CONTROL << 20);
	wr_be16(w, (uint16_t)n);
	wr_u8(w, (uint8_t)protocol);
	wr_u8(w, FRAME_TTL);
	addr_write(source, w);
	addr_write(destination, w);
}
