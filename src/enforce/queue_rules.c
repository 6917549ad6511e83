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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "enforce/nfnl.h"
#include "enforce/queue.h"
#include "enforce/queue_rules.h"

#define TABLE "weir-control"
#define BATCH_BYTES (1u << 20)
#define PRIORITY (-150)		/* as the mangle table; behind connection tracking and defragmentation */
#define NAME_MAX_ 64

#define NUMBER_IGMP  2
#define NUMBER_TCP   6
#define NUMBER_UDP   17
#define NUMBER_ICMP6 58
#define NUMBER_PIM   103

#define PORT_AUTORP 496
#define PORT_SAP    9875

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

struct rules {
	struct nfnl_batch batch;
	uint8_t		  family;
};

static struct nlmsghdr *begin(struct rules *s, unsigned type, unsigned flags)
{
	return nfnl_begin(&s->batch, NFNL_SUBSYS_NFTABLES, type, NLM_F_ACK | flags, s->family, 0);
}

static void end(struct rules *s, struct nlmsghdr *message)
{
	nfnl_end(&s->batch, message);
}

/* --- expressions --- */

struct kernel_rule {
	struct rules	*rules;
	struct nlmsghdr *message;
	struct nlattr	*expressions;
};

static struct kernel_rule rule_begin(struct rules *s, const char *table, const char *chain)
{
	struct kernel_rule r = { .rules = s };

	r.message = begin(s, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	mnl_attr_put_strz(r.message, NFTA_RULE_TABLE, table);
	mnl_attr_put_strz(r.message, NFTA_RULE_CHAIN, chain);
	r.expressions = mnl_attr_nest_start(r.message, NFTA_RULE_EXPRESSIONS);
	return r;
}

static void rule_end(struct kernel_rule *r)
{
	mnl_attr_nest_end(r->message, r->expressions);
	end(r->rules, r->message);
}

struct nest {
	struct nlattr *element, *data;
};

static struct nest open_expression(struct kernel_rule *r, const char *name)
{
	struct nest n;

	n.element = mnl_attr_nest_start(r->message, NFTA_LIST_ELEM);
	mnl_attr_put_strz(r->message, NFTA_EXPR_NAME, name);
	n.data = mnl_attr_nest_start(r->message, NFTA_EXPR_DATA);
	return n;
}

static void close_expression(struct kernel_rule *r, struct nest n)
{
	mnl_attr_nest_end(r->message, n.data);
	mnl_attr_nest_end(r->message, n.element);
}

static void put_meta(struct kernel_rule *r, uint32_t key)
{
	struct nest n = open_expression(r, "meta");

	mnl_attr_put_u32(r->message, NFTA_META_DREG, htonl(NFT_REG_1));
	mnl_attr_put_u32(r->message, NFTA_META_KEY, htonl(key));
	close_expression(r, n);
}

/* Of the header that IP carries. */
static void put_payload(struct kernel_rule *r, uint32_t offset, uint32_t length)
{
	struct nest n = open_expression(r, "payload");

	mnl_attr_put_u32(r->message, NFTA_PAYLOAD_DREG, htonl(NFT_REG_1));
	mnl_attr_put_u32(r->message, NFTA_PAYLOAD_BASE, htonl(NFT_PAYLOAD_TRANSPORT_HEADER));
	mnl_attr_put_u32(r->message, NFTA_PAYLOAD_OFFSET, htonl(offset));
	mnl_attr_put_u32(r->message, NFTA_PAYLOAD_LEN, htonl(length));
	close_expression(r, n);
}

static void put_compare(struct kernel_rule *r, uint32_t op, const void *value, size_t length)
{
	struct nest n = open_expression(r, "cmp");
	struct nlattr *data;

	mnl_attr_put_u32(r->message, NFTA_CMP_SREG, htonl(NFT_REG_1));
	mnl_attr_put_u32(r->message, NFTA_CMP_OP, htonl(op));
	data = mnl_attr_nest_start(r->message, NFTA_CMP_DATA);
	mnl_attr_put(r->message, NFTA_DATA_VALUE, length, value);
	mnl_attr_nest_end(r->message, data);
	close_expression(r, n);
}

static void put_protocol(struct kernel_rule *r, uint8_t number)
{
	put_meta(r, NFT_META_L4PROTO);
	put_compare(r, NFT_CMP_EQ, &number, sizeof(number));
}

static void put_interface(struct kernel_rule *r, uint32_t key, const char *name)
{
	char padded[QUEUE_NAME] = "";

	snprintf(padded, sizeof(padded), "%s", name);
	put_meta(r, key);
	put_compare(r, NFT_CMP_EQ, padded, sizeof(padded));
}

/* The port of a bridge, which nftables has no word for. */
static void put_port(struct kernel_rule *r, bool leaving, const char *name)
{
	struct xt_physdev_info info = { .bitmask = leaving ? XT_PHYSDEV_OP_OUT : XT_PHYSDEV_OP_IN };
	struct nest n = open_expression(r, "match");

	snprintf(leaving ? info.physoutdev : info.physindev, QUEUE_NAME, "%s", name);
	memset(leaving ? info.out_mask : info.in_mask, 0xff, strlen(name) + 1);
	mnl_attr_put_strz(r->message, NFTA_MATCH_NAME, "physdev");
	mnl_attr_put_u32(r->message, NFTA_MATCH_REV, htonl(0));
	mnl_attr_put(r->message, NFTA_MATCH_INFO, sizeof(info), &info);
	close_expression(r, n);
}

/* A verdict; `chain` NULL where it goes to none. */
static void put_verdict(struct kernel_rule *r, int32_t verdict, const char *chain)
{
	struct nest n = open_expression(r, "immediate");
	struct nlattr *data, *code;

	mnl_attr_put_u32(r->message, NFTA_IMMEDIATE_DREG, htonl(NFT_REG_VERDICT));
	data = mnl_attr_nest_start(r->message, NFTA_IMMEDIATE_DATA);
	code = mnl_attr_nest_start(r->message, NFTA_DATA_VERDICT);
	mnl_attr_put_u32(r->message, NFTA_VERDICT_CODE, htonl((uint32_t)verdict));
	if (chain)
		mnl_attr_put_strz(r->message, NFTA_VERDICT_CHAIN, chain);
	mnl_attr_nest_end(r->message, code);
	mnl_attr_nest_end(r->message, data);
	close_expression(r, n);
}

static void put_counter(struct kernel_rule *r, const char *counter)
{
	struct nest n = open_expression(r, "objref");

	mnl_attr_put_u32(r->message, NFTA_OBJREF_IMM_TYPE, htonl(NFT_OBJECT_COUNTER));
	mnl_attr_put_strz(r->message, NFTA_OBJREF_IMM_NAME, counter);
	close_expression(r, n);
}

static void put_statement(struct kernel_rule *r, uint16_t number, bool bypass)
{
	struct nest n = open_expression(r, "queue");

	mnl_attr_put_u16(r->message, NFTA_QUEUE_NUM, htons(number));
	mnl_attr_put_u16(r->message, NFTA_QUEUE_TOTAL, htons(1));
	mnl_attr_put_u16(r->message, NFTA_QUEUE_FLAGS, htons(bypass ? NFT_QUEUE_FLAG_BYPASS : 0));
	close_expression(r, n);
}

static void put_target(struct kernel_rule *r, uint16_t number, bool bypass)
{
	struct xt_NFQ_info_v3 info = { .queuenum = number, .queues_total = 1,
				       .flags = bypass ? NFQ_FLAG_BYPASS : 0 };
	struct nest n = open_expression(r, "target");

	mnl_attr_put_strz(r->message, NFTA_TARGET_NAME, "NFQUEUE");
	mnl_attr_put_u32(r->message, NFTA_TARGET_REV, htonl(3));
	mnl_attr_put(r->message, NFTA_TARGET_INFO, sizeof(info), &info);
	close_expression(r, n);
}

static void put_queue(struct kernel_rule *r, enum queue_means means, uint16_t number, bool bypass)
{
	if (means == QUEUE_BY_STATEMENT)
		put_statement(r, number, bypass);
	else
		put_target(r, number, bypass);
}

/* --- tables, chains, counters --- */

static void put_table(struct rules *s, const char *table)
{
	struct nlmsghdr *m = begin(s, NFT_MSG_NEWTABLE, NLM_F_CREATE);

	mnl_attr_put_strz(m, NFTA_TABLE_NAME, table);
	end(s, m);
}

static void put_base(struct rules *s, const char *table, enum queue_hook hook)
{
	struct nlmsghdr *m = begin(s, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	struct nlattr *nest;

	mnl_attr_put_strz(m, NFTA_CHAIN_TABLE, table);
	mnl_attr_put_strz(m, NFTA_CHAIN_NAME, bases[hook].chain);
	nest = mnl_attr_nest_start(m, NFTA_CHAIN_HOOK);
	mnl_attr_put_u32(m, NFTA_HOOK_HOOKNUM, htonl(bases[hook].hook));
	mnl_attr_put_u32(m, NFTA_HOOK_PRIORITY, htonl((uint32_t)PRIORITY));
	mnl_attr_nest_end(m, nest);
	mnl_attr_put_strz(m, NFTA_CHAIN_TYPE, "filter");
	end(s, m);
}

static void put_chain(struct rules *s, const char *name)
{
	struct nlmsghdr *m = begin(s, NFT_MSG_NEWCHAIN, NLM_F_CREATE);

	mnl_attr_put_strz(m, NFTA_CHAIN_TABLE, TABLE);
	mnl_attr_put_strz(m, NFTA_CHAIN_NAME, name);
	end(s, m);
}

/* One that is there stays as it is. */
static void put_object(struct rules *s, const char *name)
{
	struct nlmsghdr *m = begin(s, NFT_MSG_NEWOBJ, NLM_F_CREATE);
	struct nlattr *data;

	mnl_attr_put_strz(m, NFTA_OBJ_TABLE, TABLE);
	mnl_attr_put_strz(m, NFTA_OBJ_NAME, name);
	mnl_attr_put_u32(m, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
	data = mnl_attr_nest_start(m, NFTA_OBJ_DATA);
	mnl_attr_nest_end(m, data);
	end(s, m);
}

static void flush_rules(struct rules *s)
{
	struct nlmsghdr *m = begin(s, NFT_MSG_DELRULE, 0);

	mnl_attr_put_strz(m, NFTA_RULE_TABLE, TABLE);
	end(s, m);
}

/* --- the rules of a link --- */

/* What hosts, queriers and routers say in ICMPv6: RFC 2710 3, RFC 3810 5, RFC 4861 4.2. */
static const uint8_t icmp6_types[] = { 130, 131, 132, 143, 134 };
static const uint16_t udp_ports[] = { PORT_AUTORP, PORT_SAP };

static void put_return(struct rules *s, const char *chain, uint8_t protocol)
{
	struct kernel_rule r = rule_begin(s, TABLE, chain);

	put_protocol(&r, protocol);
	put_verdict(&r, NFT_RETURN, NULL);
	rule_end(&r);
}

static void put_goto(struct rules *s, const char *chain, uint8_t protocol, const char *to)
{
	struct kernel_rule r = rule_begin(s, TABLE, chain);

	put_protocol(&r, protocol);
	put_verdict(&r, NFT_GOTO, to);
	rule_end(&r);
}

static void put_goto_field(struct rules *s, const char *chain, uint8_t protocol,
			   uint32_t offset, struct span value, const char *to)
{
	struct kernel_rule r = rule_begin(s, TABLE, chain);

	put_protocol(&r, protocol);
	put_payload(&r, offset, (uint32_t)value.n);
	put_compare(&r, NFT_CMP_EQ, value.p, value.n);
	put_verdict(&r, NFT_GOTO, to);
	rule_end(&r);
}

/* Most packets are UDP or TCP, so those leave first. */
static void put_selection(struct rules *s, const char *chain, bool payload, const char *to)
{
	bool is6 = s->family == NFPROTO_IPV6;

	if (!payload)
		put_return(s, chain, NUMBER_UDP);
	put_return(s, chain, NUMBER_TCP);
	put_goto(s, chain, NUMBER_PIM, to);
	if (!is6)
		put_goto(s, chain, NUMBER_IGMP, to);
	for (size_t i = 0; is6 && i < COUNT(icmp6_types); i++)
		put_goto_field(s, chain, NUMBER_ICMP6, 0, (struct span){ &icmp6_types[i], 1 }, to);
	for (size_t i = 0; payload && i < COUNT(udp_ports); i++) {
		uint16_t port = htons(udp_ports[i]);

		put_goto_field(s, chain, NUMBER_UDP, 2,
			       (struct span){ (const uint8_t *)&port, sizeof(port) }, to);
	}
}

/* weir's own Register-Stops, which the RP would have sent, are marked. */
static void put_own(struct rules *s)
{
	struct kernel_rule r = rule_begin(s, TABLE, bases[QUEUE_SENT].chain);
	uint32_t mark = QUEUE_MARK;

	put_meta(&r, NFT_META_MARK);
	put_compare(&r, NFT_CMP_EQ, &mark, sizeof(mark));
	put_verdict(&r, NFT_RETURN, NULL);
	rule_end(&r);
}

static void put_jump(struct rules *s, const struct queue_link *link, enum queue_hook hook,
		     const char *to)
{
	struct kernel_rule r = rule_begin(s, TABLE, bases[hook].chain);
	bool leaving = hook != QUEUE_RECEIVED;

	if (link->bridge[0] != '\0')
		put_port(&r, leaving, link->name);
	else
		put_interface(&r, leaving ? NFT_META_OIFNAME : NFT_META_IIFNAME, link->name);
	put_verdict(&r, NFT_JUMP, to);
	rule_end(&r);
}

static void put_link(struct rules *s, const struct queue_plan *plan, enum queue_means means,
		     const struct queue_link *link, enum queue_hook hook)
{
	uint16_t number = plan->number ? plan->number : QUEUE_NUMBER;
	char counter[NAME_MAX_], chain[NAME_MAX_ + 8], queue[NAME_MAX_ + 8];
	struct kernel_rule r;

	snprintf(counter, sizeof(counter), "%s:%s", bases[hook].chain, link->name);
	snprintf(chain, sizeof(chain), "%s:select", counter);
	snprintf(queue, sizeof(queue), "%s:queue", counter);
	put_object(s, counter);
	put_chain(s, chain);
	put_chain(s, queue);
	put_jump(s, link, hook, chain);
	put_selection(s, chain, link->payload, queue);
	r = rule_begin(s, TABLE, queue);
	put_counter(&r, counter);
	put_queue(&r, means, (uint16_t)(number + link->fail_open), link->fail_open);
	rule_end(&r);
}

static void put_links(struct rules *s, const struct queue_plan *plan, enum queue_means means)
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

static int ask_once(const struct nfnl_batch *b)
{
	int fd = nfnl_open(), error;

	if (fd < 0)
		return fd;
	error = nfnl_ask(fd, b);
	close(fd);
	return error;
}

static void put_family(struct rules *s, const struct queue_plan *plan, enum queue_means means)
{
	put_table(s, TABLE);
	for (unsigned hook = 0; hook < QUEUE_HOOK_COUNT; hook++)
		put_base(s, TABLE, (enum queue_hook)hook);
	flush_rules(s);
	put_own(s);
	put_links(s, plan, means);
}

int queue_install(const struct queue_plan *plan, enum queue_means means, char why[QUEUE_WHY])
{
	struct rules s;
	int error;

	nfnl_batch_init(&s.batch, BATCH_BYTES);
	nfnl_transaction_begin(&s.batch);
	for (size_t i = 0; i < COUNT(families); i++) {
		s.family = families[i];
		put_family(&s, plan, means);
	}
	nfnl_transaction_end(&s.batch);
	error = ask_once(&s.batch);
	nfnl_batch_release(&s.batch);
	snprintf(why, QUEUE_WHY, "%s%s", error ? "cannot install the rules before the queue: " : "",
		 error ? strerror(-error) : "");
	return error;
}

static int remove_table(uint8_t family)
{
	struct rules s = { .family = family };
	struct nlmsghdr *m;
	int error;

	nfnl_batch_init(&s.batch, BATCH_BYTES / 16);
	nfnl_transaction_begin(&s.batch);
	m = begin(&s, NFT_MSG_DELTABLE, 0);
	mnl_attr_put_strz(m, NFTA_TABLE_NAME, TABLE);
	end(&s, m);
	nfnl_transaction_end(&s.batch);
	error = ask_once(&s.batch);
	nfnl_batch_release(&s.batch);
	return error == -ENOENT ? 0 : error;
}

int queue_remove(void)
{
	int error = 0;

	for (size_t i = 0; i < COUNT(families); i++) {
		int failed = remove_table(families[i]);

		error = error ? error : failed;
	}
	return error;
}

/* --- probing --- */

/* A transaction that is never closed: the kernel tries it, and keeps nothing. */
static int try_means(enum queue_means means)
{
	static const char table[] = "weir-probe";
	struct rules s = { .family = families[0] };
	struct kernel_rule r;
	int error;

	nfnl_batch_init(&s.batch, BATCH_BYTES / 16);
	nfnl_transaction_begin(&s.batch);
	put_table(&s, table);
	put_base(&s, table, QUEUE_RECEIVED);
	r = rule_begin(&s, table, bases[QUEUE_RECEIVED].chain);
	put_queue(&r, means, QUEUE_NUMBER, true);
	rule_end(&r);
	error = ask_once(&s.batch);
	nfnl_batch_release(&s.batch);
	return error;
}

enum queue_means queue_probe(char why[QUEUE_WHY])
{
	int statement = try_means(QUEUE_BY_STATEMENT), target;

	if (statement == 0) {
		snprintf(why, QUEUE_WHY, "queue: by the queue statement of nftables");
		return QUEUE_BY_STATEMENT;
	}
	target = try_means(QUEUE_BY_TARGET);
	if (target == 0) {
		snprintf(why, QUEUE_WHY,
			 "queue: by the NFQUEUE target of xtables (no queue statement in nftables: %s)",
			 strerror(-statement));
		return QUEUE_BY_TARGET;
	}
	snprintf(why, QUEUE_WHY,
		 "no queue: neither the queue statement of nftables (%s) nor the NFQUEUE target (%s)",
		 strerror(-statement), strerror(-target));
	return statement == -EPERM ? QUEUE_BY_NONE : QUEUE_BY_TAP;
}

/* --- counters --- */

struct counter {
	char	 name[NAME_MAX_];
	uint64_t packets, bytes;
};

/* Those of the first family, to which those of the second are added. */
struct counters {
	struct counter *list;
	size_t		n;
};

static int read_data(const struct nlattr *a, void *context)
{
	struct counter *c = context;

	if (mnl_attr_get_type(a) == NFTA_COUNTER_PACKETS)
		c->packets = be64toh(mnl_attr_get_u64(a));
	if (mnl_attr_get_type(a) == NFTA_COUNTER_BYTES)
		c->bytes = be64toh(mnl_attr_get_u64(a));
	return MNL_CB_OK;
}

static int read_object(const struct nlattr *a, void *context)
{
	struct counter *c = context;

	if (mnl_attr_get_type(a) == NFTA_OBJ_NAME)
		snprintf(c->name, sizeof(c->name), "%s", mnl_attr_get_str(a));
	if (mnl_attr_get_type(a) == NFTA_OBJ_DATA)
		return mnl_attr_parse_nested(a, read_data, context);
	return MNL_CB_OK;
}

static int add_counter(const struct nlmsghdr *message, void *context)
{
	struct counters *all = context;
	struct counter c = { .name = "" };

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

static int dump_counters(uint8_t family, struct counters *out)
{
	struct nfnl_batch b;
	struct nlmsghdr *m;
	int fd = nfnl_open(), error;

	if (fd < 0)
		return fd;
	nfnl_batch_init(&b, BATCH_BYTES / 16);
	m = nfnl_begin(&b, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETOBJ, NLM_F_DUMP, family, 0);
	mnl_attr_put_strz(m, NFTA_OBJ_TABLE, TABLE);
	mnl_attr_put_u32(m, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
	nfnl_end(&b, m);
	error = nfnl_dump(fd, &b, add_counter, out);
	nfnl_batch_release(&b);
	close(fd);
	return error == -ENOENT ? 0 : error;
}

static void tell_counter(const struct counter *c, queue_offered_fn *each, void *context)
{
	for (unsigned hook = 0; hook < QUEUE_HOOK_COUNT; hook++) {
		size_t n = strlen(bases[hook].chain);

		if (strncmp(c->name, bases[hook].chain, n) == 0 && c->name[n] == ':')
			each(context, c->name + n + 1, (enum queue_hook)hook, c->packets, c->bytes);
	}
}

int queue_offered(queue_offered_fn *each, void *context)
{
	struct counters all = { 0 };
	int error = 0;

	for (size_t i = 0; i < COUNT(families) && error == 0; i++)
		error = dump_counters(families[i], &all);
	for (size_t i = 0; i < all.n && error == 0; i++)
		tell_counter(&all.list[i], each, context);
	free(all.list);
	return error;
}
