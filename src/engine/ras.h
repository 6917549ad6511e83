/* SPDX-License-Identifier: BSD-2-Clause */
/* The inventory of Remote Access Servers: who announced itself, since when, and whether it is
 * still there.  [MS-RASA]; DESIGN 7.  The time is told, never asked for: in a capture "now" is
 * its last packet.  Finds no words for a finding; the report does. */
#ifndef WEIR_ENGINE_RAS_H
#define WEIR_ENGINE_RAS_H

#include "engine/authorised.h"
#include "wire/rasadv.h"

#define RAS_HOSTS_MAX 4096
#define RAS_LATE_NS (65 * 60 * NS_PER_S)
#define RAS_GONE_NS (3 * 3600 * NS_PER_S)
#define RAS_HOPS_UNKNOWN 0xff

enum ras_state { RAS_NEW, RAS_SEEN, RAS_LATE, RAS_GONE, RAS_RETURNED, RAS_STATE_COUNT };
enum ras_authorisation { RAS_NO_LIST, RAS_NOT_AUTHORISED, RAS_AUTHORISED };

struct ras_name {
	uint16_t n;
	uint8_t	 bytes[RASADV_NAME_MAX];	/* raw: escape it */
};

/* One server on one VLAN, or on one interface where frames have no tag. */
struct ras_host {
	struct addr	address;
	struct ras_name hostname, domain;	/* of the latest advertisement */
	struct mtime	first, last;
	uint64_t	count;
	uint64_t	tcp_segments;		/* TCP 9753 to or from the address */
	int64_t		period_ns;		/* between the last two; 0: unknown */
	uint64_t	notes;			/* FLAG_BIT(...) of all its advertisements */
	uint32_t	returns;		/* how often it came back after it was gone */
	uint16_t	vlan, link;
	uint8_t		mac[6];
	bool		has_mac, has_ttl;
	uint8_t		ttl;			/* of the latest */
	uint8_t		hops;			/* 15 - TTL, or RAS_HOPS_UNKNOWN */
	bool		came_in, went_out;	/* over the boundary, where direction is told */
	bool		renamed;		/* it called itself otherwise before */
	/* Worked out by ras_table_settle(). */
	bool		moved;			/* its name was at another address before */
	bool		duplicate_name;		/* another address uses the name meanwhile */
	enum ras_state	state;
	enum ras_authorisation authorised;
	uint8_t	told;			/* what ras_table_next() told last; 0: nothing yet */
};

struct ras_table;

/* `list` is borrowed; NULL: no list was given. */
struct ras_table *ras_table_new(const struct authorised *list);
void ras_table_free(struct ras_table *table);

/* Takes note of an advertisement, and of a TCP segment from or to port 9753; any other
 * observation is passed over. */
void ras_table_hear(struct ras_table *table, const struct observation *obs);

/* Puts in a host as it was known before, from a history; not one that is there. */
void ras_table_restore(struct ras_table *table, const struct ras_host *host);

/* Works out states, flags and authorisation as of `now`. */
void ras_table_settle(struct ras_table *table, struct mtime now);
/* By address, then VLAN, then interface; valid until the next ras_table_hear(). */
const struct ras_host *const *ras_table_hosts(const struct ras_table *table, size_t *out_n);
/* Settles as of `now`, and finds a host that is not as it was told: the state, the name, moved, or
 * a duplicate name.  It counts as told then.  NULL where there is none. */
const struct ras_host *ras_table_next(struct ras_table *table, struct mtime now);
/* Servers that were dropped because RAS_HOSTS_MAX others were heard later. */
uint64_t ras_table_evicted(const struct ras_table *table);

/* The server that an observation is of; NULL where it is none that is known. */
const struct ras_host *ras_table_find(const struct ras_table *table, const struct observation *obs);

/* What ras_table_settle() makes of its times. */
enum ras_state ras_host_state(const struct ras_host *host, struct mtime now);
const char *ras_state_name(enum ras_state state);

#endif
