/* SPDX-License-Identifier: BSD-2-Clause */
/* The RAS inventory: a bounded hash table of hosts, and what follows from when they were heard.
 * Two addresses that use one name: the name `moved` where the one fell silent before the other
 * began, else it is a `duplicate_name`.  Knows no policy, no words and no clock. */
#include "engine/ras.h"

#include <stdlib.h>

#include "base/memory.h"

#define BUCKETS (RAS_HOSTS_MAX * 2)
#define NONE UINT16_MAX

/* A host and its neighbours: in its hash chain, and in the order in which hosts were heard. */
struct slot {
	struct ras_host host;
	uint16_t	next_in_chain;
	uint16_t	earlier, later;
};

struct ras_table {
	const struct authorised *list;		/* borrowed; NULL: none was given */
	struct slot		*slots;		/* RAS_HOSTS_MAX */
	uint16_t		*chains;	/* BUCKETS */
	size_t			 n;
	uint16_t		 earliest, latest;
	uint64_t		 evicted;
	struct ras_host	       **order;		/* of the last settling */
};

struct ras_table *ras_table_new(const struct authorised *list)
{
	struct ras_table *t = memory_take(sizeof(*t));

	t->list = list;
	t->slots = memory_array(RAS_HOSTS_MAX, sizeof(t->slots[0]));
	t->chains = memory_array(BUCKETS, sizeof(t->chains[0]));
	t->order = memory_array(RAS_HOSTS_MAX, sizeof(t->order[0]));
	for (size_t i = 0; i < BUCKETS; i++)
		t->chains[i] = NONE;
	t->earliest = t->latest = NONE;
	return t;
}

void ras_table_free(struct ras_table *table)
{
	if (!table)
		return;
	free(table->slots);
	free(table->chains);
	free(table->order);
	free(table);
}

uint64_t ras_table_evicted(const struct ras_table *table)
{
	return table->evicted;
}

/* The chain of an address: its hosts differ by VLAN or link. */
static uint16_t *chain_of(const struct ras_table *t, struct addr address)
{
	return &t->chains[addr_hash(address) % BUCKETS];
}

/* DESIGN 7: the key is the address and the VLAN, or the interface where there is no tag. */
static bool is_at(const struct ras_host *host, const struct observation *obs)
{
	return addr_equal(host->address, obs->speaker) && host->vlan == obs->vlan &&
	       (obs->vlan != VLAN_NONE || host->link == obs->link);
}

static uint16_t find_host(const struct ras_table *t, const struct observation *obs)
{
	uint16_t i = *chain_of(t, obs->speaker);

	while (i != NONE && !is_at(&t->slots[i].host, obs))
		i = t->slots[i].next_in_chain;
	return i;
}

static void unlink_host(struct ras_table *t, uint16_t i)
{
	struct slot *slot = &t->slots[i];

	if (slot->earlier == NONE)
		t->earliest = slot->later;
	else
		t->slots[slot->earlier].later = slot->later;
	if (slot->later == NONE)
		t->latest = slot->earlier;
	else
		t->slots[slot->later].earlier = slot->earlier;
}

static void link_latest(struct ras_table *t, uint16_t i)
{
	t->slots[i].earlier = t->latest;
	t->slots[i].later = NONE;
	if (t->latest == NONE)
		t->earliest = i;
	else
		t->slots[t->latest].later = i;
	t->latest = i;
}

/* A slot for a new host: an unused one, or that of the host heard longest ago. */
static uint16_t take_slot(struct ras_table *t)
{
	uint16_t i = t->earliest;
	uint16_t *at;

	if (t->n < RAS_HOSTS_MAX)
		return (uint16_t)t->n++;
	at = chain_of(t, t->slots[i].host.address);
	while (*at != i)
		at = &t->slots[*at].next_in_chain;
	*at = t->slots[i].next_in_chain;
	unlink_host(t, i);
	t->evicted++;
	return i;
}

static uint16_t add_host(struct ras_table *t, const struct observation *obs)
{
	uint16_t i = take_slot(t);
	uint16_t *chain = chain_of(t, obs->speaker);
	struct slot *slot = &t->slots[i];

	*slot = (struct slot){ .next_in_chain = *chain };
	*chain = i;
	link_latest(t, i);
	slot->host.address = obs->speaker;
	slot->host.vlan = obs->vlan;
	slot->host.link = obs->link;
	slot->host.first = slot->host.last = obs->at;
	return i;
}

static struct span name_of(const struct ras_name *name)
{
	return (struct span){ name->bytes, name->n };
}

static void keep_name(struct ras_name *out, struct span name)
{
	out->n = (uint16_t)(name.n < RASADV_NAME_MAX ? name.n : RASADV_NAME_MAX);
	if (out->n > 0)
		memcpy(out->bytes, name.p, out->n);
}

/* Counts one advertisement.  Time that goes back stands still. */
static void count_in(struct ras_host *host, const struct observation *obs)
{
	int64_t silence = obs->at.ns > host->last.ns ? obs->at.ns - host->last.ns : 0;

	if (host->count > 0 && silence >= RAS_GONE_NS)
		host->returns++;
	else if (host->count > 0 && silence >= NS_PER_S)	/* less is a copy on the way */
		host->period_ns = silence;
	host->last.ns += silence;
	host->count++;
}

static void keep_headers(struct ras_host *host, const struct observation *obs)
{
	host->notes |= obs->flags;
	host->came_in |= obs->direction == DIRECTION_IN;
	host->went_out |= obs->direction == DIRECTION_OUT;
	host->has_mac = obs->has_mac;
	memcpy(host->mac, obs->mac, sizeof(host->mac));
	host->has_ttl = obs->has_ttl;
	host->ttl = obs->ttl;
	host->hops = obs->has_ttl && obs->ttl <= RASADV_TTL ? (uint8_t)(RASADV_TTL - obs->ttl)
							    : RAS_HOPS_UNKNOWN;
}

/* An advertisement whose end the capture does not hold may lack its names: the names that were
 * heard before stay. */
static void keep_names(struct ras_host *host, const struct observation *obs)
{
	bool whole = (obs->flags & (FLAG_BIT(CUT) | FLAG_BIT(FRAGMENT))) == 0;

	if (!whole && obs->hostname.n == 0)
		return;
	if (host->count > 1 && !span_equal(name_of(&host->hostname), obs->hostname))
		host->renamed = true;
	keep_name(&host->hostname, obs->hostname);
	if (whole || obs->domain.n > 0)
		keep_name(&host->domain, obs->domain);
}

/* TCP 9753 to or from a server that announced itself; on whatever link it goes. */
static void hear_tcp(struct ras_table *t, const struct observation *obs)
{
	struct addr ends[2] = { obs->speaker, obs->receiver };

	for (size_t k = 0; k < COUNT(ends); k++) {
		uint16_t i = *chain_of(t, ends[k]);

		for (; i != NONE; i = t->slots[i].next_in_chain) {
			if (addr_equal(t->slots[i].host.address, ends[k]))
				t->slots[i].host.tcp_segments++;
		}
	}
}

void ras_table_hear(struct ras_table *table, const struct observation *obs)
{
	uint16_t i;

	if (obs->protocol == PROTOCOL_TCP && obs->has_ports &&
	    (obs->sport == RASADV_PORT || obs->dport == RASADV_PORT))
		hear_tcp(table, obs);
	if (obs->protocol != PROTOCOL_RASADV || obs->type != TYPE_ADVERTISEMENT ||
	    obs->anomaly != ANOMALY_NONE)
		return;
	i = find_host(table, obs);
	if (i == NONE) {
		i = add_host(table, obs);
	} else {
		unlink_host(table, i);
		link_latest(table, i);
	}
	count_in(&table->slots[i].host, obs);
	keep_headers(&table->slots[i].host, obs);
	keep_names(&table->slots[i].host, obs);
}

void ras_table_restore(struct ras_table *table, const struct ras_host *host)
{
	const struct observation obs = { .speaker = host->address, .vlan = host->vlan,
					 .link = host->link };
	uint16_t i = add_host(table, &obs);

	table->slots[i].host = *host;
}

enum ras_state ras_host_state(const struct ras_host *host, struct mtime now)
{
	int64_t silence = now.ns - host->last.ns;

	if (silence >= RAS_GONE_NS)
		return RAS_GONE;
	if (silence >= RAS_LATE_NS)
		return RAS_LATE;
	if (host->returns > 0)
		return RAS_RETURNED;
	return host->count == 1 ? RAS_NEW : RAS_SEEN;
}

static enum ras_authorisation authorisation_of(const struct ras_table *t,
					       const struct ras_host *host)
{
	if (!t->list)
		return host->authorised;	/* of a host that was restored: as it was */
	return authorised_has(t->list, host->address, name_of(&host->hostname),
			      name_of(&host->domain))
		       ? RAS_AUTHORISED
		       : RAS_NOT_AUTHORISED;
}

static int order_spans(struct span a, struct span b)
{
	int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return order ? order : a.n < b.n ? -1 : a.n > b.n;
}

static int order_names(const struct ras_host *a, const struct ras_host *b)
{
	int order = order_spans(name_of(&a->hostname), name_of(&b->hostname));

	return order ? order : order_spans(name_of(&a->domain), name_of(&b->domain));
}

static int order_by_name(const void *a, const void *b)
{
	const struct ras_host *x = *(const struct ras_host *const *)a;
	const struct ras_host *y = *(const struct ras_host *const *)b;
	int order = order_names(x, y);

	if (order)
		return order;
	return x->first.ns < y->first.ns ? -1 : x->first.ns > y->first.ns;
}

static int order_by_address(const void *a, const void *b)
{
	const struct ras_host *x = *(const struct ras_host *const *)a;
	const struct ras_host *y = *(const struct ras_host *const *)b;
	int order = addr_order(x->address, y->address);

	if (order)
		return order;
	return x->vlan != y->vlan ? x->vlan - y->vlan : x->link - y->link;
}

static void note_pair(struct ras_host *earlier, struct ras_host *later)
{
	if (addr_equal(earlier->address, later->address))
		return;
	if (earlier->last.ns < later->first.ns)
		later->moved = true;
	else
		earlier->duplicate_name = later->duplicate_name = true;
}

/* Hosts of one name, in the order in which they were first heard.  Each is compared with the
 * one among those before it that spoke last, which decides for all of them. */
static void settle_name(struct ras_table *t, size_t from, size_t to)
{
	size_t spoke_last = from;

	if (t->order[from]->hostname.n == 0)
		return;
	for (size_t i = from + 1; i < to; i++) {
		note_pair(t->order[spoke_last], t->order[i]);
		if (t->order[i]->last.ns >= t->order[spoke_last]->last.ns)
			spoke_last = i;
	}
}

void ras_table_settle(struct ras_table *table, struct mtime now)
{
	for (size_t i = 0; i < table->n; i++) {
		struct ras_host *host = &table->slots[i].host;

		host->moved = host->duplicate_name = false;
		host->state = ras_host_state(host, now);
		host->authorised = authorisation_of(table, host);
		table->order[i] = host;
	}
	qsort(table->order, table->n, sizeof(table->order[0]), order_by_name);
	for (size_t from = 0, to; from < table->n; from = to) {
		for (to = from + 1; to < table->n; to++) {
			if (order_names(table->order[from], table->order[to]) != 0)
				break;
		}
		settle_name(table, from, to);
	}
	qsort(table->order, table->n, sizeof(table->order[0]), order_by_address);
}

const struct ras_host *const *ras_table_hosts(const struct ras_table *table, size_t *out_n)
{
	*out_n = table->n;
	return (const struct ras_host *const *)table->order;
}

/* All that is worth telling, as a number over 0.  That it is heard again on time is not. */
static uint8_t summary_of(const struct ras_host *host)
{
	enum ras_state state = host->state == RAS_NEW ? RAS_SEEN : host->state;

	return (uint8_t)(1 + (unsigned)state * 8 + host->moved * 4u + host->duplicate_name * 2u +
			 host->renamed);
}

const struct ras_host *ras_table_next(struct ras_table *table, struct mtime now)
{
	ras_table_settle(table, now);
	for (size_t i = 0; i < table->n; i++) {
		uint8_t summary = summary_of(table->order[i]);

		if (table->order[i]->told == summary)
			continue;
		table->order[i]->told = summary;
		return table->order[i];
	}
	return NULL;
}

const struct ras_host *ras_table_find(const struct ras_table *table, const struct observation *obs)
{
	uint16_t i = find_host(table, obs);

	return i == NONE ? NULL : &table->slots[i].host;
}

const char *ras_state_name(enum ras_state state)
{
	static const char *const names[] = { "new", "seen", "late", "gone", "returned" };

	return names[state];
}
