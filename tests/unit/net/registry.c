/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of groups: registered, relative, variable in scope, unofficial and derived; newer files
 * in IANA's columns; scopes. */
#include "net/registry.h"
#include "net/scope.h"
#include "t.h"

static struct addr group_of(const char *text)
{
	struct addr a = ADDR_NONE;

	check_named(addr_parse(text, strlen(text), &a), text);
	return a;
}

static const struct {
	const char *group, *name;
	enum name_kind kind;
} rows[] = {
	{ "224.0.0.1", "All Systems on this Subnet", NAME_REGISTERED },
	{ "224.0.0.251", "mDNS", NAME_REGISTERED },
	{ "224.0.1.1", "NTP Network Time Protocol", NAME_REGISTERED },
	{ "224.0.1.38", "Retrospect", NAME_UNOFFICIAL },
	{ "224.2.127.254", "SAPv1 Announcements", NAME_REGISTERED },
	{ "224.2.0.2", "Altiris Rapideploy", NAME_UNOFFICIAL },
	{ "224.2.0.9", "Multimedia Conference Calls", NAME_REGISTERED },
	{ "224.77.1.1", "Norton Ghost", NAME_UNOFFICIAL },
	{ "224.77.255.255", "Norton Ghost", NAME_UNOFFICIAL },
	{ "224.78.0.0", "Reserved", NAME_BLOCK },
	{ "225.9.9.9", "Reserved", NAME_BLOCK },
	{ "232.1.1.1", "SSM", NAME_SSM },
	{ "233.22.30.1", "GLOP of AS 5662", NAME_GLOP },
	{ "233.251.255.255", "GLOP of AS 64511", NAME_GLOP },
	{ "233.252.0.7", "MCAST-TEST-NET", NAME_REGISTERED },
	{ "234.21.81.1", "Limewire", NAME_UNOFFICIAL },
	{ "234.21.81.2", "of 21.81.2.0/24", NAME_PREFIX },
	{ "239.1.2.3", "Organization-Local Scope", NAME_BLOCK },
	{ "239.255.2.2", "rasadv (Windows RAS servers)", NAME_UNOFFICIAL },
	{ "239.255.255.250", "SSDP", NAME_RELATIVE },
	{ "239.195.255.255", "SAP Session Announcement Protocol", NAME_RELATIVE },
	{ "239.255.255.100", "Organization-Local Scope", NAME_BLOCK },
	{ "ff02::1", "All Nodes Address", NAME_REGISTERED },
	{ "ff02::1:ff12:3456", "Solicited-Node Address", NAME_REGISTERED },
	{ "ff02::fb", "mDNSv6", NAME_REGISTERED },
	{ "ff08::fb", "mDNSv6", NAME_REGISTERED },
	{ "ff0e::101", "Network Time Protocol (NTP)", NAME_REGISTERED },
	{ "ff05::145", "EPSON-disc-set", NAME_REGISTERED },
	{ "ff3e::8000:1", "SSM", NAME_SSM },
	{ "ff38::1", "Invalid addresses", NAME_REGISTERED },
	{ "ff3e:20:2001:db8::1234", "of 2001:db8::/32", NAME_PREFIX },
	{ "ff7e:140:2001:db8:beef:feed::1", "RP 2001:db8:beef:feed::1", NAME_RP },
	{ "ff1e::1234", "", NAME_NONE },
	{ "10.0.0.1", "", NAME_NONE },
};

static void test_names(void)
{
	struct registry *r = registry_new();

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct group_name name;

		registry_group(r, group_of(rows[i].group), &name);
		check_text(name.text, rows[i].name, rows[i].group);
		check_named(name.kind == rows[i].kind, rows[i].group);
	}
	registry_free(r);
}

static void test_details(void)
{
	struct registry *r = registry_new();
	struct group_name name;
	char text[ADDR_TEXT];

	registry_group(r, group_of("239.255.255.250"), &name);
	check(name.offset == 5);
	check_text(prefix_text(name.zone.first, 16, text), "239.255.0.0/16", "the zone");
	registry_group(r, group_of("234.10.20.30"), &name);
	check(name.prefix_len == 24);
	check_text(addr_text(name.prefix, text), "10.20.30.0", "the holder");
	check_text(registry_port(r, 1900), "SSDP", "a port");
	check_text(registry_port(r, 7500), "DDS RTPS", "a range of ports");
	check(!registry_port(r, 1));
	registry_free(r);
}

struct told {
	unsigned n, line[8];
	char	 message[8][80];
};

static void tell(void *arg, unsigned line, const char *message)
{
	struct told *told = arg;

	if (told->n < COUNT(told->line)) {
		told->line[told->n] = line;
		snprintf(told->message[told->n], sizeof(told->message[0]), "%s", message);
	}
	told->n++;
}

static void test_newer_file(void)
{
	static const char csv[] =
		"Address(es),Description,References,Change Controller,Date Registered,Last Reviewed\r\n"
		"224.0.0.70,\"A protocol, of\n two lines \"\"quoted\"\"\",[RFC9999],[Somebody],2026-01-01,\r\n"
		"224.0.1.1,Unassigned,,,,\r\n"
		"224.0.1.38,Unassigned,,,,\r\n"
		"224.4.104.0-224.4.104.255,Example Exchange,,,,\r\n"
		"239.0.0.0-239.255.255.255,Organization-Local Scope,,,,\r\n"
		"FF0X:0:0:0:0:0:0:179,Example Variable,[RFC9998],,,\r\n"
		"FF02:0:0:0:0:1:FE00::/104,Example Prefix,,,,\r\n";
	static const struct {
		const char *group, *name;
	} now[] = {
		{ "224.0.0.70", "A protocol, of\n two lines \"quoted\"" },
		{ "224.0.1.1", "Unassigned" },
		{ "224.0.1.38", "Retrospect" },
		{ "224.0.1.2", "SGI-Dogfight" },
		{ "224.4.104.7", "Example Exchange" },
		{ "239.255.2.2", "rasadv (Windows RAS servers)" },
		{ "239.255.255.250", "SSDP" },
		{ "ff0e::179", "Example Variable" },
		{ "ff02::1:fe00:7", "Example Prefix" },
	};
	struct registry *r = registry_new();
	struct told told = { .n = 0 };

	check(registry_read(r, span_of(csv), tell, &told));
	check(told.n == 0);
	for (size_t i = 0; i < COUNT(now); i++) {
		struct group_name name;

		registry_group(r, group_of(now[i].group), &name);
		check_text(name.text, now[i].name, now[i].group);
	}
	registry_free(r);
}

/* Every mistake with its line, and then nothing of the file counts. */
static void test_mistakes(void)
{
	static const char csv[] = "Address(es),Description,References\n"
				  "224.0.1.2,Good,\n"
				  "224.0.1,Short,\n"
				  "10.0.0.1,Unicast,\n"
				  "224.0.1.9-224.0.1.3,Backwards,\n"
				  "224.0.1.4,,\n"
				  "\"224.0.1.5\"x,Quoted,\n"
				  "224.0.1.0/33,Long,\n"
				  ",Nothing,\n";
	struct registry *r = registry_new();
	struct told told = { .n = 0 };
	struct group_name name;

	check(!registry_read(r, span_of(csv), tell, &told));
	check(told.n == 7);
	for (unsigned i = 0; i < 7; i++)
		check(told.line[i] == i + 3);
	check_text(told.message[1], "not multicast", "why");
	registry_group(r, group_of("224.0.1.2"), &name);
	check_text(name.text, "SGI-Dogfight", "as before");
	check(!registry_read(r, span_of("Group,Title\n1,2\n"), tell, &told));
	check(!registry_read(r, span_of(""), NULL, NULL));
	registry_free(r);
}

static void test_scopes(void)
{
	static const struct {
		const char *group, *scope, *alias;
	} scopes[] = {
		{ "224.0.0.5", "link-local", "-" },
		{ "224.0.1.5", "global", "-" },
		{ "225.0.0.5", "global", "224.0.0.5" },
		{ "239.128.0.5", "organisation-expansion", "224.0.0.5" },
		{ "224.128.0.251", "global", "224.0.0.251" },
		{ "239.192.0.1", "organisation-local", "-" },
		{ "239.195.255.255", "organisation-local", "-" },
		{ "239.196.0.0", "undefined", "-" },
		{ "239.254.0.0", "local-expansion", "-" },
		{ "239.255.0.0", "local", "-" },
		{ "ff02::1", "link-local", "-" },
		{ "ff05::1:1", "site-local", "-" },
		{ "ff0e::1", "global", "ff02::1" },
		{ "ff3f::1", "global", "ff02::1" },
		{ "ff00::7", "reserved", "-" },
	};
	char text[ADDR_TEXT];

	for (size_t i = 0; i < COUNT(scopes); i++) {
		struct addr g = group_of(scopes[i].group);

		check_text(scope_name(g), scopes[i].scope, scopes[i].group);
		check_text(addr_text(scope_link_alias(g), text), scopes[i].alias, scopes[i].group);
	}
	check(!scope_name(group_of("10.0.0.1")));
}

TEST_MAIN({ "names", test_names }, { "details", test_details }, { "a newer file", test_newer_file },
	  { "mistakes", test_mistakes }, { "scopes", test_scopes })
