/* SPDX-License-Identifier: BSD-2-Clause */
/* The history as a writer beside the packets: killed at any moment, on a disk that is full, in a
 * file that another holds; and what it forgets. */
#include <sqlite3.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scene.h"
#include "sink/history_read.h"

#define POLICY "policy \"s\"\nboundary edge {\n deny to 233.252.0.1 as loud\n default permit\n}\n"
#define BEGIN_S INT64_C(1795266000)

static char folder[] = "/tmp/weir-history-XXXXXX";
static char path[64];

static void begin_folder(void)
{
	strcpy(folder + sizeof(folder) - 7, "XXXXXX");
	check(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/h.db", folder);
}

static void end_folder(void)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char name[80];

	for (size_t i = 0; i < COUNT(ends); i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
	check(rmdir(folder) == 0);
}

/* One packet to the loud group, from source number so much. */
static void hear(struct scene *s, unsigned at, unsigned source)
{
	char line[96];

	snprintf(line, sizeof(line), "%lld data 198.51.%u.%u > 233.252.0.1\n",
		 (long long)(BEGIN_S + at), source / 250, source % 250 + 1);
	scene_play(s, line);
}

static void sample(struct history *h, struct scene *s)
{
	struct report *report = report_now(s->engine, &(struct report_options){ .rows = 1 });

	history_sample(h, report, report->last);
	report_free(report);
}

static struct history *open_history(const struct history_options *options)
{
	char problem[HISTORY_PROBLEM] = "";
	struct history *h = NULL;

	check_named(history_open(path, options, problem, &h) == 0, problem);
	return h;
}

static void add_hits(void *context, const struct history_rule *rule)
{
	if (strcmp(rule->name, "loud") == 0)
		*(uint64_t *)context = rule->hits;
}

static uint64_t stored_hits(void)
{
	struct history *h = open_history(&(struct history_options){ .mode = HISTORY_READ });
	char problem[HISTORY_PROBLEM] = "";
	uint64_t hits = 0;

	check_named(history_rules(h, &(struct history_query){ 0 }, add_hits, &hits, problem) == 0, problem);
	history_close(h, NULL);
	return hits;
}

/* The first column of a query on the file. */
static int64_t ask(const char *sql)
{
	sqlite3_stmt *st;
	int64_t value = -1;
	sqlite3 *db;

	check(sqlite3_open(path, &db) == SQLITE_OK);
	check(sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK);
	if (sqlite3_step(st) == SQLITE_ROW && sqlite3_column_type(st, 0) == SQLITE_TEXT)
		value = strcmp((const char *)sqlite3_column_text(st, 0), "ok") == 0;
	else
		value = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return value;
}

/* --- killed --- */

/* Writes hit after hit, and tells of each that is committed, until it is killed. */
static void write_for_ever(int fd)
{
	struct history *h = open_history(&(struct history_options){ .mode = HISTORY_LIVE });
	struct scene s;

	scene_open(&s, POLICY, (struct engine_options){ 0 }, true);
	history_about(h, s.policy);
	for (unsigned i = 0; true; i++) {
		hear(&s, i, i % 50);
		sample(h, &s);
		history_wait(h);
		if (history_problem(h) || write(fd, "x", 1) != 1)
			_exit(1);
	}
}

/* The hits that a writer told of before it was killed; a byte for each. */
static uint64_t kill_one(unsigned after_us)
{
	char bytes[256];
	uint64_t told = 0;
	int ends[2], status;
	ssize_t n;
	pid_t child;

	check(pipe(ends) == 0);
	child = fork();
	if (child == 0) {
		close(ends[0]);
		write_for_ever(ends[1]);
	}
	close(ends[1]);
	n = read(ends[0], bytes, 1);		/* it has begun */
	told += n > 0 ? (uint64_t)n : 0;
	usleep(after_us);
	kill(child, SIGKILL);
	while ((n = read(ends[0], bytes, sizeof(bytes))) > 0)
		told += (uint64_t)n;
	close(ends[0]);
	check(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
	return told;
}

static void test_kills(void)
{
	unsigned kills = getenv("WEIR_LONG") ? 1000 : 100;
	uint64_t told = 0, stored, random = 7;

	begin_folder();
	for (unsigned i = 0; i < kills && t_failures == 0; i++) {
		told += kill_one((unsigned)(t_random(&random) % 12000));
		stored = stored_hits();
		/* one may have been committed and not told of */
		check(stored >= told && stored <= told + i + 1);
		check(ask("PRAGMA integrity_check") == 1);
		check(ask("SELECT sum(hits) FROM hit") == (int64_t)stored);
		check(ask("SELECT sum(packets_before + packets) FROM flow") == (int64_t)stored);
		check(ask("SELECT count(*) FROM generation") == 1);
	}
	end_folder();
}

/* --- a disk that is full, a file that is locked --- */

/* In a process of its own, for the limit: what cannot be written is told once and not lost. */
static int meet_a_full_disk(void)
{
	struct rlimit few = { 100 << 10, RLIM_INFINITY }, all = { RLIM_INFINITY, RLIM_INFINITY };
	struct history *h = open_history(&(struct history_options){ .mode = HISTORY_LIVE });
	unsigned problems = 0;
	struct scene s;

	scene_open(&s, POLICY, (struct engine_options){ 0 }, true);
	history_about(h, s.policy);
	setrlimit(RLIMIT_FSIZE, &few);
	for (unsigned i = 0; i < 3000; i++) {
		hear(&s, i, i % 2000);
		if (i % 300 != 299)
			continue;
		sample(h, &s);
		history_wait(h);
		problems += history_problem(h) != NULL;
	}
	check(problems == 1);
	setrlimit(RLIMIT_FSIZE, &all);
	sample(h, &s);
	check(history_close(h, NULL) == 0);
	scene_close(&s);
	return t_failures > 0;
}

static void test_full_disk(void)
{
	pid_t child;
	int status;

	begin_folder();
	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(meet_a_full_disk());
	check(waitpid(child, &status, 0) == child && status == 0);
	check(stored_hits() == 3000);
	check(ask("PRAGMA integrity_check") == 1);
	check(ask("SELECT sum(packets_before + packets) FROM flow") == 3000);
	end_folder();
}

static void test_locked(void)
{
	struct history *h;
	struct scene s;
	sqlite3 *other;

	begin_folder();
	h = open_history(&(struct history_options){ .mode = HISTORY_LIVE, .wait_ms = 1 });
	scene_open(&s, POLICY, (struct engine_options){ 0 }, true);
	history_about(h, s.policy);
	check(sqlite3_open(path, &other) == SQLITE_OK);
	check(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK);
	for (unsigned i = 0; i < 5; i++) {
		const char *problem;

		hear(&s, i, 1);
		sample(h, &s);
		history_wait(h);
		problem = history_problem(h);
		check(i == 0 ? problem && strstr(problem, "locked") : !problem);
	}
	sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_close(other);
	sample(h, &s);
	check(history_close(h, NULL) == 0);
	check(stored_hits() == 5);
	scene_close(&s);
	end_folder();
}

/* --- what is forgotten --- */

static void write_days(const struct history_options *options, unsigned days)
{
	struct history *h = open_history(options);
	struct scene s;

	scene_open(&s, POLICY, (struct engine_options){ 0 }, true);
	history_about(h, s.policy);
	for (unsigned i = 0; i < days; i++) {
		hear(&s, i * 86400, i);
		sample(h, &s);
		history_wait(h);
		check(!history_problem(h));
	}
	check(history_close(h, NULL) == 0);
	scene_close(&s);
}

static void test_age(void)
{
	begin_folder();
	write_days(&(struct history_options){ .mode = HISTORY_LIVE, .keep_s = 10 * 86400 }, 30);
	check(stored_hits() == 30);		/* totals stay */
	check(ask("SELECT count(*) FROM hit") == 11);
	check(ask("SELECT count(*) FROM flow") <= 11);
	check(ask("SELECT (SELECT total(packets_before + packets) FROM flow)"
		  " + (SELECT total(packets) FROM folded)") == 30);
	end_folder();
}

static void test_flows_fold(void)
{
	begin_folder();
	write_days(&(struct history_options){ .mode = HISTORY_LIVE, .flows_max = 20 }, 60);
	check(ask("SELECT count(*) FROM flow") <= 20 && ask("SELECT sum(flows) FROM folded") >= 40);
	check(ask("SELECT (SELECT sum(packets_before + packets) FROM flow)"
		  " + (SELECT sum(packets) FROM folded)") == 60);
	end_folder();
}

static void test_size(void)
{
	begin_folder();
	write_days(&(struct history_options){ .mode = HISTORY_LIVE, .bytes_max = 100 << 10 }, 700);
	check(stored_hits() == 700);
	check(ask("SELECT (SELECT page_count FROM pragma_page_count) - freelist_count"
		  " FROM pragma_freelist_count") * 4096 <= 110 << 10);
	end_folder();
}

TEST_MAIN({ "killed at any moment", test_kills }, { "a full disk", test_full_disk },
	  { "a locked file", test_locked }, { "age", test_age }, { "flows are folded", test_flows_fold },
	  { "size", test_size })
