/* SPDX-License-Identifier: BSD-2-Clause */
/* One event a turn: a call may then drop any descriptor, and none that is gone is called.  The
 * kernel gives those that are ready in turn, so that none starves. */
#include "os/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "os/clock.h"

int loop_init(struct loop *loop)
{
	for (unsigned i = 0; i < LOOP_MAX; i++)
		loop->entries[i].fd = -1;
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	return loop->epoll < 0 ? -errno : 0;
}

void loop_release(struct loop *loop)
{
	if (loop->epoll > 0)
		close(loop->epoll);
	loop->epoll = -1;
}

static struct loop_entry *find(struct loop *loop, int fd)
{
	for (unsigned i = 0; i < LOOP_MAX; i++)
		if (loop->entries[i].fd == fd)
			return &loop->entries[i];
	return NULL;
}

int loop_add(struct loop *loop, int fd, loop_call *call, void *context)
{
	struct loop_entry *entry = find(loop, -1);
	struct epoll_event event = { .events = EPOLLIN };

	if (!entry)
		return -ENOSPC;
	event.data.u32 = (uint32_t)(entry - loop->entries);
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		return -errno;
	*entry = (struct loop_entry){ fd, call, context };
	return 0;
}

void loop_wants_room(struct loop *loop, int fd, bool wanted)
{
	struct loop_entry *entry = find(loop, fd);
	struct epoll_event event = { .events = wanted ? EPOLLIN | EPOLLOUT : EPOLLIN };

	if (!entry)
		return;
	event.data.u32 = (uint32_t)(entry - loop->entries);
	epoll_ctl(loop->epoll, EPOLL_CTL_MOD, fd, &event);
}

void loop_drop(struct loop *loop, int fd)
{
	struct loop_entry *entry = find(loop, fd);

	if (!entry)
		return;
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
	entry->fd = -1;
}

/* Milliseconds, rounded up so that nothing is asked again too early. */
static int wait_ms(int64_t deadline_ns)
{
	int64_t left_ns;

	if (deadline_ns == INT64_MAX)
		return -1;
	left_ns = deadline_ns - clock_steady().ns;
	if (left_ns <= 0)
		return 0;
	return left_ns > 3600 * INT64_C(1000000000) ? 3600000 : (int)((left_ns + 999999) / 1000000);
}

bool loop_turn(struct loop *loop, int64_t deadline_ns)
{
	struct epoll_event event;
	struct loop_entry *entry;
	int n = epoll_wait(loop->epoll, &event, 1, wait_ms(deadline_ns));

	if (n < 0)
		return errno == EINTR;
	if (n == 0)
		return false;
	entry = &loop->entries[event.data.u32];
	if (entry->fd >= 0)
		entry->call(entry->context, entry->fd);
	return true;
}
