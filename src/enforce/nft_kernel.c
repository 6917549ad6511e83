/* SPDX-License-Identifier: BSD-2-Clause */
/* Dumps and deletions of nf_tables objects over netlink.  Knows their names, and of rules only what
 * they counted. */
#include "enforce/nft_kernel.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "enforce/nfnl.h"

#define TABLE "weir"
#define REQUEST_BYTES 8192
#define REMOVALS_MAX 2500
#define REMOVAL_BYTES (REMOVALS_MAX * 3 * 344 + 8192)
#define ATTEMPTS 10			/* readings that a change in the middle spoilt */

static const uint8_t families[NFT_TABLE_COUNT] = { NFPROTO_NETDEV, NFPROTO_INET, NFPROTO_BRIDGE };

/* Names of attributes and messages of a kind. */
static const struct {
	uint16_t dump, remove, table, name;
	uint32_t object;			/* type of a stateful object; 0: none */
} kinds[NFT_KIND_COUNT] = {
	[NFT_CHAINS] = { NFT_MSG_GETCHAIN, NFT_MSG_DELCHAIN, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, 0 },
	[NFT_SETS] = { NFT_MSG_GETSET, NFT_MSG_DELSET, NFTA_SET_TABLE, NFTA_SET_NAME, 0 },
	[NFT_LIMITS] = { NFT_MSG_GETOBJ, NFT_MSG_DELOBJ, NFTA_OBJ_TABLE, NFTA_OBJ_NAME,
			 NFT_OBJECT_LIMIT },
	[NFT_COUNTERS] = { NFT_MSG_GETOBJ, NFT_MSG_DELOBJ, NFTA_OBJ_TABLE, NFTA_OBJ_NAME,
			   NFT_OBJECT_COUNTER },
	[NFT_LINES] = { NFT_MSG_GETRULE, NFT_MSG_DELRULE, NFTA_RULE_TABLE, NFTA_RULE_CHAIN, 0 },
};

/* One object while its attributes are read. */
struct reading {
	struct nft_objects *out;
	struct nft_object   object;
	bool		    is_ours, is_anonymous;
	mnl_attr_cb_t	    read_data;		/* of the expression */
};

static int read_count(const struct nlattr *a, void *context)
{
	struct reading *r = context;

	if (mnl_attr_get_type(a) == NFTA_COUNTER_PACKETS)
		r->object.packets += be64toh(mnl_attr_get_u64(a));
	if (mnl_attr_get_type(a) == NFTA_COUNTER_BYTES)
		r->object.bytes += be64toh(mnl_attr_get_u64(a));
	return MNL_CB_OK;
}

static int read_map_name(const struct nlattr *a, void *context)
{
	struct reading *r = context;

	if (mnl_attr_get_type(a) == NFTA_LOOKUP_SET)
		r->object.refers_to = mnl_attr_get_str(a)[0];
	return MNL_CB_OK;
}

static int read_verdict(const struct nlattr *a, void *context)
{
	struct reading *r = context;

	if (mnl_attr_get_type(a) == NFTA_VERDICT_CHAIN)
		r->object.refers_to = mnl_attr_get_str(a)[0];
	return MNL_CB_OK;
}

static int read_immediate_data(const struct nlattr *a, void *context)
{
	return mnl_attr_get_type(a) == NFTA_DATA_VERDICT
		       ? mnl_attr_parse_nested(a, read_verdict, context)
		       : MNL_CB_OK;
}

static int read_immediate(const struct nlattr *a, void *context)
{
	return mnl_attr_get_type(a) == NFTA_IMMEDIATE_DATA
		       ? mnl_attr_parse_nested(a, read_immediate_data, context)
		       : MNL_CB_OK;
}

static mnl_attr_cb_t reader_of(const char *expression)
{
	if (strcmp(expression, "counter") == 0)
		return read_count;
	if (strcmp(expression, "lookup") == 0)
		return read_map_name;
	return strcmp(expression, "immediate") == 0 ? read_immediate : NULL;
}

/* The name of an expression comes before its data. */
static int read_expression(const struct nlattr *a, void *context)
{
	struct reading *r = context;

	if (mnl_attr_get_type(a) == NFTA_EXPR_NAME)
		r->read_data = reader_of(mnl_attr_get_str(a));
	if (mnl_attr_get_type(a) == NFTA_EXPR_DATA && r->read_data)
		return mnl_attr_parse_nested(a, r->read_data, context);
	return MNL_CB_OK;
}

static int read_element(const struct nlattr *a, void *context)
{
	struct reading *r = context;

	r->read_data = NULL;
	return mnl_attr_parse_nested(a, read_expression, context);
}

static int read_attribute(const struct nlattr *a, void *context)
{
	struct reading *r = context;
	unsigned type = mnl_attr_get_type(a);

	if (type == kinds[r->object.kind].table)
		r->is_ours = strcmp(mnl_attr_get_str(a), TABLE) == 0;
	if (type == kinds[r->object.kind].name)
		snprintf(r->object.name, sizeof(r->object.name), "%s", mnl_attr_get_str(a));
	if (r->object.kind == NFT_SETS && type == NFTA_SET_FLAGS) {
		r->is_anonymous = ntohl(mnl_attr_get_u32(a)) & NFT_SET_ANONYMOUS;
		r->object.is_map = ntohl(mnl_attr_get_u32(a)) & NFT_SET_MAP;
	}
	if (r->object.kind == NFT_COUNTERS && type == NFTA_OBJ_DATA)
		return mnl_attr_parse_nested(a, read_count, context);
	if (r->object.kind == NFT_LINES && type == NFTA_RULE_EXPRESSIONS)
		return mnl_attr_parse_nested(a, read_element, context);
	return MNL_CB_OK;
}

void nft_objects_add(struct nft_objects *objects, const struct nft_object *object)
{
	if (objects->n == objects->cap) {
		objects->cap = 2 * objects->cap + 64;
		objects->list = memory_grow(objects->list, objects->cap, sizeof(*objects->list));
	}
	objects->list[objects->n++] = *object;
}

static int read_object(const struct nlmsghdr *message, void *context)
{
	struct reading *r = context;

	r->is_ours = r->is_anonymous = r->object.is_map = false;
	r->object.packets = r->object.bytes = 0;
	r->object.refers_to = 0;
	r->object.name[0] = '\0';
	if (mnl_attr_parse(message, sizeof(struct nfgenmsg), read_attribute, r) < 0)
		return MNL_CB_ERROR;
	if (r->is_ours && !r->is_anonymous)
		nft_objects_add(r->out, &r->object);
	return MNL_CB_OK;
}

static int dump(int fd, enum nft_kind kind, enum nft_table table, struct nft_objects *out)
{
	struct reading reading = { .out = out, .object = { .kind = kind, .table = table } };
	struct nfnl_batch b;
	struct nlmsghdr *m;
	int status;

	nfnl_batch_init(&b, REQUEST_BYTES);
	m = nfnl_begin(&b, NFNL_SUBSYS_NFTABLES, kinds[kind].dump, NLM_F_DUMP, families[table], 0);
	mnl_attr_put_strz(m, kinds[kind].table, TABLE);
	if (kinds[kind].object)
		mnl_attr_put_u32(m, NFTA_OBJ_TYPE, htonl(kinds[kind].object));
	nfnl_end(&b, m);
	status = nfnl_dump(fd, &b, read_object, &reading);
	nfnl_batch_release(&b);
	return status == -ENOENT ? 0 : status;
}

static int read_tables(int fd, enum nft_kind kind, struct nft_objects *out)
{
	int status = 0;

	for (unsigned t = 0; t < NFT_TABLE_COUNT && status == 0; t++) {
		size_t before = out->n;

		status = -EINTR;
		for (unsigned i = 0; i < ATTEMPTS && status == -EINTR; i++) {
			out->n = before;
			status = dump(fd, kind, t, out);
		}
	}
	return status;
}

int nft_objects_read(enum nft_kind kind, struct nft_objects *out)
{
	int fd = nfnl_open(), status = fd < 0 ? fd : read_tables(fd, kind, out);

	if (fd >= 0)
		close(fd);
	return status;
}

static int read_generation(const struct nlattr *a, void *context)
{
	uint32_t *generation = context;

	if (mnl_attr_get_type(a) == NFTA_GEN_ID)
		*generation = ntohl(mnl_attr_get_u32(a));
	return MNL_CB_OK;
}

static int read_generation_message(const struct nlmsghdr *message, void *context)
{
	(void)mnl_attr_parse(message, sizeof(struct nfgenmsg), read_generation, context);
	return MNL_CB_STOP;
}

/* How many transactions the kernel has seen. */
static int ask_generation(int fd, uint32_t *out)
{
	struct nfnl_batch b;
	int status;

	nfnl_batch_init(&b, REQUEST_BYTES);
	nfnl_end(&b, nfnl_begin(&b, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETGEN, 0, AF_UNSPEC, 0));
	status = nfnl_dump(fd, &b, read_generation_message, out);
	nfnl_batch_release(&b);
	return status;
}

int nft_objects_read_together(const enum nft_kind *which, size_t n, struct nft_objects *out)
{
	int fd = nfnl_open(), status = fd < 0 ? fd : -EINTR;
	uint32_t before = 0, after = 0;

	for (unsigned attempt = 0; attempt < ATTEMPTS && status == -EINTR; attempt++) {
		out->n = 0;
		status = ask_generation(fd, &before);
		for (size_t i = 0; i < n && status == 0; i++)
			status = read_tables(fd, which[i], out);
		if (status == 0)
			status = ask_generation(fd, &after);
		if (status == 0 && before != after)
			status = -EINTR;
	}
	if (fd >= 0)
		close(fd);
	return status;
}

void nft_objects_release(struct nft_objects *objects)
{
	free(objects->list);
	*objects = (struct nft_objects){ 0 };
}

static struct nlmsghdr *begin_removal(struct nfnl_batch *b, enum nft_kind kind,
				      enum nft_table table, const char *name, unsigned flags)
{
	struct nlmsghdr *m = nfnl_begin(b, NFNL_SUBSYS_NFTABLES, kinds[kind].remove, flags,
					families[table], 0);

	mnl_attr_put_strz(m, kinds[kind].table, TABLE);
	mnl_attr_put_strz(m, kinds[kind].name, name);
	if (kinds[kind].object)
		mnl_attr_put_u32(m, NFTA_OBJ_TYPE, htonl(kinds[kind].object));
	return m;
}

/* The kernel changes no counter: a new one takes the place of the old. */
static void put_counter(struct nfnl_batch *b, const struct nft_object *chain)
{
	const char *name = chain->name + 1;
	struct nlmsghdr *m;
	struct nlattr *data;

	if (chain->has_counter)
		nfnl_end(b, begin_removal(b, NFT_COUNTERS, chain->table, name, 0));
	m = nfnl_begin(b, NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWOBJ, NLM_F_CREATE | NLM_F_EXCL,
		       families[chain->table], 0);
	mnl_attr_put_strz(m, NFTA_OBJ_TABLE, TABLE);
	mnl_attr_put_strz(m, NFTA_OBJ_NAME, name);
	mnl_attr_put_u32(m, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
	data = mnl_attr_nest_start(m, NFTA_OBJ_DATA);
	mnl_attr_put_u64(m, NFTA_COUNTER_BYTES, htobe64(chain->bytes));
	mnl_attr_put_u64(m, NFTA_COUNTER_PACKETS, htobe64(chain->packets));
	mnl_attr_nest_end(m, data);
	nfnl_end(b, m);
}

/* The last message alone is answered; one that fails is too. */
static void put_removal(struct nfnl_batch *b, const struct nft_object *object, bool is_last)
{
	if (object->leaves_count)
		put_counter(b, object);
	nfnl_end(b, begin_removal(b, object->kind, object->table, object->name,
				  is_last ? NLM_F_ACK : 0));
}

int nft_objects_remove(const struct nft_objects *objects)
{
	int fd = nfnl_open(), status = fd < 0 ? fd : 0;
	struct nfnl_batch b;

	nfnl_batch_init(&b, REMOVAL_BYTES);
	for (size_t at = 0; at < objects->n && status == 0; at += REMOVALS_MAX) {
		size_t end = objects->n - at > REMOVALS_MAX ? at + REMOVALS_MAX : objects->n;

		nfnl_batch_reset(&b);
		nfnl_transaction_begin(&b);
		for (size_t i = at; i < end; i++)
			put_removal(&b, &objects->list[i], i + 1 == end);
		nfnl_transaction_end(&b);
		status = nfnl_ask(fd, &b);
	}
	nfnl_batch_release(&b);
	if (fd >= 0)
		close(fd);
	return status;
}
