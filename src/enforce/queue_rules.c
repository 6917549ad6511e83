/* SPDX-License-Identifier: BSD-2-Clause */
/* The rules that bring control packets to the queue: a table of nftables of weir's own, with
 * a counter before every queue.  RFC 3376 4 (IGMP), RFC 3810 5 (MLD), RFC 7761 4.9 (PIM),
 * RFC 4861 4.2 (Router Advertisements). libnftables cannot say an xtables target, so the
 * rules are written as the kernel reads them.  Knows no packet. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_NFQUEUE.h>
#include <linux/netfilter/xt_physdev.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "enforce/queue.h"
#include "enforce/queue_rules.h"
#include "enforce/ruleset.h"
#include "enforce/tap.h"

#define TABLE "weir-control"
#define DUMP_BYTES 8192
#define PRIORITY (-150)		/* as the mangle table; behind connection tracking and defragmentation */

static const struct {
	const char *chain;
	uint32_t    hook;
} bases[QUEUE_HOOK_COUNT] = {
	[QUEUE_RECEIVED] = { "received", NF_INET_PRE_ROUTING },
	[QUEUE_FORWARDED] = { "forwarded", NF_INET_FORWARD },
	[QUEUE_SENT] = { "sent", NF_INET_LOCAL_OUT },
};

const char *queue_hook_name(enum queue_hook hook)
{
	return bases[hook].chain;
}

/* The match that knows a bridge's ports has a form for each family, and none for both. */
static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };

/* The port of a bridge, which nftables has no word for. */
static void put_port(struct line *r, bool leaving, const char *name)
{
	struct xt_physdev_info info = { .bitmask = leaving ? XT_PHYSDEV_OP_OUT : XT_PHYSDEV_OP_IN };
	struct nest n = line_open(r, "match");

	snprintf(leaving ? info.physoutdev : info.physindev, QUEUE_NAME, "%s", name);
	memset(leaving ? info.out_mask : info.in_mask, 0xff, strlen(name) + 1);
	mnl_attr_put_strz(r->message, NFTA_MATCH_NAME, "physdev");
	mnl_attr_put_u32(r->message, NFTA_MATCH_REV, htonl(0));
	mnl_attr_put(r->message, NFTA_MATCH_INFO, sizeof(info), &info);
	line_close(r, n);
}

static void put_statement(struct line *r, uint16_t number, bool bypass)
{
	struct nest n = line_open(r, "queue");

	mnl_attr_put_u16(r->message, NFTA_QUEUE_NUM, htons(number));
	mnl_attr_put_u16(r->message, NFTA_QUEUE_TOTAL, htons(1));
	mnl_attr_put_u16(r->message, NFTA_QUEUE_FLAGS, htons(bypass ? NFT_QUEUE_FLAG_BYPASS : 0));
	line_close(r, n);
}

static void put_target(struct line *r, uint16_t number, bool bypass)
{
	struct xt_NFQ_info_v3 info = { .queuenum = number, .queues_total = 1,
				       .flags = bypass ? NFQ_FLAG_BYPASS : 0 };
	struct nest n = line_open(r, "target");

	mnl_attr_put_strz(r->message, NFTA_TARGET_NAME, "NFQUEUE");
	mnl_attr_put_u32(r->message, NFTA_TARGET_REV, htonl(3));
	mnl_attr_put(r->message, NFTA_TARGET_INFO, sizeof(info), &info);
	line_close(r, n);
}

static void put_queue(struct line *r, enum queue_means means, uint16_t number, bool bypass)
{
	if (means == QUEUE_BY_STATEMENT)
		put_statement(r, number, bypass);
	else
		put_target(r, number, bypass);
}

static void put_base(struct ruleset *s, enum queue_hook hook)
{
	struct nlmsghdr *m = ruleset_begin(s, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	struct nlattr *nest;

	mnl_attr_put_strz(m, NFTA_CHAIN_TABLE, s->table);
	mnl_attr_put_strz(m, NFTA_CHAIN_NAME, bases[hook].chain);
	nest = mnl_attr_nest_start(m, NFTA_CHAIN_HOOK);
	mnl_attr_put_u32(m, NFTA_HOOK_HOOKNUM, htonl(bases[hook].hook));
	mnl_attr_put_u32(m, NFTA_HOOK_PRIORITY, htonl((uint32_t)PRIORITY));
	mnl_attr_nest_end(m, nest);
	mnl_attr_put_strz(m, NFTA_CHAIN_TYPE, "filter");
	ruleset_end(s, m);
}

/* --- the rules of a link --- */

/* weir's own Register-Stops, which the RP would have sent, are marked. */
static void put_own(struct ruleset *s)
{
	struct line r = line_begin(s, bases[QUEUE_SENT].chain);
	uint32_t mark = QUEUE_MARK;

	line_meta(&r, NFT_META_MARK);
	line_compare(&r, NFT_CMP_EQ, &mark, sizeof(mark));
	line_verdict(&r, NFT_RETURN, NULL);
	line_end(&r);
}

/* What this machine sends to a group that it has joined comes back to it, as if it had
 * arrived: it was judged when it left.  Not at a bridge's ports, where a stranger could say
 * so of himself. */
static void put_looped(struct ruleset *s, const char *chain)
{
	const uint32_t local = RTN_LOCAL;
	struct line r = line_begin(s, chain);
	struct nest n = line_open(&r, "fib");

	mnl_attr_put_u32(r.message, NFTA_FIB_DREG, htonl(NFT_REG_1));
	mnl_attr_put_u32(r.message, NFTA_FIB_RESULT, htonl(NFT_FIB_RESULT_ADDRTYPE));
	mnl_attr_put_u32(r.message, NFTA_FIB_FLAGS, htonl(NFTA_FIB_F_SADDR | NFTA_FIB_F_IIF));
	line_close(&r, n);
	line_compare(&r, NFT_CMP_EQ, &local, sizeof(local));
	line_verdict(&r, NFT_RETURN, NULL);
	line_end(&r);
}

static void put_jump(struct ruleset *s, const struct queue_link *link, enum queue_hook hook,
		     const char *to)
{
	struct line r = line_begin(s, bases[hook].chain);
	bool leaving = hook != QUEUE_RECEIVED;

	if (link->bridge[0] != '\0')
		put_port(&r, leaving, link->name);
	else
		line_interface(&r, leaving ? NFT_META_OIFNAME : NFT_META_IIFNAME, link->name);
	line_verdict(&r, NFT_JUMP, to);
	line_end(&r);
}

static void put_link(struct ruleset *s, const struct queue_plan *plan, enum queue_means means,
		     const struct queue_link *link, enum queue_hook hook)
{
	uint16_t number = plan->number ? plan->number : QUEUE_NUMBER;
	char counter[RULESET_NAME], chain[RULESET_NAME + 8], queue[RULESET_NAME + 8];
	struct line r;

	snprintf(counter, sizeof(counter), "%s:%s", bases[hook].chain, link->name);
	snprintf(chain, sizeof(chain), "%s:select", counter);
	snprintf(queue, sizeof(queue), "%s:queue", counter);
	ruleset_counter(s, counter);
	ruleset_chain(s, chain);
	ruleset_chain(s, queue);
	put_jump(s, link, hook, chain);
	ruleset_select_control(s, chain, link->payload, queue);
	if (hook == QUEUE_RECEIVED && link->bridge[0] == '\0' && s->knows_own)
		put_looped(s, queue);
	r = line_begin(s, queue);
	line_counter(&r, counter);
	put_queue(&r, means, (uint16_t)(number + link->fail_open), link->fail_open);
	line_end(&r);
}

static void put_links(struct ruleset *s, const struct queue_plan *plan, enum queue_means means)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct queue_link *link = &plan->links[i];

		if (link->arriving)
			put_link(s, plan, means, link, QUEUE_RECEIVED);
		if (link->leaving)
			put_link(s, plan, means, link, QUEUE_FORWARDED);
		/* what a bridge sends itself leaves by the bridge, at no port that rules
		 * know */
		if (link->leaving && link->bridge[0] == '\0')
			put_link(s, plan, means, link, QUEUE_SENT);
	}
}

static void put_family(struct ruleset *s, const struct queue_plan *plan, enum queue_means means)
{
	ruleset_table(s);
	for (unsigned hook = 0; hook < QUEUE_HOOK_COUNT; hook++)
		put_base(s, (enum queue_hook)hook);
	ruleset_flush(s);
	put_own(s);
	put_links(s, plan, means);
}

static int install(const struct queue_plan *plan, enum queue_means means, bool knows_own,
		   bool has_egress)
{
	struct ruleset s;

	ruleset_open(&s, TABLE);
	s.knows_own = knows_own;
	s.has_egress = has_egress;
	for (size_t i = 0; i < COUNT(families); i++) {
		s.family = families[i];
		put_family(&s, plan, means);
	}
	queue_put_nested(&s, plan);
	return ruleset_send(&s, true);
}

/* A kernel may lack the expression that asks whose an address is, and rules at egress. */
static int install_most(const struct queue_plan *plan, enum queue_means means)
{
	int error = install(plan, means, true, true);

	if (error < 0)
		error = install(plan, means, true, false);
	return error < 0 ? install(plan, means, false, false) : error;
}

int queue_install(const struct queue_plan *plan, enum queue_means means, char why[QUEUE_WHY])
{
	struct tap_legs legs;
	int error = queue_mute(plan);

	if (error < 0) {
		snprintf(why, QUEUE_WHY, "cannot drop what bridges ask by themselves: %s",
			 strerror(-error));
		return error;
	}
	if (means == QUEUE_BY_TAP) {
		error = tap_legs_of(plan, &legs);
		return error < 0 ? error : tap_install(&legs, why);
	}
	error = install_most(plan, means);
	snprintf(why, QUEUE_WHY, "%s%s", error ? "cannot install the rules before the queue: " : "",
		 error ? strerror(-error) : "");
	return error;
}

int queue_remove(void)
{
	int error = tap_remove();

	if (error == 0)
		error = queue_unmute();
	for (size_t i = 0; i < COUNT(families); i++) {
		int failed = ruleset_remove(TABLE, families[i]);

		error = error ? error : failed;
	}
	return error;
}

/* --- probing --- */

/* A transaction that is never closed: the kernel tries it, and keeps nothing. */
static int try_means(enum queue_means means)
{
	struct ruleset s;
	struct line r;

	ruleset_open(&s, "weir-probe");
	s.family = families[0];
	ruleset_table(&s);
	put_base(&s, QUEUE_RECEIVED);
	r = line_begin(&s, bases[QUEUE_RECEIVED].chain);
	put_queue(&r, means, QUEUE_NUMBER, true);
	line_end(&r);
	return ruleset_send(&s, false);
}

enum queue_means queue_probe(char why[QUEUE_WHY])
{
	const char *wish = getenv("WEIR_QUEUE");
	int statement, target;

	if (wish && strcmp(wish, "tap") == 0) {
		snprintf(why, QUEUE_WHY, "by a tap, as WEIR_QUEUE says");
		return QUEUE_BY_TAP;
	}
	statement = try_means(QUEUE_BY_STATEMENT);
	if (statement == 0) {
		snprintf(why, QUEUE_WHY, "by the queue statement of nftables");
		return QUEUE_BY_STATEMENT;
	}
	target = try_means(QUEUE_BY_TARGET);
	if (target == 0) {
		snprintf(why, QUEUE_WHY,
			 "by the NFQUEUE target of xtables (no queue statement in nftables: %s)",
			 strerror(-statement));
		return QUEUE_BY_TARGET;
	}
	snprintf(why, QUEUE_WHY,
		 "%sneither the queue statement of nftables (%s) nor the NFQUEUE target (%s)",
		 statement == -EPERM ? "" : "by a tap: ", strerror(-statement), strerror(-target));
	return statement == -EPERM ? QUEUE_BY_NONE : QUEUE_BY_TAP;
}

/* --- counters --- */

static int read_data(const struct nlattr *a, void *context)
{
	struct queue_counter *c = context;

	if (mnl_attr_get_type(a) == NFTA_COUNTER_PACKETS)
		c->packets = be64toh(mnl_attr_get_u64(a));
	if (mnl_attr_get_type(a) == NFTA_COUNTER_BYTES)
		c->bytes = be64toh(mnl_attr_get_u64(a));
	return MNL_CB_OK;
}

static int read_object(const struct nlattr *a, void *context)
{
	struct queue_counter *c = context;

	if (mnl_attr_get_type(a) == NFTA_OBJ_NAME)
		snprintf(c->name, sizeof(c->name), "%s", mnl_attr_get_str(a));
	if (mnl_attr_get_type(a) == NFTA_OBJ_DATA)
		return mnl_attr_parse_nested(a, read_data, context);
	return MNL_CB_OK;
}

static int add_counter(const struct nlmsghdr *message, void *context)
{
	struct queue_counters *all = context;
	struct queue_counter c = { .name = "" };

	if (mnl_attr_parse(message, sizeof(struct nfgenmsg), read_object, &c) < 0)
		return MNL_CB_ERROR;
	for (size_t i = 0; i < all->n; i++) {
		if (strcmp(all->list[i].name, c.name) != 0)
			continue;
		all->list[i].packets += c.packets;
		all->list[i].bytes += c.bytes;
		return MNL_CB_OK;
	}
	all->list = memory_grow(all->list, all->n + 1, sizeof(all->list[0]));
	all->list[all->n++] = c;
	return MNL_CB_OK;
}

int queue_read_counters(const char *table, uint8_t family, struct queue_counters *out)
{
	struct nfnl_batch b;
	struct nlmsghdr *m;
	int fd = nfnl_open(), error;

	if (fd < 0)
		return fd;
	nfnl_batch_init(&b, DUMP_BYTES);
	m = nfnl_begin(&b, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETOBJ, NLM_F_DUMP, family, 0);
	mnl_attr_put_strz(m, NFTA_OBJ_TABLE, table);
	mnl_attr_put_u32(m, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
	nfnl_end(&b, m);
	error = nfnl_dump(fd, &b, add_counter, out);
	nfnl_batch_release(&b);
	close(fd);
	return error == -ENOENT ? 0 : error;
}

static void tell_counter(const struct queue_counter *c, queue_offered_fn *each, void *context)
{
	for (unsigned hook = 0; hook < QUEUE_HOOK_COUNT; hook++) {
		size_t n = strlen(bases[hook].chain);

		if (strncmp(c->name, bases[hook].chain, n) == 0 && c->name[n] == ':')
			each(context, c->name + n + 1, (enum queue_hook)hook, c->packets, c->bytes);
	}
}

int queue_offered(queue_offered_fn *each, void *context)
{
	struct queue_counters all = { 0 };
	int error = 0;

	for (size_t i = 0; i < COUNT(families) && error == 0; i++)
		error = queue_read_counters(TABLE, families[i], &all);
	if (error == 0)
		error = queue_read_counters(TABLE, NFPROTO_NETDEV, &all);	/* those of a tap */
	for (size_t i = 0; i < all.n && error == 0; i++)
		tell_counter(&all.list[i], each, context);
	free(all.list);
	return error;
}
