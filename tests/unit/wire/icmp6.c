/* SPDX-License-Identifier: BSD-2-Clause */
/* Router Advertisements and the exact words that weir takes from them. */
#include "sweep.h"
#include "wire/icmp6.h"

static const struct t_row rows[] = {
	{ "advertisement",
	  "86003527 40000708 00000000 00000000",
	  "router -,-", true },
	{ "with a prefix and a link address",
	  "8600f4c6 40000708 00000000 00000000 01010001 02030405 030440c0 00278d00"
	  "00093a80 00000000 20010db8 00000000 00000000 00000000",
	  "router -,-", false },
	{ "an option of length 0",
	  "8600341f 40000708 00000000 00000000 01000000 00000000",
	  "anomaly length", false },
	{ "an option behind the end",
	  "8600341d 40000708 00000000 00000000 01020000 00000000",
	  "anomaly short", false },
	{ "bad checksum",
	  "86000000 40000708 00000000 00000000",
	  "router -,- bad-checksum", true },
	{ "nothing",
	  "",
	  "anomaly short", true },
};

static void test_rows(void)
{
	struct layers at = t_layers("fe80::1", "ff02::1", 58);

	sweep_rows(&at, rows, COUNT(rows), icmp6_decode);
}

TEST_MAIN({ "rows", test_rows })
