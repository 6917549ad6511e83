/* SPDX-License-Identifier: BSD-2-Clause */
/* Ctrl-C and its kin as a question, for commands that end with what they know so far. */
#ifndef WEIR_OS_SIGNALS_H
#define WEIR_OS_SIGNALS_H

#include <stdbool.h>

/* A reader that goes away shows as a failed write (EPIPE), not as a signal. */
void signals_ignore_pipe(void);
/* From here on the first SIGINT, SIGTERM or SIGHUP is remembered instead of ending the process;
 * the second ends it.  System calls that wait are interrupted (EINTR). */
void signals_catch(void);
bool signals_stop_asked(void);

#endif
