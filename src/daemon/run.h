/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon, weir run, as three processes, or four where MSDP is configured.  The keeper holds the
 * capabilities: it puts images into the kernel, reads counters back, opens the files that it was
 * told of, begins the others again when they end, and reads neither packets nor policies.  The
 * judge reads policies and compiles them, with no right to anything.  The clerk holds the state
 * folder, the history and the control socket.  The speaker relays MSDP, with no right to anything.
 * Whatever dies, the rules in the kernel stay. */
#ifndef WEIR_DAEMON_RUN_H
#define WEIR_DAEMON_RUN_H

#include <sys/types.h>

#include "enforce/enforce.h"
#include "policy/conf.h"

#define RUN_PIN_FOLDER "/sys/fs/bpf/weir"

struct run_options {
	const char	      *conf_file;
	const struct conf     *conf;
	struct text	       conf_text;	/* of the configuration in force; empty: `conf` is it */
	const char	      *state, *control, *history;	/* as the configuration says, or the usual */
	bool		       is_dry_run;
	unsigned	       count_s;	/* between two readings of the kernel's counters */
	struct enforce_support support;
	int		       listener;	/* the control socket, bound */
	int		       herald;		/* the line to it; -1: nobody is to be told */
	uid_t		       own_uid, judge_uid, clerk_uid;
	gid_t		       judge_gid, clerk_gid;
};

/* Runs until it is stopped.  0, or 2 where the first policy is bad, or 3 where the system said no;
 * what was wrong is on standard error. */
int run_daemon(struct run_options *options);

/* The children: they return when their keeper is gone or tells them to end.  `keeper` is the line
 * to it. */
void run_judge(const struct run_options *options, int keeper);
void run_clerk(const struct run_options *options, int keeper);
void run_speaker(const struct run_options *options, int keeper);

/* On standard error, escaped: "weir: ...", what stands behind a line end indented below. */
void run_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
