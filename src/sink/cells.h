/* SPDX-License-Identifier: BSD-2-Clause */
/* A screen as a grid of characters with inks: what a full-screen view is drawn into, so that it can
 * be compared without a terminal.  No control character, no mark that turns or hides text, and no
 * broken UTF-8 gets into a cell, whoever wrote it.  Knows no terminal. */
#ifndef WEIR_SINK_CELLS_H
#define WEIR_SINK_CELLS_H

#include "base/text.h"
#include "sink/sheet.h"

/* Beside an ink: the selected row and bars. */
#define CELL_REVERSE 0x80

struct cell {
	uint32_t point;		/* Unicode; 0: the right half of the wide one before it */
	uint8_t	 ink;		/* enum ink, and CELL_REVERSE */
};

struct cells {
	struct cell *list;	/* rows * columns */
	unsigned     rows, columns;
	bool	     ascii;	/* nothing beyond ASCII */
};

#define CELLS_MAX 1000		/* rows and columns, at most */

/* Blank, of this size; what was there is lost.  Zeroed at first; release it at the end. */
void cells_resize(struct cells *cells, unsigned rows, unsigned columns);
void cells_release(struct cells *cells);

/* UTF-8 text in at most `width` columns from a place on, cut with a mark where it is longer; the
 * columns that it took.  What is off the screen is not drawn. */
unsigned cells_put(struct cells *cells, unsigned row, unsigned column, unsigned width, uint8_t ink,
		   const char *text);
/* The same, flush right within the width. */
void cells_put_right(struct cells *cells, unsigned row, unsigned column, unsigned width,
		     uint8_t ink, const char *text);
/* Turns a part of a row over. */
void cells_reverse(struct cells *cells, unsigned row, unsigned from, unsigned to);
/* How many columns a text takes. */
unsigned cells_width(const struct cells *cells, const char *text);
/* Appends a row as UTF-8 without blanks at its end; with inks as terminal sequences. */
void cells_text(const struct cells *cells, unsigned row, bool colour, struct text *out);
/* The columns of a code point: 1, 2, or 0 for what may stand in no cell. */
unsigned cells_point_width(uint32_t point);

#endif
