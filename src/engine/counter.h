/* SPDX-License-Identifier: BSD-2-Clause */
/* What every rule of a boundary met: hits (observations), packets and bytes (frames, each once),
 * when, and how many sources and groups.  The order in which things are counted does not matter.
 * Knows no packets. */
#ifndef WEIR_ENGINE_COUNTER_H
#define WEIR_ENGINE_COUNTER_H

#include "base/large_page.h"
#include "engine/distinct.h"
#include "engine/flow.h"
#include "model/packet.h"

struct counter {
	uint64_t hits, packets;
	uint64_t link_local;		/* hits on link-local groups */
	uint64_t bytes;			/* not beside the packets: two additions to memory are less
					 * work than one of both */
	int64_t	 first_ns, last_ns;	/* where there are hits */
	uint32_t frame;			/* serial number of the frame that counted last */
};

/* An IPv4 speaker, and under which of the first rules it was counted. */
struct speaker {
	uint32_t address;
	uint32_t rules[7];
};

#define COUNTERS_SPEAKERS 1024

struct counters {
	struct counter	*rules;		/* by index in the boundary */
	size_t		 n;
	struct distinct *distinct;	/* 2n: sources, 2n + 1: groups of rule n */
	struct speaker	*speakers;	/* COUNTERS_SPEAKERS that spoke lately, by address */
};

/* Partly in the area, which outlives them. */
void counters_init(struct counters *counters, size_t rules, struct large_area *area);
void counters_release(struct counters *counters);

/* One observation, in the frame with this serial number. */
void counters_hit(struct counters *counters, uint16_t rule, const struct observation *obs,
		  uint32_t frame);
/* Who: S, or the speaker where S is `*` or unknown.  What: G where it is one group. */
void counters_source(struct counters *counters, uint16_t rule, const struct observation *obs);
void counters_group(struct counters *counters, uint16_t rule, const struct observation *obs);
/* Of a source and a group alone, by their addr_hash(). */
void counters_hashes(struct counters *counters, uint16_t rule, uint64_t source, uint64_t group);
/* counters_hit() of one more statement of a flow of which it was told before, and of whose source
 * and group it was told, or will be by counters_tell(). */
static inline void counters_again(struct counters *counters, uint16_t rule,
				  const struct packet *packet, bool is_link_local, uint32_t frame)
{
	struct counter *c = &counters->rules[rule];

	c->hits++;
	c->link_local += is_link_local;
	if (packet->at.ns > c->last_ns)
		c->last_ns = packet->at.ns;
	else if (packet->at.ns < c->first_ns)
		c->first_ns = packet->at.ns;
	if (c->frame == frame)
		return;
	c->frame = frame;
	c->packets++;
	c->bytes += packet->length;
}

void counters_speaker(struct counters *counters, uint16_t rule, struct addr speaker);
void counters_speaker_new4(struct counters *counters, uint16_t rule, uint32_t speaker);
/* The same of IPv4, for who speaks again and again. */
static inline void counters_speaker4(struct counters *counters, uint16_t rule, uint32_t speaker)
{
	const struct speaker *s = &counters->speakers[speaker % COUNTERS_SPEAKERS];

	if (s->address != speaker || rule / 32 >= COUNT(s->rules) ||
	    !(s->rules[rule / 32] >> rule % 32 & 1))
		counters_speaker_new4(counters, rule, speaker);
}

/* All packets of a lump. */
void counters_lump(struct counters *counters, const struct flow *flow);
/* A flow's source and group, where they are still to be told: before it has another rule, or goes. */
void counters_tell(struct counters *counters, struct flow *flow);

#endif
