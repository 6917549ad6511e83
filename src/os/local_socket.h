/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets by a name in the file system: the daemon's, and whoever asks it.  unix(7). */
#ifndef WEIR_OS_LOCAL_SOCKET_H
#define WEIR_OS_LOCAL_SOCKET_H

/* A connection to who serves there, or negative errno. */
int local_connect(const char *path);
/* A socket that serves there, which does not block; one that nobody serves is taken over.  Negative
 * errno: -EADDRINUSE where somebody answers. */
int local_listen(const char *path);

#endif
