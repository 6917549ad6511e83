/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands, in the order in which help lists them.  A new one is its file and its row. */
#include "cmd/command.h"

#define COMMAND(name) extern const struct command cmd_##name;
#include "cmd/commands.def"
#undef COMMAND

const struct command *const commands[] = {
#define COMMAND(name) &cmd_##name,
#include "cmd/commands.def"
#undef COMMAND
	NULL,
};
