/* SPDX-License-Identifier: BSD-2-Clause */
/* The full-screen view of `weir watch`: the terminal, its keys, and when to draw.  Judging goes
 * first: figures are taken once a second, and no more than some keys are answered between. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/watch.h"
#include "os/clock.h"
#include "os/signals.h"
#include "os/terminal.h"

#define FRAME_NS (NS_PER_S / 20)	/* between two screens; without keys there is one a second */
#define KEYS_MAX 64			/* in one turn */
#define HELD_MAX 65536			/* of messages that are said again at the end */

bool watch_view_wanted(const struct watch *options, const struct io *io)
{
	return !options->lines && !options->common.json && !options->common.quiet &&
	       io->out_is_terminal && terminal_is(io->in) && fileno(io->out) == STDOUT_FILENO &&
	       fileno(io->in) == STDIN_FILENO;
}

/* "eth0, eth1=inside, eth2 gone" */
static void say_interfaces(struct watching *w)
{
	static const char *const sides[] = { "", "=inside", "=outside" };
	struct text t = { 0 };

	for (size_t i = 0; i < w->link_count; i++)
		text_printf(&t, "%s%s%s%s", i > 0 ? ", " : "", w->links[i].name,
			    sides[w->links[i].side],
			    w->links[i].state == LINK_GONE   ? " gone"
			    : w->links[i].state == LINK_DOWN ? " down"
							     : "");
	view_say_interfaces(&w->view.view, text_string(&t));
	text_release(&t);
}

/* What complain() says now would tear the screen: it is shown within, and said again at the end. */
static bool hold_messages(struct watching *w)
{
	struct watch_view *v = &w->view;

	v->io = *w->io;
	v->io.err = open_memstream(&v->said, &v->said_n);
	if (!v->io.err)
		return false;
	v->err = w->io->err;
	w->io = w->judging.io = &v->io;
	return true;
}

static void show_messages(struct watching *w)
{
	struct watch_view *v = &w->view;

	fflush(v->io.err);
	if (v->said_n > v->shown_n) {
		const char *line = v->said + v->shown_n;

		view_say(&v->view, strncmp(line, "weir: ", 6) == 0 ? line + 6 : line);
		v->shown_n += strcspn(line, "\n") + 1;
	}
	if (v->said_n <= HELD_MAX || v->shown_n < v->said_n)
		return;
	rewind(v->io.err);			/* they were shown; nobody reads so many at the end */
	v->said_n = v->shown_n = 0;
}

bool watch_view_begin(struct watching *w)
{
	struct watch_view *v = &w->view;
	const struct view_options options = {
		.policy = w->judging.policy, .boundary = w->judging.boundary,
		.table = w->judging.table, .registry = w->judging.registry,
		.interfaces = w->names, .interface_count = w->link_count,
		.ascii = !terminal_is_utf8(),
	};

	signals_catch();
	signals_catch_terminal();
	if (screen_new(w->io->colour, &v->screen) < 0) {
		complain(w->io, "cannot draw on a terminal of type '%s': printing lines",
			 getenv("TERM") ? getenv("TERM") : "");
		return false;
	}
	if (!hold_messages(w)) {
		screen_free(v->screen);
		v->screen = NULL;
		return false;
	}
	v->cells.ascii = options.ascii;
	view_init(&v->view, &options);
	v->is_on = true;
	return true;
}

static void draw(struct watching *w, struct mtime steady)
{
	struct watch_view *v = &w->view;
	unsigned rows, columns;

	screen_size(v->screen, &rows, &columns);
	cells_resize(&v->cells, rows, columns);
	view_draw(&v->view, &v->cells);
	screen_draw(v->screen, &v->cells);
	v->drawn = steady;
	v->is_due = false;
}

static bool take_keys(struct watching *w)
{
	struct watch_view *v = &w->view;
	unsigned n = 0;
	uint32_t key;

	for (; n < KEYS_MAX && screen_key(v->screen, &key); n++)
		view_key(&v->view, key);
	view_gather_flows(&v->view, w->judging.engine);
	v->is_due = v->is_due || n > 0;
	return n > 0;
}

bool watch_view_turn(struct watching *w, struct mtime steady)
{
	struct watch_view *v = &w->view;

	if (signals_pause_asked())
		screen_pause(v->screen);
	if (signals_terminal_changed()) {
		screen_renew(v->screen);
		v->is_due = true;
	}
	if (!take_keys(w) && steady.ns - v->asked.ns >= FRAME_NS) {
		v->asked = steady;
		v->is_gone = screen_is_gone(v->screen);
	}
	if (v->is_due && !v->is_gone && steady.ns - v->drawn.ns >= FRAME_NS)
		draw(w, steady);
	return !v->is_gone && !v->view.is_over;
}

int watch_view_patience(const struct watching *w, int ms)
{
	return w->is_view && w->view.is_due ? FRAME_NS / 1000000 : ms;
}

void watch_view_tick(struct watching *w, struct mtime begun, struct mtime steady, uint64_t lost)
{
	struct watch_view *v = &w->view;
	const struct view_moment moment = {
		.now = clock_now(), .second = (uint32_t)((steady.ns - begun.ns) / NS_PER_S),
		.lost = lost,
	};

	say_interfaces(w);
	show_messages(w);
	view_gather(&v->view, w->judging.engine, &moment);
	v->is_due = true;
}

/* The last screen, where the terminal still shows it when it scrolls. */
static void keep_screen(struct watching *w)
{
	struct watch_view *v = &w->view;
	struct text line = { 0 };
	unsigned rows;

	if (v->view.mode == MODE_HELP)
		v->view.mode = MODE_LIST;
	cells_resize(&v->cells, v->cells.rows, v->cells.columns);
	if (v->cells.rows > 0)
		view_draw(&v->view, &v->cells);
	rows = v->cells.rows > 0 ? v->cells.rows - 1 : 0;	/* not the foot: keys are over */

	for (unsigned row = 0, blank = 0; row < rows; row++) {
		text_reset(&line);
		cells_text(&v->cells, row, w->io->colour, &line);
		blank += line.n == 0;
		for (; line.n > 0 && blank > 0; blank--)
			fputc('\n', w->io->out);
		if (line.n > 0)
			fprintf(w->io->out, "%s\n", text_string(&line));
	}
	text_release(&line);
}

void watch_view_end(struct watching *w)
{
	struct watch_view *v = &w->view;

	if (!v->is_on)
		return;
	v->is_on = false;
	screen_free(v->screen);
	v->screen = NULL;
	fclose(v->io.err);
	v->io.err = v->err;
	if (!v->is_gone) {
		keep_screen(w);
		fflush(w->io->out);
		fputs(v->said ? v->said : "", v->err);
	}
	free(v->said);
	v->said = NULL;
	view_release(&v->view);
	cells_release(&v->cells);
}
