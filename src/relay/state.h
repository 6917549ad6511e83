/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the relay share.  Nobody else includes it. */
#ifndef WEIR_RELAY_STATE_H
#define WEIR_RELAY_STATE_H

#include "relay/gate.h"
#include "relay/relay.h"
#include "wire/msdp.h"

#define INPUT_BYTES 65536
#define OUTPUT_BYTES 32768
#define PARCELS_MAX 32
#define EVENTS_MAX 256
#define ADMITTED_MAX 64

/* An entry that is to be passed on; `parcel` counts from 1 where data came with it. */
struct news {
	uint32_t entry, parcel;
};

/* Data that waits for its receivers, until newer data takes its place. */
struct parcel {
	uint32_t number, n;
	uint8_t	 bytes[MSDP_TLV_MAX];
};

/* What one peer announced, the oldest overwritten.  `head` counts all that ever came. */
struct ring {
	struct news   *news;
	struct parcel *parcels;
	uint64_t       head;
	uint32_t       parcel_head;
};

struct believed {			/* the last answer of the RPF check */
	struct addr rp;
	bool	    accepted;
	int64_t	    until_ns;
};

struct peer {
	struct relay_peering peering;
	struct session	     session;
	struct gate	    *gate;		/* of its boundary, shared; NULL: none */
	struct msdp_framer   framer;
	struct ring	     ring;
	struct believed	     believed;
	struct relay_figures figures;
	struct refusals	     refusals;
	uint8_t		    *input, *output;
	size_t		     input_from, input_n, output_from, output_n;
	struct mtime	     moved_at;		/* when it last took output, or had none */
	uint64_t	    *read;		/* by announcing peer: how far it was told */
	uint32_t	     replay;		/* place in the cache; SA_NONE: told it all */
	unsigned	     next;		/* whose ring is read next */
	bool		     wish_close, wish_connect, wish_abort;
	bool		     told_full;	/* that it has as many as it may */
	bool		     is_there;
	bool		     has_memory;
	bool		     is_leaving;	/* gone, and not all it announced is forgotten */
};

struct admitted {
	struct sa_key key;
	bool	      polices;		/* the police lines are asked */
};

/* Peers keep their places, for entries of the cache and places in rings name them.  The last place
 * is this speaker's itself: a ring and nothing else. */
struct relay {
	struct peer	   *peers;
	struct rpf_peer	   *rpf;
	unsigned	    n;			/* places; some may be empty */
	unsigned	    self;		/* the last place that there is room for */
	unsigned	    leaving;		/* places whose entries are to be forgotten */
	struct relay_config config;
	struct sa_cache	    cache;
	struct gate	   *gates[RELAY_PEERS_MAX];
	unsigned	    gate_n;
	uint8_t		    era;
	uint32_t	    rejudged;		/* place in the cache; SA_NONE: all of it */
	uint32_t	    withdrawn;
	struct mtime	    began, now;
	uint32_t	    tidied_s;
	unsigned	    speaking;		/* whose entry the police lines speak of */
	struct relay_event  events[EVENTS_MAX];
	uint64_t	    event_head, event_tail, events_lost;
	bool		    told_full;
	struct admitted	    admitted[ADMITTED_MAX];	/* let in, not in the cache yet */
	unsigned	    admitted_n;
};

static inline uint32_t relay_seconds(const struct relay *relay)
{
	return (uint32_t)((relay->now.ns - relay->began.ns) / NS_PER_S);
}

static inline unsigned peer_number(const struct relay *relay, const struct peer *peer)
{
	return (unsigned)(peer - relay->peers);
}

void relay_tell_event(struct relay *relay, const struct relay_event *event);
/* Ends the session of a peer from this side. */
void relay_drop(struct relay *relay, struct peer *peer, enum session_end end);

/* relay/hear.c: reads what has come from a peer, at most so many entries.  True: more waits. */
bool peer_hear(struct relay *relay, struct peer *peer, unsigned entries);
/* An (S,G,RP) of this peer as an observation, going one way or the other. */
struct observation peer_statement(const struct peer *peer, bool arriving);
/* An entry of the cache as the peer's, now. */
struct observation entry_statement(const struct relay *relay, const struct peer *peer,
				   const struct sa_entry *e, bool arriving);

/* relay/tell.c */
/* Whether an entry is to be told to a receiver at all: not what expires, not back to where it came
 * from (10.1.3), not within its mesh group (10.2). */
bool peer_wants(const struct relay *relay, const struct sa_entry *e, const struct peer *receiver);
void ring_push(struct relay *relay, struct peer *announcer, uint32_t entry, struct span data);
void peer_tell(struct relay *relay, struct peer *receiver);

/* The ring of the i-th announcer; that of this speaker is the last, relay->n. */
static inline unsigned announcer_place(const struct relay *relay, unsigned i)
{
	return i == relay->n ? relay->self : i;
}

/* relay/peers.c: peers that come, change and go. */
void peer_enter(struct relay *relay, unsigned i, const struct relay_peering *peering);
void peer_release(struct peer *peer);
void relay_peers_follow(struct relay *relay, const struct relay_peering *peers, unsigned n);
/* Forgets a piece of what those that are gone announced.  True where more is left. */
bool relay_forget_some(struct relay *relay);

/* relay/rejudge.c */
void relay_gates_init(struct relay *relay);
bool relay_rejudge_some(struct relay *relay);

#endif
