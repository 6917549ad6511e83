/* SPDX-License-Identifier: BSD-2-Clause */
/* PIM messages and the exact words that weir takes from them; the encoder of Join/Prune. */
#include "sweep.h"
#include "wire/pim.h"
#include "wire/pim_join.h"

static const struct t_row rows4[] = {
	{ "hello",
	  "200076b7 00010002 00690013 00040000 00010014 00041234 5678",
	  "hello -,- notice", false },
	{ "hello without options",
	  "2000dfff",
	  "hello -,- notice", true },
	{ "hello whose option is too long",
	  "2000de96 000100ff 0069",
	  "anomaly short", false },
	{ "(S,G) join",
	  "2300cfdc 01000a00 00090001 00d20100 0020ef01 02030001 00000100 04200a00"
	  "0001",
	  "join 10.0.0.1,239.1.2.3", true },
	{ "(*,G) join with a pruned source",
	  "230004ba 01000a00 00090001 00d20100 0020ef01 02030001 00010100 0720c000"
	  "02010100 05200a00 0001",
	  "join *,239.1.2.3 rp 192.0.2.1 rpt wildcard; prune 10.0.0.1,239.1.2.3 notice "
	  "rpt", true },
	{ "(S,G,rpt) join",
	  "2300cedc 01000a00 00090001 00d20100 0020ef01 02030001 00000100 05200a00"
	  "0001",
	  "join 10.0.0.1,239.1.2.3 rpt", true },
	{ "(*,*,RP) join",
	  "230025fc 01000a00 00090001 00d20100 0004e000 00000001 00000100 0720c000"
	  "0201",
	  "join *,224.0.0.0/4 rp 192.0.2.1 rpt wildcard all-groups", true },
	{ "two sets, order of flags kept apart",
	  "23000470 01000a00 00090002 00d20100 0020ef01 02030001 00000100 0720c000"
	  "02010100 0020ef01 02040001 00010100 04200a00 00010100 04200a00 0002",
	  "join *,239.1.2.3 rp 192.0.2.1 rpt wildcard; join 10.0.0.1,239.1.2.4; prune "
	  "10.0.0.2,239.1.2.4 notice", true },
	{ "join attributes",
	  "230074ad 01000a00 00090001 00d20100 0020ef01 02030002 00000101 04200a00"
	  "00010104 0a000005 41020000 01000420 0a000002",
	  "join 10.0.0.1,239.1.2.3 attributes; join 10.0.0.2,239.1.2.3", true },
	{ "join attributes that never end",
	  "2300c4d2 01000a00 00090001 00d20100 0020ef01 02030001 00000101 04200a00"
	  "00010104 0a000005",
	  "anomaly short", true },
	{ "attributes of the upstream and the group",
	  "230049da 01010a00 00094300 000100d2 01010020 ef010203 43000001 00000100"
	  "04200a00 0001",
	  "join 10.0.0.1,239.1.2.3 attributes", true },
	{ "set without sources",
	  "2300defe 01000a00 00090001 00d20100 0020ef01 02030000 0000",
	  "none -,239.1.2.3 notice", true },
	{ "message without sets",
	  "2300d124 01000a00 00090000 00d2",
	  "none -,- notice", true },
	{ "a prefix of sources",
	  "2300d000 01000a00 00090001 00d20100 0018ef01 02000001 00000100 04080a00"
	  "0000",
	  "join 10.0.0.0/8,239.1.2.0/24", true },
	{ "more sets than there are",
	  "2300cfdb 01000a00 00090002 00d20100 0020ef01 02030001 00000100 04200a00"
	  "0001",
	  "anomaly short", true },
	{ "more sources than there are",
	  "2300cfdd 01000a00 00090001 00d20100 0020ef01 0203ffff 00000100 04200a00"
	  "0001",
	  "anomaly short", true },
	{ "unknown family of the source",
	  "2300cddc 01000a00 00090001 00d20100 0020ef01 02030001 00000300 04200a00"
	  "0001",
	  "anomaly family", true },
	{ "unknown encoding of the source",
	  "2300cfda 01000a00 00090001 00d20100 0020ef01 02030001 00000102 04200a00"
	  "0001",
	  "anomaly family", true },
	{ "families mixed",
	  "2300aac3 01000a00 00090001 00d20100 0020ef01 02030001 00000200 04802001"
	  "0db80000 00000000 00000000 0001",
	  "anomaly family", true },
	{ "a mask that is too long",
	  "2300cfdb 01000a00 00090001 00d20100 0021ef01 02030001 00000100 04200a00"
	  "0001",
	  "anomaly length", false },
	{ "a range that is wider than multicast",
	  "2300e0fd 01000a00 00090001 00d20100 0003e000 00000001 00000100 04200a00"
	  "0001",
	  "anomaly address", false },
	{ "a range of everything",
	  "280022a6 01c00096 0100c000 02010100 0000ef01 0000",
	  "anomaly address", false },
	{ "a source prefix of length 0",
	  "2300cffc 01000a00 00090001 00d20100 0020ef01 02030001 00000100 04000a00"
	  "0001",
	  "anomaly length", true },
	{ "a group that is a host",
	  "2300b4dd 01000a00 00090001 00d20100 00200a01 02030001 00000100 04200a00"
	  "0001",
	  "anomaly address", true },
	{ "graft",
	  "2600d1ae 01000a00 00090001 00000100 0020ef01 02030001 00000100 00200a00"
	  "0001",
	  "join 10.0.0.1,239.1.2.3", true },
	{ "graft-ack",
	  "2700d0ae 01000a00 00090001 00000100 0020ef01 02030001 00000100 00200a00"
	  "0001",
	  "none 10.0.0.1,239.1.2.3 notice", true },
	{ "register",
	  "2100deff 00000000 4500001d 00000000 0511bacb 0a000001 ef010203 13881388"
	  "00090000 41",
	  "register 10.0.0.1,239.1.2.3 rp 10.0.0.2", false },
	{ "register, checksum over everything",
	  "210076e6 00000000 4500001d 00000000 0511bacb 0a000001 ef010203 13881388"
	  "00090000 41",
	  "register 10.0.0.1,239.1.2.3 rp 10.0.0.2", false },
	{ "register, bad checksum",
	  "21000001 00000000 4500001d 00000000 0511bacb 0a000001 ef010203 13881388"
	  "00090000 41",
	  "register 10.0.0.1,239.1.2.3 rp 10.0.0.2 bad-checksum", false },
	{ "register with the border bit",
	  "21005eff 80000000 4500001d 00000000 0511bacb 0a000001 ef010203 13881388"
	  "00090000 41",
	  "register 10.0.0.1,239.1.2.3 rp 10.0.0.2 border", false },
	{ "null-register",
	  "21009eff 40000000 45000014 00000000 0567ba7e 0a000001 ef010203",
	  "register 10.0.0.1,239.1.2.3 rp 10.0.0.2 null", true },
	{ "null-register without inner checksum",
	  "21009eff 40000000 45000014 00000000 05670000 0a000001 ef010203",
	  "register 10.0.0.1,239.1.2.3 rp 10.0.0.2 null", true },
	{ "null-register with a bad inner checksum",
	  "21009eff 40000000 45000014 00000000 05671234 0a000001 ef010203",
	  "register 10.0.0.1,239.1.2.3 rp 10.0.0.2 bad-ip-checksum null", true },
	{ "register without a packet",
	  "2100deff 00000000",
	  "anomaly short", true },
	{ "register of a packet that is not there",
	  "2100deff 00000000 4500005a 00000000 0511ba8e 0a000001 ef010203 41",
	  "anomaly length", false },
	{ "register of no IP packet",
	  "2100deff 00000000 15000014 00000000 0511bad4 0a000001 ef010203",
	  "anomaly version", false },
	{ "register of unicast",
	  "2100deff 00000000 45000014 00000000 0511a1d7 0a000001 0a000002",
	  "anomaly address", true },
	{ "register-stop",
	  "2200e0d9 01000020 ef010203 01000a00 0001",
	  "none 10.0.0.1,239.1.2.3 notice", true },
	{ "register-stop of all sources",
	  "2200eada 01000020 ef010203 01000000 0000",
	  "none *,239.1.2.3 notice", true },
	{ "bootstrap",
	  "24006e4e 12341e40 0100c000 02010100 0008ef00 00000202 00000100 c0000201"
	  "00960000 0100c000 02020096 0100",
	  "rp -,239.0.0.0/8 rp 192.0.2.1; rp -,239.0.0.0/8 rp 192.0.2.2", false },
	{ "bootstrap fragment: one RP of three",
	  "2480b067 12341e40 0100c000 02010100 8108ef00 00000301 00000100 c0000201"
	  "00960000",
	  "rp -,239.0.0.0/8 rp 192.0.2.1 no-forward scoped-zone bidir", false },
	{ "bootstrap that withdraws a range",
	  "2400f880 12341e40 0100c000 02010100 0008ef00 00000000 0000",
	  "rp -,239.0.0.0/8", false },
	{ "bootstrap without ranges",
	  "2400e889 12341e40 0100c000 0201",
	  "rp -,-", true },
	{ "bootstrap with fewer RPs than it claims",
	  "240032e7 12341e40 0100c000 02010100 0008ef00 00000202 00000100 c0000201"
	  "00960000",
	  "anomaly short", false },
	{ "candidate RP",
	  "28003183 02c00096 0100c000 02010100 0010ef01 00000100 0010ef02 0000",
	  "rp -,239.1.0.0/16 rp 192.0.2.1; rp -,239.2.0.0/16 rp 192.0.2.1", true },
	{ "candidate RP of all groups, as RFC 2362 said it",
	  "280013a8 00c00096 0100c000 0201",
	  "rp -,224.0.0.0/4 rp 192.0.2.1 all-groups", true },
	{ "a candidate that is a group",
	  "2800f395 01c00096 0100ef00 02010100 0010ef01 0000",
	  "anomaly address", true },
	{ "assert",
	  "2500dd57 01000020 ef010203 01000a00 00010000 006e0000 0014",
	  "none 10.0.0.1,239.1.2.3 notice", true },
	{ "(*,G) assert",
	  "25006758 01000020 ef010203 01000000 00008000 006e0000 0014",
	  "none *,239.1.2.3 notice rpt", true },
	{ "state refresh",
	  "290035d2 01000020 ef010203 01000a00 00010100 0a000009 0000006e 00000014"
	  "1840803c",
	  "none 10.0.0.1,239.1.2.3 notice", true },
	{ "DF offer",
	  "2a10126c 0100c000 02010000 006e0000 0014",
	  "none -,- rp 192.0.2.1 notice", true },
	{ "DF pass",
	  "2a4006b4 0100c000 02010000 006e0000 00140100 0a000007 0000006e 00000013",
	  "none -,- rp 192.0.2.1 notice", false },
	{ "ECMP redirect",
	  "2b00cccf 01000020 ef010203 01000a00 00010100 0a000009 00000000 00000001"
	  "00000000 00",
	  "none 10.0.0.1,239.1.2.3 notice", false },
	{ "flooded sources",
	  "2c0087e8 0100c000 02018001 00180100 0020ef01 02030002 00d20100 0a000001"
	  "01000a00 0002",
	  "sa 10.0.0.1,239.1.2.3; sa 10.0.0.2,239.1.2.3", false },
	{ "flooded unknown",
	  "2c800c6b 0100c000 02010009 00040102 0304",
	  "none -,- notice no-forward", false },
	{ "flooded sources that leave their TLV",
	  "2c0087e7 0100c000 02018001 00180100 0020ef01 02030003 00d20100 0a000001"
	  "01000a00 0002",
	  "anomaly short", false },
	{ "type 13",
	  "2d00d2ff",
	  "anomaly type", true },
	{ "version 1",
	  "1300ecff",
	  "anomaly version", true },
	{ "bad checksum",
	  "20000000",
	  "hello -,- notice bad-checksum", true },
	{ "nothing",
	  "",
	  "anomaly short", true },
};

static const struct t_row rows6[] = {
	{ "hello",
	  "2000b18e 00010002 00690018 00120200 20010db8 00000000 00000000 00000009",
	  "hello -,- notice", false },
	{ "(*,G) join with a pruned source",
	  "23006eef 0200fe80 00000000 00000000 00000000 00090001 00d20200 0080ff1e"
	  "00000000 00000000 00000000 00420001 00010200 07802001 0db80000 00000000"
	  "00000000 000a0200 05802001 0db80000 00000000 00000000 0001",
	  "join *,ff1e::42 rp 2001:db8::a rpt wildcard; prune 2001:db8::1,ff1e::42 "
	  "notice rpt", true },
	{ "(*,*,RP) join",
	  "2300a516 0200fe80 00000000 00000000 00000000 00090001 00d20200 0008ff00"
	  "00000000 00000000 00000000 00000001 00000200 07802001 0db80000 00000000"
	  "00000000 000a",
	  "join *,ff00::/8 rp 2001:db8::a rpt wildcard all-groups", true },
	{ "bootstrap",
	  "2400eacd 12347e40 02002001 0db80000 00000000 00000000 000a0200 0020ff3e"
	  "00000000 00000000 00000000 00000101 00000200 20010db8 00000000 00000000"
	  "0000000a 00960000",
	  "rp -,ff3e::/32 rp 2001:db8::a", false },
	{ "candidate RP of all groups",
	  "2800a8d3 00c00096 02002001 0db80000 00000000 00000000 000a",
	  "rp -,ff00::/8 rp 2001:db8::a all-groups", true },
	{ "checksum without the pseudo-header",
	  "2000dfff",
	  "hello -,- notice bad-checksum", true },
	{ "(S,G) join with attributes",
	  "23005c17 0200fe80 00000000 00000000 00000000 00090001 00d20200 0080ff3e"
	  "00000000 00000000 00000000 00420001 00000201 04802001 0db80000 00000000"
	  "00000000 00014104 0a000005",
	  "join 2001:db8::1,ff3e::42 attributes", true },
	{ "assert",
	  "2500aa97 02000080 ff3e0000 00000000 00000000 00000042 02002001 0db80000"
	  "00000000 00000000 00010000 006e0000 0014",
	  "none 2001:db8::1,ff3e::42 notice", true },
	{ "(*,G) assert",
	  "25005871 02000080 ff1e0000 00000000 00000000 00000042 02000000 00000000"
	  "00000000 00000000 00008000 006e0000 0014",
	  "none *,ff1e::42 notice rpt", true },
	{ "graft",
	  "2600a8f9 0200fe80 00000000 00000000 00000000 00090001 00000200 0080ff3e"
	  "00000000 00000000 00000000 00420001 00000200 00802001 0db80000 00000000"
	  "00000000 0001",
	  "join 2001:db8::1,ff3e::42", true },
	{ "DF winner",
	  "2a20a783 02002001 0db80000 00000000 00000000 000a0000 006e0000 0014",
	  "none -,- rp 2001:db8::a notice", true },
	{ "flooded source",
	  "2c00f345 02002001 0db80000 00000000 00000000 000a8001 002a0200 0080ff3e"
	  "00000000 00000000 00000000 00420001 00d20200 20010db8 00000000 00000000"
	  "00000001",
	  "sa 2001:db8::1,ff3e::42", false },
	{ "scope F",
	  "2300a726 0200fe80 00000000 00000000 00000000 00090001 00d20200 0080ff3f"
	  "00000000 00000000 00000000 00420001 00000200 04802001 0db80000 00000000"
	  "00000000 0001",
	  "join 2001:db8::1,ff3f::42 scope-f", true },
};

static const struct t_row unicast6[] = {
	{ "register",
	  "2100830d 00000000 60000000 00091140 20010db8 00000000 00000000 00000001"
	  "ff3e0000 00000000 00000000 80000001 13881388 00090000 41",
	  "register 2001:db8::1,ff3e::8000:1 rp 2001:db8::a", false },
	{ "register, checksum over everything",
	  "2100fc7e 00000000 60000000 00091140 20010db8 00000000 00000000 00000001"
	  "ff3e0000 00000000 00000000 80000001 13881388 00090000 41",
	  "register 2001:db8::1,ff3e::8000:1 rp 2001:db8::a", false },
	{ "null-register",
	  "2100430d 40000000 60000000 00046740 20010db8 00000000 00000000 00000001"
	  "ff3e0000 00000000 00000000 80000001 0000ffff",
	  "register 2001:db8::1,ff3e::8000:1 rp 2001:db8::a null", false },
	{ "register-stop",
	  "2200d070 02000080 ff3e0000 00000000 00000000 80000001 02002001 0db80000"
	  "00000000 00000000 0001",
	  "none 2001:db8::1,ff3e::8000:1 notice", true },
};

static void test_rows(void)
{
	struct layers at = t_layers("10.0.0.7", "10.0.0.2", 103);

	sweep_rows(&at, rows4, COUNT(rows4), pim_decode);
}

static void test_rows6(void)
{
	struct layers all = t_layers("fe80::1", "ff02::d", 103);
	struct layers one = t_layers("2001:db8::7", "2001:db8::a", 103);

	sweep_rows(&all, rows6, COUNT(rows6), pim_decode);
	sweep_rows(&one, unicast6, COUNT(unicast6), pim_decode);
}

/* What follows the inner header may be cut or go on in another fragment; the 8 octets of the
 * checksum are judged all the same. */
static void test_cut_register(void)
{
	struct layers at = t_layers("10.0.0.7", "10.0.0.2", 103);
	struct span bytes = t_bytes("21000001 00000000 45000500 00000000 05110000 0a000001 ef010203");
	struct said said;
	struct text is;

	said_init(&said);
	at.cut = 1260;
	pim_decode(&at, bytes, &said);
	is = t_said(&said);
	check_text(text_string(&is), "register 10.0.0.1,239.1.2.3 rp 10.0.0.2 bad-checksum", "cut");
	text_release(&is);
	at.cut = 0;
	at.is_fragment = true;
	said_reset(&said);
	pim_decode(&at, bytes, &said);
	is = t_said(&said);
	check_text(text_string(&is), "register 10.0.0.1,239.1.2.3 rp 10.0.0.2 bad-checksum",
		   "first fragment");
	text_release(&is);
	said_release(&said);
	free((void *)bytes.p);
}

static const uint8_t attribute[] = { 0x41, 2, 0, 0 };

static const struct pim_source joined[] = {
	{ { 0, 0xc0000201, FAMILY_IP4 }, 32, true, true, true, { 0 } },
	{ { 0, 0x0a000001, FAMILY_IP4 }, 32, true, false, false, { attribute, sizeof(attribute) } },
};

static const struct pim_source pruned[] = {
	{ { 0, 0x0a000002, FAMILY_IP4 }, 32, true, false, true, { 0 } },
};

static const struct pim_set sets[] = {
	{ { { 0, 0xef010203, FAMILY_IP4 }, 32, false, false, { 0 } }, joined, pruned, 2, 1 },
	{ { { 0, 0xef010204, FAMILY_IP4 }, 32, true, false, { 0 } }, NULL, pruned, 0, 1 },
};

static void write_join(struct wr *w)
{
	struct pim_join_prune message = { addr_of4(0x0a000009), 210, sets, COUNT(sets) };
	size_t start = pim_header_write(3, w);

	pim_join_prune_write(&message, w);
	pim_checksum_write(start, addr_of4(0x0a000007), addr_of4(0xe000000d), w);
}

static void test_encode(void)
{
	struct layers at = t_layers("10.0.0.7", "224.0.0.13", 103);
	uint8_t buffer[128];
	struct wr w = wr_of(buffer, sizeof(buffer)), tight;
	struct said said;
	struct text is;

	write_join(&w);
	check(wr_ok(&w));
	said_init(&said);
	pim_decode(&at, wr_span(&w), &said);
	is = t_said(&said);
	check_text(text_string(&is),
		   "join *,239.1.2.3 rp 192.0.2.1 rpt wildcard; join 10.0.0.1,239.1.2.3 attributes; "
		   "prune 10.0.0.2,239.1.2.3 notice rpt; prune 10.0.0.2,239.1.2.4 notice rpt bidir",
		   "what was written is read");
	tight = wr_of(buffer, wr_done(&w) - 1);
	write_join(&tight);
	check(!wr_ok(&tight));
	text_release(&is);
	said_release(&said);
}

/* RFC 7761 4.9: over IPv6 the pseudo-header is part of the sum, of a Register 8 octets are. */
static void test_encode6(void)
{
	struct addr speaker = t_addr("2001:db8::7"), rp = t_addr("2001:db8::a");
	struct layers at = t_layers("2001:db8::7", "2001:db8::a", 103);
	struct span inner = t_bytes("60000000 0000 3b 40 20010db8000000000000000000000001"
				    "ff3e0000000000000000000080000001");
	uint8_t buffer[128];
	struct wr w = wr_of(buffer, sizeof(buffer));
	struct said said;
	struct text is;
	size_t start = pim_header_write(1, &w);

	wr_be32(&w, 0);
	wr_bytes(&w, inner.p, inner.n);
	pim_checksum_write(start, speaker, rp, &w);
	said_init(&said);
	pim_decode(&at, wr_span(&w), &said);
	is = t_said(&said);
	check_text(text_string(&is), "register 2001:db8::1,ff3e::8000:1 rp 2001:db8::a", "register");
	text_release(&is);
	said_release(&said);
	free((void *)inner.p);
}

TEST_MAIN({ "rows", test_rows }, { "rows of IPv6", test_rows6 },
	  { "a register that is not all there", test_cut_register }, { "encode", test_encode },
	  { "encode for IPv6", test_encode6 })
