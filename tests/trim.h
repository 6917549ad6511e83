/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of trimming share: IP packets around messages, a boundary at work, and what
 * must hold of every answer whatever came in. */
#ifndef WEIR_TESTS_TRIM_H
#define WEIR_TESTS_TRIM_H

#include "engine/trim.h"
#include "policy/load.h"
#include "policy/table.h"
#include "sweep.h"
#include "wire/checksum.h"

enum via { VIA_IGMP, VIA_MLD, VIA_PIM, VIA_PIM6, VIA_REGISTER, VIA_REGISTER6, VIA_AUTORP, VIA_COUNT };

static const struct via_row {
	const char *source, *destination;
	uint8_t	    protocol, hops;
	const char *between;		/* options, extension headers or the UDP header */
	size_t	    sum;		/* where the checksum lies, from `begin` */
	size_t	    begin;		/* of what it covers, from the end of the IP header */
	size_t	    covers;		/* 0: all */
} via_rows[VIA_COUNT] = {
	[VIA_IGMP] = { "192.0.2.7", "224.0.0.22", 2, 1, "94040000", 2, 4, 0 },
	[VIA_MLD] = { "fe80::7", "ff02::16", 58, 1, "3a00050200000100", 2, 8, 0 },
	[VIA_PIM] = { "192.0.2.7", "224.0.0.13", 103, 1, "", 2, 0, 0 },
	[VIA_PIM6] = { "fe80::7", "ff02::d", 103, 1, "", 2, 0, 0 },
	[VIA_REGISTER] = { "192.0.2.7", "192.0.2.200", 103, 60, "", 2, 0, 8 },
	[VIA_REGISTER6] = { "2001:db8::7", "2001:db8::200", 103, 60, "", 2, 0, 8 },
	[VIA_AUTORP] = { "192.0.2.7", "224.0.1.39", 17, 16, "01f001f000000000", 6, 0, 0 },
};

static inline bool via_is_6(enum via via)
{
	return via == VIA_MLD || via == VIA_PIM6 || via == VIA_REGISTER6;
}

static inline void t_put16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* The upper checksum of a packet that `via` carries, made right, where there is room for
 * one. */
static inline void t_sum(uint8_t *packet, size_t n, enum via via)
{
	const struct via_row *row = &via_rows[via];
	size_t from = (via_is_6(via) ? 40 : 20) + row->begin;
	struct span over = { packet + from, n > from ? n - from : 0 };
	uint64_t sum = 0;

	if (over.n < row->sum + 2)
		return;
	if (row->covers > 0 && over.n > row->covers)
		over.n = row->covers;
	if (via_is_6(via) || row->protocol == 17)
		sum = checksum_add_pseudo(0, t_addr(row->source), t_addr(row->destination),
					  row->protocol, (uint32_t)over.n);
	t_put16(packet + from + row->sum, 0);
	t_put16(packet + from + row->sum, checksum_fold(checksum_add(sum, over)));
}

/* An IP packet with a message in it: lengths and checksums are right, whatever the message
 * says.  In memory of exactly its size; the caller frees its bytes. */
static inline struct span t_packet(enum via via, struct span message)
{
	const struct via_row *row = &via_rows[via];
	struct span between = t_bytes(row->between);
	size_t head = via_is_6(via) ? 40 : 20, n = head + between.n + message.n;
	uint8_t *p = calloc(1, n);
	struct wr w = wr_of(p, n);

	if (via_is_6(via)) {
		wr_be32(&w, 6u << 28);
		wr_be16(&w, (uint16_t)(n - 40));
		wr_u8(&w, between.n > 0 ? 0 : row->protocol);
		wr_u8(&w, row->hops);
	} else {
		wr_u8(&w, (uint8_t)(0x40 | (20 + (row->protocol == 17 ? 0 : between.n)) / 4));
		wr_u8(&w, 0xc0);
		wr_be16(&w, (uint16_t)n);
		wr_be32(&w, 0x00014000);
		wr_u8(&w, row->hops);
		wr_u8(&w, row->protocol);
		wr_be16(&w, 0);
	}
	addr_write(t_addr(row->source), &w);
	addr_write(t_addr(row->destination), &w);
	wr_bytes(&w, between.p, between.n);
	wr_bytes(&w, message.p, message.n);
	if (row->protocol == 17)
		t_put16(p + 24, (unsigned)(between.n + message.n));
	t_sum(p, n, via);
	if (!via_is_6(via))
		t_put16(p + 10, checksum_of((struct span){ p, (p[0] & 0xfu) * 4 }));
	free((void *)between.p);
	return (struct span){ p, n };
}

/* A boundary at work. */
struct t_trim {
	struct policy *policy;
	struct table  *table;
	struct court   court, mirror;	/* the mirror judges by the reference, in the same order */
	struct trim   *trim;
	struct said    said;
};

/* False where the text is no policy. */
static inline bool t_trim_open(struct t_trim *t, const char *text, struct trim_options options)
{
	struct policy_input input = { .name = "trim", .text = text, .n = strlen(text) };
	struct diags diags;

	diags_init(&diags);
	*t = (struct t_trim){ .policy = policy_load(&input, &diags) };
	diags_release(&diags);
	if (!t->policy)
		return false;
	t->table = table_new(t->policy->boundaries[0]);
	court_init(&t->court, t->policy->boundaries[0], t->table);
	court_init(&t->mirror, t->policy->boundaries[0], NULL);
	options.court = &t->court;
	t->trim = trim_new(&options);
	said_init(&t->said);
	return true;
}

static inline void t_trim_close(struct t_trim *t)
{
	if (!t->policy)
		return;
	trim_free(t->trim);
	court_release(&t->court);
	court_release(&t->mirror);
	table_free(t->table);
	policy_free(t->policy);
	said_release(&t->said);
}

static inline void t_decode(struct span packet, struct said *out)
{
	static const struct wire_options options = { .udp_checksums = true };
	struct packet raw = { .bytes = packet, .length = (uint32_t)packet.n, .linktype = 101 };

	wire_decode(&raw, &options, out);
}

static inline struct trim_result t_judge(struct t_trim *t, struct span packet)
{
	struct trim_packet in = { .bytes = packet, .direction = DIRECTION_IN, .vlan = VLAN_NONE };
	struct trim_result out;

	trim_judge(t->trim, &in, &out);
	return out;
}

/* What holds of every rewritten packet: it is shorter, it can be read, its checksums are
 * right. */
static inline bool t_is_sound(struct t_trim *t, struct span in, const struct trim_result *out)
{
	if (out->act != TRIM_REWRITE)
		return out->packet.n == 0;
	if (out->packet.n >= in.n || out->packet.n == 0)
		return false;
	t_decode(out->packet, &t->said);
	for (size_t i = 0; i < t->said.n; i++)
		if (t->said.list[i].anomaly != ANOMALY_NONE ||
		    (t->said.list[i].flags &
		     (FLAG_BIT(BAD_CHECKSUM) | FLAG_BIT(BAD_IP_CHECKSUM) | FLAG_BIT(BAD_UDP_CHECKSUM))))
			return false;
	return t->said.n > 0;
}

#endif
