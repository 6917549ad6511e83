/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of the history, version by version.  A step is never edited once it is out: whoever
 * changes the tables adds one.  PRAGMA user_version counts the steps that a file has seen.
 * Times are nanoseconds since 1970, buckets are seconds since 1970. */
#include <errno.h>
#include <stdio.h>

#include "sink/history_state.h"

#define APPLICATION_ID 0x77656972	/* "weir" */

static const char *const steps[] = {
	/* 1: rules and points */
	"CREATE TABLE run(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, began INTEGER NOT NULL,"
	" ended INTEGER);"
	"CREATE TABLE input(boundary TEXT NOT NULL, identity TEXT NOT NULL, name TEXT NOT NULL,"
	" run INTEGER NOT NULL, PRIMARY KEY(boundary, identity)) WITHOUT ROWID;"
	"CREATE TABLE generation(id INTEGER PRIMARY KEY, boundary TEXT NOT NULL,"
	" sha256 TEXT NOT NULL, policy TEXT NOT NULL, since INTEGER NOT NULL,"
	" UNIQUE(boundary, sha256));"
	"CREATE TABLE rule(id INTEGER PRIMARY KEY, boundary TEXT NOT NULL, name TEXT NOT NULL,"
	" action TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL, last INTEGER,"
	" hits INTEGER NOT NULL DEFAULT 0, packets INTEGER NOT NULL DEFAULT 0,"
	" bytes INTEGER NOT NULL DEFAULT 0, UNIQUE(boundary, name));"
	"CREATE TABLE rule_generation(rule INTEGER NOT NULL, generation INTEGER NOT NULL,"
	" PRIMARY KEY(rule, generation)) WITHOUT ROWID;"
	"CREATE TABLE hit(rule INTEGER NOT NULL, bucket INTEGER NOT NULL, hits INTEGER NOT NULL,"
	" packets INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY(rule, bucket)) WITHOUT ROWID;"
	"CREATE TABLE point(boundary TEXT NOT NULL, point TEXT NOT NULL, action TEXT NOT NULL,"
	" bucket INTEGER NOT NULL, n INTEGER NOT NULL,"
	" PRIMARY KEY(boundary, point, action, bucket)) WITHOUT ROWID;"
	"CREATE TABLE note(name TEXT NOT NULL, is_anomaly INTEGER NOT NULL, bucket INTEGER NOT NULL,"
	" n INTEGER NOT NULL, PRIMARY KEY(name, is_anomaly, bucket)) WITHOUT ROWID;"
	"CREATE TABLE loss(bucket INTEGER PRIMARY KEY, n INTEGER NOT NULL);",
	/* 2: flows, findings and RAS servers.  Counts are those of the engine that began its own at
	 * `began` in this run, and those of the ones before it. */
	"CREATE TABLE flow(boundary TEXT NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL,"
	" target_len INTEGER NOT NULL, point TEXT NOT NULL, verdict TEXT NOT NULL,"
	" rule TEXT NOT NULL, packets_before INTEGER NOT NULL, bytes_before INTEGER NOT NULL,"
	" packets INTEGER NOT NULL, bytes INTEGER NOT NULL, first INTEGER NOT NULL,"
	" last INTEGER NOT NULL, run INTEGER NOT NULL, began INTEGER NOT NULL,"
	" PRIMARY KEY(boundary, source, target, target_len, point)) WITHOUT ROWID;"
	"CREATE INDEX flow_last ON flow(last);"
	"CREATE TABLE folded(boundary TEXT NOT NULL, point TEXT NOT NULL, verdict TEXT NOT NULL,"
	" flows INTEGER NOT NULL, packets INTEGER NOT NULL, bytes INTEGER NOT NULL,"
	" first INTEGER NOT NULL, last INTEGER NOT NULL,"
	" PRIMARY KEY(boundary, point, verdict)) WITHOUT ROWID;"
	"CREATE TABLE finding(boundary TEXT NOT NULL, kind TEXT NOT NULL, source TEXT NOT NULL,"
	" target TEXT NOT NULL, target_len INTEGER NOT NULL, point TEXT NOT NULL,"
	" rule TEXT NOT NULL, count_before INTEGER NOT NULL, count INTEGER NOT NULL,"
	" first INTEGER NOT NULL, last INTEGER NOT NULL, run INTEGER NOT NULL,"
	" began INTEGER NOT NULL, PRIMARY KEY(boundary, kind, source, target, target_len, point,"
	" rule)) WITHOUT ROWID;"
	"CREATE TABLE server(address TEXT NOT NULL, vlan INTEGER NOT NULL, hostname BLOB NOT NULL,"
	" domain BLOB NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
	" count_before INTEGER NOT NULL, count INTEGER NOT NULL, state TEXT NOT NULL,"
	" hops INTEGER, run INTEGER NOT NULL, began INTEGER NOT NULL,"
	" PRIMARY KEY(address, vlan)) WITHOUT ROWID;"
	"CREATE TABLE server_event(id INTEGER PRIMARY KEY, at INTEGER NOT NULL,"
	" address TEXT NOT NULL, vlan INTEGER NOT NULL, event TEXT NOT NULL,"
	" hostname BLOB NOT NULL, domain BLOB NOT NULL);",
	/* 3: counters of the kernel as they were read last */
	"CREATE TABLE tally(boundary TEXT NOT NULL, rule TEXT NOT NULL, link TEXT NOT NULL,"
	" hook TEXT NOT NULL, backend TEXT NOT NULL, refused INTEGER NOT NULL,"
	" packets INTEGER NOT NULL, bytes INTEGER NOT NULL, boot TEXT NOT NULL,"
	" PRIMARY KEY(boundary, rule, link, hook, backend, refused)) WITHOUT ROWID;",
	/* 4: all that is known of a server, also by interface where its frames have no tag; `marks` are
	 * those of history_rows.c, `flags` names of flags */
	"ALTER TABLE server RENAME TO server_2;"
	"CREATE TABLE server(address TEXT NOT NULL, vlan INTEGER NOT NULL, interface TEXT NOT NULL,"
	" hostname BLOB NOT NULL, domain BLOB NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
	" count_before INTEGER NOT NULL, count INTEGER NOT NULL, returns_before INTEGER NOT NULL,"
	" returns INTEGER NOT NULL, state TEXT NOT NULL, hops INTEGER, ttl INTEGER, mac BLOB,"
	" period_ns INTEGER NOT NULL, tcp_segments INTEGER NOT NULL, flags TEXT NOT NULL,"
	" marks INTEGER NOT NULL, authorised INTEGER, run INTEGER NOT NULL, began INTEGER NOT NULL,"
	" PRIMARY KEY(address, vlan, interface)) WITHOUT ROWID;"
	"INSERT INTO server SELECT address, vlan, '', hostname, domain, first, last, count_before, count,"
	" 0, 0, state, iif(hops = 255, NULL, hops), NULL, NULL, 0, 0, '', 0, NULL, run, began FROM server_2;"
	"DROP TABLE server_2;"
	"ALTER TABLE server_event ADD COLUMN interface TEXT NOT NULL DEFAULT '';",
	/* 5: MSDP peers by day, which is seconds since 1970 */
	"CREATE TABLE peer(peer TEXT NOT NULL, day INTEGER NOT NULL, boundary TEXT NOT NULL,"
	" reports INTEGER NOT NULL, held INTEGER NOT NULL, of_source INTEGER NOT NULL,"
	" of_net INTEGER NOT NULL, of_rp INTEGER NOT NULL, entries_in INTEGER NOT NULL,"
	" fresh INTEGER NOT NULL, refreshed INTEGER NOT NULL, denied INTEGER NOT NULL,"
	" limited INTEGER NOT NULL, policed INTEGER NOT NULL, rpf_refused INTEGER NOT NULL,"
	" no_room INTEGER NOT NULL, malformed INTEGER NOT NULL, entries_out INTEGER NOT NULL,"
	" withheld INTEGER NOT NULL, sessions INTEGER NOT NULL, PRIMARY KEY(peer, day)) WITHOUT ROWID;",
	/* 6: how fast entries are made; NULL: nobody counted */
	"ALTER TABLE peer ADD COLUMN born INTEGER; ALTER TABLE peer ADD COLUMN born_of_source INTEGER;",
};

/* The number that a pragma tells; -1 where it cannot be read. */
static int64_t ask(sqlite3 *db, const char *pragma)
{
	sqlite3_stmt *st;
	int64_t value = -1;

	if (sqlite.prepare_v2(db, pragma, -1, &st, NULL) != SQLITE_OK)
		return -1;
	if (sqlite.step(st) == SQLITE_ROW)
		value = sqlite.column_int64(st, 0);
	sqlite.finalize(st);
	return value;
}

static int refuse(sqlite3 *db, char *problem)
{
	snprintf(problem, HISTORY_PROBLEM, "%s", sqlite.errmsg(db));
	return history_errno(sqlite.errcode(db));
}

/* The steps from `version` on, all or none.  Another may have been faster: the version counts that
 * stands there once the file is locked. */
static int migrate(sqlite3 *db, char *problem)
{
	char pragma[64];
	int64_t version;

	if (sqlite.exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return refuse(db, problem);
	version = ask(db, "PRAGMA user_version");
	for (int64_t i = version; i >= 0 && i < (int64_t)COUNT(steps); i++)
		if (sqlite.exec(db, steps[i], NULL, NULL, NULL) != SQLITE_OK)
			goto done;
	snprintf(pragma, sizeof(pragma), "PRAGMA application_id = %d", APPLICATION_ID);
	if (sqlite.exec(db, pragma, NULL, NULL, NULL) != SQLITE_OK)
		goto done;
	snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %zu", COUNT(steps));
	if (sqlite.exec(db, pragma, NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite.exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
		return 0;
done:
	refuse(db, problem);
	version = history_errno(sqlite.errcode(db));
	sqlite.exec(db, "ROLLBACK", NULL, NULL, NULL);
	return (int)version;
}

/* A log ahead of the file, so that readers and a writer do not wait for each other; each commit on
 * the disk. */
static int set_up(sqlite3 *db, bool is_new, char *problem)
{
	static const char settings[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
				       "PRAGMA trusted_schema = OFF";

	if (is_new && sqlite.exec(db, "PRAGMA auto_vacuum = INCREMENTAL", NULL, NULL, NULL) != SQLITE_OK)
		return refuse(db, problem);
	return sqlite.exec(db, settings, NULL, NULL, NULL) == SQLITE_OK ? 0 : refuse(db, problem);
}

int history_schema(sqlite3 *db, bool may_write, char *problem)
{
	int64_t tables = ask(db, "SELECT count(*) FROM sqlite_master");
	int64_t version = ask(db, "PRAGMA user_version");
	int error;

	if (tables < 0 || version < 0)
		return refuse(db, problem);
	if (tables > 0 && ask(db, "PRAGMA application_id") != APPLICATION_ID) {
		snprintf(problem, HISTORY_PROBLEM, "a database, but no history of weir");
		return -EBADMSG;
	}
	if (version > (int64_t)COUNT(steps)) {
		snprintf(problem, HISTORY_PROBLEM, "a newer weir made this history (version %d, this one reads"
			 " up to %zu)", (int)version, COUNT(steps));
		return -ENOTSUP;
	}
	if (may_write && (error = set_up(db, tables == 0, problem)) < 0)
		return error;
	if (version == (int64_t)COUNT(steps))
		return 0;
	if (may_write)
		return migrate(db, problem);
	snprintf(problem, HISTORY_PROBLEM, "%s", version == 0 ? "there is nothing in it yet" :
		 "an older weir made this history; the next one that writes it brings it up to date");
	return -ENOTSUP;
}
