/* SPDX-License-Identifier: BSD-2-Clause */
/* Streams of port 639: cut, shuffled, doubled and overlapping segments say what the stream says
 * in one piece; holes, snap length, resets, and the bounds. */
#include "engine/stream.h"
#include "sweep.h"
#include "wire/msdp.h"

#define ISN 0xffffff00u			/* sequence numbers wrap soon */

enum { FIN = 1, SYN = 2, RST = 4 };

static struct segment segment_of(uint32_t offset, struct span payload)
{
	struct segment s = { .header = observation_none(), .payload = payload };

	s.header.speaker = t_addr("192.0.2.1");
	s.header.receiver = t_addr("192.0.2.2");
	s.header.sport = 40000;
	s.header.dport = MSDP_PORT;
	s.header.has_ports = true;
	s.header.protocol = PROTOCOL_TCP;
	s.seq = ISN + 1 + offset;
	return s;
}

static struct segment syn_of(void)
{
	struct segment s = segment_of(0, (struct span){ 0 });

	s.seq = ISN;
	s.tcp_flags = SYN;
	return s;
}

/* A table, and everything that its streams said so far. */
struct talk {
	struct stream_table *table;
	struct said	     said;
	struct text	     words;
	int64_t		     age;
	size_t		     n;		/* statements */
};

static struct talk talk_begin(void)
{
	struct talk t = { .table = stream_table_new() };

	said_init(&t.said);
	return t;
}

static void add_words(struct talk *t, const char *words, size_t n)
{
	if (n > 0)
		text_printf(&t->words, "%s%s", t->words.n ? "; " : "", words);
	t->n += n;
}

static void take_words(struct talk *t)
{
	struct text words = t_said(&t->said);

	add_words(t, text_string(&words), t->said.n);
	text_release(&words);
	said_reset(&t->said);
}

static void hear(struct talk *t, struct segment segment)
{
	/* Exactly as long as it is: the sanitizer sees a read behind a segment. */
	uint8_t *copy = malloc(segment.payload.n + (segment.payload.n == 0));

	if (segment.payload.n > 0)
		memcpy(copy, segment.payload.p, segment.payload.n);
	segment.payload.p = copy;
	t->age = stream_segment(t->table, &segment, &t->said);
	take_words(t);
	free(copy);
}

static void talk_end(struct talk *t, const char *says, const char *name)
{
	while (stream_flush(t->table, &t->said, &t->age))
		take_words(t);
	if (says)
		check_text(text_string(&t->words), says, name);
	stream_table_free(t->table);
	said_release(&t->said);
	text_release(&t->words);
}

#define SCRIPT_MAX 60000

/* A random exchange: Source-Actives of many sizes, some with data, keepalives, odd TLVs. */
static struct span script_of(uint8_t *buffer, size_t limit, uint64_t *state)
{
	struct wr w = wr_of(buffer, limit);
	static const uint8_t odd[] = { 2, 0, 8, 32, 239, 1, 1, 1, 200, 0, 5, 1, 2 };
	static uint8_t data[2000] = { 0x45 };

	for (size_t done = 0; wr_ok(&w); done = wr_done(&w)) {
		struct msdp_entry entries[40];
		unsigned n = 1 + (unsigned)(t_random(state) % COUNT(entries));
		size_t bytes = t_random(state) % 3 ? 0 : 20 + t_random(state) % 1980;

		for (unsigned i = 0; i < n; i++) {
			entries[i].source = addr_of4(0x0a000000 | (uint32_t)(t_random(state) & 0xffff));
			entries[i].group = addr_of4(0xe0020000 | (uint32_t)(t_random(state) & 0xffff));
		}
		if (done + 13 + 8 + 12 * n + bytes + 3 > limit)
			break;
		msdp_encode_sa(&w, addr_of4(0xc0000201), entries, n, (struct span){ data, bytes });
		if (t_random(state) % 2)
			msdp_encode_keepalive(&w);
		if (t_random(state) % 8 == 0)
			wr_bytes(&w, odd, sizeof(odd));
	}
	return wr_span(&w);
}

struct cut {
	uint32_t begin, end;
};

/* Cuts that cover the stream, some twice, some overlapping their neighbours, in a random order
 * in which none is displaced by more than `disorder` places. */
static size_t cut_up(struct cut *cuts, uint32_t n, size_t disorder, uint64_t *state)
{
	size_t count = 0;

	for (uint32_t at = 0; at < n;) {
		uint32_t length = 1 + (uint32_t)(t_random(state) % (t_random(state) % 4 ? 1460 : 30));
		uint32_t back = t_random(state) % 4 ? 0 : (uint32_t)(t_random(state) % 100);

		length = length < n - at ? length : n - at;
		cuts[count++] = (struct cut){ at > back ? at - back : 0, at + length };
		if (t_random(state) % 8 == 0) {
			cuts[count] = cuts[count - 1];
			count++;
		}
		at += length;
	}
	for (size_t i = 0; i + 1 < count && disorder > 0; i++) {
		size_t k = i + t_random(state) % (disorder < count - i ? disorder : count - i);
		struct cut swapped = cuts[i];

		cuts[i] = cuts[k];
		cuts[k] = swapped;
	}
	return count;
}

static void check_cut_up(struct span script, const char *should, size_t disorder, uint64_t *state)
{
	struct cut *cuts = calloc(SCRIPT_MAX * 2, sizeof(*cuts));
	size_t n = cut_up(cuts, (uint32_t)script.n, disorder, state);
	struct talk t = talk_begin();

	hear(&t, syn_of());
	for (size_t i = 0; i < n; i++)
		hear(&t, segment_of(cuts[i].begin, (struct span){ script.p + cuts[i].begin,
								  cuts[i].end - cuts[i].begin }));
	check(stream_counters(t.table).gaps == 0 && stream_counters(t.table).refused_bytes == 0);
	talk_end(&t, should, "cut up");
	free(cuts);
}

/* The same words in one piece and in any pieces. */
static void test_random(void)
{
	uint8_t *buffer = malloc(SCRIPT_MAX);
	uint64_t state = 4711;

	for (int round = 0; round < 40; round++) {
		struct span script = script_of(buffer, 200 + t_random(&state) % (SCRIPT_MAX - 200), &state);
		struct talk whole = talk_begin();

		hear(&whole, syn_of());
		for (size_t at = 0; at < script.n; at += 32768)
			hear(&whole, segment_of((uint32_t)at,
				(struct span){ script.p + at, script.n - at < 32768 ? script.n - at : 32768 }));
		check(whole.n > 3);
		check_cut_up(script, text_string(&whole.words), 0, &state);
		check_cut_up(script, text_string(&whole.words), 12, &state);
		check_cut_up(script, text_string(&whole.words), 30, &state);
		talk_end(&whole, NULL, NULL);
	}
	free(buffer);
}

#define SA(last) "01 0014 01 c0000209 00000020 e0020101 0a0000" last
#define SAYS(last) "sa 10.0.0." last ",224.2.1.1 rp 192.0.2.9"

static void hear_hex(struct talk *t, uint32_t offset, const char *hex)
{
	struct span bytes = t_bytes(hex);

	hear(t, segment_of(offset, bytes));
	free((void *)bytes.p);
}

static void test_in_the_middle(void)
{
	struct talk t = talk_begin();

	hear_hex(&t, 5000, "00 e0020101 0a000001" SA("02"));
	hear_hex(&t, 5029, SA("03"));
	talk_end(&t, SAYS("2") " gap; " SAYS("3"), "picked up in the middle");
	t = talk_begin();
	hear_hex(&t, 5000, SA("02"));
	talk_end(&t, SAYS("2"), "picked up at a TLV");
}

/* The hole after the first SA is never filled. */
static void test_hole_in_time(void)
{
	struct talk t = talk_begin();
	struct segment late = segment_of(60, (struct span){ 0 });
	struct span bytes = t_bytes(SA("04"));

	hear(&t, syn_of());
	hear_hex(&t, 0, SA("01"));
	hear_hex(&t, 40, SA("03"));
	check_text(text_string(&t.words), SAYS("1"), "waits");
	late.payload = bytes;
	late.header.at.ns = STREAM_HOLE_NS + 1;
	hear(&t, late);
	check(stream_counters(t.table).gaps == 1);
	hear_hex(&t, 20, SA("02"));				/* too late */
	talk_end(&t, SAYS("1") "; " SAYS("3") " gap; " SAYS("4"), "given up");
	free((void *)bytes.p);
}

static void test_hole_at_the_end(void)
{
	struct talk t = talk_begin();

	hear(&t, syn_of());
	hear_hex(&t, 20, SA("02"));
	hear_hex(&t, 60, SA("04"));
	talk_end(&t, SAYS("2") " gap; " SAYS("4") " gap", "flush");
}

/* More waits than the stream may keep: the hole is given up, nothing else is lost. */
static void test_hole_in_bytes(void)
{
	struct talk t = talk_begin();
	size_t count = STREAM_WAITING_MAX / 1000 + 10;
	uint8_t tlv[1000] = { 0 };
	struct span begin = t_bytes("01 03e8 01 c0000209 00000020 e0020101 0a000001");

	memcpy(tlv, begin.p, begin.n);
	hear(&t, syn_of());
	for (size_t i = 1; i <= count; i++)
		hear(&t, segment_of((uint32_t)i * 1000, (struct span){ tlv, sizeof(tlv) }));
	check(t.n == count && stream_counters(t.table).gaps == 1);
	check(stream_counters(t.table).refused_bytes == 0);
	talk_end(&t, NULL, NULL);
	free((void *)begin.p);
}

/* Bytes that the snap length took are never seen: said so, and read on behind them. */
static void test_snap_length(void)
{
	struct talk t = talk_begin();
	struct span bytes = t_bytes("01 0020 02 c0000209 00000020 e0020101 0a000001");
	struct segment s = segment_of(0, bytes);

	hear(&t, syn_of());
	s.missing = 12 + 3;
	hear(&t, s);						/* and a keepalive */
	hear_hex(&t, 35, SA("02"));
	talk_end(&t, "anomaly cut; " SAYS("2") " gap", "cut");
	t = talk_begin();
	hear(&t, syn_of());
	s.missing = 12;
	hear(&t, s);
	hear_hex(&t, 32, "040003" SA("02"));
	talk_end(&t, "anomaly cut; none -,- notice gap; " SAYS("2"), "cut at a TLV's end");
	t = talk_begin();
	hear(&t, syn_of());
	hear(&t, s);
	hear_hex(&t, 20, "00000020 e0020101 0a000002");		/* sent again, whole: too late */
	hear_hex(&t, 32, SA("03"));
	talk_end(&t, "anomaly cut; " SAYS("3") " gap", "cut and sent again");
	t = talk_begin();
	s.seq += 20;
	hear(&t, syn_of());
	hear(&t, s);						/* before what stands in front of it */
	hear_hex(&t, 0, SA("01"));
	hear_hex(&t, 52, SA("02"));
	talk_end(&t, SAYS("1") "; anomaly cut; " SAYS("2") " gap", "cut, and too early");
	free((void *)bytes.p);
}

static void test_connections(void)
{
	struct talk t = talk_begin();
	struct segment s = syn_of();

	hear(&t, s);
	hear(&t, s);						/* sent twice */
	hear_hex(&t, 0, SA("01"));
	hear(&t, s);						/* and once more */
	s = segment_of(20, (struct span){ 0 });
	s.tcp_flags = FIN;
	hear(&t, s);
	hear_hex(&t, 0, SA("01"));				/* sent again after the end */
	s.seq = 1000;						/* the next connection */
	s.tcp_flags = SYN;
	hear(&t, s);
	hear_hex(&t, 1001 - (ISN + 1), SA("02"));
	check(stream_counters(t.table).opened == 2 && stream_counters(t.table).evicted == 0);
	talk_end(&t, SAYS("1") "; " SAYS("2"), "two connections of the same ports");
}

static void test_data_with_syn(void)
{
	struct talk t = talk_begin();
	struct segment s = syn_of();
	struct span bytes = t_bytes(SA("01"));

	s.payload = bytes;
	hear(&t, s);
	hear_hex(&t, 20, SA("02"));
	talk_end(&t, SAYS("1") "; " SAYS("2"), "data with the SYN");
	free((void *)bytes.p);
}

static void test_reset(void)
{
	struct talk t = talk_begin();
	struct segment s = segment_of(20, (struct span){ 0 });

	hear(&t, syn_of());
	hear_hex(&t, 20, SA("02"));
	s.tcp_flags = RST;
	hear(&t, s);
	talk_end(&t, SAYS("2") " gap", "what waits at a reset is said");
}

static void test_both_directions(void)
{
	struct talk t = talk_begin();
	struct segment back = segment_of(0, (struct span){ 0 });
	struct span bytes = t_bytes(SA("09"));

	hear(&t, syn_of());
	back.header.speaker = t_addr("192.0.2.2");
	back.header.receiver = t_addr("192.0.2.1");
	back.header.sport = MSDP_PORT;
	back.header.dport = 40000;
	back.payload = bytes;
	hear_hex(&t, 0, "01 0014 01 c0");
	hear(&t, back);
	hear_hex(&t, 5, "000209 00000020 e0020101 0a000001");
	check(stream_counters(t.table).opened == 2);
	talk_end(&t, SAYS("9") "; " SAYS("1"), "interleaved");
	free((void *)bytes.p);
}

static void test_age(void)
{
	struct talk t = talk_begin();
	struct segment s = syn_of();
	struct span bytes = t_bytes(SA("01"));

	s.header.at.ns = 1000 * NS_PER_S;
	hear(&t, s);
	check(t.age == 0);
	s = segment_of(0, bytes);
	s.header.at.ns = 1059 * NS_PER_S;
	hear(&t, s);
	check(t.age == 59 * NS_PER_S && t.age < STREAM_REPLAY_NS);
	s.seq += 20;
	s.header.at.ns = 1061 * NS_PER_S;
	hear(&t, s);
	check(t.age == 61 * NS_PER_S);
	s.seq += 20;
	s.header.at.ns = 900 * NS_PER_S;			/* time that goes back stands still */
	hear(&t, s);
	check(t.age == 61 * NS_PER_S && t.n == 3);
	s.header.sport = s.header.dport = 1;
	hear(&t, s);
	check(t.n == 3);
	talk_end(&t, NULL, NULL);
	free((void *)bytes.p);
}

/* Thousands of connections that say nothing do not push out one that speaks. */
static void test_eviction(void)
{
	struct talk t = talk_begin();

	hear(&t, syn_of());
	hear_hex(&t, 0, SA("01"));
	hear_hex(&t, 20, "01 0014 01 c0000209");
	for (uint32_t i = 0; i < 20000; i++) {
		struct segment s = syn_of();

		s.header.sport = (uint16_t)(i + 1);
		s.header.speaker = addr_of4(0x0a000000 + i);
		hear(&t, s);
	}
	check(stream_counters(t.table).evicted >= 20001 - STREAMS_MAX);
	hear_hex(&t, 28, "00000020 e0020101 0a000002");
	talk_end(&t, SAYS("1") "; " SAYS("2"), "still there");
}

/* One stream cannot keep the pool from the others. */
static void test_pool(void)
{
	struct talk t = talk_begin();
	uint8_t junk[1400] = { 0 };

	for (uint32_t i = 0; i < 100; i++) {
		struct segment s = syn_of();

		s.header.sport = (uint16_t)(i + 1);
		hear(&t, s);
		s = segment_of(0, (struct span){ junk, sizeof(junk) });
		s.header.sport = (uint16_t)(i + 1);
		for (uint32_t k = 1; k < 60; k++) {
			s.seq += sizeof(junk) + 1;
			hear(&t, s);
		}
	}
	check(stream_counters(t.table).refused_bytes > 0);
	hear(&t, syn_of());
	hear_hex(&t, 0, SA("01"));
	check(strstr(text_string(&t.words), SAYS("1")) != NULL);
	talk_end(&t, NULL, NULL);
}

/* Names from a TLV outlive the stream's own memory. */
static void test_names(void)
{
	struct talk t = talk_begin();
	struct span bytes = t_bytes("01 003b 01 c0000209 00000020 efff0202 0a000001"
				    "45000027 00000000 0f110000 0a000001 efff0202 040a 2619 0013 0000"
				    "486f73746e616d653d610a 040003");
	struct segment s = segment_of(0, (struct span){ bytes.p, 30 });

	hear(&t, syn_of());
	stream_segment(t.table, &s, &t.said);
	s = segment_of(30, (struct span){ bytes.p + 30, bytes.n - 30 });
	stream_segment(t.table, &s, &t.said);
	check(t.said.n == 3 && span_equal(t.said.list[1].hostname, span_of("a")));
	check(t.said.list[1].hostname.p >= t.said.scratch &&
	      t.said.list[1].hostname.p < t.said.scratch + SAID_SCRATCH);
	talk_end(&t, NULL, NULL);
	free((void *)bytes.p);
}

/* One more segment of one of many streams: mostly in order, some behind a hole, some that end it. */
static struct segment random_segment(uint64_t *state, uint32_t next[], size_t ports, struct mtime *now)
{
	static const uint8_t keepalives[] = { 4, 0, 3, 4, 0, 3 }, begin[] = { 1, 0, 40, 1 };
	size_t port = t_random(state) % ports;
	struct segment s = segment_of(next[port], (struct span){ 0 });

	now->ns += (int64_t)(t_random(state) % (uint64_t)NS_PER_S);
	s.header.at = *now;
	s.header.sport = (uint16_t)(1000 + port);
	if (t_random(state) % 2)
		return s;
	s.payload = (struct span){ keepalives, 1 + t_random(state) % sizeof(keepalives) };
	s.missing = t_random(state) % 8 ? 0 : 2;
	s.tcp_flags = t_random(state) % 8 ? 0 : (uint8_t)(t_random(state) % 8);
	if (t_random(state) % 8 == 0)
		s.seq += 3;
	if (t_random(state) % 4 == 0) {
		s.payload = (struct span){ begin, sizeof(begin) };
		s.missing = 40 - sizeof(begin);
	}
	next[port] += (uint32_t)s.payload.n + s.missing;
	return s;
}

static void acknowledge(struct talk *t, const struct segment *s)
{
	struct brief brief = { .speaker = (uint32_t)s->header.speaker.lo, .sport = s->header.sport,
			       .receiver = (uint32_t)s->header.receiver.lo, .dport = s->header.dport,
			       .seq = s->seq, .tlv = 40 };

	if (s->tcp_flags || (s->payload.n > 0 && s->missing < 30)) {
		hear(t, *s);
	} else if (s->payload.n > 0) {
		if (stream_pass_cut(t->table, &brief, s->header.at))
			add_words(t, "anomaly cut", 1);
		else
			hear(t, *s);
	} else if (!stream_acknowledge(t->table, &brief, s->header.at)) {
		hear(t, *s);
	}
}

static bool same_counters(const struct talk *a, const struct talk *b)
{
	struct stream_counters x = stream_counters(a->table), y = stream_counters(b->table);

	return memcmp(&x, &y, sizeof(x)) == 0;
}

/* Who takes segments without a byte in brief hears what others hear; few streams, and more than are
 * kept. */
static void test_acknowledgments(void)
{
	static uint32_t next[2 * STREAMS_MAX];
	struct mtime now = { 0 };
	uint64_t state = 5;

	for (size_t ports = 3; ports <= COUNT(next); ports = ports < 100 ? 100 : ports * 2) {
		struct talk a = talk_begin(), b = talk_begin();

		memset(next, 0, sizeof(next));
		for (int i = 0; i < 6000; i++) {
			struct segment s = random_segment(&state, next, ports, &now);

			hear(&a, s);
			acknowledge(&b, &s);
			check(same_counters(&a, &b));
		}
		while (stream_flush(a.table, &a.said, &a.age))
			take_words(&a);
		check(a.n > 0);
		talk_end(&b, text_string(&a.words), "acknowledgments");
		talk_end(&a, NULL, NULL);
	}
}

TEST_MAIN({ "random", test_random }, { "in the middle", test_in_the_middle },
	  { "a hole, in time", test_hole_in_time }, { "a hole, at the end", test_hole_at_the_end },
	  { "a hole, in bytes", test_hole_in_bytes }, { "snap length", test_snap_length },
	  { "connections", test_connections }, { "data with SYN", test_data_with_syn },
	  { "reset", test_reset }, { "both directions", test_both_directions }, { "age", test_age },
	  { "eviction", test_eviction }, { "pool", test_pool }, { "names", test_names },
	  { "acknowledgments", test_acknowledgments })
