/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines that look addresses up: of a plane of the artefact (nft_plane.c), by hashes of prefixes
 * (nft_map.c) and of pairs (nft_pairs.c). */
#ifndef WEIR_ENFORCE_NFT_PLANE_H
#define WEIR_ENFORCE_NFT_PLANE_H

#include "enforce/nft.h"

/* Lines that look packets of a plane up, and end in a decision. */
void nft_put_plane(struct text *out, struct nft_hook *h, enum family family, unsigned plane);
/* A chain of the hook of such lines: its number. */
unsigned nft_plane_chain(struct nft_hook *h, enum family family, unsigned plane);
/* Such a chain, or where all packets of the plane go. */
uint32_t nft_plane_target(struct nft_hook *h, enum family family, unsigned plane);
void nft_pair_lines_release(struct nft_hook *h);
/* Whether such lines look the group up first. */
bool nft_is_group_first(const struct artefact_fold *fold);

/* A map with a name, or one that stands already and says the same; then "vmap @NAME ".  `body` is
 * what stands in its braces. */
void nft_put_map(struct text *out, struct nft_hook *h, const struct text *body);

/* Addresses up to the next span's. */
struct nft_span {
	struct addr first;
	uint32_t    target;
};

/* Lines that send on a packet by its source or group, and the beginning of another one.  What they
 * let through goes to the target that is returned, in that line: none where they end and nothing is
 * left.  Spans cover the family, or its multicast. */
uint32_t nft_put_lookup(struct text *out, struct nft_hook *h, enum side side,
			const struct nft_span *spans, size_t n, bool ends);
/* "goto TARGET\n" in the line that was begun, or no such line where there are none left. */
void nft_put_rest(struct text *out, struct nft_hook *h, enum family family, uint32_t target);
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

#endif
