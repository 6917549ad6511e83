/* SPDX-License-Identifier: BSD-2-Clause */
/* One subcommand is one constant: its options as typed rows that fill a struct, a summary, an
 * example, and run().  cmd/commands.c lists them; usage, --help, completions and the manual's
 * synopses are printed from these rows, so they cannot drift. */
#ifndef WEIR_CMD_COMMAND_H
#define WEIR_CMD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum exit_status { EXIT_CLEAN = 0, EXIT_FINDINGS = 1, EXIT_USAGE = 2, EXIT_SYSTEM = 3 };

/* What an option's argument is, and the C type of its field:
 * FLAG bool; COUNT unsigned, one more each time (-v); TEXT const char *; LIST struct texts,
 * may be repeated; NUMBER uint64_t; TIME struct mtime (with a bool before it: see opt_time);
 * ADDR struct addr; FILE const char *, completed as a file name. */
enum opt_kind { OPT_END, OPT_FLAG, OPT_COUNT, OPT_TEXT, OPT_LIST, OPT_NUMBER, OPT_TIME, OPT_ADDR,
		OPT_FILE };

struct opt {
	enum opt_kind kind;
	char	      letter;		/* 0: none */
	const char   *name;		/* long name, without dashes */
	const char   *argument;		/* "FILE", NULL for flags */
	const char   *help;
	size_t	      offset;		/* of the field in the command's struct */
};

struct texts {
	const char **list;
	size_t	     n;
};

/* Where a command reads and writes; a test passes memory streams. */
struct io {
	FILE *in, *out, *err;
	bool  out_is_terminal, err_is_terminal;
	bool  colour;
	unsigned columns;		/* of the terminal, 100 where there is none */
};

struct command {
	const char	 *name, *summary;
	const char	 *operands;	/* "FILE...", or NULL */
	const char	 *about;	/* a paragraph for --help and the manual */
	const char	 *example;	/* lines, each a command */
	const struct opt *opts;
	size_t		  size;		/* of the struct that the options fill */
	size_t		  operands_offset;	/* of its struct texts for the operands */
	/* `arg` is the filled struct; returns an exit_status. */
	int		(*run)(const void *arg, const struct io *io);
};

extern const struct command *const commands[];	/* ends with NULL */

/* main() without the process: finds the command, fills its struct, runs it, and checks once
 * that the output was written. */
int command_main(int argc, char *const argv[], const struct io *io);

#endif
