/* SPDX-License-Identifier: BSD-2-Clause */
/* The truth: what the policy language means, one observation and one rule at a time, slow and
 * obvious.  The compiled table and every kernel back end are compared with it.  LANGUAGE
 * sections 3 and 4; the sentence stands at what it asks for.  Knows no packet bytes. */
#include "net/embed.h"
#include "policy/policy.h"

#define AT(point) (1u << POINT_##point)

/* LANGUAGE section 4: at which points an observation has the field. */
#define HAS_SOURCE (AT(DATA) | AT(MEMBERSHIP) | AT(JOIN) | AT(REGISTER) | AT(SA) | AT(SESSION))
#define HAS_GROUP (HAS_SOURCE | AT(BOOTSTRAP))
#define HAS_RP (AT(JOIN) | AT(REGISTER) | AT(BOOTSTRAP) | AT(SA))
#define HAS_TTL (~(unsigned)AT(SA))

static bool is_at(const struct observation *obs, unsigned points)
{
	return points >> obs->point & 1;
}

static struct addr source_of(const struct observation *obs)
{
	return is_at(obs, ~HAS_SOURCE) ? ADDR_NONE : obs->source;
}

/* At `data` the speaker is the source. */
static struct addr speaker_of(const struct observation *obs)
{
	return is_at(obs, AT(DATA)) ? obs->source : obs->speaker;
}

/* S11: a set says nothing of a family of which it holds no address, negated or not. */
static bool says(const struct match *m, struct addr a)
{
	return set_has_family(m->set, a.family) && set_has(m->set, a) != m->negated;
}

/* S10: a range matches only if each of its addresses would. */
static bool says_range(const struct match *m, struct addr first, struct addr last)
{
	if (!set_has_family(m->set, first.family))
		return false;
	return m->negated ? set_has_none(m->set, first, last) : set_has_all(m->set, first, last);
}

/* S18 for a range that holds several scopes: scope F is read as E, which such a range holds
 * too, so the groups of scope F ask for nothing more. */
static bool says_scopes(const struct match *m, struct addr group, unsigned length)
{
	uint64_t last = addr_last(group, length).hi >> 48;

	for (uint64_t hextet = addr_first(group, length).hi >> 48; hextet <= last; hextet++) {
		struct addr scope = addr_of6(hextet << 48, 0);

		if ((hextet & 0xf) != 0xf && !says_range(m, scope, addr_last(scope, 16)))
			return false;
	}
	return true;
}

static bool to_holds(const struct match *m, const struct observation *obs)
{
	struct addr group = obs->group;

	if (is_at(obs, ~HAS_GROUP) || !addr_is_there(group))
		return false;
	if (group.family == FAMILY_IP6 && addr_is_multicast(group) && obs->group_len < 16 &&
	    obs->group_len >= 8)
		return says_scopes(m, group, obs->group_len);
	group = group_as_read(group);						/* S18 */
	return says_range(m, addr_first(group, obs->group_len), addr_last(group, obs->group_len));
}

/* S13: the RP that was said, and the RP that the group names. */
static bool rp_holds(const struct match *m, const struct observation *obs)
{
	struct addr embedded;

	if (is_at(obs, HAS_RP) && says(m, obs->rp))
		return true;
	return is_at(obs, HAS_GROUP) && embedded_rp(obs->group, obs->group_len, &embedded) &&
	       says(m, embedded);
}

/* S12 */
static bool embeds_holds(const struct match *m, const struct observation *obs)
{
	struct range prefix;

	return is_at(obs, HAS_GROUP) && embedded_prefix(obs->group, obs->group_len, &prefix) &&
	       says_range(m, prefix.first, prefix.last);
}

static bool match_holds(const struct match *m, const struct observation *obs)
{
	switch (m->field) {
	case FIELD_FROM:
		return says(m, source_of(obs));					/* S14 */
	case FIELD_TO:
		return to_holds(m, obs);
	case FIELD_RP:
		return rp_holds(m, obs);
	case FIELD_SPEAKER:
		return says(m, speaker_of(obs));
	case FIELD_EMBEDS:
		return embeds_holds(m, obs);
	}
	return false;
}

/* S14: (*,G), (*,*,RP) and (S,G,rpt). */
static bool is_wildcard(const struct observation *obs)
{
	struct addr source = source_of(obs);

	return source.family == FAMILY_ANY ||
	       (addr_is_there(source) && obs->flags & FLAG_BIT(RPT));
}

static bool ttl_holds(const struct rule *rule, const struct observation *obs)
{
	if (rule->ttl_test == TTL_UNASKED)
		return true;
	if (!obs->has_ttl || !is_at(obs, HAS_TTL))
		return false;
	return rule->ttl_test == TTL_BELOW ? obs->ttl < rule->ttl : obs->ttl > rule->ttl;
}

/* S16: only at `data`. */
static bool protocol_holds(const struct rule *rule, const struct observation *obs)
{
	if (rule->protocol_test == PROTOCOL_UNASKED)
		return true;
	if (!is_at(obs, AT(DATA)))
		return false;
	if (rule->protocol_test == PROTOCOL_RECOGNISED)
		return obs->protocol == rule->protocol;
	return obs->ip_protocol != IP_PROTOCOL_NONE && obs->ip_protocol == rule->protocol;
}

static bool port_holds(const struct rule *rule, const struct observation *obs)
{
	if (!rule->port_asked)
		return true;
	return is_at(obs, AT(DATA)) && obs->has_ports && obs->dport >= rule->port_first &&
	       obs->dport <= rule->port_last;
}

/* S17 */
static bool joined_holds(const struct rule *rule, const struct observation *obs)
{
	return rule->joined == JOINED_UNKNOWN ||
	       (is_at(obs, AT(DATA)) && obs->joined == rule->joined);
}

static bool lists_hold(const struct rule *rule, const struct observation *obs)
{
	if (rule->points && !is_at(obs, rule->points))
		return false;
	if (rule->types && !(rule->types >> obs->type & 1))
		return false;
	if (rule->flags && !(rule->flags & obs->flags))
		return false;
	return !rule->anomalies ||
	       (obs->anomaly != ANOMALY_NONE && rule->anomalies >> obs->anomaly & 1);
}

bool reference_matches(const struct rule *rule, const struct observation *obs)
{
	if (!lists_hold(rule, obs))
		return false;
	if (rule->direction != DIRECTION_UNKNOWN && obs->direction != rule->direction)
		return false;
	if (rule->from_any && !is_wildcard(obs))
		return false;
	for (size_t i = 0; i < rule->match_count; i++)				/* S15 */
		if (!match_holds(&rule->matches[i], obs))
			return false;
	return ttl_holds(rule, obs) && protocol_holds(rule, obs) && port_holds(rule, obs) &&
	       joined_holds(rule, obs);
}

/* S9: a notice is judged by rules with a `type` clause only, an anomaly by rules with an
 * `anomaly` clause only. */
static bool may_judge(const struct rule *rule, const struct observation *obs)
{
	if (obs->notice && !rule->types)
		return false;
	return obs->anomaly == ANOMALY_NONE || rule->anomalies;
}

/* S44: holds through its day. */
static bool is_in_force(const struct rule *rule, const struct observation *obs)
{
	return !rule->off && (!rule->has_until || mtime_day(obs->at) <= rule->until_day);
}

struct verdict reference_judge(const struct boundary *boundary, const struct observation *obs)
{
	size_t last = boundary->rule_count - 1;

	if (obs->point == POINT_NONE && obs->anomaly == ANOMALY_NONE)
		return (struct verdict){ ACTION_PERMIT, RULE_NONE };
	for (size_t i = 0; i < boundary->match_count; i++) {			/* S7 */
		const struct rule *rule = boundary->rules[i];

		if (may_judge(rule, obs) && is_in_force(rule, obs) && reference_matches(rule, obs))
			return (struct verdict){ (uint8_t)rule->action, (uint16_t)i };
	}
	if (obs->notice || obs->anomaly != ANOMALY_NONE)
		return (struct verdict){ ACTION_PERMIT, RULE_NONE };
	return (struct verdict){ (uint8_t)boundary->rules[last]->action, (uint16_t)last };
}
