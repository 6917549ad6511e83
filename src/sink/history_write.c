/* SPDX-License-Identifier: BSD-2-Clause */
/* One sample into the history, in one transaction: all of it is there afterwards, or nothing.
 * Runs in the writer's thread; knows no engine. */
#include <stdlib.h>

#include "base/memory.h"
#include "sink/history_state.h"

static int64_t find_id(struct history *h, enum history_sql sql, const char *boundary,
		       const char *key)
{
	sqlite3_stmt *st = history_statement(h, sql);
	int64_t id = 0;

	history_bind(st, "tt", boundary, key);
	if (history_step(h, st)) {
		id = sqlite3_column_int64(st, 0);
		sqlite3_reset(st);
	}
	return id;
}

static void begin_run(struct history *h, const struct history_batch *b)
{
	sqlite3_stmt *st = history_statement(h, SQL_RUN);

	history_bind(st, "tn", h->options.mode == HISTORY_LIVE ? "live" : "audit", b->from.ns);
	history_run(h, st);
	h->run = sqlite3_last_insert_rowid(h->db);
	for (size_t i = 0; i < h->input_count; i++) {
		st = history_statement(h, SQL_INPUT);
		history_bind(st, "tttn", b->boundary->name, h->inputs[i].identity, h->inputs[i].name,
			     h->run);
		history_run(h, st);
	}
}

/* The policy of this run, and every rule of its boundary: also those that are never hit. */
static void begin_rules(struct history *h, const struct history_batch *b)
{
	const char *boundary = b->boundary->name;
	sqlite3_stmt *st = history_statement(h, SQL_GENERATION);

	history_bind(st, "tttn", boundary, h->policy->sha256, h->policy->name, b->from.ns);
	history_run(h, st);
	h->generation = find_id(h, SQL_GENERATION_FIND, boundary, h->policy->sha256);
	h->rule_ids = memory_array(b->boundary->rule_count, sizeof(h->rule_ids[0]));
	for (uint16_t i = 0; i < b->boundary->rule_count; i++) {
		const char *name = report_rule_name(b->boundary, i);

		st = history_statement(h, SQL_RULE);
		history_bind(st, "tttnn", boundary, name, action_name(b->boundary->rules[i]->action),
			     b->from.ns, b->at.ns);
		history_run(h, st);
		h->rule_ids[i] = find_id(h, SQL_RULE_FIND, boundary, name);
		st = history_statement(h, SQL_RULE_GENERATION);
		history_bind(st, "nn", h->rule_ids[i], h->generation);
		history_run(h, st);
	}
}

static void write_hits(struct history *h, const struct history_batch *b)
{
	sqlite3_stmt *total = history_statement(h, SQL_RULE_HIT),
		     *bucket = history_statement(h, SQL_HIT);

	for (size_t i = 0; i < b->hit_count; i++) {
		const struct history_hit *hit = &b->hits[i];
		int64_t id = h->rule_ids[hit->rule];

		history_bind(total, "nuuun", id, hit->hits, hit->packets, hit->bytes, hit->last_ns);
		history_run(h, total);
		history_bind(bucket, "nnuuu", id, hit->bucket, hit->hits, hit->packets, hit->bytes);
		history_run(h, bucket);
	}
}

static void write_counts(struct history *h, const struct history_batch *b)
{
	sqlite3_stmt *st = history_statement(h, SQL_POINT);

	for (size_t i = 0; i < b->point_count; i++) {
		const struct history_point *p = &b->points[i];

		history_bind(st, "tttnu", b->boundary->name, point_name(p->point),
			     action_name(p->action), p->bucket, p->n);
		history_run(h, st);
	}
	st = history_statement(h, SQL_NOTE);
	for (size_t i = 0; i < b->note_count; i++) {
		const struct history_note *n = &b->notes[i];

		history_bind(st, "tnnu", n->name, (int64_t)n->is_anomaly, n->bucket, n->n);
		history_run(h, st);
	}
	if (b->drops == 0)
		return;
	st = history_statement(h, SQL_LOSS);
	history_bind(st, "nu", b->at.ns / NS_PER_S / HISTORY_BUCKET_S * HISTORY_BUCKET_S, b->drops);
	history_run(h, st);
}

static void write_rows(struct history *h, const struct history_batch *b)
{
	sqlite3_stmt *st;

	if (h->run == 0)
		begin_run(h, b);
	if (!h->rule_ids)
		begin_rules(h, b);
	write_hits(h, b);
	write_counts(h, b);
	history_write_rows(h, b);
	st = history_statement(h, SQL_RULE_UNTIL);
	history_bind(st, "nn", b->at.ns, h->generation);
	history_run(h, st);
	st = history_statement(h, SQL_RUN_END);
	history_bind(st, "nn", h->run, b->at.ns);
	history_run(h, st);
}

/* What was learned in a transaction that came to nothing. */
static void unlearn(struct history *h, int64_t run, const int64_t *rule_ids)
{
	h->run = run;
	if (rule_ids)
		return;
	free(h->rule_ids);
	h->rule_ids = NULL;
}

bool history_write(struct history *h, const struct history_batch *batch)
{
	const int64_t run = h->run, *rule_ids = h->rule_ids;

	h->error = SQLITE_OK;
	history_run(h, history_statement(h, SQL_BEGIN));
	if (h->error != SQLITE_OK)
		return false;
	write_rows(h, batch);
	history_run(h, history_statement(h, SQL_COMMIT));
	if (h->error == SQLITE_OK) {
		history_tidy(h, batch->at);
		return true;
	}
	unlearn(h, run, rule_ids);
	if (!sqlite3_get_autocommit(h->db))
		sqlite3_exec(h->db, "ROLLBACK", NULL, NULL, NULL);
	return false;
}
