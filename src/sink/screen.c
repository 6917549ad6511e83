/* SPDX-License-Identifier: BSD-2-Clause */
/* ncursesw, of which little is asked: cells, colours, keys; it is loaded when a screen is
 * wanted.  Signals are os/signals.h's business and were caught before, so that ncurses leaves them
 * alone. */
#include "sink/screen.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/memory.h"
#include "os/library.h"
#include "os/signals.h"
#include "sink/view.h"

#define NCURSES_NOMACROS
#include <curses.h>
#include <term.h>
#undef columns	/* a field of its struct, by the name of ours */
#undef lines

#define ESCAPE_MS 25

#define CALLS(CALL) \
	CALL(cbreak) CALL(clearok) CALL(curs_set) CALL(def_prog_mode) CALL(delscreen) \
	CALL(endwin) CALL(has_colors) CALL(init_pair) CALL(keypad) CALL(leaveok) CALL(newterm) \
	CALL(nodelay) CALL(noecho) CALL(nonl) CALL(reset_prog_mode) CALL(resizeterm) \
	CALL(set_escdelay) CALL(setcchar) CALL(setupterm) CALL(start_color) CALL(tigetstr) \
	CALL(use_default_colors) CALL(wadd_wch) CALL(werase) CALL(wget_wch) CALL(wmove) \
	CALL(wrefresh)

/* What is called of ncursesw, and its variables. */
struct curses {
#define CALL(name) __typeof__(name) *name;
	CALLS(CALL)
#undef CALL
	WINDOW **window, **current;	/* stdscr, curscr */
	int	*rows, *columns;	/* LINES, COLS */
};

static struct curses curses;

struct screen {
	SCREEN *terminal;
	bool	colour;
};

static const struct ink_of_curses {
	short  pair;
	attr_t attributes;
} inks[INK_COUNT] = {
	[INK_PLAIN] = { 0, A_NORMAL },	[INK_HEAD] = { 0, A_BOLD },  [INK_DIM] = { 0, A_DIM },
	[INK_GOOD] = { 1, A_NORMAL },	[INK_WARN] = { 2, A_NORMAL }, [INK_LIMIT] = { 3, A_NORMAL },
	[INK_BAD] = { 4, A_BOLD },
};

static bool begin_colours(void)
{
	if (!curses.has_colors() || curses.start_color() == ERR)
		return false;
	curses.use_default_colors();
	curses.init_pair(1, COLOR_GREEN, -1);
	curses.init_pair(2, COLOR_YELLOW, -1);
	curses.init_pair(3, COLOR_MAGENTA, -1);
	curses.init_pair(4, COLOR_RED, -1);
	return true;
}

static int load_curses(void)
{
	static const char *const names[] = { "libncursesw.so.6", NULL };
	static const struct library_symbol symbols[] = {
#define CALL(name) { #name, &curses.name },
		CALLS(CALL)
#undef CALL
		{ "stdscr", &curses.window }, { "curscr", &curses.current },
		{ "LINES", &curses.rows }, { "COLS", &curses.columns },
	};

	return curses.columns ? 0 : library_load(names, symbols, COUNT(symbols));
}

/* Asked first, for newterm() writes. */
static bool may_be_drawn_on(void)
{
	const char *move_cursor;
	int error;

	if (curses.setupterm(NULL, STDOUT_FILENO, &error) == ERR)
		return false;
	move_cursor = curses.tigetstr("cup");
	return move_cursor && move_cursor != (const char *)-1;
}

int screen_new(bool colour, struct screen **out)
{
	SCREEN *terminal = NULL;
	struct screen *s;

	fflush(stdout);
	if (load_curses() == 0 && may_be_drawn_on()) {
		curses.set_escdelay(ESCAPE_MS);
		terminal = curses.newterm(NULL, stdout, stdin);
	}
	if (!terminal)
		return -ENOTTY;
	s = memory_take(sizeof(*s));
	s->terminal = terminal;
	s->colour = colour && begin_colours();
	curses.cbreak();
	curses.noecho();
	curses.nonl();
	curses.curs_set(0);
	curses.keypad(*curses.window, TRUE);
	curses.nodelay(*curses.window, TRUE);
	curses.leaveok(*curses.window, TRUE);
	*out = s;
	return 0;
}

void screen_free(struct screen *s)
{
	if (!s)
		return;
	curses.endwin();
	curses.delscreen(s->terminal);
	free(s);
}

void screen_size(const struct screen *s, unsigned *out_rows, unsigned *out_columns)
{
	struct winsize size = { 0 };

	(void)s;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0) {
		size.ws_row = (unsigned short)*curses.rows;
		size.ws_col = (unsigned short)*curses.columns;
	}
	*out_rows = size.ws_row;
	*out_columns = size.ws_col;
}

/* --- drawing --- */

/* What the C library takes for another width than the grid does would move the rest of the row. */
static wchar_t shown(const struct cell *cell)
{
	return cell->point < 0x80 || wcwidth((wchar_t)cell->point) ==
					     (int)cells_point_width(cell->point)
		       ? (wchar_t)cell->point
		       : L'?';
}

static void draw_cell(const struct screen *s, int row, int column, const struct cell *cell)
{
	const struct ink_of_curses *ink = &inks[cell->ink & (CELL_REVERSE - 1)];
	attr_t attributes = ink->attributes | (cell->ink & CELL_REVERSE ? A_REVERSE : 0);
	wchar_t text[2] = { shown(cell), L'\0' };
	cchar_t c;

	curses.setcchar(&c, text, attributes, s->colour ? ink->pair : 0, NULL);
	if (curses.wmove(*curses.window, row, column) != ERR)
		curses.wadd_wch(*curses.window, &c);
}

void screen_draw(struct screen *s, const struct cells *cells)
{
	if ((int)cells->rows != *curses.rows || (int)cells->columns != *curses.columns)
		curses.resizeterm((int)cells->rows, (int)cells->columns);
	curses.werase(*curses.window);
	for (unsigned row = 0; row < cells->rows; row++)
		for (unsigned column = 0; column < cells->columns; column++) {
			const struct cell *cell = &cells->list[row * cells->columns + column];

			if (cell->point > 0)
				draw_cell(s, (int)row, (int)column, cell);
		}
	curses.wrefresh(*curses.window);
}

void screen_renew(struct screen *s)
{
	(void)s;
	curses.reset_prog_mode();
	curses.clearok(*curses.current, TRUE);
}

void screen_pause(struct screen *s)
{
	curses.def_prog_mode();
	curses.endwin();
	signals_pause();
	screen_renew(s);
}

/* --- keys --- */

static uint32_t named_key(wint_t key)
{
	static const struct {
		wint_t	 key;
		uint32_t means;
	} keys[] = {
		{ KEY_UP, VIEW_UP },	      { KEY_DOWN, VIEW_DOWN },	    { KEY_LEFT, VIEW_LEFT },
		{ KEY_RIGHT, VIEW_RIGHT },    { KEY_PPAGE, VIEW_PAGE_UP },  { KEY_NPAGE, VIEW_PAGE_DOWN },
		{ KEY_HOME, VIEW_HOME },      { KEY_END, VIEW_END },	    { KEY_BTAB, VIEW_TAB_BACK },
		{ KEY_BACKSPACE, VIEW_BACKSPACE }, { KEY_ENTER, VIEW_ENTER },
	};

	for (size_t i = 0; i < COUNT(keys); i++)
		if (keys[i].key == key)
			return keys[i].means;
	return 0;
}

bool screen_key(struct screen *s, uint32_t *out)
{
	wint_t key;
	int kind;

	(void)s;
	do {
		kind = curses.wget_wch(*curses.window, &key);
		if (kind == ERR)
			return false;
		*out = kind == KEY_CODE_YES ? named_key(key) : (uint32_t)key;
		if (kind != KEY_CODE_YES && key == 'L' - 64)
			curses.clearok(*curses.current, TRUE);
	} while (*out == 0 || (kind != KEY_CODE_YES && key == 'L' - 64));
	return true;
}

bool screen_is_gone(const struct screen *s)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

	(void)s;
	return poll(&in, 1, 0) > 0 && (in.revents & (POLLHUP | POLLERR | POLLNVAL));
}
