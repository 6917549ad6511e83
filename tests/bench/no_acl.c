/* SPDX-License-Identifier: BSD-2-Clause */
/* Where DPDK is not installed there is nothing to compare with. */
#include <stdio.h>

#include "acl.h"

bool acl_init(const struct boundary *boundary, const struct flow4 *flows, size_t n)
{
	(void)boundary;
	(void)flows;
	(void)n;
	printf("rte_acl: DPDK is not installed (libdpdk-dev), not compared\n");
	return false;
}

size_t acl_algorithm_count(void)
{
	return 0;
}

const char *acl_algorithm_name(size_t algorithm)
{
	(void)algorithm;
	return "";
}

uint64_t acl_classify(size_t algorithm)
{
	(void)algorithm;
	return 0;
}
