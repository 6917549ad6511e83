/* SPDX-License-Identifier: BSD-2-Clause */
/* Text that grows, and the escaping that keeps hostile bytes out of terminals, JSON, pcapng
 * comments, logs and pages. */
#ifndef WEIR_BASE_TEXT_H
#define WEIR_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>

#include "base/bytes.h"

/* A growing NUL-terminated string.  Zeroed is empty; `p` is NULL until something is put. */
struct text {
	char	*p;
	size_t	 n, cap;
};

void text_release(struct text *t);
/* Empties it and keeps the memory. */
void text_reset(struct text *t);
/* Leaves only the first n characters; n is at most what is there. */
void text_cut(struct text *t, size_t n);
void text_put(struct text *t, const char *s);
void text_put_n(struct text *t, const char *s, size_t n);
void text_char(struct text *t, char c);
void text_printf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Decimal, without separators. */
void text_number(struct text *t, uint64_t value);
/* "" where nothing was put. */
const char *text_string(const struct text *t);

/* Puts bytes from a packet so that a terminal shows them and does nothing else: printable
 * ASCII as it is, a backslash as \\, all else as \xNN. */
void text_escape(struct text *t, struct span bytes);
/* The same, but valid UTF-8 letters stay; controls, C1, bidirectional and zero-width marks and
 * broken sequences become \xNN for each of their bytes. */
void text_escape_utf8(struct text *t, struct span bytes);
/* As the inside of a JSON string (RFC 8259 7): like text_escape_utf8, with JSON's escapes;
 * bytes that are no UTF-8 become \\xNN, visibly. */
void text_escape_json(struct text *t, struct span bytes);

/* The length of the well-formed UTF-8 sequence that begins the bytes (RFC 3629 4), 0 where
 * there is none, and its code point.  `s` holds at least one byte. */
size_t utf8_point(struct span s, uint32_t *out_point);

/* Puts a code point as UTF-8; it is no surrogate. */
void text_point(struct text *t, uint32_t point);

/* Decimal with thousands separated by commas: "1,043,606". */
#define NUMBER_TEXT 32
char *number_text(uint64_t value, char buffer[NUMBER_TEXT]);
/* "84 kB", "61.2 MB": three figures, SI units. */
char *bytes_text(uint64_t bytes, char buffer[NUMBER_TEXT]);

#endif
