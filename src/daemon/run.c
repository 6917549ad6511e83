/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon's processes share. */
#include "daemon/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Lines behind the first are indented: nothing in them can pass for another message. */
static void put_lines(const char *words, struct text *out)
{
	const char *before = "weir: ";

	do {
		size_t n = strcspn(words, "\n");

		text_put(out, before);
		text_escape_utf8(out, (struct span){ (const uint8_t *)words, n });
		text_char(out, '\n');
		words += n + (words[n] == '\n');
		before = "  ";
	} while (*words);
}

void run_say(const char *format, ...)
{
	struct text lines = { 0 };
	char words[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	put_lines(words, &lines);
	fputs(lines.p, stderr);
	fflush(stderr);
	text_release(&lines);
}
