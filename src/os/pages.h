/* SPDX-License-Identifier: BSD-2-Clause */
/* How the kernel maps large tables. */
#ifndef WEIR_OS_PAGES_H
#define WEIR_OS_PAGES_H

#include <stddef.h>

/* Asks for large pages: random look-ups in megabytes of table then miss no translation.  Where
 * the kernel has none, nothing changes. */
void pages_prefer_large(void *p, size_t n);

/* What lies there is not needed any more, though the memory is not freed yet: it will be zeros. */
void pages_give_back(void *p, size_t n);

#endif
