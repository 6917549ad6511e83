/* SPDX-License-Identifier: BSD-2-Clause */
/* Completion scripts for shells, printed from the rows of the commands. */
#ifndef WEIR_CMD_COMPLETION_H
#define WEIR_CMD_COMPLETION_H

#include <stdio.h>

/* "bash|zsh|fish", as an option's choices. */
#define COMPLETION_SHELLS "bash|zsh|fish"

/* `topics` is what `weir help` knows beside commands, separated by blanks; `profiles` likewise
 * the built-in policies. */
void completion_print(const char *shell, const char *topics, const char *profiles, FILE *out);

#endif
