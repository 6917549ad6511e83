/* SPDX-License-Identifier: BSD-2-Clause */
/* The pcapng file format. */
#ifndef WEIR_SOURCE_PCAPNG_H
#define WEIR_SOURCE_PCAPNG_H

#include "source/capture.h"

/* True where the file's first four bytes, read in little-endian order, are those of a Section
 * Header Block; the capture then reads it. */
bool pcapng_begin(struct capture *c, uint32_t magic);

#endif
