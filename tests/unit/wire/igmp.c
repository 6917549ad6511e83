/* SPDX-License-Identifier: BSD-2-Clause */
/* IGMP messages and the exact words that weir takes from them; the report's encoder. */
#include "sweep.h"
#include "wire/igmp.h"

static const struct t_row rows[] = {
	{ "general query of version 1",
	  "1100eeff 00000000",
	  "query -,- notice", true },
	{ "general query of version 2",
	  "1164ee9b 00000000",
	  "query -,- notice", true },
	{ "group query of version 2",
	  "110afdf0 ef010203",
	  "query *,239.1.2.3 notice", true },
	{ "general query of version 3",
	  "1164ec1e 00000000 027d0000",
	  "query -,- notice", false },
	{ "group query of version 3",
	  "1164f319 ef010203 0a7d0000",
	  "query *,239.1.2.3 notice", false },
	{ "query about two sources",
	  "1164df14 ef010203 0a7d0002 0a000001 0a000002",
	  "query 10.0.0.1,239.1.2.3 notice; query 10.0.0.2,239.1.2.3 notice", false },
	{ "query of 10 octets",
	  "1164ee9b 00000000 0000",
	  "anomaly length", false },
	{ "report of version 1",
	  "1200fcfa ef010203",
	  "join *,239.1.2.3", true },
	{ "report of version 2",
	  "1600f8fa ef010203",
	  "join *,239.1.2.3", true },
	{ "report with more behind it",
	  "1600f4f4 ef010203 01020304",
	  "join *,239.1.2.3", false },
	{ "leave",
	  "1700f7fa ef010203",
	  "leave *,239.1.2.3 notice", true },
	{ "IS_IN of two",
	  "2200d7f4 00000001 01000002 ef010203 0a000001 0a000002",
	  "join 10.0.0.1,239.1.2.3; join 10.0.0.2,239.1.2.3", true },
	{ "IS_IN of none",
	  "2200ebf9 00000001 01000000 ef010203",
	  "none -,239.1.2.3 notice", true },
	{ "IS_EX of none",
	  "2200eaf9 00000001 02000000 ef010203",
	  "join *,239.1.2.3", true },
	{ "IS_EX of two",
	  "2200d6f4 00000001 02000002 ef010203 0a000001 0a000002",
	  "join *,239.1.2.3 excluded 2", true },
	{ "TO_IN of one",
	  "2200dff7 00000001 03000001 ef010203 0a000001",
	  "join 10.0.0.1,239.1.2.3", true },
	{ "TO_IN of none",
	  "2200e9f9 00000001 03000000 ef010203",
	  "leave *,239.1.2.3 notice", true },
	{ "TO_EX of none",
	  "2200e8f9 00000001 04000000 ef010203",
	  "join *,239.1.2.3", true },
	{ "TO_EX of one",
	  "2200def7 00000001 04000001 ef010203 0a000001",
	  "join *,239.1.2.3 excluded 1", true },
	{ "ALLOW of one",
	  "2200e5f9 00000001 05000001 e8010101 0a000001",
	  "join 10.0.0.1,232.1.1.1", true },
	{ "ALLOW of none",
	  "2200e7f9 00000001 05000000 ef010203",
	  "none -,239.1.2.3 notice", true },
	{ "BLOCK of two",
	  "2200d2f4 00000001 06000002 ef010203 0a000001 0a000002",
	  "leave 10.0.0.1,239.1.2.3 notice; leave 10.0.0.2,239.1.2.3 notice", true },
	{ "BLOCK of none",
	  "2200e6f9 00000001 06000000 ef010203",
	  "none -,239.1.2.3 notice", true },
	{ "two records, auxiliary data between",
	  "22007959 00000002 04010000 ef010203 aabbccdd 05000001 e8010101 0a000001",
	  "join *,239.1.2.3; join 10.0.0.1,232.1.1.1", true },
	{ "an unknown record beside a known one",
	  "2200e4f1 00000002 09000001 ef010203 0a000001 04000000 ef010203",
	  "join *,239.1.2.3", true },
	{ "unknown records only",
	  "2200ecf9 00000001 00000000 ef010203",
	  "none -,- notice", true },
	{ "report of no records",
	  "2200ddff 00000000",
	  "none -,- notice", true },
	{ "exclusions do not cling to the next record",
	  "2200e6f1 00000002 04000001 ef010203 0a000001 05000001 e8010101 0a000001",
	  "join *,239.1.2.3 excluded 1; join 10.0.0.1,232.1.1.1", true },
	{ "more records claimed than there are",
	  "2200e8f8 00000002 04000000 ef010203",
	  "anomaly short", true },
	{ "more sources claimed than there are",
	  "2200ddf8 00000001 0500ffff ef010203 0a000001",
	  "anomaly short", true },
	{ "auxiliary data that is not there",
	  "2200e7fa 00000001 04ff0000 ef010203",
	  "anomaly short", true },
	{ "a group that is a host",
	  "1600ddfb 0a010203",
	  "anomaly address", true },
	{ "a source that is a group",
	  "2200f6f3 00000001 05000001 ef010203 ef010203",
	  "anomaly address", true },
	{ "one bad group silences the others",
	  "2200daf7 00000002 04000000 ef010203 04000000 0a000001",
	  "anomaly address", true },
	{ "DVMRP probe",
	  "1301edfa 0000ff03",
	  "none -,- notice", true },
	{ "mtrace request",
	  "1f4091b3 ef010203 0a000001 0a000002 0a000003 40000001",
	  "none 10.0.0.1,239.1.2.3 notice", true },
	{ "mtrace response about no group",
	  "1e4083b8 00000000 0a000001 0a000002 0a000003 40000001",
	  "none 10.0.0.1,- notice", true },
	{ "RGMP to another group than its own",
	  "fd0011fa ef010203",
	  "anomaly type", true },
	{ "router solicitation",
	  "3100ceff",
	  "none -,- notice", true },
	{ "router discovery",
	  "3014cf6c 007d0002",
	  "none -,- notice", false },
	{ "type that is none",
	  "5000afff 00000000",
	  "anomaly type", true },
	{ "bad checksum",
	  "16000000 ef010203",
	  "join *,239.1.2.3 bad-checksum", true },
	{ "nothing",
	  "",
	  "anomaly short", true },
};

static void test_rows(void)
{
	struct layers at = t_layers("10.0.0.7", "224.0.0.22", 2);

	sweep_rows(&at, rows, COUNT(rows), igmp_decode);
}

static void says(const char *hex, const struct layers *at, const char *should, const char *name)
{
	struct span bytes = t_bytes(hex);
	struct said said;
	struct text is;

	said_init(&said);
	sweep_one(at, bytes.p, bytes.n, igmp_decode, &said);
	is = t_said(&said);
	check_text(text_string(&is), should, name);
	text_release(&is);
	said_release(&said);
	free((void *)bytes.p);
}

/* RFC 2236 2, RFC 3376 4; version 1 and the routers' protocols know no such option. */
static void test_router_alert(void)
{
	struct layers at = t_layers("10.0.0.7", "239.1.2.3", 2);

	at.router_alert = false;
	says("1600f8fa ef010203", &at, "join *,239.1.2.3 no-router-alert", "version 2");
	says("1200fcfa ef010203", &at, "join *,239.1.2.3", "version 1");
	says("1100eeff 00000000", &at, "query -,- notice", "query of version 1");
	says("1164ee9b 00000000", &at, "query -,- notice no-router-alert", "query of version 2");
}

/* Of a message that was not captured whole no checksum is judged. */
static void test_what_cannot_be_checked(void)
{
	struct layers at = t_layers("10.0.0.7", "239.1.2.3", 2);

	at.cut = 4;
	says("16000000 ef010203", &at, "join *,239.1.2.3", "cut behind the group");
	says("1164ee9b 00000000", &at, "anomaly cut", "a query of 12 octets, cut to 8");
	at.cut = 0;
	at.checksums_unreliable = true;
	says("16000000 ef010203", &at, "join *,239.1.2.3", "checksums left to the hardware");
}

/* RFC 3488 3: to 224.0.0.25 only; elsewhere these types are none. */
static void test_rgmp(void)
{
	struct layers at = t_layers("10.0.0.7", "224.0.0.25", 2);

	says("fd0011fa ef010203", &at, "none -,239.1.2.3 notice", "join a group");
	says("ff0000ff 00000000", &at, "none -,- notice", "hello");
}

static void test_types_and_points(void)
{
	static const struct {
		const char *hex;
		enum type   type;
		enum point  point;
		enum protocol protocol;
	} is[] = {
		{ "1600f8fa ef010203", TYPE_V2_REPORT, POINT_MEMBERSHIP, PROTOCOL_IGMP },
		{ "1301eafb 0000ff03", TYPE_DVMRP, POINT_NONE, PROTOCOL_IGMP },
		{ "14000000 10000000 2000005a", TYPE_V1_QUERY, POINT_JOIN, PROTOCOL_PIM },
		{ "1700", TYPE_V2_LEAVE, POINT_MEMBERSHIP, PROTOCOL_IGMP },
	};
	struct layers at = t_layers("10.0.0.7", "224.0.0.2", 2);
	struct said said;

	said_init(&said);
	for (size_t i = 0; i < COUNT(is); i++) {
		struct span bytes = t_bytes(is[i].hex);

		sweep_one(&at, bytes.p, bytes.n, igmp_decode, &said);
		check(said.n == 1 && said.list[0].type == is[i].type);
		check(said.list[0].point == is[i].point);
		check(said.list[0].protocol == is[i].protocol);
		free((void *)bytes.p);
	}
	said_release(&said);
}

static void test_encode(void)
{
	struct addr sources[2] = { addr_of4(0x0a000001), addr_of4(0x0a000002) };
	struct record records[2] = {
		{ RECORD_TO_EX, addr_of4(0xef010203), NULL, 0 },
		{ RECORD_BLOCK, addr_of4(0xef010204), sources, 2 },
	};
	struct layers at = t_layers("10.0.0.7", "224.0.0.22", 2);
	uint8_t buffer[64];
	struct wr w = wr_of(buffer, sizeof(buffer)), tight = wr_of(buffer, 31);
	struct said said;
	struct text is;

	igmp_report_encode(records, 2, &w);
	check(wr_ok(&w) && wr_done(&w) == 32);
	said_init(&said);
	igmp_decode(&at, wr_span(&w), &said);
	is = t_said(&said);
	check_text(text_string(&is),
		   "join *,239.1.2.3; leave 10.0.0.1,239.1.2.4 notice; "
		   "leave 10.0.0.2,239.1.2.4 notice",
		   "what was written is read");
	igmp_report_encode(records, 2, &tight);
	check(!wr_ok(&tight));
	text_release(&is);
	said_release(&said);
}

TEST_MAIN({ "rows", test_rows }, { "router alert", test_router_alert },
	  { "what cannot be checked", test_what_cannot_be_checked },
	  { "RGMP", test_rgmp },
	  { "types and points", test_types_and_points }, { "encode", test_encode })
