/* SPDX-License-Identifier: BSD-2-Clause */
/* dlopen(3).  Knows no library. */
#include "os/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

int library_load(const char *const *names, const struct library_symbol *symbols, size_t n)
{
	void *library = NULL;

	while (!library && *names)
		library = dlopen(*names++, RTLD_NOW);
	if (!library)
		return -ELIBACC;
	for (size_t i = 0; i < n; i++) {
		/* POSIX dlsym(): an object pointer may become a function's. */
		void *symbol = dlsym(library, symbols[i].name);

		if (!symbol)
			return -ELIBACC;
		memcpy(symbols[i].at, &symbol, sizeof(symbol));
	}
	return 0;
}
