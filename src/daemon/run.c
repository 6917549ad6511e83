/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon's processes share. */
#include "daemon/run.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

void run_say(const char *format, ...)
{
	struct text escaped = { 0 };
	char line[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	text_escape_utf8(&escaped, span_of(line));
	fprintf(stderr, "weir: %s\n", text_string(&escaped));
	fflush(stderr);
	text_release(&escaped);
}
