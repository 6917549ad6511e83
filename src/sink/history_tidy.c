/* SPDX-License-Identifier: BSD-2-Clause */
/* Retention: detail that is too old goes, and the oldest detail where the file grows too large.
 * The totals of rules stay for ever. */
#include "os/clock.h"
#include "sink/history_state.h"

#define TIDY_EVERY_S 3600
#define KEEP_S (UINT64_C(400) * 86400)
#define FLOWS_MAX UINT64_C(500000)
#define BYTES_MAX (UINT64_C(1) << 30)

static void forget_before(struct history *h, int64_t before_s)
{
	static const enum history_sql buckets[] = { SQL_HIT_OLD, SQL_POINT_OLD, SQL_NOTE_OLD,
						    SQL_LOSS_OLD, SQL_PEER_OLD };

	static const enum history_sql times[] = { SQL_FLOW_FOLD, SQL_FLOW_OLD, SQL_FINDING_OLD,
						  SQL_SERVER_EVENT_OLD };

	history_run(h, history_statement(h, SQL_BEGIN));
	for (size_t i = 0; i < COUNT(times); i++) {
		sqlite3_stmt *st = history_statement(h, times[i]);

		history_bind(st, "n", before_s * NS_PER_S);
		history_run(h, st);
	}
	for (size_t i = 0; i < COUNT(buckets); i++) {
		sqlite3_stmt *st = history_statement(h, buckets[i]);

		history_bind(st, "n", before_s);
		history_run(h, st);
	}
	history_run(h, history_statement(h, SQL_COMMIT));
}

static int64_t ask(struct history *h, enum history_sql sql)
{
	sqlite3_stmt *st = history_statement(h, sql);
	int64_t value = 0;

	if (history_step(h, st)) {
		value = sqlite.column_int64(st, 0);
		sqlite.reset(st);
	}
	return value;
}

/* Flows over the bound: the oldest are folded into sums, with a tenth more, not to be here again
 * soon. */
static void fold_flows(struct history *h)
{
	uint64_t most = h->options.flows_max ? h->options.flows_max : FLOWS_MAX;
	sqlite3_stmt *st = history_statement(h, SQL_FLOW_EDGE);
	int64_t edge;

	history_bind(st, "u", most);
	if (!history_step(h, st))
		return;
	sqlite.reset(st);
	history_bind(st, "u", most - most / 10);
	if (!history_step(h, st))
		return;
	edge = sqlite.column_int64(st, 0);
	sqlite.reset(st);
	history_run(h, history_statement(h, SQL_BEGIN));
	st = history_statement(h, SQL_FLOW_FOLD);
	history_bind(st, "n", edge);
	history_run(h, st);
	st = history_statement(h, SQL_FLOW_OLD);
	history_bind(st, "n", edge);
	history_run(h, st);
	history_run(h, history_statement(h, SQL_COMMIT));
}

/* The bytes that hold something. */
static uint64_t used_bytes(struct history *h)
{
	return (uint64_t)((ask(h, SQL_PAGES) - ask(h, SQL_FREE_PAGES)) * ask(h, SQL_PAGE_SIZE));
}

/* A tenth of the time that is kept in detail goes, until it is small enough. */
static void shrink(struct history *h, int64_t now_s)
{
	uint64_t most = h->options.bytes_max ? h->options.bytes_max : BYTES_MAX;

	for (unsigned i = 0; i < 64 && h->error == SQLITE_OK && used_bytes(h) > most; i++) {
		int64_t oldest = ask(h, SQL_HIT_OLDEST);

		if (oldest == 0 || oldest > now_s)
			break;
		forget_before(h, oldest + (now_s - oldest) / 10 + HISTORY_BUCKET_S);
	}
	history_run(h, history_statement(h, SQL_GIVE_BACK));
}

/* A time to come does not make what is kept any older. */
static int64_t earlier(struct mtime at)
{
	struct mtime now = clock_now();

	return (at.ns < now.ns ? at.ns : now.ns) / NS_PER_S;
}

void history_tidy(struct history *h, struct mtime at)
{
	uint64_t keep = h->options.keep_s ? h->options.keep_s : KEEP_S;
	int64_t now_s = earlier(at);

	if (h->tidied_s != 0 && now_s < h->tidied_s + TIDY_EVERY_S)
		return;
	h->tidied_s = now_s;
	forget_before(h, now_s - (int64_t)keep);
	fold_flows(h);
	shrink(h, now_s);
	history_roll_back(h);
}
