/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening the history for the commands that read it. */
#include "cmd/past.h"

#include <errno.h>
#include <unistd.h>

#include "cmd/options.h"
#include "os/clock.h"
#include "os/terminal.h"

#define SPAN_MAX_S (UINT64_C(100) * 366 * 86400)

/* A time, or a span before now. */
static bool parse_time(const char *name, const char *text, struct mtime now, const struct io *io,
		       bool *out_given, struct mtime *out)
{
	uint64_t span_s;

	if (!text)
		return true;
	*out_given = true;
	if (strspn(text, "0123456789") + 1 == strlen(text) && options_span(text, SPAN_MAX_S, &span_s)) {
		out->ns = now.ns - (int64_t)span_s * NS_PER_S;
		return true;
	}
	if (local_time_parse(text, out))
		return true;
	complain(io, "--%s wants a time such as '2026-11-21 14:00', or a span such as 90m, 12h or 7d, not "
		 "'%s'", name, text);
	return false;
}

int past_open(const struct past *past, const struct common *common, struct history_query *query,
	      const struct io *io, struct history **out)
{
	const struct history_options options = { .mode = HISTORY_READ };
	char problem[HISTORY_PROBLEM] = "";
	struct text path = { 0 };
	int error;

	if (past->csv && common->json) {
		complain(io, "--json or --csv, not both");
		return EXIT_USAGE;
	}
	query->now = clock_now();
	if (!parse_time("since", past->since, query->now, io, &query->has_since, &query->since) ||
	    !parse_time("until", past->until, query->now, io, &query->has_until, &query->until))
		return EXIT_USAGE;
	history_path(past->history, false, &path);
	error = history_open(text_string(&path), &options, problem, out);
	if (error < 0)
		error = past_refuse_file(text_string(&path), problem, io);
	text_release(&path);
	return error;
}

int past_refuse_file(const char *path, const char *problem, const struct io *io)
{
	if (access(path, F_OK) < 0 && errno == ENOENT)
		complain(io, "there is no history %s yet: weir watch or audit with --history writes one, and weir "
			 "run does", path);
	else
		complain(io, "cannot read the history %s: %s", path, problem);
	return EXIT_SYSTEM;
}

int past_refuse(const char *problem, const struct io *io)
{
	complain(io, "cannot read the history: %s", problem);
	return EXIT_SYSTEM;
}

struct listing past_listing(const struct past *past, const struct common *common,
			    const struct io *io, const struct listing_column *columns, size_t n)
{
	return (struct listing){
		.out = io->out, .columns = columns, .column_count = n,
		.format = past->csv ? LISTING_CSV : common->json ? LISTING_JSON : LISTING_TEXT,
		.ascii = !terminal_is_utf8(), .is_folded = io->out_is_terminal,
		.sheet = sheet_of(io->out, io->columns, io->colour),
	};
}
