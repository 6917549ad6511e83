/* SPDX-License-Identifier: BSD-2-Clause */
/* Police lines: LANGUAGE S38-S43 and S53, sentence by sentence. */
#include "scene.h"

struct sas {
	struct text text;
};

/* Groups first .. last of one source, at one time. */
static void say(struct text *t, double at, const char *source, unsigned first, unsigned last,
		const char *peer)
{
	for (unsigned i = first; i <= last; i++)
		text_printf(t, "%f sa %s > 233.1.%u.%u speaker=%s to=198.51.10.2 rp=198.51.10.9\n", at,
			    source, i / 250, i % 250, peer);
}

static void check_police(const char *lines, struct text *sas, const char *gauges, const char *name)
{
	struct text policy = { 0 }, is = { 0 };
	struct report *report;
	struct scene s;

	text_printf(&policy, "boundary b { deny from 10.0.0.0/8 as bogon %s default permit }", lines);
	scene_open(&s, text_string(&policy), (struct engine_options){ 0 }, false);
	scene_play(&s, text_string(sas));
	report = report_new(s.engine, &(struct report_options){ 0 });
	scene_put_gauges(report, &is);
	check_text(text_string(&is), gauges, name);
	report_free(report);
	scene_close(&s);
	text_release(&policy);
	text_release(&is);
	text_release(sas);
}

#define BY_SOURCE "police-sa-by-source 198.51.100.1 "

static void test_over(void)
{
	struct text t = { 0 };

	say(&t, 0, "198.51.100.1", 1, 10, "198.51.10.1");
	check_police("police sa by source over 10 warn 8 then deny", &t,
		     BY_SOURCE "live 10 peak 10 warned 1 alarmed 0 denied 0\n", "just at the limit");
	say(&t, 0, "198.51.100.1", 1, 12, "198.51.10.1");
	say(&t, 1, "198.51.100.1", 1, 10, "198.51.10.1");
	check_police("police sa by source over 10 warn 8 then deny", &t,
		     BY_SOURCE "live 10 peak 10 warned 1 alarmed 0 denied 2\n",
		     "two over are denied, refreshes pass (S40)");
	say(&t, 0, "198.51.100.1", 1, 12, "198.51.10.1");
	check_police("police sa by source over 10 then alarm", &t,
		     BY_SOURCE "live 12 peak 12 warned 0 alarmed 1 denied 0\n", "alarm lets it pass (S39)");
	say(&t, 0, "10.1.1.1", 1, 12, "198.51.10.1");
	check_police("police sa by source over 10 then deny", &t, "",
		     "what the rules deny is not seen (S38)");
}

/* Entries live 210 s after they were heard last; thresholds speak again after a fall below 90 %. */
static void test_life(void)
{
	struct text t = { 0 };

	say(&t, 0, "198.51.100.1", 1, 10, "198.51.10.1");
	say(&t, 209, "198.51.100.1", 1, 5, "198.51.10.1");
	say(&t, 211, "198.51.100.1", 11, 11, "198.51.10.1");
	check_police("police sa by source over 10 then deny", &t,
		     BY_SOURCE "live 6 peak 10 warned 0 alarmed 0 denied 0\n", "five have expired");
	say(&t, 0, "198.51.100.1", 1, 8, "198.51.10.1");
	say(&t, 100, "198.51.100.1", 9, 20, "198.51.10.1");
	say(&t, 211, "198.51.100.1", 21, 30, "198.51.10.1");
	check_police("police sa by source over 18 warn 16 then alarm", &t,
		     BY_SOURCE "live 22 peak 22 warned 2 alarmed 2 denied 0\n",
		     "a fall to 12 lets both speak again");
	say(&t, 0, "198.51.100.1", 1, 1, "198.51.10.1");
	say(&t, 100, "198.51.100.1", 2, 20, "198.51.10.1");
	say(&t, 211, "198.51.100.1", 21, 22, "198.51.10.1");
	check_police("police sa by source over 18 warn 16 then alarm", &t,
		     BY_SOURCE "live 21 peak 21 warned 1 alarmed 1 denied 0\n", "a fall to 19 does not");
}

static void test_keys(void)
{
	struct text t = { 0 };

	say(&t, 0, "198.51.100.1", 1, 3, "198.51.10.1");
	say(&t, 1, "198.51.100.1", 1, 3, "198.51.10.5");
	check_police("police sa by peer over 9 then deny police sa by source over 9 then deny", &t,
		     "police-sa-by-peer 198.51.10.1 live 3 peak 3 warned 0 alarmed 0 denied 0\n"
		     "police-sa-by-peer 198.51.10.5 live 3 peak 3 warned 0 alarmed 0 denied 0\n"
		     BY_SOURCE "live 3 peak 3 warned 0 alarmed 0 denied 0\n",
		     "a source's entries count once, whoever announces them");
	say(&t, 0, "198.51.100.1", 1, 3, "198.51.10.1");
	say(&t, 0, "198.51.100.2", 1, 3, "198.51.10.1");
	check_police("police sa by source/24 over 4 then deny police sa by rp over 9 then deny", &t,
		     "police-sa-by-source-24 198.51.100.0/24 live 4 peak 4 warned 0 alarmed 0 denied 2\n"
		     "police-sa-by-rp 198.51.10.9 live 4 peak 4 warned 0 alarmed 0 denied 0\n",
		     "a denied entry is held by no line (S43)");
	say(&t, 0, "198.51.100.1", 1, 3, "198.51.10.1");
	say(&t, 0, "203.0.113.9", 1, 3, "198.51.10.1");
	check_police("police sa by source/0 over 4 then deny police sa by source/32 over 2 then alarm", &t,
		     "police-sa-by-source-0 0.0.0.0/0 live 4 peak 4 warned 0 alarmed 0 denied 2\n"
		     "police-sa-by-source-32 198.51.100.1 live 3 peak 3 warned 0 alarmed 1 denied 0\n"
		     "police-sa-by-source-32 203.0.113.9 live 1 peak 1 warned 0 alarmed 0 denied 0\n",
		     "all sources together, and each by itself");
	say(&t, 0, "198.51.100.1", 1, 4, "198.51.10.1");
	say(&t, 0, "198.51.100.2", 1, 4, "198.51.10.1");
	check_police("police sa from 198.51.100.1 by source over 9 then deny as one "
		     "police sa by source over 2 then deny as rest", &t,
		     "one 198.51.100.1 live 4 peak 4 warned 0 alarmed 0 denied 0\n"
		     "rest 198.51.100.2 live 2 peak 2 warned 0 alarmed 0 denied 2\n",
		     "of the lines of one key only the first counts (S42)");
}

static void test_new(void)
{
	struct text t = { 0 };

	say(&t, 0, "198.51.100.1", 1, 5, "198.51.10.1");
	say(&t, 1, "198.51.100.1", 1, 6, "198.51.10.1");
	check_police("police sa by source new 2/s burst 3 then deny", &t,
		     "police-sa-by-source-new 198.51.100.1 live 5 peak 5 warned 0 alarmed 0 denied 3\n",
		     "three at once, two more a second later; a refresh costs nothing (S41)");
	say(&t, 0, "198.51.100.1", 1, 5, "198.51.10.1");
	check_police("police sa by source new 2/s burst 3 then alarm", &t,
		     "police-sa-by-source-new 198.51.100.1 live 5 peak 5 warned 0 alarmed 1 denied 0\n",
		     "alarm lets them pass and says so once");
}

/* More entries than there is room for: the oldest go, and the gauges stay true. */
static void test_flood(void)
{
	struct police *police;
	struct policy *policy = scene_policy("boundary b { police sa by rp over 9000000 then deny default permit }");
	struct observation sa = scene_default(POINT_SA);
	struct gauge *gauges;
	size_t n;

	police = police_new(policy->boundaries[0]);
	sa.speaker = scene_addr("198.51.10.1");
	sa.receiver = scene_addr("198.51.10.2");
	sa.rp = scene_addr("198.51.10.9");
	for (uint32_t i = 0; i < POLICE_ENTRIES_MAX; i++) {
		sa.source = addr_of4(0xc6336401 + i % 7);
		sa.group = addr_of4(0xe9000000 + i);
		check(police_hear(police, &sa, true, false, (struct mtime){ i }) == RULE_NONE);
	}
	gauges = police_gauges(police, &n);
	check(n == 1 && gauges[0].live == POLICE_ENTRIES_MAX / 2);
	check(police_evicted(police) == POLICE_ENTRIES_MAX);
	free(gauges);
	police_settle(police, (struct mtime){ 300 * NS_PER_S });
	gauges = police_gauges(police, &n);
	check(n == 1 && gauges[0].live == 0);
	free(gauges);
	police_free(police);
	policy_free(policy);
}

TEST_MAIN({ "over", test_over }, { "life", test_life }, { "keys", test_keys }, { "new", test_new },
	  { "a flood", test_flood })
