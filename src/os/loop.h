/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for several descriptors at once: epoll(7), one call for whatever is ready. */
#ifndef WEIR_OS_LOOP_H
#define WEIR_OS_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#define LOOP_MAX 128

typedef void loop_call(void *context, int fd);

struct loop {
	int epoll;
	struct loop_entry {
		int	   fd;			/* -1: free */
		loop_call *call;
		void	  *context;
	} entries[LOOP_MAX];
};

/* 0 or negative errno. */
int loop_init(struct loop *loop);
void loop_release(struct loop *loop);

/* `call` is made whenever the descriptor can be read, or its other end is gone.  0 or negative
 * errno; -ENOSPC where there are too many. */
int loop_add(struct loop *loop, int fd, loop_call *call, void *context);
/* Also asks for room to write, or no longer. */
void loop_wants_room(struct loop *loop, int fd, bool wanted);
/* Before the descriptor is closed. */
void loop_drop(struct loop *loop, int fd);

/* Waits until something is ready, at most until the deadline (of clock_steady(); INT64_MAX:
 * none), and makes its call.  False where the time was over. */
bool loop_turn(struct loop *loop, int64_t deadline_ns);

#endif
