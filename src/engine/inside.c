/* SPDX-License-Identifier: BSD-2-Clause */
/* Direction.  Knows no interfaces by name: whoever does fills in their indices. */
#include "engine/inside.h"

#include <string.h>

static bool has_number(const uint16_t *list, size_t n, uint16_t number)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == number)
			return true;
	return false;
}

static bool has_mac(const struct inside *inside, const uint8_t mac[6])
{
	for (size_t i = 0; i < inside->mac_count; i++)
		if (memcmp(inside->macs[i], mac, 6) == 0)
			return true;
	return false;
}

static bool is_physical(const struct inside *inside)
{
	return inside->vlan_count + inside->mac_count + inside->link_count > 0 || inside->by_link;
}

enum direction inside_direction(const struct inside *inside, const struct observation *obs)
{
	bool out;

	if (is_physical(inside)) {
		if (inside->vlan_count + inside->link_count == 0 && !inside->by_link &&
		    !obs->has_mac)
			return DIRECTION_UNKNOWN;
		out = has_number(inside->vlans, inside->vlan_count, obs->vlan) ||
		      has_number(inside->links, inside->link_count, obs->link) ||
		      (obs->has_mac && has_mac(inside, obs->mac));
		return out ? DIRECTION_OUT : DIRECTION_IN;
	}
	if (!inside->set || !addr_is_there(obs->speaker) ||
	    !set_has_family(inside->set, obs->speaker.family))
		return DIRECTION_UNKNOWN;
	return set_has(inside->set, obs->speaker) ? DIRECTION_OUT : DIRECTION_IN;
}

static bool asks_for_sender(const struct rule *rule)
{
	for (size_t i = 0; i < rule->match_count; i++)
		if (rule->matches[i].field == FIELD_FROM ||
		    rule->matches[i].field == FIELD_SPEAKER)
			return true;
	return false;
}

/* NULL where the rule can be judged. */
static const char *why_off(const struct inside *inside, const struct rule *rule)
{
	if (rule->off || rule->direction == DIRECTION_UNKNOWN)
		return NULL;
	if (!is_physical(inside) && !inside->set)
		return "the direction is not known: --inside=vlan:N, mac:ADDR or a set";
	if (!is_physical(inside) && asks_for_sender(rule))
		return "the direction is guessed from addresses: --inside=vlan:N or mac:ADDR";
	return NULL;
}

static const struct rule *switch_off(struct arena *arena, const struct rule *rule, const char *why)
{
	struct rule *copy = arena_take(arena, sizeof(*copy));

	*copy = *rule;
	copy->off = true;
	copy->off_why = why;
	return copy;
}

const struct boundary *inside_boundary(const struct inside *inside, struct arena *arena,
				       const struct boundary *boundary)
{
	const struct rule **rules = arena_array(arena, boundary->rule_count, sizeof(rules[0]));
	struct boundary *copy = arena_take(arena, sizeof(*copy));
	bool changed = false;

	for (size_t i = 0; i < boundary->rule_count; i++) {
		const char *why = why_off(inside, boundary->rules[i]);

		rules[i] = why ? switch_off(arena, boundary->rules[i], why) : boundary->rules[i];
		changed |= why != NULL;
	}
	*copy = *boundary;
	copy->rules = rules;
	return changed ? copy : boundary;
}
