/* SPDX-License-Identifier: BSD-2-Clause */
/* Explanations as JSON, one object a line: weir-json(5), `weir-explain/1`.  What no query
 * changes is written once, for there may be millions of them. */
#include "base/json.h"
#include "base/memory.h"
#include "net/scope.h"
#include "sink/explain_print.h"

#include <stdlib.h>

/* The text holds members of an object: without its braces. */
static struct text rule_members(const struct rule *rule)
{
	struct text text = { 0 };
	struct json j = json_of(&text);

	json_string(&j, "rule", rule->kind == RULE_DEFAULT ? "default" : rule->name);
	if (rule->place.file)
		json_string(&j, "file", rule->place.file);
	json_number(&j, "line", rule->place.line);
	if (rule->text)
		json_string(&j, "text", rule->text);
	if (rule->ref)
		json_string(&j, "ref", rule->ref);
	return text;
}

void explain_print_init(struct explain_print *out, const struct policy *policy,
			const struct boundary *boundary, const struct registry *registry, bool json)
{
	struct json j;

	*out = (struct explain_print){ .policy = policy,
				       .boundary = boundary,
				       .registry = registry };
	if (!json)
		return;
	j = json_of(&out->head);
	json_open(&j, NULL);
	json_string(&j, "schema", "weir-explain/1");
	json_open(&j, "policy");
	json_string(&j, "name", policy->name);
	json_string(&j, "sha256", policy_sha256(policy));
	json_close(&j);
	json_string(&j, "boundary", boundary->name);
	out->rules = memory_array(boundary->rule_count, sizeof(*out->rules));
	for (size_t i = 0; i < boundary->rule_count; i++)
		out->rules[i] = rule_members(boundary->rules[i]);
}

void explain_print_release(struct explain_print *print)
{
	text_release(&print->head);
	for (size_t i = 0; print->rules && i < print->boundary->rule_count; i++)
		text_release(&print->rules[i]);
	free(print->rules);
	print->rules = NULL;
}

static void put_addr(struct text *out, const char *key, struct addr a)
{
	char buffer[ADDR_TEXT];

	text_put(out, key);
	text_put(out, addr_text(a, buffer));
	text_char(out, '"');
}

static void put_number(struct text *out, const char *key, uint64_t value)
{
	text_put(out, key);
	text_number(out, value);
}

static void put_query(const struct explain_print *print, const struct query *q, struct text *out)
{
	const char *scope = scope_name(q->group);
	struct group_name name;

	put_addr(out, ",\"source\":\"", q->source);
	put_addr(out, ",\"group\":\"", q->group);
	if (addr_is_there(q->rp))
		put_addr(out, ",\"rp\":\"", q->rp);
	if (q->has_ttl)
		put_number(out, ",\"ttl\":", q->ttl);
	if (q->has_port)
		put_number(out, ",\"port\":", q->port);
	registry_group(print->registry, q->group, &name);
	if (name.text[0]) {
		text_put(out, ",\"name\":\"");
		text_escape_json(out, span_of(name.text));
		text_char(out, '"');
	}
	if (scope) {
		text_put(out, ",\"scope\":\"");
		text_put(out, scope);
		text_char(out, '"');
	}
}

/* Names of rules need no escaping: S33, S34. */
static void put_names(const struct boundary *b, const char *key, const uint16_t *list, size_t n,
		      struct text *out)
{
	text_put(out, key);
	for (size_t i = 0; i < n && i < EXPLAIN_RULES; i++) {
		text_put(out, i ? ",\"" : "\"");
		text_put(out, b->rules[list[i]]->name);
		text_char(out, '"');
	}
	text_char(out, ']');
}

static void put_point(const struct explain_print *print, const struct explained *e,
		      struct text *out)
{
	const struct text *rule = &print->rules[e->verdict.rule];

	text_put(out, "{\"point\":\"");
	text_put(out, point_name(e->point));
	text_put(out, "\",\"verdict\":\"");
	text_put(out, action_name(e->verdict.action));
	text_put(out, "\",");
	text_put_n(out, rule->p, rule->n);
	put_names(print->boundary, ",\"unless\":[", e->unless, e->unless_count, out);
	put_names(print->boundary, ",\"also\":[", e->also, e->also_count, out);
	text_char(out, '}');
}

void explain_json_put(const struct explain_print *print, const struct query *query,
		      const struct explained *list, size_t n, struct text *out)
{
	text_put_n(out, print->head.p, print->head.n);
	put_query(print, query, out);
	text_put(out, ",\"points\":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			text_char(out, ',');
		put_point(print, &list[i], out);
	}
	text_put(out, "]}\n");
}
