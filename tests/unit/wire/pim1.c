/* SPDX-License-Identifier: BSD-2-Clause */
/* PIM version 1 messages and the exact words that weir takes from them. */
#include "sweep.h"
#include "wire/pim1.h"

static const struct t_row rows[] = {
	{ "query",
	  "1400bba5 10000000 2000005a",
	  "hello -,- notice", true },
	{ "register",
	  "140173e5 10000000 4500001d 00000000 0511bacb 0a000001 ef010203 13881388"
	  "00090000 41",
	  "register 10.0.0.1,239.1.2.3", false },
	{ "register of half a header",
	  "1401cd03 10000000 4500001d 00000000 0511bacb 0a000001",
	  "anomaly short", false },
	{ "register-stop",
	  "1402e0f7 10000000 ef010203 0a000001",
	  "none 10.0.0.1,239.1.2.3 notice", true },
	{ "(S,G) join",
	  "1403d213 10000000 0a000009 000000b4 00040401 ef010203 ffffffff 00010000"
	  "00200a00 0001",
	  "join 10.0.0.1,239.1.2.3", true },
	{ "(*,G) join, (S,G) prune",
	  "14030d31 10000000 0a000009 000000b4 00040401 ef010203 ffffffff 00010001"
	  "01e0c000 02010120 0a000001",
	  "join *,239.1.2.3 rp 192.0.2.1 rpt wildcard; prune 10.0.0.1,239.1.2.3 notice", true },
	{ "no sets",
	  "1403cd3b 10000000 0a000009 000000b4 00040400",
	  "none -,- notice", true },
	{ "more sources than there are",
	  "1403d212 10000000 0a000009 000000b4 00040401 ef010203 ffffffff 00020000"
	  "00200a00 0001",
	  "anomaly short", true },
	{ "a netmask with a hole",
	  "1403d411 10000000 0a000009 000000b4 00040401 ef010203 ff00ff00 00010000"
	  "00200a00 0001",
	  "anomaly length", false },
	{ "RP reachable",
	  "140427e7 10000000 ef010203 ffffffff c0000201 0000010e",
	  "rp -,239.1.2.3 rp 192.0.2.1", true },
	{ "RP reachable for a range",
	  "140429ea 10000000 ef010000 ffff0000 c0000201 0000010e",
	  "rp -,239.1.0.0/16 rp 192.0.2.1", true },
	{ "assert",
	  "1405e072 10000000 ef010203 ffffffff 0a000001 0000006e 00000014",
	  "none 10.0.0.1,239.1.2.3 notice", true },
	{ "(*,G) assert",
	  "14056a73 10000000 ef010203 ffffffff 00000000 8000006e 00000014",
	  "none *,239.1.2.3 notice rpt", true },
	{ "graft",
	  "1406d210 10000000 0a000009 000000b4 00040401 ef010203 ffffffff 00010000"
	  "00200a00 0001",
	  "join 10.0.0.1,239.1.2.3", true },
	{ "graft-ack",
	  "1407d20f 10000000 0a000009 000000b4 00040401 ef010203 ffffffff 00010000"
	  "00200a00 0001",
	  "none 10.0.0.1,239.1.2.3 notice", true },
	{ "code 9",
	  "1409dbf6 10000000",
	  "anomaly type", true },
	{ "version 2",
	  "1403cbfc 20000000",
	  "anomaly version", true },
	{ "four octets",
	  "14303030",
	  "anomaly short", true },
};

static void test_rows(void)
{
	struct layers at = t_layers("10.0.0.7", "224.0.0.2", 2);

	sweep_rows(&at, rows, COUNT(rows), pim1_decode);
}

/* The RP is the outer destination, where that is no group. */
static void test_register(void)
{
	struct layers at = t_layers("10.0.0.7", "192.0.2.1", 2);
	struct span bytes = t_bytes(rows[1].hex);
	struct said said;
	struct text is;

	said_init(&said);
	pim1_decode(&at, bytes, &said);
	is = t_said(&said);
	check_text(text_string(&is), "register 10.0.0.1,239.1.2.3 rp 192.0.2.1", "register");
	check(said.list[0].point == POINT_REGISTER && said.list[0].type == TYPE_V1_REGISTER);
	text_release(&is);
	said_release(&said);
	free((void *)bytes.p);
}

TEST_MAIN({ "rows", test_rows }, { "register", test_register })
