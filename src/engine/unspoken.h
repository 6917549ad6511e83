/* SPDX-License-Identifier: BSD-2-Clause */
/* What no control message can say.  A host that joins (*,G) gets every source of G: a rule
 * that refuses some of them at `membership` or `join` trims (S,G), but cannot trim what
 * nobody names.  So whoever judges the data drops what comes of these sources: RFC 3376 6.3,
 * RFC 7761 4.5.  Knows no packet. */
#ifndef WEIR_ENGINE_UNSPOKEN_H
#define WEIR_ENGINE_UNSPOKEN_H

#include "base/arena.h"
#include "policy/policy.h"

enum unspoken {
	UNSPOKEN_NONE,		/* the rule refuses no source, or refuses it at `data` too */
	UNSPOKEN_STOPPED,	/* its sources are stopped by unspoken_boundary() */
	UNSPOKEN_LEFT,		/* they are not: it asks for more than source and group, or a rule before
				 * it admits some of them */
};

/* What becomes of each rule; `out` has room for boundary->rule_count.  False where all are
 * UNSPOKEN_NONE. */
bool unspoken_find(const struct boundary *boundary, enum unspoken *out);

/* The boundary as those judge it who see `data` only: rules that are UNSPOKEN_STOPPED stand
 * at `data` instead, the other way round, for who joins `in` asks for what goes `out`
 * (LANGUAGE S29).  Names and places are the same.  The boundary itself where there are none;
 * else it lives in the arena. */
const struct boundary *unspoken_boundary(struct arena *arena, const struct boundary *boundary);

#endif
