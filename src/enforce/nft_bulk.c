/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes parts of nft_text.c's text as netlink messages, expression by expression. */
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

#include "base/memory.h"
#include "enforce/nft_read.h"
#include "enforce/nft_tally.h"
#include "enforce/ruleset.h"

#define TABLE "weir"
#define ROOM_BYTES 8192			/* for two messages */
#define ELEMENTS_BYTES 3000		/* of a message; one element more fits in any */

/* What stands already: from its first line to the one behind it. */
struct standing {
	const char *begin, *end;
	bool	    has_rest;
};

struct bulk {
	struct ruleset rules;
	struct standing *ahead;
	size_t	       ahead_n;
	int	       fd;
	bool	       is_begun, is_whole;	/* whole: one transaction, however much it is */
	uint8_t	       family;
	uint32_t       map_count;
	int	       status;
};

/* --- transactions: as many as it takes, for nothing refers to what they bring --- */

static void send_begun(struct bulk *b)
{
	int status = b->is_begun ? ruleset_send_by(&b->rules, b->fd, b->status == 0) : 0;

	b->is_begun = false;
	b->status = b->status ? b->status : status;
}

static struct ruleset *make_room(struct bulk *b)
{
	if (b->is_begun && !b->is_whole && !nfnl_fits(&b->rules.batch, ROOM_BYTES))
		send_begun(b);
	if (!b->is_begun)
		ruleset_open(&b->rules, TABLE);
	b->is_begun = true;
	b->rules.family = b->family;
	return &b->rules;
}

/* --- lines --- */

static const uint8_t families[NFT_TABLE_COUNT] = { NFPROTO_NETDEV, NFPROTO_INET, NFPROTO_BRIDGE };

static void read_family(struct bulk *b, const char *at)
{
	for (unsigned t = 0; t < NFT_TABLE_COUNT; t++)
		if (nft_begins(at, nft_table_family(t)))
			b->family = families[t];
}

static void read_table(struct bulk *b, const char *line)
{
	read_family(b, line + strlen("table "));
}

/* --- chains --- */

static void put_counting(struct bulk *b, const char *chain, bool is_own, int32_t verdict)
{
	const uint32_t nowhere = 0;
	struct line rule = line_begin(make_room(b), chain);

	if (is_own) {
		line_meta(&rule, NFT_META_IIF);
		line_compare(&rule, NFT_CMP_EQ, &nowhere, sizeof(nowhere));
	}
	line_count(&rule);
	if (verdict != NFT_CONTINUE)
		line_verdict(&rule, verdict, NULL);
	line_end(&rule);
}

static void bring_chain(struct bulk *b, const char *line)
{
	int32_t verdict = nft_verdict_of(line);
	struct nft_name name;

	if (!nft_read_name(line + strlen("\tchain "), &name)) {
		b->status = -EBADMSG;
		return;
	}
	if (nft_is_base_chain(name.text))
		return;
	ruleset_chain(make_room(b), name.text);
	if (verdict == NFT_NO_VERDICT)
		return;
	if (nft_begins(nft_next_line(line), NFT_OWN_LINE))
		put_counting(b, name.text, true, NF_ACCEPT);
	put_counting(b, name.text, false, verdict);
}

/* --- maps --- */

static void put_map(struct bulk *b, const struct nft_map *map)
{
	struct nlmsghdr *m = ruleset_begin(make_room(b), NFT_MSG_NEWSET, NLM_F_CREATE);
	struct nlattr *description;

	mnl_attr_put_strz(m, NFTA_SET_TABLE, TABLE);
	mnl_attr_put_strz(m, NFTA_SET_NAME, map->name.text);
	mnl_attr_put_u32(m, NFTA_SET_ID, htonl(++b->map_count));
	mnl_attr_put_u32(m, NFTA_SET_FLAGS, htonl(NFT_SET_MAP));
	mnl_attr_put_u32(m, NFTA_SET_KEY_TYPE, htonl(map->key_type));
	mnl_attr_put_u32(m, NFTA_SET_KEY_LEN, htonl(map->key_bytes));
	mnl_attr_put_u32(m, NFTA_SET_DATA_TYPE, htonl(NFT_DATA_VERDICT));
	description = mnl_attr_nest_start(m, NFTA_SET_DESC);
	mnl_attr_put_u32(m, NFTA_SET_DESC_SIZE, htonl(map->size));
	mnl_attr_nest_end(m, description);
	ruleset_end(&b->rules, m);
}

static void put_element(struct nlmsghdr *m, const struct nft_map *map, const struct nft_element *e)
{
	struct nlattr *whole = mnl_attr_nest_start(m, NFTA_LIST_ELEM), *part, *verdict;

	if (e->key_bytes == 0) {
		mnl_attr_put_u32(m, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_CATCHALL));
	} else {
		part = mnl_attr_nest_start(m, NFTA_SET_ELEM_KEY);
		mnl_attr_put(m, NFTA_DATA_VALUE, map->key_bytes, e->key);
		mnl_attr_nest_end(m, part);
	}
	part = mnl_attr_nest_start(m, NFTA_SET_ELEM_DATA);
	verdict = mnl_attr_nest_start(m, NFTA_DATA_VERDICT);
	mnl_attr_put_u32(m, NFTA_VERDICT_CODE,
			 htonl((uint32_t)(e->continues ? NFT_CONTINUE : NFT_GOTO)));
	if (!e->continues)
		mnl_attr_put_strz(m, NFTA_VERDICT_CHAIN, e->chain.text);
	mnl_attr_nest_end(m, verdict);
	mnl_attr_nest_end(m, part);
	mnl_attr_nest_end(m, whole);
}

/* As many as a message takes: the first line that is none of them. */
static const char *put_elements(struct bulk *b, const struct nft_map *map, const char *line)
{
	struct nlmsghdr *m = ruleset_begin(make_room(b), NFT_MSG_NEWSETELEM, NLM_F_CREATE);
	struct nlattr *list;

	mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_TABLE, TABLE);
	mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_SET, map->name.text);
	list = mnl_attr_nest_start(m, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (; nft_begins(line, "\t\t\t") && m->nlmsg_len < ELEMENTS_BYTES; line = nft_next_line(line)) {
		struct nft_element e = { .key_bytes = 0 };

		if (nft_read_element(line, &e) &&
		    (e.key_bytes == map->key_bytes || e.key_bytes == 0))
			put_element(m, map, &e);
		else
			b->status = -EBADMSG;
	}
	mnl_attr_nest_end(m, list);
	ruleset_end(&b->rules, m);
	return line;
}

/* What is behind it. */
static const char *bring_map(struct bulk *b, const struct nft_map *map, const char *line)
{
	put_map(b, map);
	line = nft_next_line(nft_next_line(nft_next_line(line)));
	while (nft_begins(line, "\t\t\t") && b->status == 0)
		line = put_elements(b, map, line);
	return nft_next_line(nft_next_line(line));		/* both closing brackets */
}

/* --- sets without elements, which lines look into --- */

static void bring_set(struct bulk *b, const struct nft_set *set)
{
	static const struct {
		const char *type;
		uint32_t    number, bytes;
	} types[] = { { "ipv4_addr . ", NFT_TYPE_IP4 << NFT_TYPE_BITS | NFT_TYPE_IP4, 8 },
		      { "ipv6_addr . ", NFT_TYPE_IP6 << NFT_TYPE_BITS | NFT_TYPE_IP6, 32 },
		      { "ipv4_addr;", NFT_TYPE_IP4, 4 }, { "ipv6_addr;", NFT_TYPE_IP6, 16 },
		      { "ether_type;", NFT_TYPE_ETHER, 2 } };
	struct nlmsghdr *m;
	size_t i = 0;

	while (i < COUNT(types) && !nft_begins(set->type, types[i].type))
		i++;
	if (i == COUNT(types)) {
		b->status = -EBADMSG;
		return;
	}
	read_family(b, set->family);
	ruleset_table(make_room(b));
	m = ruleset_begin(make_room(b), NFT_MSG_NEWSET, NLM_F_CREATE);
	mnl_attr_put_strz(m, NFTA_SET_TABLE, TABLE);
	mnl_attr_put_strz(m, NFTA_SET_NAME, set->name.text);
	mnl_attr_put_u32(m, NFTA_SET_ID, htonl(++b->map_count));
	mnl_attr_put_u32(m, NFTA_SET_FLAGS, htonl(0));
	mnl_attr_put_u32(m, NFTA_SET_KEY_TYPE, htonl(types[i].number));
	mnl_attr_put_u32(m, NFTA_SET_KEY_LEN, htonl(types[i].bytes));
	ruleset_end(&b->rules, m);
}

/* --- lines that look addresses up --- */

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

static void put_compare(struct line *rule, const struct nft_step *step)
{
	uint32_t bytes = step->fields[0].bytes;

	if (step->is_range)
		line_range(rule, step->key, step->last, bytes);
	else
		line_compare(rule, step->is_inverted ? NFT_CMP_NEQ : NFT_CMP_EQ, step->key, bytes);
}

static void put_step(struct line *rule, const struct nft_step *step)
{
	if (step->kind == NFT_STEP_ACCEPT) {
		line_verdict(rule, NF_ACCEPT, NULL);
		return;
	}
	if (step->kind == NFT_STEP_GOTO || step->kind == NFT_STEP_JUMP) {
		bool stays = step->kind == NFT_STEP_GOTO;

		line_verdict(rule, stays ? NFT_GOTO : NFT_JUMP, step->name.text);
		return;
	}
	for (size_t i = 0; i < step->field_count; i++) {
		const struct nft_field *field = &step->fields[i];

		rule->reg = i == 0 ? NFT_REG_1 : field->is_ip6 ? NFT_REG_2 : NFT_REG32_01;
		if (field->base == NFT_META)
			line_meta(rule, field->meta);
		else if (field->base == NFT_TRANSPORT)
			line_payload(rule, field->offset, field->bytes);
		else
			line_network(rule, field->offset, field->bytes);
		if (field->is_masked)
			line_mask(rule, field->mask, field->bytes);
	}
	rule->reg = NFT_REG_1;
	if (step->kind == NFT_STEP_LOOKUP)
		line_lookup(rule, step->name.text);
	else if (step->kind == NFT_STEP_FIND)
		line_find(rule, step->name.text, step->is_inverted);
	else
		put_compare(rule, step);
}

/* What is behind the chain. */
static const char *bring_lines(struct bulk *b, const char *chain)
{
	const char *line = nft_next_line(chain);
	struct nft_step steps[NFT_STEPS_MAX];
	struct nft_name name;
	size_t n;

	if (!nft_read_name(chain + strlen("\tchain "), &name))
		b->status = -EBADMSG;
	for (; nft_begins(line, "\t\t") && b->status == 0 && nft_read_steps(line, steps, &n);
	     line = nft_next_line(line)) {
		struct line rule = line_begin(make_room(b), name.text);

		if (nft_step_reads(&steps[0]) && !steps[0].fields[0].is_raw)
			put_family(&rule, b->family, steps[0].fields[0].is_ip6);
		for (size_t i = 0; i < n; i++)
			put_step(&rule, &steps[i]);
		line_end(&rule);
	}
	return nft_next_line(line);
}

/* --- texts --- */

static const struct standing *ahead_at(const struct bulk *b, const char *line)
{
	for (size_t i = 0; i < b->ahead_n; i++)
		if (line >= b->ahead[i].begin && line < b->ahead[i].end)
			return &b->ahead[i];
	return NULL;
}

/* The next line of which something is to be brought. */
static const char *pass_ahead(const struct bulk *b, const char *line)
{
	const struct standing *ahead;

	while ((ahead = ahead_at(b, line)))
		line = ahead->end;
	return line;
}

/* What is within the braces of its table. */
static struct span body_of(const struct text *piece)
{
	const char *begin = nft_next_line(piece->p);
	size_t n = piece->n - (size_t)(begin - piece->p), end = strlen("}\n");

	return (struct span){ (const uint8_t *)begin, n > end ? n - end : 0 };
}

/* Its first line is found much faster than all of it, and stands in few places. */
static const char *find_body(const char *text, const char *end, struct span body)
{
	const char *line = memchr(body.p, '\n', body.n);
	size_t n = line ? (size_t)(line - (const char *)body.p) : body.n;

	for (; (size_t)(end - text) >= body.n; text++) {
		text = memmem(text, (size_t)(end - text), body.p, n);
		if (!text || (size_t)(end - text) < body.n)
			return NULL;
		if (memcmp(text, body.p, body.n) == 0)
			return text;
	}
	return NULL;
}

/* The body of each piece is a part of the text, to the letter. */
static void find_ahead(struct bulk *b, const char *text, const struct nft_ahead *ahead, size_t n)
{
	const char *end = text + strlen(text);

	b->ahead = memory_array(n, sizeof(*b->ahead));
	for (size_t i = 0; i < n && b->status == 0; i++) {
		struct span body = body_of(&ahead[i].text);
		const char *begin = body.n > 0 ? find_body(text, end, body) : NULL;

		if (!begin)
			b->status = -EBADMSG;
		else
			b->ahead[b->ahead_n++] = (struct standing){ begin, begin + body.n,
								    ahead[i].has_rest };
	}
}

/* Tables and chains, for maps refer to them. */
static void bring_chains(struct bulk *b, const char *text)
{
	for (const char *line = text; *(line = pass_ahead(b, line)) && b->status == 0;
	     line = nft_next_line(line)) {
		if (nft_begins(line, "table ")) {
			read_table(b, line);
			ruleset_table(make_room(b));
		} else if (nft_begins(line, "\tchain ")) {
			bring_chain(b, line);
		}
	}
}

static const char *behind_chain(const char *line)
{
	while (*line && !nft_begins(line, "\t}\n"))
		line = nft_next_line(line);
	return nft_next_line(line);
}

static void bring_maps(struct bulk *b, const char *line)
{
	struct nft_map map;
	struct nft_set set;

	while (*(line = pass_ahead(b, line)) && b->status == 0) {
		if (nft_begins(line, "table "))
			read_table(b, line);
		if (nft_read_set(line, &set))
			bring_set(b, &set);
		line = nft_read_map(line, &map) ? bring_map(b, &map, line) : nft_next_line(line);
	}
}

/* What libnftables is to bring, within the braces of its table. */
struct rest {
	struct text *out;
	const char  *table;		/* its line */
	bool	     is_open;
};

static void close_rest(struct rest *rest)
{
	if (rest->is_open)
		text_put(rest->out, "}\n");
	rest->is_open = false;
}

static void put_rest(struct rest *rest, const char *line, const char *end)
{
	if (!rest->is_open)
		text_put_n(rest->out, rest->table,
			   (size_t)(nft_next_line(rest->table) - rest->table));
	rest->is_open = true;
	text_put_n(rest->out, line, (size_t)(end - line));
}

/* Chains that count, and maps, stand already; base chains come later. */
static bool has_its_time(const char *line)
{
	struct nft_name name;
	struct nft_map map;

	if (!nft_begins(line, "\tchain "))
		return nft_read_map(line, &map);
	return nft_verdict_of(line) != NFT_NO_VERDICT ||
	       (nft_read_name(line + strlen("\tchain "), &name) && nft_is_base_chain(name.text));
}

/* Lines refer to maps and chains. */
static void bring_lookups(struct bulk *b, const char *line, struct rest *rest)
{
	while (*line && b->status == 0) {
		const struct standing *ahead = ahead_at(b, line);
		const char *next = nft_next_line(line);

		if (ahead && !ahead->has_rest) {
			next = ahead->end;
		} else if (nft_begins(line, "table ")) {
			close_rest(rest);
			rest->table = line;
			read_table(b, line);
		} else if (has_its_time(line)) {
			next = behind_chain(line);
		} else if (nft_begins(line, "\tchain ") && nft_only_looks_up(line)) {
			next = ahead ? behind_chain(line) : bring_lines(b, line);
		} else if (*line == '\t' && rest->table) {
			put_rest(rest, line, next);
		}
		line = next;
	}
	close_rest(rest);
}

/* --- base chains, all at once --- */

/* The chain of that name, in the table that begins with `family`. */
static const char *find_chain(const char *text, const struct nft_base *base)
{
	const char *end = text + strlen(text), *found;
	struct text table = { 0 }, head = { 0 };

	text_put(&table, "\ntable ");
	text_put_n(&table, base->family, strcspn(base->family, " "));
	text_put(&table, " weir {\n");
	text_printf(&head, "\n\tchain %s {\n", base->name.text);
	found = memmem(text, (size_t)(end - text), table.p, table.n);
	found = found ? memmem(found, (size_t)(end - found), head.p, head.n) : NULL;
	text_release(&table);
	text_release(&head);
	return found ? found + 1 : NULL;
}

static void turn_chain(struct bulk *b, const char *text, const struct nft_base *base)
{
	const char *chain = find_chain(text, base);

	read_family(b, base->family);
	if (!chain || !nft_only_looks_up(chain)) {
		b->status = -EBADMSG;
		return;
	}
	b->rules.family = b->family;
	ruleset_base(&b->rules, base->name.text, base->link[0] ? base->link : NULL, base->hook,
		     base->priority);
	ruleset_flush_chain(&b->rules, base->name.text);
	bring_lines(b, chain);
}

/* All in one transaction: a new one where not much is left of the one that is begun. */
static void turn(struct bulk *b, const char *text, const struct nft_objects *ended)
{
	struct nft_base base;

	if (b->is_begun && !nfnl_fits(&b->rules.batch, b->rules.batch.size / 2))
		send_begun(b);
	make_room(b);
	b->is_whole = true;
	for (size_t i = 0; i < ended->n; i++) {
		b->rules.family = families[ended->list[i].table];
		ruleset_flush_chain(&b->rules, ended->list[i].name);
	}
	for (const char *line = text; *line && b->status == 0; line = nft_next_line(line))
		if (nft_read_base(line, &base))
			turn_chain(b, text, &base);
}

int nft_bulk_turn(int fd, const char *text, const struct nft_objects *ended)
{
	struct bulk b = { .fd = fd };

	turn(&b, text, ended);
	send_begun(&b);
	return b.status;
}

int nft_bulk_ahead(int fd, struct nft_ahead *piece)
{
	struct text left = { 0 };
	struct rest rest = { .out = &left };
	struct bulk b = { .fd = fd };

	bring_chains(&b, piece->text.p);
	bring_maps(&b, piece->text.p);
	bring_lookups(&b, piece->text.p, &rest);
	send_begun(&b);
	piece->has_rest = left.n > 0;
	text_release(&left);
	return b.status;
}

int nft_bulk_bring(int fd, const char *text, const struct nft_objects *ended,
		   const struct nft_ahead *ahead, size_t ahead_n, struct text *out_rest)
{
	struct rest rest = { .out = out_rest };
	struct bulk b = { .fd = fd };

	find_ahead(&b, text, ahead, ahead_n);
	bring_chains(&b, text);
	bring_maps(&b, text);
	bring_lookups(&b, text, &rest);
	if (b.status == 0 && out_rest->n == 0)
		turn(&b, text, ended);
	send_begun(&b);
	free(b.ahead);
	return b.status;
}
