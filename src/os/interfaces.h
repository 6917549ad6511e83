/* SPDX-License-Identifier: BSD-2-Clause */
/* The network interfaces of this machine. */
#ifndef WEIR_OS_INTERFACES_H
#define WEIR_OS_INTERFACES_H

#include "net/addr.h"

#define INTERFACE_NAME 16

struct interface {
	char	    name[INTERFACE_NAME];
	unsigned    index;
	struct addr address;		/* its first IPv4 address; ADDR_NONE */
	bool	    is_up, is_multicast;
};

/* All of them, by index: 0 and an array that the caller frees with free(), or negative errno. */
int interfaces_read(struct interface **out, size_t *out_n);

/* NULL where none has the name. */
const struct interface *interface_named(const struct interface *list, size_t n, const char *name);

#endif
