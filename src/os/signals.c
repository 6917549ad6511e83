/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals that ask the process to stop.  Knows nothing of what it is doing. */
#include "os/signals.h"

#include <signal.h>
#include <time.h>

static volatile sig_atomic_t asked;

static const int stops[] = { SIGINT, SIGTERM, SIGHUP };

static void remember(int signal)
{
	(void)signal;
	asked = 1;
}

void signals_ignore_pipe(void)
{
	signal(SIGPIPE, SIG_IGN);
}

void signals_catch(void)
{
	/* one-shot, so that a second Ctrl-C ends even what does not ask */
	struct sigaction action = { .sa_handler = remember, .sa_flags = (int)SA_RESETHAND };

	sigemptyset(&action.sa_mask);
	for (unsigned i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		struct sigaction old;

		/* what is ignored from outside (nohup) stays ignored */
		if (sigaction(stops[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(stops[i], &action, NULL);
	}
}

bool signals_stop_asked(void)
{
	return asked != 0;
}

/* The question and the waiting are one step, because the signals are let in by ppoll() alone. */
int signals_poll(struct pollfd *fds, unsigned n, int64_t timeout_ns)
{
	struct timespec timeout = { timeout_ns / 1000000000, timeout_ns % 1000000000 };
	sigset_t blocked, before;
	int ready = 0;

	sigemptyset(&blocked);
	for (unsigned i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		sigaddset(&blocked, stops[i]);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	if (!asked)
		ready = ppoll(fds, n, timeout_ns < 0 ? NULL : &timeout, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ready > 0 ? ready : 0;
}
