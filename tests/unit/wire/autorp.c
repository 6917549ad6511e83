/* SPDX-License-Identifier: BSD-2-Clause */
/* Auto-RP messages and the exact words that weir takes from them. */
#include "sweep.h"
#include "wire/autorp.h"

static const struct t_row rows[] = {
	{ "announcement of two ranges",
	  "110100b5 00000000 c0000201 03020008 ef000000 0110efff 0000",
	  "rp -,239.0.0.0/8 rp 192.0.2.1; rp -,239.255.0.0/16 rp 192.0.2.1 negative", true },
	{ "discovery of two RPs",
	  "120200b5 00000000 c0000201 03010004 e0000000 c0000202 02010018 ef010200",
	  "rp -,224.0.0.0/4 rp 192.0.2.1; rp -,239.1.2.0/24 rp 192.0.2.2", true },
	{ "discovery of none",
	  "120000b5 00000000",
	  "rp -,-", true },
	{ "RP without ranges",
	  "120100b5 00000000 c0000201 0300",
	  "rp -,- rp 192.0.2.1", true },
	{ "fewer ranges than it claims",
	  "110100b5 00000000 c0000201 03020008 ef000000",
	  "anomaly short", true },
	{ "fewer RPs than it claims",
	  "110200b5 00000000 c0000201 03010008 ef000000",
	  "anomaly short", true },
	{ "a mask that is too long",
	  "110100b5 00000000 c0000201 03010021 ef000000",
	  "anomaly length", true },
	{ "a range of hosts",
	  "110100b5 00000000 c0000201 03010008 0a000000",
	  "anomaly address", true },
	{ "version 2",
	  "210000b5 00000000",
	  "anomaly version", true },
	{ "type 3",
	  "130000b5 00000000",
	  "anomaly type", true },
	{ "nothing",
	  "",
	  "anomaly short", true },
};

static void test_rows(void)
{
	struct layers at = t_layers("10.0.0.7", "224.0.1.39", 17);

	sweep_rows(&at, rows, COUNT(rows), autorp_decode);
}

/* Port 496 of another group is no Auto-RP. */
static void test_other_group(void)
{
	struct layers at = t_layers("10.0.0.7", "239.1.2.3", 17);
	struct span bytes = t_bytes(rows[0].hex);
	struct said said;

	said_init(&said);
	autorp_decode(&at, bytes, &said);
	check(said.n == 0);
	said_release(&said);
	free((void *)bytes.p);
}

TEST_MAIN({ "rows", test_rows }, { "another group", test_other_group })
