/* SPDX-License-Identifier: BSD-2-Clause */
/* One table, three ways: for a person, as JSON, and as CSV that a spreadsheet does not take for
 * formulas.  Texts may be hostile: they are escaped here. */
#ifndef WEIR_SINK_LISTING_H
#define WEIR_SINK_LISTING_H

#include <stdio.h>

#include "base/json.h"
#include "sink/sheet.h"

enum listing_format { LISTING_TEXT, LISTING_JSON, LISTING_CSV };
enum cell_kind { CELL_TEXT, CELL_YES, CELL_NUMBER, CELL_BYTES, CELL_TIME, CELL_BARS };

struct listing_column {
	const char    *title;		/* NULL: not in the text */
	const char    *key;		/* NULL: in the text only */
	enum cell_kind kind;
	unsigned       width;		/* 0: the rest of the line; what is wider is never cut */
	const char    *absent;		/* the text's word where there is nothing */
	unsigned       spare;		/* 1: goes first where the terminal is too narrow, then 2; 0: stays */
};

struct listing_cell {
	bool	     is_absent;
	bool	     is_escaped;	/* the text is safe already */
	enum ink     ink;
	const char  *text;
	uint64_t     number;		/* of YES: 0 or 1 */
	struct mtime at;
	const uint64_t *bars;		/* `number` of them */
};

struct listing {
	FILE			    *out;
	const struct listing_column *columns;
	size_t			     column_count;
	enum listing_format	     format;
	bool			     ascii;	/* the locale has no blocks for bars */
	bool			     is_folded;	/* lines end where the terminal does */
	uint32_t		     left_out;	/* columns, by bit, that it has no room for */
	const char		    *group;	/* NULL, or what rows of the text stand under */
	struct sheet		     sheet;
	struct text		     text;
	struct json		     json;
	uint64_t		     rows;
	char			     last_group[128];
};

/* `schema` names the document in JSON, whose rows stand in the array `name`. */
void listing_begin(struct listing *listing, const char *schema, const char *name);
/* One cell a column.  In text, rows of another `group` than those before get a headline. */
void listing_row(struct listing *listing, const char *group, const struct listing_cell *cells);
void listing_end(struct listing *listing);

#endif
