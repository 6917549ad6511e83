/* SPDX-License-Identifier: BSD-2-Clause */
/* The network interfaces of this machine with their addresses, and news of both.  rtnetlink(7). */
#ifndef WEIR_OS_LINKS_H
#define WEIR_OS_LINKS_H

#include "base/text.h"
#include "net/addr.h"

#define LINK_NAME 16
#define LINK_ADDRESSES 64

struct link_address {
	struct addr address;
	unsigned    length;		/* of its subnet's prefix */
};

struct link {
	char		    name[LINK_NAME];
	unsigned	    index, master;	/* master 0: none */
	bool		    is_up, is_bridge_port;
	bool		    snoops, queries;	/* a bridge: what its multicast settings say */
	bool		    runs_xdp;	/* its driver does, not the kernel in its place */
	struct link_address addresses[LINK_ADDRESSES];	/* link-local ones left out */
	size_t		    address_count;
};

struct links {
	struct link *list;
	size_t	     n;
};

/* A socket that becomes readable when interfaces or addresses change, or negative errno. */
int links_listen(void);
/* Reads all news away; what they say is found by links_read(). */
void links_heard(int fd);
/* All of them, by a socket of its own.  0 or negative errno; links_release() in the first case. */
int links_read(struct links *out);
void links_release(struct links *links);

/* NULL where none has the name. */
const struct link *links_find(const struct links *links, const char *name);
/* True where an interface has the address now, or it is one of the loopback's. */
bool links_have(const struct links *links, struct addr address);
/* "192.0.2.0/24, 2001:db8::/32", appended; each once. */
void link_subnets(const struct link *link, struct text *out);

#endif
