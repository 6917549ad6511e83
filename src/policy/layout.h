/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines in aligned columns, and expressions too long for a line.  Used by the printer only. */
#ifndef WEIR_POLICY_LAYOUT_H
#define WEIR_POLICY_LAYOUT_H

#include "base/text.h"
#include "policy/syntax.h"

/* What is wider goes over several lines; columns may make a line wider than that. */
#define LAYOUT_WIDTH 120
#define LAYOUT_INDENT 4
#define LAYOUT_CELLS 5

/* One line: cells in columns, empty ones are left out, and a comment behind. */
struct row {
	struct text cells[LAYOUT_CELLS];
	struct text comment;
	unsigned    right;		/* this cell is aligned to the right; 0: none */
	bool	    broken;		/* its text is printed already: only the comment is left */
};

struct rows {
	struct row *list;
	size_t	    n, cap;
	unsigned    indent;
};

/* An empty row; it lives until the rows are put. */
struct row *rows_add(struct rows *rows);
/* Prints all rows in columns of their own and forgets them. */
void rows_put(struct rows *rows, struct text *out);
/* The same, but the last row stays, and is returned. */
struct row *rows_put_before_last(struct rows *rows, struct text *out);
void rows_release(struct rows *rows);
/* Its width in characters, with single blanks and without the comment. */
unsigned row_width(const struct row *row, unsigned indent);

/* Text that may go over several lines. */
struct broken {
	struct text	    *out;
	const struct syntax *syntax;
	unsigned	     indent;
	size_t		     line_start;	/* offset in out */
};

/* At the start of a line: puts the indent. */
struct broken broken_of(struct text *out, const struct syntax *syntax, unsigned indent);
void broken_put(struct broken *b, const char *text);
/* With a blank before it, or on a new line where this one is full. */
void broken_put_word(struct broken *b, const char *text);
void broken_put_expr(struct broken *b, const struct expr *expr);
void broken_put_clause(struct broken *b, const struct clause *clause);
/* The cells of a row from `first` on, on a new line. */
void broken_put_trailers(struct broken *b, const struct row *row, unsigned first);

#endif
