/* SPDX-License-Identifier: BSD-2-Clause */
/* Growing text, escaping, and numbers for people.  Knows no output device. */
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

void text_release(struct text *t)
{
	free(t->p);
	*t = (struct text){ 0 };
}

void text_reset(struct text *t)
{
	t->n = 0;
	if (t->p)
		t->p[0] = '\0';
}

void text_cut(struct text *t, size_t n)
{
	t->n = n;
	if (t->p)
		t->p[n] = '\0';
}

static void make_room(struct text *t, size_t more)
{
	size_t cap = t->cap ? t->cap : 64;

	if (t->cap - t->n > more)
		return;
	while (cap - t->n <= more) {
		if (cap > SIZE_MAX / 2)
			memory_exhausted();
		cap *= 2;
	}
	t->p = memory_grow(t->p, cap, 1);
	t->cap = cap;
}

void text_put_n(struct text *t, const char *s, size_t n)
{
	make_room(t, n);
	if (n > 0)
		memcpy(t->p + t->n, s, n);
	t->n += n;
	t->p[t->n] = '\0';
}

void text_put(struct text *t, const char *s)
{
	text_put_n(t, s, strlen(s));
}

void text_char(struct text *t, char c)
{
	text_put_n(t, &c, 1);
}

void text_number(struct text *t, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	text_put_n(t, digits + at, sizeof(digits) - at);
}

/* Most texts find room at once, and are formatted once. */
void text_printf(struct text *t, const char *format, ...)
{
	va_list args;
	size_t room;
	int n;

	make_room(t, 0);
	room = t->cap - t->n;
	va_start(args, format);
	n = vsnprintf(t->p + t->n, room, format, args);
	va_end(args);
	if (n < 0)
		memory_exhausted();
	if ((size_t)n >= room) {
		make_room(t, (size_t)n);
		va_start(args, format);
		vsnprintf(t->p + t->n, (size_t)n + 1, format, args);
		va_end(args);
	}
	t->n += (size_t)n;
}

const char *text_string(const struct text *t)
{
	return t->p ? t->p : "";
}

static void put_hex(struct text *t, const char *before, uint8_t byte)
{
	text_printf(t, "%sx%02x", before, byte);
}

void text_escape(struct text *t, struct span bytes)
{
	for (size_t i = 0; i < bytes.n; i++) {
		uint8_t c = bytes.p[i];

		if (c == '\\')
			text_put(t, "\\\\");
		else if (c >= 0x20 && c <= 0x7e)
			text_char(t, (char)c);
		else
			put_hex(t, "\\", c);
	}
}

size_t utf8_point(struct span s, uint32_t *out_point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s.p[0] < 0x80		? 1
		   : s.p[0] >> 5 == 0x6		? 2
		   : s.p[0] >> 4 == 0xe		? 3
		   : s.p[0] >> 3 == 0x1e	? 4
						: 0;
	uint32_t point = n == 1 ? s.p[0] : n ? s.p[0] & (0xffu >> (n + 1)) : 0;

	if (n == 0 || n > s.n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if (s.p[i] >> 6 != 2)
			return 0;
		point = point << 6 | (s.p[i] & 0x3f);
	}
	if (point < least[n] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return 0;
	*out_point = point;
	return n;
}

void text_point(struct text *t, uint32_t c)
{
	if (c < 0x80) {
		text_char(t, (char)c);
		return;
	}
	if (c < 0x800) {
		text_char(t, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			text_char(t, (char)(0xe0 | c >> 12));
		} else {
			text_char(t, (char)(0xf0 | c >> 18));
			text_char(t, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		text_char(t, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	text_char(t, (char)(0x80 | (c & 0x3f)));
}

/* Controls, line and paragraph separators, marks that turn or hide text, non-characters. */
static bool point_is_safe(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c)
		return false;
	if ((c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f))
		return false;
	return c != 0xfeff && !(c >= 0xfff0 && c <= 0xffff) && !(c >= 0xe0000 && c <= 0xe0fff);
}

/* How many bytes at the start stand for themselves in every form: nearly all of what is put. */
static size_t plain_run(struct span bytes)
{
	size_t n = 0;

	while (n < bytes.n && bytes.p[n] >= ' ' && bytes.p[n] < 0x7f && bytes.p[n] != '\\' &&
	       bytes.p[n] != '"')
		n++;
	return n;
}

static void escape_points(struct text *t, struct span bytes, bool json)
{
	while (bytes.n > 0) {
		uint32_t point = 0;
		size_t n = plain_run(bytes);

		if (n > 0) {
			text_put_n(t, (const char *)bytes.p, n);
			bytes.p += n;
			bytes.n -= n;
			continue;
		}
		n = utf8_point(bytes, &point);
		if (point == '\\') {
			text_put(t, json ? "\\\\\\\\" : "\\\\");
		} else if (json && point == '"') {
			text_put(t, "\\\"");
		} else if (n > 0 && point_is_safe(point)) {
			text_put_n(t, (const char *)bytes.p, n);
		} else {
			n = n ? n : 1;
			for (size_t i = 0; i < n; i++)
				put_hex(t, json ? "\\\\" : "\\", bytes.p[i]);
		}
		bytes.p += n;
		bytes.n -= n;
	}
}

void text_escape_utf8(struct text *t, struct span bytes)
{
	escape_points(t, bytes, false);
}

void text_escape_json(struct text *t, struct span bytes)
{
	escape_points(t, bytes, true);
}

char *number_text(uint64_t value, char buffer[NUMBER_TEXT])
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%" PRIu64, value);
	int at = 0;

	for (int i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0)
			buffer[at++] = ',';
		buffer[at++] = digits[i];
	}
	buffer[at] = '\0';
	return buffer;
}

char *bytes_text(uint64_t bytes, char buffer[NUMBER_TEXT])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 999.5 && unit + 1 < COUNT(units)) {
		value /= 1000;
		unit++;
	}
	snprintf(buffer, NUMBER_TEXT, "%.*f %s", unit > 0 && value < 99.95 ? 1 : 0, value,
		 units[unit]);
	return buffer;
}
