/* SPDX-License-Identifier: BSD-2-Clause */
/* A flow is known by boundary, source, group and point; what else a rule may ask for is unknown, so
 * such a rule is passed over (LANGUAGE S8), under both policies alike. */
#include "daemon/run_past.h"

#include <string.h>

#include "engine/report.h"

#define LINES_MAX 40

static const char *text_at(const json_t *flow, const char *key)
{
	const char *text = json_string_value(json_object_get(flow, key));

	return text ? text : "";
}

static bool parse_flow(const json_t *flow, struct observation *out)
{
	const char *source = text_at(flow, "source"), *group = text_at(flow, "group");
	const char *point = text_at(flow, "point");
	json_int_t length = json_integer_value(json_object_get(flow, "length"));

	*out = observation_none();
	if (strcmp(source, "*") == 0)
		out->source = ADDR_ANY;
	else if (strcmp(source, "-") != 0 && !addr_parse(source, strlen(source), &out->source))
		return false;
	if (!addr_parse(group, strlen(group), &out->group))
		return false;
	out->source_len = (uint8_t)addr_bits(out->source);
	out->group_len = (uint8_t)addr_bits(out->group);
	if (length > 0 && length < out->group_len)
		out->group_len = (uint8_t)length;
	for (out->point = 0; out->point < POINT_COUNT; out->point++)
		if (strcmp(point_name(out->point), point) == 0)
			break;
	if (out->point == POINT_DATA)
		out->speaker = out->source;
	return out->point < POINT_COUNT;
}

static const char *rule_of(const struct boundary *b, struct verdict v)
{
	return v.rule == RULE_NONE ? "no rule" : report_rule_name(b, v.rule);
}

static void put_change(const json_t *flow, const struct boundary *was, struct verdict old,
		       const struct boundary *is, struct verdict new, struct text *out)
{
	text_printf(out, "  %s > %s  %s  ", text_at(flow, "source"), text_at(flow, "group"),
		    text_at(flow, "point"));
	text_printf(out, "%s -> %s  %s, was %s\n", action_name(old.action), action_name(new.action),
		    rule_of(is, new), rule_of(was, old));
}

size_t past_changes(const struct policy *from, const struct policy *to, const json_t *flows,
		    struct text *out)
{
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(flows) && i < PAST_FLOWS_MAX; i++) {
		const json_t *flow = json_array_get(flows, i);
		const struct boundary *was = policy_boundary(from, text_at(flow, "boundary"));
		const struct boundary *is = policy_boundary(to, text_at(flow, "boundary"));
		struct observation obs;
		struct verdict old, new;

		if (!was || !is || !parse_flow(flow, &obs))
			continue;
		old = reference_judge(was, &obs);
		new = reference_judge(is, &obs);
		if (old.action == new.action)
			continue;
		if (n++ < LINES_MAX)
			put_change(flow, was, old, is, new, out);
	}
	if (n > LINES_MAX)
		text_printf(out, "  ... and %zu more\n", n - LINES_MAX);
	return n;
}
