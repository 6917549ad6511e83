/* SPDX-License-Identifier: BSD-2-Clause */
/* What the sandboxes' files share.  Only sandbox*.c include this. */
#ifndef WEIR_OS_SANDBOX_FILTER_H
#define WEIR_OS_SANDBOX_FILTER_H

#include <seccomp.h>
#include <stddef.h>

/* Lets through system calls by number, whatever their arguments: 0 or negative errno. */
int sandbox_allow(scmp_filter_ctx filter, const int *calls, size_t n);

#endif
