/* SPDX-License-Identifier: BSD-2-Clause */
/* Where SQLite's functions are. */
#include "sink/sqlite.h"

#include "base/bytes.h"
#include "os/library.h"

struct sqlite sqlite;

int sqlite_load(void)
{
	static const char *const names[] = { "libsqlite3.so.0", NULL };
	static const struct library_symbol symbols[] = {
#define CALL(name) { "sqlite3_" #name, &sqlite.name },
		SQLITE_CALLS(CALL)
#undef CALL
	};

	return sqlite.step ? 0 : library_load(names, symbols, COUNT(symbols));
}
