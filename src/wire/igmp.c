/* SPDX-License-Identifier: BSD-2-Clause */
/* IGMP: what IPv4 hosts and queriers say about membership.  RFC 1112 appendix I, RFC 2236,
 * RFC 3376.  DVMRP (RFC 1075), mtrace (RFC 8487 names its ancestor), router discovery (RFC 4286)
 * and RGMP (RFC 3488) are noticed only.
 * Knows message formats: no interfaces, no timers, no policy. */
#include "wire/igmp.h"

#include "wire/checksum.h"
#include "wire/pim1.h"

#define HEADER 8
#define TYPE_PIM1 0x14
#define QUERY_LENGTH 8		/* of versions 1 and 2 */
#define QUERY3_LENGTH 12
#define ALL_RGMP 0xe0000019	/* 224.0.0.25 */

static void read_report(struct rd *r, struct speech *s)
{
	speech_say(s, r, WHAT_JOIN, ADDR_ANY, addr_read4(r));
}

static void read_leave(struct rd *r, struct speech *s)
{
	speech_say(s, r, WHAT_LEAVE, ADDR_ANY, addr_read4(r));
}

/* RFC 3376 7.1: 8 octets are version 1 or 2, 12 and more version 3, no other length is any. */
static void read_query(struct rd *r, struct speech *s)
{
	size_t length = 4 + rd_left(r) + s->at->cut;
	struct addr group = addr_read4(r);

	if (length == QUERY_LENGTH)
		membership_query(r, group, s);
	else if (length >= QUERY3_LENGTH || s->at->is_fragment)
		membership_read_query(r, group, s);
	else
		speech_wrong(s, ANOMALY_LENGTH);
}

static void read_report3(struct rd *r, struct speech *s)
{
	membership_read_records(r, FAMILY_IP4, s);
}

static void read_dvmrp(struct rd *r, struct speech *s)
{
	rd_skip(r, 4);
	s->next.point = POINT_NONE;
	speech_say(s, r, WHAT_NONE, ADDR_NONE, ADDR_NONE);
}

static struct addr absent_if_zero(struct addr a)
{
	return a.hi == 0 && a.lo == 0 ? ADDR_NONE : a;
}

/* The first words of mtrace: group, source, destination, response address, TTL and query ID. */
static void read_mtrace(struct rd *r, struct speech *s)
{
	struct addr group = absent_if_zero(addr_read4(r));
	struct addr source = absent_if_zero(addr_read4(r));

	rd_skip(r, 12);
	s->next.point = POINT_NONE;
	speech_say(s, r, WHAT_NONE, source, group);
}

/* RFC 4286 3: which links have multicast routers; the switches' matter. */
static void read_router_discovery(struct rd *r, struct speech *s)
{
	s->next.point = POINT_NONE;
	speech_say(s, r, WHAT_NONE, ADDR_NONE, ADDR_NONE);
}

/* RFC 3488 3: what a router wants of its switch, always to 224.0.0.25. */
static void read_rgmp(struct rd *r, struct speech *s)
{
	if (s->at->template.receiver.lo != ALL_RGMP)
		speech_wrong(s, ANOMALY_TYPE);
	s->next.point = POINT_NONE;
	speech_say(s, r, WHAT_NONE, ADDR_NONE, absent_if_zero(addr_read4(r)));
}

static const struct message {
	uint8_t	  number, min_length;
	enum type type;
	bool	  wants_alert;		/* RFC 2236 2, RFC 3376 4: Router Alert */
	void	  (*read)(struct rd *, struct speech *);
} messages[] = {
	{ 0x11,  8, TYPE_QUERY,            true,  read_query           },
	{ 0x12,  8, TYPE_V1_REPORT,        false, read_report          },
	{ 0x13,  8, TYPE_DVMRP,            false, read_dvmrp           },
	{ 0x16,  8, TYPE_V2_REPORT,        true,  read_report          },
	{ 0x17,  8, TYPE_V2_LEAVE,         true,  read_leave           },
	{ 0x1e, 24, TYPE_MTRACE,           false, read_mtrace          },
	{ 0x1f, 24, TYPE_MTRACE,           false, read_mtrace          },
	{ 0x22,  8, TYPE_V3_REPORT,        true,  read_report3         },
	{ 0x30,  8, TYPE_ROUTER_DISCOVERY, false, read_router_discovery },
	{ 0x31,  4, TYPE_ROUTER_DISCOVERY, false, read_router_discovery },
	{ 0x32,  4, TYPE_ROUTER_DISCOVERY, false, read_router_discovery },
	{ 0xfc,  8, TYPE_RGMP,             false, read_rgmp            },
	{ 0xfd,  8, TYPE_RGMP,             false, read_rgmp            },
	{ 0xfe,  8, TYPE_RGMP,             false, read_rgmp            },
	{ 0xff,  8, TYPE_RGMP,             false, read_rgmp            },
};

static const struct message *find_message(uint8_t number)
{
	for (size_t i = 0; i < COUNT(messages); i++) {
		if (messages[i].number == number)
			return &messages[i];
	}
	return NULL;
}

/* A query of code 0 is version 1, which knows no Router Alert. */
static bool lacks_alert(const struct message *m, uint8_t code, const struct layers *at)
{
	return m && m->wants_alert && !(m->type == TYPE_QUERY && code == 0) && !at->router_alert;
}

static void read_message(const struct message *m, struct span bytes, struct rd *r,
			 struct speech *s)
{
	if (m)
		s->next.type = (uint8_t)m->type;
	if (bytes.n < (m ? m->min_length : 1u))
		speech_wrong(s, ANOMALY_SHORT);
	else if (!m)
		speech_wrong(s, ANOMALY_TYPE);
	else
		m->read(r, s);
}

void igmp_decode(const struct layers *at, struct span bytes, struct said *out)
{
	struct speech s = speech_of(at, PROTOCOL_IGMP, POINT_MEMBERSHIP, out);
	struct rd r = rd_of(bytes);
	uint8_t number = rd_u8(&r);
	uint8_t code = rd_u8(&r);
	const struct message *m = find_message(number);

	if (number == TYPE_PIM1) {
		pim1_decode(at, bytes, out);
		return;
	}
	rd_skip(&r, 2);					/* checksum */
	if (lacks_alert(m, code, at))
		s.next.flags |= FLAG_BIT(NO_ROUTER_ALERT);
	read_message(m, bytes, &r, &s);
	speech_end(&s, &r);
	if (bytes.n >= HEADER && layers_bad_checksum(at, bytes))
		said_flag(out, at, FLAG_BIT(BAD_CHECKSUM));
}

void igmp_report_encode(const struct record *records, size_t n, struct wr *w)
{
	size_t start = wr_done(w);

	wr_u8(w, 0x22);
	wr_u8(w, 0);
	wr_be16(w, 0);
	membership_write_records(records, n, w);
	if (wr_ok(w))
		wr_put_be16(w, start + 2, checksum_of((struct span){ w->start + start,
								     wr_done(w) - start }));
}
