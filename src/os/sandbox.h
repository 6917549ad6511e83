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

#endif
