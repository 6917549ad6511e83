/* SPDX-License-Identifier: BSD-2-Clause */
/* The two forms of a decoded line, to the letter. */
#include <time.h>

#include "sink/decode_line.h"
#include "t.h"

#define AT INT64_C(1795266000123456789)

static struct addr addr(const char *text)
{
	struct addr a = ADDR_NONE;

	if (strcmp(text, "*") == 0)
		return ADDR_ANY;
	check_named(addr_parse(text, strlen(text), &a), text);
	return a;
}

static struct observation base(const char *speaker, const char *receiver)
{
	struct observation obs = observation_none();

	obs.at.ns = AT;
	obs.speaker = addr(speaker);
	obs.receiver = addr(receiver);
	obs.bytes = 60;
	obs.ttl = 1;
	obs.has_ttl = true;
	return obs;
}

static void about(struct observation *obs, const char *source, const char *group)
{
	obs->source = addr(source);
	obs->group = addr(group);
	obs->source_len = (uint8_t)addr_bits(obs->source);
	obs->group_len = (uint8_t)addr_bits(obs->group);
}

static struct observation data(void)
{
	struct observation obs = base("192.0.2.4", "239.255.255.250");

	about(&obs, "192.0.2.4", "239.255.255.250");
	obs.protocol = PROTOCOL_UDP;
	obs.type = TYPE_DATA;
	obs.what = WHAT_SEND;
	obs.point = POINT_DATA;
	obs.has_ports = obs.has_mac = true;
	obs.sport = 4000;
	obs.dport = 1900;
	obs.vlan = 12;
	memcpy(obs.mac, "\x02\x00\x5e\x10\x00\xff", 6);
	obs.direction = DIRECTION_OUT;
	return obs;
}

static struct observation join(void)
{
	struct observation obs = base("fe80::1", "ff02::16");

	about(&obs, "*", "ff3e::1234");
	obs.protocol = PROTOCOL_MLD;
	obs.type = TYPE_MLDV2_REPORT;
	obs.what = WHAT_JOIN;
	obs.point = POINT_MEMBERSHIP;
	obs.excluded = 2;
	obs.flags = FLAG_BIT(NO_ROUTER_ALERT) | FLAG_BIT(TUNNEL);
	return obs;
}

static struct observation prune(void)
{
	struct observation obs = base("10.0.0.9", "224.0.0.13");

	about(&obs, "10.0.0.1", "239.1.1.1");
	obs.protocol = PROTOCOL_PIM;
	obs.type = TYPE_JOIN_PRUNE;
	obs.what = WHAT_PRUNE;
	obs.point = POINT_JOIN;
	obs.flags = FLAG_BIT(RPT);
	return obs;
}

static struct observation bootstrap(void)
{
	struct observation obs = base("10.0.0.9", "224.0.0.13");

	obs.group = addr("224.0.0.0");
	obs.group_len = 4;
	obs.rp = addr("10.0.0.1");
	obs.protocol = PROTOCOL_PIM;
	obs.type = TYPE_BOOTSTRAP;
	obs.what = WHAT_RP;
	obs.point = POINT_BOOTSTRAP;
	return obs;
}

static struct observation announce(void)
{
	struct observation obs = base("192.0.2.4", "224.2.127.254");

	about(&obs, "192.0.2.4", "224.2.2.2");
	obs.protocol = PROTOCOL_SAP;
	obs.type = TYPE_ANNOUNCE;
	obs.what = WHAT_ANNOUNCE;
	obs.point = POINT_SESSION;
	obs.session = span_of("a \"b\"\033[2J \xc3\xa9 \xff");
	return obs;
}

static struct observation ras(void)
{
	struct observation obs = base("192.105.90.102", "239.255.2.2");

	obs.protocol = PROTOCOL_RASADV;
	obs.type = TYPE_ADVERTISEMENT;
	obs.what = WHAT_ADVERTISE;
	obs.hostname = span_of("thepcsname");
	obs.domain = span_of("example.com");
	return obs;
}

static struct observation odd(void)
{
	struct observation obs = base("10.0.0.9", "224.0.0.22");

	obs.protocol = PROTOCOL_IGMP;
	obs.type = TYPE_DATA;
	obs.point = POINT_MEMBERSHIP;
	obs.anomaly = ANOMALY_SHORT;
	return obs;
}

static const struct {
	const char *name;
	struct observation (*obs)(void);
	const char *text, *json;		/* behind what all lines begin with */
} rows[] = {
	{ "data", data,
	  "192.0.2.4.4000 > 239.255.255.250.1900: udp, ttl 1, 60 bytes, vlan 12\n",
	  "\"ttl\":1,\"protocol\":\"udp\",\"type\":\"data\",\"point\":\"data\",\"what\":\"send\","
	  "\"speaker\":\"192.0.2.4\",\"receiver\":\"239.255.255.250\",\"mac\":\"02:00:5e:10:00:ff\","
	  "\"source\":\"192.0.2.4\",\"group\":\"239.255.255.250\",\"sport\":4000,\"dport\":1900,"
	  "\"vlan\":12,\"direction\":\"out\",\"flags\":[]}\n" },
	{ "join", join,
	  "fe80::1 > ff02::16: mld mldv2-report: join (*, ff3e::1234), all but 2 sources, ttl 1"
	  " [tunnel, no-router-alert]\n",
	  "\"ttl\":1,\"protocol\":\"mld\",\"type\":\"mldv2-report\",\"point\":\"membership\","
	  "\"what\":\"join\",\"speaker\":\"fe80::1\",\"receiver\":\"ff02::16\",\"source\":\"*\","
	  "\"group\":\"ff3e::1234\",\"excluded\":2,\"flags\":[\"tunnel\",\"no-router-alert\"]}\n" },
	{ "prune", prune,
	  "10.0.0.9 > 224.0.0.13: pim join-prune: prune (10.0.0.1, 239.1.1.1), ttl 1 [rpt]\n",
	  "\"ttl\":1,\"protocol\":\"pim\",\"type\":\"join-prune\",\"point\":\"join\","
	  "\"what\":\"prune\",\"speaker\":\"10.0.0.9\",\"receiver\":\"224.0.0.13\","
	  "\"source\":\"10.0.0.1\",\"group\":\"239.1.1.1\",\"flags\":[\"rpt\"]}\n" },
	{ "bootstrap", bootstrap,
	  "10.0.0.9 > 224.0.0.13: pim bootstrap 224.0.0.0/4, rp 10.0.0.1, ttl 1\n",
	  "\"ttl\":1,\"protocol\":\"pim\",\"type\":\"bootstrap\",\"point\":\"bootstrap\","
	  "\"what\":\"rp\",\"speaker\":\"10.0.0.9\",\"receiver\":\"224.0.0.13\","
	  "\"group\":\"224.0.0.0\",\"group_len\":4,\"rp\":\"10.0.0.1\",\"flags\":[]}\n" },
	{ "announce", announce,
	  "192.0.2.4 > 224.2.127.254: sap announce (192.0.2.4, 224.2.2.2)"
	  " \"a \"b\"\\x1b[2J \xc3\xa9 \\xff\", ttl 1\n",
	  "\"ttl\":1,\"protocol\":\"sap\",\"type\":\"announce\",\"point\":\"session\","
	  "\"what\":\"announce\",\"speaker\":\"192.0.2.4\",\"receiver\":\"224.2.127.254\","
	  "\"source\":\"192.0.2.4\",\"group\":\"224.2.2.2\","
	  "\"session\":\"a \\\"b\\\"\\\\x1b[2J \xc3\xa9 \\\\xff\",\"flags\":[]}\n" },
	{ "rasadv", ras,
	  "192.105.90.102 > 239.255.2.2: rasadv advertisement \"thepcsname\""
	  " domain \"example.com\", ttl 1\n",
	  "\"ttl\":1,\"protocol\":\"rasadv\",\"type\":\"advertisement\",\"what\":\"advertise\","
	  "\"speaker\":\"192.105.90.102\",\"receiver\":\"239.255.2.2\","
	  "\"hostname\":\"thepcsname\",\"domain\":\"example.com\",\"flags\":[]}\n" },
	{ "anomaly", odd,
	  "10.0.0.9 > 224.0.0.22: igmp odd, short: the packet ends before its message does,"
	  " ttl 1\n",
	  "\"ttl\":1,\"protocol\":\"igmp\",\"point\":\"membership\",\"speaker\":\"10.0.0.9\","
	  "\"receiver\":\"224.0.0.22\",\"flags\":[],\"anomaly\":\"short\"}\n" },
};

static struct decode_line line_of(const struct observation *obs)
{
	return (struct decode_line){ .obs = obs, .file = "a.pcap", .frame = 7, .time_digits = 6,
				     .link = "" };
}

static void test_json(void)
{
	static const char head[] = "{\"file\":\"a.pcap\",\"frame\":7,"
				   "\"time\":\"2026-11-21T13:00:00.123456Z\",\"bytes\":60,";

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct observation obs = rows[i].obs();
		struct decode_line line = line_of(&obs);
		struct text is = { 0 }, should = { 0 };

		decode_json_put(&line, &is);
		text_printf(&should, "%s%s", head, rows[i].json);
		check_text(text_string(&is), should.p, rows[i].name);
		text_release(&is);
		text_release(&should);
	}
}

static void test_text(void)
{
	setenv("TZ", "UTC0", 1);
	tzset();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct decode_text state = decode_text_of(false, false, false);
		struct observation obs = rows[i].obs();
		struct decode_line line = line_of(&obs);
		struct text is = { 0 }, should = { 0 };

		decode_text_put(&state, &line, &is);
		text_printf(&should, "-- 2026-11-21 UTC --\n13:00:00.123456 %s", rows[i].text);
		check_text(text_string(&is), should.p, rows[i].name);
		text_release(&is);
		text_release(&should);
	}
}

static void test_verdict(void)
{
	struct decode_text state = decode_text_of(true, false, true);
	struct observation obs = odd();
	struct decode_line line = line_of(&obs);
	struct text out = { 0 };

	line.boundary = "border";
	line.action = ACTION_DENY;
	line.rule = "no-odd";
	line.hex = (struct span){ (const uint8_t *)"\x01\xff", 2 };
	decode_json_put(&line, &out);
	check(strstr(out.p, "\"boundary\":\"border\",\"verdict\":\"deny\",\"rule\":\"no-odd\","
			    "\"hex\":\"01ff\"}") != NULL);
	text_reset(&out);
	decode_text_put(&state, &line, &out);
	check(strstr(out.p, " a.pcap#7 \033[1;31mdeny  \033[0m 10.0.0.9 > ") != NULL);
	check(strstr(out.p, "  \033[1;31m<- no-odd\033[0m\n") != NULL);
	text_release(&out);
}

/* Seconds, days, and times before 1970; nanoseconds. */
static void test_time(void)
{
	static const struct {
		int64_t ns;
		const char *text;
	} times[] = {
		{ -1, "-- 1969-12-31 UTC --\n23:59:59.999999999 " },
		{ 0, "-- 1970-01-01 UTC --\n00:00:00.000000000 " },
		{ 1, "00:00:00.000000001 " },
		{ INT64_C(86399999999999), "23:59:59.999999999 " },
		{ INT64_C(86400000000000), "-- 1970-01-02 UTC --\n00:00:00.000000000 " },
		{ 0, "-- 1970-01-01 UTC --\n00:00:00.000000000 " },
	};
	struct decode_text state = decode_text_of(false, false, false);
	struct text out = { 0 };

	setenv("TZ", "UTC0", 1);
	tzset();
	for (size_t i = 0; i < COUNT(times); i++) {
		struct observation obs = odd();
		struct decode_line line = line_of(&obs);

		obs.at.ns = times[i].ns;
		line.time_digits = 9;
		text_reset(&out);
		decode_text_put(&state, &line, &out);
		check_named(strncmp(out.p, times[i].text, strlen(times[i].text)) == 0, out.p);
	}
	text_release(&out);
}

static void test_hex(void)
{
	struct text out = { 0 };

	decode_text_put_hex(span_of("0123456789abcdef\033x"), &out);
	check_text(text_string(&out),
		   "    0000  3031 3233 3435 3637 3839 6162 6364 6566  0123456789abcdef\n"
		   "    0010  1b78                                     .x\n", "hex");
	text_release(&out);
}

TEST_MAIN({ "json", test_json }, { "text", test_text }, { "verdict", test_verdict },
	  { "time", test_time }, { "hex", test_hex })
