/* SPDX-License-Identifier: BSD-2-Clause */
/* Prefixes and RPs inside of groups and of ranges of groups: examples of RFC 6034, RFC 3306 and
 * RFC 3956, and every end of what they allow. */
#include "net/embed.h"
#include "t.h"

static const struct {
	const char *group;		/* with a length: a range */
	const char *prefix;		/* "first - last", or "" */
	const char *rp;			/* "" where there is none */
} rows[] = {
	{ "234.192.0.2", "192.0.2.0 - 192.0.2.255", "" },
	{ "234.0.0.0", "0.0.0.0 - 0.0.0.255", "" },
	{ "234.10.0.0/16", "10.0.0.0 - 10.255.255.255", "" },
	{ "234.0.0.0/8", "0.0.0.0 - 255.255.255.255", "" },
	{ "234.0.0.0/7", "", "" },
	{ "233.10.0.1", "", "" },
	{ "235.10.0.1", "", "" },
	{ "ff3e:20:2001:db8::1", "2001:db8:: - 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "" },
	{ "ff3e:40:2001:db8:0:1::1", "2001:db8:0:1:: - 2001:db8:0:1:ffff:ffff:ffff:ffff", "" },
	{ "ff3e:1:8000::1", "8000:: - ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "" },
	{ "ff3e:0:2001:db8::1", "", "" },			/* plen 0: SSM */
	{ "ff3e:41:2001:db8::1", "", "" },			/* plen 65 */
	{ "ffb5:20:2001:db8::1", "2001:db8:: - 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "" },
	{ "ff1e:20:2001:db8::1", "", "" },			/* P not set */
	{ "ff2e:20:2001:db8::1", "", "" },			/* T not set */
	{ "ff7e:140:2001:db8:beef:feed::1234",
	  "2001:db8:beef:feed:: - 2001:db8:beef:feed:ffff:ffff:ffff:ffff", "2001:db8:beef:feed::1" },
	{ "ff7e:f20:2001:db8::1", "2001:db8:: - 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
	  "2001:db8::f" },
	{ "ff7e:120:2001:db8:ffff:ffff::1", "2001:db8:: - 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
	  "2001:db8::1" },					/* bits behind plen are left out */
	{ "ff7e:40:2001:db8::1", "2001:db8:: - 2001:db8::ffff:ffff:ffff:ffff", "" },	/* RIID 0 */
	{ "fffe:140:2001:db8::1", "2001:db8:: - 2001:db8::ffff:ffff:ffff:ffff", "" },
	{ "ff7e:141:2001:db8::1", "", "" },
	{ "ff7e:140:2001:db8::/96", "2001:db8:: - 2001:db8::ffff:ffff:ffff:ffff", "2001:db8::1" },
	{ "ff7e:140:2001:db8::/95", "2001:db8:: - 2001:db8:0:1:ffff:ffff:ffff:ffff", "" },
	{ "ff7e:120:2001:db8::/64", "2001:db8:: - 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
	  "2001:db8::1" },
	{ "ff7e:120:2001:db8::/63", "2001:db8:: - 2001:db9:ffff:ffff:ffff:ffff:ffff:ffff", "" },
	{ "ff3e:20::/32", ":: - ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "" },
	{ "ff3e:20::/27", ":: - ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "" },	/* plen 32 to 63 */
	{ "ff3e::/27", "", "" },				/* plen 0 to 31 */
	{ "ff3e:40::/31", "", "" },				/* plen 64 and 65 */
	{ "ff30::/12", "", "" },
	{ "3f3e:20:2001:db8::1", "", "" },
};

static void say(const struct range *range, char out[3 * ADDR_TEXT])
{
	char first[ADDR_TEXT], last[ADDR_TEXT];

	snprintf(out, 3 * ADDR_TEXT, "%s - %s", addr_text(range->first, first),
		 addr_text(range->last, last));
}

static void test_rows(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *slash = strchr(rows[i].group, '/');
		size_t n = slash ? (size_t)(slash - rows[i].group) : strlen(rows[i].group);
		char prefix[3 * ADDR_TEXT] = "", rp_text[ADDR_TEXT] = "";
		struct range range;
		struct addr group = ADDR_NONE, rp;
		unsigned length;

		check_named(addr_parse(rows[i].group, n, &group), rows[i].group);
		length = slash ? (unsigned)strtoul(slash + 1, NULL, 10) : addr_bits(group);
		if (embedded_prefix(group, length, &range))
			say(&range, prefix);
		if (embedded_rp(group, length, &rp))
			addr_text(rp, rp_text);
		check_text(prefix, rows[i].prefix, rows[i].group);
		check_text(rp_text, rows[i].rp, rows[i].group);
	}
}

static void test_scope_f(void)
{
	static const char *const groups[][2] = {
		{ "ff0f::101", "ff0e::101" }, { "ff3f:20::1", "ff3e:20::1" }, { "ff0e::1", "ff0e::1" },
		{ "ff0d::1", "ff0d::1" },     { "224.0.0.15", "224.0.0.15" }, { "fe8f::1", "fe8f::1" },
	};
	char text[ADDR_TEXT];

	for (size_t i = 0; i < COUNT(groups); i++) {
		struct addr a = ADDR_NONE;

		check(addr_parse(groups[i][0], strlen(groups[i][0]), &a));
		check_text(addr_text(group_as_read(a), text), groups[i][1], groups[i][0]);
	}
	check(group_as_read(ADDR_ANY).family == FAMILY_ANY);
}

TEST_MAIN({ "rows", test_rows }, { "scope F", test_scope_f })
