/* SPDX-License-Identifier: BSD-2-Clause */
/* Events: what is new is told once, in order, and what finds no room is counted. */
#include "scene.h"

#include "engine/event.h"

#define BORDER "boundary b { deny to 239.0.0.0/8 as scoped limit 1/h by source to 224.2.0.0/16 as slow " \
	       "permit to 232.0.0.0/8 as good default deny }"

/* A line for each event that waits: "SECONDS KIND ...". */
static void put_events(struct scene *s, struct text *out)
{
	static const char *const kinds[EVENT_COUNT] = {
		[EVENT_FLOW] = "flow",	       [EVENT_VERDICT] = "verdict", [EVENT_RULE] = "rule",
		[EVENT_FINDING] = "finding",   [EVENT_ANOMALY] = "anomaly", [EVENT_GOES_ON] = "goes on",
	};
	char from[ADDR_TEXT], to[ADDR_TEXT];
	struct event event;

	text_reset(out);
	while (engine_event_next(s->engine, &event)) {
		text_printf(out, "%g %s", (double)event.at.ns / NS_PER_S, kinds[event.kind]);
		if (event.kind == EVENT_FINDING)
			text_printf(out, " %s", finding_name(event.which));
		else if (event.kind == EVENT_ANOMALY)
			text_printf(out, " %s", anomaly_name(event.which));
		else
			text_printf(out, " %s %s", action_name(event.verdict.action),
				    report_rule_name(s->boundary, event.verdict.rule));
		text_printf(out, " %s > %s", addr_text(event.key.source, from),
			    addr_text(event.key.group, to));
		text_printf(out, "%s%s\n", event.is_link_local ? " link-local" : "",
			    event.has_ttl ? " ttl" : "");
	}
}

static const struct {
	const char *name, *statements, *events;
} scenes[] = {
	{ "a flow and its rule, once each",
	  "1 data 10.0.0.1 > 239.1.1.1\n2 data 10.0.0.1 > 239.1.1.1\n3 data 10.0.0.2 > 239.1.1.1\n",
	  "1 rule deny scoped 10.0.0.1 > 239.1.1.1 ttl\n1 flow deny scoped 10.0.0.1 > 239.1.1.1 ttl\n"
	  "3 flow deny scoped 10.0.0.2 > 239.1.1.1 ttl\n" },
	{ "a worse verdict is told, the same and a better one are not",
	  "1 data 10.0.0.1 > 224.2.0.1\n2 data 10.0.0.1 > 224.2.0.1\n3 data 10.0.0.1 > 224.2.0.1\n"
	  "7203 data 10.0.0.1 > 224.2.0.1\n",
	  "1 rule permit slow 10.0.0.1 > 224.2.0.1 ttl\n1 flow permit slow 10.0.0.1 > 224.2.0.1 ttl\n"
	  "2 verdict limit slow 10.0.0.1 > 224.2.0.1 ttl\n" },
	{ "a finding, once",
	  "1 data 10.0.0.1 > 232.2.127.254 flag=not-sap\n2 data 10.0.0.1 > 232.2.127.254 flag=not-sap\n",
	  "1 finding not-sap 10.0.0.1 > 232.2.127.254\n"
	  "1 rule permit good 10.0.0.1 > 232.2.127.254 ttl\n"
	  "1 flow permit good 10.0.0.1 > 232.2.127.254 ttl\n" },
	{ "the first message of a broken kind",
	  "1 membership - > - speaker=10.0.0.1 to=224.0.0.22 anomaly=short\n"
	  "2 membership - > - speaker=10.0.0.2 to=224.0.0.22 anomaly=short\n",
	  "1 anomaly short 10.0.0.1 > 224.0.0.22\n" },
	{ "what stays on its link says so; the default is a rule too",
	  "1 data 10.0.0.1 > 224.0.0.251\n",
	  "1 rule deny default 10.0.0.1 > 224.0.0.251 link-local ttl\n"
	  "1 flow deny default 10.0.0.1 > 224.0.0.251 link-local ttl\n" },
	{ "a TTL too large for the site is told when it comes, not at the flow's end, and once",
	  "1 data 10.0.0.1 > 239.255.1.1 ttl=32\n2 data 10.0.0.1 > 239.255.1.1 ttl=33\n"
	  "3 data 10.0.0.1 > 239.255.1.1 ttl=64\n4 data 10.0.0.1 > 239.1.1.1 ttl=64\n",
	  "1 rule deny scoped 10.0.0.1 > 239.255.1.1 ttl\n1 flow deny scoped 10.0.0.1 > 239.255.1.1 ttl\n"
	  "2 finding ttl-large 10.0.0.1 > 239.255.1.1 ttl\n"
	  "4 flow deny scoped 10.0.0.1 > 239.1.1.1 ttl\n" },
	{ "a notice makes no flow", "1 membership * > 232.1.1.1 speaker=10.0.0.2 what=leave\n", "" },
};

static void test_scenes(void)
{
	struct text told = { 0 };

	for (size_t i = 0; i < COUNT(scenes); i++) {
		struct scene s;

		scene_open(&s, BORDER, (struct engine_options){ .events = true }, false);
		scene_play(&s, scenes[i].statements);
		put_events(&s, &told);
		check_text(text_string(&told), scenes[i].events, scenes[i].name);
		check(engine_events_lost(s.engine) == 0);
		scene_close(&s);
	}
	text_release(&told);
}

/* Each time a police line speaks it is told, and no more often. */
static void test_police_lines(void)
{
	struct text told = { 0 };
	struct gauge gauge;
	struct scene s;
	char line[96];

	scene_open(&s, "boundary b { permit at sa as all default deny police sa by peer over 3 warn 2 "
		       "then alarm police sa by source over 4 then deny }",
		   (struct engine_options){ .events = true }, false);
	for (unsigned i = 0; i < 7; i++) {
		snprintf(line, sizeof(line), "%u sa 10.0.0.1 > 232.1.1.%u speaker=192.0.2.1 to=192.0.2.2",
			 100 + i, i);
		scene_play(&s, line);
		while (engine_gauge_next(s.engine, &gauge))
			text_printf(&told, "%u %s live %u warned %u alarmed %u denied %u\n", i,
				    report_rule_name(s.boundary, gauge.rule), gauge.live, gauge.warned,
				    gauge.alarmed, (unsigned)gauge.denied);
	}
	check_text(text_string(&told),
		   "1 police-sa-by-peer live 2 warned 1 alarmed 0 denied 0\n"
		   "3 police-sa-by-peer live 4 warned 1 alarmed 1 denied 0\n"
		   "4 police-sa-by-source live 4 warned 0 alarmed 0 denied 1\n",
		   "what police lines say");
	text_release(&told);
	scene_close(&s);
}

/* Nobody asked: nothing is kept. */
static void test_unasked(void)
{
	struct event event;
	struct scene s;

	scene_open(&s, BORDER, (struct engine_options){ 0 }, false);
	scene_play(&s, "1 data 10.0.0.1 > 239.1.1.1\n");
	check(!engine_event_next(s.engine, &event) && engine_events_lost(s.engine) == 0);
	scene_close(&s);
}

/* The queue goes round: the oldest first, the newest are lost and counted, and there is room again
 * behind what was taken. */
static void test_full(void)
{
	struct events *events = events_new(1);
	struct event event = { .kind = EVENT_FLOW };
	int64_t next = 0;

	for (int turn = 0; turn < 3; turn++) {
		for (int64_t i = 0; i < EVENTS_MAX + 5; i++) {
			event.at.ns = i;
			events_add(events, &event);
		}
		check(events_lost(events) == 5 + (turn > 0 ? EVENTS_MAX / 2 : 0));
		check(events_lost(events) == 0);
		for (size_t n = 0; n < EVENTS_MAX / 2; n++)
			check(events_next(events, &event) && event.at.ns == next++);
		next = turn == 0 ? EVENTS_MAX / 2 : 0;
	}
	events_free(events);
}

static void test_first_hit(void)
{
	struct events *events = events_new(3);

	check(events_first_hit(events, 2) && !events_first_hit(events, 2));
	check(events_first_hit(events, 0) && !events_first_hit(events, 2));
	events_free(events);
}

/* Flows that were told of and go on: the busiest, most packets first, and the others by number. */
static void test_goes_on(void)
{
	struct event out[2];
	size_t others;
	struct scene s;

	scene_open(&s, BORDER, (struct engine_options){ .events = true }, false);
	scene_play(&s, "1 data 10.0.0.1 > 232.1.1.1\n2 data 10.0.0.2 > 232.1.1.1\n3 data 10.0.0.3 > 239.1.1.1\n"
		       "4 data 10.0.0.4 > 232.1.1.1\n11 data 10.0.0.3 > 239.1.1.1 bytes=50\n"
		       "12 data 10.0.0.1 > 232.1.1.1\n13 data 10.0.0.3 > 239.1.1.1\n"
		       "14 data 10.0.0.2 > 232.1.1.1\n15 data 10.0.0.1 > 232.1.1.1\n"
		       "16 data 10.0.0.1 > 232.1.1.1\n17 data 10.0.0.9 > 232.1.1.1\n");
	check(engine_goes_on(s.engine, 10 * INT64_C(1000000000), out, COUNT(out), &others) == 2);
	check(others == 1 && out[0].kind == EVENT_GOES_ON && out[1].kind == EVENT_GOES_ON);
	check(out[0].packets == 4 && out[0].key.source.lo == 0x0a000001 &&
	      out[0].verdict.action == ACTION_PERMIT);
	check(out[1].packets == 3 && out[1].bytes == 250 && out[1].key.source.lo == 0x0a000003 &&
	      out[1].verdict.action == ACTION_DENY);
	check(engine_goes_on(s.engine, 18 * INT64_C(1000000000), out, COUNT(out), &others) == 0);
	check(others == 0);
	scene_close(&s);
}

TEST_MAIN({ "scenes", test_scenes }, { "police lines", test_police_lines },
	  { "unasked", test_unasked }, { "full", test_full }, { "first hits", test_first_hit }, { "flows that go on", test_goes_on })
