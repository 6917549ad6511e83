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

/* A chain for what stands behind some prefix, which others may share (nft_map.c). */
struct nft_rest {
	enum family family;
	enum side   side;
	unsigned    at, tags;
	void	   *stretches;
	size_t	    n;
	unsigned    chain;
};

/* The text of a map behind its name, within nft_hook.maps. */
struct nft_map_place {
	size_t at, n;
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
	unsigned	       tags;		/* before the header, of the lines that are written */
	/* What was met, and so must be written: rules by index, lists by cell, by tags. */
	bool		      *rules, *lists4[NFT_TAGS_MAX + 1], *lists6[NFT_TAGS_MAX + 1];
	/* By rule: asked for what an IPv6 group embeds; who asked for it, of IPv4 and IPv6. */
	bool		      *masked[NFT_TAGS_MAX + 1];
	bool		      *joined4[NFT_TAGS_MAX + 1], *joined6[NFT_TAGS_MAX + 1];
	bool		      *shared;		/* by rule: its sets and limits, once a table */
	unsigned	       chain_count, map_count;
	size_t		       span_count;	/* that its look-ups have, most of them once */
	struct nft_map_place   *map_places;	/* by map: where its text is */
	struct nft_rest	      *rests;
	size_t		       rest_count;
	struct text	      *pair_lines;	/* by tags, family, plane: what looks its pairs up */
	struct text	       chains, maps;
};

/* Where a packet goes: a rule's index, a list's cell, or one of these. */
#define NFT_TARGET_LINK_LOCAL UINT32_C(0x20000000)
#define NFT_TARGET_CONTROL    UINT32_C(0x20000001)
#define NFT_TARGET_UNREAD     UINT32_C(0x20000002)
#define NFT_TARGET_CONTINUE   UINT32_C(0x20000003)	/* of an element: on, within the line */
#define NFT_TARGET_CHAIN      UINT32_C(0x40000000)	/* and a number: "%IDcN" */
#define NFT_TARGET_LIST	      UINT32_C(0x80000000)	/* and a cell */

/* "goto %0c12", and notes that the target is met. */
void nft_put_goto(struct text *out, const struct nft_hook *h, enum family family,
		  uint32_t target);

/* --- fields, of a header that stands behind h->tags tags: libnftables knows those by their place
 * alone --- */

/* An address by its place, whatever packet it is: nobody asks again of what family that is.
 * "@nh,128,32 "; and what it is compared with, "0xef010101". */
void nft_put_address(struct text *out, const struct nft_hook *h, enum family family,
		     enum side side);
void nft_put_number(struct text *out, struct addr value);
/* True where the frame has all of the group: none is 0. */
void nft_put_whole(struct text *out, const struct nft_hook *h, enum family family);
/* The same for libnftables, which must know that it is an address: "ip daddr "; "@nh,160,32 ". */
void nft_put_side(struct text *out, const struct nft_hook *h, enum family family, enum side side);
/* As the field is compared with: "239.1.1.1"; "0xef010101". */
void nft_put_value(struct text *out, const struct nft_hook *h, struct addr value);
/* Bits of the IP header, or behind it: "@nh,72,8 ". */
void nft_put_bits(struct text *out, const struct nft_hook *h, unsigned first, unsigned n);
/* The same, whole bytes, and what they must be: "@nh,72,8 == 0x11 ". */
void nft_put_equal(struct text *out, const struct nft_hook *h, unsigned first, unsigned n,
		   unsigned value);
/* The number of what IP carries. */
void nft_put_protocol(struct text *out, const struct nft_hook *h, enum family family);

/* Bits of what IP carries; in a tagged frame, where IP has neither options nor extension headers. */
void nft_put_transport(struct text *out, const struct nft_hook *h, enum family family,
		       unsigned first, unsigned n);

/* A map with a name, or one that stands already and says the same; then "vmap @NAME ".  `body` is
 * what stands in its braces. */
void nft_put_map(struct text *out, struct nft_hook *h, const struct text *body);

/* Addresses up to the next span's. */
struct nft_span {
	struct addr first;
	uint32_t    target;
};

/* Lines that send on a packet by its source or group, and the beginning of another one.  What they
 * let through goes to the target that is returned, in that line.  Spans cover the family, or its
 * multicast. */
uint32_t nft_put_lookup(struct text *out, struct nft_hook *h, enum side side,
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
size_t nft_put_mask(const struct nft_hook *h, const struct artefact_mask *mask, struct text *out,
		    size_t max);
/* "{ RANGE, ... }" */
void nft_put_ranges(const struct nft_hook *h, const struct artefact_mask *mask, struct text *out);

/* A line for each way in which all that a rule asks can hold, which sends a packet to it. */
void nft_put_tests(struct text *out, struct nft_hook *h, enum family family, unsigned index);
/* Sets that the lines of a rule look into. */
void nft_put_mask_sets(const struct nft_hook *h, size_t index, struct text *out);
/* Chains that those lines jump to, which return where it is not so. */
void nft_put_test_chains(struct text *out, struct nft_hook *h);

/* Chains for packets behind 1 and more tags that the kernel leaves in the frame; the first of
 * them. */
void nft_put_tagged(struct nft_hook *h);

/* Lines that look packets of a plane up, and end in a decision. */
void nft_put_plane(struct text *out, struct nft_hook *h, enum family family, unsigned plane);
/* A chain of the hook of such lines: its number. */
unsigned nft_plane_chain(struct nft_hook *h, enum family family, unsigned plane);
void nft_pair_lines_release(struct nft_hook *h);
/* Whether such lines look the group up first. */
bool nft_is_group_first(const struct artefact_fold *fold);

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
