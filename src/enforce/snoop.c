/* SPDX-License-Identifier: BSD-2-Clause */
/* A table of the family bridge with two base chains: one where packets arrive, before the bridge
 * decides where they go, and one where it hands them to a port, before any other rule.  Maps of
 * interface names lead to the counters.  Knows no policy and no memberships. */
#include "enforce/snoop.h"

#include <arpa/inet.h>
#include <limits.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enforce/queue_rules.h"
#include "enforce/ruleset.h"

#define TABLE "weir-snooping"
#define TYPE_INTERFACE 41	/* the number that nftables gives to names of interfaces */
#define IP4_GROUP (16u)		/* destinations in the network header */
#define IP6_GROUP (24u)

/* Where it is counted; the words name chains, maps and counters. */
static const struct way {
	const char *name;
	uint32_t    hook, key;
	int32_t	    priority;
} ways[] = {
	{ "offered", 0 /* NF_BR_PRE_ROUTING */, NFT_META_IIFNAME, 300 },
	{ "passed", 2 /* NF_BR_FORWARD */, NFT_META_OIFNAME, -300 },
};
#define OFFERED (&ways[0])
#define PASSED (&ways[1])

static void put_base(struct ruleset *s, const struct way *way)
{
	struct nlmsghdr *m = ruleset_begin(s, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	struct nlattr *nest;

	mnl_attr_put_strz(m, NFTA_CHAIN_TABLE, s->table);
	mnl_attr_put_strz(m, NFTA_CHAIN_NAME, way->name);
	nest = mnl_attr_nest_start(m, NFTA_CHAIN_HOOK);
	mnl_attr_put_u32(m, NFTA_HOOK_HOOKNUM, htonl(way->hook));
	mnl_attr_put_u32(m, NFTA_HOOK_PRIORITY, htonl((uint32_t)way->priority));
	mnl_attr_nest_end(m, nest);
	mnl_attr_put_strz(m, NFTA_CHAIN_TYPE, "filter");
	ruleset_end(s, m);
}

static void put_map(struct ruleset *s, const struct way *way, uint32_t id)
{
	struct nlmsghdr *m = ruleset_begin(s, NFT_MSG_NEWSET, NLM_F_CREATE);

	mnl_attr_put_strz(m, NFTA_SET_TABLE, s->table);
	mnl_attr_put_strz(m, NFTA_SET_NAME, way->name);
	mnl_attr_put_u32(m, NFTA_SET_ID, htonl(id));
	mnl_attr_put_u32(m, NFTA_SET_FLAGS, htonl(NFT_SET_MAP));
	mnl_attr_put_u32(m, NFTA_SET_KEY_TYPE, htonl(TYPE_INTERFACE));
	mnl_attr_put_u32(m, NFTA_SET_KEY_LEN, htonl(SNOOP_NAME));
	mnl_attr_put_u32(m, NFTA_SET_DATA_TYPE, htonl(NFT_DATA_VERDICT));
	ruleset_end(s, m);
	m = ruleset_begin(s, NFT_MSG_DELSETELEM, 0);	/* all of them */
	mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_TABLE, s->table);
	mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_SET, way->name);
	ruleset_end(s, m);
}

static void put_element(struct ruleset *s, const struct way *way, const char *interface,
			const char *chain)
{
	struct nlmsghdr *m = ruleset_begin(s, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
	struct nlattr *list, *whole, *part, *verdict;
	char key[SNOOP_NAME] = "";

	snprintf(key, sizeof(key), "%s", interface);
	mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_TABLE, s->table);
	mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_SET, way->name);
	list = mnl_attr_nest_start(m, NFTA_SET_ELEM_LIST_ELEMENTS);
	whole = mnl_attr_nest_start(m, NFTA_LIST_ELEM);
	part = mnl_attr_nest_start(m, NFTA_SET_ELEM_KEY);
	mnl_attr_put(m, NFTA_DATA_VALUE, sizeof(key), key);
	mnl_attr_nest_end(m, part);
	part = mnl_attr_nest_start(m, NFTA_SET_ELEM_DATA);
	verdict = mnl_attr_nest_start(m, NFTA_DATA_VERDICT);
	mnl_attr_put_u32(m, NFTA_VERDICT_CODE, htonl((uint32_t)NFT_GOTO));
	mnl_attr_put_strz(m, NFTA_VERDICT_CHAIN, chain);
	mnl_attr_nest_end(m, verdict);
	mnl_attr_nest_end(m, part);
	mnl_attr_nest_end(m, whole);
	mnl_attr_nest_end(m, list);
	ruleset_end(s, m);
}

/* --- which packets: data to groups that a bridge's snooping is about --- */

static const struct kind {
	uint16_t type;				/* in the Ethernet header */
	uint32_t offset, length;		/* of the group's first bytes */
	uint8_t	 mask[4], group[4];		/* of all groups */
	uint8_t	 link_mask[4], link_groups[2][4];	/* of those of one link */
	uint8_t	 control[2];			/* protocols that are not data */
} kinds[] = {
	{ ETHERTYPE_IP, IP4_GROUP, 4, { 0xf0 }, { 0xe0 }, { 0xff, 0xff, 0xff },
	  { { 0xe0 }, { 0xe0 } }, { IPPROTO_IGMP, IPPROTO_PIM } },
	{ ETHERTYPE_IPV6, IP6_GROUP, 2, { 0xff }, { 0xff }, { 0xff, 0x0f },
	  { { 0xff, 0x01 }, { 0xff, 0x02 } }, { IPPROTO_ICMPV6, IPPROTO_PIM } },
};

static void put_group(struct line *line, const struct kind *kind, const uint8_t *mask,
		      const uint8_t *group)
{
	line_network(line, kind->offset, kind->length);
	line_mask(line, mask, kind->length);
	line_compare(line, NFT_CMP_EQ, group, kind->length);
}

static void put_kind(struct ruleset *s, const struct way *way, const struct kind *kind)
{
	uint16_t type = htons(kind->type);
	char chain[RULESET_NAME];
	struct line line;

	snprintf(chain, sizeof(chain), "%s:%04x", way->name, kind->type);
	ruleset_chain(s, chain);
	line = line_begin(s, way->name);
	line_meta(&line, NFT_META_PROTOCOL);
	line_compare(&line, NFT_CMP_EQ, &type, sizeof(type));
	put_group(&line, kind, kind->mask, kind->group);
	line_verdict(&line, NFT_JUMP, chain);
	line_end(&line);
	for (unsigned i = 0; i < 2; i++) {
		line = line_begin(s, chain);
		put_group(&line, kind, kind->link_mask, kind->link_groups[i]);
		line_verdict(&line, NFT_RETURN, NULL);
		line_end(&line);
		line = line_begin(s, chain);
		line_protocol(&line, kind->control[i]);
		line_verdict(&line, NFT_RETURN, NULL);
		line_end(&line);
	}
	line = line_begin(s, chain);
	line_meta(&line, way->key);
	line_lookup(&line, way->name);
	line_end(&line);
}

/* --- ports --- */

static bool is_first_of_bridge(const struct snoop_port *ports, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(ports[i].bridge, ports[at].bridge) == 0)
			return false;
	return true;
}

static void name_counter(const struct way *way, const char *port, char out[RULESET_NAME])
{
	snprintf(out, RULESET_NAME, "%s/%s", way->name, port);
}

/* What comes to a bridge, for each of its ports but the one that it comes by. */
static void put_bridge(struct ruleset *s, const struct snoop_port *ports, size_t n, size_t at)
{
	const char *bridge = ports[at].bridge;
	char chain[RULESET_NAME], counter[RULESET_NAME];

	snprintf(chain, sizeof(chain), "bridge:%s", bridge);
	ruleset_chain(s, chain);
	for (size_t i = 0; i < n; i++) {
		char padded[SNOOP_NAME] = "";
		struct line line;

		if (strcmp(ports[i].bridge, bridge) != 0)
			continue;
		put_element(s, OFFERED, ports[i].name, chain);
		if (!ports[i].is_counted)
			continue;
		snprintf(padded, sizeof(padded), "%s", ports[i].name);
		name_counter(OFFERED, ports[i].name, counter);
		ruleset_counter(s, counter);
		line = line_begin(s, chain);
		line_meta(&line, NFT_META_IIFNAME);
		line_compare(&line, NFT_CMP_NEQ, padded, sizeof(padded));
		line_counter(&line, counter);
		line_end(&line);
	}
}

static void put_passed(struct ruleset *s, const struct snoop_port *port)
{
	char chain[RULESET_NAME], counter[RULESET_NAME];
	struct line line;

	snprintf(chain, sizeof(chain), "port:%s", port->name);
	name_counter(PASSED, port->name, counter);
	ruleset_chain(s, chain);
	ruleset_counter(s, counter);
	line = line_begin(s, chain);
	line_counter(&line, counter);
	line_end(&line);
	put_element(s, PASSED, port->name, chain);
}

static bool is_standing(void)
{
	struct queue_counters all = { 0 };
	int error = queue_read_counters(TABLE, NFPROTO_BRIDGE, &all);

	free(all.list);
	return error == 0 && all.n > 0;
}

int snoop_install(const struct snoop_port *ports, size_t n)
{
	struct ruleset s;

	if (n == 0 && !is_standing())
		return 0;
	ruleset_open(&s, TABLE);
	s.family = NFPROTO_BRIDGE;
	ruleset_table(&s);
	for (unsigned i = 0; i < COUNT(ways); i++)
		put_base(&s, &ways[i]);
	ruleset_flush(&s);
	for (unsigned i = 0; i < COUNT(ways); i++)
		put_map(&s, &ways[i], i + 1);
	for (size_t i = 0; i < n; i++) {
		if (is_first_of_bridge(ports, i))
			put_bridge(&s, ports, n, i);
		if (ports[i].is_counted)
			put_passed(&s, &ports[i]);
	}
	for (unsigned i = 0; i < COUNT(ways) && n > 0; i++)
		for (unsigned k = 0; k < COUNT(kinds); k++)
			put_kind(&s, &ways[i], &kinds[k]);
	return ruleset_send(&s, true);
}

int snoop_remove(void)
{
	return ruleset_remove(TABLE, NFPROTO_BRIDGE);
}

int snoop_counts(snoop_fn *each, void *context)
{
	struct queue_counters all = { 0 };
	int error = queue_read_counters(TABLE, NFPROTO_BRIDGE, &all);

	for (size_t i = 0; i < all.n && error == 0; i++) {
		const struct queue_counter *c = &all.list[i];
		const char *port = strchr(c->name, '/');

		if (port)
			each(context, port + 1, c->name[0] == PASSED->name[0], c->packets,
			     c->bytes);
	}
	free(all.list);
	return error;
}
