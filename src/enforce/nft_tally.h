/* SPDX-License-Identifier: BSD-2-Clause */
/* What weir's chains counted, whichever generations of them stand, and what those counted that are
 * gone.  A chain's count ends with it, so whoever takes it away moves the count to the counter of
 * its name in the same transaction: the sum of both is the same before and after. */
#ifndef WEIR_ENFORCE_NFT_TALLY_H
#define WEIR_ENFORCE_NFT_TALLY_H

#include "enforce/nft_kernel.h"

/* "ingress/LINK": no generation's letter is the first one of a hook's name. */
bool nft_is_base_chain(const char *name);
/* Whether a chain counts for a rule; its counter's name is behind the first letter. */
bool nft_chain_counts(const char *name);

/* Each counter once, in order of table and name, with what its chains have counted besides: of kind
 * NFT_LINES where there is one, else NFT_COUNTERS. */
int nft_tallies_read(struct nft_objects *out);

/* Lets chains that are to be taken away leave what they counted.  No packet may meet them any
 * more. */
int nft_tally_leave(struct nft_objects *removals);

#endif
