/* SPDX-License-Identifier: BSD-2-Clause */
/* Random frames that say what an observation at `data` says: with tags, options, extension headers,
 * fragments, padding.  And what the policy should make of a frame, read from its bytes alone. */
#ifndef WEIR_TESTS_RANDOM_PACKET_H
#define WEIR_TESTS_RANDOM_PACKET_H

#include "engine/member.h"
#include "policy/policy.h"
#include "wire/wire.h"

#define RANDOM_FRAME_MAX 512

/* Of Ethernet; how many bytes were written, or 0 where the observation has no source and group of
 * one family.  Now and then the packet is unicast, link-local, or of IGMP, PIM, MLD. */
size_t random_frame(uint64_t *seed, const struct observation *obs,
		    uint8_t out[RANDOM_FRAME_MAX]);

/* What a kernel's hook should do with a frame: the rule's name (".link-local", ".control" too), or
 * NULL where it is no multicast packet and is not counted. */
struct expected {
	const char *rule;
	enum action action;
	size_t	    index;			/* of the rule; SIZE_MAX where none judged */
};

/* `said` is scratch; `ttl_less`: what the TTL lost on the way to the hook. */
struct expected expect_frame(struct span frame, const struct boundary *boundary,
			     enum direction direction, struct mtime at, unsigned ttl_less,
			     struct said *said);
/* The same where it is known who asked for what. */
struct expected expect_frame_asked(struct span frame, const struct boundary *boundary,
				   enum direction direction, struct mtime at,
				   const struct members *members, struct said *said);

#endif
