/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets behind tags that the kernel leaves in the frame: chains that look at the type behind
 * each tag, and then judge as others do, by where the fields must be.  Where that depends on what
 * cannot be reached so, behind options of IPv4 and extension headers of IPv6, the frame is counted
 * by itself.  IEEE 802.1Q 9.6, RFC 791 3.1, RFC 8200 4. */
#include <stdlib.h>

#include "enforce/backend.h"
#include "enforce/nft_field.h"
#include "enforce/nft_plane.h"

#define PROTOCOL_IGMP_NUMBER 2
#define PROTOCOL_PIM_NUMBER  103
#define PROTOCOL_ICMP6_NUMBER 58

static bool is_in(const struct nft_hook *h, uint8_t direction)
{
	return direction == DIRECTION_UNKNOWN || direction == enforce_direction(h->link, h->hook);
}

static bool asks_transport(const struct nft_hook *h)
{
	for (size_t i = 0; i < h->boundary->match_count; i++) {
		const struct artefact_rule *r = &h->artefact->rules[i];

		if (is_in(h, h->boundary->rules[i]->direction) &&
		    (r->asks_port || r->recognised == PROTOCOL_RASADV ||
		     r->recognised == PROTOCOL_SAP))
			return true;
	}
	return false;
}

/* What an extension header may hide from whoever does not walk along them. */
static bool asks_behind_extensions(const struct nft_hook *h)
{
	const struct artefact *a = h->artefact;
	unsigned planes = 0;

	for (unsigned p = 0; p < a->plane_count; p++)
		planes += a->planes[p].direction == enforce_direction(h->link, h->hook);
	for (size_t i = 0; i < h->boundary->match_count; i++)
		if (is_in(h, h->boundary->rules[i]->direction) &&
		    (a->rules[i].flags & FLAG_BIT(FRAGMENT) ||
		     (a->rules[i].rule && a->rules[i].recognised != PROTOCOL_COUNT)))
			return true;
	return planes > 1 || asks_transport(h);
}

static void put_end(struct text *out, const struct nft_hook *h, enum family family, uint32_t target)
{
	nft_put_goto(out, h, family, target);
	text_char(out, '\n');
}

/* Where a header tells what it carries. */
static unsigned number_at(enum family family)
{
	return family == FAMILY_IP4 ? 72 : 48;
}

/* The planes of the direction, by protocol, and that of all others. */
static void put_planes(struct text *out, struct nft_hook *h, enum family family)
{
	const struct artefact *a = h->artefact;
	unsigned direction = enforce_direction(h->link, h->hook);
	unsigned others = artefact_plane_of(a, direction, IP_PROTOCOL_NONE);

	for (unsigned p = 0; p < a->plane_count; p++) {
		if (a->planes[p].direction != direction || p == others)
			continue;
		text_put(out, "\t\t");
		nft_put_equal(out, h, number_at(family), 8, a->planes[p].ip_protocol);
		put_end(out, h, family, nft_plane_target(h, family, p));
	}
	text_put(out, "\t\t");
	put_end(out, h, family, nft_plane_target(h, family, others));
}

static void put_control(struct text *out, struct nft_hook *h, enum family family, unsigned number)
{
	text_put(out, "\t\t");
	nft_put_equal(out, h, number_at(family), 8, number);
	put_end(out, h, family, NFT_TARGET_CONTROL);
}

static void put_ip4(struct nft_hook *h)
{
	struct text lines = { 0 };

	text_put(&lines, "\t\t");
	nft_put_bits(&lines, h, 128, 8);
	text_put(&lines, "& 0xf0 != 0xe0 accept\n");
	put_control(&lines, h, FAMILY_IP4, PROTOCOL_IGMP_NUMBER);
	put_control(&lines, h, FAMILY_IP4, PROTOCOL_PIM_NUMBER);
	text_put(&lines, "\t\t");
	nft_put_bits(&lines, h, 128, 32);
	text_put(&lines, "& 0xffffff00 == 0xe0000000 ");
	put_end(&lines, h, FAMILY_IP4, NFT_TARGET_LINK_LOCAL);
	if (asks_transport(h)) {
		text_put(&lines, "\t\t");
		nft_put_bits(&lines, h, 0, 8);
		text_put(&lines, "!= 0x45 ");
		put_end(&lines, h, FAMILY_IP4, NFT_TARGET_UNREAD);
	}
	put_planes(&lines, h, FAMILY_IP4);
	text_printf(&h->chains, "\tchain %%%ut%cip4 {\n%s\t}\n", h->id, NFT_TAGS_MARK,
		    text_string(&lines));
	text_release(&lines);
}

/* MLD has a hop-by-hop header of eight bytes (RFC 3810 5), others may have one. */
static void put_control6(struct text *out, struct nft_hook *h)
{
	for (size_t i = 0; i < NFT_CONTROL6_COUNT; i++) {
		text_put(out, "\t\t");
		nft_put_equal(out, h, 48, 8, PROTOCOL_ICMP6_NUMBER);
		nft_put_bits(out, h, 320, 8);
		nft_put_within(out, nft_control6[i]);
		put_end(out, h, FAMILY_IP6, NFT_TARGET_CONTROL);
		text_put(out, "\t\t");
		nft_put_equal(out, h, 48, 8, 0);
		nft_put_equal(out, h, 320, 16, PROTOCOL_ICMP6_NUMBER << 8);
		nft_put_bits(out, h, 384, 8);
		nft_put_within(out, nft_control6[i]);
		put_end(out, h, FAMILY_IP6, NFT_TARGET_CONTROL);
	}
	text_put(out, "\t\t");
	nft_put_equal(out, h, 48, 8, 0);
	nft_put_equal(out, h, 320, 16, PROTOCOL_PIM_NUMBER << 8);
	put_end(out, h, FAMILY_IP6, NFT_TARGET_CONTROL);
}

static void put_extensions(struct text *out, struct nft_hook *h)
{
	static const uint8_t headers[][2] = { { 0, 0 },	  { 43, 44 },	{ 51, 51 },
					      { 60, 60 }, { 135, 135 } };

	for (size_t i = 0; i < COUNT(headers); i++) {
		text_put(out, "\t\t");
		nft_put_bits(out, h, 48, 8);
		nft_put_within(out, headers[i]);
		put_end(out, h, FAMILY_IP6, NFT_TARGET_UNREAD);
	}
}

static void put_ip6(struct nft_hook *h)
{
	struct text lines = { 0 };

	text_put(&lines, "\t\t");
	nft_put_bits(&lines, h, 192, 8);
	text_put(&lines, "!= 0xff accept\n");
	put_control6(&lines, h);
	put_control(&lines, h, FAMILY_IP6, PROTOCOL_PIM_NUMBER);
	for (unsigned scope = 1; scope <= 2; scope++) {
		text_put(&lines, "\t\t");
		nft_put_bits(&lines, h, 200, 8);
		text_printf(&lines, "& 0x0f == 0x%02x ", scope);
		put_end(&lines, h, FAMILY_IP6, NFT_TARGET_LINK_LOCAL);
	}
	if (asks_behind_extensions(h))
		put_extensions(&lines, h);
	put_planes(&lines, h, FAMILY_IP6);
	text_printf(&h->chains, "\tchain %%%ut%cip6 {\n%s\t}\n", h->id, NFT_TAGS_MARK,
		    text_string(&lines));
	text_release(&lines);
}

/* --- by how many there are --- */

static void put_with(struct text *out, const struct text *text, unsigned tags)
{
	const char *at = text_string(text);

	for (const char *mark; *(mark = strchrnul(at, NFT_TAGS_MARK)); at = mark + 1) {
		text_put_n(out, at, (size_t)(mark - at));
		if (mark[1] >= '0' && mark[1] <= '9') {
			char *end;
			unsigned long place = strtoul(mark + 1, &end, 10);

			text_number(out, place + NFT_TAG_BITS * (tags - 1));
			mark = end - 1;
		} else {
			text_number(out, tags);
		}
	}
	text_put(out, at);
}

void nft_put_by_tags(struct text *out, const struct text *text)
{
	for (unsigned tags = NFT_TAGS_MAX; tags > 0; tags--)
		put_with(out, text, tags);
}

/* Another tag is the next chain's; behind the last that is looked at nobody knows. */
static void put_types(struct nft_hook *h, unsigned tags)
{
	static const unsigned types[] = { 0x8100, 0x88a8, 0x9100 };
	unsigned at = NFT_TAG_BITS * tags - 16;
	struct text lines = { 0 };

	text_printf(&lines, "\t\t@nh,%u,16 == 0x0800 goto %%%ut%uip4\n", at, h->id, tags);
	text_printf(&lines, "\t\t@nh,%u,16 == 0x86dd goto %%%ut%uip6\n", at, h->id, tags);
	for (size_t i = 0; i < COUNT(types); i++) {
		text_printf(&lines, "\t\t@nh,%u,16 == 0x%04x ", at, types[i]);
		if (tags < NFT_TAGS_MAX) {
			text_printf(&lines, "goto %%%ut%u\n", h->id, tags + 1);
			continue;
		}
		text_put(&lines, "meta pkttype multicast ");
		put_end(&lines, h, FAMILY_IP4, NFT_TARGET_UNREAD);
	}
	text_printf(&h->chains, "\tchain %%%ut%u {\n%s\t}\n", h->id, tags, text_string(&lines));
	text_release(&lines);
}

void nft_put_tagged(struct nft_hook *h)
{
	struct text chains = h->chains;

	h->tags = NFT_TAGGED;
	h->chains = (struct text){ 0 };
	put_ip4(h);
	put_ip6(h);
	nft_put_by_tags(&chains, &h->chains);
	text_release(&h->chains);
	h->chains = chains;
	h->tags = 0;
	for (unsigned tags = NFT_TAGS_MAX; tags > 0; tags--)
		put_types(h, tags);
}
