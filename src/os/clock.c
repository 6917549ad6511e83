/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's clocks.  Knows no time zone. */
#include "os/clock.h"

#include <time.h>

static struct mtime read_clock(clockid_t which)
{
	struct timespec now;

	clock_gettime(which, &now);
	return (struct mtime){ (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec };
}

struct mtime clock_now(void)
{
	return read_clock(CLOCK_REALTIME);
}

struct mtime clock_steady(void)
{
	return read_clock(CLOCK_MONOTONIC);
}
