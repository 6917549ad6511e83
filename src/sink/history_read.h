/* SPDX-License-Identifier: BSD-2-Clause */
/* What a history tells.  Texts of rows live until the next one; they are as they were heard, so
 * whoever prints them escapes them. */
#ifndef WEIR_SINK_HISTORY_READ_H
#define WEIR_SINK_HISTORY_READ_H

#include "sink/history.h"

/* NULL, false and ADDR_NONE: any. */
struct history_query {
	const char *boundary, *rule;
	bool	    has_since, has_until;
	struct mtime since, until;
	struct addr source, group, address;	/* address: as either */
	struct mtime now;		/* where a day ago ends, unless `until` is earlier */
};

#define HISTORY_BARS 12			/* of two hours each */

struct history_rule {
	const char *boundary, *name, *action;
	uint64_t    hits, packets, bytes;	/* from `since` on, where it is asked for */
	uint64_t    generations;		/* policies under which it was counted */
	struct mtime since, until;		/* when it was counted: first and last */
	struct mtime last;			/* the last hit */
	bool	    has_last;
	uint64_t    bars[HISTORY_BARS];		/* hits of the last day, oldest first */
};

/* By boundary, most hits first.  0 or negative errno with a line in problem[HISTORY_PROBLEM]. */
int history_rules(struct history *history, const struct history_query *query,
		  void (*each)(void *context, const struct history_rule *rule), void *context,
		  char *problem);

/* A flow, or a finding (then `what` is its kind, and there are no bytes). */
struct history_flow {
	const char *boundary, *source, *group, *point, *what, *rule;	/* what: the verdict */
	uint64_t    group_len, packets, bytes;
	struct mtime first, last;
};

/* By boundary, the latest first. */
int history_flows(struct history *history, const struct history_query *query,
		  void (*each)(void *context, const struct history_flow *flow), void *context,
		  char *problem);
int history_findings(struct history *history, const struct history_query *query,
		     void (*each)(void *context, const struct history_flow *finding), void *context,
		     char *problem);

/* What was counted in HISTORY_BUCKET_S from a time on: statements of a point and verdict ("data deny"),
 * a flag, an anomaly, or packets that the kernel lost. */
struct history_count {
	const char *kind, *boundary, *name;	/* boundary: "" but for points */
	struct mtime at;
	uint64_t    n;
};

/* By time. */
int history_counts(struct history *history, const struct history_query *query,
		   void (*each)(void *context, const struct history_count *count), void *context,
		   char *problem);

/* A RAS server, or an event of one (then `state` is what happened, at `first`).  `host` is all that
 * is known of a server, for ras_table_restore(): settle it before its state is believed. */
struct history_server {
	const char *address, *interface, *state;
	struct span hostname, domain;		/* raw */
	uint64_t    vlan, count;
	struct mtime first, last;
	enum ras_authorisation authorised;	/* as it was heard last with a list */
	struct ras_host host;
};

/* By address; events by time. */
int history_servers(struct history *history, const struct history_query *query,
		    void (*each)(void *context, const struct history_server *server), void *context,
		    char *problem);
int history_server_events(struct history *history, const struct history_query *query,
			  void (*each)(void *context, const struct history_server *event),
			  void *context, char *problem);

#endif
