/* SPDX-License-Identifier: BSD-2-Clause */
/* One subcommand is one constant: its options as typed rows that fill a struct, a summary, an
 * example, and run().  cmd/commands.c lists them; usage, --help, completions and the manual's
 * synopses are printed from these rows, so they cannot drift. */
#ifndef WEIR_CMD_COMMAND_H
#define WEIR_CMD_COMMAND_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/mtime.h"
#include "net/addr.h"

/* EXIT_FINDINGS is "no": a finding, a denied point, a warning of `check`. */
enum exit_status { EXIT_CLEAN = 0, EXIT_FINDINGS = 1, EXIT_USAGE = 2, EXIT_SYSTEM = 3 };

/* What an option's argument is, and the C type of its field:
 * FLAG bool; COUNT unsigned, one more each time (-v); TEXT const char *; FILE and POLICY the
 * same, completed as a file, or as a profile or a file; CHOICE const char *, one of the words
 * of `argument` ("auto|always|never"); LIST struct texts, may be repeated; NUMBER uint64_t, at
 * most `max` where that is not 0; DURATION uint64_t in seconds, at least 1; TIME struct opt_time;
 * ADDR struct addr. */
enum opt_kind {
	OPT_END, OPT_FLAG, OPT_COUNT, OPT_TEXT, OPT_FILE, OPT_POLICY, OPT_CHOICE, OPT_LIST,
	OPT_NUMBER, OPT_DURATION, OPT_TIME, OPT_ADDR,
};

struct opt {
	enum opt_kind kind;
	char	      letter;		/* 0: none */
	const char   *name;		/* long name, without dashes */
	const char   *argument;		/* "FILE", NULL for flags */
	const char   *help;
	size_t	      offset;		/* of the field in the command's struct */
	uint64_t      max;		/* of a NUMBER or DURATION; 0: any */
};

struct texts {
	const char **list;
	size_t	     n;
};

struct opt_time {
	bool	     given;
	struct mtime at;
};

/* The options that commands share: declared once, in cmd/options.c.  Every command's struct
 * begins with this one.  Absent ones are NULL, false and 0. */
struct common {
	const char  *policy, *boundary;
	struct texts set;		/* NAME=SET each */
	const char  *filter;		/* TAKES_CAPTURE: which packets */
	struct texts inside;
	struct opt_time since, until;
	const char  *color;
	unsigned     verbose;
	bool	     checksums, json, quiet, help;
};

/* Which shared options a command takes, beside -q, -v, --color and --help that all take.
 * TAKES_SETS is --set alone, for those whose operands are policies. */
enum takes { TAKES_POLICY = 1, TAKES_JSON = 2, TAKES_CAPTURE = 4, TAKES_SETS = 8 };

/* What the operands are, for completion. */
enum completes { COMPLETES_NOTHING, COMPLETES_FILES, COMPLETES_PROFILES, COMPLETES_TOPICS };

/* Where a command reads and writes; a test passes memory streams. */
struct io {
	FILE *in, *out, *err;
	bool  out_is_terminal, err_is_terminal;
	bool  colour, err_colour;	/* what --color and NO_COLOR come to */
	unsigned columns;		/* of the terminal, 100 where there is none */
};

#define OPERANDS_ANY UINT_MAX

struct command {
	const char	 *name, *summary;	/* name: one word, or two */
	const char	 *operands;	/* "FILE...", or NULL */
	unsigned	  operands_min, operands_max;
	const char	 *about;	/* a paragraph for --help and the manual */
	const char	 *example;	/* lines, each a command */
	enum completes	  completes;
	unsigned	  takes;	/* enum takes, or-ed */
	const struct opt *opts;		/* its own, ends with OPT_END; or NULL */
	size_t		  size;		/* of the struct that the options fill */
	const void	 *defaults;	/* such a struct, or NULL: zeros */
	size_t		  operands_offset;	/* of its struct texts for the operands */
	/* `arg` is the filled struct; returns an exit_status.  Texts live until it returns. */
	int		(*run)(const void *arg, const struct io *io);
};

/* Ends with NULL.  A name may be of two words ("ras list"): then commands of one first word, a
 * family, stand side by side. */
extern const struct command *const commands[];

/* The command that begins a command line of these words, of which the second may be NULL; NULL
 * where there is none. */
const struct command *command_of(const char *word, const char *next);
/* The length of the family's name; 0 for a command of one word. */
size_t command_family(const struct command *command);
/* The second word of a command in a family, else its name. */
const char *command_leaf(const struct command *command);
/* The first command of the family of this name, or NULL. */
const struct command *const *command_family_of(const char *word);
/* True where both are of one family. */
bool command_is_sibling(const struct command *a, const struct command *b);

/* main() without the process: finds the command, fills its struct, runs it, and checks once
 * that the output was written. */
int command_main(int argc, char *const argv[], const struct io *io);

/* One line for a person on standard error: "weir: ...", with nothing hostile unescaped. */
void complain(const struct io *io, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
