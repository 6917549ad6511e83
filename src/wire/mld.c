/* SPDX-License-Identifier: BSD-2-Clause */
/* MLD: what IPv6 hosts and queriers say about membership.  RFC 2710, RFC 3810.
 * Knows message formats: no interfaces, no timers, no policy. */
#include "wire/mld.h"

#include "wire/checksum.h"

#define IP_PROTOCOL_ICMP6 58
#define HEADER 4
#define QUERY_LENGTH 24		/* of version 1 */
#define QUERY2_LENGTH 28

static struct addr read_group(struct rd *r)
{
	rd_skip(r, 4);					/* maximum response delay; reserved */
	return addr_read6(r);
}

static void read_report(struct rd *r, struct speech *s)
{
	speech_say(s, r, WHAT_JOIN, ADDR_ANY, read_group(r));
}

static void read_done(struct rd *r, struct speech *s)
{
	speech_say(s, r, WHAT_LEAVE, ADDR_ANY, read_group(r));
}

/* RFC 3810 8.1: 24 octets are version 1, 28 and more version 2, no other length is any. */
static void read_query(struct rd *r, struct speech *s)
{
	size_t length = 4 + rd_left(r) + s->at->cut;
	struct addr group = read_group(r);

	if (length == QUERY_LENGTH)
		membership_query(r, group, s);
	else if (length >= QUERY2_LENGTH || s->at->is_fragment)
		membership_read_query(r, group, s);
	else
		speech_wrong(s, ANOMALY_LENGTH);
}

static void read_report2(struct rd *r, struct speech *s)
{
	membership_read_records(r, FAMILY_IP6, s);
}

static const struct message {
	uint8_t	  number, min_length;
	enum type type;
	void	  (*read)(struct rd *, struct speech *);
} messages[] = {
	{ 130, 24, TYPE_QUERY,	      read_query   },
	{ 131, 24, TYPE_MLDV1_REPORT, read_report  },
	{ 132, 24, TYPE_MLDV1_DONE,   read_done	   },
	{ 143,  8, TYPE_MLDV2_REPORT, read_report2 },
};

static const struct message *find_message(uint8_t number)
{
	for (size_t i = 0; i < COUNT(messages); i++) {
		if (messages[i].number == number)
			return &messages[i];
	}
	return NULL;
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

void mld_decode(const struct layers *at, struct span bytes, struct said *out)
{
	struct speech s = speech_of(at, PROTOCOL_MLD, POINT_MEMBERSHIP, out);
	struct rd r = rd_of(bytes);
	const struct message *m = find_message(rd_u8(&r));

	rd_skip(&r, 3);					/* code; checksum */
	if (!at->router_alert)
		s.next.flags |= FLAG_BIT(NO_ROUTER_ALERT);	/* RFC 2710 3, RFC 3810 5 */
	read_message(m, bytes, &r, &s);
	speech_end(&s, &r);
	if (bytes.n >= HEADER && layers_bad_pseudo(at, bytes, IP_PROTOCOL_ICMP6))
		said_flag(out, at, FLAG_BIT(BAD_CHECKSUM));
}

void mld_report_encode(const struct record *records, size_t n, struct addr source,
		       struct addr destination, struct wr *w)
{
	size_t start = wr_done(w);
	struct span written;
	uint64_t sum;

	wr_u8(w, 143);
	wr_u8(w, 0);
	wr_be16(w, 0);
	membership_write_records(records, n, w);
	if (!wr_ok(w))
		return;
	written = (struct span){ w->start + start, wr_done(w) - start };
	sum = checksum_add_pseudo(0, source, destination, IP_PROTOCOL_ICMP6, (uint32_t)written.n);
	wr_put_be16(w, start + 2, checksum_fold(checksum_add(sum, written)));
}
