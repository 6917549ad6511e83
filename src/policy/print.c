/* SPDX-License-Identifier: BSD-2-Clause */
/* The canonical layout.  Everything is decided by what is written and by which things a blank
 * line or a comment parts, never by how wide the blanks were: so printing twice changes
 * nothing.  Knows no meaning. */
#include "policy/print.h"

#include <string.h>

#include "policy/layout.h"
#include "policy/text.h"

/* What is left to print, and where the last thing printed stood in the source. */
struct printing {
	const struct syntax *syntax;
	struct text	    *out;
	size_t		     next;	/* the first comment that is not printed yet */
	unsigned	     line;	/* source line on which the last thing ended; 0: none */
	unsigned	     indent;
};

static const struct comment *comment_at(const struct printing *p, size_t i)
{
	return i < p->syntax->comments.n ? &p->syntax->comments.list[i] : NULL;
}

static void put_comment(struct printing *p, const struct comment *c)
{
	text_put_n(p->out, p->syntax->source->text + c->offset, c->n);
}

/* A blank line where the source has one, but not at the start of a file or a body. */
static void put_gap(struct printing *p, unsigned line)
{
	if (p->line > 0 && line > p->line + 1)
		text_char(p->out, '\n');
}

static void put_comment_line(struct printing *p, const struct comment *c)
{
	text_printf(p->out, "%*s", (int)p->indent, "");
	put_comment(p, c);
	text_char(p->out, '\n');
}

/* The comments before a place in the source, each on its line. */
static void put_comments_before(struct printing *p, size_t offset)
{
	const struct comment *c;

	while ((c = comment_at(p, p->next)) && c->offset < offset) {
		put_gap(p, c->line);
		put_comment_line(p, c);
		p->line = c->line;
		p->next++;
	}
}

/* True where a list inside of the expression holds the offset: its comments stay there. */
static bool in_list(const struct expr *e, size_t offset)
{
	if (!e || offset < e->spot.start || offset >= e->spot.end)
		return false;
	if (e->kind == EXPR_LIST)
		return true;
	for (size_t i = 0; i < e->n; i++)
		if (in_list(e->list[i], offset))
			return true;
	return false;
}

static bool in_lists_of_rule(const struct rule_syntax *rule, size_t offset)
{
	for (size_t i = 0; i < rule->clause_count; i++)
		if (in_list(rule->clauses[i].expr, offset))
			return true;
	return false;
}

/* Comments of a statement or rule that have no place of their own in its canonical form stand
 * above it.  Those in lists are left to the list. */
static void put_inner_comments(struct printing *p, const struct spot *spot, const struct expr *expr,
			       const struct rule_syntax *rule)
{
	const struct comment *c;

	for (size_t i = p->next; (c = comment_at(p, i)) && c->offset < spot->end; i++)
		if (!in_list(expr, c->offset) && !(rule && in_lists_of_rule(rule, c->offset)))
			put_comment_line(p, c);
}

/* Everything above a statement or rule, its gap included. */
static void put_above(struct printing *p, const struct spot *spot, const struct expr *expr,
		      const struct rule_syntax *rule)
{
	put_comments_before(p, spot->start);
	put_gap(p, spot->line);
	put_inner_comments(p, spot, expr, rule);
}

/* True where put_above() would print anything. */
static bool stands_apart(const struct printing *p, const struct spot *spot,
			 const struct expr *expr, const struct rule_syntax *rule)
{
	const struct comment *c = comment_at(p, p->next);

	if ((c && c->offset < spot->start) || (p->line > 0 && spot->line > p->line + 1))
		return true;
	for (size_t i = p->next; (c = comment_at(p, i)) && c->offset < spot->end; i++)
		if (!in_list(expr, c->offset) && !(rule && in_lists_of_rule(rule, c->offset)))
			return true;
	return false;
}

/* Passes the comments inside of what ends at `end`, and takes the one behind it on its line:
 * NULL where there is none before `next`. */
static const struct comment *take_comments(struct printing *p, size_t end, unsigned line,
					   size_t next)
{
	const struct comment *c;

	while ((c = comment_at(p, p->next)) && c->offset < end)
		p->next++;
	p->line = line;
	if (!c || c->line != line || c->offset >= next)
		return NULL;
	p->next++;
	return c;
}

static void fill_row_comment(struct printing *p, struct row *row, const struct comment *c)
{
	if (c)
		text_put_n(&row->comment, p->syntax->source->text + c->offset, c->n);
}

/* Lists with comments inside cannot stand on one line. */
static bool lists_have_comments(const struct printing *p, const struct spot *spot,
				const struct expr *expr, const struct rule_syntax *rule)
{
	const struct comment *c;

	for (size_t i = p->next; (c = comment_at(p, i)) && c->offset < spot->end; i++)
		if (in_list(expr, c->offset) || (rule && in_lists_of_rule(rule, c->offset)))
			return true;
	return false;
}

static void put_trailer_cells(const struct trailers *t, struct row *row, unsigned first)
{
	struct trailers rest = *t;

	if (t->name)
		text_printf(&row->cells[first], "as %s", t->name);
	if (t->text)
		quoted_text(t->text, &row->cells[first + 1]);
	rest.name = rest.text = NULL;
	trailers_text(&rest, &row->cells[first + 2]);
	if (row->cells[first + 2].n > 0)		/* trailers_text() begins with a blank */
		memmove(row->cells[first + 2].p, row->cells[first + 2].p + 1,
			row->cells[first + 2].n--);
}

static void put_rule_cells(const struct rule_syntax *rule, struct row *row)
{
	struct text action = { 0 };
	size_t word;

	action_text(rule, &action);
	word = strcspn(action.p, " ");
	if (rule->kind == RULE_MATCH) {
		text_printf(&row->cells[0], "%-6.*s", (int)word, action.p);
		if (action.p[word])
			text_printf(&row->cells[1], "%s ", action.p + word + 1);
		clauses_text(rule, &row->cells[1]);
	} else {
		text_put(&row->cells[0], action.p);
		if (rule->kind == RULE_POLICE)
			police_text(rule, &row->cells[1]);
	}
	text_release(&action);
	put_trailer_cells(&rule->trailers, row, 2);
}

/* A rule whose line is too long, or whose lists have comments: clauses with their lists broken
 * into lines, then the trailers on lines of their own. */
static void put_broken_rule(struct printing *p, const struct rule_syntax *rule, struct row *row)
{
	struct broken b = broken_of(p->out, p->syntax, p->indent);

	broken_put(&b, row->cells[0].p);
	if (rule->kind == RULE_MATCH && rule->action == ACTION_LIMIT) {
		struct text action = { 0 };

		action_text(rule, &action);
		broken_put(&b, action.p + strlen("limit"));
		text_release(&action);
	}
	for (size_t i = 0; i < rule->clause_count && rule->kind == RULE_MATCH; i++)
		broken_put_clause(&b, &rule->clauses[i]);
	if (rule->kind == RULE_POLICE && row->cells[1].n > 0)
		broken_put_word(&b, row->cells[1].p);
	broken_put_trailers(&b, row, 2);
}

static bool same_group(const struct rule_syntax *a, const struct rule_syntax *b)
{
	return a->kind == b->kind;
}

static void put_rules(struct printing *p, const struct boundary_syntax *boundary, size_t end)
{
	struct rows rows = { .indent = p->indent };
	size_t n = boundary->rule_count;

	for (size_t i = 0; i < n; i++) {
		const struct rule_syntax *rule = boundary->rules[i];
		struct row *row;

		if (stands_apart(p, &rule->spot, NULL, rule) ||
		    (i > 0 && !same_group(boundary->rules[i - 1], rule))) {
			rows_put(&rows, p->out);
			put_above(p, &rule->spot, NULL, rule);
		}
		row = rows_add(&rows);
		put_rule_cells(rule, row);
		if (lists_have_comments(p, &rule->spot, NULL, rule) ||
		    row_width(row, p->indent) > LAYOUT_WIDTH) {
			row = rows_put_before_last(&rows, p->out);
			row->broken = true;
			put_broken_rule(p, rule, row);
		}
		fill_row_comment(
			p, row,
			take_comments(p, rule->spot.end, rule->spot.end_line,
				      i + 1 < n ? boundary->rules[i + 1]->spot.start : end));
		if (row->broken)
			rows_put(&rows, p->out);
	}
	rows_put(&rows, p->out);
	rows_release(&rows);
}

static void put_header(struct printing *p, const struct boundary_syntax *b)
{
	struct text *out = p->out;
	size_t column = out->n;

	text_printf(out, "boundary %s", b->name);
	if (b->text) {
		text_char(out, ' ');
		quoted_text(b->text, out);
	}
	if (b->base.name) {
		struct text base = { 0 };

		text_printf(&base, "extends %s", b->base.name);
		for (size_t i = 0; i < b->without_count; i++)
			text_printf(&base, "%s %s", i == 0 ? " without" : ",", b->without[i].name);
		text_put(out, out->n - column + base.n + 3 > LAYOUT_WIDTH ? "\n        " : " ");
		text_put(out, base.p);
		text_release(&base);
	}
	text_put(out, " {");
}

static void put_boundary(struct printing *p, const struct statement *s, size_t next)
{
	const struct boundary_syntax *b = &s->boundary;
	const struct comment *c;
	size_t first = b->rule_count > 0 ? b->rules[0]->spot.start : s->spot.end - 1;

	put_header(p, b);
	c = take_comments(p, b->open_end, b->open_line, first);
	if (c) {
		text_put(p->out, "  ");
		put_comment(p, c);
	}
	text_char(p->out, '\n');
	p->indent = LAYOUT_INDENT;
	p->line = 0;
	put_rules(p, b, s->spot.end - 1);
	put_comments_before(p, s->spot.end - 1);
	p->indent = 0;
	text_char(p->out, '}');
	c = take_comments(p, s->spot.end, s->spot.end_line, next);
	if (c) {
		text_put(p->out, "  ");
		put_comment(p, c);
	}
	text_char(p->out, '\n');
}

static void put_set_cells(const struct set_syntax *set, struct row *row)
{
	row->right = 1;
	text_printf(&row->cells[0], "set %s", set->name);
	text_put(&row->cells[1], set->choice ? "?=" : "=");
	expr_text(set->expr, &row->cells[2]);
	if (set->text)
		quoted_text(set->text, &row->cells[3]);
}

static void put_broken_set(struct printing *p, const struct set_syntax *set)
{
	struct broken b = broken_of(p->out, p->syntax, 0);

	broken_put(&b, "set ");
	broken_put(&b, set->name);
	broken_put(&b, set->choice ? " ?= " : " = ");
	broken_put_expr(&b, set->expr);
	if (set->text) {
		struct text text = { 0 };

		quoted_text(set->text, &text);
		broken_put_word(&b, text.p);
		text_release(&text);
	}
}

static size_t start_of(const struct syntax *syntax, size_t i)
{
	return i < syntax->n ? syntax->statements[i]->spot.start : SIZE_MAX;
}

/* A run of sets that nothing parts, from statement i on; returns the statement behind it. */
static size_t put_sets(struct printing *p, size_t i)
{
	const struct syntax *syntax = p->syntax;
	struct rows rows = { 0 };

	for (; i < syntax->n && syntax->statements[i]->kind == STATEMENT_SET; i++) {
		const struct statement *s = syntax->statements[i];
		struct row *row;

		if (stands_apart(p, &s->spot, s->set.expr, NULL)) {
			rows_put(&rows, p->out);
			put_above(p, &s->spot, s->set.expr, NULL);
		}
		row = rows_add(&rows);
		put_set_cells(&s->set, row);
		if (lists_have_comments(p, &s->spot, s->set.expr, NULL) ||
		    row_width(row, 0) > LAYOUT_WIDTH) {
			row = rows_put_before_last(&rows, p->out);
			row->broken = true;
			put_broken_set(p, &s->set);
		}
		fill_row_comment(p, row, take_comments(p, s->spot.end, s->spot.end_line,
						       start_of(syntax, i + 1)));
		if (row->broken)
			rows_put(&rows, p->out);
	}
	rows_put(&rows, p->out);
	rows_release(&rows);
	return i;
}

static void put_line(struct printing *p, const struct statement *s, size_t next)
{
	const struct comment *c;

	text_put(p->out, s->kind == STATEMENT_POLICY ? "policy " : "include ");
	quoted_text(s->text, p->out);
	c = take_comments(p, s->spot.end, s->spot.end_line, next);
	if (c) {
		text_put(p->out, "  ");
		put_comment(p, c);
	}
	text_char(p->out, '\n');
}

/* A boundary is parted from what stands around it, with the comments right above it. */
static void part(struct printing *p, size_t i)
{
	const struct statement *s = p->syntax->statements[i];
	const struct comment *c = comment_at(p, p->next);
	unsigned line = c && c->offset < s->spot.start ? c->line : s->spot.line;
	bool wanted = s->kind == STATEMENT_BOUNDARY ||
		      (i > 0 && p->syntax->statements[i - 1]->kind == STATEMENT_BOUNDARY);

	if (wanted && p->line > 0 && line <= p->line + 1)
		text_char(p->out, '\n');
}

void syntax_text(const struct syntax *syntax, struct text *out)
{
	struct printing p = { .syntax = syntax, .out = out };
	size_t i = 0;

	while (i < syntax->n) {
		const struct statement *s = syntax->statements[i];
		struct spot above;

		part(&p, i);
		if (s->kind == STATEMENT_SET) {
			i = put_sets(&p, i);
			continue;
		}
		above = s->spot;
		if (s->kind == STATEMENT_BOUNDARY)
			above.end = s->boundary.open_end;
		put_above(&p, &above, NULL, NULL);
		if (s->kind == STATEMENT_BOUNDARY)
			put_boundary(&p, s, start_of(syntax, i + 1));
		else
			put_line(&p, s, start_of(syntax, i + 1));
		i++;
	}
	put_comments_before(&p, SIZE_MAX);
}
