/* SPDX-License-Identifier: BSD-2-Clause */
/* What is left of a control message, byte for byte: a row for every line of the tables of
 * RFC 3376, RFC 3810, RFC 7761 and RFC 5059 that say what may be taken out.  Then every cut
 * and every flipped bit of every row. */
#include "trim.h"

/* Group 239.1.1.1, source 10.0.0.9 and RP 10.9.9.9 are denied, and the like of IPv6. */
#define POLICY                                                                                     \
	"boundary b { ignore to 239.7.7.7 deny to { 239.1.1.1, ff0e::1:1 }"                        \
	" deny from { 10.0.0.9, 2001:db8::9 } deny rp { 10.9.9.9, 2001:db8:9::9 }"                 \
	" deny speaker 192.0.2.66 at join type hello, assert default permit }"

#define SAME NULL	/* passes as it is */
#define GONE ""		/* dropped */

struct row {
	const char   *name;
	enum via      via;
	const char   *in, *out;
	enum trim_why why;
	unsigned      removed;
};

/* IGMP: kept and denied group; kept and denied source. */
#define G  "ef020202"
#define D  "ef010101"
#define S  "0a000001"
#define T  "0a000002"
#define X  "0a000009"
#define V3(n, records) "22000000 0000" n records

static const struct row igmp_rows[] = {
	{ "v1 report", VIA_IGMP, "12000000" G, SAME, TRIM_ADMITTED, 0 },
	{ "v1 report, group denied", VIA_IGMP, "12000000" D, GONE, TRIM_REFUSED, 0 },
	{ "v2 report", VIA_IGMP, "16000000" G, SAME, TRIM_ADMITTED, 0 },
	{ "v2 report, group denied", VIA_IGMP, "16000000" D, GONE, TRIM_REFUSED, 0 },
	{ "leave of a denied group", VIA_IGMP, "17000000" D, SAME, TRIM_ADMITTED, 0 },
	{ "query of a denied group", VIA_IGMP, "11640000" D "027d0000", SAME, TRIM_ADMITTED, 0 },
	{ "mtrace", VIA_IGMP, "1f000000" D X "00000000 00000000 01000001", SAME, TRIM_ADMITTED, 0 },
	{ "unknown type", VIA_IGMP, "77000000" G, GONE, TRIM_ODD_DROPPED, 0 },

	{ "nothing refused", VIA_IGMP, V3("0001", "04000000" G), SAME, TRIM_ADMITTED, 0 },
	{ "IS_IN, group denied", VIA_IGMP, V3("0002", "01000001" D S "04000000" G),
	  V3("0001", "04000000" G), TRIM_TRIMMED, 1 },
	{ "IS_IN, a source denied", VIA_IGMP, V3("0001", "01000003" G S X T),
	  V3("0001", "01000002" G S T), TRIM_TRIMMED, 1 },
	{ "IS_IN, all sources denied", VIA_IGMP, V3("0002", "01000001" G X "04000000" G),
	  V3("0001", "04000000" G), TRIM_TRIMMED, 1 },
	{ "ALLOW, group denied", VIA_IGMP, V3("0002", "05000002" D S T "05000001" G S),
	  V3("0001", "05000001" G S), TRIM_TRIMMED, 2 },
	{ "ALLOW, a source denied", VIA_IGMP, V3("0001", "05000002" G X T),
	  V3("0001", "05000001" G T), TRIM_TRIMMED, 1 },
	{ "ALLOW, nothing left", VIA_IGMP, V3("0001", "05000001" G X), GONE, TRIM_EMPTIED, 1 },
	{ "TO_IN {}, group denied: a leave", VIA_IGMP, V3("0001", "03000000" D), SAME, TRIM_ADMITTED, 0 },
	{ "TO_IN, group denied", VIA_IGMP, V3("0001", "03000002" D S T), V3("0001", "03000000" D),
	  TRIM_TRIMMED, 2 },
	{ "TO_IN, a source denied", VIA_IGMP, V3("0001", "03000002" G X T),
	  V3("0001", "03000001" G T), TRIM_TRIMMED, 1 },
	{ "TO_IN, nothing left: it stays", VIA_IGMP, V3("0001", "03000001" G X),
	  V3("0001", "03000000" G), TRIM_TRIMMED, 1 },
	{ "BLOCK, group denied", VIA_IGMP, V3("0001", "06000001" D S), SAME, TRIM_ADMITTED, 0 },
	{ "BLOCK, a source denied: unchanged", VIA_IGMP, V3("0002", "06000002" G S X "04000000" D),
	  V3("0001", "06000002" G S X), TRIM_TRIMMED, 1 },
	{ "IS_EX, group denied", VIA_IGMP, V3("0002", "02000001" D S "04000000" G),
	  V3("0001", "04000000" G), TRIM_TRIMMED, 1 },
	{ "IS_EX, a source denied: unchanged", VIA_IGMP, V3("0001", "02000002" G S X), SAME, TRIM_ADMITTED,
	  0 },
	{ "TO_EX, group denied", VIA_IGMP, V3("0001", "04000001" D S), GONE, TRIM_EMPTIED, 1 },
	{ "TO_EX, a source denied: unchanged", VIA_IGMP, V3("0002", "04000002" G X T "04000000" D),
	  V3("0001", "04000002" G X T), TRIM_TRIMMED, 1 },
	{ "IS_IN {} and ALLOW {} of a denied group ask for nothing", VIA_IGMP,
	  V3("0003", "01000000" D "05000000" D "04000000" D), V3("0002", "01000000" D "05000000" D),
	  TRIM_TRIMMED, 1 },
	{ "ignored group: untouched", VIA_IGMP, V3("0002", "05000001" "ef070707" X "04000000" D),
	  V3("0001", "05000001" "ef070707" X), TRIM_TRIMMED, 1 },
	{ "auxiliary data goes along with its record", VIA_IGMP,
	  V3("0002", "05010002" G X T "aabbccdd" "04000000" D), V3("0001", "05010001" G T "aabbccdd"),
	  TRIM_TRIMMED, 2 },
	{ "bytes behind the last record are cut", VIA_IGMP,
	  V3("0002", "04000000" G "04000000" D) "01020304", V3("0001", "04000000" G), TRIM_TRIMMED, 1 },
	{ "extensions are kept (RFC 9279)", VIA_IGMP,
	  "22000000 8000 0002 04000000" G "04000000" D "01020304",
	  "22000000 8000 0001 04000000" G "01020304", TRIM_TRIMMED, 1 },
	{ "unknown record: fail closed", VIA_IGMP, V3("0002", "09000001" G S "04000000" G),
	  V3("0001", "04000000" G), TRIM_TRIMMED, 0 },
	{ "no record", VIA_IGMP, V3("0000", ""), SAME, TRIM_ADMITTED, 0 },
	{ "records that are not there", VIA_IGMP, V3("0002", "04000000" G), GONE, TRIM_ODD_DROPPED, 0 },
};

#define G6 "ff0e0000000000000000000000020002"
#define D6 "ff0e0000000000000000000000010001"
#define S6 "20010db8000000000000000000000001"
#define X6 "20010db8000000000000000000000009"
#define V2(n, records) "8f000000 0000" n records

static const struct row mld_rows[] = {
	{ "v1 report", VIA_MLD, "83000000 00000000" G6, SAME, TRIM_ADMITTED, 0 },
	{ "v1 report, group denied", VIA_MLD, "83000000 00000000" D6, GONE, TRIM_REFUSED, 0 },
	{ "done of a denied group", VIA_MLD, "84000000 00000000" D6, SAME, TRIM_ADMITTED, 0 },
	{ "IS_IN, a source denied", VIA_MLD, V2("0001", "01000002" G6 X6 S6),
	  V2("0001", "01000001" G6 S6), TRIM_TRIMMED, 1 },
	{ "ALLOW, group denied", VIA_MLD, V2("0002", "05000001" D6 S6 "05000001" G6 S6),
	  V2("0001", "05000001" G6 S6), TRIM_TRIMMED, 1 },
	{ "ALLOW, nothing left", VIA_MLD, V2("0001", "05000001" G6 X6), GONE, TRIM_EMPTIED, 1 },
	{ "TO_IN, group denied", VIA_MLD, V2("0001", "03000001" D6 S6), V2("0001", "03000000" D6),
	  TRIM_TRIMMED, 1 },
	{ "TO_IN, nothing left: it stays", VIA_MLD, V2("0001", "03000001" G6 X6),
	  V2("0001", "03000000" G6), TRIM_TRIMMED, 1 },
	{ "IS_EX, a source denied: unchanged", VIA_MLD, V2("0002", "02000001" G6 X6 "04000000" D6),
	  V2("0001", "02000001" G6 X6), TRIM_TRIMMED, 1 },
	{ "TO_EX, group denied", VIA_MLD, V2("0001", "04000000" D6), GONE, TRIM_EMPTIED, 1 },
	{ "BLOCK of a denied group", VIA_MLD, V2("0001", "06000001" D6 S6), SAME, TRIM_ADMITTED, 0 },
};

/* PIM: sets of the two groups; (S,G), (S,G,rpt) and (*,G) entries. */
#define JP(n) "23000000 01000a000002 00" n "00d2"
#define GG "01000020 ef020202"
#define DD "01000020 ef010101"
#define SG "01000420 0a000001"
#define TG "01000420 0a000002"
#define XG "01000420 0a000009"
#define SR "01000520 0a000001"
#define XR "01000520 0a000009"
#define WG "01000720 0a000005"
#define WX "01000720 0a090909"
#define ATTR "01010420 0a000001 0004aabbccdd 4100"
#define ATTR_X "01010420 0a000009 0004aabbccdd 4100"

static const struct row join_rows[] = {
	{ "nothing refused", VIA_PIM, JP("01") GG "00010001" SG TG, SAME, TRIM_ADMITTED, 0 },
	{ "join (*,G), group denied", VIA_PIM, JP("02") DD "00010000" WG GG "00010000" SG,
	  JP("01") GG "00010000" SG, TRIM_TRIMMED, 1 },
	{ "join (*,G), RP denied", VIA_PIM, JP("01") GG "00020000" WX SG, JP("01") GG "00010000" SG,
	  TRIM_TRIMMED, 1 },
	{ "join (S,G), group denied", VIA_PIM, JP("01") DD "00010000" SG, GONE, TRIM_EMPTIED, 1 },
	{ "join (S,G), source denied", VIA_PIM, JP("01") GG "00030000" SG XG TG,
	  JP("01") GG "00020000" SG TG, TRIM_TRIMMED, 1 },
	{ "join (S,G,rpt), group denied", VIA_PIM, JP("02") DD "00010000" SR GG "00010000" SG,
	  JP("01") GG "00010000" SG, TRIM_TRIMMED, 1 },
	{ "join (S,G,rpt), source denied", VIA_PIM, JP("01") GG "00020000" WG XR,
	  JP("01") GG "00010000" WG, TRIM_TRIMMED, 1 },
	{ "join (S,G,rpt), RP denied: stays", VIA_PIM, JP("01") GG "00020000" WX SR,
	  JP("01") GG "00010000" SR, TRIM_TRIMMED, 1 },
	{ "prune (*,G), group denied: stays", VIA_PIM, JP("01") DD "00000001" WG, SAME, TRIM_ADMITTED, 0 },
	{ "prune (*,G), RP denied: stays", VIA_PIM, JP("01") GG "00000001" WX, SAME, TRIM_ADMITTED, 0 },
	{ "prune (S,G), group denied: stays", VIA_PIM, JP("01") DD "00010001" SG TG,
	  JP("01") DD "00000001" TG, TRIM_TRIMMED, 1 },
	{ "prune (S,G), source denied: stays", VIA_PIM, JP("01") GG "00000001" XG, SAME, TRIM_ADMITTED, 0 },
	{ "prune (S,G,rpt), group denied", VIA_PIM, JP("02") DD "00000001" SR GG "00010000" SG,
	  JP("01") GG "00010000" SG, TRIM_TRIMMED, 1 },
	{ "prune (S,G,rpt), source denied: stays", VIA_PIM, JP("01") GG "00000001" XR, SAME,
	  TRIM_ADMITTED, 0 },
	{ "prune (S,G,rpt) under a removed join (*,G)", VIA_PIM, JP("01") GG "00020002" WX SG SR XR,
	  JP("01") GG "00010000" SG, TRIM_TRIMMED, 3 },
	{ "prune (S,G,rpt) under a kept join (*,G)", VIA_PIM, JP("02") GG "00010002" WG SR XR
	  DD "00010000" WG, JP("01") GG "00010002" WG SR XR, TRIM_TRIMMED, 1 },
	{ "the join (*,G) in another set of the group", VIA_PIM, JP("02") GG "00000001" SR
	  GG "00020000" WG XG, JP("02") GG "00000001" SR GG "00010000" WG, TRIM_TRIMMED, 1 },
	{ "(*,*,RP) goes", VIA_PIM, JP("02") "01000004 e0000000 00010000" WG GG "00010000" SG,
	  JP("01") GG "00010000" SG, TRIM_TRIMMED, 1 },
	{ "(*,*,RP) alone", VIA_PIM, JP("01") "01000004 e0000000 00010000" WG, GONE, TRIM_EMPTIED, 1 },
	{ "prune (*,*,RP) stays", VIA_PIM, JP("01") "01000004 e0000000 00000001" WG, SAME, TRIM_ADMITTED, 0 },
	{ "join attributes are walked", VIA_PIM, JP("01") GG "00020001" ATTR_X ATTR SG,
	  JP("01") GG "00010001" ATTR SG, TRIM_TRIMMED, 1 },
	{ "unknown encoding: fail closed", VIA_PIM, JP("01") GG "00010000" "01020420 0a000001", GONE,
	  TRIM_ODD_DROPPED, 0 },
	{ "a set without entries", VIA_PIM, JP("02") GG "00000000" GG "00010000" SG, SAME, TRIM_ADMITTED, 0 },
	{ "no set", VIA_PIM, JP("00"), SAME, TRIM_ADMITTED, 0 },
	{ "ignored group: untouched", VIA_PIM, JP("02") "01000020 ef070707 00010000" XG DD "00010000" SG,
	  JP("01") "01000020 ef070707 00010000" XG, TRIM_TRIMMED, 1 },
	{ "graft", VIA_PIM, "26000000 01000a000002 00 01 0000" GG "00020000" SG XG,
	  "26000000 01000a000002 00 01 0000" GG "00010000" SG, TRIM_TRIMMED, 1 },
	{ "graft-ack", VIA_PIM, "27000000 01000a000002 00 01 0000" DD "00010000" SG, SAME, TRIM_ADMITTED, 0 },
	{ "IPv6: join (S,G), source denied", VIA_PIM6,
	  "23000000 0200fe80000000000000000000000000000200 01 00d2 02000080" G6
	  "00020001" "02000480" X6 "02000480" S6 "02000480" X6,
	  "23000000 0200fe80000000000000000000000000000200 01 00d2 02000080" G6
	  "00010001" "02000480" S6 "02000480" X6, TRIM_TRIMMED, 1 },
	{ "IPv6: (*,*,RP) goes", VIA_PIM6,
	  "23000000 0200fe80000000000000000000000000000200 02 00d2"
	  "02000008 ff000000000000000000000000000000 00010000 02000780" S6
	  "02000080" G6 "00010000 02000480" S6,
	  "23000000 0200fe80000000000000000000000000000200 01 00d2"
	  "02000080" G6 "00010000 02000480" S6, TRIM_TRIMMED, 1 },
};

static const struct row other_rows[] = {
	{ "hello", VIA_PIM, "20000000 00010002 0069", SAME, TRIM_ADMITTED, 0 },
	{ "assert", VIA_PIM, "25000000" DD "01000a000009 00000001 00000001", SAME, TRIM_ADMITTED, 0 },
	{ "unknown type", VIA_PIM, "2e000000 00000000", GONE, TRIM_ODD_DROPPED, 0 },
	{ "wrong version", VIA_PIM, "33000000 00000000", GONE, TRIM_ODD_DROPPED, 0 },

	{ "C-RP: a range denied", VIA_PIM, "28000000 02000096 01000a000005" GG DD,
	  "28000000 01000096 01000a000005" GG, TRIM_TRIMMED, 1 },
	{ "C-RP: RP denied", VIA_PIM, "28000000 01000096 01000a090909" GG, GONE, TRIM_EMPTIED, 1 },
	{ "C-RP: count 0 of a denied RP", VIA_PIM, "28000000 00000096 01000a090909", GONE, TRIM_REFUSED, 0 },
	{ "C-RP: count 0", VIA_PIM, "28000000 00000096 01000a000005", SAME, TRIM_ADMITTED, 0 },

	{ "BSM: a range denied", VIA_PIM, "24000000 12341e01 01000a000003" DD "01010000 01000a000005 00960000"
	  GG "01010000 01000a000005 00960000",
	  "24000000 12341e01 01000a000003" GG "01010000 01000a000005 00960000", TRIM_TRIMMED, 1 },
	{ "BSM: an RP of a whole range denied", VIA_PIM,
	  "24000000 12341e01 01000a000003" GG "02020000 01000a090909 00960000 01000a000005 00960000",
	  "24000000 12341e01 01000a000003" GG "01010000 01000a000005 00960000", TRIM_TRIMMED, 1 },
	{ "BSM: an RP of a split range denied", VIA_PIM,
	  "24000000 12341e01 01000a000003" GG "03020000 01000a090909 00960000 01000a000005 00960000"
	  "01000020 ef030303 01010000 01000a000005 00960000",
	  "24000000 12341e01 01000a000003 01000020 ef030303 01010000 01000a000005 00960000", TRIM_TRIMMED,
	  2 },
	{ "BSM: all RPs denied", VIA_PIM, "24000000 12341e01 01000a000003" GG "01010000 01000a090909 00960000",
	  GONE, TRIM_EMPTIED, 1 },
	{ "BSM: a withdrawal stays", VIA_PIM, "24000000 12341e01 01000a000003" GG "00000000", SAME,
	  TRIM_ADMITTED, 0 },
	{ "BSM: a denied withdrawal goes", VIA_PIM, "24000000 12341e01 01000a000003" DD "00000000"
	  GG "00000000", "24000000 12341e01 01000a000003" GG "00000000", TRIM_TRIMMED, 1 },
	{ "BSM: the first range of a scoped one", VIA_PIM, "24000000 12341e01 01000a000003"
	  "01000120 ef010101 01010000 01000a000005 00960000" GG "01010000 01000a000005 00960000", GONE,
	  TRIM_REFUSED, 1 },

	{ "PFM: more in the TLV than its sources", VIA_PIM, "2c000000 01000a000003"
	  "0001 0014" DD "0001 00d2 01000a000001 0000", GONE, TRIM_EMPTIED, 1 },
	{ "PFM: one of two groups denied", VIA_PIM, "2c000000 01000a000003"
	  "0001 0012" DD "0001 00d2 01000a000001" "0001 0018" GG "0002 00d2 01000a000001 01000a000002",
	  "2c000000 01000a000003 0001 0018" GG "0002 00d2 01000a000001 01000a000002", TRIM_TRIMMED, 1 },
	{ "PFM: all denied", VIA_PIM, "2c000000 01000a000003 0001 0012" DD "0001 00d2 01000a000001", GONE,
	  TRIM_EMPTIED, 1 },
	{ "PFM: unknown TLV, fail closed", VIA_PIM, "2c000000 01000a000003 0005 0002 aabb"
	  "0001 0012" GG "0001 00d2 01000a000001",
	  "2c000000 01000a000003 0001 0012" GG "0001 00d2 01000a000001", TRIM_TRIMMED, 0 },

	{ "Auto-RP: an RP and a range denied", VIA_AUTORP, "11020 0b500000000"
	  "0a090909 0201 0020ef020202" "0a000005 0202 0020ef010101 0020ef020202",
	  "11010 0b500000000" "0a000005 0201 0020ef020202", TRIM_TRIMMED, 2 },
	{ "Auto-RP: nothing left", VIA_AUTORP, "11010 0b500000000" "0a090909 0201 0020ef020202", GONE,
	  TRIM_EMPTIED, 1 },

	{ "Register", VIA_REGISTER, "21000000 00000000 4500001c 00004000 08110000 0a000001 ef020202"
	  "0001000200080000", SAME, TRIM_ADMITTED, 0 },
	{ "Register, group denied", VIA_REGISTER, "21000000 00000000 4500001c 00004000 08110000 0a000001"
	  "ef010101 0001000200080000", GONE, TRIM_REFUSED, 0 },
	{ "Null-Register, source denied", VIA_REGISTER,
	  "21000000 40000000 45000014 00000000 00670000 0a000009 ef020202", GONE, TRIM_REFUSED, 0 },
	{ "Register of IPv6, group denied", VIA_REGISTER6, "21000000 40000000 60000000 0004 67 01" S6 D6
	  "00000000", GONE, TRIM_REFUSED, 0 },
	{ "Register-Stop", VIA_PIM, "22000000" DD "01000a000001", SAME, TRIM_ADMITTED, 0 },
};

static const struct {
	const struct row *rows;
	size_t		  n;
} tables[] = {
	{ igmp_rows, COUNT(igmp_rows) }, { mld_rows, COUNT(mld_rows) },
	{ join_rows, COUNT(join_rows) }, { other_rows, COUNT(other_rows) },
};

static struct span packet_of(enum via via, const char *hex)
{
	struct span message = t_bytes(hex), packet = t_packet(via, message);

	free((void *)message.p);
	return packet;
}

static void check_bytes(struct span is, struct span should, const char *name)
{
	struct text a = { 0 }, b = { 0 };

	for (size_t i = 0; i < is.n; i++)
		text_printf(&a, "%02x", is.p[i]);
	for (size_t i = 0; i < should.n; i++)
		text_printf(&b, "%02x", should.p[i]);
	check_text(text_string(&a), text_string(&b), name);
	text_release(&a);
	text_release(&b);
}

static void check_row(struct t_trim *t, const struct row *row)
{
	struct span in = packet_of(row->via, row->in);
	struct trim_result out = t_judge(t, in);

	check_text(trim_why_name(out.why), trim_why_name(row->why), row->name);
	check_named(out.removed == row->removed, row->name);
	check_named(t_is_sound(t, in, &out), row->name);
	if (row->out == SAME) {
		check_named(out.act == TRIM_PASS, row->name);
	} else if (*row->out == '\0') {
		check_named(out.act == TRIM_DROP, row->name);
	} else {
		struct span should = packet_of(row->via, row->out);

		check_named(out.act == TRIM_REWRITE, row->name);
		check_bytes(out.packet, should, row->name);
		free((void *)should.p);
	}
	free((void *)in.p);
}

static void test_rows(void)
{
	struct t_trim t;

	check(t_trim_open(&t, POLICY, (struct trim_options){ 0 }));
	for (size_t k = 0; k < COUNT(tables); k++)
		for (size_t i = 0; i < tables[k].n; i++)
			check_row(&t, &tables[k].rows[i]);
	t_trim_close(&t);
}

static void sweep_row(struct t_trim *t, const struct row *row)
{
	struct span message = t_bytes(row->in);
	struct trim_result out;
	uint8_t *p = (uint8_t *)message.p;

	for (size_t n = 0; n <= message.n * 9; n++) {
		size_t bit = n - message.n;
		struct span cut = { p, n < message.n ? n : message.n }, packet;

		if (n >= message.n && bit < message.n * 8)
			p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		packet = t_packet(row->via, cut);
		out = t_judge(t, packet);
		check_named(t_is_sound(t, packet, &out), row->name);
		free((void *)packet.p);
		if (n >= message.n && bit < message.n * 8)
			p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(p);
}

/* Every cut and every flipped bit of the message in a packet that is right otherwise. */
static void test_sweep(void)
{
	for (unsigned open = 0; open < 2; open++) {
		struct t_trim t;

		check(t_trim_open(&t, POLICY, (struct trim_options){ .fail_open = open }));
		for (size_t k = 0; k < COUNT(tables); k++)
			for (size_t i = 0; i < tables[k].n; i++)
				sweep_row(&t, &tables[k].rows[i]);
		t_trim_close(&t);
	}
}

/* Every flipped bit of a whole packet: a wrong checksum is dropped, never made right. */
static void test_bad_checksum(void)
{
	struct span in = packet_of(VIA_IGMP, V3("0002", "04000000" G "04000000" D));
	uint8_t *p = (uint8_t *)in.p;
	struct t_trim t;

	check(t_trim_open(&t, POLICY, (struct trim_options){ .fail_open = true }));
	for (size_t bit = 0; bit < in.n * 8; bit++) {
		struct trim_result out;

		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		out = t_judge(&t, in);
		check(out.act != TRIM_REWRITE);
		if (bit >= 24 * 8)
			check(out.act == TRIM_DROP && out.why == TRIM_BAD_CHECKSUM);
		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	check(trim_counts(t.trim)->packets[TRIM_BAD_CHECKSUM] >= (in.n - 24) * 8);
	check(trim_counts(t.trim)->packets[TRIM_TRIMMED] == 0);
	t_trim_close(&t);
	free(p);
}

/* In the RP's name, to the router that registers; none where the configuration says silent. */
static void test_register_stop(void)
{
	static const struct {
		enum via    via;
		const char *in, *stop;
	} rows[] = {
		{ VIA_REGISTER, "21000000 40000000 45000014 00000000 00670000 0a000001 ef010101",
		  "45c00026 00000000 40670000 c00002c8 c0000207 22000000 01000020ef010101 01000a000001" },
		{ VIA_REGISTER6, "21000000 40000000 60000000 0004 67 01" S6 D6 "00000000",
		  "6c000000 002a 67 40 20010db8000000000000000000000200 20010db8000000000000000000000007"
		  "22000000 02000080" D6 "0200" S6 },
	};
	struct t_trim t, silent;

	check(t_trim_open(&t, POLICY, (struct trim_options){ .register_stop = true }));
	check(t_trim_open(&silent, POLICY, (struct trim_options){ 0 }));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span in = packet_of(rows[i].via, rows[i].in), should = t_bytes(rows[i].stop);
		struct trim_result out = t_judge(&t, in);
		uint8_t *p = malloc(out.stop.n + 1);

		memcpy(p, out.stop.p, out.stop.n);
		t_decode(out.stop, &t.said);
		check(t.said.n == 1 && !(t.said.list[0].flags & (FLAG_BIT(BAD_CHECKSUM) |
								 FLAG_BIT(BAD_IP_CHECKSUM))));
		check(t.said.list[0].type == TYPE_REGISTER_STOP);
		t_put16(p + (i ? 42 : 22), 0);		/* the checksums are right, as just seen */
		if (i == 0)
			t_put16(p + 10, 0);
		check_bytes((struct span){ p, out.stop.n }, should, "Register-Stop");
		out = t_judge(&silent, in);
		check(out.act == TRIM_DROP && out.stop.n == 0);
		free(p);
		free((void *)in.p);
		free((void *)should.p);
	}
	check(trim_counts(t.trim)->stops == COUNT(rows));
	t_trim_close(&t);
	t_trim_close(&silent);
}

/* A denied source under a kept (*,G) is named, for the data plane. */
static void test_pairs(void)
{
	struct span in = packet_of(VIA_PIM, JP("02") GG "00030000" WG XG SG "01000020 ef030303 00010000" XG);
	struct trim_result out;
	struct t_trim t;

	check(t_trim_open(&t, POLICY, (struct trim_options){ 0 }));
	out = t_judge(&t, in);
	check(out.act == TRIM_REWRITE && out.pair_count == 1);
	check(out.pairs[0].source.lo == 0x0a000009 && out.pairs[0].group.lo == 0xef020202);
	t_trim_close(&t);
	free((void *)in.p);
}

/* What is not understood follows fail open or closed; a rule with `anomaly` comes first. */
static void test_fail(void)
{
	static const struct {
		const char   *policy;
		bool	      open;
		enum trim_act act;
		enum trim_why why;
	} rows[] = {
		{ POLICY, true, TRIM_PASS, TRIM_ODD_PASSED },
		{ POLICY, false, TRIM_DROP, TRIM_ODD_DROPPED },
		{ "boundary b { deny anomaly any default permit }", true, TRIM_DROP, TRIM_REFUSED },
		{ "boundary b { permit anomaly short default deny }", false, TRIM_PASS, TRIM_ADMITTED },
	};
	struct span in = packet_of(VIA_IGMP, V3("0002", "04000000" G));

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct trim_result out;
		struct t_trim t;

		check(t_trim_open(&t, rows[i].policy, (struct trim_options){ .fail_open = rows[i].open }));
		out = t_judge(&t, in);
		check(out.act == rows[i].act && out.why == rows[i].why);
		t_trim_close(&t);
	}
	free((void *)in.p);
}

/* A fragment is never rewritten; the rest of a Register passes, for without its first
 * fragment it is nothing. */
static void test_fragments(void)
{
	struct span report = packet_of(VIA_IGMP, V3("0002", "04000000" G "04000000" D));
	struct span rest = packet_of(VIA_REGISTER, "00112233 44556677");
	uint8_t *p = (uint8_t *)report.p, *q = (uint8_t *)rest.p;
	struct t_trim t;

	check(t_trim_open(&t, POLICY, (struct trim_options){ .fail_open = true }));
	t_put16(p + 6, 0x2000);
	t_put16(p + 10, 0);
	t_put16(p + 10, checksum_of((struct span){ p, 24 }));
	check(t_judge(&t, report).act == TRIM_DROP);
	t_put16(q + 6, 0x0010);
	t_put16(q + 10, 0);
	t_put16(q + 10, checksum_of((struct span){ q, 20 }));
	check(t_judge(&t, rest).why == TRIM_UNJUDGED);
	t_trim_close(&t);
	free(p);
	free(q);
}

static unsigned told_refused, told_all;

static void hear(void *context, const struct observation *obs, struct verdict verdict, bool refused)
{
	(void)context;
	(void)verdict;
	told_all += obs->direction == DIRECTION_IN;
	told_refused += refused;
}

/* Each statement hits its rule, the packet once; a dry run counts the same and passes. */
static void test_counts(void)
{
	struct span in = packet_of(VIA_IGMP, V3("0003", "04000000" G "05000002" D S T "04000000" D));

	for (unsigned dry = 0; dry < 2; dry++) {
		struct trim_options options = { .dry_run = dry, .told = hear };
		const struct trim_counts *counts;
		struct trim_result out;
		struct t_trim t;

		told_refused = told_all = 0;
		check(t_trim_open(&t, POLICY, options));
		counts = trim_counts(t.trim);
		out = t_judge(&t, in);
		check(out.act == (dry ? TRIM_PASS : TRIM_REWRITE) && out.why == TRIM_TRIMMED);
		check(counts->rules[1].hits == 3 && counts->rules[1].packets == 1);
		check(counts->rules[1].bytes == in.n && counts->statements == 4);
		check(counts->rules[counts->n - 1].hits == 1 && counts->removed == 3);
		check(counts->packets[TRIM_TRIMMED] == 1);
		check(told_all == 4 && told_refused == 3);
		t_trim_close(&t);
	}
	free((void *)in.p);
}

/* Neighbours: Hello and Assert of one who is not known, as a rule with `type` says. */
static void test_neighbour(void)
{
	static const char *const messages[] = { "20000000 00010002 0069",
						"25000000" GG "01000a000001 00000001 00000001" };
	struct t_trim t;

	check(t_trim_open(&t, POLICY, (struct trim_options){ 0 }));
	for (size_t i = 0; i < COUNT(messages); i++) {
		struct span in = packet_of(VIA_PIM, messages[i]);
		uint8_t *p = (uint8_t *)in.p;

		p[15] = 66;				/* 192.0.2.66 */
		t_put16(p + 10, 0);
		t_put16(p + 10, checksum_of((struct span){ p, 20 }));
		check(t_judge(&t, in).why == TRIM_REFUSED);
		free(p);
	}
	t_trim_close(&t);
}

static void test_need(void)
{
	static const struct {
		const char *policy;
		bool	    in, out, payload;
	} rows[] = {
		{ "boundary b { default permit }", false, false, false },
		{ "boundary b { deny to 239.1.1.1 at data default permit }", false, false, false },
		{ "boundary b { deny in to 239.1.1.1 at membership default permit }", true, false, false },
		{ "boundary b { limit 5/s at session default permit }", true, true, true },
		{ "boundary b { default deny }", true, true, true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct boundary *b;
		struct t_trim t;

		check(t_trim_open(&t, rows[i].policy, (struct trim_options){ 0 }));
		b = t.policy->boundaries[0];
		check(trim_is_needed(b, DIRECTION_IN) == rows[i].in);
		check(trim_is_needed(b, DIRECTION_OUT) == rows[i].out);
		check(trim_needs_payload(b, DIRECTION_IN) == rows[i].payload);
		t_trim_close(&t);
	}
}

TEST_MAIN({ "rows", test_rows }, { "every cut and flipped bit", test_sweep },
	  { "bad checksum", test_bad_checksum }, { "Register-Stop", test_register_stop },
	  { "what no message can say", test_pairs }, { "fail open and closed", test_fail },
	  { "fragments", test_fragments }, { "counts", test_counts },
	  { "neighbours", test_neighbour }, { "need", test_need })
