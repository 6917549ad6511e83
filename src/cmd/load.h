/* SPDX-License-Identifier: BSD-2-Clause */
/* The policy and the boundary that the shared options name, with every complaint printed. */
#ifndef WEIR_CMD_LOAD_H
#define WEIR_CMD_LOAD_H

#include "cmd/command.h"
#include "policy/policy.h"

/* The policy of -p (default: modern) with the choices of --set; `-` is standard input.  NULL,
 * with the complaints on standard error, where it has an error: then *out_status is EXIT_USAGE,
 * or EXIT_SYSTEM where a file cannot be read.  The caller frees it with policy_free(). */
struct policy *load_policy(const struct common *common, const struct io *io, int *out_status);

/* The boundary of -b (default: the first).  NULL, with a complaint, where there is none. */
const struct boundary *load_boundary(const struct policy *policy, const struct common *common,
				     const struct io *io);

/* One text operand of a command as policy text: a profile's name, a file, or `-`.  Out is the
 * text; 0 or negative errno.  For what prints or checks text before it is a policy. */
int load_text(const char *name, const struct io *io, struct text *out);

#endif
