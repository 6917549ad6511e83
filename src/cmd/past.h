/* SPDX-License-Identifier: BSD-2-Clause */
/* What the commands share that read the history: their options, opening it, and the table that
 * they print. */
#ifndef WEIR_CMD_PAST_H
#define WEIR_CMD_PAST_H

#include <string.h>

#include "cmd/command.h"
#include "os/localtime.h"
#include "sink/history_read.h"
#include "sink/listing.h"

struct past {
	const char *history, *since, *until;
	bool	    csv;
};

#define PAST_OPTS(type, field)                                                                     \
	{ OPT_FILE, 0, "history", "FILE", "the history to read (default: see FILES)",              \
	  offsetof(type, field.history), 0 },                                                      \
	{ OPT_TEXT, 0, "since", "TIME|SPAN", "only from this time on: a time, or 90m, 12h, 7d ago", \
	  offsetof(type, field.since), 0 },                                                        \
	{ OPT_TEXT, 0, "until", "TIME|SPAN", "only before this time",                              \
	  offsetof(type, field.until), 0 },                                                        \
	{ OPT_FLAG, 0, "csv", NULL, "comma-separated values instead of text",                      \
	  offsetof(type, field.csv), 0 }

/* Opens it for reading and fills the times of the query.  EXIT_CLEAN, or the exit status, with a
 * complaint. */
int past_open(const struct past *past, const struct common *common, struct history_query *query,
	      const struct io *io, struct history **out);
/* Complains that it could not be opened, or read; the exit status. */
int past_refuse_file(const char *path, const char *problem, const struct io *io);
int past_refuse(const char *problem, const struct io *io);
struct listing past_listing(const struct past *past, const struct common *common,
			    const struct io *io, const struct listing_column *columns, size_t n);

#endif
