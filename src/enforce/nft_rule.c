/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules as chains of nftables: what a rule asks besides addresses, what it does, and what it counts.
 * Knows how names are written. */
#include <ctype.h>
#include <stdlib.h>

#include "enforce/nft.h"
#include "enforce/nft_joined.h"

#define ALTERNATIVES_MAX 24		/* of the masks of a rule */
#define LINES_MAX 48			/* TTL, fragments, joined, flags, payloads: 2 x 2 x 2 x 3 x 2 */
#define SOURCES_LIMITED 65536		/* buckets of one rule; what comes when all are taken is refused */
#define HASH_TIMEOUT_MIN_S 60

const char *nft_table_family(enum nft_table table)
{
	static const char *const names[NFT_TABLE_COUNT] = { "netdev", "inet", "bridge" };

	return names[table];
}

/* --- names --- */

static bool is_plain(unsigned char c)
{
	return isalnum(c) || c == '-' || c == '_' || c == '.';
}

void nft_put_link(struct text *out, const char *link)
{
	for (; *link; link++) {
		if (is_plain((unsigned char)*link))
			text_char(out, *link);
		else
			text_printf(out, "/%02x", (unsigned char)*link);
	}
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_link(char *text)
{
	char *out = text;

	for (; *text; text++) {
		int high, low;

		if (*text != '/') {
			*out++ = *text;
			continue;
		}
		high = hex_digit(text[1]);
		low = high < 0 ? -1 : hex_digit(text[2]);
		if (low < 0)
			return false;
		*out++ = (char)(high << 4 | low);
		text += 2;
	}
	*out = '\0';
	return true;
}

static char *cut(char **rest)
{
	return *rest ? strsep(rest, "/") : NULL;
}

bool nft_counter_parse(char *name, struct enforce_count *out)
{
	char *rest = name, *boundary = cut(&rest), *hook = cut(&rest), *rule = cut(&rest);
	char *refused = hook ? strchr(hook, '.') : NULL;

	if (!rest || !read_link(rest))
		return false;
	if (refused)
		*refused++ = '\0';
	if ((refused && strcmp(refused, "refused") != 0) ||
	    (strcmp(hook, hook_name(HOOK_INGRESS)) != 0 &&
	     strcmp(hook, hook_name(HOOK_EGRESS)) != 0))
		return false;
	*out = (struct enforce_count){
		.boundary = boundary, .rule = rule, .link = rest, .refused = refused != NULL,
		.hook = hook[0] == 'i' ? HOOK_INGRESS : HOOK_EGRESS, .backend = BACKEND_NFTABLES,
	};
	return true;
}

static const char *rule_name(const struct nft_hook *h, size_t index)
{
	return index + 1 == h->boundary->rule_count ? "default" : h->boundary->rules[index]->name;
}

void nft_put_counting(struct text *out, const struct nft_hook *h, const char *rule, bool refused)
{
	text_printf(out, "%%%s/%s%s/%s/", h->boundary->name, hook_name(h->hook),
		    refused ? ".refused" : "", rule);
	nft_put_link(out, h->link->name);
}

void nft_put_goto(struct text *out, const struct nft_hook *h, enum family family, uint32_t target)
{
	unsigned cell = target & ~NFT_TARGET_LIST;

	text_put(out, "goto ");
	if (target == NFT_TARGET_LINK_LOCAL) {
		nft_put_counting(out, h, ENFORCE_LINK_LOCAL, false);
	} else if (target == NFT_TARGET_CONTROL) {
		nft_put_counting(out, h, ENFORCE_CONTROL, false);
	} else if (target & NFT_TARGET_CHAIN) {
		text_printf(out, "%%%uc%u", h->id, target & ~NFT_TARGET_CHAIN);
	} else if (target & NFT_TARGET_LIST) {
		(family == FAMILY_IP4 ? h->lists4 : h->lists6)[cell] = true;
		text_printf(out, "%%%ul%uat%u", h->id, family, cell);
	} else {
		h->rules[target] = true;
		nft_put_counting(out, h, rule_name(h, target), false);
	}
}

/* --- tests: protocols are numbers, for nftables reads /etc/protocols again for each name --- */

/* Alternatives, of which one must hold; none: nothing is asked. */
struct any_of {
	const char *list[8];
	size_t	    n;
};

/* Else libnftables asks a bridge for the type behind the addresses, where a tag may stand. */
#define IP6 "meta protocol ip6 "

static struct any_of ask_flags(const struct artefact_rule *rule, enum family family)
{
	struct any_of out = { .n = 0 };

	if (rule->flags & FLAG_BIT(FRAGMENT) && family == FAMILY_IP4)
		out.list[out.n++] = "ip frag-off & 0x3fff != 0 ";
	if (rule->flags & FLAG_BIT(FRAGMENT) && family == FAMILY_IP6) {
		out.list[out.n++] = IP6 "frag frag-off != 0 ";
		out.list[out.n++] = IP6 "frag more-fragments 1 ";
	}
	if (rule->flags & FLAG_BIT(SCOPE_F) && family == FAMILY_IP6)
		out.list[out.n++] = "ip6 daddr & f:: == f:: ";
	return out;
}

#define RASADV "@th,64,72 0x486f73746e616d653d "	/* "Hostname=" */
#define SAP "@th,64,3 1 "				/* version 1: RFC 2974 6 */

static struct any_of ask_recognised(const struct artefact_rule *rule, enum family family)
{
	bool is4 = family == FAMILY_IP4;

	if (rule->recognised == PROTOCOL_RASADV)
		return (struct any_of){ { "udp dport 9753 " RASADV,
					  "meta l4proto 17 ip daddr 239.255.2.2 " RASADV },
					is4 ? 2 : 1 };
	if (rule->recognised == PROTOCOL_SAP)
		return (struct any_of){ { "udp dport 9875 " SAP,
					  is4 ? "meta l4proto 17 ip daddr { 224.2.127.254, "
						"239.195.255.255, 239.255.255.255 } " SAP
					      : "meta l4proto 17 ip6 daddr & fff0:ffff:ffff:ffff:"
						"ffff:ffff:ffff:ffff == ff00::2:7ffe " SAP,
					  "meta l4proto 17 ip daddr 224.2.127.255 @th,64,3 0 " },
					is4 ? 3 : 2 };
	return (struct any_of){ { is4 ? "meta l4proto != { 6, 17, 2, 103 } "
				      : "meta l4proto != { 6, 17, 58, 103 } " }, 1 };
}

static bool can_hold(const struct artefact_rule *rule, enum family family)
{
	if (rule->flags == FLAG_BIT(SCOPE_F) && family == FAMILY_IP4)
		return false;
	if (rule->recognised == PROTOCOL_MLD || rule->recognised == PROTOCOL_MSDP)
		return false;				/* never at data */
	for (size_t i = 0; i < rule->mask_count && family == FAMILY_IP6; i++)
		if (rule->masks[i].n == 0)
			return false;
	return true;
}

/* Lines that are being written: each is tested by itself. */
struct lines {
	struct text list[LINES_MAX];
	size_t	    n;
};

/* Every line goes on with each of the alternatives. */
static void multiply(struct lines *lines, const struct text *alternatives, size_t n)
{
	size_t before = lines->n;

	for (size_t k = 1; k < n; k++)
		for (size_t i = 0; i < before; i++)
			text_put(&lines->list[lines->n++], text_string(&lines->list[i]));
	for (size_t i = 0; i < lines->n; i++)
		text_put(&lines->list[i], text_string(&alternatives[i / before]));
}

static void multiply_by(struct lines *lines, const struct any_of *any)
{
	struct text alternatives[COUNT(any->list)] = { { 0 } };

	for (size_t i = 0; i < any->n; i++)
		text_put(&alternatives[i], any->list[i]);
	if (any->n > 0)
		multiply(lines, alternatives, any->n);
	for (size_t i = 0; i < any->n; i++)
		text_release(&alternatives[i]);
}

/* Which masks of a rule become named sets, for they, or all together, have too many alternatives. */
static void choose_sets(const struct artefact_rule *rule, bool out[ARTEFACT_MASKS])
{
	size_t product = 1;

	for (size_t i = 0; i < rule->mask_count; i++) {
		struct text alternatives[ALTERNATIVES_MAX] = { { 0 } };
		size_t n = nft_put_mask(&rule->masks[i], alternatives, ALTERNATIVES_MAX);

		out[i] = n == 0 || product * n > ALTERNATIVES_MAX;
		product *= out[i] ? 1 : n;
		for (size_t k = 0; k < ALTERNATIVES_MAX; k++)
			text_release(&alternatives[k]);
	}
}

static void multiply_by_mask(struct lines *lines, struct nft_hook *h, unsigned index, size_t i,
			     bool is_set)
{
	const struct artefact_mask *mask = &h->artefact->rules[index].masks[i];
	struct text alternatives[ALTERNATIVES_MAX] = { { 0 } };
	char text[ADDR_TEXT];
	size_t n = 1;

	if (is_set)
		text_printf(&alternatives[0], "ip6 daddr & %s @%%b%ur%umask%zu ",
			    addr_text(mask->mask, text), h->boundary_index, index, i);
	else
		n = nft_put_mask(mask, alternatives, ALTERNATIVES_MAX);
	multiply(lines, alternatives, n);
	h->shared[index] |= is_set;
	for (size_t k = 0; k < ALTERNATIVES_MAX; k++)
		text_release(&alternatives[k]);
}

static void put_lines(struct text *out, struct nft_hook *h, enum family family, unsigned index,
		      struct lines *lines, bool jumps)
{
	for (size_t i = 0; i < lines->n; i++) {
		text_printf(out, "\t\t%s", text_string(&lines->list[i]));
		if (jumps)
			text_printf(out, "jump %%%um%u", h->id, index);
		else
			nft_put_goto(out, h, family, index);
		text_char(out, '\n');
	}
	for (size_t i = 0; i < LINES_MAX; i++)
		text_release(&lines->list[i]);
}

/* What an IPv6 group embeds is asked in a chain of its own, which returns where it is not so: many
 * lists ask for the same. */
static void put_mask_chain(struct text *out, struct nft_hook *h, unsigned index)
{
	const struct artefact_rule *rule = &h->artefact->rules[index];
	struct lines lines = { .n = 1 };
	bool sets[ARTEFACT_MASKS] = { false };

	choose_sets(rule, sets);
	for (size_t i = 0; i < rule->mask_count; i++)
		multiply_by_mask(&lines, h, index, i, sets[i]);
	text_printf(out, "\tchain %%%um%u {\n", h->id, index);
	put_lines(out, h, FAMILY_IP6, index, &lines, false);
	text_put(out, "\t}\n");
}

static void put_ttl(struct text *out, const struct artefact_rule *rule, enum family family,
		    unsigned less, const char *whose)
{
	unsigned first = rule->ttl_first < less ? 0 : rule->ttl_first - less;

	text_printf(out, "%s%s %u-%u ", whose, family == FAMILY_IP4 ? "ip ttl" : "ip6 hoplimit",
		    first, rule->ttl_last - less);
}

/* Policies say the TTL on arrival.  What is forwarded was decremented, and nobody sends on what had
 * none; what this machine sends, which came in nowhere, was not. */
static void multiply_by_ttl(struct lines *lines, const struct nft_hook *h,
			    const struct artefact_rule *rule, enum family family)
{
	struct text alternatives[2] = { { 0 } };
	size_t n = 0;

	if (!h->is_behind_decrement)
		put_ttl(&alternatives[n++], rule, family, 0, "");
	if (h->is_behind_decrement && rule->ttl_last > 0)
		put_ttl(&alternatives[n++], rule, family, 1, "meta iif != 0 ");
	if (h->is_behind_decrement)
		put_ttl(&alternatives[n++], rule, family, 0, "meta iif 0 ");
	multiply(lines, alternatives, n);
	for (size_t i = 0; i < n; i++)
		text_release(&alternatives[i]);
}

static bool asks_beyond_ip(const struct artefact_rule *rule)
{
	return rule->asks_port || rule->recognised == PROTOCOL_RASADV ||
	       rule->recognised == PROTOCOL_SAP;
}

/* A later fragment has no ports and no beginning of a message: what stands in their place the kernel
 * would compare. */
static struct any_of ask_first_fragment(enum family family)
{
	if (family == FAMILY_IP4)
		return (struct any_of){ { "ip frag-off & 0x1fff == 0 " }, 1 };
	return (struct any_of){ { IP6 "exthdr frag missing ", IP6 "frag frag-off 0 " }, 2 };
}

/* Names of sets are without '%': they are of no generation. */
static void multiply_by_joined(struct lines *lines, const struct nft_hook *h, unsigned joined,
			       enum family family)
{
	const char *ip = family == FAMILY_IP4 ? "ip" : "ip6", *is = joined == JOINED_NO ? "!= " : "";
	enum nft_joined group = family == FAMILY_IP4 ? NFT_JOINED_GROUP4 : NFT_JOINED_GROUP6;
	enum direction direction = enforce_direction(h->link, h->hook);
	struct text asked[2] = { { 0 } }, *pairs = &asked[joined == JOINED_YES];

	if (joined == JOINED_NO) {
		text_put(asked, "meta protocol @");
		nft_put_joined(asked, h->boundary->name, direction, NFT_JOINED_KNOWN);
		text_char(asked, ' ');
	}
	text_printf(asked, "%s daddr %s@", ip, is);
	nft_put_joined(asked, h->boundary->name, direction, group);
	text_char(asked, ' ');
	text_printf(pairs, "%s saddr . %s daddr %s@", ip, ip, is);
	nft_put_joined(pairs, h->boundary->name, direction, group + 1);
	text_char(pairs, ' ');
	multiply(lines, asked, joined == JOINED_YES ? 2 : 1);
	text_release(&asked[0]);
	text_release(&asked[1]);
}

static void multiply_by_port(struct lines *lines, const struct artefact_rule *rule)
{
	struct text ports = { 0 };

	text_printf(&ports, "meta l4proto { 6, 17 } th dport %u-%u ", rule->port_first,
		    rule->port_last);
	multiply(lines, &ports, 1);
	text_release(&ports);
}

/* One line for each combination of alternatives. */
static void put_tests(struct text *out, struct nft_hook *h, enum family family, unsigned index)
{
	const struct artefact_rule *rule = &h->artefact->rules[index];
	struct any_of flags = ask_flags(rule, family), recognised = ask_recognised(rule, family);
	struct any_of first = ask_first_fragment(family);
	bool jumps = family == FAMILY_IP6 && rule->mask_count > 0;
	struct lines lines = { .n = 1 };

	if (!can_hold(rule, family))
		return;
	if (rule->asks_ttl)
		multiply_by_ttl(&lines, h, rule, family);
	if (asks_beyond_ip(rule))
		multiply_by(&lines, &first);
	if (rule->asks_port)
		multiply_by_port(&lines, rule);
	if (rule->joined)
		multiply_by_joined(&lines, h, rule->joined, family);
	if (rule->flags)
		multiply_by(&lines, &flags);
	if (rule->recognised != PROTOCOL_COUNT)
		multiply_by(&lines, &recognised);
	h->masked[index] |= jumps;
	put_lines(out, h, family, index, &lines, jumps);
}

/* --- chains --- */

static void put_list(struct text *out, struct nft_hook *h, enum family family, uint32_t cell)
{
	struct rule_list list = artefact_list(h->artefact, cell);

	text_printf(out, "\tchain %%%ul%uat%u {\n", h->id, family, cell);
	for (size_t i = 0; i + 1 < list.n; i++)
		put_tests(out, h, family, list.rules[i]);
	text_put(out, "\t\t");
	nft_put_goto(out, h, family, list.rules[list.n - 1]);
	text_put(out, "\n\t}\n");
}

/* The packets of a chain's lines are those of its name. */
static void begin_counting(struct text *out, const struct nft_hook *h, const char *rule,
			   bool refused)
{
	text_put(out, "\tchain ");
	nft_put_counting(out, h, rule, refused);
	text_put(out, " {\n");
}

static void put_counting_chain(struct text *out, const struct nft_hook *h, const char *rule,
			       bool refused, const char *verdict)
{
	begin_counting(out, h, rule, refused);
	text_printf(out, "\t\tcounter %s\n\t}\n", verdict);
}

static const char *unit_name(const struct rate *rate)
{
	return rate->unit_s == 1 ? "second" : rate->unit_s == 60 ? "minute" : "hour";
}

/* At `data` the speaker is the source. */
static void put_limited(struct text *out, struct nft_hook *h, unsigned index,
			const struct rule *rule, const char *refusal)
{
	const char *const families[] = { "ip", "ip6" };

	h->shared[index] = true;
	put_counting_chain(out, h, rule->name, true, refusal);
	begin_counting(out, h, rule->name, false);
	for (size_t i = 0; i < 2 && rule->limit_key != LIMIT_ALL; i++)
		text_printf(out, "\t\tupdate @%%b%ur%u%s { %s saddr limit rate %u/%s burst "
			    "%u packets } counter accept\n", h->boundary_index, index, families[i],
			    families[i], rule->rate.n, unit_name(&rule->rate), rule->rate.burst);
	if (rule->limit_key == LIMIT_ALL)
		text_printf(out, "\t\tlimit name %%b%ur%ulimit counter accept\n", h->boundary_index,
			    index);
	text_put(out, "\t\tgoto ");
	nft_put_counting(out, h, rule->name, true);
	text_put(out, "\n\t}\n");
}

static void put_rule(struct text *out, struct nft_hook *h, unsigned index)
{
	const struct rule *rule = h->boundary->rules[index];
	const char *refusal = h->link->dry_run ? "accept" : "drop";

	if (rule->kind == RULE_MATCH && rule->action == ACTION_LIMIT)
		put_limited(out, h, index, rule, refusal);
	else
		put_counting_chain(out, h, rule_name(h, index), false,
				   rule->action == ACTION_DENY ? refusal : "accept");
}

/* What is never judged: a router forwards none of it, and may say all of it itself. */
static void put_unjudged_chain(struct text *out, const struct nft_hook *h, const char *name)
{
	begin_counting(out, h, name, false);
	if (h->drops_unjudged && !h->link->dry_run)
		text_put(out, "\t\tmeta iif 0 counter accept\n\t\tcounter drop\n\t}\n");
	else
		text_put(out, "\t\tcounter accept\n\t}\n");
}

static void put_unjudged(struct text *out, const struct nft_hook *h)
{
	put_unjudged_chain(out, h, ENFORCE_LINK_LOCAL);
	put_unjudged_chain(out, h, ENFORCE_CONTROL);
	if (h->hook == HOOK_INGRESS)
		put_unjudged_chain(out, h, ENFORCE_TAGGED_TWICE);
}

void nft_put_rules(struct nft_hook *h, struct text *out)
{
	struct text lists = { 0 }, masks = { 0 };

	for (uint32_t cell = 0; cell < h->artefact->cell_limit; cell++) {
		if (h->lists4[cell])
			put_list(&lists, h, FAMILY_IP4, cell);
		if (h->lists6[cell])
			put_list(&lists, h, FAMILY_IP6, cell);
	}
	for (size_t i = 0; i < h->boundary->match_count; i++)
		if (h->masked[i])
			put_mask_chain(&masks, h, (unsigned)i);
	put_unjudged(out, h);
	for (size_t i = 0; i < h->boundary->rule_count; i++)
		if (h->rules[i])
			put_rule(out, h, (unsigned)i);
	text_put_n(out, text_string(&masks), masks.n);
	text_put_n(out, text_string(&lists), lists.n);
	text_release(&masks);
	text_release(&lists);
}

/* --- what chains refer to --- */

static void put_mask_set(const struct artefact_mask *mask, struct text *out)
{
	char text[ADDR_TEXT];

	text_put(out, " {\n\t\ttype ipv6_addr; flags interval; elements = {");
	for (size_t i = 0; i < mask->n; i++) {
		text_printf(out, "%s%s", i ? ", " : " ", addr_text(mask->ranges[i].first, text));
		if (!addr_equal(mask->ranges[i].first, mask->ranges[i].last))
			text_printf(out, "-%s", addr_text(mask->ranges[i].last, text));
	}
	text_put(out, " };\n\t}\n");
}

/* A bucket that nobody asks for is full again after this time and may be forgotten. */
static uint64_t full_after_s(const struct rate *rate)
{
	uint64_t s = (uint64_t)rate->burst * rate->unit_s / (rate->n ? rate->n : 1) + 1;

	return s < HASH_TIMEOUT_MIN_S ? HASH_TIMEOUT_MIN_S : s;
}

static void put_limit(const struct nft_hook *h, size_t index, const struct rule *rule,
		      struct text *out)
{
	if (rule->limit_key == LIMIT_ALL) {
		text_printf(out, "\tlimit %%b%ur%zulimit { rate %u/%s burst %u packets; }\n",
			    h->boundary_index, index, rule->rate.n, unit_name(&rule->rate),
			    rule->rate.burst);
		return;
	}
	for (unsigned v = 4; v <= 6; v += 2)
		text_printf(out, "\tset %%b%ur%zu%s { type ipv%u_addr; size %u; "
			    "flags dynamic,timeout; timeout %llus; }\n", h->boundary_index, index,
			    v == 4 ? "ip" : "ip6", v, SOURCES_LIMITED,
			    (unsigned long long)full_after_s(&rule->rate));
}

void nft_put_shared(const struct nft_hook *h, struct text *out)
{
	for (size_t i = 0; i < h->boundary->match_count; i++) {
		const struct rule *rule = h->boundary->rules[i];
		const struct artefact_rule *asked = &h->artefact->rules[i];
		bool sets[ARTEFACT_MASKS];

		if (!h->shared[i])
			continue;
		choose_sets(asked, sets);
		for (size_t k = 0; k < asked->mask_count; k++) {
			if (!sets[k] || asked->masks[k].n == 0)
				continue;
			text_printf(out, "\tset %%b%ur%zumask%zu", h->boundary_index, i, k);
			put_mask_set(&asked->masks[k], out);
		}
		if (rule->action == ACTION_LIMIT)
			put_limit(h, i, rule, out);
	}
}
