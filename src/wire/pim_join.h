/* SPDX-License-Identifier: BSD-2-Clause */
/* PIM Join/Prune, and Graft and Graft-Ack, which have its form.  RFC 7761 4.9.5, RFC 3973 4.7.8,
 * RFC 4601 4.9.5.1 for (*,*,RP). */
#ifndef WEIR_WIRE_PIM_JOIN_H
#define WEIR_WIRE_PIM_JOIN_H

#include "wire/pim_addr.h"
#include "wire/speech.h"

/* One group set; the sources are the caller's. */
struct pim_set {
	struct pim_group	 group;
	const struct pim_source *joined, *pruned;
	uint16_t		 joined_n, pruned_n;
};

struct pim_join_prune {
	struct addr	      upstream;
	uint16_t	      hold_s;
	const struct pim_set *sets;
	uint8_t		      n;
};

/* Reads what is behind the PIM header: a statement for each joined and each pruned source. */
void pim_join_prune_read(struct rd *r, struct speech *s);

/* Writes the same. */
void pim_join_prune_write(const struct pim_join_prune *message, struct wr *w);

#endif
