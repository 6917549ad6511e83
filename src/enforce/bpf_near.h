/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of IPv4 for the kernel programs in bytes: struct bpf_near of layout.h. */
#ifndef WEIR_ENFORCE_BPF_NEAR_H
#define WEIR_ENFORCE_BPF_NEAR_H

#include <stdbool.h>
#include <stdint.h>

#include "enforce/bpf/layout.h"

/* From the pool that blocks_new() made, of at most 256 classes a side.  False where some level has more
 * blocks than a byte can number; `near` is then of no use. */
bool bpf_near_init(struct bpf_near *near, const uint16_t *pool);

#endif
