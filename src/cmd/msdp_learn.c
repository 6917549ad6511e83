/* SPDX-License-Identifier: BSD-2-Clause */
/* weir msdp learn: police lines out of what the peers usually announce.  The draft's 2.2: a limit is
 * a multiple of what a peer normally advertises. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/msdp_learn.h"
#include "cmd/past.h"

#define TIMES 3
#define TIMES_MAX 1000
#define DAYS_GOOD 7			/* fewer are said to be few */

struct learn {
	struct common common;
	struct past   past;
	struct addr   peer;
	const char   *boundary;
	uint64_t      times;
};

#define AT(field) offsetof(struct learn, field)

static const struct opt opts[] = {
	{ OPT_FILE, 0, "history", "FILE", "the history to read (default: see FILES)",
	  AT(past.history), 0 },
	{ OPT_TEXT, 0, "since", "TIME|SPAN", "only from this day on: a time, or 30d ago", AT(past.since),
	  0 },
	{ OPT_TEXT, 0, "until", "TIME|SPAN", "only before this time", AT(past.until), 0 },
	{ OPT_ADDR, 0, "peer", "ADDRESS", "learn from this peer only", AT(peer), 0 },
	{ OPT_TEXT, 'b', "boundary", "NAME", "only for this boundary", AT(boundary), 0 },
	{ OPT_NUMBER, 0, "times", "N", "a limit is so many times what is usual (default: 3)", AT(times),
	  TIMES_MAX },
	{ 0 },
};

struct days {
	struct history_peer *list;
	size_t		     n, cap;
	const char	    *boundary;	/* asked for; NULL: any */
};

static void keep_day(void *context, const struct history_peer *day)
{
	struct days *d = context;

	if (d->boundary && strcmp(day->boundary, d->boundary) != 0)
		return;
	if (d->n == d->cap) {
		d->cap = d->cap ? 2 * d->cap : 64;
		d->list = memory_grow(d->list, d->cap, sizeof(d->list[0]));
	}
	d->list[d->n++] = *day;
}

static uint64_t figure_of(const struct history_peer *day, enum learned what)
{
	const uint64_t figures[LEARNED_COUNT] = { day->held, day->of_source, day->of_net,
						  day->of_rp };

	return figures[what];
}

static int order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The median of the days' peaks: a storm of one day is none that is usual. */
static uint64_t usual_of(const struct history_peer *days, size_t n, enum learned what)
{
	uint64_t *figures = memory_array(n, sizeof(*figures)), usual;

	for (size_t i = 0; i < n; i++)
		figures[i] = figure_of(&days[i], what);
	qsort(figures, n, sizeof(*figures), order);
	usual = figures[n / 2];
	free(figures);
	return usual;
}

/* Of the days on which it was counted. */
static bool usual_rate_of(const struct history_peer *days, size_t n, enum learned what,
			  uint64_t *out)
{
	uint64_t *figures = memory_array(n, sizeof(*figures));
	size_t known = 0;

	for (size_t i = 0; i < n; i++)
		if (days[i].knows_born)
			figures[known++] = what == LEARNED_PEER ? days[i].born
								 : days[i].born_of_source;
	qsort(figures, known, sizeof(*figures), order);
	if (known > 0)
		*out = figures[known / 2];
	free(figures);
	return known > 0;
}

static struct learned_peer peer_of(const struct history_peer *days, size_t n)
{
	struct learned_peer p = { .days = days, .n = n };

	for (unsigned what = 0; what < LEARNED_COUNT; what++) {
		p.usual[what] = usual_of(days, n, what);
		for (size_t i = 0; i < n; i++)
			if (figure_of(&days[i], what) > p.most[what]) {
				p.most[what] = figure_of(&days[i], what);
				p.most_ns[what] = days[i].day_ns;
			}
	}
	for (unsigned what = 0; what < LEARNED_RATES; what++)
		p.knows_rates = usual_rate_of(days, n, what, &p.rates[what]);
	return p;
}

/* Two figures, upwards: 1234 is 1300. */
static uint64_t round_up(uint64_t n)
{
	uint64_t unit = 1;

	while (n / unit >= 100)
		unit *= 10;
	n = (n + unit - 1) / unit * unit;
	return n < LEARNED_LEAST ? LEARNED_LEAST : n;
}

/* RFC 3618 18 asks for a limit to how fast new state is made. */
static void learn_rate(struct learned_boundary *b, enum learned what, uint64_t times)
{
	struct learned_limit *limit = &b->limits[what];

	for (size_t i = 0; i < b->n; i++)
		if (b->peers[i].knows_rates &&
		    (!limit->rate_peer || b->peers[i].rates[what] > limit->rate_usual)) {
			limit->rate_usual = b->peers[i].rates[what];
			limit->rate_peer = b->peers[i].days[0].peer;
		}
	limit->rate = round_up(limit->rate_usual * times);
}

static void learn(struct learned_boundary *b, uint64_t times)
{
	for (unsigned what = 0; what < LEARNED_COUNT; what++) {
		struct learned_limit *limit = &b->limits[what];

		for (size_t i = 0; i < b->n; i++)
			if (b->peers[i].usual[what] >= limit->usual) {
				limit->usual = b->peers[i].usual[what];
				limit->peer = b->peers[i].days[0].peer;
			}
		limit->over = round_up(limit->usual * times);
		limit->warn = limit->over / 4 * 3;
		if (what < LEARNED_RATES)
			learn_rate(b, what, times);
	}
}

/* Boundary by boundary, as the days stand. */
static void tell_all(const struct days *days, struct learned_report *report)
{
	struct learned_peer *peers = memory_array(days->n + 1, sizeof(*peers));

	for (size_t i = 0, n; i < days->n; i += n) {
		struct learned_boundary b = { .name = days->list[i].boundary, .peers = peers };
		size_t end = i;

		while (end < days->n && strcmp(days->list[end].boundary, b.name) == 0) {
			size_t from = end;

			while (end < days->n && strcmp(days->list[end].boundary, b.name) == 0 &&
			       strcmp(days->list[end].peer, days->list[from].peer) == 0)
				end++;
			peers[b.n++] = peer_of(&days->list[from], end - from);
		}
		n = end - i;
		learn(&b, report->times);
		learned_boundary_print(report, &b);
	}
	free(peers);
}

static int run(const void *arg, const struct io *io)
{
	const struct learn *o = arg;
	struct history_query query = { .address = o->peer };
	struct days days = { .boundary = o->boundary };
	struct learned_report report = { .times = o->times, .days_good = DAYS_GOOD };
	struct history *history = NULL;
	char problem[HISTORY_PROBLEM];
	int status = EXIT_USAGE;

	if (o->times == 0)
		complain(io, "msdp learn: --times wants a number from 1 to %d", TIMES_MAX);
	else
		status = past_open(&o->past, &o->common, &query, io, &history);
	if (status != EXIT_CLEAN)
		return status;
	if (history_peers(history, &query, keep_day, &days, problem) < 0)
		status = past_refuse(problem, io);
	history_close(history, NULL);
	if (status == EXIT_CLEAN) {
		learned_begin(&report, o->common.json);
		tell_all(&days, &report);
		learned_end(&report, io->out);
		if (days.n == 0 && !o->common.json)
			complain(io, "the history knows no such MSDP peer yet: weir run writes it, minute by minute");
	}
	text_release(&report.out);
	free(days.list);
	return status;
}

static const struct learn defaults = { .times = TIMES };

const struct command cmd_msdp_learn = {
	.name = "msdp learn",
	.summary = "police lines out of what MSDP peers usually announce",
	.about = "Reads the history that weir run writes, and prints police lines to paste into the boundary "
		 "of the peers, each with its reason: so many times what the peer with the most has on a usual "
		 "day, which is the median of the days' peaks; and how fast new entries are made, after the "
		 "first minute of a session (RFC 3618 18).  What was above a limit already is told, for a "
		 "person to judge.  Needs nothing that runs.",
	.example = "weir msdp learn\n"
		   "weir msdp learn --since 30d --peer 192.0.2.1 --times 4",
	.completes = COMPLETES_NOTHING,
	.takes = TAKES_JSON,
	.opts = opts, .size = sizeof(struct learn), .defaults = &defaults,
	.run = run,
};
