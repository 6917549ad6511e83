/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine by scenes: statements in, counters, flows and findings out; time is the packets'. */
#include "scene.h"

#define BORDER "boundary b { deny to 239.0.0.0/8 as scoped warn to 224.2.0.0/16 as sap " \
	       "permit to { 232.0.0.0/8, 224.0.1.0/24, ff3e::/16 } as good ignore at router as ra default deny }"

static const struct {
	const char *name, *statements, *rules, *flows, *findings;
} scenes[] = {
	{ "hits are statements, packets are frames",
	  "0 data 10.0.0.1 > 232.1.1.1 bytes=100\n"
	  "1 join 10.0.0.1 > 232.1.1.1 speaker=10.0.0.9 bytes=90\n"
	  "+ join 10.0.0.2 > 232.1.1.1 speaker=10.0.0.9 bytes=90\n"
	  "+ join 10.0.0.2 > 232.1.1.1 speaker=10.0.0.9 bytes=90\n",
	  "rule good hits 4 packets 2 bytes 190 sources 2 groups 1\n",
	  "flow 10.0.0.1 > 232.1.1.1 data 1 permit good\n"
	  "flow 10.0.0.1 > 232.1.1.1 join 1 permit good\n"
	  "flow 10.0.0.2 > 232.1.1.1 join 1 permit good\n", "" },
	{ "denied flows are findings, most packets first; link-local ones are none",
	  "0 data 10.0.0.1 > 239.1.1.1\n0.1 data 10.0.0.2 > 239.1.1.2\n0.2 data 10.0.0.2 > 239.1.1.2\n"
	  "0.3 data 10.0.0.3 > 224.0.0.251\n",
	  "rule scoped hits 3 packets 3 bytes 300 sources 2 groups 2\n"
	  "rule default hits 1 packets 1 bytes 100 sources 1 groups 1\n",
	  "flow 10.0.0.2 > 239.1.1.2 data 2 deny scoped\n"
	  "flow 10.0.0.1 > 239.1.1.1 data 1 deny scoped\n"
	  "flow 10.0.0.3 > 224.0.0.251 data 1 deny default\n",
	  "denied 10.0.0.2 > 239.1.1.2 x2\ndenied 10.0.0.1 > 239.1.1.1 x1\n" },
	{ "(*,G) counts who asks; a notice makes no flow; a range counts no group",
	  "0 membership * > 232.1.1.1 speaker=10.0.0.1\n1 membership * > 232.1.1.1 speaker=10.0.0.2\n"
	  "2 membership * > 232.1.1.1 speaker=10.0.0.2 what=leave\n"
	  "3 bootstrap - > 232.0.0.0 len=8 speaker=10.0.0.3\n",
	  "rule good hits 3 packets 3 bytes 300 sources 3 groups 1\n",
	  "flow * > 232.1.1.1 membership 2 permit good\n"
	  "flow 10.0.0.3 > 232.0.0.0/8 bootstrap 1 permit good\n", "" },
	{ "a router advertisement is ignored, and its flow is its sender's",
	  "0 router - > - speaker=fe80::1 to=ff02::1\n",
	  "rule ra hits 1 packets 1 bytes 100 sources 1 groups 0\n",
	  "flow fe80::1 > - router 1 ignore ra\n", "" },
	{ "a large TTL for a scope that ends in the site",
	  "0 data 10.0.0.1 > 239.255.1.1 ttl=33\n1 data 10.0.0.1 > 239.255.1.2 ttl=32\n"
	  "2 data 10.0.0.1 > 239.1.1.1 ttl=64\n3 data fd00::1 > ff05::9 ttl=64\n",
	  "rule scoped hits 3 packets 3 bytes 300 sources 1 groups 3\n"
	  "rule default hits 1 packets 1 bytes 100 sources 1 groups 1\n",
	  "flow 10.0.0.1 > 239.1.1.1 data 1 deny scoped\nflow 10.0.0.1 > 239.255.1.1 data 1 deny scoped\n"
	  "flow 10.0.0.1 > 239.255.1.2 data 1 deny scoped\nflow fd00::1 > ff05::9 data 1 deny default\n",
	  "denied 10.0.0.1 > 239.1.1.1 x1\ndenied 10.0.0.1 > 239.255.1.1 x1\n"
	  "denied 10.0.0.1 > 239.255.1.2 x1\ndenied fd00::1 > ff05::9 x1\n"
	  "ttl-large 10.0.0.1 > 239.255.1.1 x1\nttl-large fd00::1 > ff05::9 x1\n" },
	{ "a querier that asks for SAP, and a router that did before it spoke",
	  "0 membership - > - speaker=10.0.0.1 what=query to=224.0.0.1\n"
	  "1 membership * > 224.2.127.254 speaker=10.0.0.1\n"
	  "2 membership * > 224.2.127.254 speaker=10.0.0.2\n3 join - > - what=hello speaker=10.0.0.2\n"
	  "4 membership * > 224.2.127.254 speaker=10.0.0.3\n"
	  "5 membership - > - speaker=0.0.0.0 what=query to=224.0.0.1\n",
	  "rule sap hits 3 packets 3 bytes 300 sources 3 groups 1\n",
	  "flow * > 224.2.127.254 membership 3 warn sap\n",
	  "sap-listener 10.0.0.1 > 224.2.127.254 x1\nsap-listener 10.0.0.2 > 224.2.127.254 x1\n" },
	{ "no SAP on a SAP group",
	  "0 data 10.0.0.1 > 224.2.127.254 flag=not-sap\n1 data 10.0.0.1 > 224.2.127.254 flag=not-sap\n",
	  "rule sap hits 2 packets 2 bytes 200 sources 1 groups 1\n",
	  "flow 10.0.0.1 > 224.2.127.254 data 2 warn sap\n", "not-sap 10.0.0.1 > 224.2.127.254 x2\n" },
	{ "the same packet twice: at once, or with an identification that changes",
	  "0 data 10.0.0.1 > 232.1.1.1 print=1000\n0.0005 data 10.0.0.1 > 232.1.1.1 print=1000\n"
	  "1 data 10.0.0.1 > 232.1.1.1 print=2000\n1.01 data 10.0.0.1 > 232.1.1.1 print=2000\n"
	  "2 data 10.0.0.2 > 232.1.1.1 print=1003\n2.001 data 10.0.0.2 > 232.1.1.1 print=1007\n"
	  "2.002 data 10.0.0.2 > 232.1.1.1 print=100b\n2.05 data 10.0.0.2 > 232.1.1.1 print=1003\n"
	  "3.2 data 10.0.0.2 > 232.1.1.1 print=1007\n",
	  "rule good hits 9 packets 9 bytes 900 sources 2 groups 1\n",
	  "flow 10.0.0.2 > 232.1.1.1 data 5 permit good\nflow 10.0.0.1 > 232.1.1.1 data 4 permit good\n",
	  "duplicate 10.0.0.1 > 232.1.1.1 x1\nduplicate 10.0.0.2 > 232.1.1.1 x1\n" },
	{ "a routed copy, a copy on another link and one in a capture of all interfaces are none",
	  "0 data 10.0.0.1 > 232.1.1.1 print=1000 ttl=8\n0.0001 data 10.0.0.1 > 232.1.1.1 print=1000 ttl=7\n"
	  "1 data 10.0.0.1 > 232.1.1.1 print=2000\n1.0001 data 10.0.0.1 > 232.1.1.1 print=2000 link=1\n"
	  "2 data 10.0.0.1 > 232.1.1.1 print=3000 linktype=113\n"
	  "2.0001 data 10.0.0.1 > 232.1.1.1 print=3000 linktype=113\n"
	  "3 data 10.0.0.1 > 232.1.1.1 print=4000 linktype=127\n"
	  "3.0001 data 10.0.0.1 > 232.1.1.1 print=4000 linktype=127\n",
	  "rule good hits 8 packets 8 bytes 800 sources 1 groups 1\n",
	  "flow 10.0.0.1 > 232.1.1.1 data 8 permit good\n", "" },
	{ "two speakers of one flow: an identification says nothing, but what follows at once does",
	  "0 join 10.0.0.1 > 232.1.1.1 speaker=10.0.0.8 print=1003\n"
	  "0.01 join 10.0.0.1 > 232.1.1.1 speaker=10.0.0.9 print=1007\n"
	  "0.03 join 10.0.0.1 > 232.1.1.1 speaker=10.0.0.8 print=1003\n",
	  "rule good hits 3 packets 3 bytes 300 sources 1 groups 1\n",
	  "flow 10.0.0.1 > 232.1.1.1 join 3 permit good\n", "" },
	{ "a link-local packet on two links, and a hop limit that says so",
	  "0 data 10.0.0.1 > 224.0.0.251 print=1000\n0.0001 data 10.0.0.1 > 224.0.0.251 print=1000 link=1\n"
	  "1 data 10.0.0.1 > 224.0.0.251 print=2000 vlan=10\n"
	  "1.5 data 10.0.0.1 > 224.0.0.251 print=2000 vlan=11\n"
	  "2 router - > - speaker=fe80::1 to=ff02::1 ttl=254 flag=hop-limit\n",
	  "rule ra hits 1 packets 1 bytes 100 sources 1 groups 0\n"
	  "rule default hits 4 packets 4 bytes 400 sources 1 groups 1\n",
	  "flow 10.0.0.1 > 224.0.0.251 data 4 deny default\nflow fe80::1 > - router 1 ignore ra\n",
	  "forwarded-link-local 10.0.0.1 > 224.0.0.251 x1\nforwarded-link-local fe80::1 > ff02::1 x1\n" },
	{ "RAS servers without a list are findings",
	  "0 data 192.0.2.1 > 232.1.1.1 protocol=rasadv what=advertise ttl=15 host=vpn1\n",
	  "rule good hits 1 packets 1 bytes 100 sources 1 groups 1\n",
	  "flow 192.0.2.1 > 232.1.1.1 data 1 permit good\n", "ras 192.0.2.1 > - x1\n" },
	{ "an anomaly is counted and judged by no other rule",
	  "0 membership - > - speaker=10.0.0.1 anomaly=short\n", "", "", "" },
};

static void test_scenes(void)
{
	for (size_t i = 0; i < 2 * COUNT(scenes); i++) {
		struct text rules = { 0 }, flows = { 0 }, findings = { 0 };
		struct report *report;
		struct scene s;

		scene_open(&s, BORDER, (struct engine_options){ 0 }, i % 2);
		scene_play(&s, scenes[i / 2].statements);
		report = report_new(s.engine, &(struct report_options){ 0 });
		scene_put_rules(report, &rules);
		scene_put_flows(report, &flows);
		scene_put_findings(report, &findings);
		check_text(text_string(&rules), scenes[i / 2].rules, scenes[i / 2].name);
		check_text(text_string(&flows), scenes[i / 2].flows, scenes[i / 2].name);
		check_text(text_string(&findings), scenes[i / 2].findings, scenes[i / 2].name);
		report_free(report);
		scene_close(&s);
		text_release(&rules);
		text_release(&flows);
		text_release(&findings);
	}
}

/* Sends n new groups of one source, so many milliseconds apart; true where it is called a scan. */
static bool is_scan(unsigned n, double gap_ms, const char *point)
{
	struct text statements = { 0 }, findings = { 0 };
	struct report *report;
	struct scene s;
	bool found;

	for (unsigned i = 0; i < n; i++)
		text_printf(&statements, "%f %s 10.0.0.1 > 232.1.%u.%u\n", i * gap_ms / 1e3, point,
			    i / 250, i % 250);
	scene_open(&s, BORDER, (struct engine_options){ 0 }, false);
	scene_play(&s, text_string(&statements));
	report = report_new(s.engine, &(struct report_options){ 0 });
	scene_put_findings(report, &findings);
	found = strstr(text_string(&findings), "group-scan 10.0.0.1") != NULL;
	report_free(report);
	scene_close(&s);
	text_release(&statements);
	text_release(&findings);
	return found;
}

static void test_scans(void)
{
	check(!is_scan(256, 10, "data"));
	check(is_scan(257, 10, "data"));
	check(is_scan(257, 10, "register"));
	check(is_scan(257, 10, "sa"));
	check(!is_scan(400, 10, "membership"));
	check(is_scan(300, 39, "data"));		/* 256 gaps of 39 ms: 9.984 s */
	check(!is_scan(300, 39.2, "data"));		/* 10.035 s */
}

/* A flood of sources, one group each, does not hide the scanner. */
static void test_scan_in_a_flood(void)
{
	struct text statements = { 0 }, findings = { 0 };
	struct report *report;
	struct scene s;

	for (unsigned i = 0; i < 20000; i++) {
		text_printf(&statements, "%f data 10.%u.%u.%u > 232.1.1.1\n", i * 4e-4, 1 + i / 62500,
			    i / 250 % 250, i % 250);
		if (i % 70 == 0)
			text_printf(&statements, "%f data 172.16.0.1 > 232.2.%u.%u\n", i * 4e-4,
				    i / 70 / 250, i / 70 % 250);
	}
	scene_open(&s, BORDER, (struct engine_options){ 0 }, false);
	scene_play(&s, text_string(&statements));
	report = report_new(s.engine, &(struct report_options){ 0 });
	scene_put_findings(report, &findings);
	check(strstr(text_string(&findings), "group-scan 172.16.0.1 > ") != NULL);
	report_free(report);
	scene_close(&s);
	text_release(&statements);
	text_release(&findings);
}

static void check_limit(const char *rule, const char *statements, const char *flows)
{
	struct text policy = { 0 }, is = { 0 };
	struct report *report;
	struct scene s;

	text_printf(&policy, "boundary b { %s as l default deny }", rule);
	scene_open(&s, text_string(&policy), (struct engine_options){ 0 }, false);
	scene_play(&s, statements);
	report = report_new(s.engine, &(struct report_options){ 0 });
	for (unsigned a = 0; a < ACTION_COUNT; a++)
		if (report->points[POINT_DATA][a])
			text_printf(&is, "%s %" PRIu64 " ", action_name(a), report->points[POINT_DATA][a]);
	scene_put_findings(report, &is);
	check_text(text_string(&is), flows, rule);
	report_free(report);
	scene_close(&s);
	text_release(&policy);
	text_release(&is);
}

/* LANGUAGE S37, S53. */
static void test_limits(void)
{
	check_limit("limit 2/s to 232.0.0.0/8",
		    "0 data 10.0.0.1 > 232.1.1.1\n0 data 10.0.0.2 > 232.1.1.1\n0.4 data 10.0.0.3 > 232.1.1.1\n"
		    "0.5 data 10.0.0.4 > 232.1.1.1\n",
		    "permit 3 limit 1 limited 10.0.0.3 > 232.1.1.1 x1\n");
	check_limit("limit 1/s burst 3 by source to 232.0.0.0/8",
		    "0 data 10.0.0.1 > 232.1.1.1\n0 data 10.0.0.1 > 232.1.1.1\n0 data 10.0.0.1 > 232.1.1.1\n"
		    "0 data 10.0.0.1 > 232.1.1.1\n0 data 10.0.0.2 > 232.1.1.1\n9 data 10.0.0.1 > 232.1.1.1\n",
		    "permit 5 limit 1 limited 10.0.0.1 > 232.1.1.1 x5\n");
	check_limit("limit 1/m by speaker to 232.0.0.0/8",
		    "0 data 10.0.0.1 > 232.1.1.1 speaker=10.9.9.9\n"
		    "59.999 data 10.0.0.2 > 232.1.1.1 speaker=10.9.9.9\n"
		    "60 data 10.0.0.3 > 232.1.1.1 speaker=10.9.9.9\n",
		    "permit 2 limit 1 limited 10.0.0.2 > 232.1.1.1 x1\n");
	check_limit("limit 1/s to 232.0.0.0/8",		/* time that goes back stands still */
		    "10 data 10.0.0.1 > 232.1.1.1\n5 data 10.0.0.2 > 232.1.1.1\n10.5 data 10.0.0.3 > 232.1.1.1\n"
		    "11 data 10.0.0.4 > 232.1.1.1\n",
		    "permit 2 limit 2 limited 10.0.0.2 > 232.1.1.1 x1\nlimited 10.0.0.3 > 232.1.1.1 x1\n");
}

static void check_verdicts(const char *name, const char *policy, struct inside inside,
			   const char *statements, const char *should)
{
	struct text is = { 0 };
	struct report *report;
	struct scene s;

	scene_open(&s, policy, (struct engine_options){ .inside = inside }, false);
	scene_play(&s, statements);
	report = report_new(s.engine, &(struct report_options){ 0 });
	scene_put_rules(report, &is);
	for (size_t i = 0; i < s.boundary->rule_count; i++)
		if (s.boundary->rules[i]->off)
			text_printf(&is, "off %s\n", report_rule_name(s.boundary, (uint16_t)i));
	check_text(text_string(&is), should, name);
	report_free(report);
	scene_close(&s);
	text_release(&is);
}

/* LANGUAGE S29. */
static void test_direction(void)
{
	static const char policy[] =
		"boundary b { deny in from 10.0.0.0/8 at data as spoofed deny out to 239.0.0.0/8 as leak "
		"default permit }";
	static const char data[] =
		"0 data 10.0.0.1 > 239.1.1.1 vlan=10 mac=2:0:0:0:0:1\n1 data 10.0.0.1 > 239.1.1.1 vlan=20 "
		"mac=2:0:0:0:0:2\n";
	const struct range inner = { addr_of4(0x0a000000), addr_of4(0x0affffff) };
	const struct set set = { &inner, 1, 1 };

	check_verdicts("by VLAN", policy, (struct inside){ .vlans = { 10 }, .vlan_count = 1 }, data,
		       "rule spoofed hits 1 packets 1 bytes 100 sources 1 groups 1\n"
		       "rule leak hits 1 packets 1 bytes 100 sources 1 groups 1\n");
	check_verdicts("by MAC", policy,
		       (struct inside){ .macs = { { 2, 0, 0, 0, 0, 2 } }, .mac_count = 1 }, data,
		       "rule spoofed hits 1 packets 1 bytes 100 sources 1 groups 1\n"
		       "rule leak hits 1 packets 1 bytes 100 sources 1 groups 1\n");
	check_verdicts("by link", policy, (struct inside){ .links = { 0 }, .link_count = 1 }, data,
		       "rule leak hits 2 packets 2 bytes 200 sources 1 groups 1\n");
	check_verdicts("guessed: what asks for the sender too is off", policy,
		       (struct inside){ .set = &set }, data,
		       "rule leak hits 2 packets 2 bytes 200 sources 1 groups 1\noff spoofed\n");
	check_verdicts("unknown", policy, (struct inside){ 0 }, data,
		       "rule default hits 2 packets 2 bytes 200 sources 1 groups 1\noff spoofed\noff leak\n");
}

/* LANGUAGE S17. */
static void test_joined(void)
{
	static const char policy[] =
		"boundary b { deny in at data not joined as nobody permit in at data joined as asked "
		"default permit }";
	const struct inside inside = { .vlans = { 10 }, .vlan_count = 1 };

	check_verdicts("no reports are seen there", policy, inside,
		       "0 data 10.0.0.1 > 239.1.1.1\n1 membership * > 239.1.1.1 speaker=10.0.0.2\n"
		       "2 data 10.0.0.1 > 239.1.1.1\n",
		       "rule default hits 3 packets 3 bytes 300 sources 2 groups 1\n");
	check_verdicts("asked for, by (*,G) and by (S,G); and not", policy, inside,
		       "0 membership * > 239.1.1.1 speaker=10.0.0.2 vlan=10\n"
		       "0 membership 10.0.0.1 > 239.1.1.2 speaker=10.0.0.2 vlan=10\n"
		       "1 data 10.0.0.1 > 239.1.1.1\n2 data 10.0.0.1 > 239.1.1.2\n3 data 10.0.0.9 > 239.1.1.2\n",
		       "rule nobody hits 1 packets 1 bytes 100 sources 1 groups 1\n"
		       "rule asked hits 2 packets 2 bytes 200 sources 1 groups 2\n"
		       "rule default hits 2 packets 2 bytes 200 sources 2 groups 2\n");
	check_verdicts("a membership ends 260 s after its report, and 2 s after a leave", policy, inside,
		       "0 membership * > 239.1.1.1 speaker=10.0.0.2 vlan=10\n260 data 10.0.0.1 > 239.1.1.1\n"
		       "261 data 10.0.0.1 > 239.1.1.1\n300 membership * > 239.1.1.1 speaker=10.0.0.2 vlan=10\n"
		       "301 membership * > 239.1.1.1 speaker=10.0.0.2 vlan=10 what=leave\n"
		       "302 data 10.0.0.1 > 239.1.1.1\n304 data 10.0.0.1 > 239.1.1.1\n",
		       "rule nobody hits 2 packets 2 bytes 200 sources 1 groups 1\n"
		       "rule asked hits 2 packets 2 bytes 200 sources 1 groups 1\n"
		       "rule default hits 2 packets 2 bytes 200 sources 1 groups 1\n");
}

/* A comparison with another policy: the flows that it judges otherwise. */
static void test_against(void)
{
	struct policy *other = scene_policy("boundary b { permit to 239.0.0.0/8 as all default deny }");
	struct table *table = table_new(other->boundaries[0]);
	struct report *report;
	struct report_flow flow;
	struct scene s;

	scene_open(&s, BORDER,
		   (struct engine_options){ .against = other->boundaries[0], .against_table = table }, false);
	scene_play(&s, "0 data 10.0.0.1 > 239.1.1.1\n1 data 10.0.0.1 > 232.1.1.1\n"
		       "2 data 10.0.0.1 > 226.1.1.1\n3 data 10.0.0.1 > 224.0.0.5\n");
	report = report_new(s.engine, &(struct report_options){ 0 });
	check(report->change_count == 2);
	for (size_t i = 0; i < report->flow_count; i++) {
		flow = report_flow_at(report, i);
		check(report_flow_changes(report, &flow) ==
		      (flow.key.group.lo >> 24 == 239 || flow.key.group.lo >> 24 == 232));
	}
	report_free(report);
	scene_close(&s);
	table_free(table);
	policy_free(other);
}

/* Scoped groups inside of a site are told, but are no reason for exit 1. */
static void test_vantage(void)
{
	struct report *report;
	struct scene s;

	scene_open(&s, BORDER, (struct engine_options){ 0 }, false);
	scene_play(&s, "0 data 10.0.0.1 > 239.1.1.1\n1 data 10.0.0.1 > 226.1.1.1\n");
	report = report_new(s.engine, &(struct report_options){ .vantage_inside = true });
	check(report_finding_count(report) == 2);
	check(report_reasons(report) == 1);
	report_free(report);
	scene_close(&s);
}

static void test_remarks(void)
{
	const struct remark *remarks;
	struct scene s;
	size_t n;

	scene_open(&s, BORDER, (struct engine_options){ .remarks = true }, false);
	scene_play(&s, "0 data 10.0.0.1 > 239.1.1.1\n");
	remarks = engine_remarks(s.engine, &n);
	check(n == 1 && remarks[0].kind == REMARK_VERDICT && remarks[0].is_finding);
	check(remarks[0].verdict.action == ACTION_DENY);
	scene_play(&s, "1 data 10.0.0.1 > 232.1.1.1\n");
	remarks = engine_remarks(s.engine, &n);
	check(n == 1 && !remarks[0].is_finding);
	scene_close(&s);
}

static void check_rules(const struct scene *s, const char *should, const char *name)
{
	struct report *report = report_now(s->engine, &(struct report_options){ 0 });
	struct text is = { 0 };

	scene_put_rules(report, &is);
	check_text(text_string(&is), should, name);
	report_free(report);
	text_release(&is);
}

/* A rule learns late of a flow's source and group: by a report, or before the flow has another rule. */
static void test_told_once(void)
{
	static const char policy[] =
		"boundary b { warn out to 239.0.0.0/8 as outward deny in to 239.0.0.0/8 as inward "
		"default permit }";
	const struct inside inside = { .vlans = { 10 }, .vlan_count = 1 };
	struct scene s;

	scene_open(&s, policy, (struct engine_options){ .inside = inside }, false);
	scene_play(&s, "0 data 10.0.0.1 > 239.1.1.1 vlan=10\n0 join * > 239.1.1.1 vlan=10 speaker=10.0.0.2\n");
	check_rules(&s, "rule outward hits 2 packets 2 bytes 200 sources 2 groups 1\n", "told");
	scene_play(&s, "1 data 10.0.0.1 > 239.1.1.1 vlan=10\n2 data 10.0.0.1 > 239.1.1.2 vlan=10\n");
	check_rules(&s, "rule outward hits 4 packets 4 bytes 400 sources 2 groups 2\n", "told of more");
	scene_play(&s, "3 data 10.0.0.3 > 239.1.1.3 vlan=10\n4 data 10.0.0.3 > 239.1.1.3 vlan=20\n");
	check_rules(&s, "rule outward hits 5 packets 5 bytes 500 sources 3 groups 3\n"
		    "rule inward hits 1 packets 1 bytes 100 sources 1 groups 1\n", "a worse rule");
	scene_close(&s);
}

TEST_MAIN({ "scenes", test_scenes }, { "group scans", test_scans },
	  { "a scan in a flood", test_scan_in_a_flood }, { "limits", test_limits },
	  { "direction", test_direction }, { "joined", test_joined }, { "against", test_against },
	  { "vantage", test_vantage }, { "remarks", test_remarks },
	  { "told once", test_told_once })
