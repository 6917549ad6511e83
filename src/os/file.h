/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole files in memory. */
#ifndef WEIR_OS_FILE_H
#define WEIR_OS_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/text.h"

/* Appends the whole file to `out`.  0, or negative errno; -EFBIG where it is longer than
 * `limit`, -EISDIR for a folder. */
int file_read(const char *name, size_t limit, struct text *out);
/* The same from a stream that is open already, such as standard input. */
int file_read_stream(FILE *stream, size_t limit, struct text *out);

/* All of it, to a descriptor: 0 or negative errno. */
int file_write(int fd, const char *bytes, size_t n);

/* Puts the text in place of the file's, whole or not at all: it is written beside the file and
 * takes over its name and its mode.  0, or negative errno. */
int file_replace(const char *name, const struct text *text);

/* Whether both names are of one file that is there, by whatever links and paths. */
bool file_is_same(const char *a, const char *b);

#endif
