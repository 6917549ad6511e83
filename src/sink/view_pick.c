/* SPDX-License-Identifier: BSD-2-Clause */
/* Which rows of a tab are shown.  There may be hundreds of thousands: those that pass the filter
 * are gathered once for each change, and only the window is put in order, by selection. */
#include <stdlib.h>

#include "base/memory.h"
#include "sink/view_columns.h"

static const struct view_row *row_at(const struct view *view, size_t i)
{
	return &view->facts.tabs[view->tab].list[view->picked[i]];
}

static int order_rows(const struct view *view, const struct view_row *a, const struct view_row *b)
{
	const struct view_page *page = &view->pages[view->tab];
	const struct view_column *column = &view_tabs[view->tab].columns[page->sort];
	int order = view_column_order(view, a, b, column->field);

	if (order != 0)
		return page->is_reversed ? -order : order;
	if (a->is_quiet != b->is_quiet)
		return a->is_quiet ? 1 : -1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

static bool before(const struct view *view, uint32_t a, uint32_t b)
{
	const struct view_row *list = view->facts.tabs[view->tab].list;

	return order_rows(view, &list[a], &list[b]) < 0;
}

static void gather(struct view *view)
{
	const struct view_rows *rows = &view->facts.tabs[view->tab];
	const struct view_context context = { .facts = &view->facts,
					      .registry = view->options.registry,
					      .interfaces = view->options.interfaces,
					      .interface_count = view->options.interface_count };

	if (rows->n > view->picked_cap) {
		view->picked_cap = rows->n * 2;
		view->picked = memory_grow(view->picked, view->picked_cap, sizeof(view->picked[0]));
	}
	view->picked_n = 0;
	for (size_t i = 0; i < rows->n; i++)
		if ((!view->only_findings || rows->list[i].is_finding) &&
		    view_filter_pass(&view->filter, &context, &rows->list[i]))
			view->picked[view->picked_n++] = (uint32_t)i;
	view->is_stale = false;
}

static void swap(uint32_t *a, uint32_t *b)
{
	uint32_t held = *a;

	*a = *b;
	*b = held;
}

/* The middle one of three makes sorted lists harmless. */
static uint32_t pivot_of(const struct view *view, const uint32_t *list, size_t n)
{
	uint32_t a = list[0], b = list[n / 2], c = list[n - 1];

	if (before(view, a, b))
		return before(view, b, c) ? b : before(view, a, c) ? c : a;
	return before(view, a, c) ? a : before(view, b, c) ? c : b;
}

/* Hoare's partition: what stands before the pivot goes to the front; where the parts meet. */
static size_t part(const struct view *view, uint32_t *list, size_t n)
{
	uint32_t pivot = pivot_of(view, list, n);
	size_t i = 0, j = n - 1;

	for (;;) {
		while (before(view, list[i], pivot))
			i++;
		while (before(view, pivot, list[j]))
			j--;
		if (i >= j)
			return j + 1;
		swap(&list[i++], &list[j--]);
	}
}

/* Puts [from, to) of the list in order as if the whole were sorted. */
static void sort_window(const struct view *view, uint32_t *list, size_t n, size_t from, size_t to)
{
	while (n > 1 && from < to) {
		size_t middle;

		if (n == 2) {
			if (before(view, list[1], list[0]))
				swap(&list[0], &list[1]);
			return;
		}
		middle = part(view, list, n);
		if (to <= middle) {
			n = middle;
		} else if (from >= middle) {
			list += middle;
			n -= middle;
			from -= middle;
			to -= middle;
		} else {
			sort_window(view, list, middle, from, middle);
			list += middle;
			n -= middle;
			from = 0;
			to -= middle;
		}
	}
}

/* Where the row that is held stands now: how many stand before it. */
static void follow_row(struct view *view, struct view_page *page)
{
	const struct view_row *held = NULL;
	size_t place = 0;

	for (size_t i = 0; i < view->picked_n && !held; i++)
		if (row_at(view, i)->id == page->held_id)
			held = row_at(view, i);
	if (!held)
		return;
	for (size_t i = 0; i < view->picked_n; i++)
		place += order_rows(view, row_at(view, i), held) < 0;
	page->place = place;
}

void view_pick(struct view *view, size_t n)
{
	struct view_page *page = &view->pages[view->tab];
	size_t last;

	if (view->is_stale) {
		gather(view);
		if (page->is_held)
			follow_row(view, page);
	}
	last = view->picked_n > 0 ? view->picked_n - 1 : 0;
	page->place = page->place < last ? page->place : last;
	if (page->place < page->top)
		page->top = page->place;
	if (n > 0 && page->place >= page->top + n)
		page->top = page->place - n + 1;
	if (page->top + n > view->picked_n)
		page->top = view->picked_n > n ? view->picked_n - n : 0;
	last = page->top + n < view->picked_n ? page->top + n : view->picked_n;
	sort_window(view, view->picked, view->picked_n, page->top, last);
	if (page->is_held && view->picked_n > 0)
		page->held_id = row_at(view, page->place)->id;
}

const struct view_row *view_selected(const struct view *view)
{
	const struct view_page *page = &view->pages[view->tab];

	return page->place < view->picked_n ? row_at(view, page->place) : NULL;
}
