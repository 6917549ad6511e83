/* SPDX-License-Identifier: BSD-2-Clause */
/* MSDP: every kind of TLV, format errors, the framing at every split, holes, and the encoder. */
#include "sweep.h"
#include "wire/msdp.h"

/* Two entries of RP 192.0.2.9: (10.0.0.1, 224.2.1.1) and (10.0.0.2, 224.2.1.2). */
#define TWO "01 0020 02 c0000209 00000020 e0020101 0a000001 00000020 e0020102 0a000002"
/* One entry and a 28-byte UDP packet 10.0.0.1 > 224.2.1.1, port 5000. */
#define ENTRY "00000020 e0020101 0a000001"
#define INNER "4500001c 00000000 0f110000 0a000001 e0020101 0fa0 1388 0008 0000"
#define DATA  "01 0030 01 c0000209" ENTRY INNER

static const struct row {
	const char *name, *hex, *says;
} rows[] = {
	{ "two entries", TWO, "sa 10.0.0.1,224.2.1.1 rp 192.0.2.9; sa 10.0.0.2,224.2.1.2 rp 192.0.2.9" },
	{ "data", DATA, "sa 10.0.0.1,224.2.1.1 rp 192.0.2.9 encapsulated" },
	{ "the data belongs to the last entry",
	  "01 003c 02 c0000209 00000020 e0020105 0a000005" ENTRY INNER,
	  "sa 10.0.0.5,224.2.1.5 rp 192.0.2.9; sa 10.0.0.1,224.2.1.1 rp 192.0.2.9 encapsulated" },
	{ "data of another source", "01 0030 01 c0000209 00000020 e0020101 0a000009" INNER,
	  "sa 10.0.0.9,224.2.1.1 rp 192.0.2.9 encapsulated data-mismatch" },
	{ "data of another group", "01 0030 01 c0000209 00000020 e0020109 0a000001" INNER,
	  "sa 10.0.0.1,224.2.1.9 rp 192.0.2.9 encapsulated data-mismatch" },
	{ "data longer than its packet", "01 0031 01 c0000209" ENTRY INNER "00",
	  "sa 10.0.0.1,224.2.1.1 rp 192.0.2.9 encapsulated data-mismatch" },
	{ "data that is no packet", "01 0018 01 c0000209" ENTRY "60000000",
	  "sa 10.0.0.1,224.2.1.1 rp 192.0.2.9 encapsulated data-mismatch" },
	{ "a source prefix", "01 0014 01 c0000209 00000018 e0020101 0a000000",
	  "sa 10.0.0.0/24,224.2.1.1 rp 192.0.2.9" },
	{ "reserved bits are ignored", "01 0014 01 c0000209 ffffff20 e0020101 0a000001",
	  "sa 10.0.0.1,224.2.1.1 rp 192.0.2.9" },
	{ "no entry", "01 0008 00 c0000209", "none -,- rp 192.0.2.9 notice" },
	{ "request", "02 0008 20 e0020101", "query -,224.2.1.1 notice" },
	{ "response", "03 0014 01 c0000209" ENTRY, "none 10.0.0.1,224.2.1.1 rp 192.0.2.9 notice" },
	{ "keepalive", "04 0003", "none -,- notice" },
	{ "notification of the drafts", "05 0005 8101", "anomaly type" },
	{ "an unknown type", "c8 0004 00", "anomaly type" },
	{ "more entries than bytes", "01 0014 02 c0000209" ENTRY, "anomaly length" },
	{ "a length of two", "04 0002", "anomaly length" },
	{ "a long keepalive", "04 0004 00", "anomaly length" },
	{ "a short request", "02 0007 20 e00201", "anomaly length" },
	{ "a prefix of 33", "01 0014 01 c0000209 00000021 e0020101 0a000001", "anomaly length" },
	{ "a prefix of 0", "01 0014 01 c0000209 00000000 e0020101 0a000001", "anomaly length" },
	{ "a group that is none", "01 0014 01 c0000209 00000020 c0000201 0a000001", "anomaly address" },
	{ "a source that is a group",
	  "01 0020 02 c0000209" ENTRY "00000020 e0020101 e0000001", "anomaly address" },
	{ "an RP that is a group", "01 0014 01 e0000209" ENTRY, "anomaly address" },
	{ "a request for no group", "02 0008 20 c0000201", "anomaly address" },
	{ "no header", "01 00", "anomaly short" },
	{ "less than its length", "01 0014 01 c0000209", "anomaly short" },
	{ "nothing", "", "anomaly short" },
};

static void decode_tlv(const struct layers *at, struct span bytes, struct said *out)
{
	msdp_decode(&at->template, bytes, out);
}

static void test_rows(void)
{
	struct layers at = t_layers("192.0.2.1", "192.0.2.2", 6);
	struct said said;

	said_init(&said);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span bytes = t_bytes(rows[i].hex);
		struct text text;

		said_reset(&said);
		msdp_decode(&at.template, bytes, &said);
		text = t_said(&said);
		check_text(text_string(&text), rows[i].says, rows[i].name);
		for (size_t k = 0; k < said.n; k++) {
			check(said.list[k].point == POINT_SA && said.list[k].protocol == PROTOCOL_MSDP);
			check(addr_equal(said.list[k].speaker, at.template.speaker));
		}
		text_release(&text);
		free((void *)bytes.p);
	}
	said_release(&said);
}

static void test_sweeps(void)
{
	struct layers at = t_layers("192.0.2.1", "192.0.2.2", 6);

	for (size_t i = 0; i < COUNT(rows); i++) {
		sweep_cuts(&at, rows[i].hex, true, decode_tlv);
		sweep_flips(&at, rows[i].hex, decode_tlv);
	}
}

/* An advertisement inside of the data is heard, and has no judgement of its own. */
static void test_quoted(void)
{
	struct layers at = t_layers("192.0.2.1", "192.0.2.2", 6);
	struct span bytes = t_bytes("01 003b 01 c0000209 00000020 efff0202 0a000001"
				    "45000027 00000000 0f110000 0a000001 efff0202 040a 2619 0013 0000"
				    "486f73746e616d653d610a");
	struct said said;

	said_init(&said);
	msdp_decode(&at.template, bytes, &said);
	check(said.n == 2);
	check(said.list[0].point == POINT_SA && said.list[0].flags == FLAG_BIT(ENCAPSULATED));
	check(said.list[1].protocol == PROTOCOL_RASADV && said.list[1].point == POINT_NONE);
	check(span_equal(said.list[1].hostname, span_of("a")));
	check(addr_equal(said.list[1].speaker, t_addr("10.0.0.1")));
	said_release(&said);
	free((void *)bytes.p);
}

/* A TLV over the limit is used up to it (RFC 3618 12). */
static void test_over_limit(void)
{
	struct layers at = t_layers("192.0.2.1", "192.0.2.2", 6);
	struct span begin = t_bytes("01 ffff 01 c0000209" ENTRY INNER);
	uint8_t *tlv = calloc(1, MSDP_TLV_MAX);
	struct said said;

	memcpy(tlv, begin.p, begin.n);
	said_init(&said);
	msdp_decode(&at.template, (struct span){ tlv, MSDP_TLV_MAX }, &said);
	check(said.n >= 1 && said.list[0].what == WHAT_SA);
	check(said.list[0].flags ==
	      (FLAG_BIT(ENCAPSULATED) | FLAG_BIT(DATA_MISMATCH) | FLAG_BIT(EXTRA_BYTES)));
	said_reset(&said);
	msdp_decode(&at.template, (struct span){ tlv, MSDP_TLV_MAX - 1 }, &said);
	check(sweep_is_anomaly(&said) && said.list[0].anomaly == ANOMALY_SHORT);
	said_release(&said);
	free(tlv);
	free((void *)begin.p);
}

/* The lengths of the TLVs that a framer finds in the bytes, fed in pieces of `step`. */
static struct text frames_of(struct msdp_framer *framer, struct span bytes, size_t step)
{
	struct text out = { 0 };

	for (size_t at = 0; at < bytes.n; at += step) {
		struct span piece = { bytes.p + at, bytes.n - at < step ? bytes.n - at : step };
		struct span tlv;

		while (msdp_frame_next(framer, &piece, &tlv)) {
			text_printf(&out, "%u:%zu%s ", tlv.p[0], tlv.n, framer->passed ? "!" : "");
			framer->passed = false;
		}
		check(piece.n == 0);
	}
	return out;
}

/* In pieces of every size; `lost` says that the stream was picked up in the middle. */
static void check_frames(const char *hex, bool lost, const char *says)
{
	struct span bytes = t_bytes(hex);
	struct msdp_framer *framer = malloc(sizeof(*framer));

	for (size_t step = 1; step <= bytes.n; step++) {
		struct text text;

		*framer = (struct msdp_framer){ .lost = lost };
		text = frames_of(framer, bytes, step);
		check_text(text_string(&text), says, hex);
		text_release(&text);
	}
	free(framer);
	free((void *)bytes.p);
}

static void test_framing(void)
{
	check_frames(TWO "040003" DATA "040003 c8000400", false, "1:32 4:3 1:48 4:3 200:4 ");
	check_frames("040003 04000304", false, "4:3 4:3 ");
	check_frames("040003 040002 ffff" TWO, false, "4:3 4:3 1:32! ");
	check_frames("0000" TWO "040003", true, "1:32! 4:3 ");
	check_frames(TWO "040003", true, "1:32 4:3 ");
	check_frames("0a000001 e0020101 0400" "040003" "040003" TWO, true, "4:3! 4:3 1:32 ");
	check_frames("01 0014 01 01 0014" TWO, true, "1:32! ");
	check_frames("01 0014 01 c0000209 00000021 e0020101" TWO, true, "1:32! ");
	check_frames("020008 21 e0020101 020008 20 e0020101" TWO, true, "2:8! 1:32 ");
}

/* Three bytes that look like a keepalive are none where what follows is nothing. */
static void test_false_keepalive(void)
{
	struct msdp_framer *framer = calloc(1, sizeof(*framer));
	struct span bytes = t_bytes("04000305" TWO);
	struct text text;

	framer->lost = true;
	text = frames_of(framer, bytes, bytes.n);
	check_text(text_string(&text), "1:32! ", "false keepalive");
	text_release(&text);
	free((void *)bytes.p);
	free(framer);
}

/* Over-long TLVs are cut at the limit, and the next begins where the length says. */
static void test_long_frame(void)
{
	size_t n = 3 + 20000 + 3;
	uint8_t *p = calloc(1, n);
	static const size_t steps[] = { 1, 7, 1460, 9191, 9192, 9193, 20003, 20006 };
	struct msdp_framer *framer = malloc(sizeof(*framer));

	memcpy(p, "\x01\x4e\x23", 3);				/* 20003 */
	memcpy(p + 20003, "\x04\x00\x03", 3);
	for (size_t i = 0; i < COUNT(steps); i++) {
		struct text text;

		*framer = (struct msdp_framer){ 0 };
		text = frames_of(framer, (struct span){ p, n }, steps[i]);
		check_text(text_string(&text), "1:9192 4:3 ", "over-long");
		text_release(&text);
	}
	free(framer);
	free(p);
}

/* A hole of `hole` bytes behind `before` bytes of TWO, KEEPALIVE, TWO, KEEPALIVE. */
static void check_gap(size_t before, uint32_t hole, bool lost_something, const char *says)
{
	struct span bytes = t_bytes(TWO "040003" TWO "040003");
	struct msdp_framer *framer = calloc(1, sizeof(*framer));
	struct text head = frames_of(framer, (struct span){ bytes.p, before }, 5);
	struct text tail;
	size_t behind = before + hole;

	check(msdp_frame_gap(framer, hole) == lost_something);
	tail = frames_of(framer, (struct span){ bytes.p + behind, bytes.n - behind }, 4);
	text_put(&head, "| ");
	text_put(&head, text_string(&tail));
	check_text(text_string(&head), says, "hole");
	text_release(&head);
	text_release(&tail);
	free(framer);
	free((void *)bytes.p);
}

static void test_gaps(void)
{
	check_gap(10, 5, true, "| 4:3! 1:32 4:3 ");		/* inside of the first TLV */
	check_gap(10, 22, true, "| 4:3! 1:32 4:3 ");		/* up to its end */
	check_gap(10, 24, true, "| 1:32! 4:3 ");		/* into the keepalive */
	check_gap(2, 3, true, "| 4:3! 1:32 4:3 ");		/* its length is not known */
	check_gap(32, 3, true, "1:32 | 1:32! 4:3 ");		/* a whole keepalive */
	check_gap(32, 4, true, "1:32 | 4:3! ");
}

static void test_gap_in_skipped(void)
{
	struct msdp_framer *framer = calloc(1, sizeof(*framer));
	struct span bytes = t_bytes("01 2500 01");
	struct span rest = bytes;
	struct span tlv;

	check(!msdp_frame_next(framer, &rest, &tlv));
	free((void *)bytes.p);
	bytes.p = calloc(1, 9188);
	rest = (struct span){ bytes.p, 9188 };
	check(msdp_frame_next(framer, &rest, &tlv) && tlv.n == MSDP_TLV_MAX);
	check(framer->skip == 0x2500 - MSDP_TLV_MAX);
	check(!msdp_frame_gap(framer, 100) && !framer->passed);
	check(framer->skip == 0x2500 - MSDP_TLV_MAX - 100 && !framer->lost);
	check(msdp_frame_gap(framer, 1000) && framer->lost);
	free((void *)bytes.p);
	free(framer);
}

static void test_encode(void)
{
	struct msdp_entry entries[] = { { t_addr("10.0.0.1"), t_addr("224.2.1.1") },
					{ t_addr("10.0.0.2"), t_addr("224.2.1.2") } };
	struct span two = t_bytes(TWO "040003"), data = t_bytes(DATA), inner = t_bytes(INNER);
	uint8_t buffer[100];
	struct wr w = wr_of(buffer, sizeof(buffer));

	msdp_encode_sa(&w, t_addr("192.0.2.9"), entries, 2, (struct span){ 0 });
	msdp_encode_keepalive(&w);
	check(wr_ok(&w) && span_equal(wr_span(&w), two));
	w = wr_of(buffer, sizeof(buffer));
	msdp_encode_sa(&w, t_addr("192.0.2.9"), entries, 1, inner);
	check(wr_ok(&w) && span_equal(wr_span(&w), data));
	w = wr_of(buffer, sizeof(buffer));
	msdp_encode_sa(&w, t_addr("192.0.2.9"), entries, 256, (struct span){ 0 });
	check(!wr_ok(&w) && wr_done(&w) == 0);
	w = wr_of(buffer, sizeof(buffer));
	msdp_encode_sa(&w, t_addr("192.0.2.9"), entries, 1, (struct span){ buffer, MSDP_TLV_MAX });
	check(!wr_ok(&w) && wr_done(&w) == 0);
	free((void *)two.p);
	free((void *)data.p);
	free((void *)inner.p);
}

TEST_MAIN({ "rows", test_rows }, { "sweeps", test_sweeps }, { "quoted", test_quoted },
	  { "over the limit", test_over_limit }, { "framing", test_framing },
	  { "false keepalive", test_false_keepalive },
	  { "over-long frames", test_long_frame }, { "holes", test_gaps },
	  { "holes in what is skipped", test_gap_in_skipped }, { "encode", test_encode })
