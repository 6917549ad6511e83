/* SPDX-License-Identifier: BSD-2-Clause */
/* The full-screen view of `weir watch` without its terminal: facts come from an engine, keys change
 * what is shown, and the screen is drawn into cells.  Texts from packets are escaped when they are
 * gathered.  Knows no terminal, no clock and no packet. */
#ifndef WEIR_SINK_VIEW_H
#define WEIR_SINK_VIEW_H

#include "engine/report.h"
#include "net/registry.h"
#include "policy/table.h"
#include "sink/cells.h"
#include "sink/view_facts.h"
#include "sink/view_filter.h"

/* Keys that are no character. */
enum view_key {
	KEYS_ARE_ABOVE = 0x110000,
	VIEW_UP,
	VIEW_DOWN,
	VIEW_LEFT,
	VIEW_RIGHT,
	VIEW_PAGE_UP,
	VIEW_PAGE_DOWN,
	VIEW_HOME,
	VIEW_END,
	VIEW_TAB_BACK,
	VIEW_BACKSPACE,
};

#define VIEW_ESCAPE 27
#define VIEW_ENTER '\r'
#define VIEW_MESSAGE_S 6		/* how long a message stays */

struct view_options {
	const struct policy	  *policy;
	const struct boundary	  *boundary;
	const struct table	  *table;
	const struct registry	  *registry;
	const char *const	  *interfaces;	/* names by link / 2 */
	size_t			   interface_count;
	bool			   ascii;
};

/* What a tab remembers. */
struct view_page {
	uint8_t	 sort;			/* index of the column */
	bool	 is_reversed, is_held;	/* held: the selection follows its row, not its place */
	uint64_t held_id;
	size_t	 top, place;		/* first row shown, selected row */
};

enum view_mode { MODE_LIST, MODE_DETAIL, MODE_HELP };

/* A row that passes the filter, with its place in the order: by `key`, then by `tie`. */
struct view_pick {
	uint64_t key, tie;
	uint32_t row;
	uint32_t name;			/* of its group, in `group_names`, where names order */
};

struct view {
	struct view_options options;
	struct view_facts   facts;
	struct view_filter  filter;
	struct view_page    pages[VIEW_TABS];
	enum view_tab	    tab;
	enum view_mode	    mode;
	bool		    is_typing, is_paused, only_findings, is_over;
	bool		    is_wanting;		/* flows, see view_gather_flows() */
	struct text	    interfaces;		/* of the head line, safe */
	struct text	    message;		/* safe; shown until message_until */
	uint64_t	    message_until, second;
	struct view_row	    detail;
	size_t		    detail_top;
	struct view_pick   *picked;		/* rows that pass the filter, in no order but within the
						 * window */
	size_t		    picked_n, picked_cap;
	struct text	    group_names;	/* each looked up once, for they are compared often */
	bool		    is_stale;		/* `picked` is of other facts, filter or order */
	bool		    is_text_order;
	unsigned	    page_rows;		/* that fitted when it was drawn last */
};

/* The options are borrowed.  Release it at the end. */
void view_init(struct view *view, const struct view_options *options);
void view_release(struct view *view);

/* Takes the figures of an engine that goes on, once a second; not while paused. */
void view_gather(struct view *view, struct engine *engine, const struct view_moment *moment);
/* After keys: flows, where they are wanted now.  They may be many, and are taken by view_gather() only
 * while they are looked at. */
void view_gather_flows(struct view *view, const struct engine *engine);
/* What stands behind the program's name, and a line that is shown for a while; both are escaped. */
void view_say_interfaces(struct view *view, const char *text);
void view_say(struct view *view, const char *text);

/* A character or an enum view_key.  `is_over` is set where it asks for the end. */
void view_key(struct view *view, uint32_t key);
/* Draws into cells of any size. */
void view_draw(struct view *view, struct cells *cells);

/* For the files of the view. */

/* sink/view_pick.c: chooses the rows of the tab by the filter, and brings those from `top` on, at
 * most n, in order; moves `top` and the place so that the selection is shown. */
void view_pick(struct view *view, size_t n);
/* The selected row, or NULL; view_pick() went before. */
const struct view_row *view_selected(const struct view *view);
/* sink/view_detail.c, below the tabs */
void view_draw_detail(struct view *view, struct cells *cells, unsigned from, unsigned to);
/* sink/view_help.c */
void view_draw_help(const struct view *view, struct cells *cells, unsigned from, unsigned to);

#endif
