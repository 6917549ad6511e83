/* SPDX-License-Identifier: BSD-2-Clause */
/* What the view shows, as rows of one kind for every tab, copied from an engine so that a paused
 * view stands still.  Names are escaped. */
#ifndef WEIR_SINK_VIEW_FACTS_H
#define WEIR_SINK_VIEW_FACTS_H

#include "engine/report.h"
#include "sink/pulse.h"

enum view_tab { TAB_RULES, TAB_FLOWS, TAB_MEMBERS, TAB_RAS, TAB_MSDP, TAB_ODD, VIEW_TABS };

struct view_row {
	uint64_t	    id;			/* the same for the same thing, always */
	struct addr	    source, group;	/* ADDR_NONE: it has none */
	struct addr	    who;		/* who reports; the other end of a peering */
	uint64_t	    count, bytes;
	uint64_t	    sources, groups;	/* MSDP: entries, new ones */
	int64_t		    first_ns, last_ns;	/* 0: never */
	const struct pulse *pulse;		/* or NULL */
	const char	   *word;		/* a state, a kind, the name of an oddity */
	const char	   *meaning;		/* one line on it */
	uint32_t	    name, more;		/* offsets in the facts' names; 0: none */
	uint16_t	    rule;		/* RULE_NONE: none */
	uint16_t	    link;		/* VIEW_NO_LINK: unknown */
	uint8_t		    action, point, group_len, kind;
	uint8_t		    ttl_min, ttl_max;	/* min over max: unknown */
	uint8_t		    hops;		/* RAS_HOPS_UNKNOWN */
	bool		    has_verdict, is_finding, is_quiet;
	bool		    sources_estimated, groups_estimated;
};

#define VIEW_NO_LINK UINT16_MAX

struct view_rows {
	struct view_row *list;
	size_t		 n, cap;
};

/* When it is: the wall clock, and the seconds since the start. */
struct view_moment {
	struct mtime now;
	uint32_t     second;
	uint64_t     lost;		/* packets, by the kernel */
};

struct view_facts {
	struct view_moment moment;
	struct view_rows   tabs[VIEW_TABS];
	struct text	   names;
	uint64_t	   packets, flows_evicted, members_evicted;
	struct pulse	   traffic, lost;
	struct pulse	  *rules, *flows, *anomalies, *notes;	/* by rule, slot, kind */
	bool		   has_ras_list;
};

void view_facts_init(struct view_facts *facts, size_t rules);
void view_facts_release(struct view_facts *facts);
/* Without flows their tab is empty; of an engine of many flows they cost most. */
void view_facts_gather(struct view_facts *facts, struct engine *engine,
		       const struct view_moment *moment, bool with_flows);
/* The flows alone, as of the same moment. */
void view_facts_flows(struct view_facts *facts, const struct engine *engine);
/* The text at an offset; "" for 0. */
const char *view_facts_name(const struct view_facts *facts, uint32_t at);

#endif
