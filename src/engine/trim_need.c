/* SPDX-License-Identifier: BSD-2-Clause */
/* What a boundary asks of the control plane at all, read from its rules.  LANGUAGE section
 * 4, S29, S47.  Knows no packet. */
#include "engine/trim.h"

#define AT(point) (1u << POINT_##point)
#define CONTROL (AT(MEMBERSHIP) | AT(JOIN) | AT(REGISTER) | AT(ROUTER))
#define PAYLOAD (AT(SESSION) | AT(BOOTSTRAP))

static unsigned points_of(const struct rule *rule)
{
	return rule->points ? rule->points : (1u << POINT_COUNT) - 1;
}

static bool refuses(const struct rule *rule, enum direction direction)
{
	return rule->kind != RULE_POLICE && !rule->off &&
	       (rule->action == ACTION_DENY || rule->action == ACTION_LIMIT) &&
	       (rule->direction == DIRECTION_UNKNOWN || rule->direction == direction);
}

/* A rule of the data that goes one way asks for reports that go the other (S17). */
static bool asks_for_reports(const struct rule *rule, enum direction direction)
{
	return rule->joined != JOINED_UNKNOWN && !rule->off && rule->direction != direction;
}

bool trim_is_needed(const struct boundary *boundary, enum direction direction)
{
	for (size_t i = 0; i < boundary->rule_count; i++) {
		const struct rule *rule = boundary->rules[i];

		if (refuses(rule, direction) && (points_of(rule) & (CONTROL | PAYLOAD)))
			return true;
		if (asks_for_reports(rule, direction))
			return true;
	}
	return false;
}

bool trim_needs_payload(const struct boundary *boundary, enum direction direction)
{
	for (size_t i = 0; i < boundary->rule_count; i++) {
		const struct rule *rule = boundary->rules[i];

		if (refuses(rule, direction) && (points_of(rule) & PAYLOAD))
			return true;
	}
	return false;
}

uint16_t trim_query_rule(const struct boundary *boundary, enum direction direction,
			 enum family family)
{
	const struct observation query = {
		.point = POINT_MEMBERSHIP, .what = WHAT_QUERY, .type = TYPE_QUERY,
		.protocol = family == FAMILY_IP6 ? PROTOCOL_MLD : PROTOCOL_IGMP,
		.direction = (uint8_t)direction, .vlan = VLAN_NONE, .ttl = 1,
		.speaker = { .family = (uint8_t)family }, .source = ADDR_NONE, .group = ADDR_NONE,
	};
	struct verdict verdict = reference_judge(boundary, &query);

	return verdict.action == ACTION_DENY ? verdict.rule : RULE_NONE;
}
