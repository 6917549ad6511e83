/* SPDX-License-Identifier: BSD-2-Clause */
/* PIM version 2: the header, the messages that are one fact each, and the way to the others.
 * RFC 7761 4.9, RFC 3973 4.7 (dense mode), RFC 5015 3.7 (bidirectional), RFC 6754 4.2 (ECMP).
 * Knows message formats: no neighbours, no timers, no policy. */
#include "wire/pim.h"

#include "wire/checksum.h"
#include "wire/pim_join.h"
#include "wire/pim_register.h"
#include "wire/pim_rp.h"

#define VERSION 2
#define HEADER 4
#define REGISTER 1
#define REGISTER_CHECKED 8	/* RFC 7761 4.9: the octets that a Register's checksum covers */
#define NO_FORWARD 0x80
#define ASSERT_RPT 0x80000000u

static struct addr any_if_zero(struct addr a)
{
	return a.hi == 0 && a.lo == 0 ? ADDR_ANY : a;
}

/* 4.9.2: options; what they say is the neighbours' matter. */
static void read_hello(struct rd *r, struct speech *s)
{
	while (rd_left(r) > 0 && rd_ok(r)) {
		rd_skip(r, 2);
		rd_skip(r, rd_be16(r));
	}
	speech_say(s, r, WHAT_HELLO, ADDR_NONE, ADDR_NONE);
}

/* 4.9.4: source 0 stops all sources of the group. */
static void read_register_stop(struct rd *r, struct speech *s)
{
	struct pim_group group = pim_group_read(r, &s->wrong);
	struct addr source = any_if_zero(pim_unicast_read(r, &s->wrong));

	s->next.point = POINT_REGISTER;
	s->next.group_len = group.length;
	speech_say(s, r, WHAT_NONE, source, group.addr);
}

/* 4.9.6: in a (*,G) assert the source may be 0. */
static void read_assert(struct rd *r, struct speech *s)
{
	struct pim_group group = pim_group_read(r, &s->wrong);
	struct addr source = any_if_zero(pim_unicast_read(r, &s->wrong));

	if (rd_be32(r) & ASSERT_RPT)
		s->next.flags |= FLAG_BIT(RPT);
	rd_skip(r, 4);					/* metric */
	s->next.group_len = group.length;
	speech_say(s, r, WHAT_NONE, source, group.addr);
}

/* RFC 3973 4.7.10. */
static void read_state_refresh(struct rd *r, struct speech *s)
{
	struct pim_group group = pim_group_read(r, &s->wrong);
	struct addr source = pim_unicast_read(r, &s->wrong);

	pim_unicast_read(r, &s->wrong);			/* originator */
	rd_skip(r, 12);			/* preference, metric, mask, TTL, flags, interval */
	s->next.group_len = group.length;
	speech_say(s, r, WHAT_NONE, source, group.addr);
}

/* RFC 5015 3.7.1: every subtype begins with the RP address and the sender's metric. */
static void read_df_election(struct rd *r, struct speech *s)
{
	s->next.rp = pim_unicast_read(r, &s->wrong);
	rd_skip(r, 8);
	speech_say(s, r, WHAT_NONE, ADDR_NONE, ADDR_NONE);
}

/* RFC 6754 4.2: group, source, neighbour; then an interface and metrics. */
static void read_ecmp_redirect(struct rd *r, struct speech *s)
{
	struct pim_group group = pim_group_read(r, &s->wrong);
	struct addr source = any_if_zero(pim_unicast_read(r, &s->wrong));

	pim_unicast_read(r, &s->wrong);
	s->next.group_len = group.length;
	speech_say(s, r, WHAT_NONE, source, group.addr);
}

/* Indexed by the number of the type. */
static const struct message {
	enum type type;
	void	  (*read)(struct rd *, struct speech *);
	bool	  floods;		/* flag bit 7 is No-Forward: RFC 5059 4.1, RFC 8364 3.1 */
} messages[] = {
	[0]  = { TYPE_HELLO, read_hello, false },
	[1]  = { TYPE_REGISTER, pim_register_read, false },
	[2]  = { TYPE_REGISTER_STOP, read_register_stop, false },
	[3]  = { TYPE_JOIN_PRUNE, pim_join_prune_read, false },
	[4]  = { TYPE_BOOTSTRAP, pim_bootstrap_read, true },
	[5]  = { TYPE_ASSERT, read_assert, false },
	[6]  = { TYPE_GRAFT, pim_join_prune_read, false },
	[7]  = { TYPE_GRAFT_ACK, pim_join_prune_read, false },
	[8]  = { TYPE_CANDIDATE_RP, pim_candidate_rp_read, false },
	[9]  = { TYPE_STATE_REFRESH, read_state_refresh, false },
	[10] = { TYPE_DF_ELECTION, read_df_election, false },
	[11] = { TYPE_ECMP_REDIRECT, read_ecmp_redirect, false },
	[12] = { TYPE_PFM, pim_flooding_read, true },
};

/* RFC 7761 4.9: over IPv6 with the pseudo-header. */
static bool is_bad(const struct layers *at, struct span bytes)
{
	if (bytes.n < HEADER)
		return false;
	return at->template.speaker.family == FAMILY_IP6
		       ? layers_bad_pseudo(at, bytes, IP_PROTOCOL_PIM)
		       : layers_bad_checksum(at, bytes);
}

/* 4.9.3: a Register's covers 8 octets, which are there though its data was cut or goes on in
 * another fragment; one over everything is accepted too. */
static bool is_bad_register(const struct layers *at, struct span bytes)
{
	struct layers whole = *at;

	if (bytes.n < REGISTER_CHECKED)
		return false;
	whole.cut = 0;
	whole.is_fragment = false;
	return is_bad(&whole, (struct span){ bytes.p, REGISTER_CHECKED }) &&
	       (!layers_can_check(at) || is_bad(at, bytes));
}

static void read_message(unsigned number, struct rd *r, struct speech *s)
{
	unsigned flags = rd_u8(r);

	rd_skip(r, 2);					/* checksum */
	if (number >= COUNT(messages)) {
		speech_wrong(s, ANOMALY_TYPE);		/* RFC 8736: 13 to 15 */
		return;
	}
	s->next.type = (uint8_t)messages[number].type;
	if (messages[number].floods && (flags & NO_FORWARD))
		s->next.flags |= FLAG_BIT(NO_FORWARD);
	messages[number].read(r, s);
}

void pim_decode(const struct layers *at, struct span bytes, struct said *out)
{
	struct speech s = speech_of(at, PROTOCOL_PIM, POINT_JOIN, out);
	struct rd r = rd_of(bytes);
	uint8_t first = rd_u8(&r);

	if (bytes.n < HEADER)
		speech_wrong(&s, ANOMALY_SHORT);
	else if (first >> 4 != VERSION)
		speech_wrong(&s, ANOMALY_VERSION);
	else
		read_message(first & 0xf, &r, &s);
	speech_end(&s, &r);
	if ((first & 0xf) == REGISTER ? is_bad_register(at, bytes) : is_bad(at, bytes))
		said_flag(out, at, FLAG_BIT(BAD_CHECKSUM));
}

size_t pim_header_write(unsigned type, struct wr *w)
{
	size_t start = wr_done(w);

	wr_u8(w, (uint8_t)(VERSION << 4 | type));
	wr_u8(w, 0);
	wr_be16(w, 0);
	return start;
}

void pim_checksum_write(size_t start, struct addr source, struct addr destination, struct wr *w)
{
	struct span all = { w->start + start, wr_done(w) - start };
	uint64_t sum = 0;

	if (!wr_ok(w))
		return;
	if (all.n > REGISTER_CHECKED && (all.p[0] & 0xf) == REGISTER)
		all.n = REGISTER_CHECKED;
	if (source.family == FAMILY_IP6)
		sum = checksum_add_pseudo(0, source, destination, IP_PROTOCOL_PIM, (uint32_t)all.n);
	wr_put_be16(w, start + 2, checksum_fold(checksum_add(sum, all)));
}
