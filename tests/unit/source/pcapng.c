/* SPDX-License-Identifier: BSD-2-Clause */
/* pcapng: sections, interfaces, all blocks that hold packets; files that lie or are cut. */
#include "build.h"

static struct build b;

static void begin(unsigned linktype, uint32_t snaplen, unsigned resolution)
{
	build_begin(&b, false);
	put_section(&b);
	put_interface(&b, linktype, snaplen, resolution, "");
}

static void test_sections(void)
{
	build_begin(&b, false);
	put_section(&b);
	put_interface(&b, 1, 0, 255, "eth0");
	put_interface(&b, 113, 0, 9, "any");
	put_enhanced(&b, 0, 5000001, 6, 60);
	put_enhanced(&b, 1, 5000000002, 7, 7);
	b.big = true;
	put_section(&b);
	put_interface(&b, 1, 0, 255, "eth0");
	put_interface(&b, 101, 0, 3, "tun0");
	put_enhanced(&b, 0, 6000001, 8, 8);
	put_enhanced(&b, 1, 7003, 9, 9);
	check_split(&b, "5000001000 6/60 1.0; 5000000002 7/7 113.1; 6000001000 8/8 1.0; 7003000000 9/9 101.2; time-back 1; ",
		    "two sections in two byte orders, a link that both have");
}

static void test_resolutions(void)
{
	static const struct { unsigned resolution; uint64_t units; const char *says; } rows[] = {
		{ 0, 3, "3000000000 1/1 1.0; " },
		{ 3, 3007, "3007000000 1/1 1.0; " },
		{ 6, 3000007, "3000007000 1/1 1.0; " },
		{ 9, 3000000007, "3000000007 1/1 1.0; " },
		{ 12, 3000000007999, "3000000007 1/1 1.0; " },
		{ 19, UINT64_MAX, "1844674407 1/1 1.0; " },
		{ 127, UINT64_MAX, "0 1/1 1.0; " },
		{ 0x80, 3, "3000000000 1/1 1.0; " },
		{ 0x81, 7, "3500000000 1/1 1.0; " },
		{ 0x80 | 20, 3 << 20 | 1 << 19, "3500000000 1/1 1.0; " },
		{ 0x80 | 63, UINT64_MAX, "1999999999 1/1 1.0; " },
		{ 0x80 | 126, UINT64_MAX, "0 1/1 1.0; " },
		{ 0, UINT64_MAX, "9223372036854775807 1/1 1.0; time-range 1; " },
		{ 6, UINT64_MAX, "9223372036854775807 1/1 1.0; time-range 1; " },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		begin(1, 0, rows[i].resolution);
		put_enhanced(&b, 0, rows[i].units, 1, 1);
		check_split(&b, rows[i].says, "resolution");
	}
}

static void test_offset(void)
{
	for (unsigned big = 0; big < 2; big++) {
		uint32_t low = 100, high = 0;

		build_begin(&b, big);
		put_section(&b);
		open_block(&b, 1);
		put16(&b, 1);
		put16(&b, 0);
		put32(&b, 0);
		put16(&b, 14);
		put16(&b, 8);
		put32(&b, big ? high : low);
		put32(&b, big ? low : high);
		put16(&b, 9);
		put16(&b, 1);
		put_bytes(&b, 1, 9);
		put_bytes(&b, 3, 0);
		close_block(&b);
		put_enhanced(&b, 0, 5, 1, 1);
		check_split(&b, "100000000005 1/1 1.0; ", "time is shifted by 100 s; options without an end");
	}
}

static void test_blocks(void)
{
	begin(1, 4, 255);
	put_enhanced(&b, 0, 1000000, 2, 2);
	open_block(&b, 3);
	put32(&b, 10);
	put_bytes(&b, 4, 1);
	close_block(&b);
	check_split(&b, "1000000000 2/2 1.0; 1000000000 4/10 1.0; ", "a simple packet, cut by the snap length");
	begin(1, 0, 255);
	open_block(&b, 3);
	put32(&b, 5);
	put_bytes(&b, 5, 1);
	close_block(&b);
	check_split(&b, "0 5/5 1.0; ", "a simple packet, whole");
	begin(1, 0, 255);
	open_block(&b, 2);
	put16(&b, 0);
	put16(&b, 3);
	put32(&b, 0);
	put32(&b, 7);
	put32(&b, 3);
	put32(&b, 9);
	put_bytes(&b, 3, 1);
	close_block(&b);
	check_split(&b, "7000 3/9 1.0; ", "a packet block of old");
	begin(1, 0, 255);
	for (unsigned type = 0xbad; type < 0xbb0; type++) {
		open_block(&b, type);
		put_bytes(&b, 400, 1);
		close_block(&b);
	}
	put_enhanced(&b, 0, 7, 1, 1);
	open_block(&b, 0x40000bad);
	put_bytes(&b, 300000, 1);
	close_block(&b);
	put_enhanced(&b, 0, 8, 1, 1);
	check_split(&b, "7000 1/1 1.0; 8000 1/1 1.0; ", "unknown blocks are passed over, large ones too");
}

static void put_packet_with_option(unsigned code, size_t n, uint32_t flags)
{
	open_block(&b, 6);
	put32(&b, 0);
	put32(&b, 0);
	put32(&b, 7);
	put32(&b, 1);
	put32(&b, 1);
	put_bytes(&b, 4, 1);
	put16(&b, code);
	put16(&b, (unsigned)n);
	put32(&b, flags);
}

static void test_options(void)
{
	begin(1, 0, 255);
	put_packet_with_option(2, 4, 1u << 9);
	put32(&b, 0);
	close_block(&b);
	put_packet_with_option(2, 4, 1);
	put32(&b, 0);
	close_block(&b);
	check_split(&b, "7000 1/1 1.0 unreliable; 7000 1/1 1.0; ", "checksums that the card was to fill in");
	begin(1, 0, 255);
	put_packet_with_option(1, 60000, 0);
	close_block(&b);
	put_enhanced(&b, 0, 8, 1, 1);
	check_split(&b, "7000 1/1 1.0; 8000 1/1 1.0; options 1; ", "an option that passes the end");
	begin(1, 0, 255);
	put_packet_with_option(1, 4, 0);
	put_bytes(&b, 300000, 0x11);
	close_block(&b);
	put_enhanced(&b, 0, 8, 1, 1);
	check_split(&b, "7000 1/1 1.0; 8000 1/1 1.0; options 2; ", "more options than are read");
}

static void test_lies(void)
{
	begin(1, 0, 255);
	put_enhanced(&b, 3, 7, 1, 1);
	check_split(&b, "7000 1/1 4294967295.1; no-interface 1; ", "an interface that is not described");
	begin(1, 0, 255);
	put_enhanced(&b, 0, 7, 1, 1);
	b.bytes[wr_done(&b.w) - 1] ^= 1;
	check_split(&b, "broken 52: a block tells two lengths", "two lengths");
	begin(1, 0, 255);
	open_block(&b, 6);
	put32(&b, 0);
	put32(&b, 0);
	put32(&b, 7);
	put32(&b, 100);
	put32(&b, 100);
	close_block(&b);
	check_split(&b, "broken 52: a packet passes the end of its block", "a packet too long");
	begin(1, 0, 255);
	open_block(&b, 6);
	put32(&b, 0);
	put32(&b, 0);
	put32(&b, 7);
	put32(&b, 262145);
	put32(&b, 100);
	close_block(&b);
	check_split(&b, "broken 52: a block claims 262145 bytes, more than a packet can have", "far too long");
	begin(1, 0, 255);
	put32(&b, 6);
	put32(&b, 8);
	check_split(&b, "broken 52: a block of 8 bytes cannot be", "a block too short");
	begin(1, 0, 255);
	put32(&b, 6);
	put32(&b, 33);
	check_split(&b, "broken 52: a block of 33 bytes cannot be", "a block of odd length");
	begin(1, 0, 255);
	open_block(&b, 0x0a0d0d0a);
	put32(&b, 0x1a2b3c4e);
	put_bytes(&b, 12, 0);
	close_block(&b);
	check_split(&b, "broken 52: a section of unknown byte order", "no byte order");
	begin(1, 0, 255);
	open_block(&b, 1);
	put16(&b, 1);
	close_block(&b);
	check_split(&b, "broken 52: an Interface Description Block is too short", "a short interface");
}

/* Ten thousand interfaces in a section, and as many sections: bounded. */
static void test_many_interfaces(void)
{
	static struct packet packet;
	struct capture c;
	size_t used;

	for (unsigned sections = 0; sections < 2; sections++) {
		build_begin(&b, false);
		put_section(&b);
		for (unsigned i = 0; i < 10000; i++) {
			char name[16];

			if (sections)
				put_section(&b);
			snprintf(name, sizeof(name), "if%u", i);
			put_interface(&b, 1, 0, 255, name);
		}
		put_enhanced(&b, sections ? 0 : 1023, 7, 1, 1);
		check(wr_ok(&b.w));
		capture_init(&c, 0);
		check(capture_split(&c, wr_span(&b.w), &packet, 1, &used) == 1);
		check(c.link_count == CAPTURE_INTERFACES_MAX && packet.link == CAPTURE_INTERFACES_MAX - 1);
		check(packet.linktype == 1);
		capture_release(&c);
	}
}

static void test_names(void)
{
	static const struct { const char *name, *shown; } rows[] = {
		{ "eth0", "eth0" }, { "\033[31m\n", "\\x1b[31m\\x0a" }, { "M\xc3\xbcnchen", "M\xc3\xbcnchen" },
		{ "0123456789012345678901234567890123456789012345678901234567890123456789",
		  "012345678901234567890123456789012345678901234567890123456789012" },
		{ "01234567890123456789012345678901234567890123456789012345678901\xc3\xbc",
		  "01234567890123456789012345678901234567890123456789012345678901" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct capture c;
		struct packet packet;
		size_t used;

		build_begin(&b, false);
		put_section(&b);
		put_interface(&b, 1, 0, 255, rows[i].name);
		capture_init(&c, 0);
		check(capture_split(&c, wr_span(&b.w), &packet, 1, &used) == 0 && c.link_count == 1);
		check_text(c.links[0].name, rows[i].shown, "name");
		capture_release(&c);
	}
}

/* Fault 2: whatever the cut, every whole packet is there, and the right offset. */
static void test_every_cut(void)
{
	static struct packet packets[1001];
	static size_t borders[1001];
	uint8_t *room;

	begin(1, 0, 255);
	for (uint32_t i = 0; i < 1000; i++) {
		if (i == 500) {
			b.big = true;
			put_section(&b);
			put_interface(&b, 1, 0, 255, "");
		}
		put_enhanced(&b, 0, i, i % 30, 100);
		borders[i] = wr_done(&b.w);
	}
	room = malloc(borders[999]);
	for (size_t cut = 0, whole = 0, last = 0; cut <= borders[999]; cut++) {
		uint8_t *bytes = room + borders[999] - cut;	/* ends where the memory does */
		struct capture c;
		size_t used, n;

		while (whole < 1000 && borders[whole] <= cut)
			whole++;
		memcpy(bytes, b.bytes, cut);
		capture_init(&c, 0);
		n = capture_split(&c, (struct span){ bytes, cut }, packets, 1001, &used);
		if (n != whole || c.broken)
			check_named(false, "every whole packet is there");
		last = used == cut ? cut : last;	/* a border of blocks */
		if (capture_is_cut(&c, cut - used) == (cut == last && cut > 0) || c.offset != last)
			check_named(false, "the cut is named");
		capture_release(&c);
	}
	free(room);
}

TEST_MAIN({ "sections", test_sections }, { "resolutions", test_resolutions }, { "offset", test_offset },
	  { "blocks", test_blocks }, { "options", test_options }, { "lies", test_lies },
	  { "many interfaces", test_many_interfaces }, { "names", test_names }, { "every cut", test_every_cut })
