/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules of nftables as the kernel reads them: libnftables cannot say an xtables target or
 * match.  And which packets are control packets: RFC 3376 4 (IGMP), RFC 3810 5 (MLD), RFC
 * 7761 4.9 (PIM), RFC 4861 4.2 (Router Advertisements), RFC 2974 3 (SAP).  Knows no link and
 * no queue. */
#include "enforce/ruleset.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BATCH_BYTES (3u << 20)	/* each transaction costs the kernel a look at every chain */
#define INTERFACE_NAME 16

#define NUMBER_IGMP  2
#define NUMBER_TCP   6
#define NUMBER_UDP   17
#define NUMBER_ICMP6 58
#define NUMBER_PIM   103

#define PORT_AUTORP 496
#define PORT_SAP    9875

struct nlmsghdr *ruleset_begin(struct ruleset *s, unsigned type, unsigned flags)
{
	return nfnl_begin(&s->batch, NFNL_SUBSYS_NFTABLES, type, flags, s->family, 0);
}

void ruleset_end(struct ruleset *s, struct nlmsghdr *message)
{
	nfnl_end(&s->batch, message);
	s->last = message;
}

/* --- expressions --- */

struct line line_begin(struct ruleset *s, const char *chain)
{
	struct line r = { .rules = s, .reg = NFT_REG_1 };

	r.message = ruleset_begin(s, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	mnl_attr_put_strz(r.message, NFTA_RULE_TABLE, s->table);
	mnl_attr_put_strz(r.message, NFTA_RULE_CHAIN, chain);
	r.expressions = mnl_attr_nest_start(r.message, NFTA_RULE_EXPRESSIONS);
	return r;
}

void line_end(struct line *r)
{
	mnl_attr_nest_end(r->message, r->expressions);
	ruleset_end(r->rules, r->message);
}

struct nest line_open(struct line *r, const char *name)
{
	struct nest n;

	n.element = mnl_attr_nest_start(r->message, NFTA_LIST_ELEM);
	mnl_attr_put_strz(r->message, NFTA_EXPR_NAME, name);
	n.data = mnl_attr_nest_start(r->message, NFTA_EXPR_DATA);
	return n;
}

void line_close(struct line *r, struct nest n)
{
	mnl_attr_nest_end(r->message, n.data);
	mnl_attr_nest_end(r->message, n.element);
}

void line_meta(struct line *r, uint32_t key)
{
	struct nest n = line_open(r, "meta");

	mnl_attr_put_u32(r->message, NFTA_META_DREG, htonl(r->reg));
	mnl_attr_put_u32(r->message, NFTA_META_KEY, htonl(key));
	line_close(r, n);
}

static void put_payload(struct line *r, uint32_t base, uint32_t offset, uint32_t length)
{
	struct nest n = line_open(r, "payload");

	mnl_attr_put_u32(r->message, NFTA_PAYLOAD_DREG, htonl(r->reg));
	mnl_attr_put_u32(r->message, NFTA_PAYLOAD_BASE, htonl(base));
	mnl_attr_put_u32(r->message, NFTA_PAYLOAD_OFFSET, htonl(offset));
	mnl_attr_put_u32(r->message, NFTA_PAYLOAD_LEN, htonl(length));
	line_close(r, n);
}

void line_payload(struct line *line, uint32_t offset, uint32_t length)
{
	put_payload(line, NFT_PAYLOAD_TRANSPORT_HEADER, offset, length);
}

void line_network(struct line *line, uint32_t offset, uint32_t length)
{
	put_payload(line, NFT_PAYLOAD_NETWORK_HEADER, offset, length);
}

static void put_value(struct line *r, uint16_t attribute, const void *value, size_t length)
{
	struct nlattr *data = mnl_attr_nest_start(r->message, attribute);

	mnl_attr_put(r->message, NFTA_DATA_VALUE, length, value);
	mnl_attr_nest_end(r->message, data);
}

void line_compare(struct line *r, uint32_t op, const void *value, size_t length)
{
	struct nest n = line_open(r, "cmp");

	mnl_attr_put_u32(r->message, NFTA_CMP_SREG, htonl(r->reg));
	mnl_attr_put_u32(r->message, NFTA_CMP_OP, htonl(op));
	put_value(r, NFTA_CMP_DATA, value, length);
	line_close(r, n);
}

void line_range(struct line *r, const void *first, const void *last, size_t length)
{
	struct nest n = line_open(r, "range");

	mnl_attr_put_u32(r->message, NFTA_RANGE_SREG, htonl(r->reg));
	mnl_attr_put_u32(r->message, NFTA_RANGE_OP, htonl(NFT_RANGE_EQ));
	put_value(r, NFTA_RANGE_FROM_DATA, first, length);
	put_value(r, NFTA_RANGE_TO_DATA, last, length);
	line_close(r, n);
}

void line_mask(struct line *r, const void *mask, size_t length)
{
	static const uint8_t nothing[16];
	struct nest n = line_open(r, "bitwise");

	mnl_attr_put_u32(r->message, NFTA_BITWISE_SREG, htonl(r->reg));
	mnl_attr_put_u32(r->message, NFTA_BITWISE_DREG, htonl(r->reg));
	mnl_attr_put_u32(r->message, NFTA_BITWISE_LEN, htonl((uint32_t)length));
	put_value(r, NFTA_BITWISE_MASK, mask, length);
	put_value(r, NFTA_BITWISE_XOR, nothing, length);
	line_close(r, n);
}

void line_lookup(struct line *r, const char *map)
{
	struct nest n = line_open(r, "lookup");

	mnl_attr_put_strz(r->message, NFTA_LOOKUP_SET, map);
	mnl_attr_put_u32(r->message, NFTA_LOOKUP_SREG, htonl(NFT_REG_1));
	mnl_attr_put_u32(r->message, NFTA_LOOKUP_DREG, htonl(NFT_REG_VERDICT));
	line_close(r, n);
}

void line_find(struct line *r, const char *set, bool is_inverted)
{
	struct nest n = line_open(r, "lookup");

	mnl_attr_put_strz(r->message, NFTA_LOOKUP_SET, set);
	mnl_attr_put_u32(r->message, NFTA_LOOKUP_SREG, htonl(NFT_REG_1));
	if (is_inverted)
		mnl_attr_put_u32(r->message, NFTA_LOOKUP_FLAGS, htonl(NFT_LOOKUP_F_INV));
	line_close(r, n);
}

void line_protocol(struct line *r, uint8_t number)
{
	line_meta(r, NFT_META_L4PROTO);
	line_compare(r, NFT_CMP_EQ, &number, sizeof(number));
}

void line_interface(struct line *r, uint32_t key, const char *name)
{
	char padded[INTERFACE_NAME] = "";

	snprintf(padded, sizeof(padded), "%s", name);
	line_meta(r, key);
	line_compare(r, NFT_CMP_EQ, padded, sizeof(padded));
}

/* A verdict; `chain` NULL where it goes to none. */
void line_verdict(struct line *r, int32_t verdict, const char *chain)
{
	struct nest n = line_open(r, "immediate");
	struct nlattr *data, *code;

	mnl_attr_put_u32(r->message, NFTA_IMMEDIATE_DREG, htonl(NFT_REG_VERDICT));
	data = mnl_attr_nest_start(r->message, NFTA_IMMEDIATE_DATA);
	code = mnl_attr_nest_start(r->message, NFTA_DATA_VERDICT);
	mnl_attr_put_u32(r->message, NFTA_VERDICT_CODE, htonl((uint32_t)verdict));
	if (chain)
		mnl_attr_put_strz(r->message, NFTA_VERDICT_CHAIN, chain);
	mnl_attr_nest_end(r->message, code);
	mnl_attr_nest_end(r->message, data);
	line_close(r, n);
}

void line_count(struct line *r)
{
	struct nest n = line_open(r, "counter");

	mnl_attr_put_u64(r->message, NFTA_COUNTER_BYTES, 0);
	mnl_attr_put_u64(r->message, NFTA_COUNTER_PACKETS, 0);
	line_close(r, n);
}

void line_counter(struct line *r, const char *counter)
{
	struct nest n = line_open(r, "objref");

	mnl_attr_put_u32(r->message, NFTA_OBJREF_IMM_TYPE, htonl(NFT_OBJECT_COUNTER));
	mnl_attr_put_strz(r->message, NFTA_OBJREF_IMM_NAME, counter);
	line_close(r, n);
}

/* --- tables, chains, counters --- */

void ruleset_table(struct ruleset *s)
{
	struct nlmsghdr *m = ruleset_begin(s, NFT_MSG_NEWTABLE, NLM_F_CREATE);

	mnl_attr_put_strz(m, NFTA_TABLE_NAME, s->table);
	ruleset_end(s, m);
}

void ruleset_base(struct ruleset *s, const char *chain, const char *device, uint32_t hook,
		  int32_t priority)
{
	struct nlmsghdr *m = ruleset_begin(s, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	struct nlattr *nest;

	mnl_attr_put_strz(m, NFTA_CHAIN_TABLE, s->table);
	mnl_attr_put_strz(m, NFTA_CHAIN_NAME, chain);
	nest = mnl_attr_nest_start(m, NFTA_CHAIN_HOOK);
	mnl_attr_put_u32(m, NFTA_HOOK_HOOKNUM, htonl(hook));
	mnl_attr_put_u32(m, NFTA_HOOK_PRIORITY, htonl((uint32_t)priority));
	if (device)
		mnl_attr_put_strz(m, NFTA_HOOK_DEV, device);
	mnl_attr_nest_end(m, nest);
	mnl_attr_put_strz(m, NFTA_CHAIN_TYPE, "filter");
	ruleset_end(s, m);
}

void ruleset_chain(struct ruleset *s, const char *name)
{
	struct nlmsghdr *m = ruleset_begin(s, NFT_MSG_NEWCHAIN, NLM_F_CREATE);

	mnl_attr_put_strz(m, NFTA_CHAIN_TABLE, s->table);
	mnl_attr_put_strz(m, NFTA_CHAIN_NAME, name);
	ruleset_end(s, m);
}

void ruleset_counter(struct ruleset *s, const char *name)
{
	struct nlmsghdr *m = ruleset_begin(s, NFT_MSG_NEWOBJ, NLM_F_CREATE);
	struct nlattr *data;

	mnl_attr_put_strz(m, NFTA_OBJ_TABLE, s->table);
	mnl_attr_put_strz(m, NFTA_OBJ_NAME, name);
	mnl_attr_put_u32(m, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
	data = mnl_attr_nest_start(m, NFTA_OBJ_DATA);
	mnl_attr_nest_end(m, data);
	ruleset_end(s, m);
}

void ruleset_flush(struct ruleset *s)
{
	struct nlmsghdr *m = ruleset_begin(s, NFT_MSG_DELRULE, 0);

	mnl_attr_put_strz(m, NFTA_RULE_TABLE, s->table);
	ruleset_end(s, m);
}

void ruleset_flush_chain(struct ruleset *s, const char *name)
{
	struct nlmsghdr *m = ruleset_begin(s, NFT_MSG_DELRULE, 0);

	mnl_attr_put_strz(m, NFTA_RULE_TABLE, s->table);
	mnl_attr_put_strz(m, NFTA_RULE_CHAIN, name);
	ruleset_end(s, m);
}

static void put_return(struct ruleset *s, const char *chain, uint8_t protocol)
{
	struct line r = line_begin(s, chain);

	line_protocol(&r, protocol);
	line_verdict(&r, NFT_RETURN, NULL);
	line_end(&r);
}

static void put_goto(struct ruleset *s, const char *chain, uint8_t protocol, const char *to)
{
	struct line r = line_begin(s, chain);

	line_protocol(&r, protocol);
	line_verdict(&r, NFT_GOTO, to);
	line_end(&r);
}

static void put_goto_field(struct ruleset *s, const char *chain, uint8_t protocol,
			   uint32_t offset, struct span value, const char *to)
{
	struct line r = line_begin(s, chain);

	line_protocol(&r, protocol);
	line_payload(&r, offset, (uint32_t)value.n);
	line_compare(&r, NFT_CMP_EQ, value.p, value.n);
	line_verdict(&r, NFT_GOTO, to);
	line_end(&r);
}

/* What hosts, queriers and routers say in ICMPv6: RFC 2710 3, RFC 3810 5, RFC 4861 4.2. */
static const uint8_t icmp6_types[] = { 130, 131, 132, 143, 134 };
static const uint16_t udp_ports[] = { PORT_AUTORP, PORT_SAP };

static void put_ports(struct ruleset *s, const char *chain, const char *to)
{
	for (size_t i = 0; i < COUNT(udp_ports); i++) {
		uint16_t port = htons(udp_ports[i]);

		put_goto_field(s, chain, NUMBER_UDP, 2,
			       (struct span){ (const uint8_t *)&port, sizeof(port) }, to);
	}
}

/* Most packets are UDP or TCP, so those leave first. */
void ruleset_select_control(struct ruleset *s, const char *chain, bool payload, const char *to)
{
	char ports[RULESET_NAME + 16];

	snprintf(ports, sizeof(ports), "%s:ports", chain);
	if (payload) {
		ruleset_chain(s, ports);
		put_goto(s, chain, NUMBER_UDP, ports);
		put_ports(s, ports, to);
	} else {
		put_return(s, chain, NUMBER_UDP);
	}
	put_return(s, chain, NUMBER_TCP);
	put_goto(s, chain, NUMBER_PIM, to);
	if (s->family != NFPROTO_IPV6)
		put_goto(s, chain, NUMBER_IGMP, to);
	for (size_t i = 0; s->family != NFPROTO_IPV4 && i < COUNT(icmp6_types); i++)
		put_goto_field(s, chain, NUMBER_ICMP6, 0, (struct span){ &icmp6_types[i], 1 }, to);
}

void ruleset_open(struct ruleset *s, const char *table)
{
	*s = (struct ruleset){ .table = table };
	nfnl_batch_init(&s->batch, BATCH_BYTES);
	nfnl_transaction_begin(&s->batch);
}

int ruleset_send_by(struct ruleset *s, int fd, bool keep)
{
	int error = fd;

	/* what fails is answered all the same; an answer to each would overrun the socket */
	if (s->last && !s->batch.failed) {
		s->last->nlmsg_flags |= NLM_F_ACK;
		s->batch.asked = 1;
	}
	if (keep)
		nfnl_transaction_end(&s->batch);
	if (fd >= 0)
		error = nfnl_ask(fd, &s->batch);
	nfnl_batch_release(&s->batch);
	return error;
}

int ruleset_send(struct ruleset *s, bool keep)
{
	int fd = nfnl_open(), error = ruleset_send_by(s, fd, keep);

	if (fd >= 0)
		close(fd);
	return error;
}

int ruleset_remove(const char *table, uint8_t family)
{
	struct ruleset s;
	struct nlmsghdr *m;
	int error;

	ruleset_open(&s, table);
	s.family = family;
	m = ruleset_begin(&s, NFT_MSG_DELTABLE, 0);
	mnl_attr_put_strz(m, NFTA_TABLE_NAME, table);
	ruleset_end(&s, m);
	error = ruleset_send(&s, true);
	return error == -ENOENT ? 0 : error;
}
