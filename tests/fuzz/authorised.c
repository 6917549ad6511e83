/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: the list of authorised RAS servers.  It is read, or complained about. */
#include <stdlib.h>

#include "engine/authorised.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diags diags;
	struct authorised *list;

	diags_init(&diags);
	list = authorised_parse("list", (struct span){ data, size }, &diags);
	if (!list != (diags.errors > 0))
		abort();
	if (list)
		(void)authorised_has(list, addr_of4(0x0a000001), span_of("vpn1"), span_of("example.com"));
	authorised_free(list);
	diags_release(&diags);
	return 0;
}
