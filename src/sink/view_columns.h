/* SPDX-License-Identifier: BSD-2-Clause */
/* The columns of the view's tabs: what stands in them, how rows are ordered by them, and which
 * of them fit. */
#ifndef WEIR_SINK_VIEW_COLUMNS_H
#define WEIR_SINK_VIEW_COLUMNS_H

#include "net/registry.h"
#include "sink/view.h"

enum view_field {
	FIELD_RULE, FIELD_ACTION, FIELD_RATE, FIELD_COUNT, FIELD_BYTES, FIELD_SOURCES, FIELD_GROUPS,
	FIELD_SOURCE, FIELD_GROUP, FIELD_WHO, FIELD_POINT, FIELD_TTL, FIELD_GROUP_NAME, FIELD_NAME,
	FIELD_MORE, FIELD_HOPS, FIELD_WORD, FIELD_MEANING, FIELD_INTERFACE, FIELD_FIRST, FIELD_LAST,
	FIELD_SPARK, FIELD_MARKS, FIELD_LIMIT,
};

struct view_column {
	const char     *title;
	enum view_field field;
	uint8_t		width;		/* at least */
	uint8_t		grow;		/* up to so many columns more */
	uint8_t		rank;		/* the highest goes first where there is no room */
	bool		is_right;
};

struct view_tab_of {
	const char	   *title;
	struct view_column  columns[12];
	uint8_t		    n, sort;	/* sort: the column at first */
};

extern const struct view_tab_of view_tabs[VIEW_TABS];

#define VIEW_COLUMNS_MAX 12

/* Widths for a line of so many columns; 0: left out. */
void view_columns_fit(enum view_tab tab, unsigned columns, uint8_t out_widths[VIEW_COLUMNS_MAX]);
/* Appends what stands in a column, and says its ink. */
enum ink view_column_put(const struct view *view, const struct view_row *row, enum view_field field,
			 struct text *out);
/* The smaller it is, the nearer to the top; rows with the same key need view_column_order(). */
uint64_t view_column_key(const struct view *view, const struct view_row *row,
			 enum view_field field);
/* Less than 0 where a stands before b by this column: large numbers, late times and bad verdicts
 * first, texts and addresses by the alphabet; 0 where they are equal. */
int view_column_order(const struct view *view, const struct view_row *a, const struct view_row *b,
		      enum view_field field);

/* Ordered by the alphabet, not from the largest on. */
bool view_column_is_text(enum view_field field);

/* The first eight bytes, as a number of the same order. */
uint64_t view_text_key(const char *text);
/* What the registry calls its group, not escaped; "" where it has none.  It may stand in *out. */
const char *view_group_name(const struct view *view, const struct view_row *row,
			    struct group_name *out);
/* "now", "0:03 ago", "5 h ago" */
void view_ago_put(const struct view *view, int64_t ns, struct text *out);
/* "bogon-source", "default"; "-" */
const char *view_rule_name(const struct view *view, uint16_t rule);

#endif
