/* SPDX-License-Identifier: BSD-2-Clause */
/* What a history holds, and the database behind it.  Only sink/history*.c include this. */
#ifndef WEIR_SINK_HISTORY_STATE_H
#define WEIR_SINK_HISTORY_STATE_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>

#include "sink/history.h"

/* Statements that are used again: prepared once. */
enum history_sql {
#define HISTORY_SQL(symbol, text) SQL_##symbol,
#include "sink/history_sql.def"
#undef HISTORY_SQL
	SQL_COUNT,
};

struct history_input_row {
	char *identity, *name;
};

/* Growth in one bucket. */
struct history_hit {
	uint64_t hits, packets, bytes;
	int64_t	 last_ns, bucket;
	uint16_t rule;
};

struct history_point {
	uint64_t n;
	int64_t	 bucket;
	uint8_t	 point, action;
};

struct history_note {
	const char *name;
	uint64_t    n;
	int64_t	    bucket;
	bool	    is_anomaly;
};

/* The engine's totals, to take differences from. */
#define HISTORY_NOTES (FLAG_COUNT + ANOMALY_COUNT)
struct history_totals {
	struct report_rule *rules;
	uint64_t	    points[POINT_COUNT][ACTION_COUNT];
	uint64_t	    notes[HISTORY_NOTES], drops;
};

/* What one transaction writes. */
struct history_batch {
	const struct boundary *boundary;
	struct mtime	       from, at;
	struct history_hit    *hits;
	struct history_point  *points;
	struct history_note   *notes;
	struct report_flow    *flows;
	struct ras_host	      *hosts;
	struct report_finding *findings;
	size_t		       hit_count, point_count, note_count, flow_count, host_count,
			       finding_count;
	size_t		       hit_cap, point_cap, note_cap;
	uint64_t	       drops;
	bool		       is_empty;
};

struct history {
	sqlite3		      *db;
	sqlite3_stmt	      *statements[SQL_COUNT];
	struct history_options options;
	const struct policy   *policy;
	const struct boundary *boundary;	/* of the samples so far */
	struct mtime	       begun;		/* LIVE: when it was opened; else of the first sample */
	struct mtime	       flows_at;	/* flows quiet since then are written already */
	struct history_totals  base, next;
	struct history_batch   batch;
	struct history_input_row *inputs;
	size_t		       input_count;
	uint64_t	       drops;

	/* the writer's */
	int		       error;		/* of SQLite, the first since it was cleared */
	char		       why[HISTORY_PROBLEM];
	int64_t		       run, generation;
	int64_t		      *rule_ids;	/* by index in the boundary; NULL: not known */
	int64_t		       tidied_s;

	/* LIVE */
	pthread_t	       thread;
	pthread_mutex_t	       lock;
	pthread_cond_t	       wake;
	bool		       has_thread, is_writing, is_done, must_end, was_written;
	bool		       was_told;	/* the trouble of `why` */
	char		       told[HISTORY_PROBLEM];
};

/* history_schema.c: makes or migrates the tables; 0 or negative errno with `problem`. */
int history_schema(sqlite3 *db, bool may_write, char *problem);

/* history_base.c: statements with a sticky error, as readers have one. */
sqlite3_stmt *history_statement(struct history *h, enum history_sql sql);
void history_bind(sqlite3_stmt *st, const char *kinds, ...);
/* One row: true; the end or an error: false, and it is reset. */
bool history_step(struct history *h, sqlite3_stmt *st);
void history_run(struct history *h, sqlite3_stmt *st);
int history_errno(int sqlite_error);

/* history_write.c: one transaction; true where it was committed. */
bool history_write(struct history *h, const struct history_batch *batch);
/* history_rows.c: flows, findings and servers, inside of it. */
void history_write_rows(struct history *h, const struct history_batch *batch);
/* history_tidy.c: what is too old, or too much. */
void history_tidy(struct history *h, struct mtime at);

#endif
