/* SPDX-License-Identifier: BSD-2-Clause */
/* PIM Register: one statement with the inner (S,G); the outer destination is the RP.
 * RFC 7761 4.9.3, LANGUAGE S52.  Nothing inside is judged by itself. */
#include "wire/pim_register.h"

#include "wire/checksum.h"

#define BORDER 0x80000000u
#define NULL_REGISTER 0x40000000u
#define IP4_HEADER 20u
#define IP6_HEADER 40u

struct inner {
	struct addr source, group;
	size_t	    length;		/* that its header claims */
	size_t	    header;
};

static struct inner read_ip4(struct rd r)
{
	struct inner inner = { .header = (rd_u8(&r) & 0xfu) * 4 };

	rd_skip(&r, 1);
	inner.length = rd_be16(&r);
	rd_skip(&r, 8);
	inner.source = addr_read4(&r);
	inner.group = addr_read4(&r);
	return inner;
}

static struct inner read_ip6(struct rd r)
{
	struct inner inner = { .header = IP6_HEADER };

	rd_skip(&r, 4);
	inner.length = IP6_HEADER + rd_be16(&r);
	rd_skip(&r, 2);
	inner.source = addr_read6(&r);
	inner.group = addr_read6(&r);
	return inner;
}

/* FRR leaves the dummy header's checksum 0, which RFC 7761 4.9.3 says not to check. */
static bool is_sum_bad(struct span header)
{
	struct rd r = rd_of(header);

	rd_skip(&r, 10);
	return rd_be16(&r) != 0 && checksum_of(header) != 0;
}

/* What was captured of the inner packet, without what is behind its end.  The header of a
 * Null-Register is a dummy, whose length counts what some routers never add. */
static struct span take_inner(struct rd *r, struct inner inner, struct speech *s)
{
	bool is_all_here = s->at->cut == 0 && !s->at->is_fragment;
	bool is_dummy = s->next.type == TYPE_NULL_REGISTER;
	size_t n = rd_left(r);

	if (is_dummy)
		return rd_take(r, n);
	if (inner.header > inner.length || (is_all_here && inner.length > n))
		speech_wrong(s, ANOMALY_LENGTH);
	return rd_take(r, inner.length < n ? inner.length : n);
}

struct addr pim_register_rp(const struct layers *at)
{
	struct addr receiver = at->template.receiver;

	return addr_is_multicast(receiver) ? ADDR_NONE : receiver;
}

/* Of the message's missing bytes only those that the inner packet claims are missed. */
static void read_quoted(const struct speech *s, struct span packet, size_t length)
{
	struct layers around = *s->at;

	around.cut = around.cut > 0 && length > packet.n ? length - packet.n : 0;
	layers_read_quoted(&around, packet, s->out);
}

void pim_register_read_inner(struct rd *r, struct speech *s)
{
	struct rd peek = *r;
	unsigned version = rd_u8(&peek) >> 4;
	unsigned least = version == 6 ? IP6_HEADER : IP4_HEADER;
	struct inner inner = version == 6 ? read_ip6(*r) : read_ip4(*r);
	struct span packet;

	if (rd_ok(&peek) && version != 4 && version != 6)
		speech_wrong(s, ANOMALY_VERSION);
	if (rd_left(r) < least || rd_left(r) < inner.header || inner.header < least) {
		r->failed = true;
		return;
	}
	packet = take_inner(r, inner, s);
	if (version == 4 && is_sum_bad((struct span){ packet.p, inner.header }))
		s->next.flags |= FLAG_BIT(BAD_IP_CHECKSUM);
	speech_say(s, r, WHAT_REGISTER, inner.source, inner.group);
	if (s->wrong == ANOMALY_NONE)
		read_quoted(s, packet, inner.length);
}

void pim_register_read(struct rd *r, struct speech *s)
{
	uint32_t flags = rd_be32(r);
	bool is_null = flags & NULL_REGISTER;

	s->next.point = POINT_REGISTER;
	s->next.rp = pim_register_rp(s->at);
	if (flags & BORDER)
		s->next.flags |= FLAG_BIT(BORDER);
	if (is_null) {
		s->next.type = TYPE_NULL_REGISTER;
		s->next.flags |= FLAG_BIT(NULL);
	}
	pim_register_read_inner(r, s);
}
