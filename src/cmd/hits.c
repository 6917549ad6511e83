/* SPDX-License-Identifier: BSD-2-Clause */
/* weir hits: what every rule met, over restarts and edits of the policy. */
#include "cmd/command.h"
#include "cmd/past.h"
#include "sink/listing.h"

struct hits {
	struct common common;
	struct past   past;
	const char   *boundary, *rule;
};

#define AT(field) offsetof(struct hits, field)

static const struct opt opts[] = {
	PAST_OPTS(struct hits, past),
	{ OPT_TEXT, 'b', "boundary", "NAME", "only the rules of this boundary", AT(boundary), 0 },
	{ OPT_TEXT, 0, "rule", "NAME", "only rules of this name", AT(rule), 0 },
	{ 0 },
};

static const struct listing_column columns[] = {
	{ NULL, "boundary", CELL_TEXT, 0, NULL, 0 },
	{ "RULE", "rule", CELL_TEXT, 20, NULL, 0 },
	{ "ACTION", "action", CELL_TEXT, 6, NULL, 0 },
	{ "HITS", "hits", CELL_NUMBER, 10, NULL, 0 },
	{ NULL, "packets", CELL_NUMBER, 0, NULL, 0 },
	{ "BYTES", "bytes", CELL_BYTES, 8, NULL, 2 },
	{ "LAST HIT", "last", CELL_TIME, 16, "never", 0 },
	{ "COUNTED SINCE", NULL, CELL_TEXT, 19, NULL, 1 },
	{ NULL, "since", CELL_TIME, 0, NULL, 0 },
	{ NULL, "until", CELL_TIME, 0, NULL, 0 },
	{ NULL, "generations", CELL_NUMBER, 0, NULL, 0 },
	{ "LAST 24 HOURS", "day", CELL_BARS, 0, NULL, 0 },
};

static enum ink ink_of_name(const char *action)
{
	for (enum action a = 0; a < ACTION_COUNT; a++)
		if (strcmp(action_name(a), action) == 0)
			return ink_of(a);
	return INK_PLAIN;
}

static void print_rule(void *context, const struct history_rule *r)
{
	char date[LOCAL_TIME_TEXT], since[2 * LOCAL_TIME_TEXT];
	const struct listing_cell cells[COUNT(columns)] = {
		{ .text = r->boundary }, { .text = r->name },
		{ .text = r->action, .ink = ink_of_name(r->action) },
		{ .number = r->hits }, { .number = r->packets }, { .number = r->bytes },
		{ .at = r->last, .is_absent = !r->has_last }, { .text = since },
		{ .at = r->since }, { .at = r->until }, { .number = r->generations },
		{ .bars = r->bars, .number = HISTORY_BARS },
	};

	snprintf(since, sizeof(since), "%s (gen %llu)", local_date_text(r->since, date),
		 (unsigned long long)r->generations);
	listing_row(context, r->boundary, cells);
}

static int run(const void *arg, const struct io *io)
{
	const struct hits *o = arg;
	struct history_query query = { .boundary = o->boundary, .rule = o->rule };
	struct listing listing = past_listing(&o->past, &o->common, io, columns, COUNT(columns));
	struct history *history = NULL;
	char problem[HISTORY_PROBLEM];
	int status = past_open(&o->past, &o->common, &query, io, &history);

	if (status != EXIT_CLEAN)
		return status;
	listing.group = "boundary";
	listing_begin(&listing, "weir-hits/1", "rules");
	if (history_rules(history, &query, print_rule, &listing, problem) < 0)
		status = past_refuse(problem, io);
	listing_end(&listing);
	if (listing.rows == 0 && listing.format == LISTING_TEXT && status == EXIT_CLEAN)
		complain(io, "the history knows no such rule");
	history_close(history, NULL);
	return status;
}

const struct command cmd_hits = {
	.name = "hits",
	.summary = "what every rule met, over restarts and edits of the policy",
	.about = "Reads the history that weir audit --history writes, and prints for every "
		 "rule how often it was hit, when last, and since when it is counted, with the number of "
		 "policies (gen) under which it was: a rule keeps its counters by the name of its boundary "
		 "and its own.  A rule that was never hit is there, too.  The bars are the hits of the last "
		 "24 hours, two hours each, oldest first.  Needs no privilege, and nothing that runs.",
	.example = "weir hits\n"
		   "weir hits --since 1d --rule ntp\n"
		   "weir hits --history border.db --csv > hits.csv",
	.takes = TAKES_JSON,
	.opts = opts, .size = sizeof(struct hits),
	.run = run,
};
