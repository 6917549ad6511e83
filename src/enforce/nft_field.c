/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields of a packet as text of nftables.  The kernel takes the outermost tag of a frame away,
 * where it is 802.1Q or 802.1ad, and takes what follows for the network header: behind further
 * tags, and one of type 0x9100, the IP header stands some bytes later than it knows.  RFC 791 3.1,
 * RFC 8200 3. */
#include "enforce/nft.h"

#define TAG_BITS 32u
#define TRANSPORT4 160u			/* behind an IPv4 header without options */
#define TRANSPORT6 320u

void nft_put_bits(struct text *out, const struct nft_hook *h, unsigned first, unsigned n)
{
	text_printf(out, "@nh,%u,%u ", TAG_BITS * h->tags + first, n);
}

void nft_put_equal(struct text *out, const struct nft_hook *h, unsigned first, unsigned n,
		   unsigned value)
{
	nft_put_bits(out, h, first, n);
	text_printf(out, "== 0x%0*x ", (int)n / 4, value);
}

void nft_put_side(struct text *out, const struct nft_hook *h, enum family family, enum side side)
{
	bool is4 = family == FAMILY_IP4, is_source = side == SIDE_SOURCE;

	if (h->tags == 0)
		text_printf(out, "%s %s ", is4 ? "ip" : "ip6", is_source ? "saddr" : "daddr");
	else if (is4)
		nft_put_bits(out, h, is_source ? 96 : 128, 32);
	else
		nft_put_bits(out, h, is_source ? 64 : 192, 128);
}

void nft_put_value(struct text *out, const struct nft_hook *h, struct addr value)
{
	unsigned digits = value.family == FAMILY_IP4 ? 8 : 32;
	char text[ADDR_TEXT];

	if (h->tags == 0) {
		text_put(out, addr_text(value, text));
		return;
	}
	text_put(out, "0x");
	for (unsigned i = digits; i-- > 0;)
		text_char(out, "0123456789abcdef"[(i < 16 ? value.lo : value.hi) >> 4 * (i % 16) & 15]);
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
