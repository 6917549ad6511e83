/* SPDX-License-Identifier: BSD-2-Clause */
/* How many processors this process may use. */
#ifndef WEIR_OS_PROCESSORS_H
#define WEIR_OS_PROCESSORS_H

/* At least 1. */
unsigned processors_count(void);

#endif
