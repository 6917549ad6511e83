/* SPDX-License-Identifier: BSD-2-Clause */
/* Adds up what chains and counters of nftables say.  Knows no rule and no generation. */
#include "enforce/nft_tally.h"

#include <stdlib.h>

#include "base/memory.h"

bool nft_is_base_chain(const char *name)
{
	for (unsigned hook = 0; hook < HOOK_COUNT; hook++) {
		size_t n = strlen(hook_name(hook));

		if (strncmp(name, hook_name(hook), n) == 0 && name[n] == '/')
			return true;
	}
	return false;
}

bool nft_chain_counts(const char *name)
{
	return strchr(name, '/') && !nft_is_base_chain(name);
}

static int order(const void *a, const void *b)
{
	const struct nft_object *x = a, *y = b;

	return x->table != y->table ? (x->table < y->table ? -1 : 1) : strcmp(x->name, y->name);
}

static void sort(struct nft_objects *objects)
{
	if (objects->n > 0)
		qsort(objects->list, objects->n, sizeof(*objects->list), order);
}

/* Counters, and lines of chains that count. */
static int read_all(struct nft_objects *out)
{
	static const enum nft_kind both[] = { NFT_COUNTERS, NFT_LINES };
	int status = nft_objects_read_together(both, COUNT(both), out);
	size_t n = 0;

	for (size_t i = 0; i < out->n; i++)
		if (out->list[i].kind == NFT_COUNTERS || nft_chain_counts(out->list[i].name))
			out->list[n++] = out->list[i];
	out->n = n;
	sort(out);
	return status;
}

/* One object for each of a name; sorted. */
static void merge(struct nft_objects *objects)
{
	size_t n = 0;

	for (size_t i = 0; i < objects->n; i++) {
		const struct nft_object *o = &objects->list[i];
		struct nft_object *last = n ? &objects->list[n - 1] : NULL;

		if (!last || order(last, o) != 0) {
			objects->list[n++] = *o;
			continue;
		}
		last->packets += o->packets;
		last->bytes += o->bytes;
		last->has_counter |= o->has_counter;
		last->kind = o->kind == NFT_LINES ? NFT_LINES : last->kind;
	}
	objects->n = n;
}

/* Under their counter's name. */
static void rename_lines(struct nft_objects *objects)
{
	for (size_t i = 0; i < objects->n; i++) {
		struct nft_object *o = &objects->list[i];

		o->has_counter = o->kind == NFT_COUNTERS;
		if (o->kind == NFT_LINES)
			memmove(o->name, o->name + 1, strlen(o->name));
	}
	sort(objects);
}

int nft_tallies_read(struct nft_objects *out)
{
	int status = read_all(out);

	rename_lines(out);
	merge(out);
	return status;
}

static struct nft_object *find(const struct nft_objects *sorted, const struct nft_object *key)
{
	return sorted->n > 0 ? bsearch(key, sorted->list, sorted->n, sizeof(*key), order) : NULL;
}

static void leave(struct nft_object *chain, const struct nft_objects *counted,
		  const struct nft_objects *counters)
{
	struct nft_object key = *chain;
	const struct nft_object *lines = find(counted, chain);
	struct nft_object *counter;

	if (chain->kind != NFT_CHAINS || !lines || lines->packets == 0)
		return;
	memmove(key.name, key.name + 1, strlen(key.name));
	counter = find(counters, &key);
	counter->packets += lines->packets;
	counter->bytes += lines->bytes;
	chain->leaves_count = true;
	chain->has_counter = counter->has_counter;
	chain->packets = counter->packets;
	chain->bytes = counter->bytes;
	counter->has_counter = true;		/* for another chain of that name */
}

int nft_tally_leave(struct nft_objects *removals)
{
	struct nft_objects counted = { 0 }, counters = { 0 };
	int status = read_all(&counted);

	for (size_t i = 0; i < counted.n; i++) {
		struct nft_object o = counted.list[i];

		if (o.kind == NFT_LINES)
			o.packets = o.bytes = 0;
		nft_objects_add(&counters, &o);
	}
	rename_lines(&counters);
	merge(&counters);
	merge(&counted);
	for (size_t i = 0; i < removals->n && status == 0; i++)
		leave(&removals->list[i], &counted, &counters);
	nft_objects_release(&counted);
	nft_objects_release(&counters);
	return status;
}
