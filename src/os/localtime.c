/* SPDX-License-Identifier: BSD-2-Clause */
/* Local time through the C library's zones.  RFC 3339 where a zone is written.
 * Knows no clock: it says how a time is written, not what time it is. */
#include "os/localtime.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Reading: a cursor over the text. */
struct cursor {
	const char *p;
	bool	    failed;
};

static int read_digits(struct cursor *c, int n)
{
	int value = 0;

	for (int i = 0; i < n && !c->failed; i++) {
		int digit = *c->p - '0';

		c->failed = digit < 0 || digit > 9;
		if (!c->failed) {
			value = value * 10 + digit;
			c->p++;
		}
	}
	return value;
}

static bool passes(struct cursor *c, const char *any_of)
{
	if (c->failed || !*c->p || !strchr(any_of, *c->p))
		return false;
	c->p++;
	return true;
}

static void expect(struct cursor *c, const char *any_of)
{
	if (!passes(c, any_of))
		c->failed = true;
}

/* ".25": up to nine digits count. */
static int64_t read_fraction(struct cursor *c)
{
	int64_t ns = 0, unit = NS_PER_S / 10;

	if (!passes(c, "."))
		return 0;
	c->failed |= *c->p < '0' || *c->p > '9';
	for (; *c->p >= '0' && *c->p <= '9'; c->p++, unit /= 10)
		ns += (*c->p - '0') * unit;
	return ns;
}

/* "@1795266000.5" */
static int64_t read_epoch(struct cursor *c)
{
	int64_t seconds = 0;

	c->failed |= *c->p < '0' || *c->p > '9';
	for (; *c->p >= '0' && *c->p <= '9' && !c->failed; c->p++) {
		seconds = seconds * 10 + (*c->p - '0');
		c->failed = seconds > INT64_MAX / NS_PER_S - 1;
	}
	return c->failed ? 0 : seconds * NS_PER_S + read_fraction(c);
}

static int days_in(int year, int month)
{
	return (int)(day_of(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1) -
		     day_of(year, month, 1));
}

static void read_date(struct cursor *c, struct tm *out)
{
	int year = read_digits(c, 4), month, day;

	expect(c, "-");
	month = read_digits(c, 2);
	expect(c, "-");
	day = read_digits(c, 2);
	if (c->failed || year < 1900 || year > 2200 || month < 1 || month > 12 || day < 1 ||
	    day > days_in(year, month)) {
		c->failed = true;
		return;
	}
	*out = (struct tm){ .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day,
			    .tm_isdst = -1 };
}

/* "14:00" or "14:00:05.25" */
static int64_t read_clock(struct cursor *c, struct tm *out)
{
	int64_t ns = 0;

	out->tm_hour = read_digits(c, 2);
	expect(c, ":");
	out->tm_min = read_digits(c, 2);
	if (passes(c, ":")) {
		out->tm_sec = read_digits(c, 2);
		ns = read_fraction(c);
	}
	c->failed |= out->tm_hour > 23 || out->tm_min > 59 || out->tm_sec > 60;
	return ns;
}

/* "Z" or "+01:00", as seconds east of UTC; false where no zone is written. */
static bool read_zone(struct cursor *c, int *out_east_s)
{
	bool east = *c->p == '+';
	int hours, minutes;

	if (passes(c, "Zz")) {
		*out_east_s = 0;
		return true;
	}
	if (!passes(c, "+-"))
		return false;
	hours = read_digits(c, 2);
	expect(c, ":");
	minutes = read_digits(c, 2);
	c->failed |= hours > 23 || minutes > 59;
	*out_east_s = (east ? 1 : -1) * (hours * 60 + minutes) * 60;
	return true;
}

static int64_t utc_seconds(const struct tm *tm)
{
	return day_of(tm->tm_year + 1900, tm->tm_mon + 1, tm->tm_mday) * 86400 +
	       tm->tm_hour * 3600 + tm->tm_min * 60 + tm->tm_sec;
}

static int64_t read_civil(struct cursor *c)
{
	struct tm tm = { 0 };
	int64_t fraction = 0;
	int east_s;

	read_date(c, &tm);
	if (passes(c, "Tt "))
		fraction = read_clock(c, &tm);
	if (c->failed)
		return 0;
	if (read_zone(c, &east_s))
		return (utc_seconds(&tm) - east_s) * NS_PER_S + fraction;
	return (int64_t)mktime(&tm) * NS_PER_S + fraction;
}

bool local_time_parse(const char *text, struct mtime *out)
{
	struct cursor c = { text, false };
	int64_t ns = passes(&c, "@") ? read_epoch(&c) : read_civil(&c);

	if (c.failed || *c.p)
		return false;
	out->ns = ns;
	return true;
}

static int64_t split(struct mtime at, struct tm *out)
{
	int64_t fraction = at.ns % NS_PER_S;
	time_t seconds = (time_t)(at.ns / NS_PER_S);

	if (fraction < 0) {
		fraction += NS_PER_S;
		seconds--;
	}
	localtime_r(&seconds, out);
	return fraction;
}

char *local_clock_text(struct mtime at, unsigned digits, char buffer[LOCAL_TIME_TEXT])
{
	struct tm tm;
	int64_t fraction = split(at, &tm);
	size_t n = strftime(buffer, LOCAL_TIME_TEXT, "%H:%M:%S", &tm);

	for (unsigned i = digits; i < 9; i++)
		fraction /= 10;
	if (digits > 0)
		snprintf(buffer + n, LOCAL_TIME_TEXT - n, ".%0*lld", (int)digits,
			 (long long)fraction);
	return buffer;
}

static char *format(struct mtime at, const char *pattern, char buffer[LOCAL_TIME_TEXT])
{
	struct tm tm;

	split(at, &tm);
	if (strftime(buffer, LOCAL_TIME_TEXT, pattern, &tm) == 0)
		buffer[0] = '\0';
	return buffer;
}

char *local_date_text(struct mtime at, char buffer[LOCAL_TIME_TEXT])
{
	return format(at, "%Y-%m-%d", buffer);
}

char *local_minute_text(struct mtime at, char buffer[LOCAL_TIME_TEXT])
{
	return format(at, "%Y-%m-%d %H:%M %Z", buffer);
}

char *local_asctime_text(struct mtime at, char buffer[LOCAL_TIME_TEXT])
{
	return format(at, "%a %b %e %H:%M:%S %Y", buffer);
}

char *local_zone_text(struct mtime at, char buffer[LOCAL_TIME_TEXT])
{
	return format(at, "%Z", buffer);
}
