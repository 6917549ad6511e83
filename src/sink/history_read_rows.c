/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading flows, findings and RAS servers out of the history.  Prints nothing. */
#include "sink/history_read.h"
#include "sink/history_state.h"

static const char *text_at(sqlite3_stmt *st, int column)
{
	const char *text = (const char *)sqlite3_column_text(st, column);

	return text ? text : "";
}

static uint64_t number_at(sqlite3_stmt *st, int column)
{
	int64_t value = sqlite3_column_int64(st, column);

	return value > 0 ? (uint64_t)value : 0;
}

static struct mtime time_at(sqlite3_stmt *st, int column)
{
	return (struct mtime){ sqlite3_column_int64(st, column) };
}

static struct span bytes_at(sqlite3_stmt *st, int column)
{
	const void *bytes = sqlite3_column_blob(st, column);
	int n = sqlite3_column_bytes(st, column);

	return (struct span){ bytes, bytes && n > 0 ? (size_t)n : 0 };
}

/* NULL for any. */
static const char *address_asked(struct addr a, char buffer[ADDR_TEXT])
{
	return addr_is_there(a) ? addr_text(a, buffer) : NULL;
}

static int finish(struct history *h, char *problem)
{
	snprintf(problem, HISTORY_PROBLEM, "%s", h->why);
	return history_errno(h->error);
}

static int read_flows(struct history *h, enum history_sql sql, const struct history_query *q,
		      void (*each)(void *context, const struct history_flow *flow), void *context,
		      char *problem)
{
	sqlite3_stmt *st = history_statement(h, sql);
	char source[ADDR_TEXT], group[ADDR_TEXT], address[ADDR_TEXT];

	history_bind(st, "ttttnn", q->boundary, address_asked(q->source, source),
		     address_asked(q->group, group), address_asked(q->address, address),
		     q->has_since ? q->since.ns : INT64_MIN,
		     q->has_until ? q->until.ns : INT64_MAX);
	while (history_step(h, st)) {
		const struct history_flow flow = {
			.boundary = text_at(st, 0), .source = text_at(st, 1), .group = text_at(st, 2),
			.group_len = number_at(st, 3), .point = text_at(st, 4), .what = text_at(st, 5),
			.rule = text_at(st, 6), .packets = number_at(st, 7), .bytes = number_at(st, 8),
			.first = time_at(st, 9), .last = time_at(st, 10),
		};

		each(context, &flow);
	}
	return finish(h, problem);
}

int history_flows(struct history *h, const struct history_query *query,
		  void (*each)(void *context, const struct history_flow *flow), void *context,
		  char *problem)
{
	return read_flows(h, SQL_FLOWS, query, each, context, problem);
}

int history_findings(struct history *h, const struct history_query *query,
		     void (*each)(void *context, const struct history_flow *finding), void *context,
		     char *problem)
{
	return read_flows(h, SQL_FINDINGS, query, each, context, problem);
}

static int read_servers(struct history *h, enum history_sql sql, const struct history_query *q,
			void (*each)(void *context, const struct history_server *server),
			void *context, char *problem)
{
	struct addr asked = addr_is_there(q->address) ? q->address : q->source;
	sqlite3_stmt *st = history_statement(h, sql);
	char address[ADDR_TEXT];

	history_bind(st, "tnn", address_asked(asked, address), q->has_since ? q->since.ns : INT64_MIN,
		     q->has_until ? q->until.ns : INT64_MAX);
	while (history_step(h, st)) {
		const struct history_server server = {
			.address = text_at(st, 0), .vlan = number_at(st, 1),
			.hostname = bytes_at(st, 2), .domain = bytes_at(st, 3), .state = text_at(st, 4),
			.count = number_at(st, 5), .first = time_at(st, 6), .last = time_at(st, 7),
		};

		each(context, &server);
	}
	return finish(h, problem);
}

int history_servers(struct history *h, const struct history_query *query,
		    void (*each)(void *context, const struct history_server *server), void *context,
		    char *problem)
{
	return read_servers(h, SQL_SERVERS, query, each, context, problem);
}

int history_server_events(struct history *h, const struct history_query *query,
			  void (*each)(void *context, const struct history_server *event),
			  void *context, char *problem)
{
	return read_servers(h, SQL_SERVER_EVENTS, query, each, context, problem);
}
