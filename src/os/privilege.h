/* SPDX-License-Identifier: BSD-2-Clause */
/* Capabilities and user ids of this process: what it holds, and giving it up for good. */
#ifndef WEIR_OS_PRIVILEGE_H
#define WEIR_OS_PRIVILEGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* CAP_NET_RAW, which AF_PACKET sockets take, is there to be used. */
bool privilege_has_raw(void);
/* CAP_SYS_ADMIN, which mount(2) takes. */
bool privilege_may_mount(void);

/* Keeps CAP_NET_RAW alone.  A process that runs by sudo becomes its caller; any other keeps its
 * user id.  0 or negative errno. */
int privilege_keep_raw(void);
/* Keeps no capability.  Root becomes the caller of sudo, or nobody.  0 or negative errno. */
int privilege_drop(void);
/* Keeps no capability.  Root becomes the owner of the file, or where there is none of its folder.
 * 0 or negative errno. */
int privilege_become_owner(const char *file);

/* Root is of one other group besides its own; who is no root stays what they are.  0 or negative
 * errno. */
int privilege_join(gid_t gid);
/* For a process that runs as root: keeps these capabilities alone (bits 1 << CAP_...), and its user
 * id.  Those that it does not have are left out.  0 or negative errno. */
int privilege_keep(uint64_t capabilities);
/* Becomes somebody else, without any capability and for good; who is no root stays who they are. */
int privilege_become(uid_t uid, gid_t gid);

#endif
