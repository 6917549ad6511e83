/* SPDX-License-Identifier: BSD-2-Clause */
/* Cells and lines.  Knows no report.  The texts given are safe for a terminal already. */
#include "sink/sheet.h"

#include <inttypes.h>
#include <stdarg.h>

static const char *const inks[INK_COUNT] = {
	[INK_PLAIN] = "",	   [INK_HEAD] = "\033[1m",  [INK_DIM] = "\033[2m",
	[INK_GOOD] = "\033[32m",   [INK_WARN] = "\033[33m", [INK_LIMIT] = "\033[35m",
	[INK_BAD] = "\033[1;31m",
};

const char *sheet_ink(unsigned ink)
{
	return inks[ink];
}

enum ink ink_of(enum action action)
{
	static const enum ink of[ACTION_COUNT] = {
		[ACTION_IGNORE] = INK_DIM,    [ACTION_PERMIT] = INK_GOOD, [ACTION_WARN] = INK_WARN,
		[ACTION_LIMIT] = INK_LIMIT, [ACTION_DENY] = INK_BAD,
	};

	return of[action];
}

struct sheet sheet_of(FILE *out, unsigned columns, bool colour)
{
	return (struct sheet){ .out = out, .columns = columns, .colour = colour };
}

void sheet_release(struct sheet *s)
{
	text_release(&s->line);
}

static unsigned width_of(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* The bytes of the first n characters. */
static size_t bytes_of(const char *text, unsigned n)
{
	size_t i = 0;

	while (text[i] && (n > 0 || ((unsigned char)text[i] & 0xc0) == 0x80)) {
		n -= ((unsigned char)text[i] & 0xc0) != 0x80;
		i++;
	}
	return i;
}

static void put_inked(struct sheet *s, enum ink ink, const char *text, size_t n)
{
	bool inked = s->colour && ink != INK_PLAIN && n > 0;

	if (inked)
		text_put(&s->line, inks[ink]);
	text_put_n(&s->line, text, n);
	if (inked)
		text_put(&s->line, "\033[0m");
}

static void put_blanks(struct sheet *s, unsigned n)
{
	for (; n > 0; n--, s->at++)
		text_char(&s->line, ' ');
}

void sheet_put(struct sheet *s, enum ink ink, const char *text)
{
	put_inked(s, ink, text, strlen(text));
	s->at += width_of(text);
}

void sheet_printf(struct sheet *s, enum ink ink, const char *format, ...)
{
	char buffer[512];
	va_list args;

	va_start(args, format);
	vsnprintf(buffer, sizeof(buffer), format, args);
	va_end(args);
	sheet_put(s, ink, buffer);
}

/* As much as fits, with dots where it does not; the columns it took. */
static unsigned put_cut(struct sheet *s, unsigned width, enum ink ink, const char *text)
{
	unsigned n = width_of(text);

	if (n <= width || width < 4) {
		put_inked(s, ink, text, bytes_of(text, width));
		n = n < width ? n : width;
	} else {
		struct text cut = { 0 };

		text_put_n(&cut, text, bytes_of(text, width - 3));
		text_put(&cut, "...");
		put_inked(s, ink, cut.p, cut.n);
		text_release(&cut);
		n = width;
	}
	s->at += n;
	return n;
}

void sheet_left(struct sheet *s, unsigned width, enum ink ink, const char *text)
{
	unsigned room = width ? width : s->columns > s->at ? s->columns - s->at : 0;
	unsigned n = put_cut(s, room, ink, text);

	if (width)
		put_blanks(s, width - n + 1);
}

void sheet_right(struct sheet *s, unsigned width, enum ink ink, const char *text)
{
	unsigned n = width_of(text);

	put_blanks(s, n < width ? width - n : 0);
	put_cut(s, width, ink, text);
	put_blanks(s, 1);
}

void sheet_number(struct sheet *s, unsigned width, uint64_t value)
{
	char buffer[NUMBER_TEXT];
	unsigned n;

	number_text(value, buffer);
	n = value ? width_of(buffer) : 1;
	put_blanks(s, n < width ? width - n : 0);
	sheet_put(s, value ? INK_PLAIN : INK_DIM, value ? buffer : "-");
	put_blanks(s, 1);
}

void sheet_wrap(struct sheet *s, unsigned indent, enum ink ink, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, " "), blanks = strspn(text + n, " ");
		struct text word = { 0 };

		text_put_n(&word, text, n);
		if (s->at > indent && s->at + width_of(text_string(&word)) > s->columns) {
			sheet_end(s);
			sheet_to(s, indent);
		}
		sheet_put(s, ink, text_string(&word));
		if (text[n + blanks])
			put_blanks(s, (unsigned)blanks);
		text_release(&word);
		text += n + blanks;
	}
}

void sheet_to(struct sheet *s, unsigned column)
{
	put_blanks(s, column > s->at ? column - s->at : 0);
}

void sheet_end(struct sheet *s)
{
	while (s->line.n > 0 && s->line.p[s->line.n - 1] == ' ')
		s->line.n--;
	text_char(&s->line, '\n');
	fwrite(s->line.p, 1, s->line.n, s->out);
	text_reset(&s->line);
	s->at = 0;
}
