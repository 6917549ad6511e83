/* SPDX-License-Identifier: BSD-2-Clause */
/* How many different addresses each of many counters has met: exact to 1,024, then estimated
 * within about 2 % (HyperLogLog; Flajolet et al. 2007, with the estimator of Ertl, arXiv
 * 1702.01284).  All counters share two pools of fixed size; the order in which addresses come
 * does not change a count.  Knows no rules. */
#ifndef WEIR_ENGINE_DISTINCT_H
#define WEIR_ENGINE_DISTINCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISTINCT_EXACT_MAX 1024
#define DISTINCT_IDS_MAX ((1u << 18) - 2)

struct distinct;

/* Counters 0 .. ids-1, all at zero; ids is at most DISTINCT_IDS_MAX.  The caller frees it. */
struct distinct *distinct_new(size_t ids);
void distinct_free(struct distinct *d);

/* Counts a well-mixed hash (addr_hash) under one counter. */
void distinct_add(struct distinct *d, size_t id, uint64_t hash);

/* out_estimated: the count is no longer exact. */
uint64_t distinct_count(const struct distinct *d, size_t id, bool *out_estimated);

#endif
