/* SPDX-License-Identifier: BSD-2-Clause */
/* Dumps and deletions of nf_tables objects over netlink.  Knows their names, no rule. */
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
#define REMOVALS_MAX 500
#define REMOVAL_BYTES (REMOVALS_MAX * 320 + 8192)
#define ATTEMPTS 10			/* dumps that a change in the middle spoilt */

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
};

/* One object while its attributes are read. */
struct reading {
	struct nft_objects *out;
	struct nft_object   object;
	bool		    is_ours, is_anonymous;
};

static int read_data(const struct nlattr *a, void *context)
{
	struct reading *r = context;

	if (mnl_attr_get_type(a) == NFTA_COUNTER_PACKETS)
		r->object.packets = be64toh(mnl_attr_get_u64(a));
	if (mnl_attr_get_type(a) == NFTA_COUNTER_BYTES)
		r->object.bytes = be64toh(mnl_attr_get_u64(a));
	return MNL_CB_OK;
}

static int read_attribute(const struct nlattr *a, void *context)
{
	struct reading *r = context;
	unsigned type = mnl_attr_get_type(a);

	if (type == kinds[r->object.kind].table)
		r->is_ours = strcmp(mnl_attr_get_str(a), TABLE) == 0;
	if (type == kinds[r->object.kind].name)
		snprintf(r->object.name, sizeof(r->object.name), "%s", mnl_attr_get_str(a));
	if (r->object.kind == NFT_SETS && type == NFTA_SET_FLAGS)
		r->is_anonymous = ntohl(mnl_attr_get_u32(a)) & NFT_SET_ANONYMOUS;
	if (r->object.kind == NFT_COUNTERS && type == NFTA_OBJ_DATA)
		return mnl_attr_parse_nested(a, read_data, context);
	return MNL_CB_OK;
}

static int add_object(const struct nlmsghdr *message, void *context)
{
	struct reading *r = context;
	struct nft_objects *out = r->out;

	r->is_ours = r->is_anonymous = false;
	r->object.packets = r->object.bytes = 0;
	r->object.name[0] = '\0';
	if (mnl_attr_parse(message, sizeof(struct nfgenmsg), read_attribute, r) < 0)
		return MNL_CB_ERROR;
	if (!r->is_ours || r->is_anonymous)
		return MNL_CB_OK;
	if (out->n == out->cap) {
		out->cap = 2 * out->cap + 64;
		out->list = memory_grow(out->list, out->cap, sizeof(*out->list));
	}
	out->list[out->n++] = r->object;
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
	status = nfnl_dump(fd, &b, add_object, &reading);
	nfnl_batch_release(&b);
	return status == -ENOENT ? 0 : status;
}

int nft_objects_read(enum nft_kind kind, struct nft_objects *out)
{
	int fd = nfnl_open(), status = fd < 0 ? fd : 0;

	for (unsigned t = 0; t < NFT_TABLE_COUNT && status == 0; t++) {
		size_t before = out->n;

		status = -EINTR;
		for (unsigned i = 0; i < ATTEMPTS && status == -EINTR; i++) {
			out->n = before;
			status = dump(fd, kind, t, out);
		}
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

/* The last message alone is answered; one that fails is too. */
static void put_removal(struct nfnl_batch *b, const struct nft_object *object, bool is_last)
{
	struct nlmsghdr *m =
		nfnl_begin(b, NFNL_SUBSYS_NFTABLES, kinds[object->kind].remove,
			   is_last ? NLM_F_ACK : 0, families[object->table], 0);

	mnl_attr_put_strz(m, kinds[object->kind].table, TABLE);
	mnl_attr_put_strz(m, kinds[object->kind].name, object->name);
	if (kinds[object->kind].object)
		mnl_attr_put_u32(m, NFTA_OBJ_TYPE, htonl(kinds[object->kind].object));
	nfnl_end(b, m);
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
