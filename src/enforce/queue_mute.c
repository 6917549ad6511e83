/* SPDX-License-Identifier: BSD-2-Clause */
/* What a bridge asks by itself: where it is the querier (mcast_querier), its queries of IGMP and
 * MLD leave by its ports without passing any hook at which a packet can be queued.  A table of
 * nftables of the family bridge, whose output hook sees them, drops them at the ports whose
 * boundary refuses them, and counts them by rule.  RFC 3376 4.1, RFC 3810 5.1.  Knows no policy. */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enforce/queue_rules.h"
#include "enforce/ruleset.h"

#define TABLE "weir-queries"
#define BASE "asked"
#define BRIDGE_OUTPUT 3		/* NF_BR_LOCAL_OUT, whose header does not go with the C library's */

/* Of the counter: "p1/no-query"; no interface has a slash in its name. */
#define BETWEEN '/'

static const struct {
	uint8_t protocol, type;
} queries[] = { { IPPROTO_IGMP, 0x11 }, { IPPROTO_ICMPV6, 130 } };	/* as in queue_link.mutes */

static bool is_muted(const struct queue_link *link)
{
	return link->bridge[0] != '\0' && (link->mutes[0][0] != '\0' || link->mutes[1][0] != '\0');
}

static void put_query(struct ruleset *s, const struct queue_link *link, unsigned which)
{
	char counter[sizeof(((struct queue_counter *)NULL)->name)];
	struct line line;

	snprintf(counter, sizeof(counter), "%s%c%s", link->name, BETWEEN, link->mutes[which]);
	ruleset_counter(s, counter);
	line = line_begin(s, BASE);
	line_interface(&line, NFT_META_OIFNAME, link->name);
	line_protocol(&line, queries[which].protocol);
	line_payload(&line, 0, 1);
	line_compare(&line, NFT_CMP_EQ, &queries[which].type, 1);
	line_counter(&line, counter);
	line_verdict(&line, link->dry_run ? NF_ACCEPT : NF_DROP, NULL);
	line_end(&line);
}

int queue_mute(const struct queue_plan *plan)
{
	struct queue_counters old = { 0 };
	struct ruleset s;
	bool any = false;

	for (size_t i = 0; i < plan->n; i++)
		any = any || is_muted(&plan->links[i]);
	/* counters stay until all is taken out: nobody has read what they counted last */
	if (!any && (queue_read_counters(TABLE, NFPROTO_BRIDGE, &old) < 0 || old.n == 0))
		return 0;
	free(old.list);
	ruleset_open(&s, TABLE);
	s.family = NFPROTO_BRIDGE;
	ruleset_table(&s);
	ruleset_base(&s, BASE, NULL, BRIDGE_OUTPUT, 0);
	ruleset_flush(&s);
	for (size_t i = 0; i < plan->n; i++)
		for (unsigned which = 0; which < COUNT(queries); which++)
			if (is_muted(&plan->links[i]) && plan->links[i].mutes[which][0] != '\0')
				put_query(&s, &plan->links[i], which);
	return ruleset_send(&s, true);
}

int queue_unmute(void)
{
	return ruleset_remove(TABLE, NFPROTO_BRIDGE);
}

int queue_muted(queue_muted_fn *each, void *context)
{
	struct queue_counters all = { 0 };
	int error = queue_read_counters(TABLE, NFPROTO_BRIDGE, &all);

	for (size_t i = 0; i < all.n && error == 0; i++) {
		char *rule = strchr(all.list[i].name, BETWEEN);

		if (!rule)
			continue;
		*rule++ = '\0';
		each(context, all.list[i].name, rule, all.list[i].packets, all.list[i].bytes);
	}
	free(all.list);
	return error;
}
