/* SPDX-License-Identifier: BSD-2-Clause */
/* An echo says what the frame before it said: announcements and hellos as they are, with every bit
 * flipped, and the header's checksum made right again, or not. */
#include "agree.h"
#include "gen/frame.h"
#include "wire/checksum.h"
#include "wire/echo.h"

enum { SAP, HELLO, ADVERTISEMENT, SEGMENT, REGISTER, TAGS, ROWS };

static size_t put_row(size_t row, uint8_t out[256])
{
	static struct frame f;
	struct addr router = addr_of6(UINT64_C(0xfe80) << 48, 1);
	struct span made;

	frame_open(&f);
	put_ether(&f, ip("192.0.2.1"), ip("224.0.0.13"));
	if (row == SAP) {
		put_tag(&f, 0x8100, 7);
		put_ip(&f, ip("192.0.2.1"), ip("224.2.127.254"), 63, 17, PLAIN);
		put_udp(&f, 9875, 9875);
		wr_be32(&f.w, 0x20000007);
		put_addr(&f, ip("192.0.2.1"));
		put_text(&f, "v=0\r\nc=IN IP4 232.1.1.1/32\r\n");
	} else if (row == HELLO) {
		put_ip(&f, ip("192.0.2.1"), ip("224.0.0.13"), 1, 103, ALERT);
		put_pim(&f, 0);
		wr_be32(&f.w, 0x00010002);
		wr_be16(&f.w, 105);
	} else if (row == ADVERTISEMENT) {
		put_ip(&f, router, ip("ff02::1"), 255, 58, PLAIN);
		put_icmp6(&f, 134, 0);
		wr_be32(&f.w, 0x40000708);
		wr_be32(&f.w, 0);
		wr_be32(&f.w, 0);
	} else if (row == SEGMENT) {
		put_ip(&f, ip("192.0.2.1"), ip("192.0.2.2"), 64, 6, PLAIN);
		put_tcp(&f, 639, 40000, 1, 1, 0x18);
	} else {
		if (row == TAGS) {
			put_tag(&f, 0x88a8, 7);
			put_tag(&f, 0x8100, 8);
		}
		put_ip(&f, ip("192.0.2.1"), ip("192.0.2.2"), 64, 103, PLAIN);
		put_pim(&f, row == TAGS ? 0 : 1);
		wr_be32(&f.w, 0);
		put_inner_ip(&f, ip("198.51.100.1"), ip("232.1.1.1"), 63, 17, PLAIN);
		put_udp(&f, 5004, 5004);
	}
	made = frame_close(&f);
	memcpy(out, made.p, made.n);
	return made.n;
}

static struct packet packet_of(const uint8_t *p, size_t n)
{
	return (struct packet){ .at = { 7 }, .frame = 1, .link = 2, .linktype = 1, .length = (uint32_t)n,
				.bytes = { p, n } };
}

/* What the frame says, and true where it may be an echo. */
static bool look(const struct packet *packet, struct quick *quick, struct echo *echo, struct said *out)
{
	struct wire_options options = { 0 };
	struct quick_rules rules = quick_rules_of(&options);

	quick_look(&rules, packet, 1, quick);
	wire_decode(packet, &options, out);
	return quick->kind == QUICK_ASK && echo_of(quick, packet, echo);
}

static struct said said[2];

/* The same words, but for prints, which are the echo's by what is known of the first frame. */
static bool says_the_same(const struct echo *first, const struct packet *packet)
{
	for (size_t i = 0; i < said[1].n; i++) {
		if (said[1].list[i].print != echo_print(first, packet))
			return false;
		said[1].list[i].print = said[0].list[i].print;
	}
	return same_said(&said[0], &said[1]);
}

static void repair(uint8_t *ip, bool is_ip4)
{
	uint16_t sum;

	if (!is_ip4)
		return;
	ip[10] = ip[11] = 0;
	sum = checksum_of((struct span){ ip, (ip[0] & 15u) * 4 });
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
}

/* Bits of the frame that make no difference: those of an identification. */
static size_t count_echoes(size_t row, bool repairing)
{
	uint8_t first[256], other[256];
	size_t n = put_row(row, first), same = 0, at = row == SAP ? 18 : 14;
	struct packet packet = packet_of(first, n), second = packet_of(other, n);
	struct quick quick[2];
	struct echo echo, other_echo;

	check(look(&packet, &quick[0], &echo, &said[0]));
	for (size_t bit = 0; bit < 8 * n; bit++) {
		memcpy(other, first, n);
		other[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (repairing)
			repair(other + at, row != ADVERTISEMENT);
		look(&second, &quick[1], &other_echo, &said[1]);
		if (quick[1].kind != QUICK_ASK || !quick[1].plain ||
		    !echo_is_same(&echo, &second, first))
			continue;
		check(echo_hash(&quick[0], &packet) == echo_hash(&quick[1], &second) &&
		      says_the_same(&echo, &second));
		same++;
	}
	return same;
}

static void test_flips(void)
{
	for (size_t i = 0; i < COUNT(said); i++)
		said_init(&said[i]);
	check(count_echoes(SAP, true) == 32 && count_echoes(SAP, false) == 0);
	check(count_echoes(HELLO, true) == 32 && count_echoes(HELLO, false) == 0);
	check(count_echoes(ADVERTISEMENT, true) == 0);
}

static void test_none(void)
{
	uint8_t frame[256];
	struct packet packet;
	struct quick quick;
	struct echo echo;

	for (size_t row = SEGMENT; row < ROWS; row++) {
		packet = packet_of(frame, put_row(row, frame));
		check(!look(&packet, &quick, &echo, &said[0]));
	}
	packet = packet_of(frame, put_row(HELLO, frame));
	check(look(&packet, &quick, &echo, &said[0]));
	packet.checksums_unreliable = true;
	check(!look(&packet, &quick, &echo, &said[0]));
}

/* Whoever may write to a file may change any byte between the look and the reading: only bytes that are
 * there are read. */
static void test_changed(void)
{
	for (size_t row = 0; row < ROWS; row++) {
		uint8_t frame[256], *copy;
		size_t n = put_row(row, frame);
		struct packet packet;
		struct quick quick;
		struct echo echo;

		copy = malloc(n);
		memcpy(copy, frame, n);
		packet = packet_of(copy, n);
		(void)look(&packet, &quick, &echo, &said[0]);
		for (size_t byte = 12; byte < n; byte++)
			for (unsigned value = 0; value < 256; value += 5) {
				copy[byte] = (uint8_t)value;
				check(!echo_of(&quick, &packet, &echo) ||
				      echo_is_same(&echo, &packet, copy));
				copy[byte] = frame[byte];
			}
		free(copy);
	}
	for (size_t i = 0; i < COUNT(said); i++)
		said_release(&said[i]);
}

TEST_MAIN({ "flipped bits", test_flips }, { "no echoes", test_none }, { "changed", test_changed })
