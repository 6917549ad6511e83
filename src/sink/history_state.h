/* SPDX-License-Identifier: BSD-2-Clause */
/* What a history holds, and the database behind it.  Only sink/history*.c include this. */
#ifndef WEIR_SINK_HISTORY_STATE_H
#define WEIR_SINK_HISTORY_STATE_H

#include <stdio.h>

#include "sink/history.h"
#include "sink/sqlite.h"

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

/* A rule of the policy that a sample names. */
struct history_rule_row {
	struct span name;
	uint8_t	    action;
	int64_t	    id;
};

/* What the records that follow are about: the POLICY record of the sample before, kept as it came,
 * and what it says.  Spans are into the record. */
struct history_policy {
	uint8_t			*record;
	size_t			 n;
	struct mtime		 from;
	struct span		 boundary, sha256, name;
	struct history_rule_row *rules;
	uint16_t		 rule_count;
	int64_t			 generation;	/* 0: not written yet */
};

struct history {
	sqlite3			*db;
	sqlite3_stmt		*statements[SQL_COUNT];
	struct history_options	 options;
	struct history_sampler	*sampler;	/* of WHOLE */
	struct history_input_row *inputs;
	size_t			 input_count;
	int			 error;		/* of SQLite, the first since it was cleared */
	char			 why[HISTORY_PROBLEM];
	int64_t			 run;		/* 0: not written yet */
	struct history_policy	 policy;
	struct mtime		 at;		/* of the sample at hand, from its end */
	bool			 is_ended;
	int64_t			 tidied_s;
};

/* history_schema.c: makes or migrates the tables; 0 or negative errno with `problem`. */
int history_schema(sqlite3 *db, bool may_write, char *problem);

/* history_base.c: statements with a sticky error, as readers have one. */
sqlite3_stmt *history_statement(struct history *h, enum history_sql sql);
void history_bind(sqlite3_stmt *st, const char *kinds, ...);
/* One row: true; the end or an error: false, and it is reset. */
bool history_step(struct history *h, sqlite3_stmt *st);
void history_run(struct history *h, sqlite3_stmt *st);
/* Of the row at hand: "" and 0 where there is nothing, or less. */
const char *history_text(sqlite3_stmt *st, int column);
uint64_t history_number(sqlite3_stmt *st, int column);
/* What was begun and not committed; where there is nothing of the kind, SQLite refuses and all is well. */
void history_roll_back(struct history *h);
int history_errno(int sqlite_error);
/* The trouble before is over: whatever comes next is tried. */
void history_clear(struct history *h);
/* What was to be written makes no sense. */
void history_refuse(struct history *h);

/* history_write.c: the name of a rule by its number, or "-". */
struct span history_rule_text(struct history *h, uint16_t rule);
void history_forget_policy(struct history *h);
/* history_rows.c: one record each, inside of the transaction. */
void history_write_flow(struct history *h, struct rd *r);
void history_write_finding(struct history *h, struct rd *r);
void history_write_server(struct history *h, struct rd *r);
/* history_tidy.c: what is too old, or too much. */
void history_tidy(struct history *h, struct mtime at);

#endif
