/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of weir run, and its --check. */
#ifndef WEIR_CMD_RUN_H
#define WEIR_CMD_RUN_H

#include "cmd/command.h"
#include "daemon/run.h"
#include "os/links.h"
#include "policy/conf.h"

struct run {
	struct common common;
	const char   *config;
	uint64_t      count_s;
	bool	      check, dry_run;
};

/* Says what would be done; an exit status: 1 where something could not be enforced. */
int run_check(const struct run *options, const struct run_options *daemon, const struct io *io);

/* run_check_files.c: what is not there, as notes, and where the daemon begins with another policy than this
 * one; false where it could not begin with that. */
bool run_check_files(const struct run_options *daemon, const struct links *links,
		     const struct policy *policy, struct enforce_notes *notes);

/* run_check_msdp.c: the MSDP relay, where there is one; false where the daemon could not begin with
 * it. */
struct json;
bool run_check_msdp(const struct conf_msdp *msdp, const struct links *links, FILE *out);
bool run_check_msdp_json(const struct conf_msdp *msdp, const struct links *links, struct json *j);

#endif
