/* SPDX-License-Identifier: BSD-2-Clause */
/* The process around the commands. */
#include "cmd/command.h"

int main(void)
{
	return EXIT_CLEAN;
}
