/* SPDX-License-Identifier: BSD-2-Clause */
/* The Source-Active cache: every (S,G,RP) that peers announce and the policy lets in.
 * RFC 3618 4, 5.3.  Entries are found by hash, and stand in lists, by the peer that announced
 * them and by whether it ever said so twice; all live equally long, so that a list in the order
 * of the last refresh is one in the order of expiry.  Bounded.  Knows no policy; time is
 * whole seconds since some begin. */
#ifndef WEIR_RELAY_CACHE_H
#define WEIR_RELAY_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#define SA_LIFE_S 210			/* 5.3 asks for more than 60 s and names no figure */
#define SA_CONFIRM_S 30			/* heard again after so long: an entry is established */
#define SA_PEERS 256			/* numbers of peers; the last one is this speaker itself */
#define SA_SELF 255
#define SA_NONE UINT32_MAX

struct sa_key {
	uint32_t source, group, rp;	/* host order: MSDP is IPv4 only */
};

/* SA_EXPIRING: not permitted any more, told to nobody, and gone when the peers have forgotten it. */
enum sa_list { SA_NEWCOMER, SA_ESTABLISHED, SA_EXPIRING, SA_LIST_COUNT };

struct sa_entry {
	struct sa_key key;
	uint32_t      chain;		/* next in its bucket, or next unused, counted from 1 */
	uint32_t      before, behind;	/* in its list, the one heard longest ago first */
	uint32_t      born_s, heard_s;
	uint32_t      told_s;		/* when it was last passed on, or began to expire */
	uint8_t	      peer, list;
	uint8_t	      era;		/* of the policy that let it in; the owner's */
	bool	      used;
};

struct sa_line {			/* one list's ends */
	uint32_t first, last, n;
};

/* An entry is about to leave, by expiry or for want of room. */
typedef void sa_leaving(void *context, const struct sa_entry *entry);

struct sa_cache {
	struct sa_entry *entries;
	uint32_t	*heads;
	uint32_t	 max, mask;
	uint32_t	 unused, fresh_from;	/* places given back; the first never used */
	uint32_t	 live, peak;
	uint64_t	 seed;
	struct sa_line	 lines[SA_PEERS][SA_LIST_COUNT];
	uint64_t	 evicted, refused;	/* both for want of room */
	sa_leaving	*leaving;
	void		*context;
};

/* `seed` keeps strangers from choosing addresses that share a bucket. */
void sa_cache_init(struct sa_cache *cache, uint32_t entries_max, uint64_t seed,
		   sa_leaving *leaving, void *context);
void sa_cache_release(struct sa_cache *cache);

/* The place of an entry, or SA_NONE. */
uint32_t sa_cache_find(const struct sa_cache *cache, const struct sa_key *key);
uint64_t sa_cache_hash(const struct sa_cache *cache, const struct sa_key *key);

/* Has the bucket of a key, and then its first entry, fetched from memory: for a loop over many
 * keys, each before the search. */
void sa_cache_prefetch(const struct sa_cache *cache, const struct sa_key *key);
void sa_cache_expect(const struct sa_cache *cache, const struct sa_key *key);

/* Makes room for one more of this peer.  A cache that is full takes it from what expires, else
 * from the peer that holds most, where that is another one with more than its even share: first
 * what it said last and only once, then what it refreshed last.  So a storm pushes out its own
 * newcomers and nobody else's.  False: there is no room for this peer. */
bool sa_cache_room(struct sa_cache *cache, uint8_t peer);
/* A newcomer, which is not there yet; sa_cache_room() said yes. */
uint32_t sa_cache_add(struct sa_cache *cache, const struct sa_key *key, uint8_t peer,
		      uint32_t now_s);
/* Heard again, perhaps from another peer now. */
void sa_cache_refresh(struct sa_cache *cache, uint32_t at, uint8_t peer, uint32_t now_s);
void sa_cache_drop(struct sa_cache *cache, uint32_t at);
/* Let it expire: SA_LIFE_S from now, whatever is heard; where room is wanted it goes first.  Or take it
 * back. */
void sa_cache_retire(struct sa_cache *cache, uint32_t at, uint32_t now_s);
void sa_cache_revive(struct sa_cache *cache, uint32_t at);

/* Drops what was not heard for SA_LIFE_S, or has expired, at most so many.  True where more is left to drop. */
bool sa_cache_expire(struct sa_cache *cache, uint32_t now_s, uint32_t at_most);
/* Entries of a peer, without those that expire. */
uint32_t sa_cache_held(const struct sa_cache *cache, uint8_t peer);

#endif
