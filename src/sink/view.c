/* SPDX-License-Identifier: BSD-2-Clause */
/* The view's keys and its frame: head, tabs, titles, rows, foot. */
#include "sink/view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sink/view_columns.h"

#define ROWS_LEAST 5
#define COLUMNS_LEAST 24
#define TITLES_LEAST 54			/* columns for the titles of all tabs */
#define HEAD_ROWS 2			/* the head line and the tabs */

void view_init(struct view *view, const struct view_options *options)
{
	*view = (struct view){ .options = *options, .is_stale = true, .page_rows = 1 };
	view_facts_init(&view->facts, options->boundary->rule_count);
	view_filter_init(&view->filter);
	for (size_t i = 0; i < VIEW_TABS; i++)
		view->pages[i].sort = view_tabs[i].sort;
}

void view_release(struct view *view)
{
	view_facts_release(&view->facts);
	view_filter_release(&view->filter);
	text_release(&view->interfaces);
	text_release(&view->message);
	text_release(&view->group_names);
	free(view->picked);
	*view = (struct view){ 0 };
}

/* The row whose details are shown has new figures. */
static void renew_detail(struct view *view)
{
	const struct view_rows *rows = &view->facts.tabs[view->tab];

	for (size_t i = 0; i < rows->n; i++)
		if (rows->list[i].id == view->detail.id) {
			view->detail = rows->list[i];
			return;
		}
	/* it has gone: what was known of it stays, but for names, which have moved */
	view->detail.name = view->detail.more = 0;
}

void view_gather(struct view *view, struct engine *engine, const struct view_moment *moment)
{
	view->second = moment->second;
	if (view->is_paused)
		return;
	view->is_wanting = false;
	view_facts_gather(&view->facts, engine, moment, view->tab == TAB_FLOWS);
	view->is_stale = true;
	if (view->mode == MODE_DETAIL)
		renew_detail(view);
}

void view_gather_flows(struct view *view, const struct engine *engine)
{
	if (!view->is_wanting)
		return;
	view->is_wanting = false;
	view_facts_flows(&view->facts, engine);
	view->is_stale = true;
}

static void put_line(struct text *out, const char *text)
{
	text_reset(out);
	text_escape_utf8(out, (struct span){ (const uint8_t *)text, strcspn(text, "\n") });
}

void view_say_interfaces(struct view *view, const char *text)
{
	put_line(&view->interfaces, text);
}

void view_say(struct view *view, const char *text)
{
	put_line(&view->message, text);
	view->message_until = view->second + VIEW_MESSAGE_S;
}

/* --- keys --- */

static void settle(struct view *view)
{
	view_pick(view, view->page_rows);
}

static void move(struct view *view, uint32_t key)
{
	struct view_page *page = &view->pages[view->tab];
	size_t step = view->page_rows > 1 ? view->page_rows - 1 : 1;

	settle(view);
	page->is_held = key != VIEW_HOME && key != 'g';
	if (key == VIEW_UP || key == 'k')
		page->place -= page->place > 0;
	else if (key == VIEW_DOWN || key == 'j')
		page->place++;
	else if (key == VIEW_PAGE_UP)
		page->place -= page->place < step ? page->place : step;
	else if (key == VIEW_PAGE_DOWN)
		page->place += step;
	else
		page->place = key == VIEW_END || key == 'G' ? SIZE_MAX : 0;
	settle(view);
}

static void turn_to(struct view *view, unsigned tab)
{
	view->tab = tab % VIEW_TABS;
	view->is_wanting = view->tab == TAB_FLOWS && !view->is_paused;
	view->mode = MODE_LIST;
	view->is_stale = true;
}

static void reorder(struct view *view, int step, bool turn)
{
	struct view_page *page = &view->pages[view->tab];
	unsigned n = view_tabs[view->tab].n;

	page->sort = (uint8_t)((page->sort + n + (unsigned)step) % n);
	page->is_reversed = turn ? !page->is_reversed : step == 0 && page->is_reversed;
	if (!page->is_held)
		page->place = page->top = 0;
	view->is_stale = true;
}

static void open_detail(struct view *view)
{
	const struct view_row *row;

	settle(view);
	row = view_selected(view);
	if (!row)
		return;
	view->detail = *row;
	view->detail_top = 0;
	view->mode = MODE_DETAIL;
}

static void filter_anew(struct view *view)
{
	view_filter_read(&view->filter, view->options.boundary);
	view->is_stale = true;
}

/* Takes the last character, or the last word, off the filter. */
static void take_off(char *text, bool word)
{
	size_t n = strlen(text);

	while (word && n > 0 && text[n - 1] == ' ')
		n--;
	while (n > 0) {
		n--;
		if (word ? n > 0 && text[n - 1] == ' ' : ((unsigned char)text[n] & 0xc0) != 0x80)
			break;
	}
	text[n] = '\0';
}

static void put_key(char *text, uint32_t key)
{
	struct text bytes = { 0 };
	size_t n = strlen(text);

	text_point(&bytes, key);
	if (n + bytes.n < FILTER_TEXT)
		memcpy(text + n, text_string(&bytes), bytes.n + 1);
	text_release(&bytes);
}

static void type(struct view *view, uint32_t key)
{
	char *text = view->filter.text;
	size_t n = strlen(text);

	if (key == VIEW_ENTER || key == '\n') {
		view->is_typing = false;
		return;
	}
	if (key == VIEW_ESCAPE) {
		text[0] = '\0';
		view->is_typing = false;
	} else if (key == VIEW_BACKSPACE || key == 8 || key == 127) {
		view->is_typing = n > 0;
		take_off(text, false);
	} else if (key == 'U' - 64) {
		text[0] = '\0';
	} else if (key == 'W' - 64) {
		take_off(text, true);
	} else if (cells_point_width(key) > 0) {
		put_key(text, key);
	}
	filter_anew(view);
}

static void press_in_detail(struct view *view, uint32_t key)
{
	size_t step = view->page_rows > 1 ? view->page_rows - 1 : 1;

	if (key == VIEW_DOWN || key == 'j')
		view->detail_top++;
	else if (key == VIEW_UP || key == 'k')
		view->detail_top -= view->detail_top > 0;
	else if (key == VIEW_PAGE_DOWN || key == ' ')
		view->detail_top += step;
	else if (key == VIEW_PAGE_UP)
		view->detail_top -= view->detail_top < step ? view->detail_top : step;
	else if (key == VIEW_HOME)
		view->detail_top = 0;
	else if (key == VIEW_END)
		view->detail_top = SIZE_MAX;
	else
		view->mode = MODE_LIST;
}

/* Keys of the list alone; false for others. */
static bool press_in_list(struct view *view, uint32_t key)
{
	switch (key) {
	case VIEW_UP: case VIEW_DOWN: case VIEW_PAGE_UP: case VIEW_PAGE_DOWN: case VIEW_HOME:
	case VIEW_END: case 'j': case 'k': case 'g': case 'G':
		move(view, key);
		return true;
	case VIEW_ENTER: case '\n':
		open_detail(view);
		return true;
	case 's': case '>':
		reorder(view, 1, false);
		return true;
	case 'S': case '<':
		reorder(view, -1, false);
		return true;
	case 'r':
		reorder(view, 0, true);
		return true;
	case 'a':
		view->only_findings = !view->only_findings;
		view->is_stale = true;
		return true;
	case VIEW_ESCAPE:
		view->filter.text[0] = '\0';
		filter_anew(view);
		return true;
	default:
		return false;
	}
}

/* A screen that stands still shows flows, too, wherever it was when it stopped. */
static void pause(struct view *view)
{
	view->is_paused = !view->is_paused;
	view->is_wanting = view->is_paused && view->tab != TAB_FLOWS;
}

static bool press_anywhere(struct view *view, uint32_t key)
{
	if (key >= '1' && key < '1' + VIEW_TABS)
		turn_to(view, key - '1');
	else if (key == '\t' || key == VIEW_RIGHT)
		turn_to(view, view->tab + 1u);
	else if (key == VIEW_TAB_BACK || key == VIEW_LEFT)
		turn_to(view, view->tab + VIEW_TABS - 1u);
	else if (key == 'p')
		pause(view);
	else if (key == 'q' || key == 'Q')
		view->is_over = true;
	else if (key == '?' || key == 'h')
		view->mode = view->mode == MODE_HELP ? MODE_LIST : MODE_HELP;
	else if (key == '/') {
		view->mode = MODE_LIST;
		view->is_typing = true;
	} else {
		return false;
	}
	return true;
}

void view_key(struct view *view, uint32_t key)
{
	if (view->is_typing && key < KEYS_ARE_ABOVE) {
		type(view, key);
		return;
	}
	if (view->is_typing && key == VIEW_BACKSPACE) {
		type(view, key);
		return;
	}
	if (press_anywhere(view, key))
		return;
	if (view->mode == MODE_DETAIL)
		press_in_detail(view, key);
	else if (view->mode == MODE_HELP)
		view->mode = MODE_LIST;
	else
		press_in_list(view, key);
}

/* --- drawing --- */

static void put_clock(struct text *t, uint64_t s)
{
	text_printf(t, "%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600, s / 60 % 60, s % 60);
}

/* The right part of the head line; figures stand still while it is paused. */
static void draw_figures(const struct view *view, struct cells *cells, unsigned left)
{
	const struct view_facts *f = &view->facts;
	char rate[NUMBER_TEXT], lost[NUMBER_TEXT];
	struct text t = { 0 };
	unsigned width;

	put_clock(&t, view->second);
	text_printf(&t, "  %s pkt/s  ", number_text(f->traffic.rate, rate));
	pulse_spark(&f->traffic, f->moment.second, view->options.ascii, &t);
	text_printf(&t, "  %s lost ", number_text(f->moment.lost, lost));
	width = cells_width(cells, text_string(&t));
	if (cells->columns > left + width)
		cells_put(cells, 0, cells->columns - width, width,
			  f->lost.rate > 0 ? INK_BAD : INK_PLAIN, text_string(&t));
	text_release(&t);
}

static void draw_head(const struct view *view, struct cells *cells)
{
	unsigned at = 1 + cells_put(cells, 0, 1, cells->columns, INK_HEAD, "weir watch");
	struct text t = { 0 };

	at += 2;
	at += cells_put(cells, 0, at, cells->columns > 70 ? cells->columns - 70 + 12 : 12,
			INK_PLAIN, text_string(&view->interfaces));
	text_printf(&t, "policy %s / %s", view->options.policy->name, view->options.boundary->name);
	if (at + 2 + t.n + 44 < cells->columns)
		at += 2 + cells_put(cells, 0, at + 2, cells->columns, INK_DIM, text_string(&t));
	text_release(&t);
	draw_figures(view, cells, at + 1);
}

static void draw_tabs(const struct view *view, struct cells *cells)
{
	static const char hints[] = "/ filter   ? help ";
	struct text t = { 0 };
	unsigned at = 1;

	for (unsigned i = 0; i < VIEW_TABS; i++) {
		bool is_here = i == view->tab;

		text_reset(&t);
		if (is_here)
			text_printf(&t, "[%u %s]", i + 1, view_tabs[i].title);
		else if (cells->columns < TITLES_LEAST)
			text_printf(&t, " %u ", i + 1);
		else
			text_printf(&t, " %u %s ", i + 1, view_tabs[i].title);
		at += cells_put(cells, 1, at, cells->columns, is_here ? INK_HEAD : INK_PLAIN,
				text_string(&t));
	}
	text_reset(&t);
	if (view->filter.text[0] && !view->is_typing) {
		text_put(&t, "/");
		text_escape_utf8(&t, span_of(view->filter.text));
		text_put(&t, " ");
		if (at + 2 < cells->columns)
			cells_put_right(cells, 1, at + 2, cells->columns - at - 2, INK_WARN,
					text_string(&t));
	} else if (at + sizeof(hints) < cells->columns) {
		cells_put_right(cells, 1, at, cells->columns - at, INK_DIM, hints);
	}
	text_release(&t);
}

static void put_cell(struct cells *cells, unsigned row, unsigned at, unsigned width,
		     const struct view_column *column, enum ink ink, const struct text *text)
{
	if (column->is_right)
		cells_put_right(cells, row, at, width, (uint8_t)ink, text_string(text));
	else
		cells_put(cells, row, at, width, (uint8_t)ink, text_string(text));
}

static void draw_titles(const struct view *view, struct cells *cells, unsigned row,
			const uint8_t *widths)
{
	const struct view_page *page = &view->pages[view->tab];
	const struct view_tab_of *tab = &view_tabs[view->tab];
	bool rises = view_column_is_text(tab->columns[page->sort].field) != page->is_reversed;
	const char *mark = view->options.ascii ? (rises ? "^" : "v") : (rises ? "▲" : "▼");
	unsigned at = 1;

	for (size_t i = 0; i < tab->n; i++) {
		const struct view_column *c = &tab->columns[i];
		struct text t = { 0 };

		if (widths[i] == 0)
			continue;
		text_put_n(&t, c->title,
			   strnlen(c->title, widths[i] - (i == page->sort ? 1u : 0u)));
		text_put(&t, i == page->sort ? mark : "");
		put_cell(cells, row, at, widths[i], c, INK_HEAD, &t);
		at += widths[i] + 1u;
		text_release(&t);
	}
}

static void draw_row(const struct view *view, struct cells *cells, unsigned row,
		     const uint8_t *widths, const struct view_row *r)
{
	const struct view_tab_of *tab = &view_tabs[view->tab];
	struct text t = { 0 };
	unsigned at = 1;

	for (size_t i = 0; i < tab->n; i++) {
		enum ink ink;

		if (widths[i] == 0)
			continue;
		text_reset(&t);
		ink = view_column_put(view, r, tab->columns[i].field, &t);
		put_cell(cells, row, at, widths[i], &tab->columns[i], ink, &t);
		at += widths[i] + 1u;
	}
	text_release(&t);
}

static const char *emptiness(const struct view *view)
{
	static const char *const nothing[VIEW_TABS] = {
		"This boundary has no rules.", "No multicast was heard yet.",
		"Nobody asked for a group yet: hosts do when a querier asks, about every 2 minutes.",
		"No RAS server announced itself yet: they do once an hour, so this proves nothing.",
		"No MSDP session was seen.", "Nothing odd was seen." };

	if (view->facts.tabs[view->tab].n > 0)
		return view->filter.n > 0 ? "Nothing matches the filter (esc: all)."
					  : "No findings here (a: all).";
	return nothing[view->tab];
}

static void draw_list(struct view *view, struct cells *cells, unsigned from, unsigned to)
{
	const struct view_page *page = &view->pages[view->tab];
	uint8_t widths[VIEW_COLUMNS_MAX];
	unsigned row = from + 1;

	view_columns_fit(view->tab, cells->columns > 2 ? cells->columns - 2 : 0, widths);
	draw_titles(view, cells, from, widths);
	view->page_rows = to > row ? to - row : 0;
	view_pick(view, view->page_rows);
	if (view->picked_n == 0)
		cells_put(cells, row, 1, cells->columns, INK_DIM, emptiness(view));
	for (size_t i = page->top; i < view->picked_n && row < to; i++, row++) {
		draw_row(view, cells, row, widths,
			 &view->facts.tabs[view->tab].list[view->picked[i].row]);
		if (i == page->place)
			cells_reverse(cells, row, 0, cells->columns);
	}
}

/* "1-18 of 95,012 flows" and what found no room. */
static void put_position(const struct view *view, struct text *t)
{
	const struct view_page *page = &view->pages[view->tab];
	size_t end = page->top + view->page_rows;
	char first[NUMBER_TEXT], last[NUMBER_TEXT], all[NUMBER_TEXT], gone[NUMBER_TEXT];
	uint64_t evicted = view->tab == TAB_FLOWS     ? view->facts.flows_evicted
			   : view->tab == TAB_MEMBERS ? view->facts.members_evicted
						      : 0;

	end = end < view->picked_n ? end : view->picked_n;
	if (view->is_paused)
		text_put(t, "PAUSED  ");
	if (view->only_findings)
		text_put(t, "only findings  ");
	if (evicted > 0)
		text_printf(t, "%s forgotten  ", number_text(evicted, gone));
	if (view->mode == MODE_LIST && view->picked_n > 0)
		text_printf(t, "%s-%s of %s ", number_text(page->top + 1, first),
			    number_text(end, last), number_text(view->picked_n, all));
}

static const char *keys_of(const struct view *view)
{
	if (view->mode == MODE_HELP)
		return "any key: back  q: quit";
	if (view->mode == MODE_DETAIL)
		return "enter: back  up, down: more  p: pause  q: quit";
	return "enter: explain  s: sort  p: pause  a: findings  q: quit";
}

static void draw_foot(const struct view *view, struct cells *cells, unsigned row)
{
	struct text t = { 0 }, position = { 0 };
	unsigned room, ink = INK_DIM;

	put_position(view, &position);
	room = cells_width(cells, text_string(&position));
	if (cells->columns > room)
		cells_put(cells, row, cells->columns - room, room,
			  view->is_paused ? INK_WARN : INK_DIM, text_string(&position));
	if (view->is_typing) {
		text_put(&t, "/");
		text_escape_utf8(&t, span_of(view->filter.text));
		text_put(&t, "_   enter: keep  esc: none  (group: source: rule: point: verdict: host:)");
		ink = INK_WARN;
	} else if (view->message.n > 0 && view->second < view->message_until) {
		text_put(&t, text_string(&view->message));
		ink = INK_WARN;
	} else {
		text_put(&t, keys_of(view));
	}
	if (cells->columns > room + 2)
		cells_put(cells, row, 1, cells->columns - room - 2, (uint8_t)ink, text_string(&t));
	text_release(&t);
	text_release(&position);
}

void view_draw(struct view *view, struct cells *cells)
{
	unsigned last = cells->rows - 1;

	if (cells->rows < ROWS_LEAST || cells->columns < COLUMNS_LEAST) {
		cells_put(cells, 0, 0, cells->columns, INK_PLAIN, "24x5 at least");
		return;
	}
	draw_head(view, cells);
	draw_tabs(view, cells);
	if (view->mode == MODE_HELP)
		view_draw_help(view, cells, HEAD_ROWS, last);
	else if (view->mode == MODE_DETAIL)
		view_draw_detail(view, cells, HEAD_ROWS, last);
	else
		draw_list(view, cells, HEAD_ROWS, last);
	draw_foot(view, cells, last);
}
