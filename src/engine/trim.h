/* SPDX-License-Identifier: BSD-2-Clause */
/* Trimming: a control packet without what a boundary refuses in it.  Every statement of the
 * packet is judged; the refused parts of IGMPv3 and MLDv2 reports, PIM Join/Prune, Graft,
 * Bootstrap, Candidate-RP, PFM and Auto-RP messages go, with counts, lengths and checksums
 * made right; a message that cannot be trimmed passes or does not.  RFC 3376, RFC 3810, RFC
 * 7761, RFC 5059, RFC 8364.  Knows no interface and no queue; allocates at the start only. */
#ifndef WEIR_ENGINE_TRIM_H
#define WEIR_ENGINE_TRIM_H

#include "engine/court.h"
#include "model/observation.h"

enum trim_act { TRIM_PASS, TRIM_DROP, TRIM_REWRITE };

/* Why; each packet is counted under exactly one. */
enum trim_why {
	TRIM_ADMITTED,		/* passes: nothing in it is refused */
	TRIM_UNJUDGED,		/* passes: it says nothing at all (the rest of a fragmented Register) */
	TRIM_TRIMMED,		/* passes without its refused parts */
	TRIM_REFUSED,		/* dropped: a message that passes or does not */
	TRIM_EMPTIED,		/* dropped: nothing was left of it */
	TRIM_BAD_CHECKSUM,	/* dropped: a wrong checksum is never made right */
	TRIM_ODD_PASSED,	/* passes, not understood: fail open */
	TRIM_ODD_DROPPED,	/* dropped, not understood: fail closed */
	TRIM_WHY_COUNT
};

/* "admitted", "bad-checksum", ... */
const char *trim_why_name(enum trim_why why);

/* A statement; its rule is RULE_NONE where none judges it, as a leave.  `refused` says whether it
 * went.  The observation lives for the call. */
typedef void trim_told(void *context, const struct observation *obs, struct verdict verdict,
		       bool refused);

struct trim_options {
	struct court *court;		/* borrowed; links under one boundary may share it */
	bool	      fail_open;	/* what is not understood passes */
	bool	      register_stop;	/* a refused Register is answered */
	bool	      judges_data;	/* the point `data` too: where no kernel rule judges it */
	bool	      dry_run;		/* everything is counted, and passes */
	trim_told    *told;		/* may be NULL */
	void	     *context;
};

/* One whole IP packet, and what was known of it beside its bytes. */
struct trim_packet {
	struct span    bytes;
	struct mtime   at;
	enum direction direction;
	uint16_t       link, vlan;	/* vlan: VLAN_NONE where there is no tag */
	uint8_t	       mac[6];
	bool	       has_mac;
};

/* A source that is refused under a (*,G) that is kept: no message can say so, the data plane
 * must. */
struct trim_pair {
	struct addr source, group;
	uint16_t    rule;
};
#define TRIM_PAIRS_MAX 64

/* The spans borrow the trim, and live until its next packet. */
struct trim_result {
	enum trim_act act;
	enum trim_why why;		/* a dry run says here what would have been */
	struct span   packet;		/* TRIM_REWRITE: the packet that takes its place */
	struct span   stop;		/* an IP packet to be sent: a Register-Stop in the RP's name */
	size_t	      removed;		/* statements that went */
	const struct trim_pair *pairs;
	size_t	      pair_count;
};

struct trim_rule {
	uint64_t hits, packets, bytes;	/* statements; packets, each once a rule; their IP bytes */
	int64_t	 last_ns;
	uint64_t serial;		/* of the packet that counted last */
};

struct trim_counts {
	struct trim_rule *rules;	/* by index in the boundary, police lines and default included */
	size_t		  n;
	uint64_t	  packets[TRIM_WHY_COUNT];	/* their sum is all packets */
	uint64_t	  statements, removed, stops;
};

struct trim;

struct trim *trim_new(const struct trim_options *options);
void trim_free(struct trim *trim);

void trim_judge(struct trim *trim, const struct trim_packet *packet, struct trim_result *out);

/* Cumulative since trim_new(). */
const struct trim_counts *trim_counts(const struct trim *trim);
/* A rule that has counted since it was last given here; false where there is none. */
bool trim_touched_next(struct trim *trim, uint16_t *out_rule);

/* True where the boundary refuses something that only the packet's own words tell, or asks who
 * joined what: whether a queue must stand at the direction at all, and whether SAP, rasadv and
 * Auto-RP must come to it. */
bool trim_is_needed(const struct boundary *boundary, enum direction direction);
bool trim_needs_payload(const struct boundary *boundary, enum direction direction);
/* The rule that refuses a query about all groups, or RULE_NONE: what a bridge asks by itself no queue
 * sees. */
uint16_t trim_query_rule(const struct boundary *boundary, enum direction direction,
			 enum family family);

#endif
