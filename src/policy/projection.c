/* SPDX-License-Identifier: BSD-2-Clause */
/* From a rule to what a kernel can ask.  What an IPv6 group embeds (LANGUAGE S12, S13; RFC 3306 4,
 * RFC 3956 4) becomes a masked look-up: the bits of its prefix length and prefix, of which those
 * that a set holds are one range for each length.  Knows the layout that net/embed.c reads. */
#include "policy/projection.h"

#include <stdlib.h>

#include "base/memory.h"

#define PLEN_MAX 64
#define RIID_MAX 15
#define FLAGS_TESTED (FLAG_BIT(FRAGMENT) | FLAG_BIT(SCOPE_F))

/* Bits of an IPv6 group: scope, RIID, prefix length, and the 64 of the prefix. */
#define BITS_RIID UINT64_C(0x00000f0000000000)
#define BITS_PLEN UINT64_C(0x000000ff00000000)
#define BITS_PREFIX_HI UINT64_C(0x00000000ffffffff)
#define BITS_PREFIX_LO UINT64_C(0xffffffff00000000)

struct ranges {
	struct range *list;
	size_t	      n, cap;
};

static void add_range(struct ranges *out, struct addr first, struct addr last)
{
	if (out->n == out->cap) {
		out->cap = 2 * out->cap + 64;
		out->list = memory_grow(out->list, out->cap, sizeof(*out->list));
	}
	out->list[out->n++] = (struct range){ first, last };
}

static struct addr bits_of(unsigned riid, unsigned plen, uint64_t prefix)
{
	return addr_of6((uint64_t)riid << 40 | (uint64_t)plen << 32 | prefix >> 32, prefix << 32);
}

/* Prefixes of a length whose bits lie in [first, last], all of each prefix where `whole`, else its
 * first address alone. */
static void add_prefixes(struct ranges *out, unsigned riid, unsigned plen, uint64_t first,
			 uint64_t last, bool whole)
{
	uint64_t host = plen == 64 ? 0 : UINT64_MAX >> plen;
	uint64_t low = (first + host) & ~host, high;

	if (first > last || (first & host && first > ~host))
		return;
	if (!whole)
		high = last | host;
	else if ((last & host) == host)
		high = last;
	else if (last < host)
		return;
	else
		high = (last & ~host) - 1;
	if (low <= high)
		add_range(out, bits_of(riid, plen, low), bits_of(riid, plen, high));
}

/* The part of a set that lies in IPv6, or the complement of that part. */
static struct set said_of(const struct match *m, struct arena *arena)
{
	static const struct range all = { { 0, 0, FAMILY_IP6 },
					  { UINT64_MAX, UINT64_MAX, FAMILY_IP6 } };
	struct set whole = { &all, 1, 0 };
	struct set part = set_intersection(arena, m->set, &whole);

	return m->negated ? set_difference(arena, &whole, &part) : part;
}

static void add_mask(struct artefact_rule *out, struct arena *arena, struct addr mask,
		     struct ranges *ranges)
{
	struct range *list = arena_array(arena, ranges->n + 1, sizeof(*list));

	if (ranges->n > 0)
		memcpy(list, ranges->list, ranges->n * sizeof(*list));
	free(ranges->list);
	out->masks[out->mask_count++] = (struct artefact_mask){ mask, list, ranges->n };
}

/* S12: the prefix lies wholly inside; the ranges of a set do not touch, so inside of one. */
static void add_embeds(const struct match *m, struct arena *arena, struct artefact_rule *out)
{
	struct set said = said_of(m, arena);
	struct ranges ranges = { 0 };

	for (unsigned plen = 1; plen <= PLEN_MAX; plen++) {
		for (size_t i = 0; i < said.n; i++) {
			struct addr first = said.ranges[i].first, last = said.ranges[i].last;

			if ((first.lo > 0 && first.hi == UINT64_MAX) ||
			    (last.lo < UINT64_MAX && last.hi == 0))
				continue;
			add_prefixes(&ranges, 0, plen, first.hi + (first.lo > 0),
				     last.hi - (last.lo < UINT64_MAX), true);
		}
	}
	add_mask(out, arena, addr_of6(BITS_PLEN | BITS_PREFIX_HI, BITS_PREFIX_LO), &ranges);
}

/* The RPs in a range that have this RIID as their last bits: by prefix length. */
static void add_rps(struct ranges *out, unsigned riid, unsigned plen, const struct range *range)
{
	uint64_t first = range->first.hi, last = range->last.hi;

	if ((riid < range->first.lo && first == UINT64_MAX) || (riid > range->last.lo && last == 0))
		return;
	add_prefixes(out, riid, plen, first + (riid < range->first.lo),
		     last - (riid > range->last.lo), false);
}

static bool tells_riids_apart(const struct set *said)
{
	for (size_t i = 0; i < said->n; i++)
		if (said->ranges[i].first.lo > 1 || said->ranges[i].last.lo < RIID_MAX)
			return true;
	return false;
}

/* S13.  Where no RIID makes a difference one range for each length is enough, and that it is not 0
 * is a test of its own. */
static void add_rp(const struct match *m, struct arena *arena, struct artefact_rule *out)
{
	struct set said = said_of(m, arena);
	bool apart = tells_riids_apart(&said);
	struct ranges ranges = { 0 }, some = { 0 };

	for (unsigned riid = 1; riid <= (apart ? RIID_MAX : 1); riid++)
		for (unsigned plen = 1; plen <= PLEN_MAX; plen++)
			for (size_t i = 0; i < said.n; i++)
				add_rps(&ranges, apart ? riid : 1, plen, &said.ranges[i]);
	if (apart) {
		add_mask(out, arena,
			 addr_of6(BITS_RIID | BITS_PLEN | BITS_PREFIX_HI, BITS_PREFIX_LO), &ranges);
		return;
	}
	for (size_t i = 0; i < ranges.n; i++) {
		ranges.list[i].first.hi &= ~BITS_RIID;
		ranges.list[i].last.hi &= ~BITS_RIID;
	}
	add_mask(out, arena, addr_of6(BITS_PLEN | BITS_PREFIX_HI, BITS_PREFIX_LO), &ranges);
	add_range(&some, bits_of(1, 0, 0), bits_of(RIID_MAX, 0, 0));
	add_mask(out, arena, addr_of6(BITS_RIID, 0), &some);
}

/* Groups that can embed what is asked for: all of IPv4 (their classes know), and in IPv6 the flags P
 * and T (S12), or R too (S13).  Of a family that the set says nothing of, none (S11). */
static const struct set *possible_groups(const struct match *m, struct arena *arena)
{
	static const uint64_t tops[] = { 0xff30, 0xff70, 0xffb0, 0xfff0 };
	struct range list[1 + COUNT(tops)];
	struct set *out = arena_take(arena, sizeof(*out));
	size_t n = 0;

	if (m->field == FIELD_EMBEDS)
		list[n++] = (struct range){ addr_of4(0), addr_of4(UINT32_MAX) };
	for (size_t i = 0; i < COUNT(tops) && set_has_family(m->set, FAMILY_IP6); i++)
		if (m->field == FIELD_EMBEDS || tops[i] == 0xff70)
			list[n++] = (struct range){
				addr_of6(tops[i] << 48, 0),
				addr_of6(tops[i] << 48 | (UINT64_MAX >> 12), UINT64_MAX) };
	*out = set_of(arena, list, n);
	return out;
}

/* --- rules --- */

static const char *look_unknown(const struct rule *rule)
{
	if (rule->types && !(rule->types >> TYPE_DATA & 1))
		return "type";
	if (rule->flags && !(rule->flags & FLAGS_TESTED))
		return "flag";
	return NULL;
}

static bool says_nothing_there(const struct rule *rule, struct mtime now)
{
	return rule->off || rule->anomalies || rule->from_any ||
	       (rule->points && !(rule->points >> POINT_DATA & 1)) ||
	       (rule->has_until && mtime_day(now) > rule->until_day);
}

static bool project_ttl(const struct rule *rule, struct artefact_rule *out)
{
	bool below = rule->ttl_test == TTL_BELOW;
	unsigned ttl = rule->ttl > 256 ? 256 : rule->ttl;

	out->ttl_last = UINT8_MAX;
	if (rule->ttl_test == TTL_UNASKED || (below && ttl == 256))
		return true;
	if (below ? ttl == 0 : ttl >= 255)
		return false;
	out->asks_ttl = true;
	out->ttl_first = (uint8_t)(below ? 0 : ttl + 1);
	out->ttl_last = (uint8_t)(below ? ttl - 1 : 255);
	return true;
}

static void project_packet(const struct rule *rule, struct artefact_rule *out)
{
	bool recognised = rule->protocol_test == PROTOCOL_RECOGNISED;

	out->joined = rule->joined;
	out->asks_port = rule->port_asked;
	out->port_first = rule->port_first;
	out->port_last = rule->port_last;
	out->flags = rule->flags & FLAGS_TESTED;
	out->recognised = (uint8_t)(recognised ? rule->protocol : PROTOCOL_COUNT);
	if (rule->flags & ~FLAGS_TESTED)
		out->partly = "flag";
	else if (rule->types)
		out->partly = "type";
}

/* More than ARTEFACT_MASKS clauses on what a group embeds are refused by room. */
static bool project_matches(const struct rule *rule, struct arena *arena,
			    struct artefact_rule *out, struct rule *out_rule)
{
	struct match *list = arena_array(arena, 2 * rule->match_count + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < rule->match_count; i++) {
		struct match m = rule->matches[i];
		bool embeds = m.field == FIELD_EMBEDS || m.field == FIELD_RP;

		if (m.field == FIELD_SPEAKER)
			m.field = FIELD_FROM;
		if (m.field != FIELD_RP)
			list[n++] = m;
		if (!embeds)
			continue;
		if (out->mask_count + 2 > ARTEFACT_MASKS) {
			out->unknown = "so many embedded prefixes";
			return false;
		}
		list[n++] = (struct match){ .field = FIELD_TO, .set = possible_groups(&m, arena) };
		if (m.field == FIELD_EMBEDS)
			add_embeds(&m, arena, out);
		else
			add_rp(&m, arena, out);
	}
	out_rule->matches = list;
	out_rule->match_count = n;
	return true;
}

bool rule_project(const struct rule *rule, struct mtime now, struct arena *arena,
		  struct artefact_rule *out, struct rule *out_rule)
{
	*out = (struct artefact_rule){ .rule = rule, .recognised = PROTOCOL_COUNT };
	*out_rule = *rule;
	if (says_nothing_there(rule, now) || !project_ttl(rule, out))
		return false;
	out->unknown = look_unknown(rule);
	if (out->unknown)
		return false;
	project_packet(rule, out);
	return project_matches(rule, arena, out, out_rule);
}
