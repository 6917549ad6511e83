/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of --inside: `vlan:N`, `mac:ADDR`, `link:NAME` (a capture interface), or a set in the
 * policy's language or by the name of a `?=` set.  LANGUAGE S29. */
#ifndef WEIR_CMD_SIDE_H
#define WEIR_CMD_SIDE_H

#include "cmd/command.h"
#include "engine/inside.h"
#include "source/source.h"

struct side {
	struct arena   arena;		/* what `inside` points into */
	struct policy *sets;		/* that carries the addresses; NULL without */
	struct inside  inside;
	struct texts   links;		/* names of link:NAME, borrowed */
	size_t	       links_seen;
};

/* False, with a complaint, where a word is wrong.  Release it in any case.  Without a policy
 * (NULL) no set has a name. */
bool side_parse(const struct texts *words, const struct policy *policy, const struct io *io,
		struct side *out);
void side_release(struct side *side);

/* Looks through capture interfaces that came since the last call; true where one is inside. */
bool side_find_links(struct side *side, const struct timeline *timeline, struct inside *out);
/* At the end: complains of each link:NAME that no capture has, for then all packets came in. */
void side_check_links(const struct side *side, const struct timeline *timeline,
		      const struct io *io);

#endif
