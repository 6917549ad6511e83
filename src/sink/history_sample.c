/* SPDX-License-Identifier: BSD-2-Clause */
/* Differences between reports, packed.  Totals are remembered as they were when a sample was last
 * written, so that one that came to nothing is part of the next. */
#include "sink/history_sample.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "sink/history_pack.h"

#define NOTES (FLAG_COUNT + ANOMALY_COUNT)
/* A sample of a busy hour is large, and the next one need not be: this much memory stays. */
#define KEPT_BYTES (1u << 20)
/* Packets of several interfaces come in so much disorder at most. */
#define LATE_NS (2 * NS_PER_S)

/* The engine's totals, to take differences from. */
struct totals {
	struct report_rule *rules;
	uint64_t	    points[POINT_COUNT][ACTION_COUNT];
	uint64_t	    notes[NOTES], drops;
};

struct history_sampler {
	const struct policy   *policy;
	const struct boundary *boundary;	/* of the samples so far; NULL: none yet */
	const char *const     *links;
	size_t		       link_count;
	struct mtime	       from, at;
	struct mtime	       rows_at, rows_next;	/* flows quiet since then are written */
	struct totals	       base, told, now;	/* written; packed; of the report at hand */
	uint64_t	       drops;
	struct text	       bytes;
	bool		       is_whole;
};

struct history_sampler *history_sampler_new(const struct policy *policy, struct mtime from)
{
	struct history_sampler *s = memory_take(sizeof(*s));

	s->policy = policy;
	s->from = from;
	return s;
}

void history_sampler_free(struct history_sampler *s)
{
	if (!s)
		return;
	free(s->base.rules);
	free(s->told.rules);
	free(s->now.rules);
	text_release(&s->bytes);
	free(s);
}

void history_sampler_links(struct history_sampler *s, const char *const *names, size_t n)
{
	s->links = names;
	s->link_count = n;
}

void history_sampler_drops(struct history_sampler *s, uint64_t dropped)
{
	s->drops = dropped;
}

/* --- counters --- */

static void begin(struct history_sampler *s, const struct report *r)
{
	size_t n = r->boundary->rule_count;

	if (s->boundary)
		return;
	s->boundary = r->boundary;
	s->base.rules = memory_array(n, sizeof(s->base.rules[0]));
	s->told.rules = memory_array(n, sizeof(s->told.rules[0]));
	s->now.rules = memory_array(n, sizeof(s->now.rules[0]));
	if (s->from.ns == 0)
		s->from = r->first;
}

/* The policy, and every rule of the boundary: also those that are never hit. */
static void pack_policy(struct history_sampler *s)
{
	const struct boundary *b = s->boundary;

	pack_u8(&s->bytes, RECORD_POLICY);
	pack_be64(&s->bytes, (uint64_t)s->from.ns);
	pack_bytes(&s->bytes, span_of(b->name));
	pack_bytes(&s->bytes, span_of(policy_sha256(s->policy)));
	pack_bytes(&s->bytes, span_of(s->policy->name));
	pack_be16(&s->bytes, (uint16_t)b->rule_count);
	for (uint16_t i = 0; i < b->rule_count; i++) {
		pack_bytes(&s->bytes, span_of(report_rule_name(b, i)));
		pack_u8(&s->bytes, (uint8_t)b->rules[i]->action);
	}
}

static void pack_hits(struct history_sampler *s, const struct report *r)
{
	for (uint16_t i = 0; i < s->boundary->rule_count; i++) {
		const struct report_rule *now = &r->rules[i], *was = &s->told.rules[i];

		s->now.rules[i] = *now;
		if (now->hits == was->hits)
			continue;
		pack_u8(&s->bytes, RECORD_HIT);
		pack_be16(&s->bytes, i);
		pack_be64(&s->bytes, now->hits - was->hits);
		pack_be64(&s->bytes, now->packets - was->packets);
		pack_be64(&s->bytes, now->bytes - was->bytes);
		pack_be64(&s->bytes, (uint64_t)now->last.ns);
	}
}

static void pack_points(struct history_sampler *s, const struct report *r, struct mtime at)
{
	memcpy(s->now.points, r->points, sizeof(r->points));
	for (unsigned i = 0; i < POINT_COUNT * ACTION_COUNT; i++) {
		uint8_t point = (uint8_t)(i / ACTION_COUNT), action = (uint8_t)(i % ACTION_COUNT);
		uint64_t grew = r->points[point][action] - s->told.points[point][action];

		if (grew == 0)
			continue;
		pack_u8(&s->bytes, RECORD_POINT);
		pack_u8(&s->bytes, point);
		pack_u8(&s->bytes, action);
		pack_be64(&s->bytes, grew);
		pack_be64(&s->bytes, (uint64_t)at.ns);
	}
}

static void pack_note(struct history_sampler *s, unsigned index, uint64_t count, struct mtime at)
{
	uint64_t grew = count - s->told.notes[index];

	s->now.notes[index] = count;
	if (grew == 0)
		return;
	pack_u8(&s->bytes, RECORD_NOTE);
	pack_be16(&s->bytes, (uint16_t)index);
	pack_be64(&s->bytes, grew);
	pack_be64(&s->bytes, (uint64_t)at.ns);
}

/* Notes of a report stand in the order of their numbers. */
static void pack_notes(struct history_sampler *s, const struct report *r, struct mtime at)
{
	size_t n = 0;

	for (unsigned i = 0; i < FLAG_COUNT && n < r->note_count; i++)
		if (strcmp(flag_name(i), r->notes[n].name) == 0)
			pack_note(s, i, r->notes[n++].count, at);
	n = 0;
	for (unsigned i = 0; i < ANOMALY_COUNT && n < r->anomaly_count; i++)
		if (strcmp(anomaly_name(i), r->anomalies[n].name) == 0)
			pack_note(s, FLAG_COUNT + i, r->anomalies[n++].count, at);
}

static void pack_loss(struct history_sampler *s, struct mtime at)
{
	s->now.drops = s->drops;
	if (s->drops == s->told.drops)
		return;
	pack_u8(&s->bytes, RECORD_LOSS);
	pack_be64(&s->bytes, s->drops - s->told.drops);
	pack_be64(&s->bytes, (uint64_t)at.ns);
}

/* `to` becomes a copy of `from`, rules and all. */
static void copy_totals(struct totals *to, const struct totals *from, size_t rules)
{
	struct report_rule *list = to->rules;

	*to = *from;
	to->rules = list;
	memcpy(list, from->rules, rules * sizeof(list[0]));
}

void history_sampler_count(struct history_sampler *s, const struct report *report, struct mtime at)
{
	begin(s, report);
	if (s->bytes.n == 0)
		pack_policy(s);
	pack_hits(s, report);
	pack_points(s, report, at);
	pack_notes(s, report, at);
	pack_loss(s, at);
	copy_totals(&s->told, &s->now, s->boundary->rule_count);
	s->at = at;
}

/* --- rows --- */

static void pack_flow(struct history_sampler *s, const struct report_flow *f)
{
	struct text *t = &s->bytes;

	pack_u8(t, RECORD_FLOW);
	pack_addr(t, f->key.kind == FLOW_SOURCE_ANY ? ADDR_ANY : f->key.source);
	pack_addr(t, f->key.group);
	pack_u8(t, f->key.group_len);
	pack_u8(t, f->key.point);
	pack_u8(t, f->verdict.action);
	pack_be16(t, f->verdict.rule);
	pack_be64(t, f->packets);
	pack_be64(t, f->bytes);
	pack_be64(t, (uint64_t)f->first.ns);
	pack_be64(t, (uint64_t)f->last.ns);
}

/* A policer keeps no times: those of the run are the best there are. */
static void pack_finding(struct history_sampler *s, const struct report_finding *f, struct mtime at)
{
	bool is_timed = f->last.ns != 0;
	struct text *t = &s->bytes;

	pack_u8(t, RECORD_FINDING);
	pack_u8(t, f->kind);
	pack_addr(t, f->source_kind == FLOW_SOURCE_ANY ? ADDR_ANY : f->source);
	pack_addr(t, f->group);
	pack_u8(t, f->group_len);
	pack_u8(t, f->point);
	pack_be16(t, f->rule);
	pack_be64(t, f->count);
	pack_be64(t, (uint64_t)(is_timed ? f->first.ns : s->from.ns));
	pack_be64(t, (uint64_t)(is_timed ? f->last.ns : at.ns));
}

static void pack_headers(struct text *t, const struct ras_host *h)
{
	pack_bytes(t, (struct span){ h->mac, h->has_mac ? sizeof(h->mac) : 0 });
	pack_u8(t, h->has_ttl);
	pack_u8(t, h->ttl);
	pack_u8(t, h->hops);
	pack_be64(t, h->notes);
	pack_u8(t, (uint8_t)((h->came_in ? MARK_CAME_IN : 0) | (h->went_out ? MARK_WENT_OUT : 0) |
			     (h->moved ? MARK_MOVED : 0) |
			     (h->duplicate_name ? MARK_DUPLICATE_NAME : 0)));
}

static void pack_server(struct history_sampler *s, const struct ras_host *h, struct mtime at)
{
	bool has_link = h->vlan == VLAN_NONE && h->link < s->link_count;
	struct text *t = &s->bytes;

	pack_u8(t, RECORD_SERVER);
	pack_addr(t, h->address);
	pack_be16(t, h->vlan);
	pack_bytes(t, span_of(has_link ? s->links[h->link] : ""));
	pack_bytes(t, (struct span){ h->hostname.bytes, h->hostname.n });
	pack_bytes(t, (struct span){ h->domain.bytes, h->domain.n });
	pack_be64(t, (uint64_t)h->first.ns);
	pack_be64(t, (uint64_t)h->last.ns);
	pack_be64(t, (uint64_t)at.ns);
	pack_be64(t, h->count);
	pack_be64(t, h->returns);
	pack_be64(t, h->tcp_segments);
	pack_be64(t, (uint64_t)h->period_ns);
	pack_u8(t, (uint8_t)h->state);
	pack_u8(t, (uint8_t)h->authorised);
	pack_headers(t, h);
}

void history_sampler_rows(struct history_sampler *s, const struct report *report, struct mtime at)
{
	for (size_t i = 0; i < report->flow_count; i++) {
		const struct report_flow flow = report_flow_at(report, i);

		if (flow.last.ns >= s->rows_at.ns)
			pack_flow(s, &flow);
	}
	for (size_t i = 0; i < report_finding_count(report); i++) {
		const struct report_finding finding = report_finding_at(report, i);

		if (finding.last.ns == 0 || finding.last.ns >= s->rows_at.ns)
			pack_finding(s, &finding, at);
	}
	for (size_t i = 0; i < report->ras_count; i++)
		pack_server(s, report->ras[i], at);
	s->rows_next.ns = report->last.ns - LATE_NS;
}

/* --- the whole --- */

struct span history_sampler_bytes(struct history_sampler *s)
{
	if (s->bytes.n > 0 && !s->is_whole) {
		pack_u8(&s->bytes, RECORD_END);
		pack_be64(&s->bytes, (uint64_t)s->at.ns);
		s->is_whole = true;
	}
	return (struct span){ (const uint8_t *)s->bytes.p, s->bytes.n };
}

void history_sampler_empty(struct history_sampler *s, bool was_written)
{
	if (s->boundary && was_written)
		copy_totals(&s->base, &s->told, s->boundary->rule_count);
	else if (s->boundary)
		copy_totals(&s->told, &s->base, s->boundary->rule_count);
	if (was_written)
		s->rows_at = s->rows_next;
	else
		s->rows_next = s->rows_at;
	s->is_whole = false;
	if (s->bytes.cap > KEPT_BYTES)
		text_release(&s->bytes);
	else
		text_reset(&s->bytes);
}
