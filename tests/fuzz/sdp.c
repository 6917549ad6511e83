/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: session descriptions. */
#include <stdlib.h>

#include "wire/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { data, size };
	struct span name = sdp_name(text);
	struct sdp_groups groups;

	if (name.n > 0 && (name.p < data || name.p + name.n > data + size))
		abort();
	while (sdp_groups_next(&text, &groups)) {
		if (!addr_is_multicast(groups.first) || !addr_is_multicast(groups.last) ||
		    addr_order(groups.first, groups.last) > 0)
			abort();
	}
	return 0;
}
