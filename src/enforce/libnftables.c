/* SPDX-License-Identifier: BSD-2-Clause */
/* Where libnftables' functions are. */
#include "enforce/libnftables.h"

#include "base/bytes.h"
#include "os/library.h"

struct libnftables libnftables;

int libnftables_load(void)
{
	static const char *const names[] = { "libnftables.so.1", NULL };
	static const struct library_symbol symbols[] = {
#define CALL(name) { "nft_" #name, &libnftables.name },
		LIBNFTABLES_CALLS(CALL)
#undef CALL
	};

	return libnftables.run_cmd_from_buffer ? 0 : library_load(names, symbols, COUNT(symbols));
}
