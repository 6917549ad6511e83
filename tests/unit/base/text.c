/* SPDX-License-Identifier: BSD-2-Clause */
/* Escaping, numbers, time and JSON. */
#include "base/json.h"
#include "base/text.h"
#include "t.h"

static void test_escape(void)
{
	static const struct {
		const char *raw, *ascii, *utf8, *json;
	} rows[] = {
		{ "plain", "plain", "plain", "plain" },
		{ "a\033[31m", "a\\x1b[31m", "a\\x1b[31m", "a\\\\x1b[31m" },
		{ "q\"\\", "q\"\\\\", "q\"\\\\", "q\\\"\\\\\\\\" },
		{ "\xc3\xa9", "\\xc3\\xa9", "\xc3\xa9", "\xc3\xa9" },
		{ "\xc2\x9b", "\\xc2\\x9b", "\\xc2\\x9b", "\\\\xc2\\\\x9b" },
		{ "\xe2\x80\xae", "\\xe2\\x80\\xae", "\\xe2\\x80\\xae", "\\\\xe2\\\\x80\\\\xae" },
		{ "\xc0\xaf", "\\xc0\\xaf", "\\xc0\\xaf", "\\\\xc0\\\\xaf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80", "\\\\xed\\\\xa0\\\\x80" },
		{ "\r\n\t", "\\x0d\\x0a\\x09", "\\x0d\\x0a\\x09", "\\\\x0d\\\\x0a\\\\x09" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text t = { 0 };

		text_escape(&t, span_of(rows[i].raw));
		check_text(text_string(&t), rows[i].ascii, "ascii");
		text_reset(&t);
		text_escape_utf8(&t, span_of(rows[i].raw));
		check_text(text_string(&t), rows[i].utf8, "utf8");
		text_reset(&t);
		text_escape_json(&t, span_of(rows[i].raw));
		check_text(text_string(&t), rows[i].json, "json");
		text_release(&t);
	}
}

static void test_numbers(void)
{
	char b[NUMBER_TEXT];

	check_text(number_text(0, b), "0", "0");
	check_text(number_text(999, b), "999", "999");
	check_text(number_text(1043606, b), "1,043,606", "millions");
	check_text(bytes_text(512, b), "512 B", "bytes");
	check_text(bytes_text(84000, b), "84.0 kB", "kilo");
	check_text(bytes_text(61200000, b), "61.2 MB", "mega");
	check_text(bytes_text(999999, b), "1.0 MB", "rounding up");
}

static void test_time(void)
{
	char b[MTIME_TEXT];
	int y, m, d;

	check_text(mtime_text((struct mtime){ 0 }, 0, b), "1970-01-01T00:00:00Z", "epoch");
	check_text(mtime_text((struct mtime){ -1 }, 9, b), "1969-12-31T23:59:59.999999999Z", "before");
	check_text(mtime_text((struct mtime){ INT64_C(951782400123456789) }, 6, b),
		   "2000-02-29T00:00:00.123456Z", "leap day");
	for (int64_t day = -200000; day < 200000; day++) {
		day_civil(day, &y, &m, &d);
		if (day_of(y, m, d) != day)
			check_named(false, "day_of(day_civil(day)) is day");
	}
}

static void test_json(void)
{
	struct text t = { 0 };
	struct json j = json_of(&t);

	json_open(&j, NULL);
	json_string(&j, "a", "x\"y");
	json_open_array(&j, "b");
	json_number(&j, NULL, 1);
	json_open(&j, NULL);
	json_close(&j);
	json_close_array(&j);
	json_bool(&j, "c", true);
	json_string(&j, "d", "\\x1b");
	json_escaped(&j, "e", "\\x1b \"");
	json_close(&j);
	check_text(text_string(&t),
		   "{\"a\":\"x\\\"y\",\"b\":[1,{}],\"c\":true,\"d\":\"\\\\\\\\x1b\","
		   "\"e\":\"\\\\x1b \\\"\"}",
		   "json");
	text_release(&t);
}

TEST_MAIN({ "escape", test_escape }, { "numbers", test_numbers }, { "time", test_time },
	  { "json", test_json })
