/* SPDX-License-Identifier: BSD-2-Clause */
/* The MSDP relay: a speaker that stands between peers, passes the Source-Actives that their
 * boundaries admit, and polices storms.  RFC 3618, BCP 121 (RFC 4611), the draft's 2.2.
 * Without sockets and without a clock: bytes and time come in, bytes and wishes go out.  A peer
 * is named by its place in the configuration.
 *
 * What one peer says never waits for another: input is taken in turns, a bounded number of
 * entries of each peer; news stand in a ring of the peer that announced them, and whoever is told
 * reads these rings in turns.  A receiver that falls behind a ring is told the whole cache again;
 * one that takes nothing is cut off. */
#ifndef WEIR_RELAY_RELAY_H
#define WEIR_RELAY_RELAY_H

#include "policy/table.h"
#include "relay/cache.h"
#include "relay/ration.h"
#include "relay/refusals.h"
#include "relay/rpf.h"
#include "relay/session.h"

#define RELAY_PEERS_MAX 128
#define RELAY_ENTRIES_MAX (1u << 20)	/* unless the configuration says otherwise */
#define RELAY_NEWS_MAX (1u << 16)	/* of one peer, that wait to be told */
#define RELAY_PERIOD_S 60		/* 5.1: SA-Advertisement-Period */
#define RELAY_STALL_S 30		/* a receiver that took nothing for so long, or for its hold
					 * time where that is shorter, is cut off */

struct relay_peering {
	struct addr	       local, remote;
	/* What may cross between this peer and the rest; NULL: all of it.  `inside`: the peer is on
	 * the inner side of the boundary, so that what it says goes out (LANGUAGE S29). */
	const struct boundary *boundary;
	const struct table    *table;
	bool		       inside;
	bool		       strips_data;	/* encapsulated data is not passed on to it */
	bool		       listens;		/* a collector: it is told nothing */
	bool		       is_default;	/* RPF rule (v) ... */
	struct set	       rps;		/* ... for these RPs; empty: for all */
	unsigned	       mesh;		/* mesh group; 0: none */
	uint32_t	       entries_max;	/* of it in the cache; 0: any */
	uint32_t	       as;		/* for RPF rule (iv); 0: unknown */
	struct session_timing  timing;
};

struct relay_config {
	const struct relay_peering *peers;
	unsigned		    n;
	unsigned		    places;		/* that there may ever be; 0: RELAY_PEERS_MAX */
	uint32_t		    entries_max;	/* 0: RELAY_ENTRIES_MAX */
	struct addr		    originator;		/* RP of what this speaker originates */
	uint32_t		    news_max;		/* of a peer's ring; 0: RELAY_NEWS_MAX */
	uint64_t		    seed;		/* of the hash tables; not to be guessed */
	rpf_lookup		   *lookup;		/* NULL: there are no routes */
	void			   *context;
};

struct relay_figures {			/* of one peer; entries are (S,G) of Source-Actives */
	uint64_t bytes_in, tlvs_in, sas_in, entries_in, fresh, refreshed;
	uint64_t denied, limited, policed, rpf_refused, no_room, malformed;
	uint64_t types_passed, format_errors, data_in, data_refused;
	uint64_t bytes_out, tlvs_out, sas_out, entries_out, data_out;
	uint64_t withheld;		/* denied on the way out */
	uint64_t attempts;		/* to connect to it */
	uint64_t behind;		/* times that it fell behind and was told all again */
	uint32_t held, expiring;	/* entries of it in the cache */
	uint32_t established;		/* sessions so far */
};

enum relay_event_kind {
	RELAY_UP, RELAY_DOWN, RELAY_WARNED, RELAY_ALARMED, RELAY_DENIES, RELAY_FULL,
	RELAY_REJUDGED,
	RELAY_PEER_FULL,		/* it has as many as it may; once, until it falls below 90 % */
};

struct relay_event {
	enum relay_event_kind kind;
	unsigned	      peer;	/* UINT_MAX where it is about none */
	struct addr	      remote;	/* its address */
	enum session_end      end;	/* of RELAY_DOWN */
	const struct rule    *rule;	/* the police line that spoke */
	struct addr	      key;	/* its value of the line's key */
	uint32_t	      live;	/* entries; of RELAY_REJUDGED those that went, of
					 * RELAY_DOWN those that are forgotten with it */
};

enum relay_wish_kind {
	RELAY_CONNECT,
	RELAY_ABORT, RELAY_CLOSE,	/* no relay_down() then: the relay knows */
};

struct relay_wish {
	enum relay_wish_kind kind;
	unsigned	     peer;
};

struct relay;

/* Takes its memory at once, touched only as it is used.  All peers are enabled.  What the
 * peerings point to must live as long; the caller frees the relay. */
struct relay *relay_new(const struct relay_config *config, struct mtime now);
void relay_free(struct relay *relay);

/* A connection of the peer stands (an older one of the same peer is to be closed), or it, or the
 * attempt to make one, is gone. */
void relay_up(struct relay *relay, unsigned peer, struct mtime now);
void relay_down(struct relay *relay, unsigned peer, struct mtime now);
void relay_disable(struct relay *relay, unsigned peer, struct mtime now);
void relay_enable(struct relay *relay, unsigned peer, struct mtime now);

/* Bytes that the peer sent: as many as there is room for are taken, and relay_turn() reads them.
 * Where there is no room the caller leaves them in the socket: TCP holds that peer back. */
size_t relay_bytes(struct relay *relay, unsigned peer, struct span bytes, struct mtime now);
size_t relay_room(const struct relay *relay, unsigned peer);
/* A bounded piece of work: timers, some entries of each peer.  True where more is waiting. */
bool relay_turn(struct relay *relay, struct mtime now);
/* What is to be sent to a peer now: empty where nothing is.  It stays until relay_sent(). */
struct span relay_output(struct relay *relay, unsigned peer, struct mtime now);
void relay_sent(struct relay *relay, unsigned peer, size_t n, struct mtime now);
/* Where all that relay_output() gave is sent: whether there is more to look at for the peer, of which
 * it may be told or not.  An output comes of a bounded part of the cache. */
bool relay_tells_more(const struct relay *relay, unsigned peer);

/* When relay_turn() has something to do though nothing came; INT64_MAX: never. */
struct mtime relay_deadline(const struct relay *relay);
bool relay_wish_next(struct relay *relay, struct relay_wish *out);
/* What an operator should hear of; more than fit are counted. */
bool relay_event_next(struct relay *relay, struct relay_event *out);
uint64_t relay_events_lost(const struct relay *relay);

/* Other peerings.  A place whose two addresses are as they were keeps its session, whatever else has
 * changed; a place without a remote address is empty, and so is one behind the last: that peer's
 * session is closed, and what it announced is forgotten.  The cache is judged again, piece by piece
 * in relay_turn(): what is not permitted any more is told to nobody and expires, here and at the
 * peers, for MSDP has no way to withdraw it. */
void relay_reload(struct relay *relay, const struct relay_peering *peers, unsigned n,
		  struct mtime now);
/* The session begins anew, at once. */
void relay_renew(struct relay *relay, unsigned peer, enum session_end why, struct mtime now);
/* For what is originated from now on. */
void relay_set_originator(struct relay *relay, struct addr originator);
/* What this speaker announces by itself, each RELAY_PERIOD_S.  False: there is no room. */
bool relay_originate(struct relay *relay, struct addr source, struct addr group,
		     struct mtime now);
void relay_withdraw(struct relay *relay, struct addr source, struct addr group);

/* What became of an entry of the cache (relay/verdict.c), by the policy of now. */
enum relay_verdict { RELAY_PERMITS, RELAY_WARNS, RELAY_ALARMS, RELAY_EXPIRES };
struct relay_judged {
	enum relay_verdict verdict;
	const struct rule *rule;	/* NULL: none decided */
};
struct relay_judged relay_judge(const struct relay *relay, const struct sa_entry *entry);
/* The rule by which the boundary of a peer keeps an entry of another from it; NULL: it does not. */
const struct rule *relay_withholds(const struct relay *relay, const struct sa_entry *entry,
				   unsigned peer);
/* What was refused of a peer since the policy came; of relay_now_s(). */
const struct refusals *relay_refusals(const struct relay *relay, unsigned peer);

/* For whoever shows it. */
const struct session *relay_session(const struct relay *relay, unsigned peer);
struct relay_figures relay_figures(const struct relay *relay, unsigned peer);
const struct sa_cache *relay_cache(const struct relay *relay);
/* The cache's time: seconds since the relay began. */
uint32_t relay_now_s(const struct relay *relay);
/* The ration and hits of a peer's boundary; NULL where it has none. */
const struct ration *relay_ration(const struct relay *relay, unsigned peer);
const uint64_t *relay_hits(const struct relay *relay, unsigned peer);

#endif
