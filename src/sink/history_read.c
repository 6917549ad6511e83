/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the history's counters of rules.  Prints nothing. */
#include "sink/history_read.h"

#include "sink/history_state.h"

#define BAR_S (24 * 3600 / HISTORY_BARS)

static void read_bars(struct history *h, int64_t id, int64_t end_s, struct history_rule *rule)
{
	sqlite3_stmt *st = history_statement(h, SQL_RULE_BUCKETS);
	int64_t begin_s = end_s - HISTORY_BARS * BAR_S;

	history_bind(st, "nnn", id, begin_s, end_s);
	while (history_step(h, st)) {
		int64_t bar = (sqlite.column_int64(st, 0) - begin_s) / BAR_S;

		if (bar >= 0 && bar < HISTORY_BARS)
			rule->bars[bar] += history_number(st, 1);
	}
}

/* The hits of a part of the time, from the buckets that begin in it. */
static void read_span(struct history *h, int64_t id, const struct history_query *q,
		      struct history_rule *rule)
{
	sqlite3_stmt *st = history_statement(h, SQL_RULE_SPAN);
	int64_t since_s = q->has_since ? q->since.ns / NS_PER_S : INT64_MIN;

	/* the bucket in which the time begins counts whole */
	history_bind(st, "nnn", id, q->has_since ? since_s - since_s % HISTORY_BUCKET_S : since_s,
		     q->has_until ? q->until.ns / NS_PER_S : INT64_MAX);
	if (!history_step(h, st))
		return;
	rule->hits = history_number(st, 0);
	rule->packets = history_number(st, 1);
	rule->bytes = history_number(st, 2);
	sqlite.reset(st);
}

static struct history_rule rule_at(struct history *h, sqlite3_stmt *st,
				   const struct history_query *q)
{
	struct history_rule rule = {
		.boundary = history_text(st, 0), .name = history_text(st, 1), .action = history_text(st, 2),
		.since.ns = sqlite.column_int64(st, 3), .until.ns = sqlite.column_int64(st, 4),
		.has_last = sqlite.column_type(st, 5) != SQLITE_NULL,
		.last.ns = sqlite.column_int64(st, 5), .hits = history_number(st, 6),
		.packets = history_number(st, 7), .bytes = history_number(st, 8), .generations = history_number(st, 9),
	};
	int64_t id = sqlite.column_int64(st, 10);
	struct mtime end = q->has_until && q->until.ns < q->now.ns ? q->until : q->now;

	if (q->has_since || q->has_until)
		read_span(h, id, q, &rule);
	read_bars(h, id, (end.ns + NS_PER_S - 1) / NS_PER_S, &rule);
	return rule;
}

int history_rules(struct history *h, const struct history_query *query,
		  void (*each)(void *context, const struct history_rule *rule), void *context,
		  char *problem)
{
	sqlite3_stmt *st;

	history_clear(h);
	st = history_statement(h, SQL_RULES);
	history_bind(st, "tt", query->boundary, query->rule);
	while (history_step(h, st)) {
		struct history_rule rule = rule_at(h, st, query);

		each(context, &rule);
	}
	snprintf(problem, HISTORY_PROBLEM, "%s", h->why);
	return history_errno(h->error);
}
