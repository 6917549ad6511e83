/* SPDX-License-Identifier: BSD-2-Clause */
/* What a rule asks besides addresses, as lines of nftables.  Protocols are numbers, for libnftables
 * reads /etc/protocols again for each name.  RFC 791 3.1, RFC 8200 4.5, RFC 2974 3, 6.  Knows no
 * verdict. */
#include "enforce/nft_field.h"
#include "enforce/nft_joined.h"

#define ALTERNATIVES_MAX 24		/* of the masks of a rule */
#define LINES_MAX 48			/* TTL, fragments, joined, flags, payloads: 2 x 2 x 2 x 3 x 2 */
#define TEXTS_MAX 8

/* Lines that are being written, each tested by itself; or alternatives, of which one must hold. */
struct lines {
	struct text list[LINES_MAX];
	size_t	    n;
};

static void release(struct lines *lines)
{
	for (size_t i = 0; i < LINES_MAX; i++)
		text_release(&lines->list[i]);
	lines->n = 0;
}

/* Every line goes on with each of the alternatives; where there are none, nothing is asked. */
static void multiply(struct lines *lines, const struct text *alternatives, size_t n)
{
	size_t before = lines->n;

	for (size_t k = 1; k < n; k++)
		for (size_t i = 0; i < before; i++)
			text_put(&lines->list[lines->n++], text_string(&lines->list[i]));
	for (size_t i = 0; i < lines->n && n > 0; i++)
		text_put(&lines->list[i], text_string(&alternatives[i / before]));
}

static void multiply_by(struct lines *lines, struct lines *any)
{
	multiply(lines, any->list, any->n);
	release(any);
}

static struct text *add(struct lines *any)
{
	return &any->list[any->n++];
}

/* --- fragments --- */

/* Else libnftables asks a bridge for the type behind the addresses, where a tag may stand. */
#define IP6 "meta protocol ip6 "

/* Behind tags no packet with extension headers comes here. */
static void ask_fragment(const struct nft_hook *h, enum family family, struct lines *any)
{
	struct text *out;

	if (family == FAMILY_IP4 && h->tags == 0)
		text_put(add(any), "ip frag-off & 0x3fff != 0 ");
	if (family == FAMILY_IP4 && h->tags > 0) {
		out = add(any);
		nft_put_bits(out, h, 48, 16);
		text_put(out, "& 0x3fff != 0 ");
	}
	if (family == FAMILY_IP4 || h->tags > 0)
		return;
	text_put(add(any), IP6 "frag frag-off != 0 ");
	text_put(add(any), IP6 "frag more-fragments 1 ");
}

static void ask_scope_f(const struct nft_hook *h, struct lines *any)
{
	struct text *out = add(any);

	if (h->tags == 0) {
		text_put(out, "ip6 daddr & f:: == f:: ");
		return;
	}
	nft_put_bits(out, h, 200, 8);
	text_put(out, "& 0x0f == 0x0f ");
}

/* A later fragment has no ports and no beginning of a message: what stands in their place the kernel
 * would compare. */
static void ask_first_fragment(const struct nft_hook *h, enum family family, struct lines *any)
{
	struct text *out;

	if (family == FAMILY_IP4) {
		out = add(any);
		if (h->tags == 0)
			text_put(out, "ip frag-off ");
		else
			nft_put_bits(out, h, 48, 16);
		text_put(out, "& 0x1fff == 0 ");
	} else if (h->tags == 0) {
		text_put(add(any), IP6 "exthdr frag missing ");
		text_put(add(any), IP6 "frag frag-off 0 ");
	}
}

/* --- what IP carries --- */

#define PORT 16, 16
#define RASADV 64, 72
#define SAP_VERSION 64, 3

static void put_udp(struct text *out, const struct nft_hook *h, enum family family)
{
	nft_put_protocol(out, h, family);
	text_put(out, "17 ");
}

static void ask_rasadv(const struct nft_hook *h, enum family family, struct lines *any)
{
	for (unsigned by_group = 0; by_group <= (family == FAMILY_IP4); by_group++) {
		struct text *out = add(any);

		put_udp(out, h, family);
		if (by_group) {
			nft_put_side(out, h, family, SIDE_GROUP);
			nft_put_value(out, h, addr_of4(UINT32_C(0xefff0202)));
			text_char(out, ' ');
		} else {
			nft_put_transport(out, h, family, PORT);
			text_put(out, "9753 ");
		}
		nft_put_transport(out, h, family, RASADV);
		text_put(out, "0x486f73746e616d653d ");		/* "Hostname=" */
	}
}

static void put_sap_version(struct text *out, const struct nft_hook *h, enum family family,
			    unsigned version)
{
	nft_put_transport(out, h, family, SAP_VERSION);
	text_printf(out, "%u ", version);
}

/* Groups of SAP, RFC 2974 3; the group of version 0 is another. */
static void ask_sap_groups(const struct nft_hook *h, enum family family, struct lines *any)
{
	static const uint32_t groups4[] = { 0xe0027ffe, 0xefc3ffff, 0xefffffff };
	struct text *out = add(any);

	put_udp(out, h, family);
	nft_put_side(out, h, family, SIDE_GROUP);
	if (family == FAMILY_IP6) {
		text_put(out, "& ");
		nft_put_value(out, h, addr_of6(UINT64_C(0xfff0ffffffffffff), UINT64_MAX));
		text_put(out, " == ");
		nft_put_value(out, h, addr_of6(UINT64_C(0xff00) << 48, 0x27ffe));
	}
	for (size_t i = 0; i < COUNT(groups4) && family == FAMILY_IP4; i++) {
		text_put(out, i ? ", " : "{ ");
		nft_put_value(out, h, addr_of4(groups4[i]));
	}
	text_put(out, family == FAMILY_IP4 ? " } " : " ");
	put_sap_version(out, h, family, 1);
	if (family == FAMILY_IP6)
		return;
	out = add(any);
	put_udp(out, h, family);
	nft_put_side(out, h, family, SIDE_GROUP);
	nft_put_value(out, h, addr_of4(UINT32_C(0xe0027fff)));
	text_char(out, ' ');
	put_sap_version(out, h, family, 0);
}

static void ask_sap(const struct nft_hook *h, enum family family, struct lines *any)
{
	struct text *out = add(any);

	put_udp(out, h, family);
	nft_put_transport(out, h, family, PORT);
	text_put(out, "9875 ");
	put_sap_version(out, h, family, 1);
	ask_sap_groups(h, family, any);
}

static void ask_recognised(const struct nft_hook *h, const struct artefact_rule *rule,
			   enum family family, struct lines *any)
{
	if (rule->recognised == PROTOCOL_RASADV) {
		ask_rasadv(h, family, any);
	} else if (rule->recognised == PROTOCOL_SAP) {
		ask_sap(h, family, any);
	} else {
		struct text *out = add(any);

		nft_put_protocol(out, h, family);
		text_put(out, family == FAMILY_IP4 ? "!= { 6, 17, 2, 103 } "
						   : "!= { 6, 17, 58, 103 } ");
	}
}

static bool asks_beyond_ip(const struct artefact_rule *rule)
{
	return rule->asks_port || rule->recognised == PROTOCOL_RASADV ||
	       rule->recognised == PROTOCOL_SAP;
}

static void ask_port(const struct nft_hook *h, const struct artefact_rule *rule,
		     enum family family, struct lines *any)
{
	struct text *out = add(any);

	nft_put_protocol(out, h, family);
	text_put(out, "{ 6, 17 } ");
	if (h->tags == 0)
		text_put(out, "th dport ");
	else
		nft_put_transport(out, h, family, PORT);
	text_printf(out, "%u-%u ", rule->port_first, rule->port_last);
}

/* --- what an IPv6 group embeds --- */

/* The alternatives of a rule's masks; none where they, or all together, would be too many, and a set
 * does better. */
static void put_masks(const struct nft_hook *h, const struct artefact_rule *rule,
		      struct lines out[ARTEFACT_MASKS])
{
	size_t product = 1;

	for (size_t i = 0; i < rule->mask_count; i++) {
		out[i].n = nft_put_mask(h, &rule->masks[i], out[i].list, ALTERNATIVES_MAX);
		if (product * out[i].n > ALTERNATIVES_MAX)
			out[i].n = 0;
		if (out[i].n == 0)
			release(&out[i]);
		else
			product *= out[i].n;
	}
}

/* A set with a name is of addresses, which what stands behind tags is not to libnftables. */
static void put_set(struct text *out, struct nft_hook *h, unsigned index, size_t i)
{
	const struct artefact_mask *mask = &h->artefact->rules[index].masks[i];

	nft_put_side(out, h, FAMILY_IP6, SIDE_GROUP);
	text_put(out, "& ");
	nft_put_value(out, h, mask->mask);
	text_char(out, ' ');
	if (h->tags > 0)
		nft_put_ranges(h, mask, out);
	else
		text_printf(out, "@%%b%ur%umask%zu", h->boundary_index, index, i);
	text_char(out, ' ');
	h->shared[index] |= h->tags == 0;
}

/* --- who asked for it --- */

static void put_find(struct text *out, const struct nft_hook *h, enum family family,
		     enum nft_joined which, const char *is)
{
	if (which == NFT_JOINED_PAIR4 || which == NFT_JOINED_PAIR6) {
		nft_put_side(out, h, family, SIDE_SOURCE);
		text_put(out, ". ");
	}
	nft_put_side(out, h, family, SIDE_GROUP);
	text_printf(out, "%s@", is);
	nft_put_joined(out, h->boundary->name, enforce_direction(h->link, h->hook), which);
	text_char(out, ' ');
}

/* Names of sets are without '%': they are of no generation.  The type before the header is what it
 * is known of. */
static void ask_joined(const struct nft_hook *h, unsigned joined, enum family family,
		       struct lines *any)
{
	enum nft_joined group = family == FAMILY_IP4 ? NFT_JOINED_GROUP4 : NFT_JOINED_GROUP6;
	struct text *out = add(any);

	if (joined == JOINED_YES) {
		put_find(out, h, family, group, "");
		put_find(add(any), h, family, group + 1, "");
		return;
	}
	if (h->tags == 0)
		text_put(out, "meta protocol ");
	else
		nft_put_type(out);
	text_put(out, "@");
	nft_put_joined(out, h->boundary->name, enforce_direction(h->link, h->hook),
		       NFT_JOINED_KNOWN);
	text_char(out, ' ');
	put_find(out, h, family, group, "!= ");
	put_find(out, h, family, group + 1, "!= ");
}

/* --- TTL --- */

static void put_ttl(struct text *out, const struct nft_hook *h, const struct artefact_rule *rule,
		    enum family family, unsigned less)
{
	unsigned first = rule->ttl_first < less ? 0 : rule->ttl_first - less;

	if (h->tags == 0)
		text_put(out, family == FAMILY_IP4 ? "ip ttl " : "ip6 hoplimit ");
	else
		nft_put_bits(out, h, family == FAMILY_IP4 ? 64 : 56, 8);
	text_printf(out, "%u-%u ", first, rule->ttl_last - less);
}

/* Policies say the TTL on arrival.  What is forwarded was decremented, and nobody sends on what had
 * none; what this machine sends, which came in nowhere, was not. */
static void ask_ttl(const struct nft_hook *h, const struct artefact_rule *rule,
		    enum family family, struct lines *any)
{
	if (!h->is_behind_decrement) {
		put_ttl(add(any), h, rule, family, 0);
		return;
	}
	if (rule->ttl_last > 0) {
		text_put(add(any), "meta iif != 0 ");
		put_ttl(&any->list[any->n - 1], h, rule, family, 1);
	}
	text_put(add(any), "meta iif 0 ");
	put_ttl(&any->list[any->n - 1], h, rule, family, 0);
}

/* --- lines --- */

bool nft_can_hold(const struct nft_hook *h, unsigned index, enum family family)
{
	const struct artefact_rule *rule = &h->artefact->rules[index];
	bool is_plain6 = family == FAMILY_IP6 && h->tags > 0;	/* and so no fragment */

	if (rule->flags == FLAG_BIT(SCOPE_F) && family == FAMILY_IP4)
		return false;
	if (rule->flags == FLAG_BIT(FRAGMENT) && is_plain6)
		return false;
	if (rule->recognised == PROTOCOL_MLD || rule->recognised == PROTOCOL_MSDP)
		return false;				/* never at data */
	for (size_t i = 0; i < rule->mask_count && family == FAMILY_IP6; i++)
		if (rule->masks[i].n == 0)
			return false;
	return true;
}

static void multiply_by_flags(struct lines *lines, const struct nft_hook *h,
			      const struct artefact_rule *rule, enum family family)
{
	struct lines any = { .n = 0 };

	if (rule->flags & FLAG_BIT(FRAGMENT))
		ask_fragment(h, family, &any);
	if (rule->flags & FLAG_BIT(SCOPE_F) && family == FAMILY_IP6)
		ask_scope_f(h, &any);
	multiply_by(lines, &any);
}

/* What is asked beyond the IP header. */
static void multiply_by_payload(struct lines *lines, const struct nft_hook *h,
				const struct artefact_rule *rule, enum family family)
{
	struct lines first = { .n = 0 }, port = { .n = 0 };

	if (asks_beyond_ip(rule))
		ask_first_fragment(h, family, &first);
	if (rule->asks_port)
		ask_port(h, rule, family, &port);
	multiply_by(lines, &first);
	multiply_by(lines, &port);
}

/* "%0m12t0" */
static void put_test_chain(struct text *out, const struct nft_hook *h, const char *kind,
			   unsigned index)
{
	text_printf(out, "%%%u%s%ut", h->id, kind, index);
	text_char(out, h->tags > 0 ? NFT_TAGS_MARK : '0');
}

static void put_lines(struct text *out, struct nft_hook *h, enum family family, unsigned index,
		      struct lines *lines, const char *jump)
{
	for (size_t i = 0; i < lines->n; i++) {
		text_printf(out, "\t\t%s", text_string(&lines->list[i]));
		if (jump) {
			text_put(out, "jump ");
			put_test_chain(out, h, jump, index);
		} else {
			nft_put_goto(out, h, family, index);
		}
		text_char(out, '\n');
	}
	release(lines);
}

/* What is one test is asked by who jumps. */
static bool has_mask_chain(const struct artefact_rule *rule)
{
	for (size_t i = 0; i < rule->mask_count; i++)
		if (!nft_is_one_test(&rule->masks[i]))
			return true;
	return false;
}

bool nft_is_met_in_jumps(const struct nft_hook *h, unsigned index)
{
	const struct artefact_rule *rule = &h->artefact->rules[index];

	return index < h->boundary->match_count &&
	       (has_mask_chain(rule) || (rule->joined && h->table != NFT_INET));
}

static void multiply_by_tests(struct lines *lines, const struct nft_hook *h,
			      const struct artefact_rule *rule)
{
	for (size_t i = 0; i < rule->mask_count; i++) {
		struct lines any = { .n = 0 };

		if (nft_is_one_test(&rule->masks[i]))
			any.n = nft_put_mask(h, &rule->masks[i], any.list, 1);
		multiply_by(lines, &any);
	}
}

/* Where to go on: what an IPv6 group embeds is asked in a chain of its own, which returns where it is
 * not so, for many lists ask for the same; behind tags who asked for it is, too. */
static const char *jump_of(struct nft_hook *h, const struct artefact_rule *rule,
			   enum family family, unsigned index)
{
	if (family == FAMILY_IP6 && has_mask_chain(rule)) {
		h->masked[h->tags][index] = true;
		return "m";
	}
	if (h->tags > 0 && rule->joined) {
		(family == FAMILY_IP4 ? h->joined4 : h->joined6)[h->tags][index] = true;
		return family == FAMILY_IP4 ? "j4r" : "j6r";
	}
	return NULL;
}

void nft_put_tests(struct text *out, struct nft_hook *h, enum family family, unsigned index)
{
	const struct artefact_rule *rule = &h->artefact->rules[index];
	struct lines lines = { .n = 1 }, ttl = { .n = 0 }, joined = { .n = 0 };
	struct lines recognised = { .n = 0 };

	if (!nft_can_hold(h, index, family))
		return;
	if (rule->asks_ttl)
		ask_ttl(h, rule, family, &ttl);
	multiply_by(&lines, &ttl);
	multiply_by_payload(&lines, h, rule, family);
	if (rule->joined && h->tags == 0)
		ask_joined(h, rule->joined, family, &joined);
	multiply_by(&lines, &joined);
	multiply_by_flags(&lines, h, rule, family);
	if (rule->recognised != PROTOCOL_COUNT)
		ask_recognised(h, rule, family, &recognised);
	multiply_by(&lines, &recognised);
	if (family == FAMILY_IP6)
		multiply_by_tests(&lines, h, rule);
	put_lines(out, h, family, index, &lines, jump_of(h, rule, family, index));
}

static void put_mask_chain(struct text *out, struct nft_hook *h, unsigned index)
{
	const struct artefact_rule *rule = &h->artefact->rules[index];
	struct lines lines = { .n = 1 }, masks[ARTEFACT_MASKS] = { { .n = 0 } };
	bool asks = h->tags > 0 && rule->joined;

	put_masks(h, rule, masks);
	for (size_t i = 0; i < rule->mask_count; i++) {
		if (masks[i].n == 0)
			put_set(add(&masks[i]), h, index, i);
		if (nft_is_one_test(&rule->masks[i]))
			release(&masks[i]);
		multiply_by(&lines, &masks[i]);
	}
	text_put(out, "\tchain ");
	put_test_chain(out, h, "m", index);
	text_put(out, " {\n");
	h->joined6[h->tags][index] |= asks;
	put_lines(out, h, FAMILY_IP6, index, &lines, asks ? "j6r" : NULL);
	text_put(out, "\t}\n");
}

/* By itself nothing but look-ups, which need not be text (nft_bulk.c). */
static void put_joined_chain(struct text *out, struct nft_hook *h, enum family family,
			     unsigned index)
{
	struct lines lines = { .n = 0 };

	ask_joined(h, h->artefact->rules[index].joined, family, &lines);
	text_put(out, "\tchain ");
	put_test_chain(out, h, family == FAMILY_IP4 ? "j4r" : "j6r", index);
	text_put(out, " {\n");
	put_lines(out, h, family, index, &lines, NULL);
	text_put(out, "\t}\n");
}

/* Chains of masks first: they add to those of who asked, but stand behind them. */
void nft_put_test_chains(struct text *out, struct nft_hook *h)
{
	struct text masks = { 0 };

	for (unsigned i = 0; i < h->boundary->match_count; i++)
		if (h->masked[h->tags][i])
			put_mask_chain(&masks, h, i);
	for (unsigned i = 0; i < h->boundary->match_count; i++) {
		if (h->joined4[h->tags][i])
			put_joined_chain(out, h, FAMILY_IP4, i);
		if (h->joined6[h->tags][i])
			put_joined_chain(out, h, FAMILY_IP6, i);
	}
	text_put_n(out, text_string(&masks), masks.n);
	text_release(&masks);
}

/* --- what chains refer to --- */

void nft_put_mask_sets(const struct nft_hook *h, size_t index, struct text *out)
{
	const struct artefact_rule *asked = &h->artefact->rules[index];
	struct nft_hook untagged = *h;
	struct lines masks[ARTEFACT_MASKS] = { { .n = 0 } };

	untagged.tags = 0;
	put_masks(&untagged, asked, masks);
	for (size_t k = 0; k < asked->mask_count; k++) {
		bool is_set = masks[k].n == 0 && asked->masks[k].n > 0;

		release(&masks[k]);
		if (!is_set)
			continue;
		text_printf(out, "\tset %%b%ur%zumask%zu {\n\t\ttype ipv6_addr; flags interval; "
			    "elements = ", h->boundary_index, index, k);
		nft_put_ranges(&untagged, &asked->masks[k], out);
		text_put(out, ";\n\t}\n");
	}
}
