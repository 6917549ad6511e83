/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules as chains of nftables: what a rule does, and what it counts.  Knows how names are written, and
 * of what rules ask only the order. */
#include <assert.h>
#include <ctype.h>
#include <stdlib.h>

#include "base/memory.h"
#include "enforce/nft.h"

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
	text_char(out, '%');
	text_put(out, h->boundary->name);
	text_char(out, '/');
	text_put(out, hook_name(h->hook));
	text_put(out, refused ? ".refused/" : "/");
	text_put(out, rule);
	text_char(out, '/');
	nft_put_link(out, h->link->name);
}

/* What stands behind tags is no address to libnftables, and so no key of a set that takes new ones. */
static bool is_unread(const struct nft_hook *h, size_t index)
{
	const struct rule *rule = h->boundary->rules[index];

	return h->tags > 0 && rule->kind == RULE_MATCH && rule->action == ACTION_LIMIT &&
	       rule->limit_key != LIMIT_ALL;
}

static void put_list_name(struct text *out, const struct nft_hook *h, enum family family,
			  unsigned cell)
{
	text_printf(out, "%%%ul%ut", h->id, family);
	text_char(out, h->tags > 0 ? NFT_TAGS_MARK : '0');
	text_printf(out, "at%u", cell);
}

void nft_put_chain(struct text *out, const struct nft_hook *h, unsigned chain)
{
	text_printf(out, "%%%u", h->id);
	if (h->tags > 0)
		text_put_n(out, (const char[]){ 't', NFT_TAGS_MARK }, 2);
	text_printf(out, "c%u", chain);
}

void nft_put_goto(struct text *out, const struct nft_hook *h, enum family family, uint32_t target)
{
	bool *const *lists = family == FAMILY_IP4 ? h->lists4 : h->lists6;
	unsigned cell = target & ~NFT_TARGET_LIST;

	text_put(out, "goto ");
	if (target == NFT_TARGET_LINK_LOCAL) {
		nft_put_counting(out, h, ENFORCE_LINK_LOCAL, false);
	} else if (target == NFT_TARGET_CONTROL) {
		nft_put_counting(out, h, ENFORCE_CONTROL, false);
	} else if (target == NFT_TARGET_UNREAD) {
		nft_put_counting(out, h, ENFORCE_TAGGED_TWICE, false);
	} else if (target & NFT_TARGET_CHAIN) {
		nft_put_chain(out, h, target & ~NFT_TARGET_CHAIN);
	} else if (target & NFT_TARGET_LIST) {
		lists[h->tags][cell] = true;
		put_list_name(out, h, family, cell);
	} else if (is_unread(h, target)) {
		nft_put_counting(out, h, ENFORCE_TAGGED_TWICE, false);
	} else {
		assert(h->rules[target]);
		nft_put_counting(out, h, rule_name(h, target), false);
	}
}

/* --- chains --- */

static void put_list(struct text *out, struct nft_hook *h, enum family family, uint32_t cell)
{
	struct rule_list list = artefact_list(h->artefact, cell);

	text_put(out, "\tchain ");
	put_list_name(out, h, family, cell);
	text_put(out, " {\n");
	for (size_t i = 0; i + 1 < list.n; i++)
		nft_put_tests(out, h, family, list.rules[i]);
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

/* What accepts says nothing more: behind the end of a chain is the policy of the base chain, and a
 * verdict costs a packet as much as a test of two bytes. */
#define ACCEPTS ""
#define ACCEPTS_AT_ONCE " accept"
#define DROPS " drop"

static void put_counting_chain(struct text *out, const struct nft_hook *h, const char *rule,
			       bool refused, const char *verdict)
{
	begin_counting(out, h, rule, refused);
	text_printf(out, "\t\tcounter%s\n\t}\n", verdict);
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
	const char *pass = nft_is_met_in_jumps(h, index) ? ACCEPTS_AT_ONCE : ACCEPTS;
	const char *refusal = h->link->dry_run ? pass : DROPS;

	if (rule->kind == RULE_MATCH && rule->action == ACTION_LIMIT)
		put_limited(out, h, index, rule, refusal);
	else
		put_counting_chain(out, h, rule_name(h, index), false,
				   rule->action == ACTION_DENY ? refusal : pass);
}

/* What is never judged: a router forwards none of it, and may say all of it itself. */
static void put_unjudged_chain(struct text *out, const struct nft_hook *h, const char *name)
{
	begin_counting(out, h, name, false);
	if (h->drops_unjudged && !h->link->dry_run)
		text_put(out, "\t\tmeta iif 0 counter accept\n\t\tcounter drop\n\t}\n");
	else
		text_put(out, "\t\tcounter" ACCEPTS "\n\t}\n");
}

/* Frames that nobody can look into: as the interface fails. */
static void put_unjudged(struct text *out, const struct nft_hook *h)
{
	bool drops = h->link->fails_closed && !h->link->dry_run;

	put_unjudged_chain(out, h, ENFORCE_LINK_LOCAL);
	put_unjudged_chain(out, h, ENFORCE_CONTROL);
	if (h->table != NFT_INET)
		put_counting_chain(out, h, ENFORCE_TAGGED_TWICE, false, drops ? DROPS : ACCEPTS);
}

/* The last of a list decides in any case. */
static void meet_cells(struct nft_hook *h, enum family family, bool *is_met, const uint32_t *cells,
		       size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct rule_list list = artefact_list(h->artefact, cells[i]);

		for (size_t k = 0; k < list.n && !is_met[cells[i]]; k++)
			h->rules[list.rules[k]] |= k + 1 == list.n ||
						   nft_can_hold(h, list.rules[k], family);
		is_met[cells[i]] = true;
	}
}

static void meet_family(struct nft_hook *h, enum family family, const struct artefact_family *f)
{
	const struct artefact *a = h->artefact;
	size_t rows = f->pairs ? f->pairs->row_count : f->sources.classes;
	size_t columns = f->pairs ? f->pairs->column_count : f->groups.classes;
	bool *is_met = memory_array(a->cell_limit + 1, sizeof(*is_met));

	for (unsigned p = 0; p < a->plane_count; p++) {
		if (a->planes[p].direction != enforce_direction(h->link, h->hook))
			continue;
		meet_cells(h, family, is_met, f->cells + p * rows * columns, rows * columns);
		if (f->pairs)
			meet_cells(h, family, is_met, f->pairs->cells + p * f->pairs->n,
				   f->pairs->n);
	}
	free(is_met);
}

void nft_put_rules(struct nft_hook *h, struct text *out)
{
	meet_family(h, FAMILY_IP4, &h->artefact->ip4);
	meet_family(h, FAMILY_IP6, &h->artefact->ip6);
	put_unjudged(out, h);
	for (size_t i = 0; i < h->boundary->rule_count; i++)
		if (h->rules[i])
			put_rule(out, h, (unsigned)i);
}

static void put_lists(struct text *out, struct nft_hook *h)
{
	for (uint32_t cell = 0; cell < h->artefact->cell_limit; cell++) {
		if (h->lists4[h->tags][cell])
			put_list(out, h, FAMILY_IP4, cell);
		if (h->lists6[h->tags][cell])
			put_list(out, h, FAMILY_IP6, cell);
	}
}

void nft_put_lists(struct nft_hook *h, struct text *out)
{
	struct text lists = { 0 }, tests = { 0 }, tagged_lists = { 0 }, tagged_tests = { 0 };

	h->tags = NFT_TAGGED;
	put_lists(&tagged_lists, h);
	nft_put_test_chains(&tagged_tests, h);
	h->tags = 0;
	put_lists(&lists, h);
	nft_put_test_chains(&tests, h);
	text_put_n(out, text_string(&tests), tests.n);
	nft_put_by_tags(out, &tagged_tests);
	text_put_n(out, text_string(&lists), lists.n);
	nft_put_by_tags(out, &tagged_lists);
	text_release(&tests);
	text_release(&lists);
	text_release(&tagged_tests);
	text_release(&tagged_lists);
}

/* --- what chains refer to --- */

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

		if (!h->shared[i])
			continue;
		nft_put_mask_sets(h, i, out);
		if (rule->action == ACTION_LIMIT)
			put_limit(h, i, rule, out);
	}
}
