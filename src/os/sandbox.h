/* SPDX-License-Identifier: BSD-2-Clause */
/* What is left to a process that reads what strangers sent: no files but time zones, no new
 * sockets, no programs.  seccomp(2), landlock(7). */
#ifndef WEIR_OS_SANDBOX_H
#define WEIR_OS_SANDBOX_H

#include <stdbool.h>

/* The judge of live packets: it reads and writes what is open already, waits, and takes
 * descriptors from its keeper.  For good.  0, or negative errno; *out_landlock says whether the
 * kernel also has Landlock. */
int sandbox_judge(bool *out_landlock);
/* Its keeper: it opens sockets and the files that it was told of, and sends them. */
int sandbox_keeper(void);
/* Who writes a file that is open already: it reads and writes the folder that the file is in (for
 * the files that a database puts beside it), and opens no socket. */
int sandbox_clerk(const char *file);

/* The daemon's processes (daemon/run.h).  The keeper: the kernel's rules, files to be read, and
 * children; the others live within its limits and their own.  The judge: no file, and of sockets
 * those that list interfaces.  The clerk: the state folder and that of the history. */
int sandbox_run_keeper(const char *state, const char *history);
int sandbox_run_judge(void);
int sandbox_run_clerk(const char *state, const char *history);
/* No file, routes to be asked for, and connections on sockets that are given to it. */
int sandbox_run_speaker(void);

#endif
