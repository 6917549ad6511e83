/* SPDX-License-Identifier: BSD-2-Clause */
/* The history: what rules, flows, servers and findings came to, kept in one SQLite file over
 * restarts and edits of the policy.  Writing takes samples of the engine's report and keeps the
 * difference to the sample before.  Whatever the disk does, the packets are counted on: what
 * could not be written is part of the next sample.  Reading: history_read.h. */
#ifndef WEIR_SINK_HISTORY_H
#define WEIR_SINK_HISTORY_H

#include "sink/history_sample.h"

/* READ changes nothing, and needs no right to write.  WHOLE keeps all samples until
 * history_close() and writes them at once or not at all.  LIVE writes what history_take() is given,
 * at once. */
enum history_mode { HISTORY_READ, HISTORY_WHOLE, HISTORY_LIVE };

#define HISTORY_PROBLEM 256

struct history_options {
	enum history_mode mode;
	/* Bounds; 0: the usual. */
	uint64_t keep_s;		/* how long the past is kept in detail */
	uint64_t bytes_max;		/* of the file */
	uint64_t flows_max;		/* the others are folded */
	unsigned wait_ms;		/* for a file that another holds locked */
};

struct history;

/* Loads what history_open() calls, for who may load nothing later.  Where it is not there history_open()
 * says so. */
void history_prepare(void);

/* 0, or negative errno with one line (not escaped) in problem[HISTORY_PROBLEM]: -EBADMSG where
 * the file is no history, -ENOTSUP where a newer weir made it.  A writer makes the file. */
int history_open(const char *path, const struct history_options *options, char *problem,
		 struct history **out);

/* LIVE: writes one sample (history_sampler_bytes()), all of it or, false, nothing; it believes none
 * of it.  history_why() says what went wrong, not escaped. */
bool history_take(struct history *history, struct span sample);
const char *history_why(const struct history *history);

/* WHOLE: what is counted from now on; the policy must outlive the history. */
void history_about(struct history *history, const struct policy *policy);
/* WHOLE: counters of rules and points up to a time: cheap, between samples. */
void history_count(struct history *history, const struct report *report, struct mtime at);
/* WHOLE: everything; once, at the end. */
void history_sample(struct history *history, const struct report *report, struct mtime at);

/* WHOLE: true where this boundary has counted an input of this identity already; then nothing
 * of this run will be written. */
bool history_has_input(struct history *history, const char *boundary, const char *identity);
/* WHOLE: an input that is counted with this run. */
void history_input(struct history *history, const char *identity, const char *name);
/* Writes nothing of what waits. */
void history_forget(struct history *history);

/* Writes what waits, and frees.  0 or negative errno, then with one line in `problem` unless
 * that is NULL. */
int history_close(struct history *history, char *problem);

/* The path of --history, or the usual one: /var/lib/weir/history.db where that folder can be
 * written (or, for reading, where the file can be read), else $XDG_STATE_HOME/weir/history.db or
 * ~/.local/state/weir/history.db, whose folders a writer makes.  Appends it. */
void history_path(const char *given, bool for_writing, struct text *out);

#endif
