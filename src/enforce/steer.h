/* SPDX-License-Identifier: BSD-2-Clause */
/* Brings the MSDP of two peers that speak to each other through this router to the relay, which
 * stands between them under their own addresses.  What finds no socket of the relay's is dropped:
 * while it is not there the two do not meet unfiltered. */
#ifndef WEIR_ENFORCE_STEER_H
#define WEIR_ENFORCE_STEER_H

#include "net/addr.h"

#define STEER_WHY 160

/* Between a and b; replaces what stands.  Takes CAP_NET_ADMIN.  0 or negative errno, with one line
 * in `why`. */
int steer_install(struct addr a, struct addr b, uint16_t port, char why[STEER_WHY]);
int steer_remove(void);

#endif
