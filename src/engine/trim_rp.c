/* SPDX-License-Identifier: BSD-2-Clause */
/* Trimming what floods knowledge of RPs and sources: Bootstrap, Candidate-RP-Advertisement,
 * PFM and Auto-RP.  RFC 5059 3.4, 4.1, 4.2; RFC 8364 3, 4.1.  Knows one message, which may
 * be a fragment of a Bootstrap: the same rules take the same ranges out of each of them. */
#include "engine/trim_walk.h"
#include "wire/pim_addr.h"

#define PIM_HEADER 4
#define PFM_TYPE 0x7fff		/* without the Transitive bit */
#define PFM_GROUP_SOURCES 1

static void copy_unicast(struct walk *w)
{
	enum anomaly wrong = ANOMALY_NONE;
	struct rd before = w->r;

	pim_unicast_read(&w->r, &wrong);
	walk_put(w, walk_between(before, &w->r));
}

/* A range of a Bootstrap: the group was written, its counts and RPs follow. */
struct range_counts {
	unsigned all, here;
	size_t	 place;
};

static struct range_counts read_counts(struct walk *w)
{
	struct range_counts c;

	c.all = rd_u8(&w->r);
	c.here = rd_u8(&w->r);
	c.place = walk_gap(w, 2);
	walk_copy(w, 2);
	return c;
}

static unsigned trim_rps(struct walk *w, unsigned n)
{
	enum anomaly wrong = ANOMALY_NONE;
	unsigned written = 0;

	for (; n > 0; n--) {
		struct rd before = w->r;

		pim_unicast_read(&w->r, &wrong);
		rd_skip(&w->r, 4);			/* hold time, priority */
		if (walk_refused(w))
			continue;
		walk_put(w, walk_between(before, &w->r));
		written++;
	}
	return written;
}

/* A count of 0 would withdraw the range, and a fragment that lacks one of the RPs that it
 * promises would never be whole: the range goes as well.  The first range of a scoped
 * Bootstrap says which zone it is of, so it stays or the fragment goes (RFC 5059 3.4,
 * 4.1.1). */
static bool goes_range(const struct range_counts *c, unsigned written)
{
	return written == 0 || (written < c->here && c->all != c->here);
}

static void close_range(struct walk *w, const struct range_counts *c, unsigned written,
			uint8_t *start, bool is_zone)
{
	unsigned gone = c->here - written;

	walk_set_u8(w, c->place, (uint8_t)(c->all - gone));
	walk_set_u8(w, c->place + 1, (uint8_t)written);
	if (gone > 0 && goes_range(c, written)) {
		w->refused |= is_zone;
		walk_back(w, start);
		walk_remove(w, c->here);
		return;
	}
	if (gone > 0)
		walk_remove(w, gone);
	w->kept++;
}

static void trim_range(struct walk *w, bool is_first)
{
	enum anomaly wrong = ANOMALY_NONE;
	uint8_t *start = w->w.p;
	struct rd before = w->r;
	struct pim_group group = pim_group_read(&w->r, &wrong);
	bool is_zone = is_first && group.is_zone;
	struct range_counts counts;

	walk_put(w, walk_between(before, &w->r));
	counts = read_counts(w);
	if (counts.here > 0) {
		close_range(w, &counts, trim_rps(w, counts.here), start, is_zone);
		return;
	}
	walk_set_u8(w, counts.place, (uint8_t)counts.all);
	if (!walk_refused(w)) {
		w->kept++;
		return;
	}
	w->refused |= is_zone;
	walk_back(w, start);
	walk_remove(w, 1);
}

void trim_bootstrap(struct walk *w)
{
	walk_copy(w, PIM_HEADER + 4);	/* fragment tag, hash mask length, priority */
	copy_unicast(w);				/* the BSR */
	for (bool is_first = true; rd_left(&w->r) > 0; is_first = false)
		trim_range(w, is_first);
}

static void trim_prefix(struct walk *w)
{
	enum anomaly wrong = ANOMALY_NONE;
	struct rd before = w->r;

	pim_group_read(&w->r, &wrong);
	if (walk_refused(w)) {
		walk_remove(w, 1);
		return;
	}
	walk_put(w, walk_between(before, &w->r));
	w->kept++;
}

/* RFC 5059 4.2: a count of 0 is never sent, for it once meant all groups; one that came is
 * refused whole. */
void trim_candidate_rp(struct walk *w)
{
	size_t count;
	unsigned n;

	walk_copy(w, PIM_HEADER);
	count = walk_gap(w, 1);
	n = rd_u8(&w->r);
	walk_copy(w, 3);				/* priority, hold time */
	copy_unicast(w);
	if (n == 0)
		w->refused = walk_refused(w);
	for (; n > 0; n--)
		trim_prefix(w);
	walk_set_u8(w, count, (uint8_t)w->kept);
}

/* Group, count of sources, hold time, sources. */
static size_t trim_group_sources(struct walk *w, struct rd value)
{
	enum anomaly wrong = ANOMALY_NONE;
	struct rd before = value;
	size_t count, written = 0;
	unsigned n;

	pim_group_read(&value, &wrong);
	walk_put(w, walk_between(before, &value));
	count = walk_gap(w, 2);
	n = rd_be16(&value);
	walk_put(w, rd_take(&value, 2));		/* hold time */
	for (; n > 0; n--) {
		before = value;
		pim_unicast_read(&value, &wrong);
		if (walk_refused(w)) {
			walk_remove(w, 1);
			continue;
		}
		walk_put(w, walk_between(before, &value));
		written++;
	}
	wr_put_be16(&w->w, count, (uint16_t)written);
	return written;
}

/* RFC 8364 3.1: a router passes on what it does not know where the Transitive bit says so. */
static void keep_unknown(struct walk *w, struct span tlv)
{
	if (!w->fail_open) {
		w->changed = true;
		return;
	}
	walk_put(w, tlv);
	w->kept++;
}

static void trim_tlv(struct walk *w)
{
	struct rd before = w->r;
	uint8_t *start = w->w.p;
	unsigned type = rd_be16(&w->r);
	struct rd value = rd_sub(&w->r, rd_be16(&w->r));
	size_t length, removed = w->removed;

	if ((type & PFM_TYPE) != PFM_GROUP_SOURCES) {
		keep_unknown(w, walk_between(before, &w->r));
		return;
	}
	wr_be16(&w->w, (uint16_t)type);
	length = walk_gap(w, 2);
	if (trim_group_sources(w, value) == 0 && w->removed > removed) {
		walk_back(w, start);
		return;
	}
	wr_put_be16(&w->w, length, (uint16_t)(wr_done(&w->w) - length - 2));
	w->kept++;
}

void trim_flooding(struct walk *w)
{
	walk_copy(w, PIM_HEADER);
	copy_unicast(w);				/* the originator */
	while (rd_left(&w->r) > 0 && rd_ok(&w->r))
		trim_tlv(w);
}

/* One RP of Auto-RP: address, PIM version, count, ranges of 6 octets.  True where it stays. */
static bool trim_autorp_rp(struct walk *w)
{
	uint8_t *start = w->w.p;
	size_t count;
	unsigned n, written = 0;

	walk_copy(w, 5);
	count = walk_gap(w, 1);
	n = rd_u8(&w->r);
	for (unsigned left = n; left > 0; left--) {
		struct span range = rd_take(&w->r, 6);

		if (walk_refused(w)) {
			walk_remove(w, 1);
			continue;
		}
		walk_put(w, range);
		written++;
	}
	walk_set_u8(w, count, (uint8_t)written);
	w->kept += written;
	if (n > 0 && written == 0)
		walk_back(w, start);
	return n == 0 || written > 0;
}

void trim_autorp(struct walk *w)
{
	size_t count;
	unsigned n, rps = 0;

	walk_copy(w, 1);				/* version, type */
	count = walk_gap(w, 1);
	n = rd_u8(&w->r);
	walk_copy(w, 6);				/* hold time, reserved */
	for (; n > 0; n--)
		rps += trim_autorp_rp(w);
	walk_set_u8(w, count, (uint8_t)rps);
}
