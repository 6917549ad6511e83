/* SPDX-License-Identifier: BSD-2-Clause */
/* Time as a value: nanoseconds since 1970-01-01 UTC.  There is no clock here: whoever knows
 * the time passes it in. */
#ifndef WEIR_BASE_MTIME_H
#define WEIR_BASE_MTIME_H

#include <stddef.h>
#include <stdint.h>

#define NS_PER_S INT64_C(1000000000)

struct mtime {
	int64_t ns;
};

/* Days since 1970-01-01 of a time; days before are negative. */
int64_t mtime_day(struct mtime at);

/* Days since 1970-01-01 of a civil date (proleptic Gregorian). */
int64_t day_of(int year, int month, int day);

/* The civil date of a day number. */
void day_civil(int64_t day, int *out_year, int *out_month, int *out_day);

/* RFC 3339 in UTC with 0, 3, 6 or 9 digits of a second: "2026-11-21T14:00:00.123456Z".
 * Returns buffer. */
#define MTIME_TEXT 40
char *mtime_text(struct mtime at, unsigned digits, char buffer[MTIME_TEXT]);

#endif
