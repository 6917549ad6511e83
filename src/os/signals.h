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
/* Waits until one of the descriptors is ready, a signal has come, or the time is over (negative:
 * never); how many are ready.  A signal that comes before the waiting begins ends it too. */
int signals_poll(struct pollfd *fds, unsigned n, int64_t timeout_ns);

#endif
