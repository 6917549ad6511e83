/* SPDX-License-Identifier: BSD-2-Clause */
/* Titles, texts and orders of columns. */
#include "sink/view_columns.h"

#include <inttypes.h>
#include <string.h>

const struct view_tab_of view_tabs[VIEW_TABS] = {
	[TAB_RULES] = { "Rules", {
		{ "RULE",	 FIELD_RULE,	  20, 14, 0, false },
		{ "ACTION",	 FIELD_ACTION,	   7,  0, 1, false },
		{ "HITS/s",	 FIELD_RATE,	   7,  2, 2, true  },
		{ "HITS",	 FIELD_COUNT,	   9,  4, 3, true  },
		{ "SOURCES",	 FIELD_SOURCES,	   7,  1, 6, true  },
		{ "GROUPS",	 FIELD_GROUPS,	   6,  1, 7, true  },
		{ "BYTES",	 FIELD_BYTES,	   8,  0, 8, true  },
		{ "LAST",	 FIELD_LAST,	   8,  2, 4, false },
		{ "LAST MINUTE", FIELD_SPARK,	   8,  3, 5, false },
		{ "ASKS FOR",	 FIELD_MEANING,	  20, 60, 9, false } }, 10, 1 },
	[TAB_FLOWS] = { "Flows", {
		{ "SOURCE",	 FIELD_SOURCE,	  15, 24, 0, false },
		{ "GROUP",	 FIELD_GROUP,	  15, 24, 1, false },
		{ "POINT",	 FIELD_POINT,	  10,  0, 5, false },
		{ "ACTION",	 FIELD_ACTION,	   6,  0, 2, false },
		{ "RULE",	 FIELD_RULE,	  11, 20, 3, false },
		{ "PKT/s",	 FIELD_RATE,	   6,  2, 4, true  },
		{ "PACKETS",	 FIELD_COUNT,	   9,  4, 8, true  },
		{ "BYTES",	 FIELD_BYTES,	   8,  0, 9, true  },
		{ "TTL",	 FIELD_TTL,	   3,  4, 10, true },
		{ "LAST",	 FIELD_LAST,	   8,  2, 7, false },
		{ "LAST MINUTE", FIELD_SPARK,	   8,  3, 6, false },
		{ "NAME",	 FIELD_GROUP_NAME, 12, 50, 11, false } }, 12, 5 },
	[TAB_MEMBERS] = { "Members", {
		{ "GROUP",	 FIELD_GROUP,	  15, 24, 0, false },
		{ "SOURCE",	 FIELD_SOURCE,	  15, 24, 2, false },
		{ "ASKED BY",	 FIELD_WHO,	  15, 24, 1, false },
		{ "POINT",	 FIELD_POINT,	  10,  0, 5, false },
		{ "STATE",	 FIELD_WORD,	   6,  0, 3, false },
		{ "ACTION",	 FIELD_ACTION,	   6,  0, 4, false },
		{ "LAST",	 FIELD_LAST,	   8,  2, 6, false },
		{ "RULE",	 FIELD_RULE,	  12, 20, 7, false },
		{ "SINCE",	 FIELD_FIRST,	   8,  2, 8, false },
		{ "REPORTS",	 FIELD_COUNT,	   7,  2, 9, true  },
		{ "ON",		 FIELD_INTERFACE,  8,  7, 10, false },
		{ "NAME",	 FIELD_GROUP_NAME, 12, 50, 11, false } }, 12, 0 },
	[TAB_RAS] = { "RAS", {
		{ "SENDER",	 FIELD_SOURCE,	  15,  0, 0, false },
		{ "HOST NAME",	 FIELD_NAME,	  16, 30, 1, false },
		{ "DOMAIN",	 FIELD_MORE,	  12, 24, 6, false },
		{ "HOPS",	 FIELD_HOPS,	   4,  0, 5, true  },
		{ "HEARD",	 FIELD_COUNT,	   5,  2, 7, true  },
		{ "LAST",	 FIELD_LAST,	   8,  2, 4, false },
		{ "STATE",	 FIELD_WORD,	   8,  0, 2, false },
		{ "AUTHORISED",	 FIELD_MEANING,	  14,  0, 3, false },
		{ "SINCE",	 FIELD_FIRST,	   8,  2, 8, false },
		{ "ON",		 FIELD_INTERFACE,  8,  7, 9, false },
		{ "NOTES",	 FIELD_MARKS,	  14, 20, 10, false } }, 11, 5 },
	[TAB_MSDP] = { "MSDP", {
		{ "PEER OR KEY", FIELD_SOURCE,	  15,  0, 0, false },
		{ "TO",		 FIELD_WHO,	  15,  0, 4, false },
		{ "RULE",	 FIELD_RULE,	  14, 20, 2, false },
		{ "STATE",	 FIELD_WORD,	   9,  0, 1, false },
		{ "ENTRIES",	 FIELD_SOURCES,	   9,  2, 3, true  },
		{ "LIMIT",	 FIELD_LIMIT,	   7,  3, 5, true  },
		{ "NEW, PEAK",	 FIELD_GROUPS,	   9,  2, 7, true  },
		{ "SAs",	 FIELD_COUNT,	   9,  4, 6, true  },
		{ "REFUSED",	 FIELD_BYTES,	   9,  2, 8, true  } }, 9, 4 },
	[TAB_ODD] = { "Odd", {
		{ "WHAT",	 FIELD_WORD,	  21,  0, 0, false },
		{ "COUNT",	 FIELD_COUNT,	   9,  4, 1, true  },
		{ "/s",		 FIELD_RATE,	   6,  2, 5, true  },
		{ "SOURCE",	 FIELD_SOURCE,	  15, 24, 3, false },
		{ "GROUP",	 FIELD_GROUP,	  15, 24, 4, false },
		{ "LAST",	 FIELD_LAST,	   8,  2, 6, false },
		{ "LAST MINUTE", FIELD_SPARK,	   8,  3, 7, false },
		{ "MEANING",	 FIELD_MEANING,	  14, 80, 2, false } }, 8, 1 },
};

const char *view_rule_name(const struct view *view, uint16_t rule)
{
	return report_rule_name(view->options.boundary, rule);
}

/* --- which fit --- */

static unsigned sum(const struct view_tab_of *tab, const uint8_t *widths)
{
	unsigned n = 1;

	for (size_t i = 0; i < tab->n; i++)
		n += widths[i] > 0 ? widths[i] + 1u : 0;
	return n - 1;
}

static void drop_last(const struct view_tab_of *tab, uint8_t *widths)
{
	size_t last = 0;

	for (size_t i = 1; i < tab->n; i++)
		if (widths[i] > 0 &&
		    (widths[last] == 0 || tab->columns[i].rank > tab->columns[last].rank))
			last = i;
	widths[last] = 0;
}

void view_columns_fit(enum view_tab number, unsigned columns, uint8_t widths[VIEW_COLUMNS_MAX])
{
	const struct view_tab_of *tab = &view_tabs[number];
	unsigned left, before;

	for (size_t i = 0; i < tab->n; i++)
		widths[i] = tab->columns[i].width;
	while (sum(tab, widths) > columns && sum(tab, widths) > tab->columns[0].width + 1u)
		drop_last(tab, widths);
	left = columns > sum(tab, widths) ? columns - sum(tab, widths) : 0;
	do {				/* one to each in turn */
		before = left;
		for (size_t i = 0; i < tab->n && left > 0; i++)
			if (widths[i] > 0 &&
			    widths[i] < tab->columns[i].width + tab->columns[i].grow) {
				widths[i]++;
				left--;
			}
	} while (left > 0 && left < before);
}

/* --- texts --- */

bool view_column_is_text(enum view_field field)
{
	static const uint32_t texts =
		1u << FIELD_RULE | 1u << FIELD_SOURCE | 1u << FIELD_GROUP | 1u << FIELD_WHO |
		1u << FIELD_POINT | 1u << FIELD_GROUP_NAME | 1u << FIELD_NAME | 1u << FIELD_MORE |
		1u << FIELD_WORD | 1u << FIELD_MEANING | 1u << FIELD_INTERFACE | 1u << FIELD_MARKS;

	return texts >> field & 1;
}

void view_ago_put(const struct view *view, int64_t ns, struct text *out)
{
	int64_t s = (view->facts.moment.now.ns - ns) / NS_PER_S;

	if (ns == 0)
		text_put(out, "-");
	else if (s <= 1)
		text_put(out, "now");
	else if (s < 3600)
		text_printf(out, "%d:%02d ago", (int)(s / 60), (int)(s % 60));
	else
		text_printf(out, "%d h ago", (int)(s / 3600));
}

static enum ink put_number(uint64_t n, struct text *out)
{
	char buffer[NUMBER_TEXT];

	text_put(out, n > 0 ? number_text(n, buffer) : "-");
	return n > 0 ? INK_PLAIN : INK_DIM;
}

static enum ink put_addr(struct addr a, unsigned length, struct text *out)
{
	char buffer[ADDR_TEXT];

	text_put(out, prefix_text(a, length ? length : addr_bits(a), buffer));
	return INK_PLAIN;
}

static enum ink put_action(const struct view *view, const struct view_row *row, struct text *out)
{
	if (!row->has_verdict) {
		text_put(out, "-");
		return INK_DIM;
	}
	text_put(out, view->tab == TAB_RULES && row->word[0] == 'o' ? "off" : action_name(row->action));
	if (row->is_quiet && view->tab != TAB_FLOWS)
		return INK_DIM;
	return row->is_quiet && row->action >= ACTION_LIMIT ? INK_PLAIN : ink_of(row->action);
}

static void put_ttl(const struct view_row *row, struct text *out)
{
	if (row->ttl_min > row->ttl_max)
		text_put(out, "-");
	else if (row->ttl_min == row->ttl_max)
		text_number(out, row->ttl_max);
	else
		text_printf(out, "%u-%u", row->ttl_min, row->ttl_max);
}

const char *view_group_name(const struct view *view, const struct view_row *row,
			    struct group_name *out)
{
	if (!addr_is_there(row->group))
		return "";
	registry_group(view->options.registry, row->group, out);
	return out->text;
}

static void put_group_name(const struct view *view, const struct view_row *row, struct text *out)
{
	struct group_name name;

	text_escape_utf8(out, span_of(view_group_name(view, row, &name)));
}

static void put_marks(const struct view_row *row, struct text *out)
{
	text_put(out, row->kind & 1 ? "moved here " : "");
	text_put(out, row->kind & 2 ? "duplicate name " : "");
	text_put(out, row->kind & 4 ? "renamed" : "");
}

static void put_limit(const struct view *view, const struct view_row *row, struct text *out)
{
	const struct rule *rule;

	if (row->rule == RULE_NONE)
		return;
	rule = view->options.boundary->rules[row->rule];
	if (rule->over_asked)
		put_number(rule->over, out);
	else if (rule->rate.unit_s)
		text_printf(out, "%" PRIu32 "/%s", rule->rate.n,
			    rule->rate.unit_s == 1 ? "s" : rule->rate.unit_s == 60 ? "m" : "h");
}

static enum ink put_words(const struct view *view, const struct view_row *row,
			  enum view_field field, struct text *out)
{
	switch (field) {
	case FIELD_NAME:
		text_put(out, view_facts_name(&view->facts, row->name));
		return INK_HEAD;
	case FIELD_MORE:
		text_put(out, view_facts_name(&view->facts, row->more));
		return INK_PLAIN;
	case FIELD_WORD:
		text_put(out, row->word);
		return row->is_quiet ? INK_DIM : row->is_finding ? INK_BAD : INK_PLAIN;
	case FIELD_MEANING:
		text_escape_utf8(out, span_of(row->meaning));
		return view->tab == TAB_RAS && row->is_finding ? INK_BAD : INK_DIM;
	case FIELD_INTERFACE:
		text_escape_utf8(out, span_of(row->link < view->options.interface_count
						      ? view->options.interfaces[row->link] : "-"));
		return INK_DIM;
	case FIELD_MARKS:
		put_marks(row, out);
		return INK_WARN;
	default:
		put_group_name(view, row, out);
		return INK_DIM;
	}
}

static enum ink put_figures(const struct view *view, const struct view_row *row,
			    enum view_field field, struct text *out)
{
	char buffer[NUMBER_TEXT];

	switch (field) {
	case FIELD_RATE:
		return put_number(row->pulse ? row->pulse->rate : 0, out);
	case FIELD_COUNT:
		return put_number(row->count, out);
	case FIELD_BYTES:
		if (view->tab == TAB_MSDP || row->bytes == 0)
			return put_number(row->bytes, out);
		text_put(out, bytes_text(row->bytes, buffer));
		return INK_PLAIN;
	case FIELD_SOURCES:
		text_put(out, row->sources_estimated ? "~" : "");
		return put_number(row->sources, out);
	case FIELD_GROUPS:
		text_put(out, row->groups_estimated ? "~" : "");
		return put_number(row->groups, out);
	case FIELD_TTL:
		put_ttl(row, out);
		return INK_PLAIN;
	case FIELD_HOPS:
		if (row->hops == RAS_HOPS_UNKNOWN)
			text_put(out, "-");
		else
			text_number(out, row->hops);
		return INK_PLAIN;
	default:
		put_limit(view, row, out);
		return INK_PLAIN;
	}
}

enum ink view_column_put(const struct view *view, const struct view_row *row, enum view_field field,
			 struct text *out)
{
	switch (field) {
	case FIELD_RULE:
		text_escape_utf8(out, span_of(view_rule_name(view, row->rule)));
		return row->is_quiet ? INK_DIM : INK_PLAIN;
	case FIELD_ACTION:
		return put_action(view, row, out);
	case FIELD_SOURCE:
		return put_addr(row->source, 0, out);
	case FIELD_GROUP:
		return put_addr(row->group, row->group_len, out);
	case FIELD_WHO:
		return put_addr(row->who, 0, out);
	case FIELD_POINT:
		text_put(out, row->point < POINT_COUNT ? point_name(row->point) : "-");
		return INK_PLAIN;
	case FIELD_FIRST:
	case FIELD_LAST:
		view_ago_put(view, field == FIELD_FIRST ? row->first_ns : row->last_ns, out);
		return INK_PLAIN;
	case FIELD_SPARK:
		if (row->pulse && !(row->is_quiet && row->count == 0))
			pulse_spark(row->pulse, view->facts.moment.second, view->options.ascii,
				    out);
		return INK_GOOD;
	case FIELD_NAME: case FIELD_MORE: case FIELD_WORD: case FIELD_MEANING: case FIELD_INTERFACE:
	case FIELD_MARKS: case FIELD_GROUP_NAME:
		return put_words(view, row, field, out);
	default:
		return put_figures(view, row, field, out);
	}
}

/* --- orders --- */

static uint64_t minute_of(const struct pulse *p)
{
	uint64_t n = 0;

	for (unsigned i = 0; p && i < PULSE_BARS; i++)
		n += p->bars[i];
	return n;
}

/* The number behind a column; texts have none. */
static bool number_of(const struct view *view, const struct view_row *row, enum view_field field,
		      uint64_t *out)
{
	switch (field) {
	case FIELD_ACTION:
		*out = row->has_verdict ? (row->action + 1u) * 2u - row->is_quiet : 0;
		if (view->tab == TAB_RULES && row->is_quiet)
			*out = 0;		/* rules that nothing hit stand behind */
		return true;
	case FIELD_RATE:
		*out = row->pulse ? row->pulse->rate : 0;
		return true;
	case FIELD_COUNT:
		*out = row->count;
		return true;
	case FIELD_BYTES:
		*out = row->bytes;
		return true;
	case FIELD_SOURCES:
		*out = row->sources;
		return true;
	case FIELD_GROUPS:
		*out = row->groups;
		return true;
	case FIELD_TTL:
		*out = row->ttl_min > row->ttl_max ? 0 : row->ttl_max;
		return true;
	case FIELD_HOPS:
		*out = row->hops == RAS_HOPS_UNKNOWN ? 0 : row->hops;
		return true;
	case FIELD_FIRST:
	case FIELD_LAST:
		*out = (uint64_t)(field == FIELD_FIRST ? row->first_ns : row->last_ns);
		return true;
	case FIELD_SPARK:
		*out = minute_of(row->pulse);
		return true;
	default:
		return false;
	}
}

uint64_t view_text_key(const char *text)
{
	uint64_t key = 0;

	for (size_t i = 0; i < 8; i++) {
		key = key << 8 | (uint8_t)*text;
		text += *text != '\0';
	}
	return key;
}

/* 60 bits of the address below its family. */
static uint64_t addr_key(struct addr a)
{
	uint64_t number = a.family == FAMILY_IP6 ? a.hi >> 4 : a.lo;

	return (uint64_t)(a.family & 15u) << 60 | number;
}

/* A short text of a row that is no address. */
static const char *text_of(const struct view *view, const struct view_row *row,
			   enum view_field field)
{
	switch (field) {
	case FIELD_RULE:
		return view_rule_name(view, row->rule);
	case FIELD_NAME:
		return view_facts_name(&view->facts, row->name);
	case FIELD_MORE:
		return view_facts_name(&view->facts, row->more);
	case FIELD_MEANING:
		return row->meaning;
	default:
		return row->word;
	}
}

uint64_t view_column_key(const struct view *view, const struct view_row *row, enum view_field field)
{
	struct group_name name;
	uint64_t number;

	if (number_of(view, row, field, &number))
		return ~number;
	switch (field) {
	case FIELD_SOURCE:
		return addr_key(row->source);
	case FIELD_GROUP:
		return addr_key(row->group);
	case FIELD_GROUP_NAME:
		return view_text_key(view_group_name(view, row, &name));
	case FIELD_WHO:
		return addr_key(row->who);
	case FIELD_POINT:
		return row->point;
	case FIELD_INTERFACE:
		return row->link;
	case FIELD_MARKS:
		return 7u - row->kind;
	case FIELD_LIMIT:
		return row->rule;
	default:
		return view_text_key(text_of(view, row, field));
	}
}

int view_column_order(const struct view *view, const struct view_row *a, const struct view_row *b,
		      enum view_field field)
{
	uint64_t x = view_column_key(view, a, field), y = view_column_key(view, b, field);
	struct group_name left, right;
	int order;

	if (x != y)
		return x < y ? -1 : 1;
	switch (field) {
	case FIELD_SOURCE:
		return addr_order(a->source, b->source);
	case FIELD_GROUP_NAME:
		order = strcmp(view_group_name(view, a, &left), view_group_name(view, b, &right));
		return order ? order : addr_order(a->group, b->group);
	case FIELD_GROUP:
		return addr_order(a->group, b->group);
	case FIELD_WHO:
		return addr_order(a->who, b->who);
	case FIELD_RULE: case FIELD_NAME: case FIELD_MORE: case FIELD_MEANING: case FIELD_WORD:
		return strcmp(text_of(view, a, field), text_of(view, b, field));
	default:
		return 0;
	}
}
