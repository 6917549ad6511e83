/* SPDX-License-Identifier: BSD-2-Clause */
/* Usage and help as text.  Knows the rows of a command, and no command. */
#include "cmd/usage.h"

#include <string.h>

#include "cmd/options.h"

#define HELP_COLUMN 28

void usage_print_synopsis(const struct command *command, FILE *out)
{
	fprintf(out, "weir %s [options]%s%s", command->name, command->operands ? " " : "",
		command->operands ? command->operands : "");
}

/* Words of `text`, filled up to `columns` behind an indent; the cursor stands at `at`. */
static void print_filled(FILE *out, const char *text, unsigned at, unsigned indent,
			 unsigned columns)
{
	while (*text) {
		unsigned n = (unsigned)strcspn(text, " ");

		if (at > indent && at + 1 + n > columns) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			fputc(' ', out);
			at++;
		}
		fwrite(text, 1, n, out);
		at += n;
		text += n;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static unsigned print_name(const struct opt *o, FILE *out)
{
	int n = 0;

	if (o->letter)
		n += fprintf(out, "  -%c, --%s", o->letter, o->name);
	else
		n += fprintf(out, "      --%s", o->name);
	if (o->argument)
		n += fprintf(out, " %s", o->argument);
	return (unsigned)n;
}

static void print_option(const struct opt *o, const struct io *io, unsigned columns)
{
	unsigned at = print_name(o, io->out);

	if (at + 2 > HELP_COLUMN) {
		fputc('\n', io->out);
		at = 0;
	}
	fprintf(io->out, "%*s", (int)(HELP_COLUMN - at), "");
	print_filled(io->out, o->help, HELP_COLUMN, HELP_COLUMN, columns);
}

static void print_examples(const char *example, FILE *out)
{
	fprintf(out, "\nExamples:\n");
	while (*example) {
		size_t n = strcspn(example, "\n");

		fprintf(out, "  %.*s\n", (int)n, example);
		example += n;
		example += *example == '\n';
	}
}

void usage_print_command(const struct command *command, const struct io *io)
{
	unsigned columns = io->columns > 100 ? 100 : io->columns;
	const struct opt *o;

	fprintf(io->out, "Usage: ");
	usage_print_synopsis(command, io->out);
	fputs("\n\n", io->out);
	print_filled(io->out, command->about, 0, 0, columns);
	fprintf(io->out, "\nOptions:\n");
	for (size_t i = 0; (o = options_next(command, &i)) != NULL;)
		print_option(o, io, columns);
	if (command->example)
		print_examples(command->example, io->out);
}

static void print_row(const struct command *command, const struct io *io, FILE *out)
{
	const char *bold = io->colour ? "\033[1m" : "", *plain = io->colour ? "\033[0m" : "";

	fprintf(out, "  %s%-15s%s%s\n", bold, command->name, plain, command->summary);
}

void usage_print_family(const char *word, const struct io *io, FILE *out)
{
	const struct command *const *first = command_family_of(word);

	fprintf(out, "Usage: weir %s COMMAND [options] [operands]\n\nCommands:\n", word);
	for (size_t i = 0; first && first[i] && command_is_sibling(*first, first[i]); i++)
		print_row(first[i], io, out);
	fprintf(out, "\nweir %s COMMAND --help tells more.\n", word);
}

void usage_print_all(const struct io *io, FILE *out)
{

	fprintf(out, "Usage: weir COMMAND [options] [operands]\n\n"
		     "Tell, judge and report what IP multicast crosses a boundary.\n\nCommands:\n");
	for (size_t i = 0; commands[i]; i++)
		print_row(commands[i], io, out);
	fprintf(out, "\nweir COMMAND --help tells more; weir(1) tells all.  Start with:\n"
		     "  weir audit capture.pcap\n");
}
