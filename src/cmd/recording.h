/* SPDX-License-Identifier: BSD-2-Clause */
/* An audit into the history: samples at the buckets of the capture's own time, all written at the
 * end, unless an input is in the history already. */
#ifndef WEIR_CMD_RECORDING_H
#define WEIR_CMD_RECORDING_H

#include "cmd/command.h"
#include "sink/history.h"
#include "source/source.h"

struct recording {
	struct history	*history;	/* NULL: nothing is recorded */
	const char	*path;
	struct mtime	*first, *last;	/* by input */
	size_t		 inputs;
	int64_t		 bucket_end_ns;	/* 0: no packet yet */
	uint64_t	 samples, step_ns;
};

/* path NULL: records nothing.  EXIT_CLEAN, or the exit status, with a complaint. */
int recording_begin(struct recording *r, const char *path, const struct policy *policy,
		    const struct io *io);
/* How many of the packets (n > 0) belong to the sample at hand; before that, takes the sample that
 * the first of them ends. */
size_t recording_take(struct recording *r, struct engine *engine, const struct packet *packets,
		      size_t n);
/* Writes it all: false, with a complaint, where that fails. */
bool recording_end(struct recording *r, const struct report *report,
		   const struct timeline *timeline, bool is_interrupted, const struct io *io);
void recording_release(struct recording *r);

#endif
