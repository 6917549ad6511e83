/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands in weir's tables, and taking some of it away: by netlink, for libnftables would read
 * everything first. */
#ifndef WEIR_ENFORCE_NFT_KERNEL_H
#define WEIR_ENFORCE_NFT_KERNEL_H

#include "enforce/nft.h"

/* NFT_SETS are those that have a name.  NFT_LINES are rules: the name is their chain's, what they
 * counted is theirs, and one taken away takes all of its chain along. */
enum nft_kind { NFT_CHAINS, NFT_SETS, NFT_LIMITS, NFT_COUNTERS, NFT_LINES, NFT_KIND_COUNT };

struct nft_object {
	enum nft_kind  kind;
	enum nft_table table;
	uint64_t       packets, bytes;
	bool	       is_map;			/* of a set */
	char	       refers_to;		/* of a line: the generation of a chain or map */
	/* Of a chain that is taken away: what it counted goes to the counter of its name without the
	 * first letter, which then says packets and bytes; whether there is one already. */
	bool	       leaves_count, has_counter;
	char	       name[256];
};

/* In the order in which the kernel has them: the oldest first. */
struct nft_objects {
	struct nft_object *list;
	size_t		   n, cap;
};

void nft_objects_add(struct nft_objects *objects, const struct nft_object *object);
void nft_objects_release(struct nft_objects *objects);

/* Appends; no object at all where there is no table.  0 or negative errno. */
int nft_objects_read(enum nft_kind kind, struct nft_objects *out);
/* Several kinds at one moment. */
int nft_objects_read_together(const enum nft_kind *kinds, size_t n, struct nft_objects *out);

/* In this order, a few hundred a transaction, each with what it leaves. */
int nft_objects_remove(const struct nft_objects *objects);

#endif
