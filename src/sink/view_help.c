/* SPDX-License-Identifier: BSD-2-Clause */
/* The view's help: one screen of 80 by 24, two columns where there is room. */
#include "sink/view.h"

static const char *const lines[] = {
	"1 to 6, tab       rules, flows, members, RAS servers, MSDP, oddities",
	"arrows, j, k, page up, page down, home, end",
	"                  choose a row; at home the list moves freely below the bar",
	"enter             the row in full, and why: rule, file and line, reference",
	"s, S, r           sort by the next column, the one before, the other way",
	"/                 filter: type; enter keeps it, esc drops it",
	"a                 only findings",
	"p                 pause the screen; counting goes on",
	"ctrl-z            stop weir; fg comes back",
	"q, ctrl-c         quit; the last screen stays in the scrollback",
	"",
	"A filter is words that must all hold; -word must not:",
	"  group:239.1     the group begins so, or is called so",
	"  group:239.0.0.0/8, source:10.0.0.0/8     it lies in the prefix; of rules:",
	"                  they ask for some of it",
	"  rule:bogon  verdict:deny  point:sa  host:vpn  interface:eth0  state:left",
	"  ssdp            any of these, and the names of groups",
	"",
	"LAST MINUTE is eight bars of 8 seconds, each row on a scale of its own.",
	"A dim row is quiet: never hit, link-local, left or gone.  ~ is an estimate.",
};

void view_draw_help(const struct view *view, struct cells *cells, unsigned from, unsigned to)
{
	(void)view;
	for (unsigned i = 0; i < COUNT(lines) && from + i < to; i++)
		cells_put(cells, from + i, 1, cells->columns > 2 ? cells->columns - 2 : 0,
			  lines[i][0] == 'A' ? INK_HEAD : INK_PLAIN, lines[i]);
}
