/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of what was asked for: their names, and their elements as netlink messages.  Knows no rule. */
#include "enforce/nft_joined.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "enforce/nfnl.h"

#define TABLE "weir"
#define PREFIX "Joined/"
#define ELEMENT_BYTES 64		/* of a message, at most */
#define ELEMENTS_BYTES 3000
#define HEAD_BYTES 4096
#define KEY_MAX 32

static const struct {
	const char *name, *type;
	size_t	    bytes;			/* of a key */
} sets[NFT_JOINED_COUNT] = {
	[NFT_JOINED_GROUP4] = { "group4", "ipv4_addr", 4 },
	[NFT_JOINED_PAIR4] = { "pair4", "ipv4_addr . ipv4_addr", 8 },
	[NFT_JOINED_GROUP6] = { "group6", "ipv6_addr", 16 },
	[NFT_JOINED_PAIR6] = { "pair6", "ipv6_addr . ipv6_addr", 32 },
	[NFT_JOINED_KNOWN] = { "known", "ether_type", 2 },
};

/* --- names --- */

void nft_put_joined(struct text *out, const char *boundary, enum direction direction,
		    enum nft_joined which)
{
	text_printf(out, PREFIX "%s/%s/%s", boundary, direction == DIRECTION_IN ? "in" : "out",
		    sets[which].name);
}

void nft_put_joined_sets(struct text *out, enum nft_table table, const char *boundary,
			 enum direction direction)
{
	for (unsigned i = 0; i < NFT_JOINED_COUNT; i++) {
		text_printf(out, "add set %s weir ", nft_table_family(table));
		nft_put_joined(out, boundary, direction, i);
		text_printf(out, " { type %s; }\n", sets[i].type);
	}
}

bool nft_is_joined(const char *set)
{
	return strncmp(set, PREFIX, strlen(PREFIX)) == 0;
}

/* The boundary is cut out of `name`, which is changed. */
static bool parse_name(char *name, char **out_boundary, enum direction *out_direction,
		       enum nft_joined *out_which)
{
	char *rest = name, *direction, *which;

	if (!nft_is_joined(name))
		return false;
	strsep(&rest, "/");
	*out_boundary = strsep(&rest, "/");
	direction = strsep(&rest, "/");
	which = rest;
	if (!direction || !which)
		return false;
	*out_direction = strcmp(direction, "in") == 0 ? DIRECTION_IN : DIRECTION_OUT;
	for (unsigned i = 0; i < NFT_JOINED_COUNT; i++) {
		if (strcmp(which, sets[i].name) != 0)
			continue;
		*out_which = i;
		return true;
	}
	return false;
}

/* --- writing --- */

static const uint8_t families[NFT_TABLE_COUNT] = { NFPROTO_NETDEV, NFPROTO_INET, NFPROTO_BRIDGE };

static size_t put_address(struct addr a, uint8_t *out)
{
	if (a.family == FAMILY_IP4) {
		uint32_t address = htonl((uint32_t)a.lo);

		memcpy(out, &address, sizeof(address));
		return sizeof(address);
	}
	for (unsigned i = 0; i < 2; i++) {
		uint64_t half = htobe64(i ? a.lo : a.hi);

		memcpy(out + 8 * i, &half, sizeof(half));
	}
	return 16;
}

/* The i-th key of a set, or false where it has none there. */
static bool key_of(const struct enforce_asked *asked, enum nft_joined which, size_t i,
		   uint8_t out[KEY_MAX])
{
	static const uint16_t types[] = { ETH_P_IP, ETH_P_IPV6 };
	bool is4 = which <= NFT_JOINED_PAIR4;
	bool is_pair = which == NFT_JOINED_PAIR4 || which == NFT_JOINED_PAIR6;
	const struct enforce_member *m = &asked->list[i];
	size_t n = 0;

	if (which == NFT_JOINED_KNOWN) {
		uint16_t type = htons(types[i]);

		memcpy(out, &type, sizeof(type));
		return asked->is_known;
	}
	if ((m->group.family == FAMILY_IP4) != is4 || addr_is_there(m->source) != is_pair ||
	    (is_pair && m->source.family != m->group.family))
		return false;
	if (is_pair)
		n = put_address(m->source, out);
	put_address(m->group, out + n);
	return true;
}

static struct nlmsghdr *begin_elements(struct nfnl_batch *b, enum nft_table table, const char *set,
				       unsigned type, unsigned flags)
{
	struct nlmsghdr *m =
		nfnl_begin(b, NFNL_SUBSYS_NFTABLES, type, flags, families[table], 0);

	mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_TABLE, TABLE);
	mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_SET, set);
	return m;
}

static void put_element(struct nlmsghdr *m, const uint8_t *key, size_t n)
{
	struct nlattr *whole = mnl_attr_nest_start(m, NFTA_LIST_ELEM);
	struct nlattr *part = mnl_attr_nest_start(m, NFTA_SET_ELEM_KEY);

	mnl_attr_put(m, NFTA_DATA_VALUE, n, key);
	mnl_attr_nest_end(m, part);
	mnl_attr_nest_end(m, whole);
}

/* All that the set is to hold, in place of what it held.  The last message. */
static struct nlmsghdr *put_set(struct nfnl_batch *b, const struct enforce_asked *asked,
				enum nft_table table, const char *set, enum nft_joined which)
{
	size_t n = which == NFT_JOINED_KNOWN ? 2 : asked->n, i = 0;
	struct nlmsghdr *m = begin_elements(b, table, set, NFT_MSG_DELSETELEM, 0);
	uint8_t key[KEY_MAX];

	nfnl_end(b, m);
	while (i < n) {
		struct nlattr *list;

		while (i < n && !key_of(asked, which, i, key))
			i++;
		if (i == n)
			return m;
		m = begin_elements(b, table, set, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
		list = mnl_attr_nest_start(m, NFTA_SET_ELEM_LIST_ELEMENTS);
		for (; i < n && m->nlmsg_len < ELEMENTS_BYTES; i++)
			if (key_of(asked, which, i, key))
				put_element(m, key, sets[which].bytes);
		mnl_attr_nest_end(m, list);
		nfnl_end(b, m);
	}
	return m;
}

/* Whether a standing set is one of this boundary and direction. */
static bool is_of(const struct nft_object *object, const struct enforce_asked *asked,
		  enum nft_joined *out_which)
{
	struct nft_object copy = *object;
	enum direction direction;
	char *boundary;

	return object->kind == NFT_SETS &&
	       parse_name(copy.name, &boundary, &direction, out_which) &&
	       direction == asked->direction && strcmp(boundary, asked->boundary) == 0;
}

static int send_sets(const struct enforce_asked *asked, const struct nft_objects *standing)
{
	struct nlmsghdr *last = NULL;
	struct nfnl_batch b;
	int fd = nfnl_open(), status = fd < 0 ? fd : 0;

	/* a key is in one set of each table */
	nfnl_batch_init(&b, HEAD_BYTES * (4 + standing->n) +
			2 * ELEMENT_BYTES * NFT_TABLE_COUNT * (asked->n + 8));
	nfnl_transaction_begin(&b);
	for (size_t i = 0; i < standing->n; i++) {
		enum nft_joined which;

		if (!is_of(&standing->list[i], asked, &which))
			continue;
		last = put_set(&b, asked, standing->list[i].table, standing->list[i].name, which);
	}
	if (last) {		/* it alone is answered; one that fails is too */
		last->nlmsg_flags |= NLM_F_ACK;
		b.asked++;
	}
	nfnl_transaction_end(&b);
	if (status == 0 && last)
		status = nfnl_ask(fd, &b);
	nfnl_batch_release(&b);
	if (fd >= 0)
		close(fd);
	return status;
}

int nft_joined_write(const struct enforce_asked *asked)
{
	struct nft_objects standing = { 0 };
	int status = nft_objects_read(NFT_SETS, &standing);

	if (status == 0)
		status = send_sets(asked, &standing);
	nft_objects_release(&standing);
	return status;
}

/* --- reading --- */

struct reading {
	enforce_asked_fn    *each;
	void		    *ctx;
	struct enforce_asked asked;	/* of the set that is read: its names */
	enum nft_joined	     which;
};

static struct addr address_of(const uint8_t *p, bool is4)
{
	struct rd r = { p, p + (is4 ? 4 : 16), false };

	return is4 ? addr_read4(&r) : addr_read6(&r);
}

static int read_key(const struct nlattr *a, void *context)
{
	struct reading *r = context;
	struct enforce_member m = { .source = ADDR_ANY };
	const uint8_t *key = mnl_attr_get_payload(a);
	size_t n = sets[r->which].bytes;
	bool is4 = r->which <= NFT_JOINED_PAIR4;

	if (mnl_attr_get_type(a) != NFTA_DATA_VALUE || mnl_attr_get_payload_len(a) != n)
		return MNL_CB_OK;
	r->asked.n = r->which != NFT_JOINED_KNOWN;
	r->asked.is_known = r->which == NFT_JOINED_KNOWN;
	r->asked.list = &m;
	if (r->which == NFT_JOINED_PAIR4 || r->which == NFT_JOINED_PAIR6)
		m.source = address_of(key, is4);
	if (r->asked.n > 0)
		m.group = address_of(key + n - (is4 ? 4 : 16), is4);
	r->each(r->ctx, &r->asked);
	return MNL_CB_OK;
}

static int read_element(const struct nlattr *a, void *context)
{
	return mnl_attr_get_type(a) == NFTA_SET_ELEM_KEY
		       ? mnl_attr_parse_nested(a, read_key, context)
		       : MNL_CB_OK;
}

static int read_list(const struct nlattr *a, void *context)
{
	return mnl_attr_parse_nested(a, read_element, context);
}

static int read_attribute(const struct nlattr *a, void *context)
{
	return mnl_attr_get_type(a) == NFTA_SET_ELEM_LIST_ELEMENTS
		       ? mnl_attr_parse_nested(a, read_list, context)
		       : MNL_CB_OK;
}

static int read_message(const struct nlmsghdr *message, void *context)
{
	return mnl_attr_parse(message, sizeof(struct nfgenmsg), read_attribute, context);
}

static int read_set(int fd, const struct nft_object *set, struct reading *r)
{
	struct nft_object copy = *set;
	struct nfnl_batch b;
	char *boundary;
	int status;

	if (!parse_name(copy.name, &boundary, &r->asked.direction, &r->which))
		return 0;
	r->asked.boundary = boundary;
	nfnl_batch_init(&b, 2 * HEAD_BYTES);
	nfnl_end(&b, begin_elements(&b, set->table, set->name, NFT_MSG_GETSETELEM, NLM_F_DUMP));
	status = nfnl_dump(fd, &b, read_message, r);
	nfnl_batch_release(&b);
	return status;
}

int nft_joined_read(enforce_asked_fn *each, void *ctx)
{
	struct nft_objects standing = { 0 };
	struct reading r = { .each = each, .ctx = ctx };
	int fd = nfnl_open(), status = fd < 0 ? fd : nft_objects_read(NFT_SETS, &standing);

	for (size_t i = 0; i < standing.n && status == 0; i++)
		status = read_set(fd, &standing.list[i], &r);
	nft_objects_release(&standing);
	if (fd >= 0)
		close(fd);
	return status;
}
