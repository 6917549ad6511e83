/* SPDX-License-Identifier: BSD-2-Clause */
/* SDP: names and groups, at session and at media level, with counts. */
#include "net/addr.h"
#include "base/text.h"
#include "t.h"
#include "wire/sdp.h"

static const struct {
	const char *name, *text, *says;
} rows[] = {
	{ "session level", "v=0\r\ns=News\r\nc=IN IP4 224.2.1.1/127\r\nt=0 0\r\n",
	  "News: 224.2.1.1-224.2.1.1" },
	{ "count of IPv4", "s=a\nc=IN IP4 224.2.1.1/127/3\n", "a: 224.2.1.1-224.2.1.3" },
	{ "count of IPv6", "s=a\nc=IN IP6 ff15::101/3\n", "a: ff15::101-ff15::103" },
	{ "a TTL is no count", "s=a\nc=IN IP4 224.2.1.1/3\n", "a: 224.2.1.1-224.2.1.1" },
	{ "media level", "s=a\nm=audio 1 RTP/AVP 0\nc=IN IP4 224.2.1.1/1\nm=video 2 RTP/AVP 31\n"
			 "c=IN IP4 224.2.1.2/1\n",
	  "a: 224.2.1.1-224.2.1.1 224.2.1.2-224.2.1.2" },
	{ "unicast and names are no groups", "s=a\nc=IN IP4 192.0.2.1\nc=IN IP4 example.com\n", "a:" },
	{ "bare line feeds, carriage returns, no last end", "v=0\rs=a\rc=IN IP4 239.1.1.1/1",
	  "a: 239.1.1.1-239.1.1.1" },
	{ "a NUL ends a line", "s=a", "a:" },
	{ "no session name", "c=IN IP4 239.1.1.1/1\n", ": 239.1.1.1-239.1.1.1" },
	{ "the first name counts", "s=a\ns=b\n", "a:" },
	{ "no such count", "s=a\nc=IN IP4 224.2.1.1/127/x\n", "a: 224.2.1.1-224.2.1.1" },
	{ "a count of nothing", "s=a\nc=IN IP4 224.2.1.1/127/0\n", "a: 224.2.1.1-224.2.1.1" },
	{ "a count over the end", "s=a\nc=IN IP4 239.255.255.254/1/99999999999\n",
	  "a: 239.255.255.254-239.255.255.255" },
	{ "a count over IPv6's end",
	  "s=a\nc=IN IP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/9\n",
	  "a: ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "a carry of IPv6", "s=a\nc=IN IP6 ff15::ffff:ffff:ffff:ffff/2\n",
	  "a: ff15::ffff:ffff:ffff:ffff-ff15:0:0:1::" },
	{ "another network", "s=a\nc=ATM NSAP 47.0091\nc=IN IP5 224.2.1.1\nc=\nc=IN\nc=IN IP4\n", "a:" },
	{ "nothing", "", ":" },
};

static struct text read_all(struct span text)
{
	struct text out = { 0 };
	struct span name = sdp_name(text);
	struct sdp_groups groups;
	char a[ADDR_TEXT], b[ADDR_TEXT];

	text_put_n(&out, (const char *)name.p, name.n);
	text_put(&out, ":");
	while (sdp_groups_next(&text, &groups))
		text_printf(&out, " %s-%s", addr_text(groups.first, a), addr_text(groups.last, b));
	return out;
}

/* In memory of exactly n bytes, whole and cut at every place. */
static void test_rows(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t whole = strlen(rows[i].text);

		for (size_t n = 0; n <= whole; n++) {
			uint8_t *copy = malloc(n + (n == 0));
			struct text text;

			memcpy(copy, rows[i].text, n);
			text = read_all((struct span){ copy, n });
			if (n == whole)
				check_text(text_string(&text), rows[i].says, rows[i].name);
			text_release(&text);
			free(copy);
		}
	}
}

TEST_MAIN({ "rows", test_rows })
