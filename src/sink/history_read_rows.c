/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading flows, findings and RAS servers out of the history.  Prints nothing. */
#include "sink/history_read.h"

#include <string.h>

#include "sink/history_pack.h"
#include "sink/history_state.h"

static struct mtime time_at(sqlite3_stmt *st, int column)
{
	return (struct mtime){ sqlite.column_int64(st, column) };
}

static struct span bytes_at(sqlite3_stmt *st, int column)
{
	const void *bytes = sqlite.column_blob(st, column);
	int n = sqlite.column_bytes(st, column);

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
	char source[ADDR_TEXT], group[ADDR_TEXT], address[ADDR_TEXT];
	sqlite3_stmt *st;

	history_clear(h);
	st = history_statement(h, sql);
	history_bind(st, "ttttnn", q->boundary, address_asked(q->source, source),
		     address_asked(q->group, group), address_asked(q->address, address),
		     q->has_since ? q->since.ns : INT64_MIN,
		     q->has_until ? q->until.ns : INT64_MAX);
	while (history_step(h, st)) {
		const struct history_flow flow = {
			.boundary = history_text(st, 0), .source = history_text(st, 1), .group = history_text(st, 2),
			.group_len = history_number(st, 3), .point = history_text(st, 4), .what = history_text(st, 5),
			.rule = history_text(st, 6), .packets = history_number(st, 7), .bytes = history_number(st, 8),
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

int history_counts(struct history *h, const struct history_query *q,
		   void (*each)(void *context, const struct history_count *count), void *context,
		   char *problem)
{
	int64_t since_s = q->since.ns / NS_PER_S;
	sqlite3_stmt *st;

	history_clear(h);
	st = history_statement(h, SQL_COUNTS);
	/* the bucket in which the time begins counts whole */
	history_bind(st, "nnt", q->has_since ? since_s - since_s % HISTORY_BUCKET_S : INT64_MIN,
		     q->has_until ? q->until.ns / NS_PER_S : INT64_MAX, q->boundary);
	while (history_step(h, st)) {
		const struct history_count count = {
			.at.ns = sqlite.column_int64(st, 0) * NS_PER_S, .kind = history_text(st, 1),
			.boundary = history_text(st, 2), .name = history_text(st, 3), .n = history_number(st, 4),
		};

		each(context, &count);
	}
	return finish(h, problem);
}

/* --- servers --- */

/* Column numbers of SERVERS behind those that SERVER_EVENTS has too. */
enum {
	AT_RETURNS = 9,
	AT_HOPS,
	AT_TTL,
	AT_MAC,
	AT_PERIOD,
	AT_SEGMENTS,
	AT_FLAGS,
	AT_MARKS,
	AT_AUTHORISED,
};

static uint64_t flags_named(const char *names)
{
	uint64_t flags = 0;

	for (unsigned i = 0; i < FLAG_COUNT; i++) {
		size_t n = strlen(flag_name(i));

		for (const char *at = names; (at = strstr(at, flag_name(i))) != NULL; at += n)
			if ((at == names || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
				flags |= UINT64_C(1) << i;
	}
	return flags;
}

static struct ras_name name_at(sqlite3_stmt *st, int column)
{
	struct span bytes = bytes_at(st, column);
	struct ras_name name = { 0 };

	name.n = (uint16_t)(bytes.n < RASADV_NAME_MAX ? bytes.n : RASADV_NAME_MAX);
	if (name.n > 0)
		memcpy(name.bytes, bytes.p, name.n);
	return name;
}

static bool is_null(sqlite3_stmt *st, int column)
{
	return sqlite.column_type(st, column) == SQLITE_NULL;
}

static enum ras_authorisation authorised_at(sqlite3_stmt *st)
{
	if (is_null(st, AT_AUTHORISED))
		return RAS_NO_LIST;
	return sqlite.column_int64(st, AT_AUTHORISED) ? RAS_AUTHORISED : RAS_NOT_AUTHORISED;
}

static struct ras_host host_at(sqlite3_stmt *st)
{
	const char *address = history_text(st, 0);
	struct span mac = bytes_at(st, AT_MAC);
	unsigned marks = (unsigned)history_number(st, AT_MARKS);
	struct ras_host host = {
		.address = ADDR_NONE, .vlan = (uint16_t)history_number(st, 1), .hostname = name_at(st, 3),
		.domain = name_at(st, 4), .count = history_number(st, 6), .first = time_at(st, 7),
		.last = time_at(st, 8), .returns = (uint32_t)history_number(st, AT_RETURNS),
		.hops = is_null(st, AT_HOPS) ? RAS_HOPS_UNKNOWN : (uint8_t)history_number(st, AT_HOPS),
		.has_ttl = !is_null(st, AT_TTL), .ttl = (uint8_t)history_number(st, AT_TTL),
		.period_ns = (int64_t)history_number(st, AT_PERIOD),
		.tcp_segments = history_number(st, AT_SEGMENTS), .notes = flags_named(history_text(st, AT_FLAGS)),
		.came_in = marks & MARK_CAME_IN, .went_out = marks & MARK_WENT_OUT,
		.authorised = authorised_at(st), .has_mac = mac.n == 6,
	};

	addr_parse(address, strlen(address), &host.address);
	if (host.has_mac)
		memcpy(host.mac, mac.p, mac.n);
	return host;
}

static int read_servers(struct history *h, enum history_sql sql, const struct history_query *q,
			void (*each)(void *context, const struct history_server *server),
			void *context, char *problem)
{
	struct addr asked = addr_is_there(q->address) ? q->address : q->source;
	char address[ADDR_TEXT];
	sqlite3_stmt *st;

	history_clear(h);
	st = history_statement(h, sql);
	history_bind(st, "tnn", address_asked(asked, address), q->has_since ? q->since.ns : INT64_MIN,
		     q->has_until ? q->until.ns : INT64_MAX);
	while (history_step(h, st)) {
		struct history_server server = {
			.address = history_text(st, 0), .vlan = history_number(st, 1), .interface = history_text(st, 2),
			.hostname = bytes_at(st, 3), .domain = bytes_at(st, 4), .state = history_text(st, 5),
			.count = history_number(st, 6), .first = time_at(st, 7), .last = time_at(st, 8),
		};

		if (sql == SQL_SERVERS) {
			server.host = host_at(st);
			server.authorised = server.host.authorised;
			server.state = ras_state_name(ras_host_state(&server.host, q->now));
		}
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
