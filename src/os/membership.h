/* SPDX-License-Identifier: BSD-2-Clause */
/* Membership of multicast groups on one interface: the kernel sends IGMPv3 or MLDv2 reports,
 * answers queriers, and says so when it leaves.  RFC 3678. */
#ifndef WEIR_OS_MEMBERSHIP_H
#define WEIR_OS_MEMBERSHIP_H

#include "net/addr.h"

/* A socket of the group's family for any number of memberships; or negative errno. */
int membership_open(struct addr group);
/* Any source where `source` is ADDR_NONE.  0 or negative errno. */
int membership_join(int fd, unsigned interface, struct addr group, struct addr source);
int membership_leave(int fd, unsigned interface, struct addr group, struct addr source);

#endif
