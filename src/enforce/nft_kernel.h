/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands in weir's tables, and taking some of it away: by netlink, for libnftables would read
 * everything first. */
#ifndef WEIR_ENFORCE_NFT_KERNEL_H
#define WEIR_ENFORCE_NFT_KERNEL_H

#include "enforce/nft.h"

/* NFT_SETS are those that have a name. */
enum nft_kind { NFT_CHAINS, NFT_SETS, NFT_LIMITS, NFT_COUNTERS, NFT_KIND_COUNT };

struct nft_object {
	enum nft_kind  kind;
	enum nft_table table;
	uint64_t       packets, bytes;		/* of a counter */
	char	       name[256];
};

/* In the order in which the kernel has them: the oldest first. */
struct nft_objects {
	struct nft_object *list;
	size_t		   n, cap;
};

/* Appends; no object at all where there is no table.  0 or negative errno. */
int nft_objects_read(enum nft_kind kind, struct nft_objects *out);
void nft_objects_release(struct nft_objects *objects);

/* In this order, a few hundred a transaction. */
int nft_objects_remove(const struct nft_objects *objects);

#endif
