/* SPDX-License-Identifier: BSD-2-Clause */
/* What was noticed beside the verdicts: each kind once for a source and a group, with how often
 * and when first.  Bounded.  (Denied flows, policers and RAS servers are findings too; those are
 * read from the tables that hold them.) */
#ifndef WEIR_ENGINE_FINDING_H
#define WEIR_ENGINE_FINDING_H

#include "base/large_page.h"
#include "model/observation.h"

enum finding_kind {
#define FINDING(symbol, name, meaning) FINDING_##symbol,
#include "engine/findings.def"
#undef FINDING
	FINDING_COUNT,
};

const char *finding_name(enum finding_kind kind);
const char *finding_meaning(enum finding_kind kind);

#define FINDINGS_MAX 4096

struct finding {
	struct addr source, group;	/* ADDR_NONE where it is about none */
	uint64_t    count;
	int64_t	    first_ns, last_ns;	/* last_ns is findings_note()'s business */
	uint32_t    detail;		/* the TTL of ttl-large; the VLAN of duplicate */
	uint8_t	    kind, point;	/* point: POINT_NONE where it is about none */
};

struct findings {
	struct finding *list;		/* by hash; count 0: empty */
	size_t		n;
	uint64_t	refused;	/* found no room */
	const struct finding *newest;	/* the entry that was made last */
};

/* In the area, which outlives them. */
void findings_init(struct findings *findings, struct large_area *area);

/* Counts it, under the entry of its kind, source, group and point; the detail kept is the
 * largest. */
void findings_note(struct findings *findings, const struct finding *finding);
/* The same again, only more so: raises the detail of its entry, and counts nothing. */
void findings_raise(struct findings *findings, const struct finding *finding);

#endif
