/* SPDX-License-Identifier: BSD-2-Clause */
/* Ctrl-C and its kin as a question, for commands that end with what they know so far. */
#ifndef WEIR_OS_SIGNALS_H
#define WEIR_OS_SIGNALS_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/* A reader that goes away shows as a failed write (EPIPE), not as a signal. */
void signals_ignore_pipe(void);
/* From here on the first SIGINT, SIGTERM or SIGHUP is remembered instead of ending the process;
 * the second ends it.  System calls that wait are interrupted (EINTR). */
void signals_catch(void);
bool signals_stop_asked(void);

/* For who draws on a terminal, which has to be put right first: any number of SIGINT, SIGTERM,
 * SIGHUP and SIGQUIT are remembered; SIGTSTP asks for a pause; SIGWINCH and SIGCONT tell that the
 * terminal is not what it was. */
void signals_catch_terminal(void);
/* True once for each time that it was asked. */
bool signals_pause_asked(void);
bool signals_terminal_changed(void);
/* Stops the process, as the terminal's suspend key does, until it is continued. */
void signals_pause(void);
/* Waits until one of the descriptors is ready, a signal has come, or the time is over (negative:
 * never); how many are ready.  A signal that comes before the waiting begins ends it too. */
int signals_poll(struct pollfd *fds, unsigned n, int64_t timeout_ns);

#endif
