/* SPDX-License-Identifier: BSD-2-Clause */
/* What an audit says, in one order whatever the machine: everything that the text report and
 * the document weir-audit/1 are printed from.  It reads an engine, finished or not, which must
 * outlive it.  Flows and findings may be many, so they are views that are made one by one. */
#ifndef WEIR_ENGINE_REPORT_H
#define WEIR_ENGINE_REPORT_H

#include "base/text.h"
#include "engine/engine.h"
#include "engine/flow.h"
#include "engine/police.h"
#include "engine/ras.h"

struct report_options {
	bool   vantage_inside;		/* scoped groups alone are no reason for exit 1 */
	bool   no_flows;		/* no list of flows: counters of rules and other findings */
	bool   only_findings;		/* no list of other flows, but all that is counted of them */
	size_t rows;			/* only so many flows and findings need stand in order,
					 * the rest behind them; 0: all */
	struct mtime now;		/* of report_now(): as of when RAS servers are late; 0: the
					 * last packet */
};

struct report_packets {
	uint64_t total, ip, multicast, control, unread;
};

struct report_rule {
	uint64_t     hits, packets, bytes, link_local, sources, groups;
	struct mtime first, last;	/* where there are hits */
	bool	     sources_estimated, groups_estimated;
};

struct report_flow {
	struct flow_key key;
	uint64_t	packets, bytes;
	struct mtime	first, last;
	struct verdict	verdict, other;	/* other: by the policy of --against */
	uint16_t	port;		/* that the first packet was sent to; 0: none */
	uint8_t		ttl_min, ttl_max;
	bool		has_ttl, is_link_local, is_finding, is_scoped;
};

struct report_finding {
	struct addr source, group;	/* ADDR_NONE: about none */
	uint8_t	    group_len, point;	/* point: POINT_NONE */
	uint8_t	    kind;		/* enum finding_kind */
	uint8_t	    source_kind;	/* enum flow_source */
	bool	    is_scoped;
	uint16_t    rule;		/* RULE_NONE */
	uint64_t    count;		/* packets of a flow, refused SAs, ... */
	struct mtime first, last;	/* 0: a policer keeps none */
	uint32_t    detail;		/* see struct finding */
	const struct gauge *gauge;	/* of FINDING_POLICER */
	const struct ras_host *host;	/* of FINDING_RAS */
};

struct report_note {
	const char *name;
	uint64_t    count, frame;	/* of the first */
	uint16_t    file;
};

/* A bounded table other than that of flows, and what found no room in it. */
struct report_full {
	const char *name, *meaning;
	uint64_t    count;
};

#define REPORT_FULL_MAX 8

struct report {
	const struct engine   *engine;
	const struct boundary *boundary, *against;
	struct report_options  options;
	struct mtime	       first, last;	/* where there are packets */
	struct report_packets  packets;
	uint64_t	       points[POINT_COUNT][ACTION_COUNT];
	struct report_rule    *rules;		/* by index in the boundary */

	uint32_t *flows;			/* most packets first */
	size_t	  flow_count;
	uint64_t  flows_evicted;
	uint64_t  verdicts[ACTION_COUNT];	/* flows that are not link-local, by verdict */
	size_t	  change_count;			/* flows that --against judges otherwise */

	uint32_t *flow_findings;		/* denied flows, then limited ones */
	size_t	  flow_finding_count;
	uint64_t  known_findings;		/* that report_leave_out() left out */
	struct report_finding *other_findings;
	size_t	  other_finding_count;

	const struct ras_host **ras;
	size_t	  ras_count;
	bool	  has_ras_list;
	struct gauge	   *gauges;
	size_t		    gauge_count;
	struct police_peer *peers;
	size_t		    peer_count;
	uint64_t	    link_local_groups, link_local_packets;
	struct report_note  notes[FLAG_COUNT], anomalies[ANOMALY_COUNT];
	size_t		    note_count, anomaly_count;
	struct report_full  full[REPORT_FULL_MAX];
	size_t		    full_count;
};

/* Finishes the engine and reads it; the caller frees the report. */
struct report *report_new(struct engine *engine, const struct report_options *options);
/* The same of an engine that goes on: as things stand.  What only the end of a flow tells (the
 * finding ttl-large) is not there yet.  Valid until the next packet. */
struct report *report_now(struct engine *engine, const struct report_options *options);
void report_free(struct report *report);

/* Flows of an engine that goes on, by slot: 0 .. FLOWS4_MAX + FLOWS6_MAX, false where it is empty. */
bool report_flow_slot(const struct engine *engine, uint32_t slot, struct report_flow *out);

/* 0 .. flow_count, in the report's order. */
struct report_flow report_flow_at(const struct report *report, size_t index);
/* True where --against judges the flow otherwise. */
bool report_flow_changes(const struct report *report, const struct report_flow *flow);

size_t report_finding_count(const struct report *report);
struct report_finding report_finding_at(const struct report *report, size_t index);
/* The flow behind one of the first flow_finding_count findings. */
struct report_flow report_finding_flow(const struct report *report, size_t index);
/* Findings that make the exit code 1: all, but not those of scoped groups inside a site. */
size_t report_reasons(const struct report *report);

/* Leaves out what `is_known` says is known: flows, findings, RAS servers. */
struct report_known {
	bool (*flow)(void *context, const struct report_flow *flow);
	bool (*finding)(void *context, const struct report_finding *finding);
	bool (*host)(void *context, const struct ras_host *host);
	void  *context;
};
void report_leave_out(struct report *report, const struct report_known *known);

/* One sentence for a person on what is wrong and why: "adm-scoped: administratively scoped, RFC
 * 2365 4".  Names from packets are escaped. */
void report_finding_text(const struct report *report, const struct report_finding *finding,
			 struct text *out);
/* The rule's name, or "default". */
const char *report_rule_name(const struct boundary *boundary, uint16_t rule);

#endif
