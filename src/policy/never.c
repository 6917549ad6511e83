/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules that no observation can match: they ask for what their point does not have, for
 * families that never meet, or for sets without a common address.  LANGUAGE 4, S8, S14, S16,
 * S18, S23.  Looks at one rule alone. */
#include "policy/overlap.h"

#include <string.h>

#define AT(point) (1u << POINT_##point)
#define POINTS_ALL ((1u << POINT_COUNT) - 1)

/* LANGUAGE 4: where a field is. */
#define HAS_WILDCARD (AT(MEMBERSHIP) | AT(JOIN))
#define HAS_SOURCE (HAS_WILDCARD | AT(DATA) | AT(REGISTER) | AT(SA) | AT(SESSION))
#define HAS_GROUP (HAS_SOURCE | AT(BOOTSTRAP))
#define HAS_RP (AT(JOIN) | AT(REGISTER) | AT(BOOTSTRAP) | AT(SA))
#define HAS_TTL (POINTS_ALL & ~AT(SA))
/* Where source and group are of one family. */
#define ONE_FAMILY (HAS_SOURCE & ~AT(SESSION))

/* What the sets of one field hold together; `all` where the rule has none. */
struct asked {
	bool	   all;
	struct set set;
};

static struct set complement(struct arena *arena, const struct set *set)
{
	struct range all[2];
	struct set whole;
	size_t n = 0;

	if (set_has_family(set, FAMILY_IP4))
		all[n++] = (struct range){ addr_of4(0), addr_of4(UINT32_MAX) };
	if (set_has_family(set, FAMILY_IP6))
		all[n++] = (struct range){ addr_of6(0, 0), addr_of6(UINT64_MAX, UINT64_MAX) };
	whole = set_of(arena, all, n);
	return set_difference(arena, &whole, set);
}

static struct asked asked_of(const struct rule *rule, enum field field, struct arena *arena)
{
	struct asked asked = { .all = true };

	for (size_t i = 0; i < rule->match_count; i++) {
		const struct match *m = &rule->matches[i];
		struct set set;

		if (m->field != field)
			continue;
		set = m->negated ? complement(arena, m->set) : *m->set;
		asked.set = asked.all ? set : set_intersection(arena, &asked.set, &set);
		asked.all = false;
	}
	return asked;
}

/* 224.0.0.0/4, and ff00::/8 but for scope F, which is read as E (S18). */
static struct set groups_as_read(struct arena *arena)
{
	struct range ranges[17] = { { addr_of4(UINT32_C(0xe0000000)),
				      addr_of4(UINT32_C(0xefffffff)) } };

	for (uint64_t flags = 0; flags < 16; flags++) {
		struct addr first = addr_of6((0xff00 | flags << 4) << 48, 0);

		ranges[flags + 1] = (struct range){
			first, addr_last(addr_of6(first.hi | UINT64_C(0xe) << 48, 0), 16)
		};
	}
	return set_of(arena, ranges, COUNT(ranges));
}

static bool meets_prefix(const struct asked *asked, struct addr first, unsigned length)
{
	return asked->all || !set_has_none(&asked->set, first, addr_last(first, length));
}

/* At which points messages of a type come. */
static unsigned points_of_type(enum type type)
{
	const char *protocols = type_protocols(type);

	if (strstr(protocols, "igmp") || strstr(protocols, "mld"))
		return AT(MEMBERSHIP);
	if (strcmp(protocols, "msdp") == 0)
		return AT(SA);
	if (strcmp(protocols, "pim") == 0)
		return AT(DATA) | AT(JOIN) | AT(REGISTER) | AT(BOOTSTRAP);
	return type == TYPE_ROUTER_ADVERTISEMENT ? AT(ROUTER) : POINTS_ALL;
}

static unsigned points_of_types(uint64_t types)
{
	unsigned points = 0;

	for (unsigned i = 0; i < TYPE_COUNT; i++)
		if (types >> i & 1)
			points |= points_of_type((enum type)i);
	return points;
}

/* One thing that a rule may ask for, where it can be had, and what to say where it cannot. */
struct need {
	bool	    asked;
	unsigned    points;
	const char *lack;			/* of a rule that names its points */
};

/* At which of its points the rule can match, as far as each clause alone says. */
static unsigned narrow(const struct need *needs, size_t n, unsigned points, const char **out_lack)
{
	for (size_t i = 0; i < n && points != 0; i++) {
		if (!needs[i].asked || (points & needs[i].points))
			points &= needs[i].asked ? needs[i].points : POINTS_ALL;
		else {
			*out_lack = needs[i].lack;
			return 0;
		}
	}
	return points;
}

static bool families_meet(const struct asked *a, const struct asked *b)
{
	static const enum family families[] = { FAMILY_IP4, FAMILY_IP6 };

	if (a->all || b->all)
		return true;
	for (size_t i = 0; i < COUNT(families); i++)
		if (set_has_family(&a->set, families[i]) && set_has_family(&b->set, families[i]))
			return true;
	return false;
}

static bool has_field(const struct rule *rule, enum field field)
{
	for (size_t i = 0; i < rule->match_count; i++)
		if (rule->matches[i].field == field)
			return true;
	return false;
}

static const char *lacks_address(const struct rule *rule, const struct asked *from,
				 const struct asked *to, unsigned points, struct arena *arena)
{
	struct set groups = groups_as_read(arena);
	struct asked speaker = asked_of(rule, FIELD_SPEAKER, arena);
	struct set read;

	if (!from->all && from->set.n == 0)
		return "no address is in all of its source sets";
	if (!speaker.all && speaker.set.n == 0)
		return "no address is in all of its speaker sets";
	if (!to->all) {
		read = set_intersection(arena, &to->set, &groups);
		if (to->set.n == 0)
			return "no group is in all of its sets";
		if (read.n == 0)
			return "IPv6 scope F is read as E";			/* S18 */
	}
	if (!(points & ~ONE_FAMILY) && !rule->from_any && !families_meet(from, to))
		return "its sources and its groups are of different families";
	if (!(points & ~(HAS_WILDCARD | AT(DATA))) && !families_meet(&speaker, to))
		return "its speakers and its groups are of different families";
	return NULL;
}

const char *rule_never(const struct rule *rule, struct arena *arena)
{
	struct asked from = asked_of(rule, FIELD_FROM, arena), to = asked_of(rule, FIELD_TO, arena);
	bool embedded = meets_prefix(&to, addr_of6(UINT64_C(0xff70) << 48, 0), 12);
	const struct need needs[] = {
		{ rule->from_any, HAS_WILDCARD, "only a report or a join can be for '*'" },
		{ !from.all, HAS_SOURCE, "there is no source" },
		{ !to.all || has_field(rule, FIELD_EMBEDS), HAS_GROUP, "there is no group" },
		{ has_field(rule, FIELD_RP), embedded ? HAS_GROUP : HAS_RP, "there is no RP" },
		{ rule->ttl_test != TTL_UNASKED, HAS_TTL, "an SA has no TTL" },
		{ rule->protocol_test != PROTOCOL_UNASKED, AT(DATA), "'protocol' is asked at data" },
		{ rule->port_asked, AT(DATA), "'port' is asked at data" },
		{ rule->joined != JOINED_UNKNOWN, AT(DATA), "'joined' is asked at data" },
		{ rule->types != 0, points_of_types(rule->types), "no message of its types comes there" },
	};
	const char *lack = NULL;
	unsigned points =
		narrow(needs, COUNT(needs), rule->points ? rule->points : POINTS_ALL, &lack);

	if (points == 0)
		return lack ? lack : "no point has all that it asks for";
	if (rule->ttl_test == TTL_BELOW && rule->ttl == 0)
		return "no TTL is below 0";
	if (rule->ttl_test == TTL_ABOVE && rule->ttl == 255)
		return "no TTL is above 255";
	return lacks_address(rule, &from, &to, points, arena);
}
