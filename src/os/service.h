/* SPDX-License-Identifier: BSD-2-Clause */
/* What a service tells the system: its manager that it is ready (sd_notify(3)), and the journal or
 * syslog what happened.  Both are datagrams to sockets of the file system. */
#ifndef WEIR_OS_SERVICE_H
#define WEIR_OS_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

/* "READY=1", as lines; nothing where nobody asked ($NOTIFY_SOCKET).  Its socket is opened by
 * service_open(). */
void service_notify(const char *state);
/* Before a process gives up its right to open sockets. */
void service_open(void);

/* One entry: fields[] are "NAME", "value" in turn, MESSAGE first.  The journal keeps all of them; where
 * it does not listen syslog has the message.  False where neither listens. */
bool service_log(int priority, const char *const *fields, size_t n);

#endif
