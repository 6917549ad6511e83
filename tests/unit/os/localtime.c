/* SPDX-License-Identifier: BSD-2-Clause */
/* Local time as it is written and read, in a zone with summer time. */
#include "os/localtime.h"

#include <stdlib.h>
#include <time.h>

#include "t.h"

static const struct {
	const char *text, *utc;		/* "" where it is no time */
} rows[] = {
	{ "2026-11-21 14:00", "2026-11-21T13:00:00.000000000Z" },
	{ "2026-07-21 14:00", "2026-07-21T12:00:00.000000000Z" },
	{ "2026-11-21", "2026-11-20T23:00:00.000000000Z" },
	{ "2026-11-21T14:00:05.25Z", "2026-11-21T14:00:05.250000000Z" },
	{ "2026-11-21T14:00:05+01:00", "2026-11-21T13:00:05.000000000Z" },
	{ "2026-11-21t14:00-02:30", "2026-11-21T16:30:00.000000000Z" },
	{ "2026-11-21 14:00:05.1234567891", "2026-11-21T13:00:05.123456789Z" },
	{ "@0", "1970-01-01T00:00:00.000000000Z" },
	{ "@1795266000.5", "2026-11-21T13:00:00.500000000Z" },
	{ "2024-02-29", "2024-02-28T23:00:00.000000000Z" },
	{ "", "" },
	{ "@", "" },
	{ "@1.", "" },
	{ "@99999999999999999999", "" },
	{ "now", "" },
	{ "2026-02-29", "" },
	{ "2026-13-01", "" },
	{ "2026-11-21 24:00", "" },
	{ "2026-11-21 14", "" },
	{ "2026-11-21 14:00 ", "" },
	{ "2026-11-21 14:00+1:00", "" },
	{ "2026-11-21x", "" },
	{ "14:00", "" },
};

static void test_parse(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mtime at = { -1 };
		char buffer[MTIME_TEXT];
		bool good = local_time_parse(rows[i].text, &at);

		check_text(good ? mtime_text(at, 9, buffer) : "", rows[i].utc, rows[i].text);
		check_named(good || at.ns == -1, rows[i].text);
	}
}

static void test_text(void)
{
	struct mtime at = { INT64_C(1795266000123456789) };
	struct mtime before = { -1 };
	char buffer[LOCAL_TIME_TEXT];

	check_text(local_minute_text(at, buffer), "2026-11-21 14:00 CET", "minute");
	check_text(local_clock_text(at, 6, buffer), "14:00:00.123456", "microseconds");
	check_text(local_clock_text(at, 9, buffer), "14:00:00.123456789", "nanoseconds");
	check_text(local_clock_text(at, 0, buffer), "14:00:00", "seconds");
	check_text(local_date_text(at, buffer), "2026-11-21", "date");
	check_text(local_zone_text(at, buffer), "CET", "zone");
	check_text(local_clock_text(before, 9, buffer), "00:59:59.999999999", "before 1970");
}

static void test_in_zone(void (*test)(void))
{
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	test();
}

static void parse(void)
{
	test_in_zone(test_parse);
}

static void text(void)
{
	test_in_zone(test_text);
}

TEST_MAIN({ "parse", parse }, { "text", text })
