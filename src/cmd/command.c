/* SPDX-License-Identifier: BSD-2-Clause */
/* From the words of a command line to a command that runs, and the one check that its output
 * was written.  Knows no command. */
#include "cmd/command.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "base/nearest.h"
#include "cmd/options.h"
#include "cmd/usage.h"
#include "os/terminal.h"

/* The one door to standard error: names of files and options come from outside, and are escaped
 * here. */
void complain(const struct io *io, const char *format, ...)
{
	struct text shown = { 0 };
	char message[1024];
	va_list list;

	va_start(list, format);
	vsnprintf(message, sizeof(message), format, list);
	va_end(list);
	text_escape_utf8(&shown, span_of(message));
	fprintf(io->err, "weir: %s\n", text_string(&shown));
	text_release(&shown);
}

size_t command_family(const struct command *command)
{
	size_t n = strcspn(command->name, " ");

	return command->name[n] ? n : 0;
}

const char *command_leaf(const struct command *command)
{
	size_t n = command_family(command);

	return n ? command->name + n + 1 : command->name;
}

bool command_is_sibling(const struct command *a, const struct command *b)
{
	size_t n = command_family(a);

	return n > 0 && n == command_family(b) && strncmp(a->name, b->name, n) == 0;
}

const struct command *const *command_family_of(const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; n > 0 && commands[i]; i++)
		if (command_family(commands[i]) == n && strncmp(commands[i]->name, word, n) == 0)
			return &commands[i];
	return NULL;
}

const struct command *command_of(const char *word, const char *next)
{
	for (size_t i = 0; commands[i]; i++) {
		size_t n = command_family(commands[i]);

		if (n == 0 && strcmp(commands[i]->name, word) == 0)
			return commands[i];
		if (n > 0 && next && strlen(word) == n &&
		    strncmp(commands[i]->name, word, n) == 0 &&
		    strcmp(command_leaf(commands[i]), next) == 0)
			return commands[i];
	}
	return NULL;
}

static int refuse_command(const char *name, const struct io *io)
{
	struct nearest nearest = nearest_of(name);

	for (size_t i = 0; commands[i]; i++)
		nearest_offer(&nearest, commands[i]->name);
	if (nearest.word)
		complain(io, "no command '%s', did you mean '%s'?  weir help lists them", name,
			 nearest.word);
	else
		complain(io, "no command '%s'; weir help lists them", name);
	return EXIT_USAGE;
}

/* `weir ras`, `weir ras --help`, `weir ras lsit` */
static int answer_family(const char *word, const char *next, const struct io *io)
{
	struct text name = { 0 };

	if (!next) {
		usage_print_family(word, &(struct io){ .colour = io->err_colour }, io->err);
		return EXIT_USAGE;
	}
	if (strcmp(next, "--help") == 0 || strcmp(next, "-h") == 0) {
		usage_print_family(word, io, io->out);
		return EXIT_CLEAN;
	}
	text_printf(&name, "%s %s", word, next);
	refuse_command(text_string(&name), io);
	text_release(&name);
	return EXIT_USAGE;
}

static struct io coloured(const struct io *io, const char *color)
{
	struct io result = *io;
	bool may = terminal_may_colour();

	result.colour = io->out_is_terminal && may;
	result.err_colour = io->err_is_terminal && may;
	if (color && strcmp(color, "always") == 0)
		result.colour = result.err_colour = true;
	if (color && strcmp(color, "never") == 0)
		result.colour = result.err_colour = false;
	return result;
}

/* The one place where output is checked.  A reader who went away (head, a closed pager) knows
 * what he has seen: no word, and the status stays. */
static int finish_output(int status, const struct io *io)
{
	bool failed = ferror(io->out) != 0;

	errno = 0;
	if (fflush(io->out) == 0 && !failed)
		return status;
	if (errno == EPIPE || terminal_reader_gone(io->out))
		return status;
	if (errno)
		complain(io, "cannot write the output: %s", strerror(errno));
	else
		complain(io, "cannot write the output");
	return EXIT_SYSTEM;
}

/* -q, whatever the command: only what goes to the other stream is seen. */
static int run_quietly(const struct command *command, const void *arg, const struct io *io)
{
	struct io own = *io;
	int status;

	own.out = fopen("/dev/null", "w");
	if (!own.out) {
		complain(io, "cannot open /dev/null: %s", strerror(errno));
		return EXIT_SYSTEM;
	}
	status = command->run(arg, &own);
	fclose(own.out);
	return status;
}

static int run_command(const struct command *command, size_t n, char *const words[],
		       const struct io *io)
{
	struct text problem = { 0 };
	int status = EXIT_USAGE;
	struct arena arena;
	void *arg;

	arena_init(&arena);
	arg = arena_take(&arena, command->size);
	if (options_parse(command, n, words, &arena, &problem, arg)) {
		const struct common *common = arg;
		struct io own = coloured(io, common->color);

		status = EXIT_CLEAN;
		if (common->help)
			usage_print_command(command, &own);
		else
			status = common->quiet ? run_quietly(command, arg, &own)
					       : command->run(arg, &own);
	} else {
		complain(io, "%s: %s", command->name, text_string(&problem));
		fputs("usage: ", io->err);
		usage_print_synopsis(command, io->err);
		fprintf(io->err, "\n       weir %s --help tells more\n", command->name);
	}
	text_release(&problem);
	arena_release(&arena);
	return finish_output(status, io);
}

int command_main(int argc, char *const argv[], const struct io *io)
{
	struct io own = coloured(io, NULL);
	const struct command *command;
	const char *name = argc > 1 ? argv[1] : NULL, *next = argc > 2 ? argv[2] : NULL;
	int used;

	if (!name) {
		usage_print_all(&(struct io){ .colour = own.err_colour }, io->err);
		return EXIT_USAGE;
	}
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		fprintf(io->out, "weir %s\n", WEIR_VERSION);
		return finish_output(EXIT_CLEAN, io);
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		usage_print_all(&own, io->out);
		return finish_output(EXIT_CLEAN, io);
	}
	command = command_of(name, next);
	if (!command && command_family_of(name))
		return finish_output(answer_family(name, next, &own), io);
	if (!command)
		return refuse_command(name, io);
	used = command_family(command) ? 3 : 2;
	return run_command(command, (size_t)(argc - used), argv + used, io);
}
