/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields of a header that stands behind h->tags tags, as text: libnftables knows those by their place
 * alone. */
#ifndef WEIR_ENFORCE_NFT_FIELD_H
#define WEIR_ENFORCE_NFT_FIELD_H

#include "enforce/nft.h"

#define NFT_TAG_BITS 32u

/* An address by its place, whatever packet it is: nobody asks again of what family that is.
 * "@nh,128,32 "; and what it is compared with, "0xef010101". */
void nft_put_address(struct text *out, const struct nft_hook *h, enum family family,
		     enum side side);
void nft_put_number(struct text *out, struct addr value);
/* Some bits of it: "@nh,144,16 ". */
void nft_put_part(struct text *out, const struct nft_hook *h, enum family family, enum side side,
		  unsigned first, unsigned n);
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
/* The type before the header, in a tagged frame: "@nh,16,16 ". */
void nft_put_type(struct text *out);
/* One byte, or those from one to another: "== 0x82-0x84 ". */
void nft_put_within(struct text *out, const uint8_t range[2]);
/* Of ICMPv6 what is judged as a control message: MLD, Router Advertisements (RFC 3810 5, 4861 4.2). */
#define NFT_CONTROL6_COUNT 3
extern const uint8_t nft_control6[NFT_CONTROL6_COUNT][2];
/* The number of what IP carries. */
void nft_put_protocol(struct text *out, const struct nft_hook *h, enum family family);

/* Bits of what IP carries; in a tagged frame, where IP has neither options nor extension headers. */
void nft_put_transport(struct text *out, const struct nft_hook *h, enum family family,
		       unsigned first, unsigned n);

#endif
