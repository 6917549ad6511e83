/* SPDX-License-Identifier: BSD-2-Clause */
/* A policy as a tree: what an operator wrote, resolved (sets computed, boundaries flattened),
 * and never changed afterwards.  LANGUAGE is the policy language reference, weir-policy(7).
 * The tree knows no packet bytes. */
#ifndef WEIR_POLICY_POLICY_H
#define WEIR_POLICY_POLICY_H

#include "model/observation.h"
#include "model/verdict.h"
#include "net/set.h"

/* Where something was written; `file` as the user named it ("modern" for a built-in). */
struct place {
	const char *file;
	unsigned    line, column;
};

/* The address that a set is asked about. */
enum field { FIELD_FROM, FIELD_TO, FIELD_RP, FIELD_SPEAKER, FIELD_EMBEDS };

struct match {
	enum field	  field;
	bool		  negated;
	const struct set *set;
	const char	 *text;		/* canonical text of the expression, as in the rule's name */
};

enum rule_kind { RULE_MATCH, RULE_POLICE, RULE_DEFAULT };
enum ttl_test { TTL_UNASKED, TTL_BELOW, TTL_ABOVE };
enum protocol_test { PROTOCOL_UNASKED, PROTOCOL_NUMBER, PROTOCOL_RECOGNISED };
enum limit_key { LIMIT_ALL, LIMIT_BY_SOURCE, LIMIT_BY_SPEAKER };
enum police_key { POLICE_BY_PEER, POLICE_BY_SOURCE, POLICE_BY_RP };

/* Tokens per unit and bucket size (LANGUAGE S37, S41). */
struct rate {
	uint32_t n, burst;
	uint32_t unit_s;			/* 1, 60 or 3600; 0: no rate */
};

/* Masks are bits 1 << enum value. */
struct rule {
	enum rule_kind	    kind;
	struct place	    place;
	const char	   *name;		/* written with `as`, else derived (S34) */
	const char	   *clauses;		/* canonical text of what it asks for: "to 224.0.1.1" */
	const char	   *text, *ref, *owner;	/* NULL where not written */
	bool		    named, has_until;
	int64_t		    until_day;		/* holds through this day (S44) */
	bool		    off;		/* it names an empty set (S11, S15) */
	const char	   *off_why;		/* as "--set own=...", where off */
	enum action	    action;		/* of the default too: permit or deny */

	/* clauses (kind RULE_MATCH); what is not asked for is 0 */
	const struct match *matches;		/* from, to, rp, speaker, embeds: all must hold */
	size_t		    match_count;
	bool		    from_any;		/* `from *` */
	uint8_t		    direction;		/* enum direction; unknown: not asked */
	uint16_t	    points;		/* 0: any point */
	uint64_t	    types, flags;
	uint64_t	    anomalies;		/* `anomaly any`: all bits */
	enum ttl_test	    ttl_test;
	unsigned	    ttl;
	enum protocol_test  protocol_test;
	unsigned	    protocol;		/* IP protocol number, or enum protocol */
	bool		    port_asked;
	uint16_t	    port_first, port_last;
	uint8_t		    joined;		/* enum joined; unknown: not asked */

	/* `limit` (kind RULE_MATCH, action limit) and police lines (kind RULE_POLICE: `matches`
	 * holds its `from`, action is deny, or warn for `alarm`) */
	struct rate	    rate;		/* limit's, or `new` of a police line */
	enum limit_key	    limit_key;
	enum police_key	    police_key;
	unsigned	    prefix_len;		/* source/24; 32 where none is written */
	bool		    over_asked, warn_asked;
	uint32_t	    over, warn;
};

/* A boundary as flattened: own and inherited rules in the order in which they are tried, then
 * the police lines, then exactly one default.  Indices into `rules` are the verdict's. */
struct boundary {
	const char	  *name, *text;		/* text NULL where not written */
	struct place	   place;
	const struct rule *const *rules;
	size_t		   rule_count;		/* all three kinds: match + police + 1 */
	size_t		   match_count, police_count;
	/* the first of each kind are its own; it inherits the others */
	size_t		   own_match_count, own_police_count;
};

/* A `?=` set, for `weir policy` and for hints. */
struct policy_set {
	const char	 *name;
	const struct set *set;
};

struct choice {
	const char	 *name, *text;		/* text NULL where not written */
	const char	 *value;		/* canonical text of its value */
	struct place	  place;
	const struct set *set;
	bool		  chosen;		/* by --set or by an extending policy */
};

struct policy {
	const char		     *name;
	const char		     *file;		/* as the user named it */
	bool			      built_in;
	const struct boundary *const *boundaries;	/* of the outermost file, in its order */
	size_t			      boundary_count;
	const struct choice	     *choices;
	size_t			      choice_count;
	const struct policy_set	     *sets;	/* that the outermost file defines */
	size_t			      set_count;
};

/* The fingerprint, of the canonical text (S51).  It is taken when it is first asked for, which only one
 * thread may do. */
const char *policy_sha256(const struct policy *policy);

/* NULL where there is none; name NULL is the first. */
const struct boundary *policy_boundary(const struct policy *policy, const char *name);

/* The slow and obvious interpreter: the truth.  Walks the rules for one observation, in order
 * (LANGUAGE sections 3 and 4).  Stateless: a `limit` rule says ACTION_LIMIT, police lines are
 * not looked at. */
struct verdict reference_judge(const struct boundary *boundary, const struct observation *obs);

/* True where one rule's clauses all hold, its `until` and `off` left aside.  For explain. */
bool reference_matches(const struct rule *rule, const struct observation *obs);

#endif
