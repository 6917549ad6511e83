/* SPDX-License-Identifier: BSD-2-Clause */
/* pcap: every variant of its header, in both byte orders; files that lie; files that are cut. */
#include "build.h"

static struct build b;

static void test_variants(void)
{
	static const struct {
		const char *name, *says;
		uint32_t    magic;
		unsigned    major, minor, more_header, more_record;
		bool	    wire_first;
	} rows[] = {
		{ "microseconds", "1000002000 4/60 1.0; ", 0xa1b2c3d4, 2, 4, 0, 0, false },
		{ "nanoseconds", "1000000002 4/60 1.0; ", 0xa1b23c4d, 2, 4, 0, 0, false },
		{ "Navtel", "1000000002 4/60 1.0; ", 0xa12b3c4d, 2, 4, 0, 0, false },
		{ "Kuznetzov", "1000002000 4/60 1.0; ", 0xa1b2cd34, 2, 4, 0, 8, false },
		{ "lcap hardware", "1000000002 4/60 1.0; ", 0x1c0001ac, 2, 4, 4, 0, false },
		{ "lcap software", "1000002000 4/60 1.0; ", 0x1c0001ab, 2, 4, 4, 0, false },
		{ "version 2.2", "1000002000 4/60 1.0; ", 0xa1b2c3d4, 2, 2, 0, 0, true },
		{ "version 2.3, as 2.4", "1000002000 4/60 1.0; ", 0xa1b2c3d4, 2, 3, 0, 0, false },
		{ "version 2.3, as 2.2", "1000002000 4/60 1.0; ", 0xa1b2c3d4, 2, 3, 0, 0, true },
		{ "version 543.0", "1000002000 4/60 1.0; ", 0xa1b2c3d4, 543, 0, 0, 0, true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		for (unsigned big = 0; big < 2; big++) {
			build_begin(&b, big);
			put_pcap_header(&b, rows[i].magic, rows[i].major, rows[i].minor, 96, 1);
			put_bytes(&b, rows[i].more_header, 0xee);
			put32(&b, 1);
			put32(&b, 2);
			put32(&b, rows[i].wire_first ? 60 : 4);
			put32(&b, rows[i].wire_first ? 4 : 60);
			put_bytes(&b, rows[i].more_record, 0xee);
			put_bytes(&b, 4, 0xaa);
			check_split(&b, rows[i].says, rows[i].name);
		}
	}
}

static void begin(uint32_t snaplen, uint32_t linktype)
{
	build_begin(&b, false);
	put_pcap_header(&b, 0xa1b2c3d4, 2, 4, snaplen, linktype);
}

static void test_lies(void)
{
	begin(8, 1);
	put_record(&b, 1, 0, 9, 60);
	check_split(&b, "1000000000 9/60 1.0; over-snaplen 1; ", "more than the snap length");
	begin(0, 1);
	put_record(&b, 1, 0, 9, 5);
	check_split(&b, "1000000000 9/9 1.0; over-length 1; ", "more than the wire had");
	begin(96, 1);
	put_record(&b, 1, 0, 0, 0);
	put_record(&b, 2, 0, 0, 7);
	check_split(&b, "1000000000 0/0 1.0; 2000000000 0/7 1.0; zero-length 2; ", "no bytes");
	begin(96, 1);
	put_record(&b, 9, 0, 1, 1);
	put_record(&b, 3, 0, 1, 1);
	check_split(&b, "9000000000 1/1 1.0; 3000000000 1/1 1.0; time-back 1; ", "time goes back");
	begin(96, 1);
	put_record(&b, UINT32_MAX, UINT32_MAX, 1, 1);
	check_split(&b, "4294971589967295000 1/1 1.0; ", "as late as can be");
	begin(96, 0x14000001);
	put_record(&b, 1, 0, 1, 1);
	check_split(&b, "1000000000 1/1 1.0; ", "FCS bits above the link type");
	begin(96, 1);
	put_record(&b, 1, 0, 1, 1);
	put32(&b, 0);
	put32(&b, 0);
	put32(&b, 262145);
	put32(&b, 262145);
	check_split(&b, "1000000000 1/1 1.0; broken 41: a record claims 262145 bytes, more than a packet can have",
		    "a huge record");
	begin(0, 249);
	put_record(&b, 1, 0, 300000, 300000);
	put_record(&b, 2, 0, 1, 1);
	check_split(&b, "1000000000 262144/300000 249.0; 2000000000 1/1 249.0; ", "a huge packet of USB");
	build_begin(&b, false);
	put_pcap_header(&b, 0xa1b2c3d4, 1, 0, 96, 1);
	check_split(&b, "broken 0: version 1.0 of pcap does not exist", "version 1");
	build_begin(&b, false);
	put_bytes(&b, 100, 'x');
	check_split(&b, "broken 0: not a capture: neither pcap nor pcapng, plain or packed with gzip or zstd",
		    "something else");
	build_begin(&b, false);
	wr_be32(&b.w, 0x425a6839);
	put_bytes(&b, 20, 'x');
	check_split(&b, "broken 0: neither pcap nor pcapng but packed with bzip2: bzip2 -dc FILE | weir audit -",
		    "bzip2");
	build_begin(&b, false);
	check_split(&b, "cut 0: cut off: the file ends inside of its header", "nothing");
}

/* Fault 2: whatever the cut, every whole packet is there, and the right offset. */
static void test_every_cut(void)
{
	static struct packet packets[1001];
	size_t borders[1001];
	uint8_t *room;

	begin(0, 1);
	for (uint32_t i = 0; i < 1000; i++) {
		borders[i] = wr_done(&b.w);
		put_record(&b, i, i, i % 30, 100);
	}
	borders[1000] = wr_done(&b.w);
	room = malloc(borders[1000]);
	for (size_t cut = 0, whole = 0; cut <= borders[1000]; cut++) {
		uint8_t *bytes = room + borders[1000] - cut;	/* ends where the memory does */
		struct capture c;
		size_t used, n;
		bool is_border;

		while (whole < 1000 && borders[whole + 1] <= cut)
			whole++;
		is_border = cut == borders[whole];
		memcpy(bytes, b.bytes, cut);
		capture_init(&c, 0);
		n = capture_split(&c, (struct span){ bytes, cut }, packets, 1001, &used);
		if (n != (cut < borders[0] ? 0 : whole) || c.broken)
			check_named(false, "every whole packet is there");
		if (capture_is_cut(&c, cut - used) == is_border || c.offset != (cut < borders[0] ? 0 : borders[whole]))
			check_named(false, "the cut is named");
		capture_release(&c);
	}
	free(room);
}

TEST_MAIN({ "variants", test_variants }, { "lies", test_lies }, { "every cut", test_every_cut })
