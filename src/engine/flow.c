/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of flows: linear probing over at most eight slots, nothing is ever taken out but
 * to make room.  IPv6 flows keep their addresses beside the slots.  Knows no verdicts. */
#include "engine/flow.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

#define PROBES 8

struct flow_long {
	uint64_t source_hi, source_lo, group_hi, group_lo;
};

_Static_assert(sizeof(struct flow) == 64, "a flow is one cache line");
_Static_assert(POINT_COUNT <= 16, "a point is four bits of a flow's tag");

/* Zeroed slots that begin at a cache line. */
static struct flow *take_lines(size_t n, void **out_memory)
{
	uintptr_t p;

	*out_memory = memory_array(n + 1, sizeof(struct flow));
	p = (uintptr_t)*out_memory;
	return (struct flow *)((p + sizeof(struct flow) - 1) & ~(sizeof(struct flow) - 1));
}

void flow_table_init(struct flow_table *table, bool with_others)
{
	*table = (struct flow_table){ 0 };
	table->slots4 = take_lines(FLOWS4_MAX, &table->memory4);
	table->slots6 = take_lines(FLOWS6_MAX, &table->memory6);
	table->keys6 = memory_array(FLOWS6_MAX, sizeof(struct flow_long));
	table->ports = memory_array(FLOWS4_MAX + FLOWS6_MAX, sizeof(table->ports[0]));
	if (!with_others)
		return;
	table->others4 = memory_array(FLOWS4_MAX, sizeof(struct flow_other));
	table->others6 = memory_array(FLOWS6_MAX, sizeof(struct flow_other));
}

void flow_table_release(struct flow_table *table)
{
	free(table->memory4);
	free(table->memory6);
	free(table->keys6);
	free(table->ports);
	free(table->others4);
	free(table->others6);
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

uint64_t flow_hash(const struct flow_key *key)
{
	if (is_short(key))
		return flow_hash4((uint32_t)key->source.lo, (uint32_t)key->group.lo);
	return addr_hash(key->source) * 3 ^ addr_hash(key->group);
}

/* What the 64 bits of the slot hold: the IPv4 addresses, or bits of the hash. */
static void short_of(const struct flow_key *key, uint64_t hash, uint32_t *out_source,
		     uint32_t *out_group)
{
	*out_source = (uint32_t)(is_short(key) ? key->source.lo : hash);
	*out_group = (uint32_t)(is_short(key) ? key->group.lo : hash >> 32);
}

static bool same_long(const struct flow_long *l, const struct flow_key *key)
{
	return l->source_hi == key->source.hi && l->source_lo == key->source.lo &&
	       l->group_hi == key->group.hi && l->group_lo == key->group.lo;
}

struct flow *flow_find(const struct flow_table *table, const struct flow_key *key, uint64_t hash)
{
	struct flow *slots = is_short(key) ? table->slots4 : table->slots6;
	size_t mask = is_short(key) ? FLOWS4_MAX - 1 : FLOWS6_MAX - 1;
	uint32_t source, group;
	uint16_t tag = tag_of(key);

	short_of(key, hash, &source, &group);
	for (size_t i = 0; i < PROBES; i++) {
		size_t at = (hash + i) & mask;
		struct flow *f = &slots[at];

		if (!(f->state & FLOW_USED))
			return NULL;
		if (f->source == source && f->group == group && f->tag == tag &&
		    (is_short(key) || same_long(&table->keys6[at], key)))
			return f;
	}
	return NULL;
}

void flow_prefetch4(const struct flow_table *table, uint64_t hash)
{
	__builtin_prefetch(&table->slots4[hash & (FLOWS4_MAX - 1)], 1);
}

struct flow *flow_find4(const struct flow_table *table, uint32_t source, uint32_t group,
			uint64_t hash)
{
	const uint16_t tag = POINT_DATA | FLOW_SOURCE_HOST << 4 | 32 << 6;

	for (size_t i = 0; i < PROBES; i++) {
		struct flow *f = &table->slots4[(hash + i) & (FLOWS4_MAX - 1)];

		if (f->source == source && f->group == group && f->tag == tag)
			return f;
		if (!(f->state & FLOW_USED))
			return NULL;
	}
	return NULL;
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

struct flow *flow_room(const struct flow_table *table, const struct flow_key *key, uint64_t hash)
{
	struct flow *slots = is_short(key) ? table->slots4 : table->slots6;
	size_t mask = is_short(key) ? FLOWS4_MAX - 1 : FLOWS6_MAX - 1;
	struct flow *victim = &slots[hash & mask];

	for (size_t i = 0; i < PROBES; i++) {
		struct flow *f = &slots[(hash + i) & mask];

		if (!(f->state & FLOW_USED))
			return f;
		if (goes_first(f, victim))
			victim = f;
	}
	return victim;
}

void flow_begin(struct flow_table *table, struct flow *flow, const struct flow_key *key,
		uint64_t hash)
{
	struct flow_other *other = flow_other(table, flow);

	if (flow->state & FLOW_USED) {
		table->evicted++;
		table->evicted_findings += (flow->state & FLOW_FINDING) != 0;
	} else {
		table->kept++;
	}
	*flow = (struct flow){ .tag = tag_of(key), .state = FLOW_USED, .rule = UINT16_MAX };
	short_of(key, hash, &flow->source, &flow->group);
	if (addr_is_link_local_group(key->group))
		flow->state |= FLOW_LINK_LOCAL;
	if (!is_short(key))
		table->keys6[flow - table->slots6] =
			(struct flow_long){ key->source.hi, key->source.lo, key->group.hi,
					    key->group.lo };
	if (other)
		*other = (struct flow_other){ .rule = UINT16_MAX };
}

static bool is_in4(const struct flow_table *table, const struct flow *flow)
{
	return flow >= table->slots4 && flow < table->slots4 + FLOWS4_MAX;
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
		l = &table->keys6[flow - table->slots6];
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

static size_t index_of(const struct flow_table *table, const struct flow *flow)
{
	return is_in4(table, flow) ? (size_t)(flow - table->slots4)
				   : FLOWS4_MAX + (size_t)(flow - table->slots6);
}

uint16_t flow_port(const struct flow_table *table, const struct flow *flow)
{
	return table->ports[index_of(table, flow)];
}

void flow_keep_port(const struct flow_table *table, const struct flow *flow, uint16_t port)
{
	table->ports[index_of(table, flow)] = port;
}

struct flow_other *flow_other(const struct flow_table *table, const struct flow *flow)
{
	if (!table->others4)
		return NULL;
	return is_in4(table, flow) ? &table->others4[flow - table->slots4]
				   : &table->others6[flow - table->slots6];
}

struct flow *flow_at(const struct flow_table *table, size_t index)
{
	struct flow *f;

	assert(index < FLOWS4_MAX + FLOWS6_MAX);
	f = index < FLOWS4_MAX ? &table->slots4[index] : &table->slots6[index - FLOWS4_MAX];
	return f->state & FLOW_USED ? f : NULL;
}
