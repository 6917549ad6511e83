/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's routing table, one question at a time.  rtnetlink(7). */
#ifndef WEIR_OS_ROUTE_H
#define WEIR_OS_ROUTE_H

#include "net/addr.h"

/* A socket for questions, or negative errno. */
int route_open(void);
#define ROUTE_GATEWAYS_MAX 8

/* The gateways on the way to an IPv4 address, all that are equally good; none where there is no
 * route, or where it is on the link.  Returns how many. */
unsigned route_gateways(int fd, struct addr to, struct addr out[ROUTE_GATEWAYS_MAX]);

/* Packets with this mark are for this machine, whatever address they go to: a rule of that priority
 * and a table of that number.  It may stand already, or not.  0 or negative errno. */
int route_take_marked(uint32_t mark);
int route_leave_marked(uint32_t mark);

#endif
