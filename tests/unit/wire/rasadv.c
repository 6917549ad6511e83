/* SPDX-License-Identifier: BSD-2-Clause */
/* RAS advertisements: the captured frame, both forms, every note, and the bytes that weir sends. */
#include "sweep.h"
#include "wire/rasadv.h"

/* As published: its author edited the addresses and the name, so both checksums are wrong. */
static const char frame[] =
	"01 00 5e 7f 02 02 10 00 00 11 22 33 08 00 45 00 00 31 1f 4d 00 00 0f 11 6a 9e c0 69 5a 66"
	"ef ff 02 02 04 0a 26 19 00 1d be 38 48 6f 73 74 6e 61 6d 65 3d 74 68 65 70 63 73 6e 61 6d"
	"65 0a 00";

static const struct row {
	const char *name, *payload;	/* \0 inside: `n` counts */
	size_t	    n;
	const char *says;		/* after the data's own words */
} rows[] = {
#define ROW(name, payload, says) { name, payload, sizeof(payload) - 1, says }
	ROW("workgroup", "Hostname=thepcsname\n\0", "h=thepcsname d="),
	ROW("domain", "Hostname=vpn1\nDomain=example.com\n\0", "h=vpn1 d=example.com"),
	ROW("no NUL", "Hostname=a\n", "h=a d= no-nul"),
	ROW("no LF", "Hostname=a\0", "h=a d= no-lf"),
	ROW("neither", "Hostname=a", "h=a d= no-nul no-lf"),
	ROW("no LF behind the domain", "Hostname=a\nDomain=b\0", "h=a d=b no-lf"),
	ROW("the specification's dots", "Hostname=a.Domain=b.c.\0", "h=a d=b.c dot-for-lf"),
	ROW("one dot", "Hostname=a.Domain=b\n\0", "h=a d=b dot-for-lf"),
	ROW("a dot at the end", "Hostname=a.\0", "h=a d= dot-for-lf"),
	ROW("dots that belong to the name", "Hostname=a.b.c\n\0", "h=a.b.c d="),
	ROW("bytes behind the NUL", "Hostname=a\n\0x", "h=a d= extra-bytes"),
	ROW("a NUL inside of the name", "Hostname=a\0b\n\0", "h=a d= no-lf extra-bytes"),
	ROW("a third line", "Hostname=a\nUser=b\n\0", "h=a d= extra-bytes"),
	ROW("a line behind the domain", "Hostname=a\nDomain=b\nx\0", "h=a d=b extra-bytes"),
	ROW("control bytes", "Hostname=a\033[2J\r\n\0", "h=a\\x1b[2J\\x0d d= control-bytes"),
	ROW("no ASCII", "Hostname=\xc3\xa4\n\0", "h=\\xc3\\xa4 d= not-ascii"),
	ROW("odd bytes in the domain", "Hostname=a\nDomain=\x7f\xff\n\0",
	    "h=a d=\\x7f\\xff control-bytes not-ascii"),
	ROW("no name at all", "Hostname=\n\0", "h= d="),
	ROW("only the word", "Hostname=", "h= d= no-nul no-lf"),
#undef ROW
};

static struct layers surroundings(void)
{
	struct layers at = t_layers("192.105.90.102", "239.255.2.2", 17);

	at.template.ttl = 15;
	at.template.sport = 1034;
	at.template.dport = RASADV_PORT;
	at.template.has_ports = true;
	return at;
}

static void put_flags(const struct observation *obs, struct text *out)
{
	for (unsigned i = 0; i < FLAG_COUNT; i++) {
		if (obs->flags >> i & 1)
			text_printf(out, " %s", flag_name(i));
	}
}

static void put_words(const struct observation *obs, struct text *out)
{
	if (obs->anomaly != ANOMALY_NONE) {
		text_printf(out, "; anomaly %s", anomaly_name(obs->anomaly));
		return;
	}
	text_printf(out, "%s ", protocol_name(obs->protocol));
	if (obs->protocol == PROTOCOL_RASADV) {
		text_put(out, "h=");
		text_escape(out, obs->hostname);
		text_put(out, " d=");
		text_escape(out, obs->domain);
	}
	put_flags(obs, out);
}

/* Decodes from memory of exactly n bytes. */
static struct text decode(const struct layers *at, const void *p, size_t n)
{
	struct text text = { 0 };
	uint8_t *copy = malloc(n + (n == 0));
	struct said said;

	memcpy(copy, p, n);
	said_init(&said);
	rasadv_decode(at, (struct span){ copy, n }, &said);
	for (size_t i = 0; i < said.n; i++)
		put_words(&said.list[i], &text);
	said_release(&said);
	free(copy);
	return text;
}

static void test_rows(void)
{
	struct layers at = surroundings();

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text text = decode(&at, rows[i].payload, rows[i].n);

		check_named(strncmp(text_string(&text), "rasadv ", 7) == 0, rows[i].name);
		check_text(text_string(&text) + (text.n > 7 ? 7 : 0), rows[i].says, rows[i].name);
		text_release(&text);
	}
}

static void check_said(const struct layers *at, const char *payload, size_t n, const char *says)
{
	struct text text = decode(at, payload, n);

	check_text(text_string(&text), says, payload);
	text_release(&text);
}

static void test_headers(void)
{
	struct layers at = surroundings();

	at.template.ttl = 16;
	check_said(&at, "Hostname=a\n", 12, "rasadv h=a d= ttl-above-15");
	at = surroundings();
	at.template.dport = 9754;
	check_said(&at, "Hostname=a\n", 12, "rasadv h=a d= wrong-port");
	check_said(&at, "GET / HTTP/1.1\r\n", 16, "udp  wrong-port");
	at = surroundings();
	at.template.receiver = t_addr("239.255.2.3");
	check_said(&at, "Hostname=a\n", 12, "rasadv h=a d= wrong-group");
	check_said(&at, "video", 5, "udp  wrong-group");
	at = surroundings();
	at.template.flags = FLAG_BIT(FRAGMENT);
	at.is_fragment = true;
	check_said(&at, "Hostname=a\nDom", 14, "rasadv h=a d= fragment");
	check_said(&at, "Hostname=a\nDot", 14, "rasadv h=a d= fragment extra-bytes");
}

static void test_not_an_advertisement(void)
{
	struct layers at = surroundings();

	check_said(&at, "hostname=a\n", 12, "udp ; anomaly type");
	check_said(&at, "Domain=a\n\0x", 11, "udp ; anomaly type");
	check_said(&at, "Hostnam", 7, "udp ; anomaly short");
	check_said(&at, "", 0, "udp ; anomaly short");
}

/* What the snap length cut off is not said to be missing, and half a name is no name. */
static void test_cut(void)
{
	struct layers at = surroundings();

	at.cut = 10;
	at.template.flags = FLAG_BIT(CUT);
	check_said(&at, "Hostname=thepc", 14, "rasadv h= d= cut");
	check_said(&at, "Hostname=thepc\n", 15, "rasadv h=thepc d= cut");
	check_said(&at, "Hostname=thepc\nDomain=exam", 26, "rasadv h=thepc d= cut");
	check_said(&at, "Hostname=thepc.", 15, "rasadv h= d= cut");
	check_said(&at, "Host", 4, "rasadv h= d= cut");
	check_said(&at, "", 0, "rasadv h= d= cut");
	check_said(&at, "Ghost", 5, "udp  cut; anomaly cut");
}

static void test_long_names(void)
{
	struct layers at = surroundings();
	char payload[1200] = "Hostname=";
	struct said said;

	memset(payload + 9, 'a', 1000);
	memcpy(payload + 1009, "\n", 2);
	said_init(&said);
	rasadv_decode(&at, (struct span){ (const uint8_t *)payload, 1011 }, &said);
	check(said.n == 1 && said.list[0].hostname.n == RASADV_NAME_MAX);
	check(said.list[0].flags == FLAG_BIT(TOO_LONG));
	memcpy(payload + 9 + RASADV_NAME_MAX, "\n", 2);
	said_reset(&said);
	rasadv_decode(&at, (struct span){ (const uint8_t *)payload, 11 + RASADV_NAME_MAX }, &said);
	check(said.list[0].hostname.n == RASADV_NAME_MAX && said.list[0].flags == 0);
	said_release(&said);
}

/* Inside of a Register or an SA: heard, never judged, and no data of its own. */
static void test_quoted(void)
{
	struct layers at = surroundings();
	struct said said;

	at.is_quoted = true;
	said_init(&said);
	rasadv_decode(&at, span_of("Hostname=a\n"), &said);
	check(said.n == 1 && said.list[0].point == POINT_NONE);
	check(said.list[0].protocol == PROTOCOL_RASADV);
	said_reset(&said);
	at.template.dport = 1;
	rasadv_decode(&at, span_of("other"), &said);
	check(said.n == 0);
	said_release(&said);
}

/* The whole published frame through every layer. */
static void test_frame(void)
{
	struct span bytes = t_bytes(frame);
	struct packet packet = { .bytes = bytes, .frame = 1, .linktype = 1, .length = 63 };
	struct wire_options options = { 0 };
	struct said said;
	const struct observation *obs;

	said_init(&said);
	wire_decode(&packet, &options, &said);
	obs = &said.list[0];
	check(said.n == 1 && said.is_multicast && obs->point == POINT_DATA);
	check(obs->protocol == PROTOCOL_RASADV && obs->type == TYPE_ADVERTISEMENT);
	check(obs->what == WHAT_ADVERTISE && obs->ttl == 15 && obs->sport == 1034);
	check(addr_equal(obs->source, t_addr("192.105.90.102")));
	check(addr_equal(obs->group, rasadv_group()));
	check(span_equal(obs->hostname, span_of("thepcsname")) && obs->domain.n == 0);
	check(obs->flags == (FLAG_BIT(BAD_IP_CHECKSUM) | FLAG_BIT(BAD_UDP_CHECKSUM)));
	said_release(&said);
	free((void *)bytes.p);
}

/* Byte for byte what the Windows server of the published frame sent. */
static void test_encode(void)
{
	struct span bytes = t_bytes(frame);
	struct span payload = { bytes.p + 42, bytes.n - 42 };
	static const char domain[] = "Hostname=vpn1\nDomain=example.com\n";
	uint8_t buffer[600];
	struct wr w = wr_of(buffer, sizeof(buffer));

	rasadv_encode(&w, span_of("thepcsname"), (struct span){ 0 });
	check(wr_ok(&w) && span_equal(wr_span(&w), payload));
	w = wr_of(buffer, sizeof(buffer));
	rasadv_encode(&w, span_of("vpn1"), span_of("example.com"));
	check(wr_ok(&w) &&
	      span_equal(wr_span(&w), (struct span){ (const uint8_t *)domain, sizeof(domain) }));
	free((void *)bytes.p);
}

static void test_encode_refuses(void)
{
	static const char *const bad[] = { "", "a b", "a\nDomain=b", "\x1b", "\xc3\xa4", "a\x7f",
					 "a.Domain=b" };
	char too_long[RASADV_NAME_MAX + 2] = "";
	uint8_t buffer[600];

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct wr w = wr_of(buffer, sizeof(buffer));

		rasadv_encode(&w, span_of(bad[i]), (struct span){ 0 });
		check_named(!wr_ok(&w) && wr_done(&w) == 0, bad[i]);
	}
	memset(too_long, 'a', RASADV_NAME_MAX + 1);
	check(!rasadv_name_is_plain(span_of(too_long)));
	too_long[RASADV_NAME_MAX] = '\0';
	check(rasadv_name_is_plain(span_of(too_long)));
}

static struct span random_name(char *buffer, size_t most, uint64_t *state)
{
	static const char letters[] = "abcXYZ019-_.=Domain=Hostname=";
	size_t n = 1 + t_random(state) % most;

	for (size_t i = 0; i < n; i++)
		buffer[i] = letters[t_random(state) % (sizeof(letters) - 1)];
	return (struct span){ (uint8_t *)buffer, n };
}

/* What weir sends is read back without a note. */
static void test_round_trip(void)
{
	struct layers at = surroundings();
	uint64_t state = 99;
	struct said said;

	said_init(&said);
	for (int i = 0; i < 5000; i++) {
		char host[RASADV_NAME_MAX], domain[RASADV_NAME_MAX];
		struct span names[2] = { random_name(host, sizeof(host), &state), { 0 } };
		uint8_t buffer[600];
		struct wr w = wr_of(buffer, sizeof(buffer));

		if (i % 2)
			names[1] = random_name(domain, 60, &state);
		rasadv_encode(&w, names[0], names[1]);
		check(wr_ok(&w) == (rasadv_name_is_plain(names[0]) &&
				    (names[1].n == 0 || rasadv_name_is_plain(names[1]))));
		if (!wr_ok(&w))
			continue;
		said_reset(&said);
		rasadv_decode(&at, wr_span(&w), &said);
		check(said.n == 1 && said.list[0].flags == 0);
		check(span_equal(said.list[0].hostname, names[0]));
		check(span_equal(said.list[0].domain, names[1]));
	}
	said_release(&said);
}

/* The sweeps see what is said besides the data. */
static void decode_message(const struct layers *at, struct span bytes, struct said *out)
{
	rasadv_decode(at, bytes, out);
	check(out->n >= 1 && out->list[0].anomaly == ANOMALY_NONE);
	if (out->n > 1) {
		out->list[0] = out->list[1];
		out->n--;
	}
}

static void test_sweeps(void)
{
	struct layers at = surroundings();
	struct text hex = { 0 };

	for (size_t i = 0; i < COUNT(rows); i++) {
		text_reset(&hex);
		for (size_t k = 0; k < rows[i].n; k++)
			text_printf(&hex, "%02x", (uint8_t)rows[i].payload[k]);
		sweep_cuts(&at, text_string(&hex), false, decode_message);
		sweep_flips(&at, text_string(&hex), decode_message);
	}
	text_release(&hex);
}

TEST_MAIN({ "rows", test_rows }, { "headers", test_headers },
	  { "not an advertisement", test_not_an_advertisement }, { "cut", test_cut },
	  { "long names", test_long_names }, { "quoted", test_quoted }, { "frame", test_frame },
	  { "encode", test_encode }, { "encode refuses", test_encode_refuses },
	  { "round trip", test_round_trip },
	  { "sweeps", test_sweeps })
