/* SPDX-License-Identifier: BSD-2-Clause */
/* What groups and ports are called: IANA's registries of IPv4 and IPv6 multicast addresses
 * with their relative and variable-scope addresses, well-known names that no registry has,
 * and what a group says of itself (GLOP, unicast prefix, RP).  Built in, or newer ones read
 * from the files that IANA publishes. */
#ifndef WEIR_NET_REGISTRY_H
#define WEIR_NET_REGISTRY_H

#include "net/set.h"

struct registry;

/* With the built-in names, which are read when the first name is asked for: only one thread may ask.
 * The caller frees it. */
struct registry *registry_new(void);
void registry_free(struct registry *registry);

/* What is wrong with a line of a file, and 1-based where. */
typedef void registry_complain(void *arg, unsigned line, const char *message);

/* Adds a file's names, which go before those that are there.  Every mistake is told; false,
 * and nothing added, where there was one. */
bool registry_read(struct registry *registry, struct span csv, registry_complain *complain,
		   void *arg);

enum name_kind {
	NAME_NONE,
	NAME_REGISTERED,		/* assigned by IANA, or read from a file */
	NAME_UNOFFICIAL,		/* met in networks, in no registry */
	NAME_RELATIVE,			/* `offset` from the top of a scope (RFC 2365 9) */
	NAME_GLOP,			/* 233/8: `as` (RFC 3180) */
	NAME_PREFIX,			/* 234/8, RFC 3306: `prefix` */
	NAME_RP,			/* RFC 3956: `rp` */
	NAME_SSM,
	NAME_BLOCK,			/* nothing but the block: "Reserved", "Unassigned" ... */
};

#define REGISTRY_TEXT 96

struct group_name {
	enum name_kind kind;
	const char    *reference;	/* "" where there is none */
	unsigned       offset;
	uint32_t       as;
	struct addr    prefix, rp;
	unsigned       prefix_len;
	struct range   zone;		/* of a relative address */
	char	       text[REGISTRY_TEXT];	/* the name; "" of NAME_NONE; may hold any UTF-8 */
};

void registry_group(const struct registry *registry, struct addr group, struct group_name *out);

/* NULL where the port has none. */
const char *registry_port(const struct registry *registry, uint16_t port);

#endif
