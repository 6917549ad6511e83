/* SPDX-License-Identifier: BSD-2-Clause */
/* The nftables back end's parts: what writes the rules as text (nft_text.c, nft_rule.c, nft_map.c,
 * all pure), and what brings them into the kernel (nft.c, nft_bulk.c, nft_tally.c).
 *
 * Everything stands in tables named "weir": family netdev for ingress, which sees tagged frames and
 * nothing twice; inet for what a router forwards or sends; bridge for what a bridge does.  Base
 * chains are HOOK/LINK.  All other names begin with '%', which whoever installs replaces by a
 * letter that the kernel does not have yet, so that old and new stand side by side within the
 * transaction that changes from one to the other.  Chains %BOUNDARY/HOOK/RULE/LINK count in their
 * lines, which costs a packet a third of what a named counter does; what chains counted that were
 * taken away stands in counters of that name without the first letter. */
#ifndef WEIR_ENFORCE_NFT_H
#define WEIR_ENFORCE_NFT_H

#include "base/text.h"
#include "enforce/backend.h"
#include "enforce/enforce.h"
#include "policy/artefact.h"

enum nft_table { NFT_NETDEV, NFT_INET, NFT_BRIDGE, NFT_TABLE_COUNT };

const char *nft_table_family(enum nft_table table);

/* --- names --- */

/* Interface names may hold what nft's names may not: such bytes become /HH. */
void nft_put_link(struct text *out, const char *link);
struct nft_hook;
/* The name of a chain that counts, for a rule or for what is never judged. */
void nft_put_counting(struct text *out, const struct nft_hook *h, const char *rule, bool refused);
/* What is counted where, from a counter's name; false where it is none of weir's.  The texts are cut
 * out of `name`, which is changed. */
bool nft_counter_parse(char *name, struct enforce_count *out);

/* --- one hook of one link, while its chains are written --- */

/* A chain for what stands behind some prefix, which others may share (nft_map.c). */
struct nft_rest {
	enum family family;
	enum side   side;
	unsigned    at;
	void	   *stretches;
	size_t	    n;
	unsigned    chain;
};

struct nft_hook {
	const struct boundary *boundary;
	unsigned	       boundary_index;
	const struct artefact *artefact;
	const struct enforce_link *link;
	enum hook	       hook;
	enum nft_table	       table;
	unsigned	       id;		/* its chains begin with "%ID" */
	bool		       is_behind_decrement;
	bool		       drops_unjudged;	/* a router forwards no link-local group */
	/* What was met, and so must be written: rules by index, lists by cell. */
	bool		      *rules, *lists4, *lists6;
	bool		      *masked;		/* by rule: asked for what an IPv6 group embeds */
	bool		      *shared;		/* by rule: its sets and limits, once a table */
	unsigned	       chain_count, map_count;
	struct nft_rest	      *rests;
	size_t		       rest_count;
	struct text	      *pair_lines;	/* by plane, IPv4 and IPv6: what looks its pairs up */
	struct text	       chains, maps;
};

/* Where a packet goes: a rule's index, a list's cell, or one of these. */
#define NFT_TARGET_LINK_LOCAL UINT32_C(0x20000000)
#define NFT_TARGET_CONTROL    UINT32_C(0x20000001)
#define NFT_TARGET_CHAIN      UINT32_C(0x40000000)	/* and a number: "%IDcN" */
#define NFT_TARGET_LIST	      UINT32_C(0x80000000)	/* and a cell */

/* "goto %0c12", and notes that the target is met. */
void nft_put_goto(struct text *out, const struct nft_hook *h, enum family family,
		  uint32_t target);

/* Addresses up to the next span's. */
struct nft_span {
	struct addr first;
	uint32_t    target;
};

/* Statements that send on a packet by its source or group.  What they let through goes to the
 * target that is returned, in the line that they end in.  Spans cover the family, or its multicast.
 * `in_line` where tests stand before them there: they do not leave the line. */
uint32_t nft_put_lookup(struct text *out, struct nft_hook *h, enum side side, bool in_line,
			const struct nft_span *spans, size_t n);
void nft_rests_release(struct nft_hook *h);

#define NFT_SPANS_MAX 400000		/* of one hook: text of some 20 MB */

/* The target of a cell. */
uint32_t nft_target_of(const struct artefact *a, uint32_t cell);

/* The groups that no rule judges, in order: how many ranges. */
#define NFT_UNJUDGED_MAX 16
size_t nft_unjudged(enum family family, struct range out[NFT_UNJUDGED_MAX]);

/* Whether that can be done for all pairs, which is so in every plane or in none. */
bool nft_pairs_fit(const struct artefact *a);
/* Lines that send on the pairs of a plane; what they let through goes on behind them.  How many
 * elements; false where those would be too many, or their prefix lengths too diverse. */
bool nft_put_pairs(struct text *out, struct nft_hook *h, const struct artefact_family *f,
		   unsigned plane, size_t *out_n);

/* Tests of an IPv6 group, of which one must hold, a text each: how many, or 0 where they would be
 * more than `max`, and a set does better. */
size_t nft_put_mask(const struct artefact_mask *mask, struct text *out, size_t max);

/* Chains of the rules and lists that were met, and of what is never judged.  In all of the text a
 * chain stands behind those that it refers to. */
void nft_put_rules(struct nft_hook *h, struct text *out);
/* Sets and limits of a table's rules. */
void nft_put_shared(const struct nft_hook *h, struct text *out);

/* All of a plan's links that `choices` give to nftables. */
int nft_compile(const struct enforce_plan *plan, const struct enforce_choice *choices,
		struct text *out, struct enforce_notes *notes);

extern const struct backend_calls nft_backend;

#endif
