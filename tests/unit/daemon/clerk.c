/* SPDX-License-Identifier: BSD-2-Clause */
/* The clerk and the history that it writes: killed at any moment, or its parent is; on a disk that is
 * full, in a file that another holds, told what makes no sense; and what it forgets. */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/clerk.h"
#include "scene.h"
#include "sink/history_read.h"
#include "sink/sqlite.h"

#define POLICY "policy \"s\"\nboundary edge {\n deny to 233.252.0.1 as loud\n default permit\n}\n"
#define BEGIN_S INT64_C(946684800)		/* long ago */

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
static void hear(struct scene *s, int64_t at, unsigned source)
{
	char line[96];

	snprintf(line, sizeof(line), "%lld data 198.51.%u.%u > 233.252.0.1\n",
		 (long long)(BEGIN_S + at), source / 250, source % 250 + 1);
	scene_play(s, line);
}

/* Takes a sample, and waits until it is written or not. */
static void sample(struct clerk *c, struct scene *s)
{
	struct report *report = report_now(s->engine, &(struct report_options){ .rows = 1 });

	clerk_sample(c, report, report->last);
	report_free(report);
	check(clerk_wait(c, 60000));
}

static struct clerk *begin_clerk(const struct history_options *options, struct scene *s)
{
	char problem[HISTORY_PROBLEM] = "";
	struct clerk *c = NULL;

	scene_open(s, POLICY, (struct engine_options){ 0 }, true);
	check_named(clerk_begin(path, options, s->policy, (struct mtime){ BEGIN_S * NS_PER_S }, problem,
				&c) == 0, problem);
	return c;
}

static void end_clerk(struct clerk *c, struct scene *s)
{
	clerk_end(c);
	scene_close(s);
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

	check(sqlite_load() == 0);
	check(sqlite.open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
	check(sqlite.prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK);
	if (sqlite.step(st) == SQLITE_ROW && sqlite.column_type(st, 0) == SQLITE_TEXT)
		value = strcmp((const char *)sqlite.column_text(st, 0), "ok") == 0;
	else
		value = sqlite.column_int64(st, 0);
	sqlite.finalize(st);
	sqlite.close(db);
	return value;
}

/* --- killed --- */

/* Writes hit after hit, and tells of each that is committed, until it is killed or its clerk is; its
 * clerk's number first. */
static void write_for_ever(int fd)
{
	struct scene s;
	struct clerk *c = begin_clerk(&(struct history_options){ .mode = HISTORY_LIVE }, &s);
	pid_t pid = clerk_pid(c);

	if (write(fd, &pid, sizeof(pid)) != sizeof(pid))
		_exit(1);
	for (unsigned i = 0; true; i++) {
		hear(&s, i, i % 50);
		sample(c, &s);
		if (clerk_problem(c) || write(fd, "x", 1) != 1)
			_exit(1);
	}
}

static uint64_t count_told(int fd)
{
	char bytes[256];
	uint64_t told = 0;
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		told += (uint64_t)n;
	return told;
}

/* The hits that a writer told of before one of the two was killed; a byte for each. */
static uint64_t kill_one(unsigned after_us, bool is_clerk)
{
	uint64_t told = 0;
	pid_t child, clerk = 0;
	int ends[2];
	char byte;

	check(pipe(ends) == 0);
	child = fork();
	if (child == 0) {
		close(ends[0]);
		write_for_ever(ends[1]);
	}
	close(ends[1]);
	check(read(ends[0], &clerk, sizeof(clerk)) == sizeof(clerk));
	told += read(ends[0], &byte, 1) == 1;		/* it has begun */
	usleep(after_us);
	kill(is_clerk ? clerk : child, SIGKILL);
	told += count_told(ends[0]);
	close(ends[0]);
	while (wait(NULL) > 0)				/* the other ends by itself */
		continue;
	return told;
}

static void test_kills(void)
{
	unsigned kills = getenv("WEIR_LONG") ? 1000 : 100;
	uint64_t told = 0, stored, random = 7;

	begin_folder();
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	for (unsigned i = 0; i < kills && t_failures == 0; i++) {
		told += kill_one((unsigned)(t_random(&random) % 12000), i % 2 == 0);
		stored = stored_hits();
		/* one may have been committed and not told of */
		check(stored >= told && stored <= told + i + 1);
		check(ask("PRAGMA integrity_check") == 1);
		check(ask("SELECT sum(hits) FROM hit") == (int64_t)stored);
		check(ask("SELECT sum(packets_before + packets) FROM flow") == (int64_t)stored);
		check(ask("SELECT count(*) FROM generation") == 1);
	}
	end_folder();
	printf("# %u kills, %llu samples written and told of, none lost\n", kills, (unsigned long long)told);
}

/* --- a disk that is full, a file that is locked --- */

/* In a process of its own, for the limit: what cannot be written is told once and not lost. */
static int meet_a_full_disk(void)
{
	struct rlimit few = { 100 << 10, RLIM_INFINITY }, all = { RLIM_INFINITY, RLIM_INFINITY };
	unsigned problems = 0;
	struct scene s;
	struct clerk *c = begin_clerk(&(struct history_options){ .mode = HISTORY_LIVE }, &s);

	check(prlimit(clerk_pid(c), RLIMIT_FSIZE, &few, NULL) == 0);
	for (unsigned i = 0; i < 3000; i++) {
		hear(&s, i, i % 2000);
		if (i % 300 != 299)
			continue;
		sample(c, &s);
		problems += clerk_problem(c) != NULL;
	}
	check(problems == 1 && clerk_is_in_trouble(c));
	check(prlimit(clerk_pid(c), RLIMIT_FSIZE, &all, NULL) == 0);
	sample(c, &s);
	check(!clerk_is_in_trouble(c));
	end_clerk(c, &s);
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
	struct scene s;
	struct clerk *c;
	sqlite3 *other;

	begin_folder();
	c = begin_clerk(&(struct history_options){ .mode = HISTORY_LIVE, .wait_ms = 1 }, &s);
	check(sqlite_load() == 0);
	check(sqlite.open_v2(path, &other, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
	check(sqlite.exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK);
	for (unsigned i = 0; i < 5; i++) {
		const char *problem;

		hear(&s, i, 1);
		sample(c, &s);
		problem = clerk_problem(c);
		check(i == 0 ? problem && strstr(problem, "locked") : !problem);
	}
	sqlite.exec(other, "ROLLBACK", NULL, NULL, NULL);
	sqlite.close(other);
	sample(c, &s);
	end_clerk(c, &s);
	check(stored_hits() == 5);
	end_folder();
}

/* The clerk is gone: that is told once, and counting goes on. */
static void test_clerk_gone(void)
{
	struct scene s;
	struct clerk *c;

	begin_folder();
	c = begin_clerk(&(struct history_options){ .mode = HISTORY_LIVE }, &s);
	hear(&s, 1, 1);
	sample(c, &s);
	kill(clerk_pid(c), SIGKILL);
	usleep(20000);
	for (unsigned i = 0; i < 3; i++) {
		const char *problem;

		hear(&s, 2 + i, 1);
		sample(c, &s);
		problem = clerk_problem(c);
		check(i == 0 ? problem && strstr(problem, "gone") : !problem);
	}
	end_clerk(c, &s);
	check(stored_hits() == 1);
	end_folder();
}

/* A file that is no history is refused at the start, in the clerk's words. */
static void test_refused(void)
{
	char problem[HISTORY_PROBLEM] = "";
	struct clerk *c = NULL;
	struct scene s;
	FILE *f;

	begin_folder();
	f = fopen(path, "w");
	check(f && fputs("this is no database, and long enough to be told from an empty one\n", f) >= 0);
	fclose(f);
	scene_open(&s, POLICY, (struct engine_options){ 0 }, true);
	check(clerk_begin(path, &(struct history_options){ .mode = HISTORY_LIVE }, s.policy,
			  (struct mtime){ 0 }, problem, &c) == -EBADMSG && !c);
	check_named(strstr(problem, "not a database"), problem);
	scene_close(&s);
	end_folder();
}

/* --- told what makes no sense --- */

/* The bytes of one sample, with hits, flows and a server in it. */
static struct text pack(void)
{
	struct text bytes = { 0 };
	struct history_sampler *sampler;
	struct report *report;
	struct span span;
	struct scene s;

	scene_open(&s, POLICY, (struct engine_options){ 0 }, true);
	hear(&s, 1, 1);
	hear(&s, 2, 2);
	report = report_now(s.engine, &(struct report_options){ .rows = 1 });
	sampler = history_sampler_new(s.policy, (struct mtime){ 0 });
	history_sampler_drops(sampler, 3);
	history_sampler_count(sampler, report, report->last);
	history_sampler_rows(sampler, report, report->last);
	span = history_sampler_bytes(sampler);
	text_put_n(&bytes, (const char *)span.p, span.n);
	history_sampler_free(sampler);
	report_free(report);
	scene_close(&s);
	return bytes;
}

static void test_cuts(void)
{
	struct history *h;
	char problem[HISTORY_PROBLEM] = "";
	struct text bytes = pack();

	begin_folder();
	check(history_open(path, &(struct history_options){ .mode = HISTORY_LIVE }, problem, &h) == 0);
	for (size_t n = 0; n < bytes.n; n++) {
		uint8_t *cut = malloc(n + 1);	/* exact size: a byte too far is seen */

		memcpy(cut, bytes.p, n);
		check(!history_take(h, (struct span){ cut, n }));
		free(cut);
	}
	check(ask("SELECT count(*) FROM run") == 0 && ask("SELECT count(*) FROM rule") == 0);
	check(history_take(h, (struct span){ (const uint8_t *)bytes.p, bytes.n }));
	check(history_close(h, NULL) == 0);
	check(stored_hits() == 2);
	check(ask("SELECT sum(n) FROM loss") == 3);
	text_release(&bytes);
	end_folder();
}

/* --- what is forgotten --- */

static void write_days(const struct history_options *options, unsigned days)
{
	struct scene s;
	struct clerk *c = begin_clerk(options, &s);

	for (unsigned i = 0; i < days; i++) {
		hear(&s, i * 86400, i);
		sample(c, &s);
		check(!clerk_problem(c));
	}
	end_clerk(c, &s);
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

/* A clock that was wrong for a moment takes nothing along. */
static void test_a_time_to_come(void)
{
	int64_t yesterday = time(NULL) - BEGIN_S - 86400;
	struct scene s;
	struct clerk *c;

	begin_folder();
	c = begin_clerk(&(struct history_options){ .mode = HISTORY_LIVE, .keep_s = 10 * 86400 }, &s);
	hear(&s, yesterday, 1);
	sample(c, &s);
	hear(&s, yesterday + INT64_C(100) * 365 * 86400, 2);
	sample(c, &s);
	check(!clerk_problem(c));
	end_clerk(c, &s);
	check(ask("SELECT count(*) FROM hit") == 2 && ask("SELECT count(*) FROM flow") == 2);
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
	  { "a locked file", test_locked }, { "the clerk is gone", test_clerk_gone },
	  { "no history", test_refused }, { "every cut", test_cuts }, { "age", test_age },
	  { "a time to come", test_a_time_to_come }, { "flows are folded", test_flows_fold },
	  { "size", test_size })
