/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals that ask the process to stop.  Knows nothing of what it is doing. */
#include "os/signals.h"

#include <signal.h>

static volatile sig_atomic_t asked;

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
	static const int stops[] = { SIGINT, SIGTERM, SIGHUP };
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
