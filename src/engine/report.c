/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading an engine into a report.  Every order in it is total, so that two runs over the same
 * packets print the same bytes.  Knows no output format. */
#include "engine/report.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "engine/state.h"

/* --- flows --- */

bool report_flow_slot(const struct engine *engine, uint32_t slot, struct report_flow *out)
{
	const struct flow_table *table = &engine->flows;
	const struct flow *f = flow_at(table, slot);
	const struct flow_other *other;

	if (!f)
		return false;
	other = flow_other(table, f);
	*out = (struct report_flow){
		.key = flow_key_read(table, f), .packets = f->packets, .bytes = f->bytes,
		.first.ns = f->first_ns, .last.ns = f->last_ns,
		.verdict = { f->action, f->rule }, .other = { 0, RULE_NONE },
		.port = flow_port(table, f),
		.ttl_min = f->ttl_min, .ttl_max = f->ttl_max, .has_ttl = f->ttl_min <= f->ttl_max,
		.is_link_local = f->state & FLOW_LINK_LOCAL, .is_finding = f->state & FLOW_FINDING,
	};
	if (other)
		out->other = (struct verdict){ other->action, other->rule };
	out->is_scoped = addr_is_scoped_group(out->key.group);
	return true;
}

static struct report_flow view(const struct report *r, uint32_t slot)
{
	struct report_flow flow;
	bool is_there = report_flow_slot(r->engine, slot, &flow);

	assert(is_there);
	return flow;
}

struct report_flow report_flow_at(const struct report *report, size_t index)
{
	assert(index < report->flow_count);
	return view(report, report->flows[index]);
}

bool report_flow_changes(const struct report *report, const struct report_flow *flow)
{
	return report->against && !flow->is_link_local &&
	       flow->other.action != flow->verdict.action;
}

static int order_flows(const void *a, const void *b, void *context)
{
	const struct report *r = context;
	uint32_t slot_a = *(const uint32_t *)a, slot_b = *(const uint32_t *)b;
	const struct flow *x = flow_at(&r->engine->flows, slot_a);
	const struct flow *y = flow_at(&r->engine->flows, slot_b);
	struct flow_key kx, ky;
	int order;

	if (x->packets != y->packets)
		return x->packets > y->packets ? -1 : 1;
	kx = flow_key_read(&r->engine->flows, x);
	ky = flow_key_read(&r->engine->flows, y);
	if (kx.point != ky.point)
		return kx.point < ky.point ? -1 : 1;
	order = addr_order(kx.source, ky.source);
	order = order ? order : addr_order(kx.group, ky.group);
	order = order ? order : (int)kx.kind - ky.kind;
	return order ? order : (int)kx.group_len - ky.group_len;
}

/* Slots of flows.  Where only a few have to stand in order, these are kept so at the front, and the
 * others stand behind them as they come. */
struct front {
	uint32_t *list;			/* NULL: none is wanted */
	size_t	  n, max;		/* max: of those in order */
	uint64_t  least;		/* packets of the last of these, where there are so many */
};

static void insert(const struct report *r, struct front *front, size_t at, uint32_t slot)
{
	uint32_t *list = front->list;

	for (; at > 0 && order_flows(&slot, &list[at - 1], (void *)r) < 0; at--)
		list[at] = list[at - 1];
	list[at] = slot;
}

static void add(const struct report *r, struct front *front, uint32_t slot, const struct flow *f)
{
	uint32_t *list = front->list;
	size_t n = front->n++, last = front->max - 1;

	list[n] = slot;
	if (front->max == 0 || (n > last && f->packets < front->least))
		return;
	if (n <= last) {
		insert(r, front, n, slot);
	} else if (order_flows(&slot, &list[last], (void *)r) < 0) {
		list[n] = list[last];
		insert(r, front, last, slot);
	}
	front->least = n >= last ? flow_at(&r->engine->flows, list[last])->packets : 0;
}

static void sort_all(struct report *r, const struct front *front)
{
	if (front->list && front->max == 0)
		qsort_r(front->list, front->n, sizeof(front->list[0]), order_flows, r);
}

/* One pass over the table, for it is large. */
struct pass {
	struct report  *report;
	struct counters counters;	/* with the packets of lumps, of which the rules' do not know */
	struct front	flows, denied;
	size_t		limited;
};

static void count_flow(struct report *r, const struct flow *f)
{
	const struct flow_other *other = r->against ? flow_other(&r->engine->flows, f) : NULL;

	if (f->state & FLOW_LINK_LOCAL)
		return;
	r->verdicts[f->action]++;
	r->change_count += other && other->action != f->action;
}

static void read_flow(struct pass *p, uint32_t slot, struct flow *f)
{
	if (f->state & FLOW_LUMP) {
		counters_lump(&p->counters, f);
		p->report->points[POINT_DATA][f->action] += f->packets;
	}
	counters_tell(&p->counters, f);		/* for good: these sets are the engine's own */
	if (!p->denied.list)
		return;
	count_flow(p->report, f);
	if (p->flows.list)
		add(p->report, &p->flows, slot, f);
	if (f->state & FLOW_FINDING && f->action == ACTION_DENY)
		add(p->report, &p->denied, slot, f);
	else if (f->state & FLOW_FINDING)
		p->limited++;
}

#define FLOWS_AHEAD 16

static void read_side(struct pass *p, const struct flow_side *side, uint32_t first_slot)
{
	for (uint32_t i = 0; i < side->n; i++) {
		__builtin_prefetch(&side->list[i + 1 + FLOWS_AHEAD]);
		read_flow(p, first_slot + i, &side->list[i + 1]);
	}
}

/* Few captures have any: behind the denied ones, by a pass of their own. */
static void list_limited(struct pass *p)
{
	const struct flow_table *table = &p->report->engine->flows;
	struct front limited = { .list = p->denied.list + p->denied.n, .max = p->denied.max };

	for (size_t i = flow_next(table, 0); limited.n < p->limited; i = flow_next(table, i + 1)) {
		const struct flow *f = flow_at(table, i);

		if (f->state & FLOW_FINDING && f->action != ACTION_DENY)
			add(p->report, &limited, (uint32_t)i, f);
	}
	sort_all(p->report, &limited);
}

static void take_lists(struct pass *p, size_t flows)
{
	const struct report_options *options = &p->report->options;

	if (options->no_flows)
		return;
	p->denied = (struct front){ .list = memory_room(flows, sizeof(uint32_t)),
				    .max = options->rows };
	if (!options->only_findings)
		p->flows = (struct front){ .list = memory_room(flows, sizeof(uint32_t)),
					   .max = options->rows };
}

static struct counters copy_counters(const struct engine *e)
{
	struct counters c = { .n = e->counters.n, .distinct = e->counters.distinct };

	c.rules = memory_array(c.n, sizeof(c.rules[0]));
	memcpy(c.rules, e->counters.rules, c.n * sizeof(c.rules[0]));
	return c;
}

/* The counters' rules are the caller's. */
static struct counters gather_flows(struct report *r)
{
	const struct flow_table *table = &r->engine->flows;
	struct pass p = { .report = r, .counters = copy_counters(r->engine) };

	r->flows_evicted = table->ip4.evicted + table->ip6.evicted;
	take_lists(&p, table->ip4.n + table->ip6.n);
	read_side(&p, &table->ip4, 0);
	read_side(&p, &table->ip6, FLOWS4_MAX);
	sort_all(r, &p.flows);
	sort_all(r, &p.denied);
	list_limited(&p);
	r->flows = p.flows.list;
	r->flow_count = p.flows.n;
	r->flow_findings = p.denied.list;
	r->flow_finding_count = p.denied.n + p.limited;
	return p.counters;
}

/* --- rules, notes --- */

static void gather_rules(struct report *r, const struct counters *c)
{
	r->rules = memory_array(c->n, sizeof(r->rules[0]));
	for (size_t i = 0; i < c->n; i++) {
		struct report_rule *rule = &r->rules[i];

		*rule = (struct report_rule){
			.hits = c->rules[i].hits, .packets = c->rules[i].packets,
			.bytes = c->rules[i].bytes, .link_local = c->rules[i].link_local,
			.first.ns = c->rules[i].first_ns, .last.ns = c->rules[i].last_ns,
		};
		rule->sources = distinct_count(c->distinct, 2 * i, &rule->sources_estimated);
		rule->groups = distinct_count(c->distinct, 2 * i + 1, &rule->groups_estimated);
	}
}

static struct report_note note_of(const char *name, const struct noted *noted)
{
	return (struct report_note){ name, noted->count, noted->frame, noted->file };
}

static void gather_notes(struct report *r)
{
	const struct engine *e = r->engine;

	for (unsigned i = 0; i < FLAG_COUNT; i++)
		if (e->notes[i].count > 0)
			r->notes[r->note_count++] = note_of(flag_name(i), &e->notes[i]);
	for (unsigned i = 0; i < ANOMALY_COUNT; i++)
		if (e->anomalies[i].count > 0)
			r->anomalies[r->anomaly_count++] =
				note_of(anomaly_name(i), &e->anomalies[i]);
}

/* --- findings that are no flows --- */

static struct report_finding from_gauge(const struct gauge *gauge)
{
	return (struct report_finding){ .kind = FINDING_POLICER, .point = POINT_SA,
					.rule = gauge->rule, .source = gauge->key,
					.count = gauge->denied ? gauge->denied : gauge->alarmed,
					.gauge = gauge };
}

static struct report_finding from_host(const struct ras_host *host)
{
	return (struct report_finding){ .kind = FINDING_RAS, .point = POINT_DATA, .rule = RULE_NONE,
					.source = host->address, .count = host->count,
					.first = host->first, .last = host->last,
					.host = host };
}

static struct report_finding from_noted(const struct finding *f)
{
	return (struct report_finding){ .kind = f->kind, .point = f->point, .rule = RULE_NONE,
					.source = f->source, .group = f->group,
					.group_len = (uint8_t)addr_bits(f->group), .count = f->count,
					.first.ns = f->first_ns, .last.ns = f->last_ns,
					.detail = f->detail };
}

static int order_findings(const void *a, const void *b)
{
	const struct report_finding *x = a, *y = b;
	int order;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	order = addr_order(x->source, y->source);
	order = order ? order : addr_order(x->group, y->group);
	order = order ? order : (int)x->point - y->point;
	order = order ? order : (int)x->rule - y->rule;
	if (order || !x->host || !y->host)
		return order;
	return x->host->vlan != y->host->vlan ? (int)x->host->vlan - y->host->vlan
					      : (int)x->host->link - y->host->link;
}

static void gather_findings(struct report *r)
{
	const struct findings *noted = &r->engine->findings;
	struct report_finding *list =
		memory_array(r->gauge_count + r->ras_count + noted->n, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < r->gauge_count; i++)
		if (r->gauges[i].alarmed > 0 || r->gauges[i].denied > 0)
			list[n++] = from_gauge(&r->gauges[i]);
	for (size_t i = 0; i < r->ras_count; i++)
		if (r->ras[i]->authorised != RAS_AUTHORISED)
			list[n++] = from_host(r->ras[i]);
	for (size_t i = 0, left = noted->n; left > 0; i++) {
		if (noted->list[i].count == 0)
			continue;
		list[n++] = from_noted(&noted->list[i]);
		left--;
	}
	qsort(list, n, sizeof(*list), order_findings);
	r->other_findings = list;
	r->other_finding_count = n;
}

size_t report_finding_count(const struct report *report)
{
	return report->flow_finding_count + report->other_finding_count;
}

struct report_finding report_finding_at(const struct report *report, size_t index)
{
	struct report_flow flow;

	assert(index < report_finding_count(report));
	if (index >= report->flow_finding_count)
		return report->other_findings[index - report->flow_finding_count];
	flow = view(report, report->flow_findings[index]);
	return (struct report_finding){
		.kind = flow.verdict.action == ACTION_DENY ? FINDING_DENIED : FINDING_LIMITED,
		.point = flow.key.point, .rule = flow.verdict.rule, .source = flow.key.source,
		.source_kind = flow.key.kind, .group = flow.key.group,
		.group_len = flow.key.group_len, .count = flow.packets, .first = flow.first,
		.last = flow.last, .is_scoped = flow.is_scoped,
	};
}

struct report_flow report_finding_flow(const struct report *report, size_t index)
{
	assert(index < report->flow_finding_count);
	return view(report, report->flow_findings[index]);
}

size_t report_reasons(const struct report *report)
{
	size_t n = report->other_finding_count;

	for (size_t i = 0; i < report->flow_finding_count; i++)
		n += !report->options.vantage_inside ||
		     !view(report, report->flow_findings[i]).is_scoped;
	return n;
}

/* --- the whole --- */

static void copy_totals(struct report *r)
{
	const struct engine *e = r->engine;
	bool estimated;

	r->first = e->first;
	r->last = e->last;
	r->packets = (struct report_packets){ e->packets.total, e->packets.ip, e->packets.multicast,
					      e->packets.control, e->packets.unread };
	memcpy(r->points, e->points, sizeof(r->points));
	r->link_local_groups = distinct_count(e->link_local_groups, 0, &estimated);
	r->link_local_packets = e->link_local_packets;
	r->has_ras_list = e->options.authorised != NULL;
}

/* A list of its own, for some may be left out. */
static void gather_hosts(struct report *r)
{
	const struct ras_host *const *hosts = ras_table_hosts(r->engine->ras, &r->ras_count);

	r->ras = memory_array(r->ras_count, sizeof(r->ras[0]));
	for (size_t i = 0; i < r->ras_count; i++)
		r->ras[i] = hosts[i];
}

/* Bounds are told where they were met. */
static void gather_full(struct report *r)
{
	const struct engine *e = r->engine;
	const struct stream_counters streams = stream_counters(e->streams);
	const struct report_full all[REPORT_FULL_MAX] = {
		{ "denied-flows", "flows that must not cross", e->flows.evicted_findings },
		{ "findings", "findings beside flows", e->findings.refused },
		{ "ras-servers", "RAS servers", ras_table_evicted(e->ras) },
		{ "members", "members, for rules with 'joined'",
		  e->members ? members_evicted(e->members) : 0 },
		{ "police-keys", "keys and entries of police lines",
		  police_evicted(e->court.police) },
		{ "limit-sources", "senders of limits", limits_evicted(e->court.limits) },
		{ "msdp-streams", "TCP streams of MSDP", streams.evicted },
		{ "msdp-bytes", "bytes behind holes of these streams", streams.refused_bytes },
	};

	for (size_t i = 0; i < COUNT(all); i++)
		if (all[i].count > 0)
			r->full[r->full_count++] = all[i];
}

static struct report *read_engine(const struct engine *engine, const struct report_options *options)
{
	struct report *r = memory_take(sizeof(*r));
	struct counters counters;

	r->engine = engine;
	r->boundary = engine->court.boundary;
	r->against = engine->options.against;
	r->options = *options;
	copy_totals(r);
	counters = gather_flows(r);
	gather_rules(r, &counters);
	free(counters.rules);
	gather_notes(r);
	gather_hosts(r);
	gather_full(r);
	r->gauges = police_gauges(engine->court.police, &r->gauge_count);
	r->peers = police_peers(engine->court.police, &r->peer_count);
	gather_findings(r);
	return r;
}

struct report *report_new(struct engine *engine, const struct report_options *options)
{
	engine_finish(engine);
	echoes_settle(engine);
	return read_engine(engine, options);
}

struct report *report_now(struct engine *engine, const struct report_options *options)
{
	echoes_settle(engine);
	police_settle(engine->court.police, engine->now);
	ras_table_settle(engine->ras, options->now.ns ? options->now : engine->last);
	return read_engine(engine, options);
}

void report_free(struct report *report)
{
	if (!report)
		return;
	free(report->rules);
	free(report->flows);
	free(report->flow_findings);
	free(report->other_findings);
	free(report->ras);
	free(report->gauges);
	free(report->peers);
	free(report);
}

const char *report_rule_name(const struct boundary *boundary, uint16_t rule)
{
	if (rule == RULE_NONE)
		return "-";
	assert(rule < boundary->rule_count);
	return boundary->rules[rule]->kind == RULE_DEFAULT ? "default" : boundary->rules[rule]->name;
}

static void leave_out_flows(struct report *r, const struct report_known *known)
{
	size_t n = 0;

	for (size_t i = 0; i < r->flow_count; i++) {
		struct report_flow flow = view(r, r->flows[i]);

		if (!known->flow(known->context, &flow))
			r->flows[n++] = r->flows[i];
		else
			r->change_count -= report_flow_changes(r, &flow);
	}
	r->flow_count = n;
}

static void leave_out_findings(struct report *r, const struct report_known *known)
{
	size_t n = 0;

	for (size_t i = 0; i < r->flow_finding_count; i++) {
		struct report_finding finding = report_finding_at(r, i);

		if (!known->finding(known->context, &finding))
			r->flow_findings[n++] = r->flow_findings[i];
	}
	r->flow_finding_count = n;
	n = 0;
	for (size_t i = 0; i < r->other_finding_count; i++)
		if (!known->finding(known->context, &r->other_findings[i]))
			r->other_findings[n++] = r->other_findings[i];
	r->other_finding_count = n;
}

void report_leave_out(struct report *report, const struct report_known *known)
{
	size_t n = 0, findings = report_finding_count(report);

	leave_out_findings(report, known);
	report->known_findings = findings - report_finding_count(report);
	leave_out_flows(report, known);
	for (size_t i = 0; i < report->ras_count; i++)
		if (!known->host(known->context, report->ras[i]))
			report->ras[n++] = report->ras[i];
	report->ras_count = n;
}
