/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading rows of CSV, RFC 4180 2.  Knows no columns and no files. */
#include "base/csv.h"

struct csv csv_of(struct span text, struct arena *arena)
{
	static const uint8_t mark[] = { 0xef, 0xbb, 0xbf };	/* UTF-8 byte order mark */

	if (text.n >= sizeof(mark) && memcmp(text.p, mark, sizeof(mark)) == 0) {
		text.p += sizeof(mark);
		text.n -= sizeof(mark);
	}
	return (struct csv){ .left = text, .arena = arena, .next_line = 1 };
}

static int peek(const struct csv *csv)
{
	return csv->left.n ? csv->left.p[0] : -1;
}

static int take(struct csv *csv)
{
	int c = peek(csv);

	if (c < 0)
		return c;
	csv->left.p++;
	csv->left.n--;
	csv->next_line += c == '\n';
	return c;
}

static bool ends_field(int c)
{
	return c < 0 || c == ',' || c == '\n';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *keep(struct csv *csv, const char *p, size_t n)
{
	while (n > 0 && is_blank(p[n - 1]))
		n--;
	while (n > 0 && is_blank(*p)) {
		p++;
		n--;
	}
	return arena_text(csv->arena, p, n);
}

static const char *read_plain(struct csv *csv)
{
	const char *start = (const char *)csv->left.p, *end = start + csv->left.n, *p = start;
	size_t n;

	while (p < end && *p != ',' && *p != '\n')
		p++;
	n = (size_t)(p - start);
	csv->left.p += n;
	csv->left.n -= n;
	return n > 0 && memchr(start, '\0', n) ? NULL : keep(csv, start, n);
}

/* At most how long a quoted field is: up to the quote that closes it. */
static size_t quoted_length(const struct csv *csv)
{
	size_t n = 0;

	while (n < csv->left.n && csv->left.p[n] != '"')
		n += 1;
	while (n + 1 < csv->left.n && csv->left.p[n] == '"' && csv->left.p[n + 1] == '"')
		for (n += 2; n < csv->left.n && csv->left.p[n] != '"';)
			n++;
	return n;
}

/* Behind the opening quote.  NULL where it is never closed, or followed by more. */
static const char *read_quoted(struct csv *csv)
{
	char *text = arena_take(csv->arena, quoted_length(csv) + 1);
	size_t n = 0;
	int c;

	while ((c = take(csv)) >= 0) {
		if (c == '\0')
			return NULL;
		if (c == '"' && peek(csv) != '"')
			break;
		if (c == '"')
			take(csv);
		text[n++] = (char)c;
	}
	if (c < 0)
		return NULL;
	if (peek(csv) == '\r')
		take(csv);
	return ends_field(peek(csv)) ? keep(csv, text, n) : NULL;
}

static void skip_line(struct csv *csv)
{
	for (int c = take(csv); c >= 0 && c != '\n';)
		c = take(csv);
}

static void read_row(struct csv *csv)
{
	for (;;) {
		bool quoted = peek(csv) == '"';
		const char *field;

		if (quoted)
			take(csv);
		field = quoted ? read_quoted(csv) : read_plain(csv);
		if (!field || csv->n == CSV_FIELDS_MAX) {
			csv->problem = field ? "too many columns"
				       : quoted ? "a quoted field is not closed, or is followed by more"
						: "a NUL byte";
			csv->n = 0;
			skip_line(csv);
			return;
		}
		csv->fields[csv->n++] = field;
		if (take(csv) != ',')
			return;
	}
}

bool csv_next(struct csv *csv)
{
	csv->n = 0;
	csv->problem = NULL;
	while (peek(csv) == '\n' || peek(csv) == '\r')
		take(csv);
	csv->line = csv->next_line;
	if (peek(csv) < 0)
		return false;
	read_row(csv);
	return true;
}
