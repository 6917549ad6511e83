/* SPDX-License-Identifier: BSD-2-Clause */
/* Packed bytes to plain ones: gzip (RFC 1952) with any number of members, zstd (RFC 8878) with
 * any number of frames.  Dry but for the memory that zlib and zstd take at the start. */
#ifndef WEIR_SOURCE_UNPACK_H
#define WEIR_SOURCE_UNPACK_H

#include "base/bytes.h"

enum packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD };

/* By the first bytes of a file; four are enough. */
enum packing packing_of(struct span first);

struct unpack;

/* The caller frees it with unpack_free(). */
struct unpack *unpack_new(enum packing packing);
void unpack_free(struct unpack *u);

/* Turns bytes of `in`, which it passes, into at most n bytes at out; *out_n says how many.
 * NULL, or what is wrong with the bytes, in words. */
const char *unpack_run(struct unpack *u, struct rd *in, uint8_t *out, size_t n, size_t *out_n);

/* True between members, where a file may end. */
bool unpack_is_whole(const struct unpack *u);

#endif
