/* SPDX-License-Identifier: BSD-2-Clause */
/* `weir watch --history`: a sample every few seconds to the clerk, who has the file. */
#include "cmd/watch.h"
#include "os/clock.h"

#define SAMPLE_TICKS 10			/* seconds between two samples */
#define SOON_TICKS 2			/* to the first, and while there is trouble */
#define LAST_WAIT_MS 5000

/* Both links of an interface have its name: frames that come in, and that this machine sends. */
static void name_links(struct watching *w)
{
	const char **names =
		arena_array(&w->judging.side.arena, 2 * w->link_count, sizeof(names[0]));

	for (size_t i = 0; i < 2 * w->link_count; i++)
		names[i] = w->names[i / 2];
	history_sampler_links(clerk_sampler(w->clerk), names, 2 * w->link_count);
}

bool watch_begin_history(struct watching *w)
{
	const struct history_options options = { .mode = HISTORY_LIVE };
	const char *path = w->options->history;
	char problem[HISTORY_PROBLEM] = "";

	if (!path)
		return true;
	fflush(NULL);				/* nothing is to be written twice */
	if (clerk_begin(path, &options, w->judging.policy, clock_now(), problem, &w->clerk) < 0) {
		complain(w->io, "cannot write the history %s: %s", path, problem);
		return false;
	}
	name_links(w);
	return true;
}

static void sample(struct watching *w)
{
	struct mtime now = clock_now();
	const struct report_options options = { .rows = 1, .now = now };
	struct report *report = report_now(w->judging.engine, &options);

	history_sampler_drops(clerk_sampler(w->clerk), watch_count_lost(w));
	clerk_sample(w->clerk, report, now);
	report_free(report);
}

static void tell_trouble(struct watching *w)
{
	const char *problem = clerk_problem(w->clerk);

	if (problem) {
		complain(w->io, "cannot write the history %s: %s", w->options->history, problem);
		w->history_in_trouble = true;
	} else if (w->history_in_trouble && !clerk_is_in_trouble(w->clerk)) {
		complain(w->io, "writes the history %s again", w->options->history);
		w->history_in_trouble = false;
	}
}

bool watch_turn_history(struct watching *w)
{
	return w->clerk && clerk_turn(w->clerk);
}

void watch_tick_history(struct watching *w, unsigned number)
{
	if (!w->clerk)
		return;
	clerk_turn(w->clerk);
	tell_trouble(w);
	if (w->history_in_trouble && w->sample_due > number + SOON_TICKS)
		w->sample_due = number + SOON_TICKS;
	if (number < w->sample_due || !clerk_is_free(w->clerk))
		return;
	if (number > 0)
		sample(w);
	w->sample_due = number + (number == 0 || w->history_in_trouble ? SOON_TICKS : SAMPLE_TICKS);
}

void watch_end_history(struct watching *w)
{
	if (!w->clerk)
		return;
	if (clerk_wait(w->clerk, LAST_WAIT_MS)) {
		sample(w);
		clerk_wait(w->clerk, LAST_WAIT_MS);
	}
	tell_trouble(w);
}
