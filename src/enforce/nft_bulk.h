/* SPDX-License-Identifier: BSD-2-Clause */
/* What there is much of: chains that only count, maps of addresses, and chains that look addresses
 * up; and base chains.  libnftables takes some ten microseconds for each of their lines, netlink
 * one, and some milliseconds before the first. */
#ifndef WEIR_ENFORCE_NFT_BULK_H
#define WEIR_ENFORCE_NFT_BULK_H

#include "base/text.h"
#include "enforce/nft_kernel.h"

/* A piece of a generation's text: one table's braces, and the line before. */
struct nft_ahead {
	struct text text;
	bool	    has_rest;		/* that libnftables is left with */
};

/* Brings a generation's chains, with the lines of those kinds, its maps of addresses, and sets that
 * outlive it into the kernel, where nothing refers to them yet.  What libnftables is left with goes
 * to `out_rest`; where that is nothing, base chains turn as well.  Pieces stand already.  0 or
 * negative errno; some of it may then stand, but no base chain has changed.  `fd` is of
 * nfnl_open(), for whoever closes one waits. */
int nft_bulk_bring(int fd, const char *text, const struct nft_objects *ended,
		   const struct nft_ahead *ahead, size_t ahead_n, struct text *out_rest);
/* Brings a piece of it that is there before the rest is: chains that count, maps, and chains that look
 * up.  0 or negative errno; some of it may then stand. */
int nft_bulk_ahead(int fd, struct nft_ahead *piece);
/* Base chains get the text's lines instead of their own, and those that have ended get none, in one
 * transaction.  0, or negative errno: then nothing has changed. */
int nft_bulk_turn(int fd, const char *text, const struct nft_objects *ended);

#endif
