/* SPDX-License-Identifier: BSD-2-Clause */
/* Explanations for a person: what the group is, and one line for each control point. */
#include <stdio.h>

#include "net/scope.h"
#include "sink/explain_print.h"

#define POINT_WIDTH 11
#define VERDICT_WIDTH 7
#define RULE_WIDTH_MAX 34
#define NAMES_MAX 8

static const char *rule_name(const struct boundary *b, uint16_t rule)
{
	return rule + 1u == b->rule_count ? "default" : b->rules[rule]->name;
}

/* What may come out of a file is shown and does nothing. */
static void put_safe(struct sheet *s, enum ink ink, const char *text)
{
	struct text safe = { 0 };

	text_escape_utf8(&safe, span_of(text));
	sheet_put(s, ink, text_string(&safe));
	text_release(&safe);
}

static void put_name(const struct group_name *name, struct sheet *s)
{
	char zone[ADDR_TEXT];

	put_safe(s, INK_PLAIN, name->text);
	if (name->kind == NAME_RELATIVE)
		sheet_printf(s, INK_PLAIN, ", relative address %u of %s", name->offset,
			     prefix_text(name->zone.first,
					 name->zone.first.lo >> 16 == 0xefff ? 16 : 14, zone));
	else if (name->kind == NAME_UNOFFICIAL)
		sheet_put(s, INK_PLAIN, ", in no registry");
}

static void print_head(const struct explain_print *print, const struct query *q, struct sheet *s)
{
	struct addr alias = scope_link_alias(q->group);
	const char *scope = scope_name(q->group);
	char source[ADDR_TEXT], group[ADDR_TEXT];
	struct group_name name;

	registry_group(print->registry, q->group, &name);
	sheet_printf(s, INK_HEAD, "%s > %s", addr_text(q->source, source), addr_text(q->group, group));
	sheet_put(s, INK_PLAIN, "   ");
	put_name(&name, s);
	sheet_printf(s, INK_PLAIN, "%s(%s scope)", name.text[0] ? " " : "", scope ? scope : "no");
	sheet_end(s);
	if (addr_is_there(alias)) {
		sheet_printf(s, INK_DIM, "  Switches take it for %s: it has the same link-layer address.",
			     addr_text(alias, group));
		sheet_end(s);
	}
	sheet_end(s);
	sheet_printf(s, INK_PLAIN, "boundary %s, policy %s%s", print->boundary->name,
		     print->policy->name, print->policy->built_in ? " (built in)" : "");
	sheet_end(s);
}

/* Where the rule is written: the file is said where it is another than the policy's. */
static void put_place(const struct explain_print *print, const struct rule *rule, struct sheet *s)
{
	const char *file = rule->place.file;

	if (file && print->policy->file && strcmp(file, print->policy->file) != 0) {
		put_safe(s, INK_DIM, file);
		sheet_printf(s, INK_DIM, ":%u", rule->place.line);
	} else {
		sheet_printf(s, INK_DIM, "line %u", rule->place.line);
	}
}

static unsigned place_width(const struct explain_print *print, const struct rule *rule)
{
	const char *file = rule->place.file;
	bool other = file && print->policy->file && strcmp(file, print->policy->file) != 0;

	return (unsigned)snprintf(NULL, 0, "%s%u", other ? file : "line", rule->place.line) + 1;
}

struct widths {
	unsigned rule, place, text;
};

static struct widths find_widths(const struct explain_print *print, const struct explained *list,
				 size_t n)
{
	struct widths w = { 4, 4, 0 };

	for (size_t i = 0; i < n; i++) {
		const struct rule *rule = print->boundary->rules[list[i].verdict.rule];
		unsigned name = (unsigned)strlen(rule_name(print->boundary, list[i].verdict.rule));
		unsigned place = place_width(print, rule);
		unsigned text = rule->text ? (unsigned)strlen(rule->text) : 0;

		w.rule = name > w.rule ? name : w.rule;
		w.place = place > w.place ? place : w.place;
		w.text = text > w.text ? text : w.text;
	}
	w.rule = w.rule < RULE_WIDTH_MAX ? w.rule : RULE_WIDTH_MAX;
	return w;
}

/* "word: a, b and 3 more" on a line of its own. */
static void print_names(const struct boundary *b, const char *word, const uint16_t *list, size_t n,
			struct sheet *s)
{
	size_t shown = n < NAMES_MAX ? n : NAMES_MAX;

	if (n == 0)
		return;
	sheet_to(s, 2 + POINT_WIDTH + 2 + VERDICT_WIDTH + 2);
	sheet_printf(s, INK_DIM, "%s ", word);
	for (size_t i = 0; i < shown; i++) {
		const char *name = rule_name(b, list[i]);

		if (i > 0 && s->at + strlen(name) + 2 > s->columns) {
			sheet_put(s, INK_DIM, ",");
			sheet_end(s);
			sheet_to(s, 2 + POINT_WIDTH + 2 + VERDICT_WIDTH + 4);
			sheet_put(s, INK_DIM, name);
		} else {
			sheet_printf(s, INK_DIM, "%s%s", i ? ", " : "", name);
		}
	}
	if (n > shown)
		sheet_printf(s, INK_DIM, " and %zu more", n - shown);
	sheet_end(s);
}

static void print_why(const struct explain_print *print, const struct query *q,
		      const struct explained *e, struct sheet *s)
{
	struct text safe = { 0 };

	for (uint16_t i = 0; i < print->boundary->match_count && i < e->verdict.rule; i++) {
		const struct rule *rule = print->boundary->rules[i];
		char why[EXPLAIN_WHY];
		enum answer answer = explain_rule(rule, q, e->point, why);

		sheet_to(s, 2 + POINT_WIDTH + 2);
		sheet_printf(s, INK_DIM, "%s %s: ", answer == ANSWER_NO ? "not" : "unless",
			     rule->name);
		text_reset(&safe);
		text_escape_utf8(&safe, span_of(why));
		sheet_wrap(s, 2 + POINT_WIDTH + 4, INK_DIM, text_string(&safe));
		sheet_end(s);
	}
	text_release(&safe);
}

/* The description, and the reference behind it or, where it does not fit, below it. */
static void put_reason(const struct rule *rule, const struct widths *w, struct sheet *s)
{
	struct text safe = { 0 };
	unsigned from = s->at;

	if (rule->text) {
		text_escape_utf8(&safe, span_of(rule->text));
		sheet_wrap(s, from, INK_PLAIN, text_string(&safe));
	}
	text_reset(&safe);
	if (rule->ref) {
		text_escape_utf8(&safe, span_of(rule->ref));
		if (from + w->text + 2 + safe.n > s->columns && rule->text) {
			sheet_end(s);
			sheet_to(s, from);
		} else {
			sheet_to(s, from + w->text + (w->text ? 2 : 0));
		}
		sheet_left(s, 0, INK_DIM, text_string(&safe));
	}
	text_release(&safe);
}

static void print_point(const struct explain_print *print, const struct query *q,
			const struct explained *e, const struct explained *before,
			const struct widths *w, struct sheet *s)
{
	const struct rule *rule = print->boundary->rules[e->verdict.rule];
	unsigned column = 2 + POINT_WIDTH + 2 + VERDICT_WIDTH + 2;

	sheet_to(s, 2);
	sheet_put(s, INK_PLAIN, point_name(e->point));
	sheet_to(s, 2 + POINT_WIDTH + 2);
	sheet_put(s, ink_of(e->verdict.action), action_name(e->verdict.action));
	sheet_to(s, column);
	sheet_left(s, w->rule, INK_HEAD, rule_name(print->boundary, e->verdict.rule));
	sheet_to(s, column + w->rule + 2);
	put_place(print, rule, s);
	if (!before || before->verdict.rule != e->verdict.rule) {
		sheet_to(s, column + w->rule + 2 + w->place + 2);
		put_reason(rule, w, s);
	}
	sheet_end(s);
	print_names(print->boundary, "unless", e->unless, e->unless_count, s);
	if (!before || before->verdict.rule != e->verdict.rule)
		print_names(print->boundary, "also", e->also, e->also_count, s);
	if (print->verbose)
		print_why(print, q, e, s);
}

void explain_text_print(const struct explain_print *print, const struct query *query,
			const struct explained *list, size_t n, struct sheet *sheet)
{
	struct widths w = find_widths(print, list, n);

	print_head(print, query, sheet);
	for (size_t i = 0; i < n; i++)
		print_point(print, query, &list[i], i > 0 ? &list[i - 1] : NULL, &w, sheet);
}
