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
/* What is known of the route to an RP. */
typedef void speaker_route(void *context, struct addr rp, struct rpf_route *out);

struct speaker_options {
	const struct relay_peering *peers;	/* a place without a remote address is empty */
	const struct conf_peer	  **rows;	/* of the configuration, in the peers' order */
	unsigned		    n;
	uint32_t		    entries_max;
	struct addr		    originator;
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

/* The options' peers and rows must live as long.  0 or negative errno. */
int speaker_init(struct speaker *speaker, const struct speaker_options *options, struct loop *loop);
void speaker_release(struct speaker *speaker);

/* A listening socket, which the loop closes at its end, and one that is to be closed. */
int speaker_listen(struct speaker *speaker, int listener);
void speaker_unlisten(struct speaker *speaker, int listener);

/* Work between two turns of the loop; returns until when it may wait (of clock_steady()). */
int64_t speaker_turn(struct speaker *speaker);

/* Other peers and boundaries (relay_reload()): peers and rows are those of now, and what they were
 * made of before must live until this returns. */
void speaker_reload(struct speaker *speaker, unsigned n);
/* The session of a peer begins anew. */
void speaker_renew(struct speaker *speaker, unsigned peer, enum session_end why);

/* speaker_census.c: every so often what each peer has in the cache, and what came of what it said, as
 * rows of struct history_peer. */
struct speaker_census {
	struct census	     *census;
	unsigned	      peers;
	uint64_t	      seed;
	struct relay_figures *before;	/* by peer: when it was told last */
	struct addr	     *remotes;	/* by peer: whose figures they are */
	int64_t		      next_ns, every_ns;
	bool		      is_counting;
};

void speaker_census_init(struct speaker_census *census, unsigned peers, unsigned every_s,
			 uint64_t seed);
void speaker_census_release(struct speaker_census *census);
/* So many places for peers; those that are another's now begin at nothing. */
void speaker_census_reload(struct speaker_census *census, const struct speaker *speaker);
/* A piece of work, where there is some; appends the rows when all is counted.  True where more is
 * left; else next_ns is when there is some again. */
bool speaker_census_turn(struct speaker_census *census, const struct speaker *speaker,
			 struct text *out);

/* What of the peers, the cache or the policers is asked for. */
enum speaker_verdict {
	/* of entries in the cache */
	SPEAKER_PERMIT, SPEAKER_WARN, SPEAKER_ALARM, SPEAKER_WITHHELD, SPEAKER_EXPIRING,
	/* of refusals, as enum refused_by */
	SPEAKER_DENY, SPEAKER_LIMIT, SPEAKER_RPF, SPEAKER_FULL,
	SPEAKER_VERDICT_COUNT
};
#define SPEAKER_REFUSED (15u << SPEAKER_DENY)

struct speaker_query {
	struct addr source, group, rp;		/* ADDR_NONE: any */
	unsigned    peer;			/* UINT_MAX: any */
	unsigned    verdicts;			/* bits of enum speaker_verdict; 0: any */
	uint32_t    entries_max;		/* to show */
	bool	    counts_peers;		/* peers are asked for, by what they announce */
};

/* "permit" ... "full", or "refused" for the last four; false where it is none. */
bool speaker_verdict_parse(const char *word, unsigned *out_verdicts);

/* speaker_search.c: the cache is looked through in pieces, so that nobody waits for it.  The text is
 * the answer, as JSON, once nothing is left to look at. */
struct speaker_search;
struct speaker_search *speaker_search_new(const struct speaker *speaker,
					  const struct speaker_query *query);
void speaker_search_free(struct speaker_search *search);
/* A piece of work; true where more is left. */
bool speaker_search_some(struct speaker_search *search, const struct speaker *speaker);
const struct text *speaker_search_text(const struct speaker_search *search);

/* speaker_tell.c: JSON for `weir msdp`, appended.  `matching`, where it is not NULL, counts by peer:
 * those of 0 are left out. */
void speaker_peers_text(const struct speaker *speaker, const uint32_t *matching, struct text *out);
void speaker_policers_text(const struct speaker *speaker, const struct speaker_query *query,
			   struct text *out);
struct json;
void speaker_put_addr(struct json *j, const char *key, struct addr a);

#endif
