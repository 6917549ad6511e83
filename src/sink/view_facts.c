/* SPDX-License-Identifier: BSD-2-Clause */
/* From an engine that goes on to rows.  Flows are copied only where somebody looks at them, for they
 * may be hundreds of thousands. */
#include "sink/view_facts.h"

#include <stdlib.h>

#include "base/memory.h"
#include "engine/roll.h"

#define SLOTS (FLOWS4_MAX + FLOWS6_MAX)
#define LINK_OF(observed) ((uint16_t)((observed) / 2))	/* see source/live.h */

static const struct view_row nothing = {
	.rule = RULE_NONE, .link = VIEW_NO_LINK, .point = POINT_NONE, .hops = RAS_HOPS_UNKNOWN,
	.ttl_min = UINT8_MAX, .word = "", .meaning = "",
};

void view_facts_init(struct view_facts *facts, size_t rules)
{
	*facts = (struct view_facts){ 0 };
	facts->rules = memory_array(rules, sizeof(struct pulse));
	facts->flows = memory_array(SLOTS, sizeof(struct pulse));
	facts->anomalies = memory_array(ANOMALY_COUNT, sizeof(struct pulse));
	facts->notes = memory_array(FLAG_COUNT, sizeof(struct pulse));
}

void view_facts_release(struct view_facts *facts)
{
	for (size_t i = 0; i < VIEW_TABS; i++)
		free(facts->tabs[i].list);
	text_release(&facts->names);
	free(facts->rules);
	free(facts->flows);
	free(facts->anomalies);
	free(facts->notes);
	*facts = (struct view_facts){ 0 };
}

const char *view_facts_name(const struct view_facts *facts, uint32_t at)
{
	return at > 0 ? facts->names.p + at : "";
}

/* A row like `nothing` at the end of a tab. */
static struct view_row *add(struct view_facts *facts, enum view_tab tab)
{
	struct view_rows *rows = &facts->tabs[tab];

	if (rows->n == rows->cap) {
		rows->cap = rows->cap ? rows->cap * 2 : 128;
		rows->list = memory_grow(rows->list, rows->cap, sizeof(rows->list[0]));
	}
	rows->list[rows->n] = nothing;
	return &rows->list[rows->n++];
}

/* Keeps an escaped copy, behind a NUL so that offset 0 stays free. */
static uint32_t keep_name(struct view_facts *facts, const struct ras_name *name)
{
	uint32_t at;

	if (name->n == 0)
		return 0;
	text_put_n(&facts->names, "", 1);
	at = (uint32_t)facts->names.n;
	text_escape_utf8(&facts->names, (struct span){ name->bytes, name->n });
	return at;
}

static uint64_t mix(uint64_t id, struct addr a)
{
	return (id ^ addr_hash(a)) * UINT64_C(0x9e3779b97f4a7c15);
}

/* --- tabs --- */

static void gather_rules(struct view_facts *facts, const struct report *r)
{
	for (size_t i = 0; i < r->boundary->rule_count; i++) {
		const struct report_rule *c = &r->rules[i];
		const struct rule *rule = r->boundary->rules[i];
		struct view_row *row = add(facts, TAB_RULES);

		pulse_feel(&facts->rules[i], 0, c->hits, facts->moment.second);
		row->id = i;
		row->rule = (uint16_t)i;
		row->action = (uint8_t)rule->action;
		row->has_verdict = true;
		row->count = c->hits;
		row->bytes = c->bytes;
		row->sources = c->sources;
		row->groups = c->groups;
		row->sources_estimated = c->sources_estimated;
		row->groups_estimated = c->groups_estimated;
		row->first_ns = c->hits ? c->first.ns : 0;
		row->last_ns = c->hits ? c->last.ns : 0;
		row->pulse = &facts->rules[i];
		row->word = rule->off ? "off" : rule->kind == RULE_POLICE ? "police" : "";
		row->meaning = rule->clauses ? rule->clauses : "";
		row->is_finding = c->hits > c->link_local && rule->action >= ACTION_LIMIT;
		row->is_quiet = c->hits == 0;
	}
}

static void put_flow(struct view_row *row, const struct report_flow *flow)
{
	row->source = flow->key.kind == FLOW_SOURCE_ANY ? ADDR_ANY : flow->key.source;
	row->group = flow->key.group;
	row->group_len = flow->key.group_len;
	row->point = flow->key.point;
	row->kind = flow->key.kind;
	row->action = flow->verdict.action;
	row->rule = flow->verdict.rule;
	row->has_verdict = true;
	row->count = flow->packets;
	row->bytes = flow->bytes;
	row->first_ns = flow->first.ns;
	row->last_ns = flow->last.ns;
	row->ttl_min = flow->ttl_min;
	row->ttl_max = flow->ttl_max;
	row->is_finding = flow->is_finding;
	row->is_quiet = flow->is_link_local;
}

/* A flow may be old when it is first looked at; and one that is silent has no rate, though some came
 * since it was looked at. */
static void feel_flow(struct view_facts *facts, uint32_t slot, const struct report_flow *flow,
		      uint64_t id)
{
	struct pulse *pulse = &facts->flows[slot];
	const struct view_moment *moment = &facts->moment;
	uint32_t who = (uint32_t)(id ^ id >> 32);
	int64_t age_s = (moment->now.ns - flow->first.ns) / NS_PER_S + 1;

	if (pulse->who != who)
		pulse_begin(pulse, who,
			    age_s < moment->second ? moment->second - (uint32_t)age_s : 0);
	pulse_feel(pulse, who, flow->packets, moment->second);
	if (moment->now.ns - flow->last.ns > 2 * NS_PER_S)
		pulse->rate = 0;
}

static uint64_t flow_id(const struct flow_key *key)
{
	return flow_hash(key) * 31 + key->point * 8u + key->kind;
}

void view_facts_flows(struct view_facts *facts, const struct engine *engine)
{
	struct report_flow flow;

	facts->tabs[TAB_FLOWS].n = 0;
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		struct view_row *row;

		if (!report_flow_slot(engine, slot, &flow))
			continue;
		row = add(facts, TAB_FLOWS);
		put_flow(row, &flow);
		row->id = flow_id(&flow.key);
		row->pulse = &facts->flows[slot];
		feel_flow(facts, slot, &flow, row->id);
	}
}

/* Nobody looks at them: an eighth a second keeps their bars true. */
static void feel_some_flows(struct view_facts *facts, const struct engine *engine)
{
	uint32_t slot = facts->moment.second % PULSE_BAR_S * (SLOTS / PULSE_BAR_S);
	uint32_t end = slot + SLOTS / PULSE_BAR_S;
	struct report_flow flow;

	for (; slot < end; slot++)
		if (report_flow_slot(engine, slot, &flow))
			feel_flow(facts, slot, &flow, flow_id(&flow.key));
}

static const char *member_state(const struct roll_entry *m, struct mtime now)
{
	return m->left ? "left" : m->until.ns < now.ns ? "lapsed" : "member";
}

static void gather_members(struct view_facts *facts, const struct engine *engine)
{
	const struct roll *roll = engine_roll(engine);

	for (size_t i = 0; roll && i < ROLL_MAX; i++) {
		const struct roll_entry *m = &roll->list[i];
		struct view_row *row;

		if (m->reports == 0)
			continue;
		row = add(facts, TAB_MEMBERS);
		row->id = mix(mix(mix(m->point * 65536u + m->link, m->who), m->source), m->group);
		row->who = m->who;
		row->source = m->source;
		row->group = m->group;
		row->group_len = (uint8_t)addr_bits(m->group);
		row->point = m->point;
		row->link = LINK_OF(m->link);
		row->count = m->reports;
		row->first_ns = m->first.ns;
		row->last_ns = m->last.ns;
		row->word = member_state(m, facts->moment.now);
		row->rule = m->verdict.rule;
		row->action = m->verdict.action;
		row->has_verdict = m->verdict.rule != RULE_NONE;
		row->is_quiet = row->word[0] != 'm';
		row->is_finding = row->has_verdict && row->action >= ACTION_LIMIT &&
				  !addr_is_link_local_group(m->group);
	}
	facts->members_evicted = roll ? roll->evicted : 0;
}

static const char *authorisation(const struct ras_host *host)
{
	static const char *const words[] = { [RAS_NO_LIST] = "no list",
					     [RAS_NOT_AUTHORISED] = "NOT AUTHORISED",
					     [RAS_AUTHORISED] = "authorised" };

	return words[host->authorised];
}

static void gather_ras(struct view_facts *facts, const struct report *r)
{
	facts->has_ras_list = r->has_ras_list;
	for (size_t i = 0; i < r->ras_count; i++) {
		const struct ras_host *host = r->ras[i];
		struct view_row *row = add(facts, TAB_RAS);

		row->id = mix(host->vlan * 65536u + host->link, host->address);
		row->source = host->address;
		row->count = host->count;
		row->name = keep_name(facts, &host->hostname);
		row->more = keep_name(facts, &host->domain);
		row->hops = host->hops;
		row->first_ns = host->first.ns;
		row->last_ns = host->last.ns;
		row->link = LINK_OF(host->link);
		row->word = ras_state_name(host->state);
		row->meaning = authorisation(host);
		row->kind = (uint8_t)((host->moved ? 1 : 0) | (host->duplicate_name ? 2 : 0) |
				      (host->renamed ? 4 : 0));
		row->is_finding = host->authorised != RAS_AUTHORISED;
		row->is_quiet = host->state == RAS_GONE;
	}
}

static void gather_msdp(struct view_facts *facts, const struct report *r)
{
	for (size_t i = 0; i < r->peer_count; i++) {
		const struct police_peer *peer = &r->peers[i];
		struct view_row *row = add(facts, TAB_MSDP);

		row->id = mix(mix(1, peer->peer), peer->to);
		row->source = peer->peer;
		row->who = peer->to;
		row->count = peer->sas;
		row->sources = peer->entries;
		row->groups = peer->fresh;
		row->word = "peering";
	}
	for (size_t i = 0; i < r->gauge_count; i++) {
		const struct gauge *gauge = &r->gauges[i];
		struct view_row *row = add(facts, TAB_MSDP);

		row->id = mix(gauge->rule + 2u, gauge->key);
		row->source = gauge->key;
		row->rule = gauge->rule;
		row->sources = gauge->live;
		row->groups = gauge->peak;
		row->bytes = gauge->denied;
		row->kind = 1;
		row->is_finding = gauge->denied > 0 || gauge->alarmed > 0;
		row->word = gauge->denied ? "refused" : gauge->alarmed ? "ALARM"
						  : gauge->warned	   ? "warned"
									   : "in bounds";
	}
}

static void gather_oddities(struct view_facts *facts, const struct report_note *list, size_t n,
			    bool is_anomaly)
{
	for (size_t i = 0; i < n; i++) {
		struct view_row *row = add(facts, TAB_ODD);
		unsigned kind = 0, kinds = is_anomaly ? ANOMALY_COUNT : FLAG_COUNT;
		struct pulse *pulses = is_anomaly ? facts->anomalies : facts->notes;

		while (kind + 1 < kinds &&
		       (is_anomaly ? anomaly_name(kind) : flag_name(kind)) != list[i].name)
			kind++;
		pulse_feel(&pulses[kind], 0, list[i].count, facts->moment.second);
		row->id = (is_anomaly ? 1000 : 2000) + kind;
		row->word = list[i].name;
		row->meaning = is_anomaly ? anomaly_meaning(kind) : flag_meaning(kind);
		row->count = list[i].count;
		row->pulse = &pulses[kind];
		row->link = list[i].file;
		row->kind = is_anomaly ? 1 : 2;
	}
}

static void gather_findings(struct view_facts *facts, const struct report *r)
{
	for (size_t i = 0; i < r->other_finding_count; i++) {
		const struct report_finding *f = &r->other_findings[i];
		struct view_row *row;

		if (f->kind == FINDING_RAS || f->kind == FINDING_POLICER)
			continue;		/* they have tabs of their own */
		row = add(facts, TAB_ODD);
		row->id = mix(mix(f->kind * 256u + f->point, f->source), f->group);
		row->source = f->source;
		row->group = f->group;
		row->group_len = f->group_len;
		row->point = f->point;
		row->count = f->count;
		row->first_ns = f->first.ns;
		row->last_ns = f->last.ns;
		row->word = finding_name(f->kind);
		row->meaning = finding_meaning(f->kind);
		row->is_finding = true;
	}
}

void view_facts_gather(struct view_facts *facts, struct engine *engine,
		       const struct view_moment *moment, bool with_flows)
{
	struct report *r = report_now(engine, &(struct report_options){ .no_flows = true });

	facts->moment = *moment;
	facts->packets = r->packets.total;
	facts->flows_evicted = r->flows_evicted;
	pulse_feel(&facts->traffic, 0, r->packets.total, moment->second);
	pulse_feel(&facts->lost, 0, moment->lost, moment->second);
	text_reset(&facts->names);
	for (size_t i = 0; i < VIEW_TABS; i++)
		facts->tabs[i].n = 0;
	gather_rules(facts, r);
	if (with_flows)
		view_facts_flows(facts, engine);
	else
		feel_some_flows(facts, engine);
	gather_members(facts, engine);
	gather_ras(facts, r);
	gather_msdp(facts, r);
	gather_findings(facts, r);
	gather_oddities(facts, r->anomalies, r->anomaly_count, true);
	gather_oddities(facts, r->notes, r->note_count, false);
	report_free(r);
}
