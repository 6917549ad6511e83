/* SPDX-License-Identifier: BSD-2-Clause */
/* The process around the commands. */
#include <stdlib.h>
#include <time.h>

#include "cmd/command.h"
#include "os/signals.h"
#include "os/terminal.h"

int main(int argc, char **argv)
{
	struct io io = {
		.in = stdin, .out = stdout, .err = stderr,
		.out_is_terminal = terminal_is(stdout),
		.err_is_terminal = terminal_is(stderr),
		.columns = terminal_columns(stdout),
	};

	tzset();
	signals_ignore_pipe();
	return command_main(argc, argv, &io);
}
