/* SPDX-License-Identifier: BSD-2-Clause */
/* Columns and line breaks of canonical text.  Widths count characters.  Knows no rule. */
#include "policy/layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "policy/text.h"

/* A cell wider than this stands out of its column rather than move all others. */
#define CELL_MAX 48
#define ALIGNED_WIDTH 140
#define LIST_WIDTH 96

static unsigned width_of(const char *text, size_t n)
{
	unsigned width = 0;

	for (size_t i = 0; i < n; i++)
		width += ((unsigned char)text[i] & 0xc0) != 0x80;
	return width;
}

static unsigned cell_width(const struct text *cell)
{
	return width_of(cell->p, cell->n);
}

struct row *rows_add(struct rows *rows)
{
	if (rows->n == rows->cap) {
		rows->cap = rows->cap ? rows->cap * 2 : 16;
		rows->list = memory_grow(rows->list, rows->cap, sizeof(*rows->list));
	}
	rows->list[rows->n] = (struct row){ 0 };
	return &rows->list[rows->n++];
}

static void release_row(struct row *row)
{
	for (unsigned c = 0; c < LAYOUT_CELLS; c++)
		text_release(&row->cells[c]);
	text_release(&row->comment);
}

void rows_release(struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		release_row(&rows->list[i]);
	free(rows->list);
	*rows = (struct rows){ .indent = rows->indent };
}

unsigned row_width(const struct row *row, unsigned indent)
{
	unsigned width = indent;

	for (unsigned c = 0; c < LAYOUT_CELLS; c++)
		if (row->cells[c].n > 0)
			width += cell_width(&row->cells[c]) + (width > indent);
	return width;
}

/* The last cell that is not empty; 0 where all are. */
static unsigned last_cell(const struct row *row)
{
	unsigned c = LAYOUT_CELLS - 1;

	while (c > 0 && row->cells[c].n == 0)
		c--;
	return c;
}

static void measure(const struct rows *rows, size_t n, unsigned out[LAYOUT_CELLS])
{
	memset(out, 0, LAYOUT_CELLS * sizeof(out[0]));
	for (size_t i = 0; i < n; i++) {
		const struct row *row = &rows->list[i];

		for (unsigned c = 0; c < last_cell(row) && !row->broken; c++) {
			unsigned width = cell_width(&row->cells[c]);

			if (width <= CELL_MAX && width > out[c])
				out[c] = width;
		}
	}
}

static void put_blanks(struct text *out, unsigned n)
{
	text_printf(out, "%*s", (int)n, "");
}

/* One row with its first `aligned` columns in their places and single blanks behind; a cell that
 * is too wide pushes the others, until they fit again. */
static void put_cells(const struct row *row, const unsigned widths[LAYOUT_CELLS],
		      unsigned aligned, unsigned indent, struct text *out)
{
	unsigned at = indent, column = indent;

	put_blanks(out, indent);
	for (unsigned c = 0; c <= last_cell(row); c++) {
		if (row->cells[c].n > 0) {
			unsigned gap = at == indent		    ? 0
				       : c < aligned && column > at ? column - at
								    : 1;

			if (row->right == c && c > 0 && c < aligned &&
			    cell_width(&row->cells[c]) < widths[c])
				gap += widths[c] - cell_width(&row->cells[c]);
			put_blanks(out, gap);
			text_put(out, row->cells[c].p);
			at += gap + cell_width(&row->cells[c]);
		}
		if (widths[c] > 0)
			column += widths[c] + 1;
	}
}

/* One row without its comment, with as many columns aligned as the line has room for; its
 * width. */
static unsigned put_row(const struct row *row, const unsigned widths[LAYOUT_CELLS],
			unsigned indent, struct text *out)
{
	size_t start = out->n;
	unsigned aligned = LAYOUT_CELLS;

	if (row->broken)
		return 0;
	put_cells(row, widths, aligned, indent, out);
	while (aligned > 0 && width_of(out->p + start, out->n - start) > ALIGNED_WIDTH) {
		out->n = start;
		put_cells(row, widths, --aligned, indent, out);
	}
	return width_of(out->p + start, out->n - start);
}

/* Where the comments of a group begin. */
static unsigned comment_column(const struct rows *rows, size_t n,
			       const unsigned widths[LAYOUT_CELLS])
{
	struct text line = { 0 };
	unsigned column = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned width;

		text_reset(&line);
		width = put_row(&rows->list[i], widths, rows->indent, &line);
		if (rows->list[i].comment.n > 0 && width > column && width < LAYOUT_WIDTH - 20)
			column = width;
	}
	text_release(&line);
	return column;
}

static void put_first(struct rows *rows, size_t n, struct text *out)
{
	unsigned widths[LAYOUT_CELLS], comments;

	measure(rows, n, widths);
	comments = comment_column(rows, n, widths);
	for (size_t i = 0; i < n; i++) {
		struct row *row = &rows->list[i];
		unsigned width = put_row(row, widths, rows->indent, out);

		if (row->comment.n > 0) {
			put_blanks(out,
				   !row->broken && width < comments ? comments - width + 2 : 2);
			text_put(out, row->comment.p);
		}
		text_char(out, '\n');
		release_row(row);
	}
	memmove(rows->list, rows->list + n, (rows->n - n) * sizeof(*rows->list));
	rows->n -= n;
}

void rows_put(struct rows *rows, struct text *out)
{
	if (rows->n > 0)
		put_first(rows, rows->n, out);
}

struct row *rows_put_before_last(struct rows *rows, struct text *out)
{
	if (rows->n > 1)
		put_first(rows, rows->n - 1, out);
	return &rows->list[0];
}

struct broken broken_of(struct text *out, const struct syntax *syntax, unsigned indent)
{
	struct broken b = { out, syntax, indent, out->n };

	put_blanks(out, indent);
	return b;
}

static unsigned column_of(const struct broken *b)
{
	return width_of(b->out->p + b->line_start, b->out->n - b->line_start);
}

static void put_line_break(struct broken *b, unsigned indent)
{
	text_char(b->out, '\n');
	b->line_start = b->out->n;
	put_blanks(b->out, indent);
}

void broken_put(struct broken *b, const char *text)
{
	text_put(b->out, text);
}

void broken_put_word(struct broken *b, const char *text)
{
	if (column_of(b) + 1 + width_of(text, strlen(text)) > LAYOUT_WIDTH)
		put_line_break(b, b->indent + 2 * LAYOUT_INDENT);
	else
		text_char(b->out, ' ');
	text_put(b->out, text);
}

/* The first comment at or behind an offset. */
static size_t find_comment(const struct comments *comments, size_t offset)
{
	size_t low = 0, high = comments->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (comments->list[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool holds_comment(const struct broken *b, const struct spot *spot)
{
	const struct comments *comments = &b->syntax->comments;
	size_t i = find_comment(comments, spot->start);

	return i < comments->n && comments->list[i].offset < spot->end;
}

static bool fits(const struct broken *b, const struct expr *e, unsigned column)
{
	struct text text = { 0 };
	unsigned width;

	if (holds_comment(b, &e->spot))
		return false;
	expr_text(e, &text);
	width = cell_width(&text);
	text_release(&text);
	return column + width <= LAYOUT_WIDTH;
}

/* A list over several lines, while it is printed. */
struct listing {
	struct broken	   *b;
	const struct expr  *list;
	struct rows	    rows;
	size_t		    comment;	/* the next one */
};

static const struct comment *take_comment(struct listing *l, size_t end)
{
	const struct comments *comments = &l->b->syntax->comments;

	if (l->comment >= comments->n || comments->list[l->comment].offset >= end)
		return NULL;
	return &comments->list[l->comment++];
}

static void put_comment_text(const struct listing *l, const struct comment *c, struct text *out)
{
	text_put_n(out, l->b->syntax->source->text + c->offset, c->n);
}

/* The comments up to an offset: the first, on the line of what stands before it, behind it. */
static void put_list_comments(struct listing *l, unsigned line, size_t end)
{
	const struct comment *c;

	while ((c = take_comment(l, end))) {
		struct row *last = l->rows.n > 0 ? &l->rows.list[l->rows.n - 1] : NULL;

		if (c->line == line && last && last->comment.n == 0) {
			put_comment_text(l, c, &last->comment);
			continue;
		}
		rows_put(&l->rows, l->b->out);
		put_blanks(l->b->out, l->rows.indent);
		put_comment_text(l, c, l->b->out);
		text_char(l->b->out, '\n');
	}
}

/* Puts an item at the end of the last line, or on a new one. */
static void put_item(struct listing *l, const struct expr *item, bool last)
{
	struct row *row = l->rows.n > 0 ? &l->rows.list[l->rows.n - 1] : NULL;
	struct text text = { 0 };

	item_text(item, &text);
	if (!last)
		text_char(&text, ',');
	if (!row || row->comment.n > 0 ||
	    l->rows.indent + cell_width(&row->cells[0]) + 1 + cell_width(&text) > LIST_WIDTH)
		row = rows_add(&l->rows);
	if (row->cells[0].n > 0)
		text_char(&row->cells[0], ' ');
	text_put(&row->cells[0], text.p);
	text_release(&text);
}

static void put_broken_list(struct broken *b, const struct expr *list)
{
	struct listing l = { .b = b, .list = list, .rows.indent = b->indent + LAYOUT_INDENT };
	size_t first = list->n > 0 ? list->list[0]->spot.start : list->spot.end;
	const struct comment *c;

	l.comment = find_comment(&b->syntax->comments, list->spot.start);
	text_char(b->out, '{');
	c = l.comment < b->syntax->comments.n ? &b->syntax->comments.list[l.comment] : NULL;
	if (c && c->offset < first && c->line == list->spot.line) {
		text_put(b->out, "  ");
		put_comment_text(&l, c, b->out);
		l.comment++;
	}
	text_char(b->out, '\n');
	put_list_comments(&l, 0, first);
	for (size_t i = 0; i < list->n; i++) {
		bool last = i + 1 == list->n;

		put_item(&l, list->list[i], last);
		put_list_comments(&l, list->list[i]->spot.end_line,
				  last ? list->spot.end : list->list[i + 1]->spot.start);
	}
	rows_put(&l.rows, b->out);
	rows_release(&l.rows);
	b->line_start = b->out->n;
	put_blanks(b->out, b->indent);
	text_char(b->out, '}');
}

static void put_broken_chain(struct broken *b, const struct expr *chain)
{
	broken_put_expr(b, chain->list[0]);
	for (size_t i = 1; i < chain->n; i++) {
		const struct expr *term = chain->list[i];
		unsigned further = b->indent + 2 * LAYOUT_INDENT;
		char sign[3] = { chain->signs[i], ' ', '\0' };

		if (!fits(b, term, column_of(b) + 3) && fits(b, term, further + 2))
			put_line_break(b, further);
		else
			text_char(b->out, ' ');
		text_put(b->out, sign);
		broken_put_expr(b, term);
	}
}

void broken_put_expr(struct broken *b, const struct expr *expr)
{
	if (fits(b, expr, column_of(b))) {
		expr_text(expr, b->out);
	} else if (expr->kind == EXPR_LIST) {
		put_broken_list(b, expr);
	} else if (expr->kind == EXPR_CHAIN) {
		put_broken_chain(b, expr);
	} else if (expr->kind == EXPR_GROUP) {
		text_char(b->out, '(');
		broken_put_expr(b, expr->list[0]);
		text_char(b->out, ')');
	} else {
		item_text(expr, b->out);
	}
}

void broken_put_clause(struct broken *b, const struct clause *clause)
{
	struct clause bare = *clause;
	struct text text = { 0 };

	if (!clause->expr) {
		clause_text(clause, &text);
		broken_put_word(b, text.p);
	} else {
		bare.expr = NULL;
		clause_text(&bare, &text);
		if (clause->negated)
			text_put(&text, " not");
		broken_put_word(b, text.p);
		text_char(b->out, ' ');
		broken_put_expr(b, clause->expr);
	}
	text_release(&text);
}

void broken_put_trailers(struct broken *b, const struct row *row, unsigned first)
{
	bool any = false;

	for (unsigned c = first; c < LAYOUT_CELLS; c++) {
		if (row->cells[c].n == 0)
			continue;
		if (!any)
			put_line_break(b, b->indent + 2 * LAYOUT_INDENT);
		if (any)
			broken_put_word(b, row->cells[c].p);
		else
			text_put(b->out, row->cells[c].p);
		any = true;
	}
}
