/* SPDX-License-Identifier: BSD-2-Clause */
/* Text into cells.  Widths are those of Unicode's East Asian Width (UAX 11): wide and fullwidth
 * characters take two columns. */
#include "sink/cells.h"

#include <stdlib.h>

#include "base/memory.h"

#define REPLACEMENT '?'
#define ELLIPSIS 0x2026

struct points {
	uint32_t first, last;
};

/* Controls, marks that join, turn or hide, and what is no character: in order. */
static const struct points unfit[] = {
	{ 0x00, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x300, 0x36f }, { 0x483, 0x489 },
	{ 0x591, 0x5bd }, { 0x600, 0x605 }, { 0x610, 0x61c }, { 0x64b, 0x65f }, { 0x6d6, 0x6dd },
	{ 0x70f, 0x70f }, { 0x711, 0x711 }, { 0x730, 0x74a }, { 0x7a6, 0x7b0 }, { 0x816, 0x82d },
	{ 0x8d3, 0x902 }, { 0x93a, 0x93a }, { 0x93c, 0x93c }, { 0x941, 0x948 }, { 0x94d, 0x94d },
	{ 0xe31, 0xe31 }, { 0xe34, 0xe3a }, { 0xe47, 0xe4e }, { 0x1160, 0x11ff },
	{ 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x200b, 0x200f }, { 0x2028, 0x202e },
	{ 0x2060, 0x206f }, { 0x20d0, 0x20f0 }, { 0x302a, 0x302d }, { 0x3099, 0x309a },
	{ 0xd800, 0xf8ff }, { 0xfb1e, 0xfb1e }, { 0xfdd0, 0xfdef }, { 0xfe00, 0xfe0f },
	{ 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff }, { 0xfff0, 0xffff }, { 0x1d165, 0x1d182 },
	{ 0x1f3fb, 0x1f3ff }, { 0xe0000, UINT32_MAX },
};

static const struct points wide[] = {
	{ 0x1100, 0x115f }, { 0x231a, 0x231b }, { 0x2329, 0x232a }, { 0x23e9, 0x23ec },
	{ 0x25fd, 0x25fe }, { 0x2614, 0x2615 }, { 0x2648, 0x2653 }, { 0x26a1, 0x26a1 },
	{ 0x26bd, 0x26be }, { 0x26d4, 0x26d4 }, { 0x2705, 0x2705 }, { 0x270a, 0x270b },
	{ 0x274c, 0x274c }, { 0x2753, 0x2755 }, { 0x2795, 0x2797 }, { 0x2b1b, 0x2b1c },
	{ 0x2b50, 0x2b50 }, { 0x2e80, 0x303e }, { 0x3041, 0x33ff }, { 0x3400, 0x4dbf },
	{ 0x4e00, 0xa4cf }, { 0xa960, 0xa97f }, { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff },
	{ 0xfe10, 0xfe19 }, { 0xfe30, 0xfe6f }, { 0xff01, 0xff60 }, { 0xffe0, 0xffe6 },
	{ 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

static bool is_among(const struct points *list, size_t n, uint32_t point)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (list[middle].last < point)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && list[low].first <= point;
}

unsigned cells_point_width(uint32_t point)
{
	if (is_among(unfit, COUNT(unfit), point))
		return 0;
	return is_among(wide, COUNT(wide), point) ? 2 : 1;
}

void cells_resize(struct cells *cells, unsigned rows, unsigned columns)
{
	rows = rows < CELLS_MAX ? rows : CELLS_MAX;
	columns = columns < CELLS_MAX ? columns : CELLS_MAX;
	if (rows != cells->rows || columns != cells->columns || !cells->list) {
		free(cells->list);
		cells->list = memory_array((size_t)rows * columns + 1, sizeof(cells->list[0]));
		cells->rows = rows;
		cells->columns = columns;
	}
	for (size_t i = 0; i < (size_t)rows * columns; i++)
		cells->list[i] = (struct cell){ ' ', INK_PLAIN };
}

void cells_release(struct cells *cells)
{
	free(cells->list);
	*cells = (struct cells){ 0 };
}

/* The next code point that a cell may hold; broken bytes are one each. */
static uint32_t next_point(const struct cells *cells, struct span *left)
{
	uint32_t point = 0;
	size_t n = utf8_point(*left, &point);

	if (n == 0 || cells_point_width(point) == 0 || (cells->ascii && point > 0x7e))
		point = REPLACEMENT;
	n = n ? n : 1;
	left->p += n;
	left->n -= n;
	return point;
}

unsigned cells_width(const struct cells *cells, const char *text)
{
	struct span left = span_of(text);
	unsigned width = 0;

	while (left.n > 0)
		width += cells_point_width(next_point(cells, &left));
	return width;
}

static void set(struct cells *cells, unsigned row, unsigned column, uint32_t point, uint8_t ink)
{
	if (row < cells->rows && column < cells->columns)
		cells->list[(size_t)row * cells->columns + column] = (struct cell){ point, ink };
}

unsigned cells_put(struct cells *cells, unsigned row, unsigned column, unsigned width, uint8_t ink,
		   const char *text)
{
	unsigned room = column < cells->columns ? cells->columns - column : 0, at = 0;
	struct span left = span_of(text);
	bool is_cut;

	room = room < width ? room : width;
	is_cut = cells_width(cells, text) > room;
	while (left.n > 0 && room > 0) {
		uint32_t point = next_point(cells, &left);
		unsigned wants = cells_point_width(point);

		if (at + wants + is_cut > room)
			break;
		set(cells, row, column + at, point, ink);
		if (wants == 2)
			set(cells, row, column + at + 1, 0, ink);
		at += wants;
	}
	if (is_cut && room > 0)
		set(cells, row, column + at++, cells->ascii ? '~' : ELLIPSIS, ink);
	return at;
}

void cells_put_right(struct cells *cells, unsigned row, unsigned column, unsigned width,
		     uint8_t ink, const char *text)
{
	unsigned n = cells_width(cells, text);

	cells_put(cells, row, column + (n < width ? width - n : 0), width, ink, text);
}

void cells_reverse(struct cells *cells, unsigned row, unsigned from, unsigned to)
{
	for (unsigned i = from; row < cells->rows && i < to && i < cells->columns; i++)
		cells->list[(size_t)row * cells->columns + i].ink ^= CELL_REVERSE;
}

/* --- a row as text --- */

void cells_text(const struct cells *cells, unsigned row, bool colour, struct text *out)
{
	const struct cell *list = &cells->list[(size_t)row * cells->columns];
	unsigned n = cells->columns;
	uint8_t ink = INK_PLAIN;

	while (n > 0 && list[n - 1].point == ' ' && (!colour || list[n - 1].ink < CELL_REVERSE))
		n--;
	for (unsigned i = 0; i < n; i++) {
		if (colour && list[i].ink != ink) {
			ink = list[i].ink;
			text_put(out, "\033[0m");
			text_put(out, sheet_ink(ink & (CELL_REVERSE - 1u)));
			text_put(out, ink & CELL_REVERSE ? "\033[7m" : "");
		}
		if (list[i].point > 0)
			text_point(out, list[i].point);
	}
	if (ink != INK_PLAIN)
		text_put(out, "\033[0m");
}
