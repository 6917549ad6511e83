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

#define NFT_TAGS_MAX 2			/* that are passed behind one that the kernel takes out */
#define NFT_TAGGED 1			/* behind any number of them, all of which are asked for the same */
/* In text for tagged packets: how many tags, in names; before a number, the place behind one. */
#define NFT_TAGS_MARK '\1'

/* A chain for what stands behind some prefix, which others may share (nft_map.c). */
struct nft_rest {
	enum family family;
	enum side   side;
	unsigned    at, tags;
	void	   *stretches;
	size_t	    n;
	unsigned    chain;
};

/* Maps, and where the text of each is, behind its name. */
struct nft_maps {
	struct text text;
	struct nft_map_place {
		size_t at, n;
	} *places;
	unsigned n;
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
	unsigned	       tags;		/* 0 or NFT_TAGGED: of the lines that are written */
	bool		      *rules;		/* by index: packets may meet it */
	/* What was met, and so must be written: lists by cell, by tags. */
	bool		      *lists4[NFT_TAGGED + 1], *lists6[NFT_TAGGED + 1];
	/* By rule: asked for what an IPv6 group embeds; who asked for it, of IPv4 and IPv6. */
	bool		      *masked[NFT_TAGGED + 1];
	bool		      *joined4[NFT_TAGGED + 1], *joined6[NFT_TAGGED + 1];
	bool		      *shared;		/* by rule: its sets and limits, once a table */
	unsigned	       chain_count;
	size_t		       span_count;	/* that its look-ups have, most of them once */
	size_t		       body_at;		/* where its text begins in the table's body */
	struct nft_maps	       maps[NFT_TAGGED + 1];	/* those that tell how many tags apart */
	struct nft_rest	      *rests;
	size_t		       rest_count;
	struct text	      *pair_lines;	/* by tags, family, plane: what looks its pairs up */
	struct text	       chains;
};

/* Where a packet goes: a rule's index, a list's cell, or one of these. */
#define NFT_TARGET_LINK_LOCAL UINT32_C(0x20000000)
#define NFT_TARGET_CONTROL    UINT32_C(0x20000001)
#define NFT_TARGET_UNREAD     UINT32_C(0x20000002)
#define NFT_TARGET_CONTINUE   UINT32_C(0x20000003)	/* of an element: on, behind the look-up */
#define NFT_TARGET_NONE	      UINT32_C(0x20000004)	/* there are none left */
#define NFT_TARGET_CHAIN      UINT32_C(0x40000000)	/* and a number: "%IDcN" */
#define NFT_TARGET_LIST	      UINT32_C(0x80000000)	/* and a cell */

/* "%0c12", and of tagged packets "%0t" NFT_TAGS_MARK "c12". */
void nft_put_chain(struct text *out, const struct nft_hook *h, unsigned chain);
/* "goto %0c12", and notes that the target is met. */
void nft_put_goto(struct text *out, const struct nft_hook *h, enum family family,
		  uint32_t target);

/* Tests of an IPv6 group, of which one must hold, a text each: how many, or 0 where they would be
 * more than `max`, and a set does better. */
size_t nft_put_mask(const struct nft_hook *h, const struct artefact_mask *mask, struct text *out,
		    size_t max);
/* Whether it is one test, whatever `max`. */
bool nft_is_one_test(const struct artefact_mask *mask);
/* Whether some lines that send a packet to a rule may stand in a chain that is jumped to. */
bool nft_is_met_in_jumps(const struct nft_hook *h, unsigned index);
/* "{ RANGE, ... }" */
void nft_put_ranges(const struct nft_hook *h, const struct artefact_mask *mask, struct text *out);

/* A line for each way in which all that a rule asks can hold, which sends a packet to it; false where
 * there is no such way. */
bool nft_can_hold(const struct nft_hook *h, unsigned index, enum family family);
void nft_put_tests(struct text *out, struct nft_hook *h, enum family family, unsigned index);
/* Sets that the lines of a rule look into. */
void nft_put_mask_sets(const struct nft_hook *h, size_t index, struct text *out);
/* Chains that those lines jump to, which return where it is not so. */
void nft_put_test_chains(struct text *out, struct nft_hook *h);

/* Chains for packets behind 1 and more tags that the kernel leaves in the frame; the first of
 * them. */
void nft_put_tagged(struct nft_hook *h);
/* What is written for tagged packets, for each number of tags. */
void nft_put_by_tags(struct text *out, const struct text *text);

/* Chains of the rules that packets may meet, and of what is never judged: nothing need be looked up
 * to know those. */
void nft_put_rules(struct nft_hook *h, struct text *out);
/* Chains of the lists that were met, and of their tests.  In all of the text a chain stands behind
 * those that it refers to. */
void nft_put_lists(struct nft_hook *h, struct text *out);
/* Sets and limits of a table's rules. */
void nft_put_shared(const struct nft_hook *h, struct text *out);

/* All of a plan's links that `choices` give to nftables. */
int nft_compile(const struct enforce_plan *plan, const struct enforce_choice *choices,
		struct text *out, struct enforce_notes *notes);

extern const struct backend_calls nft_backend;

#endif
