/* SPDX-License-Identifier: BSD-2-Clause */
/* SAP: headers, deletions, payload types, what cannot be looked into, and zlib without end. */
#include <zlib.h>

#include "sweep.h"
#include "wire/sap.h"

#define GLOBAL "224.2.127.254"
/* "v=0\ns=a\nc=IN IP4 224.2.1.1/127/2\n" */
#define SDP "763d300a733d610a633d494e20495034203232342e322e312e312f3132372f320a"
#define MIME "6170706c69636174696f6e2f73647000"		/* application/sdp, NUL */

static const struct row {
	const char *name, *group, *hex, *says;
	uint16_t    port;		/* 0: 9875 */
} rows[] = {
	{ "announce", GLOBAL, "20 00 1234 c0000205" SDP,
	  "sap send 192.0.2.1,224.2.127.254; sap announce 192.0.2.5,224.2.1.1 'a'; "
	  "sap announce 192.0.2.5,224.2.1.2 'a'", 0 },
	{ "payload type", GLOBAL, "20 00 1234 c0000205" MIME SDP,
	  "sap send 192.0.2.1,224.2.127.254; sap announce 192.0.2.5,224.2.1.1 'a'; "
	  "sap announce 192.0.2.5,224.2.1.2 'a'", 0 },
	{ "IPv6 origin", GLOBAL, "30 00 1234 20010db8000000000000000000000005" SDP,
	  "sap send 192.0.2.1,224.2.127.254; sap announce 2001:db8::5,224.2.1.1 'a'; "
	  "sap announce 2001:db8::5,224.2.1.2 'a'", 0 },
	{ "authentication data", GLOBAL, "20 02 1234 c0000205 3000000000000004" SDP,
	  "sap send 192.0.2.1,224.2.127.254 authenticated; "
	  "sap announce 192.0.2.5,224.2.1.1 authenticated 'a'; "
	  "sap announce 192.0.2.5,224.2.1.2 authenticated 'a'", 0 },
	{ "deletion with its o= line", GLOBAL,
	  "24 00 1234 c0000205 6f3d2d20312031 20494e20495034203139322e302e322e35 0d0a",
	  "sap send 192.0.2.1,224.2.127.254; sap none 192.0.2.5,- notice ''", 0 },
	{ "encrypted", GLOBAL, "22 00 1234 c0000205 deadbeef",
	  "sap send 192.0.2.1,224.2.127.254 encrypted; "
	  "sap announce 192.0.2.5,- notice encrypted ''", 0 },
	{ "encrypted and compressed", GLOBAL, "23 00 1234 c0000205 deadbeef",
	  "sap send 192.0.2.1,224.2.127.254 compressed encrypted; "
	  "sap announce 192.0.2.5,- notice compressed encrypted ''", 0 },
	{ "another payload type", GLOBAL, "20 00 1234 c0000205 746578742f786d6c00 3c613e",
	  "sap send 192.0.2.1,224.2.127.254; sap announce 192.0.2.5,- notice ''", 0 },
	{ "no group in it", GLOBAL, "20 00 1234 c0000205 763d300a733d610a",
	  "sap send 192.0.2.1,224.2.127.254; sap announce 192.0.2.5,- notice 'a'", 0 },
	{ "one group twice", GLOBAL,
	  "20 00 1234 c0000205" SDP "6d3d610a633d494e20495034203232342e322e312e322f3132372f330a",
	  "sap send 192.0.2.1,224.2.127.254; sap announce 192.0.2.5,224.2.1.1 'a'; "
	  "sap announce 192.0.2.5,224.2.1.2 'a'; sap announce 192.0.2.5,224.2.1.3 'a'; "
	  "sap announce 192.0.2.5,224.2.1.4 'a'", 0 },
	{ "RTP on the SAP group", GLOBAL, "80 00 0001 00000002 00000003 d5d5d5d5",
	  "udp send 192.0.2.1,224.2.127.254 not-sap", 5004 },
	{ "RTP on the SAP port of another group", "239.1.1.1", "80 00 0001 00000002 00000003 d5d5",
	  "udp send 192.0.2.1,239.1.1.1", 0 },
	{ "SAP on another group", "239.1.1.1", "20 00 1234 c0000205 763d300a733d610a",
	  "sap send 192.0.2.1,239.1.1.1; sap announce 192.0.2.5,- notice 'a'", 0 },
	{ "SAP on another port", GLOBAL, "20 00 1234 c0000205 763d300a733d610a",
	  "sap send 192.0.2.1,224.2.127.254; sap announce 192.0.2.5,- notice 'a'", 9876 },
	{ "the scope's own SAP group", "239.195.255.255", "80",
	  "udp send 192.0.2.1,239.195.255.255 not-sap", 0 },
	{ "version 0 on its group", "224.2.127.255", "00 00 0000 c0000205 763d300a733d610a",
	  "sap send 192.0.2.1,224.2.127.255; sap announce 192.0.2.5,- notice 'a'", 0 },
	{ "version 0 elsewhere", GLOBAL, "00 00 0000 c0000205 763d300a733d610a",
	  "udp send 192.0.2.1,224.2.127.254 not-sap", 0 },
	{ "authentication data that is not there", GLOBAL, "20 40 1234 c0000205" SDP,
	  "udp send 192.0.2.1,224.2.127.254 not-sap; anomaly short", 0 },
	{ "half a header", GLOBAL, "20 00 1234 c000",
	  "udp send 192.0.2.1,224.2.127.254 not-sap; anomaly short", 0 },
	{ "no payload", GLOBAL, "20 00 1234 c0000205",
	  "udp send 192.0.2.1,224.2.127.254 not-sap; anomaly short", 0 },
	{ "a payload that is none", GLOBAL, "20 00 1234 c0000205 ff00",
	  "udp send 192.0.2.1,224.2.127.254 not-sap; anomaly type", 0 },
	{ "an over-long payload type", GLOBAL, "20 00 1234 c0000205"
	  "61616161616161616161616161616161616161616161616161616161616161616161616161616161"
	  "61616161616161616161616161616161616161616161616161616161616161616161616161616161 00",
	  "udp send 192.0.2.1,224.2.127.254 not-sap; anomaly type", 0 },
	{ "compressed, and no zlib", GLOBAL, "21 00 1234 c0000205 deadbeef",
	  "sap send 192.0.2.1,224.2.127.254 compressed; anomaly length", 0 },
	{ "nothing", GLOBAL, "", "udp send 192.0.2.1,224.2.127.254 not-sap", 0 },
};

static struct layers surroundings(const struct row *row)
{
	struct layers at = t_layers("192.0.2.1", row->group, 17);

	at.template.ttl = 255;
	at.template.sport = 9875;
	at.template.dport = row->port ? row->port : SAP_PORT;
	at.template.has_ports = true;
	return at;
}

static struct text words_of(const struct said *said)
{
	struct text text = { 0 };

	for (size_t i = 0; i < said->n; i++) {
		const struct observation *obs = &said->list[i];

		text_put(&text, i ? "; " : "");
		if (obs->anomaly == ANOMALY_NONE)
			text_printf(&text, "%s ", protocol_name(obs->protocol));
		t_statement(obs, &text);
		if (obs->point == POINT_DATA || obs->anomaly != ANOMALY_NONE)
			continue;
		text_put(&text, " '");
		text_escape(&text, obs->session);
		text_put(&text, "'");
	}
	return text;
}

static void check_said(const struct layers *at, struct span bytes, const char *says,
		       const char *name)
{
	struct said said;
	struct text text;

	said_init(&said);
	sap_decode(at, bytes, &said);
	text = words_of(&said);
	check_text(text_string(&text), says, name);
	text_release(&text);
	said_release(&said);
}

static void test_rows(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct layers at = surroundings(&rows[i]);
		struct span bytes = t_bytes(rows[i].hex);

		check_said(&at, bytes, rows[i].says, rows[i].name);
		free((void *)bytes.p);
	}
}

/* A SAP datagram around a payload, compressed by the library itself. */
static struct span compressed(const void *text, size_t n, size_t cut)
{
	uLongf size = compressBound(n);
	uint8_t *p = malloc(8 + size);

	memcpy(p, "\x21\x00\x12\x34\xc0\x00\x02\x05", 8);
	check(compress2(p + 8, &size, text, n, 9) == Z_OK);
	return (struct span){ p, 8 + size - cut };
}

static void test_compressed(void)
{
	static const char sdp[] = "v=0\ns=zipped\nc=IN IP4 224.2.1.1/127\n";
	struct layers at = surroundings(&rows[0]);
	struct span bytes = compressed(sdp, sizeof(sdp) - 1, 0);

	check_said(&at, bytes,
		   "sap send 192.0.2.1,224.2.127.254 compressed; "
		   "sap announce 192.0.2.5,224.2.1.1 compressed 'zipped'", "compressed");
	bytes.n -= 6;
	check_said(&at, bytes,
		   "sap send 192.0.2.1,224.2.127.254 compressed; anomaly short", "zlib cut short");
	free((void *)bytes.p);
}

/* Ten megabytes in ten kilobytes: refused at the end of the scratch, not later. */
static void test_bomb(void)
{
	struct layers at = surroundings(&rows[0]);
	size_t n = 10 << 20;
	char *text = calloc(1, n);
	struct span bytes;

	memcpy(text, "v=0\n", 4);
	bytes = compressed(text, n, 0);
	check_said(&at, bytes,
		   "sap send 192.0.2.1,224.2.127.254 compressed not-sap; anomaly crowded", "bomb");
	free((void *)bytes.p);
	free(text);
}

/* Many messages in one packet share the scratch: each is read whole, or is refused. */
static void test_scratch_is_shared(void)
{
	struct layers at = surroundings(&rows[0]);
	char sdp[4000] = "v=0\ns=a\nc=IN IP4 224.2.1.1/127\n";
	struct span bytes;
	struct said said;
	unsigned whole = 0, crowded = 0;

	memset(sdp + strlen(sdp), '\n', sizeof(sdp) - strlen(sdp));
	bytes = compressed(sdp, sizeof(sdp), 0);
	said_init(&said);
	for (int i = 0; i < 10; i++) {
		sap_decode(&at, bytes, &said);
		whole += said.list[said.n - 1].anomaly == ANOMALY_NONE;
		crowded += said.list[said.n - 1].anomaly == ANOMALY_CROWDED;
		check(said.scratch_used <= SAID_SCRATCH);
	}
	check(whole >= 2 && crowded >= 1 && whole + crowded == 10);
	said_release(&said);
	free((void *)bytes.p);
}

static void test_too_many_groups(void)
{
	struct layers at = surroundings(&rows[0]);
	char text[200];
	int n = snprintf(text, sizeof(text),
			 "\x20%c\x12\x34%c%c%c%cv=0\ns=a\nc=IN IP4 224.2.1.1/127/2000\n", 0, 10, 0, 0, 1);

	check_said(&at, (struct span){ (uint8_t *)text, (size_t)n },
		   "sap send 192.0.2.1,224.2.127.254; anomaly crowded", "2000 groups");
}

/* A description may name one group with as many media as it likes. */
static void test_many_media(void)
{
	struct layers at = surroundings(&rows[0]);
	struct text text = { 0 };

	text_put_n(&text, "\x20\0\x12\x34\x0a\0\0\1v=0\ns=a\n", 16);
	for (int i = 0; i < 300; i++)
		text_put(&text, "m=audio 1 RTP/AVP 0\nc=IN IP4 224.2.1.1/127\n");
	check_said(&at, (struct span){ (uint8_t *)text.p, text.n },
		   "sap send 192.0.2.1,224.2.127.254 not-sap; sap announce 10.0.0.1,224.2.1.1 'a'",
		   "300 media");
	text_release(&text);
}

static void test_over_a_kilobyte(void)
{
	struct layers at = surroundings(&rows[0]);
	uint8_t bytes[1100] = "\x20\x00\x12\x34\x0a\x00\x00\x01v=0\ns=a\nc=IN IP4 224.2.1.1/127\n";

	memcpy(bytes, "\x20\x00\x12\x34\x0a\x00\x00\x01", 8);
	check_said(&at, (struct span){ bytes, SAP_USUAL_MAX + 1 },
		   "sap send 192.0.2.1,224.2.127.254 not-sap; sap announce 10.0.0.1,224.2.1.1 'a'",
		   "1025 bytes");
	check_said(&at, (struct span){ bytes, SAP_USUAL_MAX },
		   "sap send 192.0.2.1,224.2.127.254; sap announce 10.0.0.1,224.2.1.1 'a'",
		   "1024 bytes");
}

static void test_session_name(void)
{
	struct layers at = surroundings(&rows[0]);
	uint8_t bytes[500] = { 0x20, 0, 0, 1, 10, 0, 0, 1, 'v', '=', '0', '\n', 's', '=', 0x1b, '[' };
	struct said said;

	memset(bytes + 16, 'a', 400);
	said_init(&said);
	sap_decode(&at, (struct span){ bytes, 416 }, &said);
	check(said.n == 2 && said.list[1].session.n == 256);
	check(said.list[1].flags == (FLAG_BIT(CONTROL_BYTES) | FLAG_BIT(TOO_LONG)));
	said_release(&said);
}

/* A description of which the end is not there names groups that may go on: none is said. */
static void test_cut(void)
{
	struct layers at = surroundings(&rows[0]);
	struct span bytes = t_bytes(rows[0].hex);

	at.cut = 1;
	at.template.flags = FLAG_BIT(CUT);
	check_said(&at, bytes, "sap send 192.0.2.1,224.2.127.254 cut; anomaly cut cut", "cut");
	bytes.n = 3;
	check_said(&at, bytes, "sap send 192.0.2.1,224.2.127.254 cut; anomaly cut cut", "header cut");
	bytes.n = 0;
	check_said(&at, bytes, "udp send 192.0.2.1,224.2.127.254 cut not-sap", "all cut");
	free((void *)bytes.p);
}

static void test_groups(void)
{
	static const char *const groups[] = { "224.2.127.254", "224.2.127.255", "239.255.255.255",
					      "239.195.255.255", "ff02::2:7ffe", "ff0e::2:7ffe" };
	static const char *const others[] = { "224.2.127.253", "239.255.255.250", "224.0.0.1",
					      "ff12::2:7ffe", "ff0e:1::2:7ffe", "ff0e::2:7fff",
					      "192.0.2.1" };

	for (size_t i = 0; i < COUNT(groups); i++)
		check_named(sap_is_group(t_addr(groups[i])), groups[i]);
	for (size_t i = 0; i < COUNT(others); i++)
		check_named(!sap_is_group(t_addr(others[i])), others[i]);
}

static void test_quoted(void)
{
	struct layers at = surroundings(&rows[0]);
	struct span bytes = t_bytes(rows[0].hex);
	struct said said;

	at.is_quoted = true;
	said_init(&said);
	sap_decode(&at, bytes, &said);
	check(said.n == 2);
	check(said.list[0].point == POINT_NONE && said.list[0].protocol == PROTOCOL_SAP);
	said_release(&said);
	free((void *)bytes.p);
}

/* Parse, encode, parse. */
static void test_encode(void)
{
	struct layers at = surroundings(&rows[0]);
	struct sap_message message = { .origin = t_addr("192.0.2.5"), .hash = 0x1234,
				       .payload = span_of("v=0\ns=a\nc=IN IP4 224.2.1.1/127/2\n") };
	struct span should = t_bytes(rows[0].hex);
	uint8_t buffer[200];
	struct wr w = wr_of(buffer, sizeof(buffer));

	sap_encode(&w, &message);
	check(wr_ok(&w) && span_equal(wr_span(&w), should));
	free((void *)should.p);
	message.type = "application/sdp";
	message.origin = t_addr("2001:db8::5");
	w = wr_of(buffer, sizeof(buffer));
	sap_encode(&w, &message);
	check_said(&at, wr_span(&w), rows[2].says, "IPv6 with a payload type");
	w = wr_of(buffer, 20);
	sap_encode(&w, &message);
	check(!wr_ok(&w));
}

/* The sweeps see what is said besides the data. */
static void decode_message(const struct layers *at, struct span bytes, struct said *out)
{
	sap_decode(at, bytes, out);
	check(out->n >= 1 && out->list[0].anomaly == ANOMALY_NONE);
	out->n--;
	memmove(&out->list[0], &out->list[1], out->n * sizeof(out->list[0]));
}

static void test_sweeps(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct layers at = surroundings(&rows[i]);

		sweep_cuts(&at, rows[i].hex, false, decode_message);
		sweep_flips(&at, rows[i].hex, decode_message);
	}
}

TEST_MAIN({ "rows", test_rows }, { "compressed", test_compressed }, { "bomb", test_bomb },
	  { "scratch is shared", test_scratch_is_shared },
	  { "too many groups", test_too_many_groups }, { "many media", test_many_media },
	  { "over a kilobyte", test_over_a_kilobyte }, { "session name", test_session_name },
	  { "cut", test_cut }, { "groups", test_groups }, { "quoted", test_quoted },
	  { "encode", test_encode }, { "sweeps", test_sweeps })
