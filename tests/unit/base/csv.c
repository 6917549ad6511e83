/* SPDX-License-Identifier: BSD-2-Clause */
/* CSV as RFC 4180 has it: quotes, commas and line ends inside of fields, and what is wrong. */
#include "base/csv.h"
#include "t.h"

static const struct {
	const char *name, *in, *says;	/* "line:field|field;..." */
} rows[] = {
	{ "plain", "a,b\nc,d\n", "1:a|b;2:c|d;" },
	{ "no line end", "a,b", "1:a|b;" },
	{ "CRLF and blanks", " a , b \r\n\r\n c,\r\n", "1:a|b;3:c|;" },
	{ "empty fields", ",,\n", "1:||;" },
	{ "quoted", "\"a,b\",\"c\"\"d\"\n", "1:a,b|c\"d;" },
	{ "lines inside", "\"a\nb\",c\nd,e\n", "1:a\nb|c;3:d|e;" },
	{ "quoted, CRLF", "\"a\"\r\n\"b\"\r\n", "1:a;2:b;" },
	{ "empty quotes", "\"\",x\n", "1:|x;" },
	{ "byte order mark", "\xef\xbb\xbf" "a\n", "1:a;" },
	{ "never closed", "a\n\"b,c\nd\n", "1:a;2:!;" },
	{ "more behind quotes", "\"a\"b,c\nd\n", "1:!;2:d;" },
	{ "nothing", "", "" },
	{ "line ends only", "\n\r\n\n", "" },
};

static void test_rows(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena arena;
		struct csv csv;
		char text[256] = "";

		arena_init(&arena);
		csv = csv_of(span_of(rows[i].in), &arena);
		while (csv_next(&csv)) {
			size_t n = strlen(text);

			n += (size_t)snprintf(text + n, sizeof(text) - n, "%u:%s", csv.line,
					      csv.problem ? "!" : "");
			for (size_t k = 0; k < csv.n; k++)
				n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", k ? "|" : "",
						      csv.fields[k]);
			snprintf(text + n, sizeof(text) - n, ";");
		}
		check_text(text, rows[i].says, rows[i].name);
		arena_release(&arena);
	}
}

static void test_too_many(void)
{
	char wide[2 * CSV_FIELDS_MAX + 8] = "";
	struct arena arena;
	struct csv csv;

	for (size_t i = 0; i <= CSV_FIELDS_MAX; i++)
		strcat(wide, "x,");
	arena_init(&arena);
	csv = csv_of(span_of(wide), &arena);
	check(csv_next(&csv) && csv.problem && csv.n == 0);
	check(!csv_next(&csv));
	arena_release(&arena);
}

TEST_MAIN({ "rows", test_rows }, { "too many columns", test_too_many })
