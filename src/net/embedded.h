/* SPDX-License-Identifier: BSD-2-Clause */
/* The registry files of data/registry, compiled in as they stand. */
#ifndef WEIR_NET_EMBEDDED_H
#define WEIR_NET_EMBEDDED_H

#include <stddef.h>

struct embedded {
	const char *name, *text;
	size_t	    n;
};

extern const struct embedded registry_files[];
extern const size_t registry_files_count;

#endif
