/* SPDX-License-Identifier: BSD-2-Clause */
/* What time it is. */
#ifndef WEIR_OS_CLOCK_H
#define WEIR_OS_CLOCK_H

#include "base/mtime.h"

/* The time of day; it may jump. */
struct mtime clock_now(void);
/* Never goes back; counts from an arbitrary start.  For rates and progress. */
struct mtime clock_steady(void);

#endif
