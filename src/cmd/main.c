/* SPDX-License-Identifier: BSD-2-Clause */
/* The process around the commands. */
#include <malloc.h>
#include <stdlib.h>
#include <time.h>

#include "cmd/command.h"
#include "os/signals.h"
#include "os/terminal.h"

#define LARGE_BLOCK (128 << 10)

int main(int argc, char **argv)
{
	struct io io = {
		.in = stdin, .out = stdout, .err = stderr,
		.out_is_terminal = terminal_is(stdout),
		.err_is_terminal = terminal_is(stderr),
		.columns = terminal_columns(stdout),
	};

	/* By itself malloc would, once large blocks were freed, take large tables from what it has kept:
	 * clearing them would then touch all of them, and most of a table is never used. */
	mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
	tzset();
	signals_ignore_pipe();
	return command_main(argc, argv, &io);
}
