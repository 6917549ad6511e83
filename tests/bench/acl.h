/* SPDX-License-Identifier: BSD-2-Clause */
/* The same rules in DPDK's access-list library, as a yardstick: the first rule that matches
 * protocol, source and group at `data`, for IPv4. */
#ifndef WEIR_BENCH_ACL_H
#define WEIR_BENCH_ACL_H

#include <stdbool.h>

#include "policy/policy.h"

struct flow4 {
	uint32_t source, group;
};

/* False, with one line on standard output, where it cannot be tried. */
bool acl_init(const struct boundary *boundary, const struct flow4 *flows, size_t n);
size_t acl_algorithm_count(void);
const char *acl_algorithm_name(size_t algorithm);
/* Classifies all flows of acl_init(); adds up the rules' indices. */
uint64_t acl_classify(size_t algorithm);

#endif
