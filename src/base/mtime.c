/* SPDX-License-Identifier: BSD-2-Clause */
/* Time as a value: civil dates and RFC 3339 text, in UTC only.  Knows no clock, no zone. */
#include "base/mtime.h"

#include <inttypes.h>
#include <stdio.h>

#define S_PER_DAY 86400

static int64_t divide_down(int64_t a, int64_t b)
{
	int64_t q = a / b;

	return a % b < 0 ? q - 1 : q;
}

int64_t mtime_day(struct mtime at)
{
	return divide_down(at.ns, S_PER_DAY * NS_PER_S);
}

/* Eras of 400 years that begin on the first of March, so that the leap day comes last. */
int64_t day_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? (int64_t)year - 1 : year;
	int64_t era = divide_down(y, 400);
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

void day_civil(int64_t day, int *out_year, int *out_month, int *out_day)
{
	int64_t z = day + 719468;
	int64_t era = divide_down(z, 146097);
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*out_day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*out_month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*out_year = (int)(yoe + era * 400 + (*out_month <= 2));
}

char *mtime_text(struct mtime at, unsigned digits, char buffer[MTIME_TEXT])
{
	static const int64_t unit[] = { 1000000000, 100000000, 10000000, 1000000, 100000,
					10000,	    1000,      100,	 10,	  1 };
	int64_t day = mtime_day(at);
	int64_t rest = at.ns - day * S_PER_DAY * NS_PER_S;
	int second = (int)(rest / NS_PER_S);
	int y, m, d, n;

	if (digits >= sizeof(unit) / sizeof(unit[0]))
		digits = 9;
	day_civil(day, &y, &m, &d);
	n = snprintf(buffer, MTIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d", y, m, d, second / 3600,
		     second / 60 % 60, second % 60);
	if (digits > 0)
		n += snprintf(buffer + n, MTIME_TEXT - (size_t)n, ".%0*" PRId64, (int)digits,
			      rest % NS_PER_S / unit[digits]);
	snprintf(buffer + n, MTIME_TEXT - (size_t)n, "Z");
	return buffer;
}
