/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters of the kernel into the history: each packet once, whoever begins again when. */
#include "t.h"

#include <unistd.h>

#include "sink/history_read.h"
#include "sink/history_tally.h"

static char path[64];
static struct history *history;
static struct history_tallies *tallies;
static unsigned firsts;

static void open_all(const char *boot)
{
	const struct history_options options = { .mode = HISTORY_LIVE };
	char problem[HISTORY_PROBLEM] = "";

	check_named(history_open(path, &options, problem, &history) == 0, problem);
	check_named(history_tallies_new(history, boot, problem, &tallies) == 0, problem);
}

static void close_all(void)
{
	history_tallies_free(tallies);
	history_close(history, NULL);
}

static struct history_tally row_of(const char *rule, const char *link, uint64_t packets)
{
	struct history_tally row;

	memset(&row, 0, sizeof(row));
	snprintf(row.boundary, sizeof(row.boundary), "border");
	snprintf(row.rule, sizeof(row.rule), "%s", rule);
	snprintf(row.link, sizeof(row.link), "%s", link);
	snprintf(row.hook, sizeof(row.hook), "ingress");
	snprintf(row.backend, sizeof(row.backend), "bpf");
	row.packets = packets;
	row.bytes = packets * 100;
	return row;
}

static void note_growth(void *context, const struct history_tally *row, uint64_t packets, bool is_first)
{
	(void)context;
	check(packets > 0 && row->packets >= packets);
	firsts += is_first;
}

static void take(struct history_tally *rows, size_t n)
{
	char problem[HISTORY_PROBLEM] = "";
	const struct mtime at = { 1700000000 * NS_PER_S };

	check_named(history_tallies_take(tallies, rows, n, at, note_growth, NULL, problem) == 0, problem);
}

struct asked {
	const char *rule;
	uint64_t    hits, bytes;
};

static void find(void *context, const struct history_rule *rule)
{
	struct asked *asked = context;

	if (strcmp(rule->name, asked->rule) == 0) {
		asked->hits = rule->hits;
		asked->bytes = rule->bytes;
	}
}

static uint64_t hits(const char *rule)
{
	const struct history_query query = { .now = { 1700000000 * NS_PER_S } };
	struct asked asked = { .rule = rule };
	char problem[HISTORY_PROBLEM] = "";

	check_named(history_rules(history, &query, find, &asked, problem) == 0, problem);
	check(asked.bytes == asked.hits * 100);
	return asked.hits;
}

static void begin(const char *name)
{
	snprintf(path, sizeof(path), "/tmp/weir-tally-%d-%s.db", (int)getpid(), name);
	unlink(path);
	firsts = 0;
}

static void end(void)
{
	char beside[80];

	close_all();
	unlink(path);
	snprintf(beside, sizeof(beside), "%s-wal", path);
	unlink(beside);
	snprintf(beside, sizeof(beside), "%s-shm", path);
	unlink(beside);
}

/* Readings in a row, over restarts of the reader, in any order of the rows. */
static void test_growth(void)
{
	struct history_tally rows[3] = { row_of("ntp", "eth1", 5), row_of("ntp", "eth0", 7),
					 row_of("bad", "eth0", 0) };

	begin("growth");
	open_all("boot-1");
	take(rows, 3);
	check(hits("ntp") == 12 && hits("bad") == 0 && firsts == 1);
	take(rows, 3);
	check(hits("ntp") == 12);
	close_all();
	open_all("boot-1");
	rows[0] = row_of("ntp", "eth0", 10);
	rows[1] = row_of("bad", "eth0", 1);
	rows[2] = row_of("ntp", "eth1", 5);
	take(rows, 3);
	check(hits("ntp") == 15 && hits("bad") == 1 && firsts == 2);
	end();
}

/* Counters that went and came again count from nothing; those of another start of the machine too. */
static void test_beginning_anew(void)
{
	struct history_tally row = row_of("ntp", "eth0", 10);

	begin("anew");
	open_all("boot-1");
	take(&row, 1);
	row = row_of("ntp", "eth0", 4);			/* smaller: another counter */
	take(&row, 1);
	check(hits("ntp") == 14);
	take(&row, 0);					/* it is gone */
	row = row_of("ntp", "eth0", 9);
	take(&row, 1);
	check(hits("ntp") == 23);
	close_all();
	open_all("boot-2");
	row = row_of("ntp", "eth0", 20);		/* larger, and new all the same */
	take(&row, 1);
	check(hits("ntp") == 43);
	end();
}

/* Rules of a policy are there before they are hit. */
static void test_rules(void)
{
	const struct history_tally_rule rules[] = { { "border", "ntp", "deny" }, { "border", "default", "permit" } };
	const struct mtime at = { 1700000000 * NS_PER_S };
	struct history_tally row = row_of("ntp", "eth0", 3);
	char problem[HISTORY_PROBLEM] = "";

	begin("rules");
	open_all("boot-1");
	check_named(history_tallies_about(tallies, "test", "sha", rules, COUNT(rules), at, problem) == 0, problem);
	check(hits("ntp") == 0);
	for (unsigned i = 0; i < 2; i++) {
		take(&row, 1);
		row = row_of("ntp", "eth0", 6);
	}
	check(hits("ntp") == 6 && firsts == 1);
	check(strcmp(history_tallies_boundary(tallies, &row), "border") == 0);
	row = row_of("ntp", "eth1", 6);
	check(!history_tallies_boundary(tallies, &row));
	end();
}

TEST_MAIN({ "growth", test_growth }, { "beginning anew", test_beginning_anew },
	  { "rules", test_rules })
