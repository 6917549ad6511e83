/* SPDX-License-Identifier: BSD-2-Clause */
/* Trimming PIM Join/Prune and Graft messages.  RFC 7761 4.5, 4.9.5; RFC 4601 4.9.5.1 (all
 * groups of an RP); RFC 5384 (join attributes); RFC 3973 4.7.8.  Knows one message; the
 * state machines of a router are why each entry is treated as it is. */
#include "engine/trim_walk.h"
#include "policy/table.h"
#include "wire/pim_addr.h"

#define PIM_HEADER 4

struct join_set {
	enum { TREE_UNASKED, TREE_GONE, TREE_KEPT } tree;	/* its (*,G) join; asked when needed */
	unsigned written[2];					/* joins, prunes */
};

static bool is_tree_join(const struct observation *obs)
{
	return obs->what == WHAT_JOIN && obs->source.family == FAMILY_ANY &&
	       !(obs->flags & FLAG_BIT(ALL_GROUPS));
}

/* A (*,G) join without its RP, which the message does not name: is the group denied? */
static bool is_group_denied(const struct walk *w, const struct observation *prune)
{
	struct observation join = *prune;
	struct verdict verdict;

	join.what = WHAT_JOIN;
	join.notice = false;
	join.source = join.rp = ADDR_NONE;
	join.source.family = FAMILY_ANY;
	join.source_len = 0;
	join.flags |= FLAG_BIT(WILDCARD) | FLAG_BIT(RPT);
	verdict = w->court->table ? table_judge(w->court->table, &join)
				  : reference_judge(w->court->boundary, &join);
	return verdict.action == ACTION_DENY;
}

/* Whether the shared tree of a set's group stays: that of any set with the group, where the
 * message joins one; else the one that an earlier message may have joined. */
static bool is_tree_kept(const struct walk *w, const struct observation *prune)
{
	bool is_joined = false;

	for (size_t i = 0; i < w->said.n; i++) {
		const struct observation *obs = &w->said.list[i];

		if (!is_tree_join(obs) || !addr_equal(obs->group, prune->group))
			continue;
		if (!verdict_refuses(w->said.verdicts[i]))
			return true;
		is_joined = true;
	}
	return !is_joined && !is_group_denied(w, prune);
}

static bool is_set_tree_kept(const struct walk *w, struct join_set *set,
			     const struct observation *prune)
{
	if (set->tree == TREE_UNASKED)
		set->tree = is_tree_kept(w, prune) ? TREE_KEPT : TREE_GONE;
	return set->tree == TREE_KEPT;
}

/* RFC 4601 4.9.5.1: (*,*,RP) asks for every group of an RP, so it never crosses a boundary, but
 * where it is ignored. */
static bool goes_join(const struct observation *obs, struct verdict verdict)
{
	return verdict_refuses(verdict) ||
	       ((obs->flags & FLAG_BIT(ALL_GROUPS)) && verdict.action != ACTION_IGNORE);
}

/* Prunes only reduce, so they stay; save (S,G,rpt), which makes state where its tree is gone
 * (RFC 7761 4.5.3).  Where the tree is kept it must stay, or its source would flood again. */
static bool goes_prune(const struct walk *w, struct join_set *set, const struct observation *obs,
		       struct verdict verdict)
{
	if ((obs->flags & FLAG_BIT(RPT)) && obs->source.family != FAMILY_ANY)
		return !is_set_tree_kept(w, set, obs);
	return verdict_refuses(verdict);
}

static bool goes_next(struct walk *w, struct join_set *set)
{
	const struct observation *obs = &w->said.list[w->said.next];
	struct verdict verdict = w->said.verdicts[w->said.next++];

	return obs->what == WHAT_JOIN ? goes_join(obs, verdict) : goes_prune(w, set, obs, verdict);
}

static unsigned trim_entries(struct walk *w, struct join_set *set, unsigned n)
{
	enum anomaly wrong = ANOMALY_NONE;
	unsigned written = 0;

	for (; n > 0 && w->said.next < w->said.n; n--) {
		struct rd before = w->r;

		pim_source_read(&w->r, &wrong);
		if (goes_next(w, set)) {
			walk_remove(w, 1);
			continue;
		}
		walk_put(w, walk_between(before, &w->r));
		written++;
	}
	return written;
}

static bool keep_unless(struct walk *w, uint8_t *start, bool gone)
{
	if (gone)
		walk_back(w, start);
	return !gone;
}

/* One that names no entry asks for nothing. */
static bool trim_empty_set(struct walk *w, uint8_t *start)
{
	bool refused = walk_refused(w);

	if (refused)
		walk_remove(w, 1);
	return keep_unless(w, start, refused);
}

/* True where the set stays: one that loses all its entries goes. */
static bool trim_set(struct walk *w)
{
	enum anomaly wrong = ANOMALY_NONE;
	uint8_t *start = w->w.p;
	struct rd before = w->r;
	struct join_set set = { TREE_UNASKED, { 0 } };
	unsigned joined, pruned;
	size_t counts;

	pim_group_read(&w->r, &wrong);
	walk_put(w, walk_between(before, &w->r));
	joined = rd_be16(&w->r);
	pruned = rd_be16(&w->r);
	counts = walk_gap(w, 4);
	if (joined + pruned == 0)
		return trim_empty_set(w, start);
	set.written[0] = trim_entries(w, &set, joined);
	set.written[1] = trim_entries(w, &set, pruned);
	wr_put_be16(&w->w, counts, (uint16_t)set.written[0]);
	wr_put_be16(&w->w, counts + 2, (uint16_t)set.written[1]);
	w->kept += set.written[0] + set.written[1];
	return keep_unless(w, start, set.written[0] + set.written[1] == 0);
}

void trim_join_prune(struct walk *w)
{
	enum anomaly wrong = ANOMALY_NONE;
	struct rd before = w->r;
	unsigned n, sets = 0;
	size_t count;

	rd_skip(&w->r, PIM_HEADER);
	pim_unicast_read(&w->r, &wrong);		/* upstream neighbour */
	rd_skip(&w->r, 1);
	walk_put(w, walk_between(before, &w->r));
	count = walk_gap(w, 1);
	n = rd_u8(&w->r);
	walk_copy(w, 2);				/* hold time */
	for (; n > 0 && rd_ok(&w->r); n--)
		sets += trim_set(w);
	walk_set_u8(w, count, (uint8_t)sets);
}
