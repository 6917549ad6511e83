/* SPDX-License-Identifier: BSD-2-Clause */
/* A progress bar on standard error, for input that takes long. */
#ifndef WEIR_CMD_PROGRESS_H
#define WEIR_CMD_PROGRESS_H

#include "cmd/command.h"
#include "source/source.h"

struct progress {
	FILE	    *err;
	bool	     wanted, shown;
	struct mtime began, next;
};

/* Shows nothing where standard error is no terminal, where -q asked for silence, or where the
 * output itself scrolls over the same terminal. */
struct progress progress_of(const struct io *io, bool quiet, bool output_scrolls);
/* Call it once a batch: it draws a few times a second, and first after a second. */
void progress_step(struct progress *progress, const struct timeline *timeline);
/* Clears the line. */
void progress_end(struct progress *progress);

#endif
