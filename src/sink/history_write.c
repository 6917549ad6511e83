/* SPDX-License-Identifier: BSD-2-Clause */
/* One sample into the history, in one transaction: all of it is there afterwards, or nothing.  What
 * it is told may come from a process that reads strangers' packets: a sample that makes no sense is
 * refused whole.  Knows no engine. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "sink/history_pack.h"
#include "sink/history_state.h"

static int64_t bucket_of(int64_t ns)
{
	int64_t s = ns / NS_PER_S;

	return s - s % HISTORY_BUCKET_S;
}

static int64_t find_id(struct history *h, enum history_sql sql, struct span boundary,
		       struct span key)
{
	sqlite3_stmt *st = history_statement(h, sql);
	int64_t id = 0;

	history_bind(st, "ss", boundary, key);
	if (history_step(h, st)) {
		id = sqlite.column_int64(st, 0);
		sqlite.reset(st);
	}
	return id;
}

static void begin_run(struct history *h)
{
	sqlite3_stmt *st = history_statement(h, SQL_RUN);

	history_bind(st, "tn", h->options.mode == HISTORY_LIVE ? "live" : "audit", h->policy.from.ns);
	history_run(h, st);
	h->run = sqlite.last_insert_rowid(h->db);
	for (size_t i = 0; i < h->input_count; i++) {
		st = history_statement(h, SQL_INPUT);
		history_bind(st, "sttn", h->policy.boundary, h->inputs[i].identity, h->inputs[i].name,
			     h->run);
		history_run(h, st);
	}
}

/* The policy, and every rule of its boundary: also those that are never hit. */
static void begin_rules(struct history *h)
{
	struct history_policy *p = &h->policy;
	sqlite3_stmt *st = history_statement(h, SQL_GENERATION);

	history_bind(st, "sssn", p->boundary, p->sha256, p->name, p->from.ns);
	history_run(h, st);
	p->generation = find_id(h, SQL_GENERATION_FIND, p->boundary, p->sha256);
	for (uint16_t i = 0; i < p->rule_count; i++) {
		st = history_statement(h, SQL_RULE);
		history_bind(st, "sstnn", p->boundary, p->rules[i].name, action_name(p->rules[i].action),
			     p->from.ns, p->from.ns);
		history_run(h, st);
		p->rules[i].id = find_id(h, SQL_RULE_FIND, p->boundary, p->rules[i].name);
		st = history_statement(h, SQL_RULE_GENERATION);
		history_bind(st, "nn", p->rules[i].id, p->generation);
		history_run(h, st);
	}
}

/* --- records --- */

void history_forget_policy(struct history *h)
{
	free(h->policy.record);
	free(h->policy.rules);
	h->policy = (struct history_policy){ 0 };
}

/* Reads the kept record; false where it makes no sense. */
static bool read_policy(struct history_policy *p)
{
	struct rd r = rd_of((struct span){ p->record, p->n });

	p->from.ns = unpack_time(&r);
	p->boundary = unpack_bytes(&r);
	p->sha256 = unpack_bytes(&r);
	p->name = unpack_bytes(&r);
	p->rule_count = rd_be16(&r);
	p->rules = memory_array(p->rule_count + 1u, sizeof(p->rules[0]));
	for (uint16_t i = 0; i < p->rule_count && rd_ok(&r); i++) {
		p->rules[i].name = unpack_bytes(&r);
		p->rules[i].action = rd_u8(&r);
		if (p->rules[i].action >= ACTION_COUNT)
			return false;
	}
	return rd_ok(&r);
}

/* How long the record is, without its kind. */
static size_t measure_policy(struct rd r)
{
	const uint8_t *start = r.p;

	rd_skip(&r, 8);
	for (unsigned i = 0; i < 3; i++)
		unpack_bytes(&r);
	for (unsigned left = rd_be16(&r); left > 0 && rd_ok(&r); left--) {
		unpack_bytes(&r);
		rd_skip(&r, 1);
	}
	return rd_ok(&r) ? (size_t)(r.p - start) : 0;
}

static void write_policy(struct history *h, struct rd *r)
{
	struct span record = rd_take(r, measure_policy(*r));
	struct history_policy *p = &h->policy;

	if (record.n == 0) {
		history_refuse(h);
		return;
	}
	if (!span_equal(record, (struct span){ p->record, p->n })) {
		history_forget_policy(h);
		p->record = memory_array(record.n, 1);
		p->n = record.n;
		memcpy(p->record, record.p, record.n);
		if (!read_policy(p)) {
			history_forget_policy(h);
			history_refuse(h);
			return;
		}
	}
	if (h->run == 0)
		begin_run(h);
	if (p->generation == 0)
		begin_rules(h);
}

static void write_hit(struct history *h, struct rd *r)
{
	uint16_t rule = rd_be16(r);
	uint64_t hits = rd_be64(r), packets = rd_be64(r), bytes = rd_be64(r);
	int64_t last_ns = unpack_time(r), id;
	sqlite3_stmt *st;

	if (rule >= h->policy.rule_count) {
		history_refuse(h);
		return;
	}
	id = h->policy.rules[rule].id;
	st = history_statement(h, SQL_RULE_HIT);
	history_bind(st, "nuuun", id, hits, packets, bytes, last_ns);
	history_run(h, st);
	st = history_statement(h, SQL_HIT);
	history_bind(st, "nnuuu", id, bucket_of(last_ns), hits, packets, bytes);
	history_run(h, st);
}

static void write_point(struct history *h, struct rd *r)
{
	uint8_t point = rd_u8(r), action = rd_u8(r);
	uint64_t n = rd_be64(r);
	int64_t bucket = bucket_of(unpack_time(r));
	sqlite3_stmt *st = history_statement(h, SQL_POINT);

	if (point >= POINT_COUNT || action >= ACTION_COUNT) {
		history_refuse(h);
		return;
	}
	history_bind(st, "sttnu", h->policy.boundary, point_name(point), action_name(action), bucket, n);
	history_run(h, st);
}

static void write_note(struct history *h, struct rd *r)
{
	uint16_t index = rd_be16(r);
	uint64_t n = rd_be64(r);
	int64_t bucket = bucket_of(unpack_time(r));
	sqlite3_stmt *st = history_statement(h, SQL_NOTE);
	bool is_anomaly = index >= FLAG_COUNT;

	if (index >= FLAG_COUNT + ANOMALY_COUNT) {
		history_refuse(h);
		return;
	}
	history_bind(st, "tnnu", is_anomaly ? anomaly_name(index - FLAG_COUNT) : flag_name(index),
		     (int64_t)is_anomaly, bucket, n);
	history_run(h, st);
}

static void write_loss(struct history *h, struct rd *r)
{
	uint64_t n = rd_be64(r);
	sqlite3_stmt *st = history_statement(h, SQL_LOSS);

	history_bind(st, "nu", bucket_of(unpack_time(r)), n);
	history_run(h, st);
}

static void write_end(struct history *h, struct rd *r)
{
	sqlite3_stmt *st = history_statement(h, SQL_RULE_UNTIL);

	h->at.ns = unpack_time(r);
	h->is_ended = true;
	if (h->at.ns < 0)
		history_refuse(h);	/* before 1970: nothing of now */
	history_bind(st, "nn", h->at.ns, h->policy.generation);
	history_run(h, st);
	st = history_statement(h, SQL_RUN_END);
	history_bind(st, "nn", h->run, h->at.ns);
	history_run(h, st);
}

struct span history_rule_text(struct history *h, uint16_t rule)
{
	if (rule == RULE_NONE)
		return span_of("-");
	if (rule < h->policy.rule_count)
		return h->policy.rules[rule].name;
	history_refuse(h);
	return span_of("-");
}

static void (*const writers[RECORD_COUNT])(struct history *h, struct rd *r) = {
	[RECORD_POLICY] = write_policy,	  [RECORD_HIT] = write_hit,
	[RECORD_POINT] = write_point,	  [RECORD_NOTE] = write_note,
	[RECORD_LOSS] = write_loss,	  [RECORD_FLOW] = history_write_flow,
	[RECORD_FINDING] = history_write_finding, [RECORD_SERVER] = history_write_server,
	[RECORD_END] = write_end,
};

/* The policy comes first, and the end last. */
static void write_records(struct history *h, struct rd *r)
{
	bool is_first = true;

	h->is_ended = false;
	while (!h->is_ended && h->error == SQLITE_OK) {
		uint8_t kind = rd_u8(r);

		if (kind >= RECORD_COUNT || !writers[kind] || is_first != (kind == RECORD_POLICY))
			history_refuse(h);
		else
			writers[kind](h, r);
		if (!rd_ok(r))
			history_refuse(h);
		is_first = false;
	}
	if (rd_left(r) > 0)
		history_refuse(h);
}

bool history_take(struct history *h, struct span sample)
{
	struct rd r = rd_of(sample);
	int64_t run = h->run;

	history_clear(h);
	history_run(h, history_statement(h, SQL_BEGIN));
	if (h->error != SQLITE_OK)
		return false;
	write_records(h, &r);
	history_run(h, history_statement(h, SQL_COMMIT));
	if (h->error == SQLITE_OK) {
		history_tidy(h, h->at);
		return true;
	}
	h->run = run;		/* what was learned in a transaction that came to nothing */
	history_forget_policy(h);
	history_roll_back(h);
	return false;
}
