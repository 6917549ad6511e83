/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses: text both ways, against the C library's reader on random input. */
#include <arpa/inet.h>

#include "net/addr.h"
#include "t.h"

static void test_text(void)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "224.0.0.1", "224.0.0.1" },	     { "::", "::" },
		{ "::1", "::1" },		     { "ff02::1:ff00:0", "ff02::1:ff00:0" },
		{ "FF0E:0:0:0:0:0:0:101", "ff0e::101" }, { "1:0:0:2:0:0:0:3", "1:0:0:2::3" },
		{ "1:0:0:2:3:0:0:4", "1::2:3:0:0:4" }, { "1:2:3:4:5:6:0:8", "1:2:3:4:5:6:0:8" },
		{ "::ffff:10.0.0.1", "::ffff:10.0.0.1" }, { "1::", "1::" },
		{ "64:ff9b::192.0.2.33", "64:ff9b::c000:221" },
	};
	static const char *const bad[] = { "",	    "1",      "1.2.3",	 "1.2.3.4.", "01.2.3.4",
					   "256.1.1.1", ":", ":::",	 "1:2",	     "1::2::3",
					   "12345::", "1:2:3:4:5:6:7:8:9", "::1.2.3", "g::", "1:" };
	char b[ADDR_TEXT];
	struct addr a;

	for (size_t i = 0; i < COUNT(rows); i++) {
		check_named(addr_parse(rows[i].in, strlen(rows[i].in), &a), rows[i].in);
		check_text(addr_text(a, b), rows[i].out, rows[i].in);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		check_named(!addr_parse(bad[i], strlen(bad[i]), &a), bad[i]);
}

/* Random addresses with many zeros, written by the C library and read by weir, and back. */
static void test_against_libc(void)
{
	uint64_t state = 88172645463325252u;

	for (int i = 0; i < 20000; i++) {
		uint8_t bytes[16];
		char libc[INET6_ADDRSTRLEN], own[ADDR_TEXT];
		struct addr a, b;
		struct rd r = rd_of((struct span){ bytes, 16 });

		for (size_t k = 0; k < 16; k += 2) {
			uint64_t v = t_random(&state);

			bytes[k] = v & 1 ? 0 : (uint8_t)(v >> 8);
			bytes[k + 1] = v & 3 ? 0 : (uint8_t)(v >> 16);
		}
		inet_ntop(AF_INET6, bytes, libc, sizeof(libc));
		a = addr_read6(&r);
		if (!strchr(libc, '.'))
			check_text(addr_text(a, own), libc, "as the C library");
		check(addr_parse(libc, strlen(libc), &b) && addr_equal(a, b));
	}
}

static void test_prefix(void)
{
	char b[ADDR_TEXT];
	struct addr a = addr_of4(0xe0000105);

	check_text(addr_text(addr_first(a, 24), b), "224.0.1.0", "first");
	check_text(addr_text(addr_last(a, 24), b), "224.0.1.255", "last");
	check_text(addr_text(addr_last(addr_of4(0), 0), b), "255.255.255.255", "all of IPv4");
	check_text(addr_text(addr_last(addr_of6(0xff3eULL << 48, 0), 32), b),
		   "ff3e:0:ffff:ffff:ffff:ffff:ffff:ffff", "IPv6");
	check_text(prefix_text(addr_first(a, 8), 8, b), "224.0.0.0/8", "prefix");
	check_text(addr_text(addr_next(addr_of6(0, UINT64_MAX)), b), "0:0:0:1::", "carry");
	check(addr_is_link_local_group(addr_of4(0xe0000001)));
	check(!addr_is_link_local_group(addr_of4(0xe0000101)));
	check(addr_is_link_local_group(addr_of6(0xff02ULL << 48, 1)));
	check(!addr_is_link_local_group(addr_of6(0xff05ULL << 48, 1)));
}

TEST_MAIN({ "text", test_text }, { "against libc", test_against_libc }, { "prefix", test_prefix })
