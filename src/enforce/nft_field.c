/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields of a packet as text of nftables.  The kernel takes the outermost tag of a frame away,
 * where it is 802.1Q or 802.1ad, and takes what follows for the network header: behind further
 * tags, and one of type 0x9100, the IP header stands some bytes later than it knows.  RFC 791 3.1,
 * RFC 8200 3. */
#include "enforce/nft_field.h"

#define TRANSPORT4 160u			/* behind an IPv4 header without options */
#define TRANSPORT6 320u

void nft_put_bits(struct text *out, const struct nft_hook *h, unsigned first, unsigned n)
{
	text_put(out, "@nh,");
	if (h->tags > 0)
		text_char(out, NFT_TAGS_MARK);
	text_printf(out, "%u,%u ", NFT_TAG_BITS * h->tags + first, n);
}

void nft_put_equal(struct text *out, const struct nft_hook *h, unsigned first, unsigned n,
		   unsigned value)
{
	nft_put_bits(out, h, first, n);
	text_printf(out, "== 0x%0*x ", (int)n / 4, value);
}

void nft_put_type(struct text *out)
{
	text_printf(out, "@nh,%c%u,16 ", NFT_TAGS_MARK, NFT_TAG_BITS - 16);
}

const uint8_t nft_control6[NFT_CONTROL6_COUNT][2] = { { 130, 132 }, { 134, 134 }, { 143, 143 } };

void nft_put_within(struct text *out, const uint8_t range[2])
{
	text_printf(out, "== 0x%02x", range[0]);
	if (range[1] > range[0])
		text_printf(out, "-0x%02x", range[1]);
	text_char(out, ' ');
}

void nft_put_part(struct text *out, const struct nft_hook *h, enum family family, enum side side,
		  unsigned first, unsigned n)
{
	if (family == FAMILY_IP4)
		nft_put_bits(out, h, (side == SIDE_SOURCE ? 96 : 128) + first, n);
	else
		nft_put_bits(out, h, (side == SIDE_SOURCE ? 64 : 192) + first, n);
}

void nft_put_address(struct text *out, const struct nft_hook *h, enum family family,
		     enum side side)
{
	nft_put_part(out, h, family, side, 0, family == FAMILY_IP4 ? 32 : 128);
}

void nft_put_number(struct text *out, struct addr value)
{
	unsigned digits = value.family == FAMILY_IP4 ? 8 : 32;

	text_put(out, "0x");
	for (unsigned i = digits; i-- > 0;)
		text_char(out, "0123456789abcdef"[(i < 16 ? value.lo : value.hi) >> 4 * (i % 16) & 15]);
}

void nft_put_side(struct text *out, const struct nft_hook *h, enum family family, enum side side)
{
	if (h->tags > 0)
		nft_put_address(out, h, family, side);
	else
		text_printf(out, "%s %s ", family == FAMILY_IP4 ? "ip" : "ip6",
			    side == SIDE_SOURCE ? "saddr" : "daddr");
}

void nft_put_value(struct text *out, const struct nft_hook *h, struct addr value)
{
	char text[ADDR_TEXT];

	if (h->tags > 0)
		nft_put_number(out, value);
	else
		text_put(out, addr_text(value, text));
}

void nft_put_whole(struct text *out, const struct nft_hook *h, enum family family)
{
	nft_put_address(out, h, family, SIDE_GROUP);
	text_put(out, "!= ");
	nft_put_number(out, family == FAMILY_IP4 ? addr_of4(0) : addr_of6(0, 0));
	text_char(out, ' ');
}

void nft_put_protocol(struct text *out, const struct nft_hook *h, enum family family)
{
	if (h->tags == 0)
		text_put(out, "meta l4proto ");
	else
		nft_put_bits(out, h, family == FAMILY_IP4 ? 72 : 48, 8);
}

void nft_put_transport(struct text *out, const struct nft_hook *h, enum family family,
		       unsigned first, unsigned n)
{
	if (h->tags == 0)
		text_printf(out, "@th,%u,%u ", first, n);
	else
		nft_put_bits(out, h, (family == FAMILY_IP4 ? TRANSPORT4 : TRANSPORT6) + first, n);
}
