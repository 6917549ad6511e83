/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes parts of nft_text.c's text as netlink messages.  Knows some forms of it, to the letter, and
 * believes no length: the text comes from another process.  RFC 791 3.1, RFC 8200 3. */
#include "enforce/nft_bulk.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "enforce/nft_tally.h"
#include "enforce/ruleset.h"

#define TABLE "weir"
#define NAME_MAX_BYTES 255		/* of the kernel's names, without NUL */
#define ROOM_BYTES 8192			/* for two messages */
#define ELEMENTS_BYTES 3000		/* of a message; one element more fits in any */
#define NO_VERDICT INT32_MIN

/* Numbers that nftables gives to its types. */
#define TYPE_IP4 7
#define TYPE_IP6 8

struct bulk {
	struct ruleset rules;
	bool	       is_begun;
	uint8_t	       family;
	uint32_t       map_count;
	int	       status;
};

/* --- transactions: as many as it takes, for nothing refers to what they bring --- */

static void send_begun(struct bulk *b)
{
	int status = b->is_begun ? ruleset_send(&b->rules, true) : 0;

	b->is_begun = false;
	b->status = b->status ? b->status : status;
}

static struct ruleset *make_room(struct bulk *b)
{
	if (b->is_begun && !nfnl_fits(&b->rules.batch, ROOM_BYTES))
		send_begun(b);
	if (!b->is_begun)
		ruleset_open(&b->rules, TABLE);
	b->is_begun = true;
	b->rules.family = b->family;
	return &b->rules;
}

/* --- lines --- */

static bool begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

struct name {
	char text[NAME_MAX_BYTES + 1];
};

/* False where it is longer than any. */
static bool read_name(const char *at, struct name *out)
{
	size_t n = strcspn(at, " ,\n");

	if (n == 0 || n > NAME_MAX_BYTES)
		return false;
	memcpy(out->text, at, n);
	out->text[n] = '\0';
	return true;
}

static void read_table(struct bulk *b, const char *line)
{
	static const uint8_t families[NFT_TABLE_COUNT] = { NFPROTO_NETDEV, NFPROTO_INET,
							   NFPROTO_BRIDGE };

	for (unsigned t = 0; t < NFT_TABLE_COUNT; t++)
		if (begins(line + strlen("table "), nft_table_family(t)))
			b->family = families[t];
}

/* --- chains --- */

#define UNJUDGED "\t\tmeta iif 0 counter accept\n"	/* what comes in nowhere, this machine sends */

/* Of a chain that only counts. */
static int32_t verdict_of(const char *chain)
{
	const char *line = next_line(chain);

	if (begins(line, UNJUDGED))
		line = next_line(line);
	return begins(line, "\t\tcounter accept\n\t}\n") ? NF_ACCEPT
	       : begins(line, "\t\tcounter drop\n\t}\n") ? NF_DROP
							: NO_VERDICT;
}

static void put_counting(struct bulk *b, const char *chain, bool is_own, int32_t verdict)
{
	const uint32_t nowhere = 0;
	struct line rule = line_begin(make_room(b), chain);

	if (is_own) {
		line_meta(&rule, NFT_META_IIF);
		line_compare(&rule, NFT_CMP_EQ, &nowhere, sizeof(nowhere));
	}
	line_count(&rule);
	line_verdict(&rule, verdict, NULL);
	line_end(&rule);
}

static void bring_chain(struct bulk *b, const char *line)
{
	int32_t verdict = verdict_of(line);
	struct name name;

	if (!read_name(line + strlen("\tchain "), &name)) {
		b->status = -EBADMSG;
		return;
	}
	if (nft_is_base_chain(name.text))
		return;
	ruleset_chain(make_room(b), name.text);
	if (verdict == NO_VERDICT)
		return;
	if (begins(next_line(line), UNJUDGED))
		put_counting(b, name.text, true, NF_ACCEPT);
	put_counting(b, name.text, false, verdict);
}

/* --- maps --- */

struct map {
	struct name name;
	uint32_t    type, key_bytes, size;
};

/* "\tmap NAME {\n\t\ttype ipv4_addr : verdict; size N\n\t\telements = {\n", or false. */
static bool read_map(const char *line, struct map *out)
{
	static const char ip4[] = "\t\ttype ipv4_addr : verdict; size ";
	static const char ip6[] = "\t\ttype ipv6_addr : verdict; size ";
	const char *type = next_line(line);
	bool is4 = begins(type, ip4);

	if (!begins(line, "\tmap ") || (!is4 && !begins(type, ip6)) ||
	    !begins(next_line(type), "\t\telements = {\n"))
		return false;
	out->type = is4 ? TYPE_IP4 : TYPE_IP6;
	out->key_bytes = is4 ? 4 : 16;
	out->size = (uint32_t)strtoul(type + strlen(ip4), NULL, 10);
	return read_name(line + strlen("\tmap "), &out->name);
}

static void put_map(struct bulk *b, const struct map *map)
{
	struct nlmsghdr *m = ruleset_begin(make_room(b), NFT_MSG_NEWSET, NLM_F_CREATE);
	struct nlattr *description;

	mnl_attr_put_strz(m, NFTA_SET_TABLE, TABLE);
	mnl_attr_put_strz(m, NFTA_SET_NAME, map->name.text);
	mnl_attr_put_u32(m, NFTA_SET_ID, htonl(++b->map_count));
	mnl_attr_put_u32(m, NFTA_SET_FLAGS, htonl(NFT_SET_MAP));
	mnl_attr_put_u32(m, NFTA_SET_KEY_TYPE, htonl(map->type));
	mnl_attr_put_u32(m, NFTA_SET_KEY_LEN, htonl(map->key_bytes));
	mnl_attr_put_u32(m, NFTA_SET_DATA_TYPE, htonl(NFT_DATA_VERDICT));
	description = mnl_attr_nest_start(m, NFTA_SET_DESC);
	mnl_attr_put_u32(m, NFTA_SET_DESC_SIZE, htonl(map->size));
	mnl_attr_nest_end(m, description);
	ruleset_end(&b->rules, m);
}

struct element {
	uint8_t	    key[16];
	struct name chain;
	bool	    is_catch_all;		/* and continues */
};

static bool read_address(const char *at, size_t n, uint8_t out[16])
{
	struct addr a;

	if (!addr_parse(at, n, &a))
		return false;
	if (a.family == FAMILY_IP4) {
		uint32_t address = htonl((uint32_t)a.lo);

		memcpy(out, &address, sizeof(address));
	} else {
		uint64_t halves[2] = { htobe64(a.hi), htobe64(a.lo) };

		memcpy(out, halves, sizeof(halves));
	}
	return true;
}

/* "\t\t\tADDRESS : goto NAME,\n", "\t\t\t* : continue\n". */
static bool read_element(const char *line, struct element *out)
{
	static const char middle[] = " : goto ";
	const char *key = line + strlen("\t\t\t");
	size_t n = strcspn(key, " \n");

	out->is_catch_all = begins(key, "* : continue\n");
	return out->is_catch_all ||
	       (begins(key + n, middle) && read_address(key, n, out->key) &&
		read_name(key + n + strlen(middle), &out->chain));
}

static void put_element(struct nlmsghdr *m, const struct map *map, const struct element *e)
{
	struct nlattr *whole = mnl_attr_nest_start(m, NFTA_LIST_ELEM), *part, *verdict;

	if (e->is_catch_all) {
		mnl_attr_put_u32(m, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_CATCHALL));
	} else {
		part = mnl_attr_nest_start(m, NFTA_SET_ELEM_KEY);
		mnl_attr_put(m, NFTA_DATA_VALUE, map->key_bytes, e->key);
		mnl_attr_nest_end(m, part);
	}
	part = mnl_attr_nest_start(m, NFTA_SET_ELEM_DATA);
	verdict = mnl_attr_nest_start(m, NFTA_DATA_VERDICT);
	mnl_attr_put_u32(m, NFTA_VERDICT_CODE,
			 htonl((uint32_t)(e->is_catch_all ? NFT_CONTINUE : NFT_GOTO)));
	if (!e->is_catch_all)
		mnl_attr_put_strz(m, NFTA_VERDICT_CHAIN, e->chain.text);
	mnl_attr_nest_end(m, verdict);
	mnl_attr_nest_end(m, part);
	mnl_attr_nest_end(m, whole);
}

/* As many as a message takes: the first line that is none of them. */
static const char *put_elements(struct bulk *b, const struct map *map, const char *line)
{
	struct nlmsghdr *m = ruleset_begin(make_room(b), NFT_MSG_NEWSETELEM, NLM_F_CREATE);
	struct nlattr *list;

	mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_TABLE, TABLE);
	mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_SET, map->name.text);
	list = mnl_attr_nest_start(m, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (; begins(line, "\t\t\t") && m->nlmsg_len < ELEMENTS_BYTES; line = next_line(line)) {
		struct element e = { .is_catch_all = false };

		if (read_element(line, &e))
			put_element(m, map, &e);
		else
			b->status = -EBADMSG;
	}
	mnl_attr_nest_end(m, list);
	ruleset_end(&b->rules, m);
	return line;
}

/* What is behind it. */
static const char *bring_map(struct bulk *b, const struct map *map, const char *line)
{
	put_map(b, map);
	line = next_line(next_line(next_line(line)));
	while (begins(line, "\t\t\t") && b->status == 0)
		line = put_elements(b, map, line);
	return next_line(next_line(line));		/* both closing brackets */
}

/* --- lines that look addresses up --- */

/* "ip daddr & MASK vmap @NAME ", "ip saddr == ADDRESS ", ... or the verdict that ends a line. */
struct step {
	enum { STEP_LOOKUP, STEP_COMPARE, STEP_GOTO, STEP_JUMP } kind;
	bool	    is_ip6, is_masked;
	uint32_t    offset, bytes;		/* of the address, in its header */
	uint8_t	    mask[16], key[16];
	struct name name;
};

static bool skip(const char **at, const char *word)
{
	if (!begins(*at, word))
		return false;
	*at += strlen(word);
	return true;
}

static bool skip_address(const char **at, uint8_t out[16])
{
	size_t n = strcspn(*at, " \n");

	if (!read_address(*at, n, out))
		return false;
	*at += n;
	return skip(at, " ");
}

static bool skip_name(const char **at, struct name *out)
{
	if (!read_name(*at, out))
		return false;
	*at += strlen(out->text);
	return skip(at, " ") || **at == '\n';
}

static bool read_field(const char **at, struct step *out)
{
	static const struct {
		const char *word;
		uint32_t    offset, bytes;
	} fields[] = { { "ip saddr ", 12, 4 }, { "ip daddr ", 16, 4 }, { "ip6 saddr ", 8, 16 },
		       { "ip6 daddr ", 24, 16 } };

	for (size_t i = 0; i < COUNT(fields); i++) {
		if (!skip(at, fields[i].word))
			continue;
		out->offset = fields[i].offset;
		out->bytes = fields[i].bytes;
		out->is_ip6 = fields[i].bytes == 16;
		out->is_masked = skip(at, "& ");
		return !out->is_masked || skip_address(at, out->mask);
	}
	return false;
}

static bool read_step(const char **at, struct step *out)
{
	if (skip(at, "goto ")) {
		out->kind = STEP_GOTO;
		return skip_name(at, &out->name);
	}
	if (skip(at, "jump ")) {
		out->kind = STEP_JUMP;
		return skip_name(at, &out->name);
	}
	if (!read_field(at, out))
		return false;
	if (skip(at, "vmap @")) {
		out->kind = STEP_LOOKUP;
		return skip_name(at, &out->name);
	}
	out->kind = STEP_COMPARE;
	return skip(at, "== ") && skip_address(at, out->key);
}

/* As libnftables asks before it reads an address. */
static void put_family(struct line *rule, uint8_t table, bool is_ip6)
{
	const uint16_t ether = htons(is_ip6 ? ETH_P_IPV6 : ETH_P_IP);
	const uint8_t family = is_ip6 ? NFPROTO_IPV6 : NFPROTO_IPV4;

	line_meta(rule, table == NFPROTO_INET ? NFT_META_NFPROTO : NFT_META_PROTOCOL);
	if (table == NFPROTO_INET)
		line_compare(rule, NFT_CMP_EQ, &family, sizeof(family));
	else
		line_compare(rule, NFT_CMP_EQ, &ether, sizeof(ether));
}

static void put_step(struct line *rule, const struct step *step)
{
	if (step->kind == STEP_GOTO || step->kind == STEP_JUMP) {
		line_verdict(rule, step->kind == STEP_GOTO ? NFT_GOTO : NFT_JUMP, step->name.text);
		return;
	}
	line_network(rule, step->offset, step->bytes);
	if (step->is_masked)
		line_mask(rule, step->mask, step->bytes);
	if (step->kind == STEP_LOOKUP)
		line_lookup(rule, step->name.text);
	else
		line_compare(rule, NFT_CMP_EQ, step->key, step->bytes);
}

#define STEPS_MAX 8			/* of a line: no message holds many more */

/* False where the line has another form. */
static bool read_steps(const char *at, struct step out[STEPS_MAX], size_t *out_n)
{
	*out_n = 0;
	if (!skip(&at, "\t\t"))
		return false;
	while (*at != '\n') {
		if (*out_n == STEPS_MAX || !read_step(&at, &out[*out_n]))
			return false;
		(*out_n)++;
	}
	return *out_n > 0;
}

/* Whether all lines of a chain are such. */
static bool only_looks_up(const char *chain)
{
	struct step steps[STEPS_MAX];
	const char *line = next_line(chain);
	struct name name;
	size_t n;

	if (!read_name(chain + strlen("\tchain "), &name) || nft_is_base_chain(name.text))
		return false;
	for (; begins(line, "\t\t"); line = next_line(line))
		if (!read_steps(line, steps, &n))
			return false;
	return begins(line, "\t}\n");
}

/* What is behind the chain. */
static const char *bring_lines(struct bulk *b, const char *chain)
{
	const char *line = next_line(chain);
	struct step steps[STEPS_MAX];
	struct name name;
	size_t n;

	if (!read_name(chain + strlen("\tchain "), &name))
		b->status = -EBADMSG;
	for (; begins(line, "\t\t") && b->status == 0 && read_steps(line, steps, &n);
	     line = next_line(line)) {
		struct line rule = line_begin(make_room(b), name.text);

		if (steps[0].kind == STEP_LOOKUP || steps[0].kind == STEP_COMPARE)
			put_family(&rule, b->family, steps[0].is_ip6);
		for (size_t i = 0; i < n; i++)
			put_step(&rule, &steps[i]);
		line_end(&rule);
	}
	return next_line(line);
}

/* --- texts --- */

/* Tables and chains, for maps refer to them. */
static void bring_chains(struct bulk *b, const char *text)
{
	for (const char *line = text; *line && b->status == 0; line = next_line(line)) {
		if (begins(line, "table ")) {
			read_table(b, line);
			ruleset_table(make_room(b));
		} else if (begins(line, "\tchain ")) {
			bring_chain(b, line);
		}
	}
}

static const char *behind_chain(const char *line)
{
	while (*line && !begins(line, "\t}\n"))
		line = next_line(line);
	return next_line(line);
}

static void bring_maps(struct bulk *b, const char *line)
{
	struct map map;

	while (*line && b->status == 0) {
		if (begins(line, "table "))
			read_table(b, line);
		line = read_map(line, &map) ? bring_map(b, &map, line) : next_line(line);
	}
}

/* Lines refer to maps and chains. */
static void bring_lookups(struct bulk *b, const char *line, struct text *rest)
{
	struct map map;

	while (*line && b->status == 0) {
		const char *next = next_line(line);

		if (begins(line, "table "))
			read_table(b, line);
		if (begins(line, "\tchain ") && verdict_of(line) != NO_VERDICT) {
			line = behind_chain(line);
		} else if (begins(line, "\tchain ") && only_looks_up(line)) {
			line = bring_lines(b, line);
		} else if (read_map(line, &map)) {
			line = behind_chain(line);
		} else {
			text_put_n(rest, line, (size_t)(next - line));
			line = next;
		}
	}
}

int nft_bulk_bring(const char *text, struct text *out_rest)
{
	struct bulk b = { .status = 0 };

	bring_chains(&b, text);
	bring_maps(&b, text);
	bring_lookups(&b, text, out_rest);
	send_begun(&b);
	return b.status;
}
