/* SPDX-License-Identifier: BSD-2-Clause */
/* SQLite, loaded when the first history is opened: sqlite.step() is sqlite3_step().  Only
 * sink/history*.c call it. */
#ifndef WEIR_SINK_SQLITE_H
#define WEIR_SINK_SQLITE_H

#include <sqlite3.h>

#define SQLITE_CALLS(CALL) \
	CALL(bind_blob) CALL(bind_int64) CALL(bind_null) CALL(bind_text) CALL(busy_timeout) \
	CALL(close) CALL(column_blob) CALL(column_bytes) CALL(column_int) \
	CALL(column_int64) CALL(column_text) CALL(column_type) CALL(errcode) CALL(errmsg) \
	CALL(errstr) CALL(exec) CALL(extended_result_codes) CALL(finalize) \
	CALL(last_insert_rowid) CALL(open_v2) CALL(prepare_v2) \
	CALL(prepare_v3) CALL(reset) CALL(step)

struct sqlite {
#define CALL(name) __typeof__(sqlite3_##name) *name;
	SQLITE_CALLS(CALL)
#undef CALL
};

extern struct sqlite sqlite;

/* 0, or -ELIBACC; asked again it does nothing. */
int sqlite_load(void);

#endif
