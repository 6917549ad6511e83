/* SPDX-License-Identifier: BSD-2-Clause */
/* Trimming IGMPv3 and MLDv2 reports, which differ in the length of their addresses only.
 * RFC 3376 4.2, 6.4; RFC 3810 5.2, 7.4; RFC 9279.  Knows one report: what a router then does
 * with it is why each record is trimmed as it is. */
#include "engine/trim_walk.h"
#include "wire/membership.h"

#define HEADER 8
#define EXTENDED 0x8000		/* RFC 9279 3: extensions follow the last record */

struct group_record {
	unsigned    type;
	struct rd   sources;
	size_t	    n;
	struct span whole, group, aux;
	size_t	    address;		/* bytes of each */
};

static struct group_record read_record(struct walk *w)
{
	struct rd before = w->r;
	struct group_record g = { .address = w->family == FAMILY_IP6 ? 16 : 4 };
	unsigned aux_words;

	g.type = rd_u8(&w->r);
	aux_words = rd_u8(&w->r);
	g.n = rd_be16(&w->r);
	g.group = rd_take(&w->r, g.address);
	g.sources = rd_sub(&w->r, g.n * g.address);
	g.aux = rd_take(&w->r, aux_words * 4u);
	g.whole = walk_between(before, &w->r);
	return g;
}

static void keep(struct walk *w, const struct group_record *g)
{
	walk_put(w, g->whole);
	w->kept++;
}

static void keep_unless(struct walk *w, const struct group_record *g, bool refused,
			size_t statements)
{
	if (refused)
		walk_remove(w, statements);
	else
		keep(w, g);
}

static size_t write_admitted(struct walk *w, struct group_record *g)
{
	size_t written = 0;

	while (rd_left(&g->sources) > 0) {
		struct span source = rd_take(&g->sources, g->address);

		if (walk_refused(w))
			continue;
		walk_put(w, source);
		written++;
	}
	return written;
}

/* IS_IN, ALLOW, TO_IN: sources that are asked for.  A TO_IN that has none left still ends the
 * interest in all sources (RFC 3376 6.4.2), so it stays; the others say nothing any more. */
static void trim_sources(struct walk *w, struct group_record *g)
{
	uint8_t *start = w->w.p;
	size_t count, written;

	wr_u8(&w->w, (uint8_t)g->type);
	wr_u8(&w->w, (uint8_t)(g->aux.n / 4));
	count = walk_gap(w, 2);
	walk_put(w, g->group);
	written = write_admitted(w, g);
	wr_put_be16(&w->w, count, (uint16_t)written);
	walk_put(w, g->aux);
	if (written < g->n)
		walk_remove(w, g->n - written);
	if (written == 0 && g->type != RECORD_TO_IN)
		walk_back(w, start);
	else
		w->kept++;
}

/* RFC 3376 4.2.12: receivers ignore other types, so nobody knows what they ask for. */
static void keep_unknown(struct walk *w, const struct group_record *g)
{
	keep_unless(w, g, !w->fail_open, 0);
}

/* A source list of an EXCLUDE or BLOCK record is never shortened: it would ask for more. */
static void trim_record(struct walk *w)
{
	struct group_record g = read_record(w);
	bool is_exclude = g.type == RECORD_IS_EX || g.type == RECORD_TO_EX;

	if (g.type < RECORD_IS_IN || g.type > RECORD_BLOCK)
		keep_unknown(w, &g);
	else if (g.n == 0 || is_exclude)
		keep_unless(w, &g, walk_refused(w), 1);
	else if (g.type == RECORD_BLOCK)
		keep_unless(w, &g, walk_count_refused(w, g.n) == g.n, g.n);
	else
		trim_sources(w, &g);
}

/* RFC 3376 4.2.11: what follows the last record is not part of the report, unless it is an
 * extension. */
void trim_report(struct walk *w)
{
	struct rd peek = w->r;
	bool is_extended;
	size_t count;
	unsigned n;

	rd_skip(&peek, 4);
	is_extended = rd_be16(&peek) & EXTENDED;
	n = rd_be16(&peek);
	walk_copy(w, HEADER - 2);
	count = walk_gap(w, 2);
	rd_skip(&w->r, 2);
	for (; n > 0 && rd_ok(&w->r); n--)
		trim_record(w);
	wr_put_be16(&w->w, count, (uint16_t)w->kept);
	if (is_extended)
		walk_put(w, rd_rest(&w->r));
}
