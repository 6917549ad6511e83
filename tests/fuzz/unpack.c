/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: gzip and zstd, up to a megabyte of what they hold. */
#include <assert.h>

#include "source/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t out[4096];
	enum packing packing = packing_of((struct span){ data, size });
	struct rd in = rd_of((struct span){ data, size });
	struct unpack *u;
	const char *problem = NULL;
	size_t n = 1;

	if (packing == PACKING_NONE)
		return 0;
	u = unpack_new(packing);
	for (unsigned i = 0; i < 256 && n > 0 && !problem; i++) {
		problem = unpack_run(u, &in, out, sizeof(out), &n);
		assert(n <= sizeof(out));
	}
	(void)unpack_is_whole(u);
	unpack_free(u);
	return 0;
}
