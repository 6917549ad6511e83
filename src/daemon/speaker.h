/* SPDX-License-Identifier: BSD-2-Clause */
/* The MSDP relay in the world: sockets for the state machine of relay/, within the loop of the
 * process that it lives in.  That process holds no capability: whoever has some opens the listening
 * and connecting sockets for it. */
#ifndef WEIR_DAEMON_SPEAKER_H
#define WEIR_DAEMON_SPEAKER_H

#include "os/loop.h"
#include "policy/conf.h"
#include "relay/relay.h"

/* Asks for a connection to a peer: a descriptor whose connection is under way, or negative errno. */
typedef int speaker_connect(void *context, unsigned peer);
/* Something that an operator should hear of. */
typedef void speaker_tell(void *context, const struct relay_event *event);
/* The gateway on the way to an address; ADDR_NONE where it is unknown or on the link. */
typedef void speaker_route(void *context, struct addr to, struct addr *out);

struct speaker_options {
	const struct relay_peering *peers;
	unsigned		    n;
	const struct conf_msdp	   *conf;	/* as the peers, in their order */
	uint64_t		    seed;
	speaker_connect		   *connect;
	speaker_tell		   *tell;
	speaker_route		   *route;	/* NULL: no routes are known */
	void			   *context;
};

struct speaker_line {
	int  fd;			/* -1: none */
	bool is_up;			/* else it is being connected */
	bool wants_room;
};

struct speaker {
	struct speaker_options options;
	struct loop	      *loop;
	struct relay	      *relay;
	struct speaker_line   *lines;
	uint64_t	       strangers;	/* connections of no configured peer, refused */
};

/* The options' peers and configuration must live as long.  0 or negative errno. */
int speaker_init(struct speaker *speaker, const struct speaker_options *options, struct loop *loop);
void speaker_release(struct speaker *speaker);

/* A listening socket, which the speaker closes at its end. */
int speaker_listen(struct speaker *speaker, int listener);

/* Work between two turns of the loop; returns until when it may wait (of clock_steady()). */
int64_t speaker_turn(struct speaker *speaker);

/* Peers for the boundaries and tables of another policy, in the same order. */
void speaker_rejudge(struct speaker *speaker, const struct relay_peering *peers);

/* speaker_census.c: every so often what each peer has in the cache, and what came of what it said, as
 * rows of struct history_peer. */
struct speaker_census {
	struct census	     *census;
	struct relay_figures *before;	/* by peer: when it was told last */
	int64_t		      next_ns, every_ns;
	bool		      is_counting;
};

void speaker_census_init(struct speaker_census *census, unsigned peers, unsigned every_s,
			 uint64_t seed);
void speaker_census_release(struct speaker_census *census);
/* A piece of work, where there is some; appends the rows when all is counted.  True where more is
 * left; else next_ns is when there is some again. */
bool speaker_census_turn(struct speaker_census *census, const struct speaker *speaker,
			 struct text *out);

/* speaker_tell.c: JSON for `weir msdp`, appended: `peers`, `policers`, or `cache` with what of it is
 * asked for; at most so many entries. */
struct speaker_query {
	struct addr source, group, rp;		/* ADDR_NONE: any */
	unsigned    peer;			/* UINT_MAX: any */
	uint32_t    entries_max;
};
void speaker_peers_text(const struct speaker *speaker, struct text *out);
void speaker_cache_text(const struct speaker *speaker, const struct speaker_query *query,
			struct text *out);
void speaker_policers_text(const struct speaker *speaker, struct text *out);

#endif
