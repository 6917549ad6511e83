/* SPDX-License-Identifier: BSD-2-Clause */
/* MLD messages and the exact words that weir takes from them; the report's encoder. */
#include "sweep.h"
#include "wire/mld.h"

static const struct t_row rows[] = {
	{ "general query of version 1",
	  "82005902 27100000 00000000 00000000 00000000 00000000",
	  "query -,- notice", true },
	{ "group query of version 1",
	  "820059aa 27100000 ff150000 00000000 00000000 00000042",
	  "query *,ff15::42 notice", true },
	{ "general query of version 2",
	  "82005681 27100000 00000000 00000000 00000000 00000000 027d0000",
	  "query -,- notice", false },
	{ "query about two sources",
	  "8200fb91 27100000 ff150000 00000000 00000000 00000042 027d0002 20010db8"
	  "00000000 00000000 00000001 20010db8 00000000 00000000 00000002",
	  "query 2001:db8::1,ff15::42 notice; query 2001:db8::2,ff15::42 notice", false },
	{ "query of 26 octets",
	  "82005683 27100000 00000000 00000000 00000000 00000000 027d",
	  "anomaly length", false },
	{ "report of version 1",
	  "83007fba 00000000 ff150000 00000000 00000000 00000042",
	  "join *,ff15::42", true },
	{ "done",
	  "84007eba 00000000 ff150000 00000000 00000000 00000042",
	  "leave *,ff15::42 notice", true },
	{ "IS_IN of two",
	  "8f00171e 00000001 01000002 ff150000 00000000 00000000 00000042 20010db8"
	  "00000000 00000000 00000001 20010db8 00000000 00000000 00000002",
	  "join 2001:db8::1,ff15::42; join 2001:db8::2,ff15::42", true },
	{ "IS_IN of none",
	  "8f0072b5 00000001 01000000 ff150000 00000000 00000000 00000042",
	  "none -,ff15::42 notice", true },
	{ "IS_EX of one",
	  "8f0043ea 00000001 02000001 ff150000 00000000 00000000 00000042 20010db8"
	  "00000000 00000000 00000001",
	  "join *,ff15::42 excluded 1", true },
	{ "TO_IN of none",
	  "8f0070b5 00000001 03000000 ff150000 00000000 00000000 00000042",
	  "leave *,ff15::42 notice", true },
	{ "TO_IN of one",
	  "8f0042ea 00000001 03000001 ff150000 00000000 00000000 00000042 20010db8"
	  "00000000 00000000 00000001",
	  "join 2001:db8::1,ff15::42", true },
	{ "TO_EX of none",
	  "8f006fb5 00000001 04000000 ff150000 00000000 00000000 00000042",
	  "join *,ff15::42", true },
	{ "ALLOW of one",
	  "8f0040ea 00000001 05000001 ff150000 00000000 00000000 00000042 20010db8"
	  "00000000 00000000 00000001",
	  "join 2001:db8::1,ff15::42", true },
	{ "BLOCK of one",
	  "8f003fea 00000001 06000001 ff150000 00000000 00000000 00000042 20010db8"
	  "00000000 00000000 00000001",
	  "leave 2001:db8::1,ff15::42 notice", true },
	{ "two records, auxiliary data between",
	  "8f00c5de 00000002 04010000 ff150000 00000000 00000000 00000042 aabbccdd"
	  "05000001 ff150000 00000000 00000000 00000042 20010db8 00000000 00000000"
	  "00000001",
	  "join *,ff15::42; join 2001:db8::1,ff15::42", true },
	{ "scope F",
	  "8f006fec 00000001 04000000 ff1f0000 00000000 00000000 00000001",
	  "join *,ff1f::1 scope-f", true },
	{ "more records claimed than there are",
	  "8f006fb4 00000002 04000000 ff150000 00000000 00000000 00000042",
	  "anomaly short", true },
	{ "more sources claimed than there are",
	  "8f0030ec 00000001 05000fff ff150000 00000000 00000000 00000042 20010db8"
	  "00000000 00000000 00000001",
	  "anomaly short", true },
	{ "a group that is a host",
	  "83005158 00000000 20010db8 00000000 00000000 00000001",
	  "anomaly address", true },
	{ "a checksum without the pseudo-header",
	  "83007da7 00000000 ff150000 00000000 00000000 00000042",
	  "join *,ff15::42 bad-checksum", true },
	{ "nothing",
	  "",
	  "anomaly short", true },
};

static void test_rows(void)
{
	struct layers at = t_layers("fe80::1", "ff02::16", 58);

	sweep_rows(&at, rows, COUNT(rows), mld_decode);
}

/* RFC 2710 3, RFC 3810 5: always with the option. */
static void test_router_alert(void)
{
	struct layers at = t_layers("fe80::1", "ff02::16", 58);
	struct span bytes = t_bytes(rows[5].hex);
	struct said said;

	at.router_alert = false;
	said_init(&said);
	mld_decode(&at, bytes, &said);
	check(said.n == 1 && said.list[0].flags == FLAG_BIT(NO_ROUTER_ALERT));
	said_release(&said);
	free((void *)bytes.p);
}

static void test_encode(void)
{
	struct addr source = t_addr("2001:db8::1");
	struct record records[2] = {
		{ RECORD_IS_IN, t_addr("ff3e::1"), &source, 1 },
		{ RECORD_TO_IN, t_addr("ff15::42"), NULL, 0 },
	};
	struct layers at = t_layers("fe80::1", "ff02::16", 58);
	uint8_t buffer[128];
	struct wr w = wr_of(buffer, sizeof(buffer)), tight = wr_of(buffer, 63);
	struct said said;
	struct text is;

	mld_report_encode(records, 2, t_addr("fe80::1"), t_addr("ff02::16"), &w);
	check(wr_ok(&w) && wr_done(&w) == 64);
	said_init(&said);
	mld_decode(&at, wr_span(&w), &said);
	is = t_said(&said);
	check_text(text_string(&is), "join 2001:db8::1,ff3e::1; leave *,ff15::42 notice",
		   "what was written is read");
	mld_report_encode(records, 2, t_addr("fe80::1"), t_addr("ff02::16"), &tight);
	check(!wr_ok(&tight));
	text_release(&is);
	said_release(&said);
}

TEST_MAIN({ "rows", test_rows }, { "router alert", test_router_alert },
	  { "encode", test_encode })
