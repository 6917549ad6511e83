/* SPDX-License-Identifier: BSD-2-Clause */
/* The clerk: a process of its own that holds the history's file, and nothing else: no capability,
 * no socket, no other folder.  Whoever counts packets sends it samples (sink/history_sample.h) and
 * never waits for the disk.  What the clerk could not write is part of the next sample.  It ends
 * when its parent does, however that ends; a sample that came whole is written first. */
#ifndef WEIR_DAEMON_CLERK_H
#define WEIR_DAEMON_CLERK_H

#include "sink/history.h"

struct clerk;

/* Begins it, with the history open, before the caller has threads or gives up its privileges.
 * options->mode is LIVE.  0, or negative errno with one line (not escaped) in
 * problem[HISTORY_PROBLEM].  `from`: since when it is counted. */
int clerk_begin(const char *path, const struct history_options *options,
		const struct policy *policy, struct mtime from, char *problem, struct clerk **out);
/* Waits for what is on its way, some seconds at most, and frees. */
void clerk_end(struct clerk *clerk);

/* For history_sampler_links() and history_sampler_drops(). */
struct history_sampler *clerk_sampler(struct clerk *clerk);

/* True where the sample before is written, or came to nothing. */
bool clerk_is_free(const struct clerk *clerk);
/* Takes the difference to the sample before; only while the clerk is free. */
void clerk_sample(struct clerk *clerk, const struct report *report, struct mtime at);
/* Sends what the clerk takes now, and hears what it says; never waits.  True where more is to be
 * sent. */
bool clerk_turn(struct clerk *clerk);
/* Waits until it is free, so long at most; true where it is. */
bool clerk_wait(struct clerk *clerk, unsigned timeout_ms);

/* What went wrong since the last call: each trouble is told once, until writing works again.
 * NULL: nothing.  Not escaped. */
const char *clerk_problem(struct clerk *clerk);
/* True until writing works again. */
bool clerk_is_in_trouble(const struct clerk *clerk);
/* Of the process; 0: it is gone. */
int clerk_pid(const struct clerk *clerk);

#endif
