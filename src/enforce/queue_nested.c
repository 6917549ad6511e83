/* SPDX-License-Identifier: BSD-2-Clause */
/* Control packets under two VLAN tags: a bridge hands only those with one tag, or none, to
 * the queue, so where it fails closed the others are dropped at the port, and counted.  IEEE
 * 802.1Q, 802.1ad.  The kernel has taken the first tag; the network header begins with the
 * second.  Knows no queue. */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <net/ethernet.h>
#include <stdio.h>

#include "enforce/queue_rules.h"
#include "enforce/ruleset.h"

#define ETHERTYPE_8021AD 0x88a8
#define TAG_TYPE	 2u		/* where the second tag says what it carries */
#define IP4_PROTOCOL	 (4u + 9u)
#define IP6_NEXT	 (4u + 6u)
#define IP6_BEHIND	 (4u + 40u)	/* the first byte behind the header */

struct test {
	uint32_t offset;
	uint8_t	 value;
};

/* IGMP, PIM; MLD stands behind a hop-by-hop header, Router Advertisements do not. */
static const struct {
	uint16_t    type;
	struct test tests[2];
	unsigned    n;
} kinds[] = {
	{ ETHERTYPE_IP, { { IP4_PROTOCOL, 2 } }, 1 },
	{ ETHERTYPE_IP, { { IP4_PROTOCOL, 103 } }, 1 },
	{ ETHERTYPE_IPV6, { { IP6_NEXT, 103 } }, 1 },
	{ ETHERTYPE_IPV6, { { IP6_NEXT, 0 }, { IP6_BEHIND, 58 } }, 2 },
	{ ETHERTYPE_IPV6, { { IP6_NEXT, 58 }, { IP6_BEHIND, 134 } }, 2 },
};

static void put_kind(struct ruleset *s, const char *chain, size_t kind, const char *drop)
{
	struct line line = line_begin(s, chain);
	uint16_t type = htons(kinds[kind].type);

	line_network(&line, TAG_TYPE, sizeof(type));
	line_compare(&line, NFT_CMP_EQ, &type, sizeof(type));
	for (unsigned i = 0; i < kinds[kind].n; i++) {
		line_network(&line, kinds[kind].tests[i].offset, 1);
		line_compare(&line, NFT_CMP_EQ, &kinds[kind].tests[i].value, 1);
	}
	line_verdict(&line, NFT_GOTO, drop);
	line_end(&line);
}

static void put_entry(struct ruleset *s, const char *chain, uint16_t tag, const char *to)
{
	struct line line = line_begin(s, chain);
	uint16_t type = htons(tag);

	line_meta(&line, NFT_META_PROTOCOL);
	line_compare(&line, NFT_CMP_EQ, &type, sizeof(type));
	line_verdict(&line, NFT_GOTO, to);
	line_end(&line);
}

static void put_port(struct ruleset *s, const struct queue_link *link, uint32_t hook,
		     const char *way)
{
	char base[RULESET_NAME], nested[RULESET_NAME + 8], drop[RULESET_NAME + 8];
	char counter[RULESET_NAME];
	struct line line;

	snprintf(counter, sizeof(counter), "nested-%s:%s", way, link->name);
	snprintf(base, sizeof(base), "%s:%s", way, link->name);
	snprintf(nested, sizeof(nested), "%s:nested", base);
	snprintf(drop, sizeof(drop), "%s:drop", base);
	ruleset_counter(s, counter);
	ruleset_chain(s, drop);
	ruleset_chain(s, nested);
	ruleset_base(s, base, link->name, hook, 0);
	put_entry(s, base, ETHERTYPE_VLAN, nested);
	put_entry(s, base, ETHERTYPE_8021AD, nested);
	for (size_t i = 0; i < COUNT(kinds); i++)
		put_kind(s, nested, i, drop);
	line = line_begin(s, drop);
	line_counter(&line, counter);
	line_verdict(&line, NF_DROP, NULL);
	line_end(&line);
}

void queue_put_nested(struct ruleset *s, const struct queue_plan *plan)
{
	s->family = NFPROTO_NETDEV;
	ruleset_table(s);
	ruleset_flush(s);
	for (size_t i = 0; i < plan->n; i++) {
		const struct queue_link *link = &plan->links[i];

		if (link->bridge[0] == '\0' || link->fail_open)
			continue;
		if (link->arriving)
			put_port(s, link, NF_NETDEV_INGRESS, "in");
		if (link->leaving && s->has_egress)
			put_port(s, link, NF_NETDEV_EGRESS, "out");
	}
}
