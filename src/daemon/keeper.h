/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper: a process of its own that holds CAP_NET_RAW alone, opens packet sockets for its
 * parent and passes them on (SCM_RIGHTS).  It reads no packet, and nothing but requests of one
 * fixed size.  It also opens the files of a capture ring, under names that it was told before.
 * It ends with its parent. */
#ifndef WEIR_DAEMON_KEEPER_H
#define WEIR_DAEMON_KEEPER_H

#include <sys/types.h>

#include "os/netlink.h"
#include "os/packet_socket.h"

struct keeper_options {
	uint32_t    snaplen;		/* 0: whole frames */
	const char *file;		/* of a ring of files; NULL: none */
	unsigned    file_count;		/* 1: the file itself; else NAME-001.pcapng ... */
};

struct keeper {
	int   fd;
	pid_t pid;
};

/* Begins it.  The caller gives up its own privilege after that.  0 or negative errno. */
int keeper_begin(const struct keeper_options *options, struct keeper *out);
/* Ends it.  A zeroed keeper is none. */
void keeper_end(struct keeper *keeper);

/* The packet socket of an interface, which the caller closes.  0 or negative errno; -EPIPE where
 * the keeper is gone. */
int keeper_open(const struct keeper *keeper, const char *interface, struct packet_socket *out);
/* File number `number` of the ring, emptied, to be written: a descriptor or negative errno. */
int keeper_file(const struct keeper *keeper, unsigned number);

#endif
