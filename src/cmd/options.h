/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of a command line into a command's struct, by its typed rows. */
#ifndef WEIR_CMD_OPTIONS_H
#define WEIR_CMD_OPTIONS_H

#include "base/arena.h"
#include "base/text.h"
#include "cmd/command.h"

/* Fills `out` (of command->size bytes) from the n words behind the command's name; options and
 * operands may be mixed, `--` ends the options, a lone `-` is an operand.  False, with one line
 * for a person in `problem` (not escaped), at the first word that is wrong. */
bool options_parse(const struct command *command, size_t n, char *const words[],
		   struct arena *arena, struct text *problem, void *out);

/* Walks the rows that a command takes, shared ones behind its own; *i begins at 0.  NULL at the
 * end. */
const struct opt *options_next(const struct command *command, size_t *i);

/* "90", "90s", "5m", "1h" or "1d" in seconds, at most `max` unless that is 0. */
bool options_span(const char *text, uint64_t max, uint64_t *out);

#endif
