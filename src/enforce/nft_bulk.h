/* SPDX-License-Identifier: BSD-2-Clause */
/* What there is much of: chains that only count, maps of addresses, and chains that look addresses
 * up.  libnftables takes some ten microseconds for each of their lines, netlink one. */
#ifndef WEIR_ENFORCE_NFT_BULK_H
#define WEIR_ENFORCE_NFT_BULK_H

#include "base/text.h"

/* Brings a generation's chains, with the lines of those kinds, and its maps of addresses into the
 * kernel, where nothing refers to them yet; what is left of the text goes to `out_rest`.  0 or
 * negative errno; some of it may then stand. */
int nft_bulk_bring(const char *text, struct text *out_rest);

#endif
