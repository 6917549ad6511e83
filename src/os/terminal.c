/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions about standard streams.  Knows nothing of what is written to them. */
#include "os/terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_UNKNOWN 100
#define COLUMNS_LEAST 40
#define LINES_UNKNOWN 24

bool terminal_is(FILE *stream)
{
	int fd = fileno(stream);

	return fd >= 0 && isatty(fd);
}

unsigned terminal_columns(FILE *stream)
{
	struct winsize size;

	if (!terminal_is(stream) || ioctl(fileno(stream), TIOCGWINSZ, &size) < 0 ||
	    size.ws_col == 0)
		return COLUMNS_UNKNOWN;
	return size.ws_col < COLUMNS_LEAST ? COLUMNS_LEAST : size.ws_col;
}

unsigned terminal_lines(FILE *stream)
{
	struct winsize size;

	if (!terminal_is(stream) || ioctl(fileno(stream), TIOCGWINSZ, &size) < 0 ||
	    size.ws_row == 0)
		return LINES_UNKNOWN;
	return size.ws_row;
}

bool terminal_may_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

bool terminal_reader_gone(FILE *stream)
{
	struct pollfd pipe = { .fd = fileno(stream), .events = POLLOUT };

	return pipe.fd >= 0 && poll(&pipe, 1, 0) > 0 && (pipe.revents & POLLERR);
}

bool terminal_is_utf8(void)
{
	setlocale(LC_CTYPE, "");
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}
