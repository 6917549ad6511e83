/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames, built from the outside in. */
#include "gen/frame.h"

#include <stdio.h>
#include <stdlib.h>

uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint32_t random_below(uint64_t *state, uint32_t n)
{
	return (uint32_t)((random_next(state) >> 32) * n >> 32);
}

struct addr ip(const char *text)
{
	struct addr a;

	if (!addr_parse(text, strlen(text), &a)) {
		fprintf(stderr, "weir-gen: no address: %s\n", text);
		exit(2);
	}
	return a;
}

void frame_open(struct frame *f)
{
	f->w = wr_of(f->bytes, sizeof(f->bytes));
	f->depth = 0;
}

static void open_header(struct frame *f, enum close_kind kind)
{
	if (f->depth == FRAME_DEPTH)
		abort();
	f->open[f->depth++] = (struct open_header){ kind, wr_done(&f->w) };
}

static uint32_t sum_bytes(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	if (n % 2)
		sum += (uint32_t)p[n - 1] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* The sum of the pseudo-header of the nearest IP header around level `i`. */
static uint32_t sum_pseudo(const struct frame *f, unsigned i, unsigned protocol, size_t length)
{
	while (i-- > 0) {
		const uint8_t *p = f->bytes + f->open[i].at;

		if (f->open[i].kind == CLOSE_IP4)
			return sum_bytes(p + 12, 8, (uint32_t)(protocol + length));
		if (f->open[i].kind == CLOSE_IP6)
			return sum_bytes(p + 8, 32, (uint32_t)(protocol + length));
	}
	return 0;
}

static bool is_in_ip6(const struct frame *f, unsigned i)
{
	while (i-- > 0) {
		if (f->open[i].kind == CLOSE_IP4 || f->open[i].kind == CLOSE_IP6)
			return f->open[i].kind == CLOSE_IP6;
	}
	return false;
}

static void close_upper(struct frame *f, unsigned i, size_t checksum_at, unsigned protocol)
{
	size_t at = f->open[i].at, n = wr_done(&f->w) - at;
	uint16_t sum = fold(sum_bytes(f->bytes + at, n, sum_pseudo(f, i, protocol, n)));

	wr_put_be16(&f->w, at + checksum_at, sum == 0 && protocol == 17 ? 0xffff : sum);
}

static void close_pim(struct frame *f, unsigned i)
{
	size_t at = f->open[i].at, n = wr_done(&f->w) - at;
	/* RFC 7761 4.9: of a Register only the first 8 bytes; the pseudo-header only in IPv6 */
	size_t summed = f->open[i].kind == CLOSE_PIM_REGISTER ? 8 : n;
	uint32_t pseudo = is_in_ip6(f, i) ? sum_pseudo(f, i, 103, summed) : 0;

	wr_put_be16(&f->w, at + 2, fold(sum_bytes(f->bytes + at, summed, pseudo)));
}

static void close_header(struct frame *f, unsigned i)
{
	size_t at = f->open[i].at, n = wr_done(&f->w) - at;

	switch (f->open[i].kind) {
	case CLOSE_IP4:
		wr_put_be16(&f->w, at + 2, (uint16_t)n);
		wr_put_be16(&f->w, at + 10, fold(sum_bytes(f->bytes + at, (f->bytes[at] & 15u) * 4, 0)));
		break;
	case CLOSE_IP6:
		wr_put_be16(&f->w, at + 4, (uint16_t)(n - 40));
		break;
	case CLOSE_UDP:
		wr_put_be16(&f->w, at + 4, (uint16_t)n);
		close_upper(f, i, 6, 17);
		break;
	case CLOSE_TCP:
		close_upper(f, i, 16, 6);
		break;
	case CLOSE_ICMP6:
		close_upper(f, i, 2, 58);
		break;
	case CLOSE_IGMP:
		wr_put_be16(&f->w, at + 2, fold(sum_bytes(f->bytes + at, n, 0)));
		break;
	case CLOSE_PIM:
	case CLOSE_PIM_REGISTER:
		close_pim(f, i);
		break;
	}
}

struct span frame_close(struct frame *f)
{
	while (f->depth > 0)
		close_header(f, --f->depth);
	if (!wr_ok(&f->w))
		abort();
	return wr_span(&f->w);
}

static void put_mac(struct frame *f, struct addr a)
{
	if (addr_is_multicast(a) && a.family == FAMILY_IP4) {
		wr_be16(&f->w, 0x0100);
		wr_be32(&f->w, 0x5e000000 | (uint32_t)(a.lo & 0x7fffff));
	} else if (addr_is_multicast(a)) {
		wr_be16(&f->w, 0x3333);
		wr_be32(&f->w, (uint32_t)a.lo);
	} else {
		wr_be16(&f->w, 0x0200);
		wr_be32(&f->w, (uint32_t)(a.lo ^ a.hi >> 16));
	}
}

void put_ether(struct frame *f, struct addr source, struct addr destination)
{
	put_mac(f, destination);
	put_mac(f, source);
}

void put_tag(struct frame *f, unsigned tpid, unsigned id)
{
	wr_be16(&f->w, (uint16_t)tpid);
	wr_be16(&f->w, (uint16_t)id);
}

static void put_ip4(struct frame *f, struct addr source, struct addr destination, unsigned ttl,
		    unsigned protocol, bool alert)
{
	static unsigned id;

	open_header(f, CLOSE_IP4);
	wr_be16(&f->w, alert ? 0x4600 : 0x4500);
	wr_be16(&f->w, 0);
	wr_be16(&f->w, (uint16_t)++id);
	wr_be16(&f->w, 0);
	wr_u8(&f->w, (uint8_t)ttl);
	wr_u8(&f->w, (uint8_t)protocol);
	wr_be16(&f->w, 0);
	put_addr(f, source);
	put_addr(f, destination);
	if (alert)
		wr_be32(&f->w, 0x94040000);		/* RFC 2113 */
}

static void put_ip6(struct frame *f, struct addr source, struct addr destination, unsigned hops,
		    unsigned protocol, bool alert)
{
	open_header(f, CLOSE_IP6);
	wr_be32(&f->w, 0x60000000);
	wr_be16(&f->w, 0);
	wr_u8(&f->w, (uint8_t)(alert ? 0 : protocol));
	wr_u8(&f->w, (uint8_t)hops);
	put_addr(f, source);
	put_addr(f, destination);
	if (!alert)
		return;
	wr_be16(&f->w, (uint16_t)(protocol << 8));	/* hop-by-hop: RFC 2711, and PadN */
	wr_be32(&f->w, 0x05020000);
	wr_be16(&f->w, 0x0100);
}

void put_inner_ip(struct frame *f, struct addr source, struct addr destination, unsigned ttl,
		  unsigned protocol, bool alert)
{
	if (destination.family == FAMILY_IP4)
		put_ip4(f, source, destination, ttl, protocol, alert);
	else
		put_ip6(f, source, destination, ttl, protocol, alert);
}

void put_ip(struct frame *f, struct addr source, struct addr destination, unsigned ttl,
	    unsigned protocol, bool alert)
{
	wr_be16(&f->w, destination.family == FAMILY_IP4 ? 0x0800 : 0x86dd);
	put_inner_ip(f, source, destination, ttl, protocol, alert);
}

void put_udp(struct frame *f, unsigned sport, unsigned dport)
{
	open_header(f, CLOSE_UDP);
	wr_be16(&f->w, (uint16_t)sport);
	wr_be16(&f->w, (uint16_t)dport);
	wr_be32(&f->w, 0);
}

void put_tcp(struct frame *f, unsigned sport, unsigned dport, uint32_t seq, uint32_t ack,
	     unsigned flags)
{
	open_header(f, CLOSE_TCP);
	wr_be16(&f->w, (uint16_t)sport);
	wr_be16(&f->w, (uint16_t)dport);
	wr_be32(&f->w, seq);
	wr_be32(&f->w, ack);
	wr_be16(&f->w, (uint16_t)(0x5000 | flags));
	wr_be16(&f->w, 8192);
	wr_be32(&f->w, 0);
}

static void put_message(struct frame *f, enum close_kind kind, unsigned first, unsigned second)
{
	open_header(f, kind);
	wr_u8(&f->w, (uint8_t)first);
	wr_u8(&f->w, (uint8_t)second);
	wr_be16(&f->w, 0);
}

void put_igmp(struct frame *f, unsigned type, unsigned code)
{
	put_message(f, CLOSE_IGMP, type, code);
}

void put_pim(struct frame *f, unsigned type)
{
	put_message(f, type == 1 ? CLOSE_PIM_REGISTER : CLOSE_PIM, 0x20 | type, 0);
}

void put_icmp6(struct frame *f, unsigned type, unsigned code)
{
	put_message(f, CLOSE_ICMP6, type, code);
}

void put_addr(struct frame *f, struct addr a)
{
	addr_write(a, &f->w);
}

static void put_family(struct frame *f, struct addr a)
{
	wr_u8(&f->w, a.family == FAMILY_IP4 ? 1 : 2);
	wr_u8(&f->w, 0);
}

void put_unicast(struct frame *f, struct addr a)
{
	put_family(f, a);
	put_addr(f, a);
}

static void put_masked(struct frame *f, struct addr a, unsigned flags)
{
	put_family(f, a);
	wr_u8(&f->w, (uint8_t)flags);
	wr_u8(&f->w, (uint8_t)addr_bits(a));
	put_addr(f, a);
}

void put_group(struct frame *f, struct addr a, unsigned flags)
{
	put_masked(f, a, flags);
}

void put_source(struct frame *f, struct addr a, unsigned flags)
{
	put_masked(f, a, flags);
}

void put_text(struct frame *f, const char *text)
{
	wr_bytes(&f->w, text, strlen(text));
}

void put_filler(struct frame *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		wr_u8(&f->w, (uint8_t)(i * 7 + 1));
}
