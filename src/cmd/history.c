/* SPDX-License-Identifier: BSD-2-Clause */
/* weir history: flows, findings and RAS servers of the past, by time and address. */
#include "cmd/command.h"
#include "cmd/past.h"

struct past_rows {
	struct common common;
	struct past   past;
	const char   *boundary;
	struct addr   source, group, address;
	struct texts  what;
};

#define AT(field) offsetof(struct past_rows, field)

static const struct opt opts[] = {
	PAST_OPTS(struct past_rows, past),
	{ OPT_TEXT, 'b', "boundary", "NAME", "only what was judged at this boundary", AT(boundary), 0 },
	{ OPT_ADDR, 0, "source", "ADDRESS", "only of this source, or RAS server", AT(source), 0 },
	{ OPT_ADDR, 0, "group", "ADDRESS", "only to this group", AT(group), 0 },
	{ OPT_ADDR, 0, "address", "ADDRESS", "only what this address is in", AT(address), 0 },
	{ 0 },
};

static const struct listing_column flow_columns[] = {
	{ NULL, "boundary", CELL_TEXT, 0, NULL, 0 },
	{ "SOURCE", "source", CELL_TEXT, 15, NULL, 0 },
	{ "GROUP", "group", CELL_TEXT, 16, NULL, 0 },
	{ NULL, "length", CELL_NUMBER, 0, NULL, 0 },
	{ "POINT", "point", CELL_TEXT, 10, NULL, 3 },
	{ "VERDICT", "verdict", CELL_TEXT, 7, NULL, 0 },
	{ "PACKETS", "packets", CELL_NUMBER, 9, NULL, 2 },
	{ NULL, "bytes", CELL_BYTES, 0, NULL, 0 },
	{ "FIRST", "first", CELL_TIME, 10, NULL, 1 },
	{ "LAST", "last", CELL_TIME, 16, NULL, 0 },
	{ "RULE", "rule", CELL_TEXT, 0, NULL, 0 },
};

static const struct listing_column finding_columns[] = {
	{ NULL, "boundary", CELL_TEXT, 0, NULL, 0 },
	{ "SOURCE", "source", CELL_TEXT, 15, NULL, 0 },
	{ "GROUP", "group", CELL_TEXT, 16, NULL, 0 },
	{ NULL, "length", CELL_NUMBER, 0, NULL, 0 },
	{ NULL, "point", CELL_TEXT, 0, NULL, 0 },
	{ "FINDING", "kind", CELL_TEXT, 14, NULL, 0 },
	{ "COUNT", "count", CELL_NUMBER, 10, NULL, 2 },
	{ NULL, NULL, CELL_BYTES, 0, NULL, 0 },
	{ "FIRST", "first", CELL_TIME, 10, NULL, 1 },
	{ "LAST", "last", CELL_TIME, 16, NULL, 0 },
	{ "RULE", "rule", CELL_TEXT, 0, NULL, 0 },
};

static const struct listing_column server_columns[] = {
	{ "ADDRESS", "address", CELL_TEXT, 15, NULL, 0 },
	{ "VLAN", "vlan", CELL_NUMBER, 5, "", 0 },
	{ NULL, "interface", CELL_TEXT, 0, NULL, 0 },
	{ "STATE", "state", CELL_TEXT, 8, NULL, 0 },
	{ "AUTHORISED", "authorised", CELL_YES, 10, "no list", 0 },
	{ "HEARD", "count", CELL_NUMBER, 7, NULL, 2 },
	{ "FIRST", "first", CELL_TIME, 16, NULL, 1 },
	{ "LAST", "last", CELL_TIME, 16, NULL, 0 },
	{ "HOST NAME", "hostname", CELL_TEXT, 0, NULL, 0 },
	{ NULL, "domain", CELL_TEXT, 0, NULL, 0 },
};

static const struct listing_column event_columns[] = {
	{ "ADDRESS", "address", CELL_TEXT, 15, NULL, 0 },
	{ "VLAN", "vlan", CELL_NUMBER, 5, "", 0 },
	{ NULL, "interface", CELL_TEXT, 0, NULL, 0 },
	{ "EVENT", "event", CELL_TEXT, 14, NULL, 0 },
	{ NULL, NULL, CELL_TEXT, 0, NULL, 0 },
	{ NULL, NULL, CELL_NUMBER, 0, NULL, 0 },
	{ "AT", "at", CELL_TIME, 16, NULL, 0 },
	{ NULL, NULL, CELL_TIME, 0, NULL, 0 },
	{ "HOST NAME", "hostname", CELL_TEXT, 0, NULL, 0 },
	{ NULL, "domain", CELL_TEXT, 0, NULL, 0 },
};

static const struct listing_column count_columns[] = {
	{ "FROM", "at", CELL_TIME, 16, NULL, 0 },
	{ "KIND", "kind", CELL_TEXT, 8, NULL, 0 },
	{ NULL, "boundary", CELL_TEXT, 0, NULL, 0 },
	{ "COUNT", "count", CELL_NUMBER, 12, NULL, 0 },
	{ "OF", "name", CELL_TEXT, 0, NULL, 0 },
};

static void print_count(void *context, const struct history_count *c)
{
	const struct listing_cell cells[COUNT(count_columns)] = {
		{ .at = c->at }, { .text = c->kind },
		{ .text = c->boundary, .is_absent = !c->boundary[0] }, { .number = c->n },
		{ .text = c->name },
	};

	listing_row(context, "", cells);
}

static void print_flow(void *context, const struct history_flow *f)
{
	const struct listing_cell cells[COUNT(flow_columns)] = {
		{ .text = f->boundary }, { .text = f->source }, { .text = f->group },
		{ .number = f->group_len }, { .text = f->point }, { .text = f->what },
		{ .number = f->packets }, { .number = f->bytes }, { .at = f->first }, { .at = f->last },
		{ .text = f->rule },
	};

	listing_row(context, f->boundary, cells);
}

/* Names are raw: a NUL in one would end it. */
static void put_name(struct text *out, struct span name)
{
	text_escape_utf8(out, name);
	text_char(out, '\0');
}

static void print_server(void *context, const struct history_server *s)
{
	struct text hostname = { 0 }, domain = { 0 };
	struct listing_cell cells[COUNT(server_columns)] = {
		{ .text = s->address }, { .number = s->vlan, .is_absent = s->vlan == VLAN_NONE },
		{ .text = s->interface, .is_absent = !s->interface[0] }, { .text = s->state },
		{ .number = s->authorised == RAS_AUTHORISED,
		  .is_absent = s->authorised == RAS_NO_LIST,
		  .ink = s->authorised == RAS_AUTHORISED ? INK_PLAIN : INK_BAD },
		{ .number = s->count }, { .at = s->first }, { .at = s->last },
	};

	put_name(&hostname, s->hostname);
	put_name(&domain, s->domain);
	cells[8] = (struct listing_cell){ .text = hostname.p, .is_escaped = true };
	cells[9] = (struct listing_cell){ .text = domain.p, .is_escaped = true };
	listing_row(context, "", cells);
	text_release(&hostname);
	text_release(&domain);
}

static const struct {
	const char		    *name, *schema, *rows;
	const struct listing_column *columns;
	size_t			     column_count;
	int (*flows)(struct history *history, const struct history_query *query,
		     void (*each)(void *context, const struct history_flow *flow), void *context,
		     char *problem);
	int (*servers)(struct history *history, const struct history_query *query,
		       void (*each)(void *context, const struct history_server *server),
		       void *context, char *problem);
	int (*counts)(struct history *history, const struct history_query *query,
		      void (*each)(void *context, const struct history_count *count), void *context,
		      char *problem);
} kinds[] = {
	{ "flows", "weir-history-flows/1", "flows", flow_columns, COUNT(flow_columns), history_flows, NULL,
	  NULL },
	{ "findings", "weir-history-findings/1", "findings", finding_columns, COUNT(finding_columns),
	  history_findings, NULL, NULL },
	{ "ras", "weir-history-ras/1", "servers", server_columns, COUNT(server_columns), NULL,
	  history_servers, NULL },
	{ "events", "weir-history-events/1", "events", event_columns, COUNT(event_columns), NULL,
	  history_server_events, NULL },
	{ "counts", "weir-history-counts/1", "counts", count_columns, COUNT(count_columns), NULL, NULL,
	  history_counts },
};

static int print(const struct past_rows *o, size_t kind, const struct io *io)
{
	struct history_query query = {
		.boundary = o->boundary, .source = o->source,
		.group = o->group, .address = o->address,
	};
	struct listing listing = past_listing(&o->past, &o->common, io, kinds[kind].columns,
					      kinds[kind].column_count);
	struct history *history = NULL;
	char problem[HISTORY_PROBLEM];
	int status = past_open(&o->past, &o->common, &query, io, &history), error;

	if (status != EXIT_CLEAN)
		return status;
	listing.group = kinds[kind].flows ? "boundary" : NULL;
	listing_begin(&listing, kinds[kind].schema, kinds[kind].rows);
	if (kinds[kind].flows)
		error = kinds[kind].flows(history, &query, print_flow, &listing, problem);
	else if (kinds[kind].counts)
		error = kinds[kind].counts(history, &query, print_count, &listing, problem);
	else
		error = kinds[kind].servers(history, &query, print_server, &listing, problem);
	if (error < 0)
		status = past_refuse(problem, io);
	listing_end(&listing);
	if (listing.rows == 0 && listing.format == LISTING_TEXT && status == EXIT_CLEAN)
		complain(io, "the history knows no such %s", kinds[kind].rows);
	history_close(history, NULL);
	return status;
}

static int run(const void *arg, const struct io *io)
{
	const struct past_rows *o = arg;
	const char *what = o->what.n > 0 ? o->what.list[0] : kinds[0].name;

	for (size_t i = 0; i < COUNT(kinds); i++)
		if (strcmp(what, kinds[i].name) == 0)
			return print(o, i, io);
	complain(io, "the history tells of flows, findings, ras, events or counts, not of '%s'", what);
	return EXIT_USAGE;
}

const struct command cmd_history = {
	.name = "history",
	.summary = "flows, findings and RAS servers of the past, by time and address",
	.operands = "[flows|findings|ras|events|counts]", .operands_max = 1,
	.about = "Reads the history that weir watch and weir audit write with --history: flows (the default), "
		 "findings with when they were met first and last, the servers that announced themselves "
		 "(ras), what changed about those (events), and statements by point and verdict, oddities and "
		 "packets that the kernel lost, every five minutes (counts).  The latest stands first, events "
		 "and counts stand by time.  Needs no privilege, and nothing that runs.",
	.example = "weir history --since 1d --source 10.1.2.3\n"
		   "weir history findings --since 2026-11-20 --until 2026-11-21\n"
		   "weir history ras -j",
	.takes = TAKES_JSON,
	.opts = opts, .size = sizeof(struct past_rows), .operands_offset = offsetof(struct past_rows, what),
	.run = run,
};
