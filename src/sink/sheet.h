/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines made of cells that stand under each other, for reports on a terminal. */
#ifndef WEIR_SINK_SHEET_H
#define WEIR_SINK_SHEET_H

#include <stdio.h>

#include "base/text.h"
#include "model/observation.h"

enum ink { INK_PLAIN, INK_HEAD, INK_DIM, INK_GOOD, INK_WARN, INK_LIMIT, INK_BAD, INK_COUNT };

/* The terminal's sequence that begins an ink. */
const char *sheet_ink(unsigned ink);
/* The colour of a verdict. */
enum ink ink_of(enum action action);

/* One line being made.  `at` counts columns, not bytes: one for each UTF-8 character. */
struct sheet {
	FILE	   *out;
	struct text line;
	unsigned    columns, at;
	bool	    colour;
};

struct sheet sheet_of(FILE *out, unsigned columns, bool colour);
void sheet_release(struct sheet *s);

/* Text that is not cut. */
void sheet_put(struct sheet *s, enum ink ink, const char *text);
void sheet_printf(struct sheet *s, enum ink ink, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A cell of this width, flush left or right, with a blank behind; what is too long ends in
 * three dots.  A width of 0: up to the last column, without padding. */
void sheet_left(struct sheet *s, unsigned width, enum ink ink, const char *text);
void sheet_right(struct sheet *s, unsigned width, enum ink ink, const char *text);
/* A number flush right; "-" for 0. */
void sheet_number(struct sheet *s, unsigned width, uint64_t value);
/* Words, going on at `indent` of the next line where one does not fit. */
void sheet_wrap(struct sheet *s, unsigned indent, enum ink ink, const char *text);
/* Blanks up to a column. */
void sheet_to(struct sheet *s, unsigned column);
/* Writes the line without blanks at its end. */
void sheet_end(struct sheet *s);

#endif
