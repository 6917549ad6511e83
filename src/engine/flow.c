/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of flows: an index with linear probing over at most eight places, where nothing is
 * ever taken out but to make room.  IPv6 flows keep their addresses beside the list.  Knows no
 * verdicts. */
#include "engine/flow_index.h"

#include <assert.h>
#include <stdlib.h>

#include "base/large_page.h"
#include "base/memory.h"

#define LINE_BYTES 64

_Static_assert(sizeof(struct flow) == LINE_BYTES, "a flow is one cache line");
_Static_assert(FLOWS6_MAX * sizeof(uint16_t) % LINE_BYTES == 0, "the list behind begins at one");
_Static_assert(POINT_COUNT <= 16, "a point is four bits of a flow's tag");
_Static_assert(FLOWS4_MAX <= FLOW_NUMBER && FLOWS6_MAX <= FLOW_NUMBER, "a number fits its bits");

/* Index, ports and list of `max` flows, zeroed, in one piece that begins at a large page: what every
 * packet asks for, the index and the flows that came first, then shares one. */
static void init_side(struct flow_side *side, size_t max, bool with_others)
{
	size_t index = max * sizeof(side->index[0]);
	size_t ports = max * sizeof(side->ports[0]) + LINE_BYTES;	/* one more */
	size_t list = (max + 1) * sizeof(side->list[0]);
	uint8_t *p;

	*side = (struct flow_side){ .max = max, .bytes = LARGE_PAGE + index + ports + list };
	side->memory = memory_take(side->bytes);
	p = large_page_of(side->memory);
	side->index = (uint32_t *)(void *)p;
	side->ports = (uint16_t *)(void *)(p + index);
	side->list = (struct flow *)(void *)(p + index + ports);
	if (with_others)
		side->others = memory_array(max + 1, sizeof(side->others[0]));
}

static void release_side(struct flow_side *side)
{
	free(side->memory);
	free(side->others);
}

void flow_table_init(struct flow_table *table, bool with_others)
{
	*table = (struct flow_table){ 0 };
	init_side(&table->ip4, FLOWS4_MAX, with_others);
	init_side(&table->ip6, FLOWS6_MAX, with_others);
	table->keys6 = memory_array(FLOWS6_MAX + 1, sizeof(struct flow_long));
}

void flow_table_release(struct flow_table *table)
{
	release_side(&table->ip4);
	release_side(&table->ip6);
	free(table->keys6);
	*table = (struct flow_table){ 0 };
}

struct flow_key flow_key_of(const struct observation *obs)
{
	struct flow_key key = { .source = obs->source, .group = obs->group, .point = obs->point,
				.kind = FLOW_SOURCE_HOST };

	if (addr_is_there(obs->group))
		key.group_len = obs->group_len;
	if (addr_is_there(obs->source))
		return key;
	key.kind = obs->source.family == FAMILY_ANY ? FLOW_SOURCE_ANY
		   : addr_is_there(obs->speaker)    ? FLOW_SOURCE_SPEAKER
						    : FLOW_SOURCE_NONE;
	key.source = key.kind == FLOW_SOURCE_SPEAKER ? obs->speaker : ADDR_NONE;
	return key;
}

static bool is_short(const struct flow_key *key)
{
	return key->source.family != FAMILY_IP6 && key->group.family != FAMILY_IP6;
}

/* The top bits tell families apart where only one of the addresses is IPv4. */
static uint16_t tag_of(const struct flow_key *key)
{
	unsigned tag = key->point | (unsigned)key->kind << 4 | (unsigned)key->group_len << 6;

	if (!is_short(key))
		tag |= (key->source.family == FAMILY_IP4 ? 1u << 14 : 0) |
		       (key->group.family == FAMILY_IP4 ? 1u << 15 : 0);
	return (uint16_t)tag;
}

static struct flow_long long_of(const struct flow_key *key)
{
	return (struct flow_long){ key->source.hi, key->source.lo, key->group.hi,
				   key->group.lo };
}

uint64_t flow_hash(const struct flow_key *key)
{
	struct flow_long pair;

	if (is_short(key))
		return flow_apart(addr_hash_pair((uint32_t)key->source.lo, (uint32_t)key->group.lo),
				  key->point);
	pair = long_of(key);
	return flow_apart(flow_hash6(&pair), key->point);
}

/* What the 64 bits of a flow hold: the IPv4 addresses, or bits of the hash. */
static void short_of(const struct flow_key *key, uint64_t hash, uint32_t *out_source,
		     uint32_t *out_group)
{
	*out_source = (uint32_t)(is_short(key) ? key->source.lo : hash);
	*out_group = (uint32_t)(is_short(key) ? key->group.lo : hash >> 32);
}

void flow_expect(const struct flow_table *table, const struct flow_key *key, uint64_t hash)
{
	const struct flow_side *side = is_short(key) ? &table->ip4 : &table->ip6;

	__builtin_prefetch(&side->index[hash & (side->max - 1)]);
}

void flow_fetch(const struct flow_table *table, const struct flow_key *key, uint64_t hash)
{
	const struct flow_side *side = is_short(key) ? &table->ip4 : &table->ip6;

	__builtin_prefetch(&side->list[flow_number(side, hash, tag_of(key))], 1);
}

/* Whether the flow with this number is the one that is meant. */
static inline bool is_flow(const struct flow_table *table, const struct flow_side *side,
			   uint32_t number, const struct flow_key *key, uint64_t hash, uint16_t tag)
{
	const struct flow *f = &side->list[number];
	struct flow_long pair = long_of(key);
	uint32_t source, group;

	short_of(key, hash, &source, &group);
	return f->source == source && f->group == group && f->tag == tag &&
	       (is_short(key) || flow_is_pair6(table, number, &pair));
}

static inline __attribute__((always_inline)) struct flow *
find(const struct flow_table *table, const struct flow_side *side, const struct flow_key *key,
     uint64_t hash, uint16_t tag)
{
	uint32_t mark = flow_mark(hash, tag);

	for (size_t i = 0; i < FLOW_PROBES; i++) {
		uint32_t entry = side->index[(hash + i) & (side->max - 1)];

		if (!entry)
			return NULL;
		if ((entry & ~FLOW_NUMBER) == mark &&
		    is_flow(table, side, entry & FLOW_NUMBER, key, hash, tag))
			return &side->list[entry & FLOW_NUMBER];
	}
	return NULL;
}

/* Each family has a loop of its own, in which nothing is asked twice. */
struct flow *flow_find(const struct flow_table *table, const struct flow_key *key, uint64_t hash)
{
	if (is_short(key))
		return find(table, &table->ip4, key, hash, tag_of(key));
	return find(table, &table->ip6, key, hash, tag_of(key));
}

bool flow_is_at(const struct flow_table *table, const struct flow_key *key, uint64_t hash,
		unsigned points)
{
	const struct flow_side *side = is_short(key) ? &table->ip4 : &table->ip6;
	uint16_t tag = tag_of(key);

	for (size_t i = 0; i < FLOW_PROBES; i++) {
		uint32_t entry = side->index[(hash + i) & (side->max - 1)];

		if (!entry)
			return false;
		for (unsigned left = points; left; left &= left - 1) {
			uint16_t other = (uint16_t)((tag & ~15u) | (unsigned)__builtin_ctz(left));

			if ((entry & ~FLOW_NUMBER) == flow_mark(hash, other) &&
			    is_flow(table, side, entry & FLOW_NUMBER, key, hash, other))
				return true;
		}
	}
	return false;
}

/* True where a goes before b. */
static bool goes_first(const struct flow *a, const struct flow *b)
{
	if ((a->state & FLOW_FINDING) != (b->state & FLOW_FINDING))
		return !(a->state & FLOW_FINDING);
	if (a->packets != b->packets)
		return a->packets < b->packets;
	return a->last_ns < b->last_ns;
}

/* Of the flows that stand where the new one may. */
static struct flow *choose_victim(const struct flow_side *side, uint64_t hash)
{
	struct flow *victim = NULL;

	for (size_t i = 0; i < FLOW_PROBES; i++)
		__builtin_prefetch(&side->list[side->index[(hash + i) & (side->max - 1)] &
					       FLOW_NUMBER], 1);
	for (size_t i = 0; i < FLOW_PROBES; i++) {
		uint32_t entry = side->index[(hash + i) & (side->max - 1)];
		struct flow *f = &side->list[entry & FLOW_NUMBER];

		if (!victim || goes_first(f, victim))
			victim = f;
	}
	return victim;
}

struct flow *flow_room(const struct flow_table *table, const struct flow_key *key, uint64_t hash)
{
	const struct flow_side *side = is_short(key) ? &table->ip4 : &table->ip6;

	for (size_t i = 0; i < FLOW_PROBES; i++)
		if (!side->index[(hash + i) & (side->max - 1)])
			return &side->list[side->n + 1];
	return choose_victim(side, hash);
}

/* The place that flow_room() saw: the first empty one, or the victim's. */
static void link_flow(struct flow_side *side, uint32_t number, uint64_t hash, uint16_t tag)
{
	size_t at = hash & (side->max - 1);

	while (side->index[at] && (side->index[at] & FLOW_NUMBER) != number)
		at = (at + 1) & (side->max - 1);
	side->index[at] = number | flow_mark(hash, tag);
}

void flow_begin(struct flow_table *table, struct flow *flow, const struct flow_key *key,
		uint64_t hash)
{
	struct flow_side *side = is_short(key) ? &table->ip4 : &table->ip6;
	uint32_t number = (uint32_t)(flow - side->list);

	if (flow->state & FLOW_USED) {
		side->evicted++;
		table->evicted_findings += (flow->state & FLOW_FINDING) != 0;
	} else {
		side->n++;
		__builtin_prefetch(flow + NEXT_FLOWS, 1);
	}
	link_flow(side, number, hash, tag_of(key));
	*flow = (struct flow){ .tag = tag_of(key), .state = FLOW_USED, .rule = UINT16_MAX };
	short_of(key, hash, &flow->source, &flow->group);
	if (addr_is_link_local_group(key->group))
		flow->state |= FLOW_LINK_LOCAL;
	if (!is_short(key))
		table->keys6[number] = long_of(key);
	if (side->others)
		side->others[number] = (struct flow_other){ .rule = UINT16_MAX };
}

static bool is_in4(const struct flow_table *table, const struct flow *flow)
{
	return flow > table->ip4.list && flow <= table->ip4.list + FLOWS4_MAX;
}

static struct addr addr_with(uint8_t family, uint64_t hi, uint64_t lo)
{
	return (struct addr){ hi, lo, family };
}

struct flow_key flow_key_read(const struct flow_table *table, const struct flow *flow)
{
	struct flow_key key = { .point = flow->tag & 15, .kind = flow->tag >> 4 & 3,
				.group_len = (uint8_t)(flow->tag >> 6) };
	const struct flow_long *l;

	if (is_in4(table, flow)) {
		key.source = addr_with(FAMILY_IP4, 0, flow->source);
		key.group = addr_with(FAMILY_IP4, 0, flow->group);
	} else {
		l = &table->keys6[flow - table->ip6.list];
		key.source = addr_with(flow->tag >> 14 & 1 ? FAMILY_IP4 : FAMILY_IP6, l->source_hi,
				       l->source_lo);
		key.group = addr_with(flow->tag >> 15 ? FAMILY_IP4 : FAMILY_IP6, l->group_hi,
				      l->group_lo);
	}
	if (key.kind == FLOW_SOURCE_ANY || key.kind == FLOW_SOURCE_NONE)
		key.source = ADDR_NONE;
	if (key.group_len == 0)
		key.group = ADDR_NONE;
	return key;
}

static const struct flow_side *side_of(const struct flow_table *table, const struct flow *flow)
{
	return is_in4(table, flow) ? &table->ip4 : &table->ip6;
}

uint16_t flow_port(const struct flow_table *table, const struct flow *flow)
{
	const struct flow_side *side = side_of(table, flow);

	return side->ports[flow - side->list];
}

void flow_keep_port(const struct flow_table *table, const struct flow *flow, uint16_t port)
{
	const struct flow_side *side = side_of(table, flow);

	side->ports[flow - side->list] = port;
}

struct flow_other *flow_other(const struct flow_table *table, const struct flow *flow)
{
	const struct flow_side *side = side_of(table, flow);

	return side->others ? &side->others[flow - side->list] : NULL;
}

struct flow *flow_at(const struct flow_table *table, size_t slot)
{
	assert(slot < FLOWS4_MAX + FLOWS6_MAX);
	if (slot < FLOWS4_MAX)
		return slot < table->ip4.n ? &table->ip4.list[slot + 1] : NULL;
	slot -= FLOWS4_MAX;
	return slot < table->ip6.n ? &table->ip6.list[slot + 1] : NULL;
}

size_t flow_next(const struct flow_table *table, size_t slot)
{
	if (slot >= table->ip4.n && slot < FLOWS4_MAX)
		slot = FLOWS4_MAX;
	return slot >= FLOWS4_MAX + table->ip6.n ? FLOWS4_MAX + FLOWS6_MAX : slot;
}
