/* SPDX-License-Identifier: BSD-2-Clause */
/* The clauses of a rule that ask for neither source nor group.  LANGUAGE S8, S12-S17. */
#include "policy/demand.h"

#include "net/embed.h"

#define AT(point) (1u << POINT_##point)
#define ALL_POINTS ((1u << POINT_COUNT) - 1)
#define RP_POINTS (AT(JOIN) | AT(REGISTER) | AT(BOOTSTRAP) | AT(SA))

static uint16_t asked_fields(const struct rule *rule)
{
	uint16_t asks = 0;

	for (size_t i = 0; i < rule->match_count; i++) {
		enum field field = rule->matches[i].field;

		asks |= field == FIELD_RP	 ? DEPENDS_RP
			: field == FIELD_SPEAKER ? DEPENDS_SPEAKER
			: field == FIELD_EMBEDS	 ? DEPENDS_PAIR
						 : 0;
	}
	return asks;
}

static uint16_t asked(const struct rule *rule)
{
	uint16_t asks = asked_fields(rule);

	asks |= rule->ttl_test != TTL_UNASKED ? DEPENDS_TTL : 0;
	asks |= rule->port_asked ? DEPENDS_PORT : 0;
	asks |= rule->protocol_test != PROTOCOL_UNASKED ? DEPENDS_PROTOCOL : 0;
	asks |= rule->types ? DEPENDS_TYPE : 0;
	asks |= rule->flags || rule->from_any ? DEPENDS_FLAG : 0;
	asks |= rule->joined != JOINED_UNKNOWN ? DEPENDS_JOINED : 0;
	asks |= rule->direction != DIRECTION_UNKNOWN ? DEPENDS_DIRECTION : 0;
	asks |= rule->has_until ? DEPENDS_DATE : 0;
	asks |= rule->points ? DEPENDS_POINT : 0;
	return asks;
}

struct demand demand_of(const struct rule *rule)
{
	bool below = rule->ttl_test == TTL_BELOW;
	unsigned ttl = rule->ttl > 256 ? 256 : rule->ttl;

	return (struct demand){
		.rule = rule, .types = rule->types, .flags = rule->flags,
		.until_day = rule->until_day, .asks = asked(rule),
		.points = (uint16_t)(rule->points ? rule->points & ALL_POINTS : ALL_POINTS),
		.port_first = rule->port_first, .port_last = rule->port_last,
		.protocol = (uint16_t)rule->protocol,
		.ttl_first = (uint8_t)(below ? 0 : ttl + 1),
		.ttl_last = (uint8_t)(below ? ttl - 1 : 255),
		.never = rule->ttl_test != TTL_UNASKED && (below ? ttl == 0 : ttl >= 255),
	};
}

static bool says(const struct match *m, struct addr a)
{
	return set_has_family(m->set, a.family) && set_has(m->set, a) != m->negated;
}

static bool rp_says(const struct match *m, const struct asked *asked)
{
	struct addr rp;

	if (RP_POINTS >> asked->point & 1 && says(m, *asked->rp))
		return true;
	return asked->point != POINT_ROUTER &&
	       embedded_rp(*asked->group, addr_bits(*asked->group), &rp) && says(m, rp);
}

static bool embeds_says(const struct match *m, const struct asked *asked)
{
	struct addr group = *asked->group;
	struct range prefix;

	if (group.family == FAMILY_IP6) {
		if (!embeds_prefix6(group.hi))
			return false;
		prefix = embedded_prefix6(group);
	} else if (!embedded_prefix(group, addr_bits(group), &prefix)) {
		return false;
	}
	if (!set_has_family(m->set, prefix.first.family))
		return false;
	return m->negated ? set_has_none(m->set, prefix.first, prefix.last)
			  : set_has_all(m->set, prefix.first, prefix.last);
}

bool demand_addresses_hold(const struct demand *d, const struct asked *asked)
{
	for (size_t i = 0; i < d->rule->match_count; i++) {
		const struct match *m = &d->rule->matches[i];

		if (m->field == FIELD_SPEAKER && !says(m, *asked->speaker))
			return false;
		if (m->field == FIELD_RP && !rp_says(m, asked))
			return false;
		if (m->field == FIELD_EMBEDS && !embeds_says(m, asked))
			return false;
	}
	return true;
}

static bool addresses_hold(const struct demand *d, const struct observation *obs)
{
	struct asked asked = { obs->point, obs->point == POINT_DATA ? &obs->source : &obs->speaker,
			       &obs->rp, &obs->group, false };

	return demand_addresses_hold(d, &asked);
}

static bool packet_holds(const struct demand *d, const struct observation *obs)
{
	bool at_data = obs->point == POINT_DATA;

	if (d->asks & DEPENDS_TTL && (d->never || !obs->has_ttl || obs->point == POINT_SA ||
				      obs->ttl < d->ttl_first || obs->ttl > d->ttl_last))
		return false;
	if (d->asks & DEPENDS_PORT && (!at_data || !obs->has_ports || obs->dport < d->port_first ||
				       obs->dport > d->port_last))
		return false;
	if (d->asks & DEPENDS_JOINED && (!at_data || obs->joined != d->rule->joined))
		return false;
	if (!(d->asks & DEPENDS_PROTOCOL))
		return true;
	if (d->rule->protocol_test == PROTOCOL_RECOGNISED)
		return at_data && obs->protocol == d->protocol;
	return at_data && obs->ip_protocol != IP_PROTOCOL_NONE && obs->ip_protocol == d->protocol;
}

bool demand_holds(const struct demand *d, const struct observation *obs)
{
	if (!(d->points >> obs->point & 1))
		return false;
	if (d->types && !(d->types >> obs->type & 1))
		return false;
	if (d->flags && !(d->flags & obs->flags))
		return false;
	if (d->rule->from_any && obs->source.family != FAMILY_ANY && !(obs->flags & FLAG_BIT(RPT)))
		return false;
	if (d->asks & DEPENDS_DIRECTION && obs->direction != d->rule->direction)
		return false;
	if (d->asks & DEPENDS_DATE && mtime_day(obs->at) > d->until_day)
		return false;
	if (!packet_holds(d, obs))
		return false;
	return !(d->asks & (DEPENDS_RP | DEPENDS_SPEAKER | DEPENDS_PAIR)) ||
	       addresses_hold(d, obs);
}

static bool protocol_fits(const struct demand *d, const struct plane *plane)
{
	if (!(d->asks & DEPENDS_PROTOCOL))
		return true;
	if (plane->point != POINT_DATA)
		return false;
	if (d->rule->protocol_test == PROTOCOL_RECOGNISED)
		return plane->protocol == d->protocol;
	return plane->ip_protocol != IP_PROTOCOL_NONE && plane->ip_protocol == d->protocol;
}

/* The clauses about addresses that no class settles: false where they never hold. */
static bool addresses_fit(const struct demand *d, const struct plane *plane, struct kin kin,
			  unsigned *depends)
{
	if (d->asks & DEPENDS_PAIR && kin.plain)
		return false;
	if (d->asks & DEPENDS_PAIR && kin.family == FAMILY_IP6)
		*depends |= DEPENDS_PAIR;
	if (d->asks & DEPENDS_SPEAKER)
		*depends |= plane->point == POINT_DATA ? DEPENDS_PAIR : DEPENDS_SPEAKER;
	if (!(d->asks & DEPENDS_RP))
		return true;
	if (RP_POINTS >> plane->point & 1) {
		*depends |= DEPENDS_RP;
		return true;
	}
	*depends |= DEPENDS_PAIR;		/* no RP but one inside of the group */
	return kin.family == FAMILY_IP6 && !kin.plain;
}

bool demand_never_plain(const struct demand *d, struct kin kin)
{
	if (d->flags || (d->rule->from_any && kin.source_family != FAMILY_ANY))
		return true;
	for (size_t i = 0; i < d->rule->match_count; i++) {
		const struct match *m = &d->rule->matches[i];

		if (m->field == FIELD_SPEAKER && !set_has_family(m->set, kin.family))
			return true;
	}
	return false;
}

bool demand_fits(const struct demand *d, const struct plane *plane, struct kin kin,
		 uint16_t *out_depends)
{
	unsigned depends = d->asks & (DEPENDS_TTL | DEPENDS_PORT | DEPENDS_TYPE | DEPENDS_FLAG |
				      DEPENDS_JOINED | DEPENDS_DATE);

	if (!(d->points >> plane->point & 1) || !protocol_fits(d, plane))
		return false;
	if (d->asks & DEPENDS_DIRECTION && d->rule->direction != plane->direction)
		return false;
	if (d->never || (d->asks & DEPENDS_TTL && plane->point == POINT_SA))
		return false;
	if (d->asks & (DEPENDS_PORT | DEPENDS_JOINED) && plane->point != POINT_DATA)
		return false;
	if (!d->flags && kin.source_family == FAMILY_ANY)
		depends &= ~(unsigned)DEPENDS_FLAG;
	if (!addresses_fit(d, plane, kin, &depends))
		return false;
	*out_depends = (uint16_t)depends;
	return true;
}
