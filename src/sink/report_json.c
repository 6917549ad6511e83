/* SPDX-License-Identifier: BSD-2-Clause */
/* The audit's report as the document weir-audit/1 (DESIGN 6, schema/weir-audit.schema.json).
 * Written in pieces, for the flows may be many.  Knows no terminal. */
#include "base/json.h"
#include "net/scope.h"
#include "sink/ras_print.h"
#include "sink/report_print.h"

#define PIECE 65536

struct document {
	const struct report_print *print;
	const struct report	  *report;
	struct text		   text;
	struct json		   j;
	FILE			  *out;
};

static void flush(struct document *d, size_t at_least)
{
	if (d->text.n <= at_least)
		return;
	fwrite(d->text.p, 1, d->text.n, d->out);
	text_reset(&d->text);
}

static void put_time(struct document *d, const char *key, struct mtime at)
{
	json_time(&d->j, key, at, d->print->time_digits);
}

static void put_addr(struct json *j, const char *key, struct addr a)
{
	char buffer[ADDR_TEXT];

	if (a.family != FAMILY_NONE)
		json_string(j, key, addr_text(a, buffer));
}

/* A source, `*`, or where the point has none the speaker. */
static void put_pair(struct json *j, struct addr source, enum flow_source kind, struct addr group,
		     uint8_t group_len)
{
	put_addr(j, kind == FLOW_SOURCE_SPEAKER ? "speaker" : "source",
		 kind == FLOW_SOURCE_ANY ? ADDR_ANY : source);
	put_addr(j, "group", group);
	if (addr_is_there(group) && group_len < addr_bits(group))
		json_number(j, "group_len", group_len);
}

static void put_name(struct document *d, struct addr group, uint8_t group_len)
{
	struct group_name name;
	const char *scope = scope_name(group);

	if (!addr_is_there(group) || group_len < addr_bits(group))
		return;
	registry_group(d->print->registry, group, &name);
	if (name.text[0])
		json_string(&d->j, "name", name.text);
	if (scope)
		json_string(&d->j, "scope", scope);
}

static void put_policy(struct json *j, const char *key, const struct policy *policy)
{
	json_open(j, key);
	json_string(j, "name", policy->name);
	json_string(j, "sha256", policy_sha256(policy));
	json_close(j);
}

static void put_odd(struct json *j, const struct report_input *input)
{
	if (input->odd_count == 0)
		return;
	json_open_array(j, "odd");
	for (size_t i = 0; i < input->odd_count; i++) {
		json_open(j, NULL);
		json_string(j, "name", input->odd[i].name);
		json_number(j, "count", input->odd[i].count);
		json_close(j);
	}
	json_close_array(j);
}

static void put_inputs(struct document *d)
{
	struct json *j = &d->j;

	json_open_array(j, "inputs");
	for (size_t i = 0; i < d->print->input_count; i++) {
		const struct report_input *input = &d->print->inputs[i];

		json_open(j, NULL);
		json_string(j, "file", input->name);
		json_string(j, "link", input->link);
		json_number(j, "packets", input->packets);
		json_number(j, "bytes", input->bytes);
		json_bool(j, "truncated", input->truncated);
		if (input->truncated)
			json_number(j, "truncated_at", input->truncated_at);
		if (input->dropped > 0)
			json_number(j, "dropped", input->dropped);
		put_odd(j, input);
		json_close(j);
	}
	json_close_array(j);
}

static void put_totals(struct document *d)
{
	const struct report *r = d->report;
	struct json *j = &d->j;

	if (r->packets.total > 0) {
		put_time(d, "first", r->first);
		put_time(d, "last", r->last);
	}
	json_open(j, "packets");
	json_number(j, "total", r->packets.total);
	json_number(j, "ip", r->packets.ip);
	json_number(j, "multicast", r->packets.multicast);
	json_number(j, "control", r->packets.control);
	json_number(j, "unread", r->packets.unread);
	json_close(j);
	json_open(j, "points");
	for (unsigned p = 0; p < POINT_COUNT; p++) {
		static const enum action order[] = { ACTION_PERMIT, ACTION_WARN, ACTION_DENY,
						     ACTION_LIMIT, ACTION_IGNORE };

		json_open(j, point_name(p));
		for (size_t a = 0; a < COUNT(order); a++)
			json_number(j, action_name(order[a]), r->points[p][order[a]]);
		json_close(j);
	}
	json_close(j);
}

static void put_rule(struct document *d, size_t index)
{
	const struct rule *rule = d->report->boundary->rules[index];
	const struct report_rule *c = &d->report->rules[index];
	struct json *j = &d->j;

	json_open(j, NULL);
	json_string(j, "boundary", d->report->boundary->name);
	json_string(j, "name", report_rule_name(d->report->boundary, (uint16_t)index));
	json_string(j, "action", action_name(rule->action));
	if (rule->text)
		json_string(j, "text", rule->text);
	if (rule->ref)
		json_string(j, "ref", rule->ref);
	json_number(j, "line", rule->place.line);
	json_number(j, "hits", c->hits);
	json_number(j, "packets", c->packets);
	json_number(j, "bytes", c->bytes);
	if (c->hits > 0) {
		put_time(d, "first", c->first);
		put_time(d, "last", c->last);
	}
	json_number(j, "sources", c->sources);
	json_number(j, "groups", c->groups);
	json_bool(j, "estimated", c->sources_estimated || c->groups_estimated);
	json_close(j);
}

static void put_flow(struct document *d, const struct report_flow *flow)
{
	const struct flow_key *key = &flow->key;
	struct json *j = &d->j;

	json_open(j, NULL);
	put_pair(j, key->source, key->kind, key->group, key->group_len);
	put_name(d, key->group, key->group_len);
	json_string(j, "point", point_name(key->point));
	if (flow->port) {
		json_number(j, "port", flow->port);
		if (registry_port(d->print->registry, flow->port))
			json_string(j, "service", registry_port(d->print->registry, flow->port));
	}
	json_number(j, "packets", flow->packets);
	json_number(j, "bytes", flow->bytes);
	if (flow->has_ttl) {
		json_number(j, "ttl_min", flow->ttl_min);
		json_number(j, "ttl_max", flow->ttl_max);
	}
	put_time(d, "first", flow->first);
	put_time(d, "last", flow->last);
	json_string(j, "verdict", action_name(flow->verdict.action));
	json_string(j, "rule", report_rule_name(d->report->boundary, flow->verdict.rule));
	json_close(j);
	flush(d, PIECE);
}

static void put_flows(struct document *d)
{
	const struct report *r = d->report;

	json_open_array(&d->j, "flows");
	for (size_t i = 0; i < r->flow_count; i++) {
		struct report_flow flow = report_flow_at(r, i);

		put_flow(d, &flow);
	}
	json_close_array(&d->j);
	json_number(&d->j, "flows_evicted", r->flows_evicted);
}

static void put_full(struct document *d)
{
	const struct report *r = d->report;

	if (r->full_count == 0)
		return;
	json_open_array(&d->j, "full");
	for (size_t i = 0; i < r->full_count; i++) {
		json_open(&d->j, NULL);
		json_string(&d->j, "name", r->full[i].name);
		json_number(&d->j, "count", r->full[i].count);
		json_close(&d->j);
	}
	json_close_array(&d->j);
}

static void put_host(struct document *d, const struct ras_host *h)
{
	json_open(&d->j, NULL);
	ras_host_put(&d->j, h, d->report->has_ras_list, d->print->time_digits);
	if (h->vlan != VLAN_NONE)
		json_number(&d->j, "vlan", h->vlan);
	if (h->link < d->print->link_count)
		json_escaped(&d->j, "link", d->print->links[h->link]);
	json_close(&d->j);
}

static void put_gauge(struct document *d, const struct gauge *g)
{
	const struct rule *line = d->report->boundary->rules[g->rule];
	struct json *j = &d->j;
	char key[ADDR_TEXT];

	json_open(j, NULL);
	json_string(j, "name", line->name);
	json_string(j, "key", prefix_text(g->key, g->key_len, key));
	json_number(j, "live", g->live);
	if (line->over_asked)
		json_number(j, "limit", line->over);
	json_number(j, "peak", g->peak);
	json_number(j, "warned", g->warned);
	json_number(j, "alarmed", g->alarmed);
	json_number(j, "denied", g->denied);
	json_close(j);
}

static void put_msdp(struct document *d)
{
	const struct report *r = d->report;
	struct json *j = &d->j;

	json_open_array(j, "policers");
	for (size_t i = 0; i < r->gauge_count; i++) {
		put_gauge(d, &r->gauges[i]);
		flush(d, PIECE);
	}
	json_close_array(j);
	json_open_array(j, "msdp");
	for (size_t i = 0; i < r->peer_count; i++) {
		json_open(j, NULL);
		put_addr(j, "peer", r->peers[i].peer);
		put_addr(j, "to", r->peers[i].to);
		json_number(j, "sas", r->peers[i].sas);
		json_number(j, "entries", r->peers[i].peak);
		json_number(j, "new", r->peers[i].fresh);
		json_close(j);
	}
	json_close_array(j);
	json_open(j, "link_local");
	json_number(j, "groups", r->link_local_groups);
	json_number(j, "packets", r->link_local_packets);
	json_close(j);
}

static void put_off(struct document *d)
{
	const struct boundary *b = d->report->boundary;

	json_open_array(&d->j, "off");
	for (size_t i = 0; i < b->rule_count; i++) {
		if (!b->rules[i]->off)
			continue;
		json_open(&d->j, NULL);
		json_string(&d->j, "rule", report_rule_name(b, (uint16_t)i));
		json_string(&d->j, "why", b->rules[i]->off_why ? b->rules[i]->off_why : "");
		json_close(&d->j);
	}
	json_close_array(&d->j);
}

static void put_finding(struct document *d, const struct report_finding *f)
{
	struct text words = { 0 };
	struct json *j = &d->j;

	json_open(j, NULL);
	json_string(j, "kind", finding_name(f->kind));
	put_pair(j, f->source, f->source_kind, f->group, f->group_len);
	if (f->point != POINT_NONE)
		json_string(j, "point", point_name(f->point));
	if (f->rule != RULE_NONE)
		json_string(j, "rule", report_rule_name(d->report->boundary, f->rule));
	report_finding_text(d->report, f, &words);
	json_escaped(j, "text", text_string(&words));
	json_close(j);
	text_release(&words);
	flush(d, PIECE);
}

static void put_notes(struct document *d, const char *key, const struct report_note *list, size_t n)
{
	struct json *j = &d->j;

	json_open_array(j, key);
	for (size_t i = 0; i < n; i++) {
		json_open(j, NULL);
		json_string(j, "name", list[i].name);
		json_number(j, "count", list[i].count);
		if (list[i].file < d->print->input_count)
			json_string(j, "first_file", d->print->inputs[list[i].file].name);
		json_number(j, "first_frame", list[i].frame);
		json_close(j);
	}
	json_close_array(j);
}

static void put_findings(struct document *d)
{
	const struct report *r = d->report;

	json_open_array(&d->j, "findings");
	for (size_t i = 0; i < report_finding_count(r); i++) {
		struct report_finding finding = report_finding_at(r, i);

		put_finding(d, &finding);
	}
	json_close_array(&d->j);
	put_notes(d, "notes", r->notes, r->note_count);
	put_notes(d, "anomalies", r->anomalies, r->anomaly_count);
}

static void put_judged(struct json *j, const char *key, const struct boundary *boundary,
		       struct verdict v)
{
	json_open(j, key);
	json_string(j, "verdict", action_name(v.action));
	json_string(j, "rule", report_rule_name(boundary, v.rule));
	json_close(j);
}

static void put_against(struct document *d)
{
	const struct report *r = d->report;
	struct json *j = &d->j;

	json_open(j, "against");
	put_policy(j, "policy", d->print->against);
	json_string(j, "boundary", r->against->name);
	json_open_array(j, "changes");
	for (size_t i = 0; i < r->flow_count; i++) {
		struct report_flow flow = report_flow_at(r, i);

		if (!report_flow_changes(r, &flow))
			continue;
		json_open(j, NULL);
		put_pair(j, flow.key.source, flow.key.kind, flow.key.group, flow.key.group_len);
		json_string(j, "point", point_name(flow.key.point));
		json_number(j, "packets", flow.packets);
		put_judged(j, "from", r->boundary, flow.verdict);
		put_judged(j, "to", r->against, flow.other);
		json_close(j);
		flush(d, PIECE);
	}
	json_close_array(j);
	json_close(j);
}

void report_print_json(const struct report_print *print, FILE *out)
{
	const struct report *r = print->report;
	struct document d = { .print = print, .report = r, .out = out };
	struct json *j = &d.j;

	d.j = json_of(&d.text);
	d.j.pretty = true;
	json_open(j, NULL);
	json_string(j, "schema", "weir-audit/1");
	put_policy(j, "policy", print->policy);
	json_string(j, "boundary", r->boundary->name);
	put_inputs(&d);
	put_totals(&d);
	json_open_array(j, "rules");
	for (size_t i = 0; i < r->boundary->rule_count; i++)
		put_rule(&d, i);
	json_close_array(j);
	put_flows(&d);
	put_full(&d);
	json_open_array(j, "ras");
	for (size_t i = 0; i < r->ras_count; i++)
		put_host(&d, r->ras[i]);
	json_close_array(j);
	put_msdp(&d);
	put_off(&d);
	put_findings(&d);
	if (r->against)
		put_against(&d);
	json_number(j, "exit", (uint64_t)print->exit);
	json_close(j);
	text_put(&d.text, "\n");
	flush(&d, 0);
	text_release(&d.text);
}
