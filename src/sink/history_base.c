/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements of the history's database, with an error that sticks: the first one counts, and what
 * follows it does nothing.  Knows no table. */
#include <errno.h>
#include <stdarg.h>

#include "sink/history_state.h"

static const char *const sql_texts[] = {
#define HISTORY_SQL(symbol, text) [SQL_##symbol] = text,
#include "sink/history_sql.def"
#undef HISTORY_SQL
};

int history_errno(int sqlite_error)
{
	switch (sqlite_error & 0xff) {
	case SQLITE_OK:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_CANTOPEN:
		return -ENOENT;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return -EBADMSG;
	default:
		return -EIO;
	}
}

static void fail(struct history *h, int error)
{
	if (h->error != SQLITE_OK)
		return;
	h->error = error;
	snprintf(h->why, sizeof(h->why), "%s", sqlite.errmsg(h->db));
}

void history_roll_back(struct history *h)
{
	sqlite.exec(h->db, "ROLLBACK", NULL, NULL, NULL);
}

void history_clear(struct history *h)
{
	h->error = SQLITE_OK;
	h->why[0] = '\0';
}

void history_refuse(struct history *h)
{
	if (h->error != SQLITE_OK)
		return;
	h->error = SQLITE_MISMATCH;
	snprintf(h->why, sizeof(h->why), "a sample makes no sense");
}

sqlite3_stmt *history_statement(struct history *h, enum history_sql sql)
{
	int error;

	if (h->statements[sql])
		return h->statements[sql];
	error = sqlite.prepare_v3(h->db, sql_texts[sql], -1, SQLITE_PREPARE_PERSISTENT,
				   &h->statements[sql], NULL);
	if (error != SQLITE_OK)
		fail(h, error);
	return h->statements[sql];
}

static void bind_text(sqlite3_stmt *st, int i, const char *text)
{
	if (text)
		sqlite.bind_text(st, i, text, -1, SQLITE_TRANSIENT);
	else
		sqlite.bind_null(st, i);
}

static void bind_span(sqlite3_stmt *st, int i, char kind, struct span s)
{
	const char *bytes = s.n ? (const char *)s.p : "";

	if (kind == 's')
		sqlite.bind_text(st, i, bytes, (int)s.n, SQLITE_TRANSIENT);
	else
		sqlite.bind_blob(st, i, bytes, (int)s.n, SQLITE_TRANSIENT);
}

/* One letter for each value: `t` const char * or NULL, `s` struct span of text, `n` int64_t,
 * `u` uint64_t, `b` struct span of bytes. */
void history_bind(sqlite3_stmt *st, const char *kinds, ...)
{
	va_list args;

	if (!st)
		return;
	va_start(args, kinds);
	for (int i = 1; kinds[i - 1]; i++) {
		if (kinds[i - 1] == 't') {
			bind_text(st, i, va_arg(args, const char *));
		} else if (kinds[i - 1] == 'n') {
			sqlite.bind_int64(st, i, va_arg(args, int64_t));
		} else if (kinds[i - 1] == 'u') {
			uint64_t value = va_arg(args, uint64_t);

			sqlite.bind_int64(st, i, value > INT64_MAX ? INT64_MAX : (int64_t)value);
		} else {
			bind_span(st, i, kinds[i - 1], va_arg(args, struct span));
		}
	}
	va_end(args);
}

bool history_step(struct history *h, sqlite3_stmt *st)
{
	int error;

	if (!st || h->error != SQLITE_OK)
		return false;
	error = sqlite.step(st);
	if (error == SQLITE_ROW)
		return true;
	if (error != SQLITE_DONE)
		fail(h, error);
	sqlite.reset(st);
	return false;
}

const char *history_text(sqlite3_stmt *st, int column)
{
	const char *text = (const char *)sqlite.column_text(st, column);

	return text ? text : "";
}

uint64_t history_number(sqlite3_stmt *st, int column)
{
	int64_t value = sqlite.column_int64(st, column);

	return value > 0 ? (uint64_t)value : 0;
}

void history_run(struct history *h, sqlite3_stmt *st)
{
	while (history_step(h, st))
		continue;
}
