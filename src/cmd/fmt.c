/* SPDX-License-Identifier: BSD-2-Clause */
/* weir fmt: policies in their canonical layout, comments kept. */
#include <string.h>

#include "cmd/command.h"
#include "cmd/load.h"
#include "os/file.h"
#include "policy/parse.h"
#include "policy/print.h"
#include "policy/profiles.h"
#include "sink/diag_print.h"

struct fmt {
	struct common common;
	bool	      write, check;
	struct texts  files;
};

static const struct opt opts[] = {
	{ OPT_FLAG, 'w', "write", NULL, "write the result back to the file", offsetof(struct fmt, write),
	  0 },
	{ OPT_FLAG, 'c', "check", NULL, "change nothing, name the files that are not canonical",
	  offsetof(struct fmt, check), 0 },
	{ 0 },
};

/* False, and every mistake told, where the text is no policy. */
static bool format(const char *name, const struct text *text, const struct io *io, struct text *out)
{
	struct arena arena;
	struct diags diags;
	const struct syntax *syntax;
	bool good;

	arena_init(&arena);
	diags_init(&diags);
	syntax = syntax_parse(&arena, name, text_string(text), text->n, &diags);
	good = diags.errors == 0;
	if (good)
		syntax_text(syntax, out);
	diags_print(&diags, io->err_colour, io->err);
	diags_print_summary(&diags, io->err);
	diags_release(&diags);
	arena_release(&arena);
	return good;
}

static int write_back(const char *name, const struct text *text, const struct io *io)
{
	int error;

	if (strcmp(name, "-") == 0 || profile_find(name)) {
		complain(io, "%s cannot be written back", strcmp(name, "-") == 0 ? "standard input"
										 : name);
		return EXIT_USAGE;
	}
	error = file_replace(name, text);
	if (error == 0)
		return EXIT_CLEAN;
	complain(io, "cannot write %s: %s", name, strerror(-error));
	return EXIT_SYSTEM;
}

static int print(const struct fmt *o, const char *name, const struct text *from,
		 const struct text *to, const struct io *io)
{
	bool same = from->n == to->n && strcmp(text_string(from), text_string(to)) == 0;

	if (o->check) {
		if (!same && !o->common.quiet)
			fprintf(io->out, "%s\n", name);
		return same ? EXIT_CLEAN : EXIT_FINDINGS;
	}
	if (o->write)
		return same ? EXIT_CLEAN : write_back(name, to, io);
	fwrite(text_string(to), 1, to->n, io->out);
	return EXIT_CLEAN;
}

static int format_one(const struct fmt *o, const char *name, const struct io *io)
{
	struct text from = { 0 }, to = { 0 };
	int error = load_text(name, io, &from);
	int status = EXIT_USAGE;

	if (error < 0)
		status = load_refuse(name, error, io);
	else if (format(name, &from, io, &to))
		status = print(o, name, &from, &to, io);
	text_release(&from);
	text_release(&to);
	return status;
}

static int run(const void *arg, const struct io *io)
{
	const struct fmt *o = arg;
	int worst = EXIT_CLEAN;

	for (size_t i = 0; i < o->files.n; i++) {
		int status = format_one(o, o->files.list[i], io);

		worst = status > worst ? status : worst;
	}
	return worst;
}

const struct command cmd_fmt = {
	.name = "fmt",
	.summary = "print a policy in its canonical layout",
	.operands = "FILE...",
	.operands_min = 1,
	.operands_max = OPERANDS_ANY,
	.about = "One rule a line where it fits, clauses in one order, columns aligned between blank "
		 "lines, every comment kept. What fmt prints it prints again unchanged. Exits 2, and "
		 "prints nothing, where the text is no policy.",
	.example = "weir fmt --write site.weir\n"
		   "weir fmt --check policies/*.weir",
	.completes = COMPLETES_FILES,
	.opts = opts,
	.size = sizeof(struct fmt),
	.operands_offset = offsetof(struct fmt, files),
	.run = run,
};
