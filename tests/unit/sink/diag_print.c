/* SPDX-License-Identifier: BSD-2-Clause */
/* Complaints as they are printed: the caret stands under what is meant. */
#include "sink/diag_print.h"

#include "t.h"

static const struct {
	const char *name;
	struct diag diag;
	const char *printed;
} rows[] = {
	{ "caret, hint",
	  { SEVERITY_ERROR, "site.weir", 14, 15, 11, "192.168.1.2 is not multicast",
	    "a source goes after 'from'", NULL, "    permit to 192.168.1.2 at data" },
	  "site.weir:14:15: error: 192.168.1.2 is not multicast\n"
	  "  14 |     permit to 192.168.1.2 at data\n"
	  "     |               ^~~~~~~~~~~\n"
	  "     hint: a source goes after 'from'\n" },
	{ "beside, tabs",
	  { SEVERITY_WARNING, "site.weir", 3, 12, 5, "unknown set 'globl'", NULL,
	    "did you mean 'global'?", "\tpermit to globl" },
	  "site.weir:3:12: warning: unknown set 'globl'\n"
	  "   3 |         permit to globl\n"
	  "     |                   ^~~~~ did you mean 'global'?\n" },
	{ "letters of several bytes",
	  { SEVERITY_NOTE, "f", 1, 6, 1, "here", NULL, NULL, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 x" },
	  "f:1:6: note: here\n"
	  "   1 | \xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 x\n"
	  "     |      ^\n" },
	{ "a byte order mark takes no room",
	  { SEVERITY_ERROR, "f", 1, 3, 1, "here", NULL, NULL, "\xef\xbb\xbf" "set" },
	  "f:1:3: error: here\n"
	  "   1 | set\n"
	  "     |   ^\n" },
	{ "behind the end",
	  { SEVERITY_ERROR, "f", 2, 5, 0, "expected '}'", NULL, NULL, "set" },
	  "f:2:5: error: expected '}'\n"
	  "   2 | set\n"
	  "     |    ^\n" },
	{ "hostile",
	  { SEVERITY_ERROR, "a\033[2J", 1, 1, 2, "odd \x07", NULL, NULL, "\033\xff x" },
	  "a\\x1b[2J:1:1: error: odd \\x07\n"
	  "   1 | \\x1b\\xff x\n"
	  "     | ^~~~~~~~\n" },
	{ "no line", { SEVERITY_ERROR, "f", 0, 0, 0, "cannot read it", NULL, NULL, NULL },
	  "f: error: cannot read it\n" },
	{ "no file", { SEVERITY_ERROR, NULL, 0, 0, 0, "no set 'x'", "say '='", NULL, NULL },
	  "error: no set 'x'\n     hint: say '='\n" },
};

static void check_printed(const struct diags *diags, bool summary, const char *should,
			  const char *name)
{
	char *printed = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&printed, &n);

	if (summary)
		diags_print_summary(diags, out);
	else
		diags_print(diags, false, out);
	fclose(out);
	check_text(printed, should, name);
	free(printed);
}

static void test_rows(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct diags diags;

		diags_init(&diags);
		diags_add(&diags, &rows[i].diag);
		check_printed(&diags, false, rows[i].printed, rows[i].name);
		diags_release(&diags);
	}
}

static void test_summary(void)
{
	struct diags diags = { 0 };

	check_printed(&diags, true, "", "nothing");
	diags = (struct diags){ .n = 4, .errors = 2, .warnings = 1, .notes = 1 };
	check_printed(&diags, true, "2 errors, 1 warning, 1 note\n", "all");
	diags = (struct diags){ .n = 2, .notes = 2 };
	check_printed(&diags, true, "2 notes\n", "notes");
}

TEST_MAIN({ "rows", test_rows }, { "summary", test_summary })
