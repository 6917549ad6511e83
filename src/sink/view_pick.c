/* SPDX-License-Identifier: BSD-2-Clause */
/* Which rows of a tab are shown.  There may be hundreds of thousands: those that pass the filter
 * are gathered once for each change, and only the window is put in order, by selection. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "sink/view_columns.h"

#define QUIET_TIE (UINT64_C(1) << 63)

static const struct view_row *row_at(const struct view *view, size_t i)
{
	return &view->facts.tabs[view->tab].list[view->picked[i].row];
}

/* By the column; then what is not quiet, what counts most, and whatever tells two rows apart. */
static struct view_pick pick_of(const struct view *view, uint32_t row, uint64_t key)
{
	const struct view_page *page = &view->pages[view->tab];
	const struct view_row *r = &view->facts.tabs[view->tab].list[row];
	uint64_t count = r->count < INT32_MAX ? r->count : INT32_MAX;

	return (struct view_pick){ .key = page->is_reversed ? ~key : key,
				   .row = row,
				   .tie = (r->is_quiet ? QUIET_TIE : 0) |
					  (INT32_MAX - count) << 32 |
					  (uint32_t)(r->id ^ r->id >> 32) };
}

static enum view_field order_field(const struct view *view)
{
	return view_tabs[view->tab].columns[view->pages[view->tab].sort].field;
}

static void pick(struct view *view, uint32_t row)
{
	const struct view_row *r = &view->facts.tabs[view->tab].list[row];
	struct view_pick *out = &view->picked[view->picked_n++];
	struct group_name held;
	const char *name;

	if (order_field(view) != FIELD_GROUP_NAME) {
		*out = pick_of(view, row, view_column_key(view, r, order_field(view)));
		return;
	}
	name = view_group_name(view, r, &held);
	*out = pick_of(view, row, view_text_key(name));
	out->name = (uint32_t)view->group_names.n;
	text_put_n(&view->group_names, name, strlen(name) + 1);
}

/* Texts and addresses that begin alike. */
static int order_exactly(const struct view *view, const struct view_pick *a,
			 const struct view_pick *b)
{
	const struct view_page *page = &view->pages[view->tab];
	const struct view_row *list = view->facts.tabs[view->tab].list;
	enum view_field field = order_field(view);
	int order = 0;

	if (field == FIELD_GROUP_NAME) {
		order = strcmp(view->group_names.p + a->name, view->group_names.p + b->name);
		field = FIELD_GROUP;
	}
	if (order == 0)
		order = view_column_order(view, &list[a->row], &list[b->row], field);
	return page->is_reversed ? -order : order;
}

static bool before(const struct view *view, const struct view_pick *a, const struct view_pick *b)
{
	int order = 0;

	if (a->key != b->key)
		return a->key < b->key;
	if (view->is_text_order)
		order = order_exactly(view, a, b);
	if (order != 0)
		return order < 0;
	return a->tie != b->tie ? a->tie < b->tie : a->row < b->row;
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
	text_reset(&view->group_names);
	view->is_text_order = view_column_is_text(order_field(view));
	for (size_t i = 0; i < rows->n; i++)
		if ((!view->only_findings || rows->list[i].is_finding) &&
		    view_filter_pass(&view->filter, &context, &rows->list[i]))
			pick(view, (uint32_t)i);
	view->is_stale = false;
}

static void swap(struct view_pick *a, struct view_pick *b)
{
	struct view_pick held = *a;

	*a = *b;
	*b = held;
}

/* The middle one of three makes sorted lists harmless. */
static struct view_pick pivot_of(const struct view *view, const struct view_pick *list, size_t n)
{
	const struct view_pick *a = &list[0], *b = &list[n / 2], *c = &list[n - 1];

	if (before(view, a, b))
		return *(before(view, b, c) ? b : before(view, a, c) ? c : a);
	return *(before(view, a, c) ? a : before(view, b, c) ? c : b);
}

/* Hoare's partition: what stands before the pivot goes to the front; where the parts meet. */
static size_t part(const struct view *view, struct view_pick *list, size_t n)
{
	struct view_pick pivot = pivot_of(view, list, n);
	size_t i = 0, j = n - 1;

	for (;;) {
		while (before(view, &list[i], &pivot))
			i++;
		while (before(view, &pivot, &list[j]))
			j--;
		if (i >= j)
			return j + 1;
		swap(&list[i++], &list[j--]);
	}
}

/* Puts [from, to) of the list in order as if the whole were sorted. */
static void sort_window(const struct view *view, struct view_pick *list, size_t n, size_t from,
			size_t to)
{
	while (n > 1 && from < to) {
		size_t middle;

		if (n == 2) {
			if (before(view, &list[1], &list[0]))
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
	size_t place = 0, held = 0;

	while (held < view->picked_n && row_at(view, held)->id != page->held_id)
		held++;
	if (held == view->picked_n)
		return;
	for (size_t i = 0; i < view->picked_n; i++)
		place += before(view, &view->picked[i], &view->picked[held]);
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
