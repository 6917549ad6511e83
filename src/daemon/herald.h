/* SPDX-License-Identifier: BSD-2-Clause */
/* The herald: a process that begins the program of `notify exec`, once for each notice, with the
 * notice on its standard input, and can do nothing else.  It is there because the others may begin
 * no program. */
#ifndef WEIR_DAEMON_HERALD_H
#define WEIR_DAEMON_HERALD_H

#include <sys/types.h>

/* Begins it as this user, without capabilities: the line for notices (MESSAGE_NOTICE with a
 * payload), or negative errno.  It ends with its parent. */
int herald_begin(const char *program, uid_t uid, gid_t gid);

#endif
