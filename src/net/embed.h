/* SPDX-License-Identifier: BSD-2-Clause */
/* What a group address says of unicast space: the prefix of its owner (RFC 6034, RFC 3306)
 * and its RP (RFC 3956).  Addresses in, addresses out: knows no policy and no registry. */
#ifndef WEIR_NET_EMBED_H
#define WEIR_NET_EMBED_H

#include "net/set.h"

/* All unicast addresses that the groups of the range group/length embed; `length` is
 * addr_bits() for a single group.  False, and `out` untouched, where one of them embeds none. */
bool embedded_prefix(struct addr group, unsigned length, struct range *out);

/* The same question of one IPv6 group alone: whether, by its first half, and the addresses. */
static inline bool embeds_prefix6(uint64_t hi)
{
	uint64_t plen = hi >> 32 & 0xff;

	return hi >> 56 == 0xff && (hi >> 52 & 0x3) == 0x3 && plen - 1 < 64;	/* P and T; RFC 3306 4 */
}

struct range embedded_prefix6(struct addr group);

/* The RP that a valid Embedded-RP group names, or all groups of a range alike.  False, and
 * `out` untouched, where there is none. */
bool embedded_rp(struct addr group, unsigned length, struct addr *out);

/* An IPv6 group of scope F is read as one of scope E (RFC 4291 2.7); every other address is
 * returned as it is. */
static inline struct addr group_as_read(struct addr group)
{
	uint64_t is_f = addr_is_multicast(group) && group.family == FAMILY_IP6 &&
			(group.hi >> 48 & 0xf) == 0xf;

	group.hi ^= is_f << 48;
	return group;
}

#endif
