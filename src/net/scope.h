/* SPDX-License-Identifier: BSD-2-Clause */
/* How far a group may go: RFC 2365 and RFC 5771 for IPv4, RFC 7346 for IPv6.  And what a
 * group is to a switch, which sees 23 or 32 bits of it only. */
#ifndef WEIR_NET_SCOPE_H
#define WEIR_NET_SCOPE_H

#include "net/set.h"

struct scope {
	const char  *name;			/* as it stands in JSON: "local", "site-local" ... */
	const char  *reference;
	struct range zone;			/* the block of this scope that holds the group */
};

/* False for what is no group. */
bool scope_of(struct addr group, struct scope *out);

/* The scope's name, or NULL for what is no group. */
const char *scope_name(struct addr group);

/* The link-local group that has the same link-layer address as this one, which snooping
 * switches therefore flood (224.0.0.x), or which is lost in IPv6's all-nodes group; ADDR_NONE
 * where there is none.  RFC 1112 6.4, RFC 2464 7. */
struct addr scope_link_alias(struct addr group);

#endif
