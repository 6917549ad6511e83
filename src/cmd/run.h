/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of weir run, and its --check. */
#ifndef WEIR_CMD_RUN_H
#define WEIR_CMD_RUN_H

#include "cmd/command.h"
#include "policy/conf.h"

struct run {
	struct common common;
	const char   *config;
	uint64_t      count_s;
	bool	      check, dry_run;
};

/* Says what would be done; an exit status: 1 where something could not be enforced. */
int run_check(const struct run *options, const struct conf *conf, const struct io *io);

#endif
