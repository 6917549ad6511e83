/* SPDX-License-Identifier: BSD-2-Clause */
/* What a bridge that snoops keeps from a port because nobody there asked for it: that meets no hook
 * of the port, so it is counted by what came to the bridge for the port, and what of it the bridge
 * gave to the port.  By nftables, which only counts here. */
#ifndef WEIR_ENFORCE_SNOOP_H
#define WEIR_ENFORCE_SNOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SNOOP_NAME 16		/* of an interface, its NUL included */

/* A port of a bridge; those that are counted, and the others of the same bridges. */
struct snoop_port {
	char name[SNOOP_NAME], bridge[SNOOP_NAME];
	bool is_counted;
};

/* From now on; what was counted so far stays.  0 or negative errno: all is as it was. */
int snoop_install(const struct snoop_port *ports, size_t n);
/* With all that was counted.  0 also where there is nothing. */
int snoop_remove(void);

/* Packets of data to groups of more than one link, ever since the port was first counted: those
 * that came in by other ports of its bridge, and those that the bridge gave to it. */
typedef void snoop_fn(void *context, const char *port, bool is_passed, uint64_t packets,
		      uint64_t bytes);
int snoop_counts(snoop_fn *each, void *context);

#endif
