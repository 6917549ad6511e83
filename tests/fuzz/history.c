/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: a sample that the clerk is sent.  It is written whole or not at all, into a database in
 * memory. */
#include <stdlib.h>

#include "sink/history_read.h"

#define RUNS 2000		/* on one database */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *context, const struct history_rule *rule)
{
	(void)rule;
	(*(unsigned *)context)++;
}

static unsigned count_rules(struct history *history)
{
	char problem[HISTORY_PROBLEM] = "";
	unsigned rules = 0;

	(void)history_rules(history, &(struct history_query){ 0 }, count, &rules, problem);
	return rules;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct history_options options = { .mode = HISTORY_LIVE };
	static struct history *history;
	static unsigned rules, runs;
	char problem[HISTORY_PROBLEM] = "";
	bool was_taken;

	if (runs++ % RUNS == 0) {
		history_close(history, NULL);
		if (history_open(":memory:", &options, problem, &history) < 0)
			abort();
		rules = 0;
	}
	was_taken = history_take(history, (struct span){ data, size });
	if (!was_taken && (history_why(history)[0] == '\0' || count_rules(history) != rules))
		abort();
	rules = count_rules(history);
	return 0;
}
