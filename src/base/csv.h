/* SPDX-License-Identifier: BSD-2-Clause */
/* Comma-separated values (RFC 4180) out of a text in memory: quoted fields may hold commas,
 * doubled quotes and line ends.  Line ends are LF or CRLF.  Knows no columns. */
#ifndef WEIR_BASE_CSV_H
#define WEIR_BASE_CSV_H

#include "base/arena.h"
#include "base/bytes.h"

#define CSV_FIELDS_MAX 24

struct csv {
	struct span   left;
	struct arena *arena;			/* the fields' text goes there */
	unsigned      line;			/* of the row read last, 1-based */
	unsigned      next_line;
	const char   *problem;			/* NULL, or why the row is not good */
	const char   *fields[CSV_FIELDS_MAX];	/* blanks at both ends cut off */
	size_t	      n;
};

struct csv csv_of(struct span text, struct arena *arena);

/* The next row that is not empty; false at the end.  A row with a `problem` has no fields. */
bool csv_next(struct csv *csv);

#endif
