/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals that ask the process to stop.  Knows nothing of what it is doing. */
#include "os/signals.h"

#include <signal.h>
#include <time.h>

static volatile sig_atomic_t asked, pause_asked, changed;

static const int stops[] = { SIGINT, SIGTERM, SIGHUP };

static void remember(int signal)
{
	(void)signal;
	asked = 1;
}

static void remember_pause(int signal)
{
	(void)signal;
	pause_asked = 1;
}

static void remember_change(int signal)
{
	(void)signal;
	changed = 1;
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

static void catch(int number, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler }, old;

	sigemptyset(&action.sa_mask);
	if (sigaction(number, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
		sigaction(number, &action, NULL);
}

void signals_catch_terminal(void)
{
	for (unsigned i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		catch(stops[i], remember);
	catch(SIGQUIT, remember);
	catch(SIGTSTP, remember_pause);
	catch(SIGWINCH, remember_change);
	catch(SIGCONT, remember_change);
}

bool signals_pause_asked(void)
{
	bool was = pause_asked != 0;

	pause_asked = 0;
	return was;
}

bool signals_terminal_changed(void)
{
	bool was = changed != 0;

	changed = 0;
	return was;
}

void signals_pause(void)
{
	signal(SIGTSTP, SIG_DFL);
	raise(SIGTSTP);
	catch(SIGTSTP, remember_pause);
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
