/* SPDX-License-Identifier: BSD-2-Clause */
/* What is told in brief is what wire_decode() says: reports and joins as they are, with every bit
 * flipped, shortened and cut at every length, their checksums made right again. */
#include "agree.h"
#include "gen/frame.h"
#include "wire/checksum.h"

/* A header whose sum is 0, which stands for none, and a datagram. */
#define INNER(version, total, protocol, group) version "00" total "00000000 40" protocol "0000 0a000001" group
#define UDP(port, length) "1389" port length "0000 61626364"

static const struct {
	const char *name, *message;		/* behind the IP header; its checksum is filled in */
	unsigned protocol;
	bool is_alert, is_brief;
} rows[] = {
	{ "v2 report", "1600 0000 ef010203", 2, true, true },
	{ "v2 report without a Router Alert", "1600 0000 ef010203", 2, false, false },
	{ "v2 report of no group", "1600 0000 0a010203", 2, true, false },
	{ "v1 report", "1200 0000 ef010203", 2, true, false },
	{ "leave", "1700 0000 ef010203", 2, true, false },
	{ "v3: all of a group", "2200 0000 0000 0001 04000000 ef010203", 2, true, true },
	{ "v3: two sources and all",
	  "2200 0000 0000 0002 05000002 e8010101 0a000001 0a000002 02000000 ef010203", 2, true, true },
	{ "v3: all but one", "2200 0000 0000 0001 04000001 ef010203 0a000001", 2, true, false },
	{ "v3: none", "2200 0000 0000 0001 03000000 ef010203", 2, true, false },
	{ "v3: source 0", "2200 0000 0000 0001 03000001 ef010203 00000000", 2, true, false },
	{ "v3: five sources",
	  "2200 0000 0000 0001 01000005 e8010101 0a000001 0a000002 0a000003 0a000004 0a000005", 2, true,
	  false },
	{ "v3: auxiliary data", "2200 0000 0000 0001 04010000 ef010203 00000000", 2, true, false },
	{ "v3: no record", "2200 0000 0000 0000", 2, true, false },
	{ "join", "2300 0000 0100c0000201 0001 00d2 01000020 e8010101 0001 0000 01000420 0a000001", 103,
	  false, true },
	{ "two sets",
	  "2300 0000 0100c0000201 0002 00d2 01000020 e8010101 0002 0000 01000420 0a000001 01000420 0a000002"
	  "01000020 e8010102 0001 0000 01000020 0a000003", 103, false, true },
	{ "join with a Router Alert",
	  "2300 0000 0100c0000201 0001 00d2 01000020 e8010101 0001 0000 01000420 0a000001", 103, true, true },
	{ "(*,G)", "2300 0000 0100c0000201 0001 00d2 01000020 e8010101 0001 0000 01000720 0a000001", 103,
	  false, false },
	{ "prune", "2300 0000 0100c0000201 0001 00d2 01000020 e8010101 0000 0001 01000420 0a000001", 103,
	  false, false },
	{ "a range of groups",
	  "2300 0000 0100c0000201 0001 00d2 01000018 e8010100 0001 0000 01000420 0a000001", 103, false, false },
	{ "acknowledgment from MSDP", "027f c8a0 00000001 00000001 5010 ffff 0000 0000", 6, false, true },
	{ "acknowledgment with an option", "027f c8a0 00000001 00000001 6010 ffff 0000 0000 02040218", 6,
	  false, true },
	{ "acknowledgment of another", "027e c8a0 00000001 00000001 5010 ffff 0000 0000", 6, false, false },
	{ "segment of one byte", "027f c8a0 00000001 00000001 5010 ffff 0000 0000 00", 6, false, false },
	{ "end", "027f c8a0 00000001 00000001 5011 ffff 0000 0000", 6, false, false },
	{ "TLV", "027f c8a0 00000001 00000001 5010 ffff 0000 0000 010014 01 c0000203 00000020 e8010101 0a000001", 6,
	  false, false },
	{ "TLV behind an option",
	  "027f c8a0 00000001 00000001 6018 ffff 0000 0000 02040218 010014 01 c0000203 00000020 e8010101 0a000001", 6,
	  true, false },
	{ "more than a TLV", "027f c8a0 00000001 00000001 5010 ffff 0000 0000 040003 010014 01 c0000203 00000020", 6, false,
	  false },
	{ "reset with a TLV", "027f c8a0 00000001 00000001 5014 ffff 0000 0000 010006 01c000", 6, false, false },
	{ "register", "2100 0000 00000000 " INNER("45", "0020", "11", "e8010101") UDP("138c", "000c"), 103, false, true },
	{ "register of more than is there", "2100 0000 00000000 " INNER("45", "0021", "11", "e8010101") UDP("138c", "000c"),
	  103, false, false },
	{ "register of less", "2100 0000 00000000 " INNER("45", "001f", "11", "e8010101") UDP("138c", "000c"), 103, true,
	  true },
	{ "register from the border", "2100 0000 80000000 " INNER("45", "0020", "11", "e8010101") UDP("138c", "000c"), 103,
	  false, false },
	{ "null-register", "2100 0000 40000000 " INNER("45", "0020", "11", "e8010101") UDP("138c", "000c"), 103, false, false },
	{ "register with a wrong sum inside",
	  "2100 0000 00000000 45000020 00000000 4011 0001 0a000001 e8010101" UDP("138c", "000c"), 103, false, false },
	{ "register of an announcement", "2100 0000 00000000 " INNER("45", "0020", "11", "e8010101") UDP("2693", "000c"), 103,
	  false, false },
	{ "register to the announcements' group",
	  "2100 0000 00000000 " INNER("45", "0020", "11", "e0027ffe") UDP("138c", "000c"), 103, false, false },
	{ "register of a tunnel", "2100 0000 00000000 " INNER("45", "0020", "11", "e8010101") UDP("12b5", "000c"), 103, false,
	  false },
	{ "register of no datagram", "2100 0000 00000000 " INNER("45", "0020", "06", "e8010101") UDP("138c", "000c"), 103,
	  false, false },
	{ "register with options", "2100 0000 00000000 " INNER("46", "0020", "11", "e8010101") UDP("138c", "000c"), 103, false,
	  false },
	{ "register to a host", "2100 0000 00000000 " INNER("45", "0020", "11", "0a010101") UDP("138c", "000c"), 103, false,
	  false },
	{ "hello", "2000 0000 0001 0002 0069", 103, false, false },
};

/* The sum over n bytes, written at p + at, where they have room for one. */
static void repair(uint8_t *p, size_t n, size_t at)
{
	uint16_t sum;

	if (n < at + 2)
		return;
	p[at] = p[at + 1] = 0;
	sum = checksum_of((struct span){ p, n });
	p[at] = (uint8_t)(sum >> 8);
	p[at + 1] = (uint8_t)sum;
}

static struct said said;

/* Their checksum covers eight bytes. */
static bool is_register(const uint8_t *ip, size_t header)
{
	return ip[9] == 103 && (ip[header] & 15) == 1;
}

/* A copy with right checksums, the header's length as its bytes tell; true where it was brief. */
static bool agree_copy(const uint8_t *p, size_t n, size_t cut, const char *name)
{
	size_t kinds[QUICK_DATA6 + 1] = { 0 }, header = n > 34 ? (p[14] & 15u) * 4u : 0;
	struct packet packet = { .at = { 7 }, .frame = 1, .link = 2, .linktype = 1, .length = (uint32_t)n };
	struct wire_options options = { 0 };
	struct quick_rules rules = quick_rules_of(&options);
	uint8_t *copy = malloc(n - cut);
	struct brief brief;
	struct quick quick;
	uint8_t whole[256];

	memcpy(whole, p, n);
	if (header >= 20 && 14 + header < n) {
		size_t left = n - 14 - header;

		repair(whole + 14, header, 10);
		repair(whole + 14 + header, is_register(p + 14, header) && left > 8 ? 8 : left, 2);
	}
	memcpy(copy, whole, n - cut);
	packet.bytes = (struct span){ copy, n - cut };
	check_named(agree_on(&packet, &options, &said, kinds), name);
	quick_look(&rules, &packet, 1, &quick);
	kinds[0] = quick.kind == QUICK_ASK && brief_read(&rules, &quick, &packet, &brief);
	free(copy);
	return kinds[0];
}

static size_t put_row(size_t row, uint8_t out[256])
{
	static struct frame f;
	bool is_unicast = rows[row].protocol == 6 || strncmp(rows[row].message, "21", 2) == 0;
	struct addr receiver = ip(is_unicast ? "192.0.2.2" : "224.0.0.22");
	struct span message = t_bytes(rows[row].message), made;

	frame_open(&f);
	put_ether(&f, ip("192.0.2.1"), receiver);
	put_ip(&f, ip("192.0.2.1"), receiver, 1, rows[row].protocol, rows[row].is_alert);
	wr_bytes(&f.w, message.p, message.n);
	made = frame_close(&f);
	memcpy(out, made.p, made.n);
	free((void *)message.p);
	return made.n;
}

/* So many bytes of the message tell in brief what it says, where the others are cut; 0: none do. */
static size_t least_of(size_t row, const uint8_t *message)
{
	if (rows[row].is_brief && rows[row].protocol == 103 && (message[0] & 15) == 1)
		return 8 + 20 + 8;			/* a Register, down to the ports inside */
	return strncmp(rows[row].name, "TLV", 3) == 0 ? (message[12] >> 4) * 4u + 3 : 0;
}

static void test_rows(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t frame[256];
		size_t n = put_row(i, frame), header = (frame[14] & 15u) * 4u;
		size_t least = least_of(i, frame + 14 + header);

		check_named(agree_copy(frame, n, 0, rows[i].name) == rows[i].is_brief, rows[i].name);
		for (size_t cut = 1; cut < n; cut++)
			check_named(agree_copy(frame, n, cut, rows[i].name) ==
					    (least && n - cut >= 14 + header + least), rows[i].name);
		for (size_t bit = 96; bit < 8 * n; bit++) {
			frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
			agree_copy(frame, n, 0, rows[i].name);
			frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	}
}

/* Fewer bytes in all; the header says so. */
static void test_short(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t frame[256];
		size_t n = put_row(i, frame), header = (frame[14] & 15u) * 4u;

		for (size_t m = n; m > 14 + header; m--) {
			frame[17] = (uint8_t)(m - 14);
			agree_copy(frame, m, 0, rows[i].name);
		}
	}
}

/* Wrong checksums are flags, and these are not said in brief. */
static void test_wrong_sums(void)
{
	struct packet packet = { .linktype = 1, .frame = 1 };
	size_t kinds[QUICK_DATA6 + 1] = { 0 };
	struct wire_options options = { 0 };
	uint8_t frame[256];
	size_t n = put_row(0, frame);

	packet.bytes = (struct span){ frame, n };
	packet.length = (uint32_t)n;
	for (size_t bit = 14 * 8; bit < 8 * n; bit++) {
		frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
		check(agree_on(&packet, &options, &said, kinds));
		frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	packet.checksums_unreliable = true;
	check(agree_on(&packet, &options, &said, kinds));
}

/* Between the look and the reading whoever may write to a file may change any byte: whatever is said
 * then, only bytes that are there are read. */
static void test_changed(void)
{
	struct wire_options options = { 0 };
	struct quick_rules rules = quick_rules_of(&options);
	struct packet packet = { .linktype = 1, .frame = 1 };

	for (size_t row = 0; row < COUNT(rows); row++) {
		uint8_t frame[256], *copy;
		size_t n = put_row(row, frame);
		struct brief brief;
		struct quick quick;

		copy = malloc(n);
		memcpy(copy, frame, n);
		packet.bytes = (struct span){ copy, n };
		packet.length = (uint32_t)n;
		quick_look(&rules, &packet, 1, &quick);
		for (size_t byte = 12; byte < n; byte++)
			for (unsigned value = 0; value < 256; value += 5) {
				copy[byte] = (uint8_t)value;
				check_named(!brief_read(&rules, &quick, &packet, &brief) ||
						    brief.n <= BRIEF_MAX, rows[row].name);
				quick_decode(&quick, &packet, &options, &said);
				check_named(said.n <= SAID_MAX, rows[row].name);
				copy[byte] = frame[byte];
			}
		copy[16] = 0;
		for (unsigned total = 0; total < n; total++) {
			copy[17] = (uint8_t)total;
			check_named(!brief_read(&rules, &quick, &packet, &brief) || total >= n - 14 ||
					    brief.n == 0 || brief.is_cut, rows[row].name);
			quick_decode(&quick, &packet, &options, &said);
		}
		free(copy);
	}
}

static void test_all(void)
{
	said_init(&said);
	test_changed();
	test_rows();
	test_short();
	test_wrong_sums();
	said_release(&said);
}

TEST_MAIN({ "brief messages", test_all })
