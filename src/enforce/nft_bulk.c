/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes parts of nft_text.c's text as netlink messages.  Knows three forms of it, to the letter, and
 * believes no length: the text comes from another process. */
#include "enforce/nft_bulk.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
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

/* Of a chain that only counts. */
static int32_t verdict_of(const char *chain)
{
	const char *line = next_line(chain);

	return begins(line, "\t\tcounter accept\n\t}\n") ? NF_ACCEPT
	       : begins(line, "\t\tcounter drop\n\t}\n") ? NF_DROP
							: NO_VERDICT;
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
	if (verdict != NO_VERDICT) {
		struct line rule = line_begin(&b->rules, name.text);

		line_count(&rule);
		line_verdict(&rule, verdict, NULL);
		line_end(&rule);
	}
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

/* "\t\t\tADDRESS : goto NAME,\n", "\t\t\t* : continue\n". */
static bool read_element(const char *line, struct element *out)
{
	static const char middle[] = " : goto ";
	const char *key = line + strlen("\t\t\t");
	size_t n = strcspn(key, " \n");
	struct addr a;

	out->is_catch_all = begins(key, "* : continue\n");
	if (out->is_catch_all)
		return true;
	if (!addr_parse(key, n, &a) || !begins(key + n, middle))
		return false;
	if (a.family == FAMILY_IP4) {
		uint32_t address = htonl((uint32_t)a.lo);

		memcpy(out->key, &address, sizeof(address));
	} else {
		uint64_t halves[2] = { htobe64(a.hi), htobe64(a.lo) };

		memcpy(out->key, halves, sizeof(halves));
	}
	return read_name(key + n + strlen(middle), &out->chain);
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

static void bring_maps(struct bulk *b, const char *line, struct text *rest)
{
	while (*line && b->status == 0) {
		const char *next = next_line(line);
		struct map map;

		if (begins(line, "table "))
			read_table(b, line);
		if (read_map(line, &map)) {
			line = bring_map(b, &map, line);
		} else if (begins(line, "\tchain ") && verdict_of(line) != NO_VERDICT) {
			line = next_line(next_line(next));
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
	bring_maps(&b, text, out_rest);
	send_begun(&b);
	return b.status;
}
