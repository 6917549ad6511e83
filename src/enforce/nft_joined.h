/* SPDX-License-Identifier: BSD-2-Clause */
/* Who asked for what (LANGUAGE S17) in nftables: sets of their own, which outlive the generations of
 * rules that look into them, and are changed whole, in one transaction. */
#ifndef WEIR_ENFORCE_NFT_JOINED_H
#define WEIR_ENFORCE_NFT_JOINED_H

#include "enforce/nft_kernel.h"

/* Groups, and pairs of source and group, that somebody asked for; and the families of which it is
 * known that nobody asked for anything else. */
enum nft_joined {
	NFT_JOINED_GROUP4, NFT_JOINED_PAIR4, NFT_JOINED_GROUP6, NFT_JOINED_PAIR6, NFT_JOINED_KNOWN,
	NFT_JOINED_COUNT
};

/* --- text --- */

void nft_put_joined(struct text *out, const char *boundary, enum direction direction,
		    enum nft_joined which);
/* Commands that bring the sets; those that are there stay as they are. */
void nft_put_joined_sets(struct text *out, enum nft_table table, const char *boundary,
			 enum direction direction);
bool nft_is_joined(const char *set);

/* --- the kernel --- */

/* In every table that has the sets.  0 or negative errno. */
int nft_joined_write(const struct enforce_asked *asked);
int nft_joined_read(enforce_asked_fn *each, void *ctx);

#endif
