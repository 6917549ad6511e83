/* SPDX-License-Identifier: BSD-2-Clause */
/* Captures as the shared options ask for them: opened, and told of where they are damaged. */
#ifndef WEIR_CMD_CAPTURE_H
#define WEIR_CMD_CAPTURE_H

#include "base/arena.h"
#include "base/text.h"
#include "cmd/command.h"
#include "source/source.h"

/* All files as one timeline, with the filter, the times and the checksums of the options; so many
 * `jobs` read and decode; `shares` as in struct timeline_options.  NULL, with a complaint, where a
 * file cannot be read or the filter is wrong; then *out_status is EXIT_SYSTEM or EXIT_USAGE.  The
 * caller frees it with timeline_free(). */
struct timeline *capture_open(const struct common *common, const struct texts *files, unsigned jobs,
			      bool shares, const struct io *io, int *out_status);

/* What is to be said of one input when it has been read: that it ended early, or holds a link
 * type that weir does not read.  Appends nothing where all is well; not escaped. */
void capture_put_problem(const struct timeline *timeline, uint16_t file, struct text *out);

/* The name of each link, escaped, in the arena: the interface's where the capture tells it, else the
 * file's. */
const char *const *capture_link_names(const struct timeline *timeline, struct arena *arena,
				      size_t *out_n);

/* Input number `file` ended inside of a record, or could not be read on. */
bool capture_is_damaged(const struct timeline *timeline, uint16_t file);

#endif
