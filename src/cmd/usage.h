/* SPDX-License-Identifier: BSD-2-Clause */
/* Help texts, printed from the rows of the commands. */
#ifndef WEIR_CMD_USAGE_H
#define WEIR_CMD_USAGE_H

#include "cmd/command.h"

/* "weir decode [options] FILE..." */
void usage_print_synopsis(const struct command *command, FILE *out);
/* All of `weir COMMAND --help`. */
void usage_print_command(const struct command *command, const struct io *io);
/* All of `weir ras --help`: the commands whose first word is this. */
void usage_print_family(const char *word, const struct io *io, FILE *out);
/* All of `weir help`: every command with its summary. */
void usage_print_all(const struct io *io, FILE *out);

#endif
