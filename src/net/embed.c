/* SPDX-License-Identifier: BSD-2-Clause */
/* Unicast prefixes and RPs inside of group addresses.  RFC 6034 3, RFC 3306 4, RFC 3956 3 and
 * 4, RFC 7371 4.1.  Knows layouts only. */
#include "net/embed.h"

static bool embedded_prefix4(struct addr group, unsigned length, struct range *out)
{
	if (group.lo >> 24 != 234 || length < 8)
		return false;
	*out = (struct range){ addr_of4((uint32_t)addr_first(group, length).lo << 8),
			       addr_of4((uint32_t)addr_last(group, length).lo << 8 | 0xff) };
	return true;
}

static unsigned plen6(struct addr group)
{
	return (unsigned)(group.hi >> 32 & 0xff);
}

/* The 64 bits of the network prefix field. */
static uint64_t prefix6(struct addr group)
{
	return group.hi << 32 | group.lo >> 32;
}

static uint64_t host_bits(unsigned plen)
{
	return plen == 64 ? 0 : UINT64_MAX >> plen;
}

struct range embedded_prefix6(struct addr group)
{
	uint64_t prefix = prefix6(group), host = host_bits(plen6(group));

	return (struct range){ addr_of6(prefix & ~host, 0), addr_of6(prefix | host, UINT64_MAX) };
}

static bool embedded_prefixes6(struct addr group, unsigned length, struct range *out)
{
	struct addr first = addr_first(group, length), last = addr_last(group, length);

	if (!embeds_prefix6(first.hi) || !embeds_prefix6(last.hi))
		return false;
	if (plen6(first) != plen6(last))	/* then the whole prefix field is free */
		*out = (struct range){ addr_of6(0, 0), addr_of6(UINT64_MAX, UINT64_MAX) };
	else
		*out = (struct range){ embedded_prefix6(first).first, embedded_prefix6(last).last };
	return true;
}

bool embedded_prefix(struct addr group, unsigned length, struct range *out)
{
	if (group.family == FAMILY_IP4)
		return embedded_prefix4(group, length, out);
	return group.family == FAMILY_IP6 && embedded_prefixes6(group, length, out);
}

bool embedded_rp(struct addr group, unsigned length, struct addr *out)
{
	unsigned plen = plen6(group), riid = (unsigned)(group.hi >> 40 & 0xf);

	if (group.family != FAMILY_IP6 || group.hi >> 52 != 0xff7)	/* RFC 3956 4: ff70::/12 */
		return false;
	if (!embeds_prefix6(group.hi) || riid == 0 || length < 32 + plen)
		return false;
	*out = addr_of6(prefix6(group) & ~host_bits(plen), riid);
	return true;
}
