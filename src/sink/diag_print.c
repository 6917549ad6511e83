/* SPDX-License-Identifier: BSD-2-Clause */
/* Printing complaints.  Columns count characters: a letter of several bytes is one.
 * Knows no language. */
#include "sink/diag_print.h"

#include <string.h>

#include "base/text.h"

#define TAB 8

struct paint {
	const char *bold, *caret, *dim, *plain;
};

static const struct paint painted = { "\033[1m", "\033[1;32m", "\033[2m", "\033[0m" };
static const struct paint unpainted = { "", "", "", "" };

static const struct {
	const char *word, *colour;
} severities[] = {
	[SEVERITY_NOTE] = { "note", "\033[1;36m" },
	[SEVERITY_WARNING] = { "warning", "\033[1;35m" },
	[SEVERITY_ERROR] = { "error", "\033[1;31m" },
};

/* Bytes of the character at the start of s: one where it is no UTF-8. */
static size_t character(struct span s)
{
	size_t n = 1;

	while (s.p[0] >= 0xc0 && n < s.n && n < 4 && (s.p[n] & 0xc0) == 0x80)
		n++;
	return n;
}

static unsigned width_of(const char *shown, size_t n)
{
	unsigned width = 0;

	for (size_t i = 0; i < n; i++)
		width += ((unsigned char)shown[i] & 0xc0) != 0x80;
	return width;
}

/* Shows one line with its tabs as blanks; tells where the character number `column` begins on
 * the screen, and how wide `width` characters from there are. */
struct shown_line {
	struct text text;
	unsigned    at, wide, columns;
};

static void show_character(struct shown_line *line, struct span c)
{
	size_t before = line->text.n;

	if (c.p[0] == '\t') {
		do
			text_char(&line->text, ' ');
		while (++line->columns % TAB != 0);
		return;
	}
	if (c.p[0] == '\\')
		text_char(&line->text, '\\');
	else
		text_escape_utf8(&line->text, c);
	line->columns += width_of(line->text.p + before, line->text.n - before);
}

/* Without a byte order mark, which is no column either. */
static struct span line_of(const struct diag *d)
{
	bool is_marked = d->line == 1 && strncmp(d->source_line, "\xef\xbb\xbf", 3) == 0;

	return span_of(d->source_line + (is_marked ? 3 : 0));
}

static struct shown_line show_line(const struct diag *d)
{
	struct span left = line_of(d);
	struct shown_line line = { 0 };
	unsigned number = 1, last = d->column + (d->width ? d->width : 1);

	for (; left.n > 0 && left.p[0] != '\n' && left.p[0] != '\r'; number++) {
		struct span c = { left.p, character(left) };

		if (number == d->column)
			line.at = line.columns;
		show_character(&line, c);
		if (number >= d->column && number < last)
			line.wide = line.columns - line.at;
		left = (struct span){ left.p + c.n, left.n - c.n };
	}
	if (number <= d->column)
		line.at = line.columns;			/* behind the end of the line */
	return line;
}

static void put_caret(struct text *out, const struct diag *d, const struct paint *paint)
{
	struct shown_line line = show_line(d);

	text_printf(out, "%s%4u |%s %s\n     %s|%s %*s%s^", paint->dim, d->line, paint->plain,
		    text_string(&line.text), paint->dim, paint->plain, (int)line.at, "",
		    paint->caret);
	for (unsigned i = 1; i < line.wide; i++)
		text_char(out, '~');
	text_put(out, paint->plain);
	if (d->beside) {
		text_char(out, ' ');
		text_escape_utf8(out, span_of(d->beside));
	}
	text_char(out, '\n');
	text_release(&line.text);
}

static void put_diag(struct text *out, const struct diag *d, bool colour)
{
	const struct paint *paint = colour ? &painted : &unpainted;

	if (d->file) {
		text_put(out, paint->bold);
		text_escape_utf8(out, span_of(d->file));
		if (d->line)
			text_printf(out, ":%u:%u", d->line, d->column);
		text_printf(out, ":%s ", paint->plain);
	}
	text_printf(out, "%s%s:%s ", colour ? severities[d->severity].colour : "",
		    severities[d->severity].word, paint->plain);
	text_escape_utf8(out, span_of(d->message));
	text_char(out, '\n');
	if (d->source_line && d->line && d->column)
		put_caret(out, d, paint);
	if (d->hint) {
		text_put(out, "     hint: ");
		text_escape_utf8(out, span_of(d->hint));
		text_char(out, '\n');
	}
}

void diags_print(const struct diags *diags, bool colour, FILE *out)
{
	struct text text = { 0 };

	for (size_t i = 0; i < diags->n; i++) {
		text_reset(&text);
		put_diag(&text, &diags->list[i], colour);
		fwrite(text.p, 1, text.n, out);
	}
	text_release(&text);
}

static const char *print_count(unsigned n, const char *one, const char *before, FILE *out)
{
	if (n == 0)
		return before;
	fprintf(out, "%s%u %s%s", before, n, one, n == 1 ? "" : "s");
	return ", ";
}

void diags_print_summary(const struct diags *diags, FILE *out)
{
	const char *before = "";

	before = print_count(diags->errors, "error", before, out);
	before = print_count(diags->warnings, "warning", before, out);
	print_count(diags->notes, "note", before, out);
	if (diags->n > 0)
		fputc('\n', out);
}
