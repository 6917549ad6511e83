/* SPDX-License-Identifier: BSD-2-Clause */
/* Scopes of groups.  RFC 2365 6 and 8, RFC 5771, RFC 7346 2.  Knows no registry. */
#include "net/scope.h"

struct block4 {
	uint32_t    first, last;
	const char *name, *reference;
};

static const struct block4 blocks4[] = {
	{ 0xe0000000, 0xe00000ff, "link-local", "RFC 5771 4" },
	{ 0xe0000100, 0xeeffffff, "global", "RFC 2365 6.3" },
	{ 0xef000000, 0xefbfffff, "organisation-expansion", "RFC 2365 6.2.1" },
	{ 0xefc00000, 0xefc3ffff, "organisation-local", "RFC 2365 6.2" },
	{ 0xefc40000, 0xeffcffff, "undefined", "RFC 2365 6" },
	{ 0xeffd0000, 0xeffeffff, "local-expansion", "RFC 2365 6.1.1" },
	{ 0xefff0000, 0xefffffff, "local", "RFC 2365 6.1" },
};

static const struct {
	const char *name, *reference;
} scopes6[16] = {
	[0x0] = { "reserved", "RFC 4291 2.7" },
	[0x1] = { "interface-local", "RFC 4291 2.7" },
	[0x2] = { "link-local", "RFC 4291 2.7" },
	[0x3] = { "realm-local", "RFC 7346 2" },
	[0x4] = { "admin-local", "RFC 4291 2.7" },
	[0x5] = { "site-local", "RFC 4291 2.7" },
	[0x6] = { "unassigned", "RFC 4291 2.7" },
	[0x7] = { "unassigned", "RFC 4291 2.7" },
	[0x8] = { "organisation-local", "RFC 4291 2.7" },
	[0x9] = { "unassigned", "RFC 4291 2.7" },
	[0xa] = { "unassigned", "RFC 4291 2.7" },
	[0xb] = { "unassigned", "RFC 4291 2.7" },
	[0xc] = { "unassigned", "RFC 4291 2.7" },
	[0xd] = { "unassigned", "RFC 4291 2.7" },
	[0xe] = { "global", "RFC 4291 2.7" },
	[0xf] = { "global", "RFC 4291 2.7" },		/* reserved, treated as E */
};

static struct scope scope4(struct addr group)
{
	size_t i = 0;

	while (group.lo > blocks4[i].last)
		i++;
	return (struct scope){ blocks4[i].name, blocks4[i].reference,
			       { addr_of4(blocks4[i].first), addr_of4(blocks4[i].last) } };
}

static struct scope scope6(struct addr group)
{
	unsigned scope = (unsigned)(group.hi >> 48 & 0xf);

	return (struct scope){ scopes6[scope].name, scopes6[scope].reference,
			       { addr_first(group, 16), addr_last(group, 16) } };
}

bool scope_of(struct addr group, struct scope *out)
{
	if (!addr_is_multicast(group))
		return false;
	*out = group.family == FAMILY_IP4 ? scope4(group) : scope6(group);
	return true;
}

const char *scope_name(struct addr group)
{
	struct scope scope;

	return scope_of(group, &scope) ? scope.name : NULL;
}

struct addr scope_link_alias(struct addr group)
{
	if (!addr_is_multicast(group) || addr_is_link_local_group(group))
		return ADDR_NONE;
	if (group.family == FAMILY_IP4 && (group.lo & 0x7fffff) < 256)
		return addr_of4(UINT32_C(0xe0000000) | (uint32_t)(group.lo & 0xff));
	if (group.family == FAMILY_IP6 && (uint32_t)group.lo == 1)
		return addr_of6(UINT64_C(0xff02) << 48, 1);
	return ADDR_NONE;
}
