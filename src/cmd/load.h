/* SPDX-License-Identifier: BSD-2-Clause */
/* The policy and the boundary that the shared options name, with every complaint printed. */
#ifndef WEIR_CMD_LOAD_H
#define WEIR_CMD_LOAD_H

#include "base/text.h"
#include "cmd/command.h"
#include "engine/authorised.h"
#include "model/diag.h"
#include "policy/policy.h"

#define LOAD_DEFAULT_POLICY "modern"

/* The policy of -p (default: modern) with the choices of --set; `-` is standard input.  NULL,
 * with the complaints on standard error, where it has an error: then *out_status is EXIT_USAGE,
 * or EXIT_SYSTEM where a file cannot be read.  The caller frees it with policy_free(). */
struct policy *load_policy(const struct common *common, const struct io *io, int *out_status);

/* The boundary of -b (default: the first).  NULL, with a complaint, where there is none. */
const struct boundary *load_boundary(const struct policy *policy, const struct common *common,
				     const struct io *io);

/* Appends the text of one policy: a profile's name, a file, or `-` for standard input.  0 or
 * negative errno; load_refuse() then complains and returns the exit status. */
int load_text(const char *name, const struct io *io, struct text *out);
int load_refuse(const char *name, int error, const struct io *io);

/* The policy of a text that load_text() read under this name, with the choices of --set; NULL
 * where it has mistakes.  Prints nothing: the complaints are in diags. */
struct policy *load_parse(const char *name, const struct text *text, const struct common *common,
			  struct diags *diags);

#define LOAD_CONF "/etc/weir/weir.conf"

/* The list of authorised RAS servers: of `file`, or where that is NULL what `conf` names, or else
 * LOAD_CONF where it can be read.  NULL without a list; and, with the complaints on standard
 * error, where a file that was asked for has a mistake (*out_status: EXIT_USAGE) or cannot be
 * read (EXIT_SYSTEM).  LOAD_CONF never fails; where a list that it names is bad, that is said.
 * The caller frees the list with authorised_free(). */
struct authorised *load_authorised(const char *file, const char *conf, const struct io *io,
				   int *out_status);

#endif
