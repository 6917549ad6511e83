/* SPDX-License-Identifier: BSD-2-Clause */
/* Group records and source lists of IGMPv3 and MLDv2.  RFC 3376 4.1, 4.2; RFC 3810 5.1, 5.2.
 * Knows no message around them: no types, no checksums. */
#include "wire/membership.h"

/* What a record says of (*,G) and of each source.  WHAT_COUNT: nothing. */
static const struct meaning {
	bool	  is_known, is_exclude;
	enum what empty;		/* of (*,G) where it lists no source */
	enum what each;
} meanings[] = {
	[RECORD_IS_IN] = { true, false, WHAT_NONE,  WHAT_JOIN  },
	[RECORD_IS_EX] = { true, true,  WHAT_JOIN,  WHAT_COUNT },
	[RECORD_TO_IN] = { true, false, WHAT_LEAVE, WHAT_JOIN  },
	[RECORD_TO_EX] = { true, true,  WHAT_JOIN,  WHAT_COUNT },
	[RECORD_ALLOW] = { true, false, WHAT_NONE,  WHAT_JOIN  },
	[RECORD_BLOCK] = { true, false, WHAT_NONE,  WHAT_LEAVE },
};

struct addr membership_read_addr(struct rd *r, enum family family)
{
	return family == FAMILY_IP6 ? addr_read6(r) : addr_read4(r);
}

static bool is_zero(struct addr a)
{
	return a.hi == 0 && a.lo == 0;
}

/* RFC 3376 4.1.9: a general query has group 0 and asks about all. */
void membership_query(const struct rd *r, struct addr group, struct speech *s)
{
	if (is_zero(group))
		speech_say(s, r, WHAT_QUERY, ADDR_NONE, ADDR_NONE);
	else
		speech_say(s, r, WHAT_QUERY, ADDR_ANY, group);
}

void membership_read_query(struct rd *r, struct addr group, struct speech *s)
{
	unsigned n;

	rd_skip(r, 2);					/* S, QRV; QQIC */
	n = rd_be16(r);
	if (n == 0 || is_zero(group))
		membership_query(r, group, s);
	for (; n > 0 && rd_ok(r); n--) {
		struct addr source = membership_read_addr(r, group.family);

		if (!is_zero(group))
			speech_say(s, r, WHAT_QUERY, source, group);
	}
}

static void say_record(const struct meaning *m, struct rd *r, unsigned n, struct addr group,
		       struct speech *s)
{
	struct addr all = m->empty == WHAT_NONE ? ADDR_NONE : ADDR_ANY;

	s->next.excluded = m->is_exclude ? n : 0;
	if (n == 0 || m->is_exclude)
		speech_say(s, r, m->empty, all, group);
	for (; !m->is_exclude && n > 0 && rd_ok(r); n--)
		speech_say(s, r, m->each, membership_read_addr(r, group.family), group);
}

static void read_record(struct rd *r, enum family family, struct speech *s)
{
	unsigned type = rd_u8(r);
	unsigned aux_words = rd_u8(r);
	unsigned n = rd_be16(r);
	struct addr group = membership_read_addr(r, family);
	struct rd list = rd_sub(r, n * (family == FAMILY_IP6 ? 16u : 4u));

	rd_skip(r, aux_words * 4u);			/* 4.2.11: ignored */
	if (rd_ok(r) && type < COUNT(meanings) && meanings[type].is_known)
		say_record(&meanings[type], &list, n, group, s);
}						/* 4.2.12: unknown types are ignored */

void membership_read_records(struct rd *r, enum family family, struct speech *s)
{
	unsigned n;

	rd_skip(r, 2);					/* reserved; RFC 9279: E, extensions */
	n = rd_be16(r);
	for (; n > 0 && rd_ok(r); n--)
		read_record(r, family, s);
	if (!speech_has_begun(s))
		speech_say(s, r, WHAT_NONE, ADDR_NONE, ADDR_NONE);
}

void membership_write_records(const struct record *records, size_t n, struct wr *w)
{
	wr_be16(w, 0);
	wr_be16(w, (uint16_t)n);
	for (size_t i = 0; i < n; i++) {
		wr_u8(w, (uint8_t)records[i].type);
		wr_u8(w, 0);
		wr_be16(w, (uint16_t)records[i].n);
		addr_write(records[i].group, w);
		for (size_t k = 0; k < records[i].n; k++)
			addr_write(records[i].sources[k], w);
	}
}
