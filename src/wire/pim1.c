/* SPDX-License-Identifier: BSD-2-Clause */
/* PIM version 1: IGMP type 0x14, the code names the message; addresses are plain IPv4, prefixes
 * have netmasks.  draft-ietf-idmr-pim-spec-01 4.
 * Knows message formats: no neighbours, no timers, no policy. */
#include "wire/pim1.h"

#include "wire/pim_addr.h"
#include "wire/pim_register.h"

#define HEADER 8u
#define VERSION 1
#define WILDCARD 0x80
#define RPT 0x40
#define MASK_LENGTH 0x3f
#define ASSERT_RPT 0x80000000u

struct range {
	struct addr group;
	uint8_t	    length;
};

/* A group and its netmask, whose ones must stand before its zeros. */
static struct range read_range(struct rd *r, struct speech *s)
{
	struct range range = { addr_read4(r), 0 };
	uint32_t mask = rd_be32(r);

	for (; mask & 0x80000000u; mask <<= 1)
		range.length++;
	if (rd_ok(r))
		speech_wrong(s, mask ? ANOMALY_LENGTH : pim_range_judge(range.group, range.length));
	return range;
}

/* Mode, reserved, hold time. */
static void read_query(struct rd *r, struct speech *s)
{
	rd_skip(r, 4);
	speech_say(s, r, WHAT_HELLO, ADDR_NONE, ADDR_NONE);
}

static void read_register(struct rd *r, struct speech *s)
{
	s->next.point = POINT_REGISTER;
	s->next.rp = pim_register_rp(s->at);
	pim_register_read_inner(r, s);
}

static void read_register_stop(struct rd *r, struct speech *s)
{
	struct addr group = addr_read4(r);

	s->next.point = POINT_REGISTER;
	speech_say(s, r, WHAT_NONE, addr_read4(r), group);
}

/* One source: flags, W R and mask length, address. */
static void read_entry(struct rd *r, enum what what, const struct range *range,
		       struct speech *s)
{
	uint64_t shared = s->next.flags;
	unsigned bits;
	struct addr source;

	rd_skip(r, 1);
	bits = rd_u8(r);
	source = addr_read4(r);
	if ((bits & MASK_LENGTH) > 32)
		speech_wrong(s, ANOMALY_LENGTH);
	s->next.group_len = range->length;
	s->next.source_len = bits & MASK_LENGTH;
	s->next.rp = bits & WILDCARD ? source : ADDR_NONE;
	if (bits & WILDCARD)
		s->next.flags |= FLAG_BIT(WILDCARD);
	if (bits & RPT)
		s->next.flags |= FLAG_BIT(RPT);
	speech_say(s, r, what, bits & WILDCARD ? ADDR_ANY : source, range->group);
	s->next.flags = shared;
}

static void read_set(struct rd *r, struct speech *s)
{
	bool is_ack = s->next.type == TYPE_V1_GRAFT_ACK;
	struct range range = read_range(r, s);
	unsigned joined = rd_be16(r);
	unsigned pruned = rd_be16(r);

	if (joined + pruned == 0) {
		s->next.group_len = range.length;
		speech_say(s, r, WHAT_NONE, ADDR_NONE, range.group);
	}
	for (; joined > 0 && rd_ok(r); joined--)
		read_entry(r, is_ack ? WHAT_NONE : WHAT_JOIN, &range, s);
	for (; pruned > 0 && rd_ok(r); pruned--)
		read_entry(r, is_ack ? WHAT_NONE : WHAT_PRUNE, &range, s);
}

/* Upstream neighbour, reserved, hold time, reserved, lengths of masks and addresses, count. */
static void read_join_prune(struct rd *r, struct speech *s)
{
	unsigned n;

	rd_skip(r, 11);
	n = rd_u8(r);
	for (; n > 0 && rd_ok(r); n--)
		read_set(r, s);
	if (!speech_has_begun(s))
		speech_say(s, r, WHAT_NONE, ADDR_NONE, ADDR_NONE);
}

/* An RP tells down its tree that it lives. */
static void read_rp_reachable(struct rd *r, struct speech *s)
{
	struct range range = read_range(r, s);

	s->next.point = POINT_BOOTSTRAP;
	s->next.group_len = range.length;
	s->next.rp = addr_read4(r);
	rd_skip(r, 4);					/* reserved, hold time */
	speech_say(s, r, WHAT_RP, ADDR_NONE, range.group);
}

static void read_assert(struct rd *r, struct speech *s)
{
	struct range range = read_range(r, s);
	struct addr source = addr_read4(r);

	if (rd_be32(r) & ASSERT_RPT)
		s->next.flags |= FLAG_BIT(RPT);
	rd_skip(r, 4);					/* metric */
	s->next.group_len = range.length;
	speech_say(s, r, WHAT_NONE, source.lo ? source : ADDR_ANY, range.group);
}

/* Indexed by the code. */
static const struct message {
	enum type type;
	void	  (*read)(struct rd *, struct speech *);
} messages[] = {
	[0] = { TYPE_V1_QUERY,		read_query	   },
	[1] = { TYPE_V1_REGISTER,	read_register	   },
	[2] = { TYPE_V1_REGISTER_STOP,	read_register_stop },
	[3] = { TYPE_V1_JOIN_PRUNE,	read_join_prune	   },
	[4] = { TYPE_V1_RP_REACHABLE,	read_rp_reachable  },
	[5] = { TYPE_V1_ASSERT,		read_assert	   },
	[6] = { TYPE_V1_GRAFT,		read_join_prune	   },
	[7] = { TYPE_V1_GRAFT_ACK,	read_join_prune	   },
};

static void read_message(unsigned code, struct rd *r, struct speech *s)
{
	if (code >= COUNT(messages)) {
		speech_wrong(s, ANOMALY_TYPE);
		return;
	}
	s->next.type = (uint8_t)messages[code].type;
	messages[code].read(r, s);
}

void pim1_decode(const struct layers *at, struct span bytes, struct said *out)
{
	struct speech s = speech_of(at, PROTOCOL_PIM, POINT_JOIN, out);
	struct rd r = rd_of(bytes);
	unsigned code, version;

	rd_skip(&r, 1);
	code = rd_u8(&r);
	rd_skip(&r, 2);					/* checksum */
	version = rd_u8(&r) >> 4;
	rd_skip(&r, 3);
	if (bytes.n < HEADER)
		speech_wrong(&s, ANOMALY_SHORT);
	else if (version != VERSION)
		speech_wrong(&s, ANOMALY_VERSION);
	else
		read_message(code, &r, &s);
	speech_end(&s, &r);
	if (bytes.n >= HEADER && layers_bad_checksum(at, bytes))
		said_flag(out, at, FLAG_BIT(BAD_CHECKSUM));
}
