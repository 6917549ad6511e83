/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's routing table, one question at a time.  rtnetlink(7). */
#ifndef WEIR_OS_ROUTE_H
#define WEIR_OS_ROUTE_H

#include "net/addr.h"

/* A socket for questions, or negative errno. */
int route_open(void);
/* The gateway on the way to an IPv4 address; ADDR_NONE where there is no route, or where it is on
 * the link. */
struct addr route_gateway(int fd, struct addr to);

#endif
