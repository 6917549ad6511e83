/* SPDX-License-Identifier: BSD-2-Clause */
/* The audit's report for a person: what was read, what the boundary makes of it, the rules that
 * were hit, and then whatever must not cross.  The lists of findings: report_lists.c.
 * Knows no packet. */
#include "sink/report_text.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define S_PER_DAY 86400

/* "01:00:03", or with days before it. */
static char *span_text(struct mtime first, struct mtime last, char buffer[NUMBER_TEXT])
{
	int64_t s = (last.ns - first.ns) / NS_PER_S;

	if (s >= S_PER_DAY)
		snprintf(buffer, NUMBER_TEXT, "%" PRId64 " d %02d:%02d:%02d", s / S_PER_DAY,
			 (int)(s / 3600 % 24), (int)(s / 60 % 60), (int)(s % 60));
	else
		snprintf(buffer, NUMBER_TEXT, "%02d:%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60),
			 (int)(s % 60));
	return buffer;
}

/* Puts a part of the header behind three blanks, or on a line of its own. */
static void put_part(struct sheet *s, enum ink ink, const char *part)
{
	if (s->at > 0 && s->at + 3 + strlen(part) > s->columns)
		sheet_end(s);
	sheet_put(s, INK_PLAIN, s->at > 0 ? "   " : "  ");
	sheet_wrap(s, 2, ink, part);
}

static void print_header(struct sheet *s, const struct report_print *p)
{
	const struct report *r = p->report;
	char part[256], a[NUMBER_TEXT], b[NUMBER_TEXT], minute[LOCAL_TIME_TEXT];

	sheet_put(s, INK_HEAD, "weir " WEIR_VERSION);
	snprintf(part, sizeof(part), "policy %s%s", p->policy->name,
		 p->policy->built_in ? " (built in)" : "");
	put_part(s, INK_PLAIN, part);
	snprintf(part, sizeof(part), "boundary %s", r->boundary->name);
	put_part(s, INK_PLAIN, part);
	snprintf(part, sizeof(part), "%zu %s%s, %s packet%s", p->input_count,
		 p->is_live ? "interface" : "file", p->input_count == 1 ? "" : "s", number_text(r->packets.total, a),
		 r->packets.total == 1 ? "" : "s");
	if (r->packets.total > 0) {
		size_t n = strlen(part);

		snprintf(part + n, sizeof(part) - n, ", %s from %s",
			 span_text(r->first, r->last, b), local_minute_text(r->first, minute));
	}
	put_part(s, INK_PLAIN, part);
	sheet_end(s);
	sheet_end(s);
}

static uint64_t count_point(const struct report *r, unsigned point)
{
	uint64_t n = 0;

	for (unsigned a = 0; a < ACTION_COUNT; a++)
		n += r->points[point][a];
	return n;
}

static void print_multicast(struct sheet *s, const struct report *r)
{
	char part[96], n[NUMBER_TEXT];

	snprintf(part, sizeof(part), "%s packet%s hold%s multicast",
		 number_text(r->packets.multicast, n), r->packets.multicast == 1 ? "" : "s",
		 r->packets.multicast == 1 ? "s" : "");
	put_part(s, INK_PLAIN, part);
	if (r->packets.control > 0) {
		snprintf(part, sizeof(part), "%s hold control messages",
			 number_text(r->packets.control, n));
		put_part(s, INK_PLAIN, part);
	}
	if (r->packets.unread > 0) {
		snprintf(part, sizeof(part), "%s could not be read", number_text(r->packets.unread, n));
		put_part(s, INK_WARN, part);
	}
	sheet_end(s);
}

/* One line a point at which anything was said. */
static void print_points(struct sheet *s, const struct report *r)
{
	static const enum action order[] = { ACTION_PERMIT, ACTION_WARN, ACTION_DENY, ACTION_LIMIT,
					     ACTION_IGNORE };
	unsigned width = s->columns >= 90 ? 13 : s->columns >= 60 ? (s->columns - 17) / 5 - 1 : 7;
	bool any = false;

	for (unsigned point = 0; point < POINT_COUNT; point++) {
		if (count_point(r, point) == 0)
			continue;
		if (!any) {
			sheet_left(s, 16, INK_DIM, "  statements at");
			for (size_t a = 0; a < COUNT(order); a++)
				sheet_right(s, width, INK_DIM, action_name(order[a]));
			sheet_end(s);
		}
		any = true;
		sheet_put(s, INK_PLAIN, "  ");
		sheet_left(s, 14, INK_PLAIN, point_name(point));
		for (size_t a = 0; a < COUNT(order); a++)
			sheet_number(s, width, r->points[point][order[a]]);
		sheet_end(s);
	}
	if (any)
		sheet_end(s);
}

static void print_verdicts(struct sheet *s, const struct report *r)
{
	uint64_t passing = r->verdicts[ACTION_PERMIT] + r->verdicts[ACTION_IGNORE];
	const char *least = r->flows_evicted ? "at least " : "";
	char n[NUMBER_TEXT], part[NUMBER_TEXT + 32];

	sheet_printf(s, INK_PLAIN, "  At boundary %s: %s%s flow%s pass%s, ", r->boundary->name, least,
		     number_text(passing, n), passing == 1 ? "" : "s", passing == 1 ? "es" : "");
	snprintf(part, sizeof(part), "%s would be stopped", number_text(r->verdicts[ACTION_DENY], n));
	sheet_wrap(s, 2, r->verdicts[ACTION_DENY] ? INK_BAD : INK_GOOD, part);
	if (r->verdicts[ACTION_LIMIT]) {
		snprintf(part, sizeof(part), ", %s run%s over a limit",
			 number_text(r->verdicts[ACTION_LIMIT], n),
			 r->verdicts[ACTION_LIMIT] == 1 ? "s" : "");
		sheet_wrap(s, 2, INK_LIMIT, part);
	}
	if (r->verdicts[ACTION_WARN]) {
		snprintf(part, sizeof(part), ", %s pass%s with a warning",
			 number_text(r->verdicts[ACTION_WARN], n),
			 r->verdicts[ACTION_WARN] == 1 ? "es" : "");
		sheet_wrap(s, 2, INK_WARN, part);
	}
	sheet_put(s, INK_PLAIN, ".");
	sheet_end(s);
	if (r->flows_evicted) {
		sheet_printf(s, INK_WARN, "  Not all flows found room: %s ",
			     number_text(r->flows_evicted, n));
		sheet_wrap(s, 2, INK_WARN, "with few packets were dropped; the rules' counters are "
					   "complete.");
		sheet_end(s);
	}
	sheet_end(s);
}

/* --- rules --- */

static bool same_day(const struct report *r)
{
	char a[LOCAL_TIME_TEXT], b[LOCAL_TIME_TEXT];

	return strcmp(local_date_text(r->first, a), local_date_text(r->last, b)) == 0;
}

char *moment_text(const struct report *r, struct mtime at, char buffer[LOCAL_TIME_TEXT])
{
	char date[LOCAL_TIME_TEXT], clock[LOCAL_TIME_TEXT];

	local_clock_text(at, 0, clock);
	if (same_day(r))
		snprintf(buffer, LOCAL_TIME_TEXT, "%s", clock);
	else
		snprintf(buffer, LOCAL_TIME_TEXT, "%s %.5s", local_date_text(at, date) + 5, clock);
	return buffer;
}

unsigned moment_width(const struct report *r)
{
	return same_day(r) ? 8 : 11;
}

/* Rules that stop something or speak of it are always shown; the others with -v. */
static bool rule_is_shown(const struct report_print *p, size_t i)
{
	const struct report_rule *c = &p->report->rules[i];
	enum action action = p->report->boundary->rules[i]->action;

	if (p->verbose > 0)
		return true;
	return c->hits > c->link_local && action >= ACTION_WARN;
}

static int order_rules(const void *a, const void *b, void *context)
{
	const struct report *r = context;
	uint16_t x = *(const uint16_t *)a, y = *(const uint16_t *)b;

	if (r->rules[x].hits != r->rules[y].hits)
		return r->rules[x].hits > r->rules[y].hits ? -1 : 1;
	return (int)x - y;
}

/* Of the list of rules; on a narrow terminal some columns go, the least telling one first. */
struct rules_layout {
	unsigned name, moment;
	bool	 has_first, has_bytes, has_last;
};

/* A name that was made of the clauses says them already; less than a few of their letters says
 * nothing. */
static void rule_label(const struct report *r, uint16_t i, unsigned width, char out[256])
{
	const struct rule *rule = r->boundary->rules[i];
	const char *name = report_rule_name(r->boundary, i);

	if (width >= 32 && rule->clauses && rule->clauses[0] &&
	    (rule->named || rule->kind != RULE_MATCH))
		snprintf(out, 256, "%-21s %s", name, rule->clauses);
	else
		snprintf(out, 256, "%s", name);
}

/* What the longest label takes, so that the figures of a wide terminal stay beside it. */
static unsigned widest_label(const struct report *r, const uint16_t *order, size_t n)
{
	unsigned widest = 37;				/* as at 100 columns */
	char label[256];

	for (size_t i = 0; i < n; i++) {
		rule_label(r, order[i], UINT_MAX, label);
		if (strlen(label) > widest)
			widest = (unsigned)strlen(label);
	}
	return widest;
}

static struct rules_layout rules_layout_of(const struct sheet *s, const struct report *r,
					   unsigned widest)
{
	const unsigned name = 24, bytes = 9, rest = 3 + 7 + 12 + 8 + 7 - 1;
	unsigned moment = moment_width(r) + 1, left;
	struct rules_layout l = { .moment = moment_width(r) };

	left = s->columns > name + rest ? s->columns - name - rest : 0;
	l.has_last = left >= moment;
	left -= l.has_last ? moment : 0;
	l.has_bytes = left >= bytes;
	left -= l.has_bytes ? bytes : 0;
	l.has_first = l.has_last && left >= moment;
	left -= l.has_first ? moment : 0;
	l.name = name + left < widest ? name + left : widest;
	return l;
}

static void print_rules_head(struct sheet *s, struct rules_layout l)
{
	sheet_left(s, l.name + 2, INK_HEAD, "RULES HIT");
	sheet_left(s, 6, INK_DIM, "action");
	sheet_right(s, 11, INK_DIM, "hits");
	if (l.has_bytes)
		sheet_right(s, 8, INK_DIM, "bytes");
	sheet_right(s, 7, INK_DIM, "sources");
	sheet_right(s, 6, INK_DIM, "groups");
	if (l.has_first)
		sheet_left(s, l.moment, INK_DIM, "first");
	if (l.has_last)
		sheet_left(s, l.moment, INK_DIM, "last");
	sheet_end(s);
}

static void put_distinct(struct sheet *s, unsigned width, uint64_t n, bool estimated)
{
	char number[NUMBER_TEXT], text[NUMBER_TEXT + 1];

	if (!estimated) {
		sheet_number(s, width, n);
		return;
	}
	snprintf(text, sizeof(text), "~%s", number_text(n, number));
	sheet_right(s, width, INK_PLAIN, text);
}

static void print_rule(struct sheet *s, const struct report *r, uint16_t i, struct rules_layout l)
{
	const struct rule *rule = r->boundary->rules[i];
	const struct report_rule *c = &r->rules[i];
	char buffer[LOCAL_TIME_TEXT], label[256];

	rule_label(r, i, l.name, label);
	sheet_put(s, INK_PLAIN, "  ");
	sheet_left(s, l.name, INK_PLAIN, label);
	sheet_left(s, 6, ink_of(rule->action), rule->off ? "off" : action_name(rule->action));
	sheet_number(s, 11, c->hits);
	if (l.has_bytes)
		sheet_right(s, 8, c->bytes ? INK_PLAIN : INK_DIM,
			    c->bytes ? bytes_text(c->bytes, buffer) : "-");
	put_distinct(s, 7, c->sources, c->sources_estimated);
	put_distinct(s, 6, c->groups, c->groups_estimated);
	if (c->hits > 0 && l.has_first)
		sheet_left(s, l.moment, INK_PLAIN, moment_text(r, c->first, buffer));
	if (c->hits > 0 && l.has_last) {
		sheet_left(s, l.moment, INK_PLAIN, moment_text(r, c->last, buffer));
	} else if (c->hits == 0 && rule->off && rule->off_why) {
		sheet_left(s, 0, INK_DIM, rule->off_why);
	}
	sheet_end(s);
}

static void print_rules_rest(struct sheet *s, const struct report_print *p)
{
	const struct boundary *b = p->report->boundary;
	size_t quiet = 0, unhit = 0, off = 0;
	const char *why = NULL;
	struct text words = { 0 };

	for (size_t i = 0; i < b->rule_count; i++) {
		const struct report_rule *c = &p->report->rules[i];

		off += b->rules[i]->off;
		if (b->rules[i]->off && b->rules[i]->off_why && !why)
			why = b->rules[i]->off_why;
		unhit += c->hits == 0 && !b->rules[i]->off;
		quiet += c->hits > 0 && !rule_is_shown(p, i);
	}
	if (quiet > 0)
		text_printf(&words, "(%zu more rule%s hit by permitted or link-local traffic, %zu by nothing",
			    quiet, quiet == 1 ? " was" : "s were", unhit);
	else
		text_printf(&words, "(%zu rule%s hit by nothing", unhit, unhit == 1 ? " was" : "s were");
	text_put(&words, ": -v shows them");
	if (off > 0)
		text_printf(&words, "; %zu %s off: %s%s", off, off == 1 ? "is" : "are", why ? why : "",
			    off > 1 ? ", ..." : "");
	text_char(&words, ')');
	sheet_put(s, INK_DIM, "  ");
	sheet_wrap(s, 2, INK_DIM, text_string(&words));
	sheet_end(s);
	text_release(&words);
}

static void print_rules(struct sheet *s, const struct report_print *p)
{
	const struct report *r = p->report;
	uint16_t *order = memory_array(r->boundary->rule_count, sizeof(order[0]));
	struct rules_layout l;
	size_t n = 0;

	for (size_t i = 0; i < r->boundary->rule_count; i++)
		if (rule_is_shown(p, i))
			order[n++] = (uint16_t)i;
	qsort_r(order, n, sizeof(order[0]), order_rules, (void *)r);
	l = rules_layout_of(s, r, widest_label(r, order, n));
	if (n > 0)
		print_rules_head(s, l);
	for (size_t i = 0; i < n; i++)
		print_rule(s, r, order[i], l);
	if (p->verbose == 0)
		print_rules_rest(s, p);
	sheet_end(s);
	free(order);
}

/* --- the end --- */

static void print_odd(struct sheet *s, const struct report_input *input)
{
	struct text words = { 0 };
	char number[NUMBER_TEXT];

	if (input->odd_count == 0)
		return;
	text_escape_utf8(&words, span_of(input->name));
	text_put(&words, " contradicts itself:");
	for (size_t i = 0; i < input->odd_count; i++)
		text_printf(&words, "%s %s %s (%s)", i ? "," : "", input->odd[i].name,
			    number_text(input->odd[i].count, number), input->odd[i].meaning);
	sheet_wrap(s, 2, INK_DIM, text_string(&words));
	sheet_end(s);
	text_release(&words);
}

static void print_inputs(struct sheet *s, const struct report_print *p)
{
	struct text safe = { 0 };

	for (size_t i = 0; i < p->input_count; i++) {
		print_odd(s, &p->inputs[i]);
		if (!p->inputs[i].problem[0])
			continue;
		text_reset(&safe);
		text_escape_utf8(&safe, span_of(p->inputs[i].problem));	/* it names the file */
		sheet_wrap(s, 2, INK_WARN, text_string(&safe));
		sheet_end(s);
	}
	text_release(&safe);
	if (p->is_interrupted) {
		sheet_put(s, INK_WARN, "Interrupted: this is what was read until then.");
		sheet_end(s);
	}
}

/* The first finding that explain can say more of. */
static bool find_example(const struct report *r, struct report_finding *out)
{
	for (size_t i = 0; i < r->flow_finding_count; i++) {
		*out = report_finding_at(r, i);
		if (addr_is_there(out->group) && out->group_len == addr_bits(out->group) &&
		    out->source_kind != FLOW_SOURCE_SPEAKER &&
		    !(r->options.vantage_inside && out->is_scoped))
			return true;
	}
	return false;
}

/* Nothing was found: because nothing is wrong, nothing is new, or nothing could be read. */
static void print_all_clear(struct sheet *s, const struct report_print *p)
{
	const struct report_packets *n = &p->report->packets;
	uint64_t known = p->report->known_findings;
	struct text safe = { 0 };
	char number[NUMBER_TEXT];

	if (n->total > 0 && n->unread == n->total) {
		sheet_put(s, INK_WARN, "No packet could be read, so nothing could be judged.");
	} else if (n->total == 0) {
		sheet_printf(s, INK_WARN, "There is no %spacket, so nothing could be judged.",
			     p->is_filtered ? "such " : "");
	} else if (p->baseline && known > 0) {
		text_escape_utf8(&safe, span_of(p->baseline));
		sheet_printf(s, INK_GOOD, "Nothing new since %s, which tells the %s finding%s here.",
			     text_string(&safe), number_text(known, number), known == 1 ? "" : "s");
	} else {
		sheet_put(s, INK_GOOD, "Nothing here must not cross the border.");
	}
	sheet_end(s);
	text_release(&safe);
}

static void print_closing(struct sheet *s, const struct report_print *p)
{
	const struct report *r = p->report;
	size_t reasons = report_reasons(r), others = r->other_finding_count;
	size_t flows = reasons - others;
	struct report_finding example;
	char a[ADDR_TEXT], b[ADDR_TEXT], n[NUMBER_TEXT], part[3 * ADDR_TEXT];

	if (reasons == 0) {
		print_all_clear(s, p);
		return;
	}
	if (flows > 0)
		sheet_printf(s, INK_BAD, "%s flow%s must not cross the border",
			     number_text(flows, n), flows == 1 ? "" : "s");
	if (others > 0)
		sheet_printf(s, INK_BAD, "%s%s %s finding%s", flows ? "; " : "", number_text(others, n),
			     flows ? "other" : "", others == 1 ? "" : "s");
	sheet_put(s, INK_BAD, ".");
	if (find_example(r, &example)) {
		const char *source = example.source_kind == FLOW_SOURCE_ANY
					     ? "'*'"
					     : addr_text(example.source, a);

		snprintf(part, sizeof(part), "  Explain one:  weir explain %s %s", source,
			 addr_text(example.group, b));
		if (s->at + strlen(part) > s->columns)
			sheet_end(s);
		sheet_put(s, INK_PLAIN, part + (s->at == 0 ? 2 : 0));
	}
	sheet_end(s);
}

void report_print_text(const struct report_print *print, FILE *out)
{
	struct sheet s = sheet_of(out, print->columns, print->colour);

	print_header(&s, print);
	print_multicast(&s, print->report);
	print_points(&s, print->report);
	print_verdicts(&s, print->report);
	print_rules(&s, print);
	print_lists(&s, print);
	print_inputs(&s, print);
	print_closing(&s, print);
	sheet_release(&s);
}
