/* SPDX-License-Identifier: BSD-2-Clause */
/* One row in full, and the explanation: the rule with its file, line and reference, and what the
 * policy says of its source and group at every control point. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "os/localtime.h"
#include "sink/explain_print.h"
#include "sink/view_columns.h"

#define LABEL_WIDTH 12
#define RAS_GROUP 0xefff0202u		/* 239.255.2.2 */

/* Lines being made; texts are escaped. */
struct page {
	const struct view *view;
	struct text	   text;
};

__attribute__((format(printf, 3, 4)))
static void put(struct page *p, const char *label, const char *format, ...)
{
	char buffer[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(buffer, sizeof(buffer), format, args);
	va_end(args);
	text_printf(&p->text, "%-*s", LABEL_WIDTH, label);
	text_escape_utf8(&p->text, span_of(buffer));
	text_char(&p->text, '\n');
}

static void put_gap(struct page *p)
{
	text_char(&p->text, '\n');
}

/* A column's text, as in the list. */
static void put_column(struct page *p, const char *label, enum view_field field)
{
	struct text t = { 0 };

	view_column_put(p->view, &p->view->detail, field, &t);
	if (t.n > 0)
		text_printf(&p->text, "%-*s%s\n", LABEL_WIDTH, label, text_string(&t));
	text_release(&t);
}

/* "239.255.255.250   SSDP" */
static void put_group(struct page *p)
{
	struct text t = { 0 };

	view_column_put(p->view, &p->view->detail, FIELD_GROUP, &t);
	text_put(&t, "   ");
	view_column_put(p->view, &p->view->detail, FIELD_GROUP_NAME, &t);
	text_printf(&p->text, "%-*s%s\n", LABEL_WIDTH, "group", text_string(&t));
	text_release(&t);
}

static void put_verdict(struct page *p, const struct view_row *row)
{
	put(p, "at", "%s%s%s", row->point < POINT_COUNT ? point_name(row->point) : "no point",
	    row->has_verdict ? ": " : "", row->has_verdict ? action_name(row->action) : "");
}

static void put_rule(struct page *p, uint16_t number)
{
	const struct rule *rule;

	if (number == RULE_NONE)
		return;
	rule = p->view->options.boundary->rules[number];
	put(p, "rule", "%s", view_rule_name(p->view, number));
	put(p, "written in", "%s, line %u", rule->place.file ? rule->place.file
							  : p->view->options.policy->name,
	    rule->place.line);
	if (rule->clauses && *rule->clauses)
		put(p, "asks for", "%s", rule->clauses);
	else if (rule->kind == RULE_DEFAULT)
		put(p, "asks for", "nothing: it is what no rule before it decides");
	if (rule->text)
		put(p, "why", "%s", rule->text);
	if (rule->ref)
		put(p, "reference", "%s", rule->ref);
	if (rule->owner)
		put(p, "owner", "%s", rule->owner);
	if (rule->off)
		put(p, "off", "%s", rule->off_why ? rule->off_why : "it names an empty set");
}

static void put_times(struct page *p, const struct view_row *row)
{
	char date[LOCAL_TIME_TEXT], clock[LOCAL_TIME_TEXT];
	struct text ago = { 0 };

	if (row->first_ns > 0)
		put(p, "first", "%s %s", local_date_text((struct mtime){ row->first_ns }, date),
		    local_clock_text((struct mtime){ row->first_ns }, 3, clock));
	if (row->last_ns > 0) {
		view_ago_put(p->view, row->last_ns, &ago);
		put(p, "last", "%s %s, %s", local_date_text((struct mtime){ row->last_ns }, date),
		    local_clock_text((struct mtime){ row->last_ns }, 3, clock), text_string(&ago));
	}
	text_release(&ago);
}

static void put_counts(struct page *p, const struct view_row *row, const char *what)
{
	char count[NUMBER_TEXT], bytes[NUMBER_TEXT], rate[NUMBER_TEXT];
	struct text spark = { 0 };

	put(p, what, "%s%s%s", number_text(row->count, count), row->bytes > 0 ? ", " : "",
	    row->bytes > 0 ? bytes_text(row->bytes, bytes) : "");
	if (row->pulse) {
		pulse_spark(row->pulse, p->view->facts.moment.second, p->view->options.ascii,
			    &spark);
		text_printf(&p->text, "%-*s%s a second, last minute %s\n", LABEL_WIDTH, "rate",
			    number_text(row->pulse->rate, rate), text_string(&spark));
	}
	text_release(&spark);
}

/* What stands behind the explanation's head, which says what is on the page already. */
static const char *behind_boundary(const char *text)
{
	const char *at = strstr(text, "\nboundary ");

	at = at ? strchr(at + 1, '\n') : NULL;
	return at ? at + 1 : text;
}

/* As `weir explain S G` has it. */
static void put_explanation(struct page *p, struct addr source, struct addr group, unsigned columns)
{
	const struct view_options *o = &p->view->options;
	struct query query = { .source = source, .group = group,
			       .now = p->view->facts.moment.now };
	struct explained list[POINT_COUNT];
	struct explain_print print;
	struct sheet sheet;
	size_t n = 0, length;
	char *text;

	if (!addr_is_multicast(group) || (addr_is_there(source) && source.family != group.family))
		return;
	if (!addr_is_there(source))
		query.source = ADDR_ANY;
	for (unsigned point = 0; point < POINT_COUNT; point++)
		if (explain_points(&query) & 1u << point)
			explain_at(o->table, o->boundary, &query, point, &list[n++]);
	sheet = sheet_of(open_memstream(&text, &length), columns, false);
	if (!sheet.out)
		return;
	explain_print_init(&print, o->policy, o->boundary, o->registry, false);
	explain_text_print(&print, &query, list, n, &sheet);
	explain_print_release(&print);
	sheet_release(&sheet);
	fclose(sheet.out);
	put_gap(p);
	put(p, "policy", "%s, boundary %s, for this source and group at every point:",
	    o->policy->name, o->boundary->name);
	text_put(&p->text, behind_boundary(text));
	free(text);
}

/* --- what a row is --- */

static void put_flow(struct page *p, const struct view_row *row, unsigned columns)
{
	put_column(p, "source", FIELD_SOURCE);
	put_group(p);
	put_verdict(p, row);
	put_counts(p, row, "packets");
	put_column(p, "TTL", FIELD_TTL);
	put_times(p, row);
	put_gap(p);
	put_rule(p, row->rule);
	put_explanation(p, row->source, row->group, columns);
}

static void put_member(struct page *p, const struct view_row *row, unsigned columns)
{
	put_column(p, "asked by", FIELD_WHO);
	put_column(p, "on", FIELD_INTERFACE);
	put_column(p, "state", FIELD_WORD);
	put_group(p);
	put_column(p, "source", FIELD_SOURCE);
	put_verdict(p, row);
	put_counts(p, row, "reports");
	put_times(p, row);
	put_gap(p);
	put_rule(p, row->rule);
	put_explanation(p, row->source, row->group, columns);
}

static void put_one_rule(struct page *p, const struct view_row *row, unsigned columns)
{
	char sources[NUMBER_TEXT], groups[NUMBER_TEXT];

	(void)columns;
	put_rule(p, row->rule);
	put_column(p, "action", FIELD_ACTION);
	put_gap(p);
	put_counts(p, row, "hits");
	put(p, "from", "%s%s sources to %s%s groups", row->sources_estimated ? "~" : "",
	    number_text(row->sources, sources), row->groups_estimated ? "~" : "",
	    number_text(row->groups, groups));
	put_times(p, row);
	if (row->count == 0)
		put(p, "last", "nothing hit it yet");
}

static void put_server(struct page *p, const struct view_row *row, unsigned columns)
{
	put_column(p, "sender", FIELD_SOURCE);
	put_column(p, "host name", FIELD_NAME);
	put_column(p, "domain", FIELD_MORE);
	put_column(p, "on", FIELD_INTERFACE);
	put_column(p, "hops", FIELD_HOPS);
	put_column(p, "state", FIELD_WORD);
	put_column(p, "authorised", FIELD_MEANING);
	put_column(p, "notes", FIELD_MARKS);
	put_counts(p, row, "heard");
	put_times(p, row);
	put_gap(p);
	if (row->is_finding)
		put(p, "why", "a dial-in or VPN entrance that the firewall does not see: it gives away "
			      "its address and name");
	put(p, "reference", "%s", "[MS-RASA]; announced once an hour to 239.255.2.2, UDP port 9753");
	put_explanation(p, row->source, addr_of4(RAS_GROUP), columns);
}

static void put_peer(struct page *p, const struct view_row *row, unsigned columns)
{
	char a[NUMBER_TEXT], b[NUMBER_TEXT];

	(void)columns;
	put_column(p, row->kind ? "key" : "peer", FIELD_SOURCE);
	if (!row->kind)
		put_column(p, "to", FIELD_WHO);
	put_column(p, "state", FIELD_WORD);
	put(p, "entries", "%s, %s %s", number_text(row->sources, a), number_text(row->groups, b),
	    row->kind ? "at most" : "new");
	if (row->kind)
		put(p, "refused", "%s", number_text(row->bytes, a));
	else
		put(p, "SAs", "%s", number_text(row->count, a));
	put_gap(p);
	put_rule(p, row->rule);
}

static void put_oddity(struct page *p, const struct view_row *row, unsigned columns)
{
	put(p, row->is_finding ? "finding" : row->kind == 1 ? "anomaly" : "note", "%s", row->word);
	put(p, "meaning", "%s", row->meaning);
	put_column(p, "source", FIELD_SOURCE);
	put_column(p, "group", FIELD_GROUP);
	if (row->kind)
		put_column(p, "first on", FIELD_INTERFACE);
	put_counts(p, row, "count");
	put_times(p, row);
	if (row->is_finding)
		put_explanation(p, row->source, row->group, columns);
}

/* --- lines --- */

/* Draws a line, going on below its label where it is too long; the rows that it took. */
static unsigned draw_line(struct cells *cells, unsigned row, unsigned to, const char *line,
			  size_t n, bool is_shown)
{
	unsigned width = cells->columns > 2 ? cells->columns - 2 : 0, used = 0;
	char rest[1200];

	n = n < sizeof(rest) - 1 ? n : sizeof(rest) - 1;
	memcpy(rest, line, n);
	rest[n] = '\0';
	for (char *from = rest; used == 0 || *from; used++) {
		unsigned indent = used > 0 ? LABEL_WIDTH : 0;
		unsigned room = width > indent + 8 ? width - indent : 8;
		size_t fits = strlen(from);
		char kept;

		while (fits > room) {
			size_t blank = fits;

			while (blank > 0 && from[blank - 1] != ' ')
				blank--;
			fits = blank > 1 ? blank - 1 : room;
		}
		while (fits > 1 && ((unsigned char)from[fits] & 0xc0) == 0x80)
			fits--;
		kept = from[fits];
		from[fits] = '\0';
		if (is_shown && row + used < to)
			cells_put(cells, row + used, 1 + indent, room, INK_PLAIN, from);
		from[fits] = kept;
		from += fits;
		while (*from == ' ')
			from++;
	}
	return used;
}

static void draw_lines(struct view *view, struct cells *cells, unsigned from, unsigned to,
		       const char *text)
{
	size_t top = view->detail_top, passed = 0, room = to - from, all = 0;

	for (const char *at = text; *at; at += strcspn(at, "\n") + 1)
		all += draw_line(cells, 0, 0, at, strcspn(at, "\n"), false);
	if (top + room > all)
		top = all > room ? all - room : 0;
	view->detail_top = top;
	for (const char *at = text; *at && passed < top + room; at += strcspn(at, "\n") + 1) {
		bool is_shown = passed >= top;

		passed += draw_line(cells, from + (unsigned)(passed - (is_shown ? top : passed)),
				    to, at, strcspn(at, "\n"), is_shown);
	}
}

void view_draw_detail(struct view *view, struct cells *cells, unsigned from, unsigned to)
{
	static void (*const put_row[VIEW_TABS])(struct page *, const struct view_row *,
						unsigned) = {
		[TAB_RULES] = put_one_rule, [TAB_FLOWS] = put_flow, [TAB_MEMBERS] = put_member,
		[TAB_RAS] = put_server,	    [TAB_MSDP] = put_peer,  [TAB_ODD] = put_oddity,
	};
	struct page page = { .view = view };

	view->page_rows = to - from;
	put_row[view->tab](&page, &view->detail, cells->columns > 2 ? cells->columns - 2 : 0);
	draw_lines(view, cells, from, to, text_string(&page.text));
	text_release(&page.text);
}
