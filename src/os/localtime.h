/* SPDX-License-Identifier: BSD-2-Clause */
/* Times as the person at the terminal writes and reads them: in the local zone (TZ). */
#ifndef WEIR_OS_LOCALTIME_H
#define WEIR_OS_LOCALTIME_H

#include <stdbool.h>

#include "base/mtime.h"

#define LOCAL_TIME_TEXT 48

/* "2026-11-21 14:00", with seconds and a fraction where wanted, also as RFC 3339 with `T`, `Z`
 * or an offset; a date alone is its midnight; "@1795266000.5" counts from 1970.  Without a zone
 * it is local.  False leaves out untouched. */
bool local_time_parse(const char *text, struct mtime *out);

/* "14:59:58", with 0, 3, 6 or 9 digits behind a point.  Return buffer. */
char *local_clock_text(struct mtime at, unsigned digits, char buffer[LOCAL_TIME_TEXT]);
/* "2026-11-21" */
char *local_date_text(struct mtime at, char buffer[LOCAL_TIME_TEXT]);
/* "2026-11-21 14:00 CET", with the zone's name. */
char *local_minute_text(struct mtime at, char buffer[LOCAL_TIME_TEXT]);
/* "Tue Dec 10 18:36:49 2002", as asctime(3) has it. */
char *local_asctime_text(struct mtime at, char buffer[LOCAL_TIME_TEXT]);
/* The zone's name at that time: "CET". */
char *local_zone_text(struct mtime at, char buffer[LOCAL_TIME_TEXT]);

#endif
