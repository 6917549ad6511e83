/* SPDX-License-Identifier: BSD-2-Clause */
/* What an earlier report (weir-audit/1) told already, so that a later one tells only what is
 * new: `weir audit --baseline`. */
#ifndef WEIR_CMD_BASELINE_H
#define WEIR_CMD_BASELINE_H

#include "cmd/command.h"
#include "engine/report.h"

struct baseline;

/* NULL, with a complaint, where the file cannot be read or is no such report: *out_status is
 * then the exit status. */
struct baseline *baseline_read(const char *file, const struct io *io, int *out_status);
void baseline_free(struct baseline *baseline);

/* Takes out of the report what the baseline knows: flows with their verdict and rule, findings,
 * RAS servers with their names. */
void baseline_apply(struct baseline *baseline, struct report *report);

#endif
