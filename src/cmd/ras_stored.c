/* SPDX-License-Identifier: BSD-2-Clause */
/* weir ras list without an operand: the inventory that the history keeps, as it stands now. */
#include <string.h>

#include "cmd/past.h"
#include "cmd/ras_list.h"
#include "os/clock.h"
#include "sink/history_read.h"

struct recall {
	struct ras_listing *listing;
	const char    **links;		/* names of interfaces, escaped */
	size_t		link_count;
	bool		has_list;	/* whoever wrote it had a list of authorised servers */
	size_t		refused;	/* found no room */
};

/* The number of an interface that a server was heard on. */
static uint16_t link_named(struct recall *r, const char *name)
{
	struct text escaped = { 0 };
	size_t i = 0;

	text_escape_utf8(&escaped, span_of(name));
	while (i < r->link_count && strcmp(r->links[i], text_string(&escaped)) != 0)
		i++;
	if (i == r->link_count)
		r->links[r->link_count++] =
			arena_text(&r->listing->arena, text_string(&escaped), escaped.n);
	text_release(&escaped);
	return (uint16_t)i;
}

static void recall(void *context, const struct history_server *server)
{
	struct recall *r = context;
	struct ras_host host = server->host;

	if (!addr_is_there(host.address))
		return;
	if (r->listing->heard == RAS_HOSTS_MAX) {
		r->refused++;
		return;
	}
	host.link = server->interface[0] ? link_named(r, server->interface) : UINT16_MAX;
	r->has_list |= host.authorised != RAS_NO_LIST;
	ras_table_restore(r->listing->table, &host);
	r->listing->heard++;
}

static void print(struct ras_listing *l, const struct recall *r, struct ras_print *print)
{
	const struct io *io = l->io;

	if (l->options->common.quiet)
		return;
	if (listing_follows(l))
		for (size_t i = 0; i < print->count; i++)
			listing_put_host(l, print->hosts[i]);
	else if (l->options->common.json)
		ras_print_json(print, io->out);
	else
		ras_print_table(print, io->out);
	if (r->refused > 0)
		complain(io, "%zu more servers in the history are not shown", r->refused);
}

static bool refuse(struct ras_listing *l, const char *path, const char *problem)
{
	l->status = past_refuse_file(path, problem, l->io);
	return false;
}

/* False, with a complaint, where it cannot be read. */
static bool read_history(struct ras_listing *l, const struct history_query *query,
			 struct recall *out)
{
	const struct history_options options = { .mode = HISTORY_READ };
	char problem[HISTORY_PROBLEM] = "";
	struct history *history = NULL;
	struct text path = { 0 };
	bool good = true;

	history_path(l->options->history, false, &path);
	if (history_open(text_string(&path), &options, problem, &history) < 0 ||
	    history_servers(history, query, recall, out, problem) < 0)
		good = refuse(l, text_string(&path), problem);
	history_close(history, NULL);
	text_release(&path);
	return good;
}

void listing_recall(struct ras_listing *l)
{
	struct recall r = { .listing = l };
	const struct history_query query = { .now = clock_now() };
	struct ras_print table;

	r.links = arena_array(&l->arena, RAS_HOSTS_MAX, sizeof(r.links[0]));
	if (!read_history(l, &query, &r))
		return;
	l->print.links = r.links;
	l->print.link_count = r.link_count;
	l->print.has_list |= r.has_list;
	table = listing_settle(l, query.now);
	listing_wait_for_names(l);
	if (listing_has_findings(&table))
		l->status = EXIT_FINDINGS;
	table.exit = l->status;
	print(l, &r, &table);
	if (l->heard == 0 && !l->options->common.json && !l->options->common.quiet)
		complain(l->io, "the history knows no server; 'weir watch --history' writes down who "
				"announces itself");
}
