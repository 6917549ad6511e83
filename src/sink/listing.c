/* SPDX-License-Identifier: BSD-2-Clause */
/* Printing a table row by row, so that it may be long.  RFC 4180 for CSV, with CR LF behind each
 * row.  Knows nothing of what it prints. */
#include "sink/listing.h"

#include <string.h>

#include "os/localtime.h"

#define SPARE_MAX 3
#define LAST_LEAST 10		/* of the last column, which has the rest of the line */

/* --- text --- */

static bool is_shown(const struct listing *l, size_t i)
{
	return l->columns[i].title && !(l->left_out >> i & 1);
}

static void choose_columns(struct listing *l)
{
	for (unsigned spare = 0; l->is_folded && spare <= SPARE_MAX; spare++) {
		unsigned width = LAST_LEAST;

		for (size_t i = 0; i < l->column_count; i++) {
			if (spare > 0 && l->columns[i].spare == spare)
				l->left_out |= UINT32_C(1) << i;
			if (is_shown(l, i) && l->columns[i].width)
				width += l->columns[i].width + 1;
		}
		if (width <= l->sheet.columns)
			return;
	}
}

static void print_head(struct listing *l)
{
	for (size_t i = 0; i < l->column_count; i++) {
		const struct listing_column *c = &l->columns[i];

		if (!is_shown(l, i))
			continue;
		if (c->kind == CELL_NUMBER || c->kind == CELL_BYTES)
			sheet_right(&l->sheet, c->width, INK_HEAD, c->title);
		else
			sheet_left(&l->sheet, c->width, INK_HEAD, c->title);
	}
	sheet_end(&l->sheet);
}

/* On a terminal, what is wider than its column lets the next one begin below it, and what does not fit
 * into the last column stands at the end of the next line.  Elsewhere a row is one line. */
static void put_whole(struct listing *l, unsigned width, enum ink ink, const char *text)
{
	struct sheet *s = &l->sheet;
	unsigned from = s->at, n = (unsigned)strlen(text);

	if (width == 0 && l->is_folded && from + n > s->columns) {
		sheet_end(s);
		sheet_to(s, n < s->columns ? s->columns - n : 0);
	}
	sheet_put(s, ink, text);
	if (width == 0)
		return;
	if (l->is_folded && s->at > from + width)
		sheet_end(s);
	sheet_to(s, s->at > from + width ? s->at + 1 : from + width + 1);
}

static void put_text(struct listing *l, unsigned width, const struct listing_cell *cell)
{
	struct text safe = { 0 };

	if (cell->is_escaped) {
		put_whole(l, width, cell->ink, cell->text);
		return;
	}
	text_escape_utf8(&safe, span_of(cell->text));
	put_whole(l, width, cell->ink, text_string(&safe));
	text_release(&safe);
}

static void put_figure(struct sheet *s, unsigned width, uint64_t value, const char *text)
{
	unsigned n = (unsigned)strlen(text);

	sheet_right(s, n > width ? n : width, value ? INK_PLAIN : INK_DIM, text);
}

/* The day alone in a column that has no room for more. */
static void put_time(struct sheet *s, unsigned width, struct mtime at)
{
	char date[LOCAL_TIME_TEXT], clock[LOCAL_TIME_TEXT], both[2 * LOCAL_TIME_TEXT];

	snprintf(both, sizeof(both), "%s %.5s", local_date_text(at, date), local_clock_text(at, 0, clock));
	sheet_left(s, width, INK_PLAIN, width > 0 && width < strlen(both) ? date : both);
}

/* A lower block is less; blank is nothing. */
static void put_bars(struct sheet *s, const uint64_t *bars, size_t n, bool ascii)
{
	static const char *const blocks[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const letters[] = { "_", ".", "-", "=", "+", "*", "%", "#" };
	const char *const *signs = ascii ? letters : blocks;
	uint64_t most = 0;

	for (size_t i = 0; i < n; i++)
		most = bars[i] > most ? bars[i] : most;
	for (size_t i = 0; i < n && most > 0; i++) {
		double part = (double)bars[i] / (double)most;

		sheet_put(s, INK_PLAIN, bars[i] ? signs[(size_t)(part * 7.0)] : " ");
	}
}

static void print_cell(struct listing *l, const struct listing_column *c,
		       const struct listing_cell *cell)
{
	char buffer[NUMBER_TEXT];

	if (cell->is_absent) {
		sheet_left(&l->sheet, c->width, INK_DIM, c->absent ? c->absent : "");
		return;
	}
	switch (c->kind) {
	case CELL_TEXT:
		put_text(l, c->width, cell);
		return;
	case CELL_YES:
		sheet_left(&l->sheet, c->width, cell->ink, cell->number ? "yes" : "no");
		return;
	case CELL_NUMBER:
		put_figure(&l->sheet, c->width, cell->number, number_text(cell->number, buffer));
		return;
	case CELL_BYTES:
		put_figure(&l->sheet, c->width, cell->number,
			   cell->number ? bytes_text(cell->number, buffer) : "-");
		return;
	case CELL_TIME:
		put_time(&l->sheet, c->width, cell->at);
		return;
	case CELL_BARS:
		put_bars(&l->sheet, cell->bars, cell->number, l->ascii);
		return;
	}
}

static void print_group(struct listing *l, const char *group)
{
	if (l->rows > 0 && strncmp(group, l->last_group, sizeof(l->last_group) - 1) == 0)
		return;
	snprintf(l->last_group, sizeof(l->last_group), "%s", group);
	if (l->rows > 0)
		sheet_end(&l->sheet);
	sheet_printf(&l->sheet, INK_PLAIN, "%s ", l->group);
	put_text(l, 0, &(struct listing_cell){ .text = group });
	sheet_end(&l->sheet);
	print_head(l);
}

static void print_row(struct listing *l, const char *group, const struct listing_cell *cells)
{
	if (l->group)
		print_group(l, group);
	else if (l->rows == 0)
		print_head(l);
	for (size_t i = 0; i < l->column_count; i++)
		if (is_shown(l, i))
			print_cell(l, &l->columns[i], &cells[i]);
	sheet_end(&l->sheet);
}

/* --- CSV --- */

/* Control bytes are gone by escaping; what a spreadsheet would compute gets an apostrophe. */
static void put_field(struct text *out, const struct listing_cell *cell)
{
	struct text safe = { 0 };

	if (cell->is_escaped)
		text_put(&safe, cell->text);
	else
		text_escape_utf8(&safe, span_of(cell->text));
	text_char(out, '"');
	if (safe.n > 0 && strchr("=+-@", safe.p[0]))
		text_char(out, '\'');
	for (size_t i = 0; i < safe.n; i++) {
		if (safe.p[i] == '"')
			text_char(out, '"');
		text_char(out, safe.p[i]);
	}
	text_char(out, '"');
	text_release(&safe);
}

static void put_value(struct text *out, const struct listing_column *c,
		      const struct listing_cell *cell)
{
	char time[MTIME_TEXT];

	if (cell->is_absent)
		return;
	if (c->kind == CELL_TEXT) {
		put_field(out, cell);
	} else if (c->kind == CELL_YES) {
		text_put(out, cell->number ? "yes" : "no");
	} else if (c->kind == CELL_TIME) {
		text_put(out, mtime_text(cell->at, 6, time));
	} else if (c->kind == CELL_BARS) {
		for (size_t i = 0; i < cell->number; i++) {
			text_put(out, i > 0 ? " " : "");
			text_number(out, cell->bars[i]);
		}
	} else {
		text_number(out, cell->number);
	}
}

static void write_text(struct listing *l)
{
	if (l->text.n > 0)
		fwrite(l->text.p, 1, l->text.n, l->out);
	text_reset(&l->text);
}

static void put_csv(struct listing *l, const struct listing_cell *cells)
{
	bool is_first = true;

	for (size_t i = 0; i < l->column_count; i++) {
		if (!l->columns[i].key)
			continue;
		text_put(&l->text, is_first ? "" : ",");
		if (cells)
			put_value(&l->text, &l->columns[i], &cells[i]);
		else
			text_put(&l->text, l->columns[i].key);
		is_first = false;
	}
	text_put(&l->text, "\r\n");
	write_text(l);
}

/* --- JSON --- */

static void put_member(struct json *j, const struct listing_column *c,
		       const struct listing_cell *cell)
{
	if (!c->key || cell->is_absent)
		return;
	if (c->kind == CELL_TEXT && cell->is_escaped) {
		json_escaped(j, c->key, cell->text);
	} else if (c->kind == CELL_TEXT) {
		json_string(j, c->key, cell->text);
	} else if (c->kind == CELL_YES) {
		json_bool(j, c->key, cell->number != 0);
	} else if (c->kind == CELL_TIME) {
		json_time(j, c->key, cell->at, 6);
	} else if (c->kind == CELL_BARS) {
		json_open_array(j, c->key);
		for (size_t i = 0; i < cell->number; i++)
			json_number(j, NULL, cell->bars[i]);
		json_close_array(j);
	} else {
		json_number(j, c->key, cell->number);
	}
}

static void put_object(struct listing *l, const struct listing_cell *cells)
{
	json_open(&l->json, NULL);
	for (size_t i = 0; i < l->column_count; i++)
		put_member(&l->json, &l->columns[i], &cells[i]);
	json_close(&l->json);
	write_text(l);
}

/* --- the table --- */

void listing_begin(struct listing *l, const char *schema, const char *name)
{
	if (l->format == LISTING_CSV)
		put_csv(l, NULL);
	if (l->format == LISTING_TEXT)
		choose_columns(l);
	if (l->format != LISTING_JSON)
		return;
	l->json = json_of(&l->text);
	json_open(&l->json, NULL);
	json_string(&l->json, "schema", schema);
	json_open_array(&l->json, name);
}

void listing_row(struct listing *l, const char *group, const struct listing_cell *cells)
{
	if (l->format == LISTING_TEXT)
		print_row(l, group, cells);
	else if (l->format == LISTING_CSV)
		put_csv(l, cells);
	else
		put_object(l, cells);
	l->rows++;
}

void listing_end(struct listing *l)
{
	if (l->format == LISTING_JSON) {
		json_close_array(&l->json);
		json_close(&l->json);
		text_char(&l->text, '\n');
		write_text(l);
	}
	text_release(&l->text);
	sheet_release(&l->sheet);
}
