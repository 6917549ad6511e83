/* SPDX-License-Identifier: BSD-2-Clause */
/* Flows, findings and RAS servers into the history: whoever is there already is brought up to date,
 * and what changed about a server is an event.  Part of the transaction of history_write.c. */
#include <string.h>

#include "sink/history_state.h"

static void write_flows(struct history *h, const struct history_batch *b)
{
	sqlite3_stmt *st = history_statement(h, SQL_FLOW);
	char from[ADDR_TEXT], to[ADDR_TEXT];

	for (size_t i = 0; i < b->flow_count; i++) {
		const struct report_flow *f = &b->flows[i];
		struct addr source = f->key.kind == FLOW_SOURCE_ANY ? ADDR_ANY : f->key.source;

		history_bind(st, "tttntttuunnn", b->boundary->name, addr_text(source, from),
			     addr_text(f->key.group, to), (int64_t)f->key.group_len,
			     point_name(f->key.point), action_name(f->verdict.action),
			     report_rule_name(b->boundary, f->verdict.rule), f->packets, f->bytes,
			     f->first.ns, f->last.ns, h->run);
		history_run(h, st);
	}
}

static void write_findings(struct history *h, const struct history_batch *b)
{
	sqlite3_stmt *st = history_statement(h, SQL_FINDING);
	char from[ADDR_TEXT], to[ADDR_TEXT];

	for (size_t i = 0; i < b->finding_count; i++) {
		const struct report_finding *f = &b->findings[i];
		struct addr source = f->source_kind == FLOW_SOURCE_ANY ? ADDR_ANY : f->source;
		bool timed = f->last.ns != 0;

		/* a policer keeps no times: those of the run are the best there are */
		history_bind(st, "ttttnttunnn", b->boundary->name, finding_name(f->kind),
			     addr_text(source, from), addr_text(f->group, to),
			     (int64_t)f->group_len,
			     f->point < POINT_COUNT ? point_name(f->point) : "-",
			     report_rule_name(b->boundary, f->rule), f->count,
			     timed ? f->first.ns : h->begun.ns, timed ? f->last.ns : b->at.ns,
			     h->run);
		history_run(h, st);
	}
}

static struct span name_of(const struct ras_name *name)
{
	return (struct span){ name->bytes, name->n };
}

static void write_event(struct history *h, const struct ras_host *host, const char *address,
			const char *event, struct mtime at)
{
	sqlite3_stmt *st = history_statement(h, SQL_SERVER_EVENT);

	history_bind(st, "ntntbb", at.ns, address, (int64_t)host->vlan, event, name_of(&host->hostname),
		     name_of(&host->domain));
	history_run(h, st);
}

static bool is_name(sqlite3_stmt *st, int column, const struct ras_name *name)
{
	const void *bytes = sqlite3_column_blob(st, column);
	int n = sqlite3_column_bytes(st, column);

	return n == (int)name->n && (n == 0 || memcmp(bytes, name->bytes, name->n) == 0);
}

/* What is otherwise than it was: heard for the first time, another name, another state. */
static void write_changes(struct history *h, const struct history_batch *b,
			  const struct ras_host *host, const char *address)
{
	sqlite3_stmt *st = history_statement(h, SQL_SERVER_WAS);
	const char *state = ras_state_name(host->state);
	bool was_there, same_name = true, same_state = true;
	bool is_silent = host->state == RAS_LATE || host->state == RAS_GONE;

	history_bind(st, "tn", address, (int64_t)host->vlan);
	was_there = history_step(h, st);
	if (was_there) {
		const char *was = (const char *)sqlite3_column_text(st, 0);

		same_name = is_name(st, 1, &host->hostname) && is_name(st, 2, &host->domain);
		/* to a new engine everybody is new */
		same_state = (host->state == RAS_NEW && sqlite3_column_int64(st, 3) != h->run) ||
			     (was && strcmp(was, state) == 0);
		sqlite3_reset(st);
	} else {
		write_event(h, host, address, "new", host->first);
		same_state = host->state == RAS_NEW || host->state == RAS_SEEN;
	}
	if (!same_name)
		write_event(h, host, address, "renamed", host->last);
	if (!same_state)
		write_event(h, host, address, state, is_silent ? b->at : host->last);
}

static void write_servers(struct history *h, const struct history_batch *b)
{
	char address[ADDR_TEXT];
	sqlite3_stmt *st;

	for (size_t i = 0; i < b->host_count; i++) {
		const struct ras_host *host = &b->hosts[i];

		addr_text(host->address, address);
		write_changes(h, b, host, address);
		st = history_statement(h, SQL_SERVER);
		history_bind(st, "tnbbnnutnn", address, (int64_t)host->vlan, name_of(&host->hostname),
			     name_of(&host->domain), host->first.ns, host->last.ns, host->count,
			     ras_state_name(host->state), (int64_t)host->hops, h->run);
		history_run(h, st);
	}
}

void history_write_rows(struct history *h, const struct history_batch *batch)
{
	write_flows(h, batch);
	write_findings(h, batch);
	write_servers(h, batch);
}
