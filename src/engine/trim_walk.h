/* SPDX-License-Identifier: BSD-2-Clause */
/* A message while it is trimmed: it is read a second time, its statements are taken in the
 * order in which the decoder said them, and what is kept is written.  Only engine/trim*.c
 * knows this header. */
#ifndef WEIR_ENGINE_TRIM_WALK_H
#define WEIR_ENGINE_TRIM_WALK_H

#include "engine/trim.h"
#include "wire/wire.h"

struct walk_said {
	const struct observation *list;
	const struct verdict	 *verdicts;
	size_t			  n, next;
};

struct walk {
	struct walk_said    said;
	struct rd	    r;
	struct wr	    w;
	const struct court *court;
	bool		    fail_open;
	enum family	    family;	/* of the carrying packet */
	bool		    changed;	/* what was written is not what was read */
	bool		    refused;	/* a part that must stay is refused: so is the message */
	size_t		    removed;	/* statements */
	size_t		    kept;	/* records, entries, ranges that were written */
};

typedef void trimmer(struct walk *walk);

/* Each reads the whole message from its first byte. */
trimmer trim_report, trim_join_prune, trim_bootstrap, trim_candidate_rp, trim_flooding, trim_autorp;

/* A limit that has no token left refuses as a denial does (LANGUAGE S37). */
static inline bool verdict_refuses(struct verdict verdict)
{
	return verdict.action == ACTION_DENY || verdict.action == ACTION_LIMIT;
}

/* Whether the next statement is refused; false behind the last. */
static inline bool walk_refused(struct walk *w)
{
	return w->said.next < w->said.n && verdict_refuses(w->said.verdicts[w->said.next++]);
}

/* Of the next n statements, how many are refused. */
static inline size_t walk_count_refused(struct walk *w, size_t n)
{
	size_t refused = 0;

	for (; n > 0; n--)
		refused += walk_refused(w);
	return refused;
}

/* Notes that so many statements are left out. */
static inline void walk_remove(struct walk *w, size_t statements)
{
	w->removed += statements;
	w->changed = true;
}

static inline void walk_put(struct walk *w, struct span bytes)
{
	wr_bytes(&w->w, bytes.p, bytes.n);
}

/* What was read between two states of one reader. */
static inline struct span walk_between(struct rd before, const struct rd *after)
{
	return rd_take(&before, rd_left(&before) - rd_left(after));
}

/* Copies n bytes of the message. */
static inline void walk_copy(struct walk *w, size_t n)
{
	walk_put(w, rd_take(&w->r, n));
}

/* Room for a count that is known later: its place, for wr_put_be16() or walk_set_u8(). */
static inline size_t walk_gap(struct walk *w, size_t n)
{
	static const uint8_t zeros[4];
	size_t place = wr_done(&w->w);

	wr_bytes(&w->w, zeros, n);
	return place;
}

static inline void walk_set_u8(struct walk *w, size_t place, uint8_t value)
{
	if (wr_ok(&w->w))
		w->w.start[place] = value;
}

/* Takes back what was written since. */
static inline void walk_back(struct walk *w, uint8_t *to)
{
	if (wr_ok(&w->w))
		w->w.p = to;
}

#endif
