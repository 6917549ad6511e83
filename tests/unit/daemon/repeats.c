/* SPDX-License-Identifier: BSD-2-Clause */
/* Notices that repeat themselves: told once, and then how often. */
#include "daemon/repeats.h"
#include "t.h"

static bool say(struct repeats *r, const char *kind, const char *key, int64_t at_s)
{
	return repeats_tells(r, 4, kind, key, key, at_s * NS_PER_S);
}

static void test_once_and_then_how_often(void)
{
	struct repeats *r = calloc(1, sizeof(*r));
	struct repeat one = { 0 };

	check(repeats_deadline(r) == INT64_MAX);
	check(say(r, "ras", "a server", 1000));
	check(say(r, "ras", "another", 1000));
	check(repeats_deadline(r) == INT64_MAX);
	check(!say(r, "ras", "a server", 1001));
	check(!say(r, "ras", "a server", 1599));
	check(repeats_deadline(r) == 1600 * NS_PER_S);
	check(!repeats_due(r, 1599 * NS_PER_S, &one));
	check(repeats_due(r, 1600 * NS_PER_S, &one));
	check(one.times == 2 && one.priority == 4);
	check_text(one.kind, "ras", "its kind");
	check_text(one.text, "a server", "its words");
	check(!repeats_due(r, 1600 * NS_PER_S, &one));
	check(!say(r, "ras", "a server", 1601));	/* that was the telling of it */
	check(say(r, "ras", "a server", 2300) == false);
	check(repeats_due(r, 2300 * NS_PER_S, &one) && one.times == 2);
	check(say(r, "ras", "another", 2300));
	free(r);
}

/* A session that goes up and down: each is told within a minute. */
static void test_states_come_sooner(void)
{
	struct repeats *r = calloc(1, sizeof(*r));
	struct repeat one;
	unsigned told = 0, summed = 0;

	for (int64_t at = 1000; at < 1300; at += 10) {
		told += say(r, "msdp-up", "peer", at);
		told += say(r, "msdp-down", "peer", at + 5);
		while (repeats_due(r, (at + 9) * NS_PER_S, &one))
			summed += one.times;
	}
	check(told == 2);
	check(summed >= 48 && told + summed <= 60);
	while (repeats_due(r, 1400 * NS_PER_S, &one))
		summed += one.times;
	check(told + summed == 60);		/* nothing went untold */
	free(r);
}

static void test_bounded(void)
{
	struct repeats *r = calloc(1, sizeof(*r));
	char key[32];

	check(say(r, "ras", "first", 1));
	check(!say(r, "ras", "first", 2));
	for (int i = 0; i < REPEATS_MAX; i++) {
		snprintf(key, sizeof(key), "%d", i);
		check(say(r, "ras", key, 3));
	}
	check(r->forgotten == 1);
	check(say(r, "ras", "first", 4));
	free(r);
}

TEST_MAIN({ "once, and then how often", test_once_and_then_how_often },
	  { "states come sooner", test_states_come_sooner }, { "bounded", test_bounded })
