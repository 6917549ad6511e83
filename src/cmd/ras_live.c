/* SPDX-License-Identifier: BSD-2-Clause */
/* weir ras list on interfaces: a socket, a clock, and a table that is drawn anew in its place. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/ras_list.h"
#include "os/clock.h"
#include "os/signals.h"
#include "os/terminal.h"
#include "source/rasadv.h"

#define LOOK_NS (2 * NS_PER_S)		/* at the interfaces */
#define DRAW_NS (20 * NS_PER_S)		/* also where nothing happened: states depend on the time */

struct live {
	struct ras_listing	       *l;
	struct rasadv_listener *listener;
	struct said		said;
	struct mtime		began, until, look, draw;	/* steady; until 0: never */
	bool			draws;		/* in its place, on a terminal */
	unsigned		drawn;		/* lines that stand there */
};

static void erase(struct live *v)
{
	if (v->drawn > 0)
		fprintf(v->l->io->out, "\033[%uA\r\033[J", v->drawn);
	fflush(v->l->io->out);
	v->drawn = 0;
}

static void tell_link(struct live *v, const struct rasadv_link *link)
{
	const struct io *io = v->l->io;
	char address[ADDR_TEXT];

	erase(v);
	if (link->error < 0) {
		complain(io, "cannot join 239.255.2.2 on %s: %s", link->name, strerror(-link->error));
	} else if (link->index == 0) {
		complain(io, "%s has gone; nothing is heard there until it is back", link->name);
	} else if (!v->l->options->common.quiet) {
		struct text line = { 0 };

		text_put(&line, "Joined 239.255.2.2 on ");
		text_escape_utf8(&line, span_of(link->name));
		text_printf(&line, " (%s)",
			    addr_is_there(link->address) ? addr_text(link->address, address)
							 : "no IPv4 address");
		fprintf(io->err, "%s%s.  Servers announce once an hour; nothing yet proves nothing.\n",
			text_string(&line), link->is_up ? "" : ", which is down");
		text_release(&line);
	}
}

static bool open_listener(struct live *v)
{
	const struct texts *names = &v->l->options->operands;
	const struct rasadv_link *links;
	int error = rasadv_listener_new(names->list, names->n, &v->listener);
	bool any = false;
	size_t n;

	if (error < 0) {
		complain(v->l->io, "cannot listen on UDP port 9753: %s", strerror(-error));
		return false;
	}
	links = rasadv_listener_links(v->listener, &n);
	for (size_t i = 0; i < n; i++) {
		tell_link(v, &links[i]);
		any |= links[i].error == 0;
	}
	return any;
}

static void name_links(struct live *v)
{
	size_t n;
	const struct rasadv_link *links = rasadv_listener_links(v->listener, &n);
	const char **names = arena_array(&v->l->arena, n, sizeof(names[0]));

	for (size_t i = 0; i < n; i++) {
		struct text name = { 0 };

		text_escape_utf8(&name, span_of(links[i].name));
		names[i] = arena_text(&v->l->arena, text_string(&name), name.n);
		text_release(&name);
	}
	v->l->print.links = names;
	v->l->print.link_count = n;
}

/* Lines of the terminal that one line takes, behind its colours. */
static unsigned lines_of(const char *line, size_t n, unsigned columns)
{
	unsigned width = 0;

	for (size_t i = 0; i < n; i++) {
		if (line[i] == '\033') {
			while (i < n && line[i] != 'm')
				i++;
			continue;
		}
		width += ((unsigned char)line[i] & 0xc0) != 0x80;
	}
	return width == 0 ? 1 : (width + columns - 1) / columns;
}

/* As much as there is room for. */
static void draw_text(struct live *v, const char *text)
{
	unsigned room = terminal_lines(v->l->io->out) - 1,
		 columns = terminal_columns(v->l->io->out);

	erase(v);
	while (*text) {
		size_t n = strcspn(text, "\n");
		unsigned lines = lines_of(text, n, columns);

		if (v->drawn + lines > room)
			break;
		fprintf(v->l->io->out, "%.*s\n", (int)n, text);
		v->drawn += lines;
		text += n + (text[n] == '\n');
	}
	fflush(v->l->io->out);
}

static void draw(struct live *v)
{
	struct ras_print print = listing_settle(v->l, clock_now());
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	if (!out)
		return;
	print.columns = terminal_columns(v->l->io->out);
	print.rows = terminal_lines(v->l->io->out);
	ras_print_table(&print, out);
	fclose(out);
	draw_text(v, text);
	free(text);
	v->draw.ns = clock_steady().ns + DRAW_NS;
}

static void look_at_links(struct live *v)
{
	const struct rasadv_link *link;
	bool any = false;

	while ((link = rasadv_listener_changed(v->listener)) != NULL) {
		tell_link(v, link);
		any = true;
	}
	if (any && v->draws)
		draw(v);
	v->look.ns = clock_steady().ns + LOOK_NS;
}

static void wait_for_more(struct live *v)
{
	struct ras_listing *l = v->l;
	struct pollfd fds[2] = {
		{ .fd = rasadv_listener_fd(v->listener), .events = POLLIN },
		{ .fd = l->resolver ? resolver_fd(l->resolver) : -1, .events = POLLIN },
	};
	int64_t next = v->look.ns, left;

	if (v->until.ns && v->until.ns < next)
		next = v->until.ns;
	if (l->waiting_count > 0 && l->waiting[l->waiting_first].until.ns < next)
		next = l->waiting[l->waiting_first].until.ns;
	left = next - clock_steady().ns;
	signals_poll(fds, 2, left > 0 ? left : 0);
}

static void listen_on(struct live *v)
{
	struct ras_listing *l = v->l;

	while (!signals_stop_asked() && !listing_has_enough(l) &&
	       (!v->until.ns || clock_steady().ns < v->until.ns)) {
		uint64_t before = l->heard + l->strays.n;
		bool named;

		wait_for_more(v);
		while (!listing_has_enough(l) && !signals_stop_asked() &&
		       rasadv_listener_next(v->listener, &v->said))
			listing_hear(l, &v->said);
		named = l->resolver && resolver_read(l->resolver);
		listing_flush(l, false);
		if (clock_steady().ns >= v->look.ns)
			look_at_links(v);
		if (v->draws && (l->heard + l->strays.n != before || named ||
				 clock_steady().ns >= v->draw.ns))
			draw(v);
	}
}

static void put_time_span(struct text *out, int64_t ns)
{
	int64_t s = ns / NS_PER_S;

	if (s < 120)
		text_printf(out, "%lld s", (long long)s);
	else if (s < 7200)
		text_printf(out, "%lld min", (long long)(s / 60));
	else
		text_printf(out, "%lld h", (long long)(s / 3600));
}

/* Silence is no proof, and says so. */
static void tell_silence(struct live *v)
{
	int64_t heard_for = clock_steady().ns - v->began.ns;
	struct text out = { 0 };

	text_put(&out, "No server was heard in ");
	put_time_span(&out, heard_for);
	if (heard_for < RAS_LATE_NS)
		text_put(&out, ".\nThat proves nothing yet: servers announce once an hour, so listen for 65 "
			       "minutes at least (--duration 65m).\n");
	else
		text_put(&out, ".\nServers announce once an hour; a router or switch on the way that holds "
			       "the group back would look the same.\n");
	fputs(text_string(&out), v->l->io->out);
	text_release(&out);
}

static void end(struct live *v)
{
	const struct ras_list *o = v->l->options;
	struct ras_print print;

	listing_wait_for_names(v->l);
	print = listing_settle(v->l, clock_now());
	if (v->l->status == EXIT_CLEAN && listing_has_findings(&print))
		v->l->status = EXIT_FINDINGS;
	print.exit = v->l->status;
	erase(v);
	if (o->common.quiet)
		return;
	if (o->common.json && !listing_follows(v->l))
		ras_print_json(&print, v->l->io->out);
	if (o->common.json)
		return;
	if (!listing_follows(v->l))
		ras_print_table(&print, v->l->io->out);
	if (v->l->heard == 0)
		tell_silence(v);
}

void listing_listen(struct ras_listing *l)
{
	const struct ras_list *o = l->options;
	struct live v = { .l = l, .began = clock_steady() };

	signals_catch();
	if (!open_listener(&v)) {
		l->status = EXIT_SYSTEM;
		goto done;
	}
	name_links(&v);
	said_init(&v.said);
	v.draws = l->io->out_is_terminal && !listing_follows(l) && !o->common.json &&
		  !o->common.quiet;
	v.look.ns = v.began.ns + LOOK_NS;
	v.draw.ns = v.began.ns + DRAW_NS;
	if (o->duration_s > 0)
		v.until.ns = v.began.ns + (int64_t)o->duration_s * NS_PER_S;
	listen_on(&v);
	end(&v);
	said_release(&v.said);
done:
	rasadv_listener_free(v.listener);
}
