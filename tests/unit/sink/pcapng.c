/* SPDX-License-Identifier: BSD-2-Clause */
/* What weir writes as pcapng, weir, TShark and tcpdump read. */
#include <unistd.h>

#include "sink/pcapng.h"
#include "source/source.h"
#include "t.h"

static char path[] = "/tmp/weir-pcapng-XXXXXX";

static const uint8_t report[] = {
	0x01, 0x00, 0x5e, 0x05, 0x05, 0x05, 0x02, 0, 0, 0, 0, 0x07, 0x08, 0x00, 0x46, 0xc0, 0, 0x20, 0, 1, 0, 0, 1, 2,
	0x90, 0x6a, 192, 105, 90, 20, 233, 5, 5, 5, 0x94, 0x04, 0, 0, 0x16, 0, 0xfb, 0xf4, 233, 5, 5, 5, 0,
};

static void write_packets(void)
{
	static const struct pcapng_link links[] = { { 1, "eth0", 6 }, { 1, "", 9 }, { 101, "tun0", 9 } };
	static const char *const comments[] = { "deny bogon-source: 10.1.1.1", "", "deny \033[31m <b> M\xc3\xbcnchen" };
	struct pcapng_writer *w;
	int fd = mkstemp(path);

	check(fd >= 0 && pcapng_writer_new(path, &w) == 0);
	close(fd);
	for (uint16_t i = 0; i < 3; i++) {
		size_t skip = i == 2 ? 14 : 0;
		struct packet p = { .at = { 1795266000123456789 + i }, .bytes = { report + skip, 46 - skip },
				    .length = 60, .link = i, .linktype = links[i].linktype };

		pcapng_write(w, &p, &links[i], span_of(comments[i]));
	}
	check(pcapng_writer_free(w) == 0);
	check(pcapng_writer_free(NULL) == 0);
}

static void test_weir_reads(void)
{
	static const struct { int64_t ns; uint32_t linktype; } rows[] = {
		{ 1795266000123456000, 1 }, { 1795266000123456790, 1 }, { 1795266000123456791, 101 } };
	const char *file = path;
	const struct packet *packets;
	const struct link_info *links;
	struct timeline *t;
	char problem[160];
	size_t n;

	write_packets();
	check(timeline_open(&file, 1, &(struct timeline_options){ 0 }, problem, &t) == 0);
	check(timeline_next(t, &packets) == 3);
	for (size_t i = 0; i < 3; i++) {
		check(packets[i].at.ns == rows[i].ns && packets[i].linktype == rows[i].linktype);
		check(packets[i].length == 60 && packets[i].link == i);
	}
	check(memcmp(packets[0].bytes.p, report, 46) == 0);
	links = timeline_links(t, &n);
	check(n == 3 && strcmp(links[2].name, "tun0") == 0);
	timeline_free(t);
}

/* The output of a command, at most 4 kB; NULL where the program is not installed. */
static const char *output_of(const char *command)
{
	static char text[4096];
	FILE *f = popen(command, "r");
	size_t n = fread(text, 1, sizeof(text) - 1, f);

	text[n] = '\0';
	return pclose(f) == 0 ? text : NULL;
}

static void test_tshark_reads(void)
{
	char command[256];
	const char *out;

	if (system("command -v tshark >/dev/null") != 0) {
		t_skip("tshark is not installed");
		return;
	}
	snprintf(command, sizeof(command),
		 "tshark -r %s -Y 'frame.comment contains \"deny\"' -T fields -e frame.number -e frame.comment 2>/dev/null", path);
	out = output_of(command);
	check(out && strstr(out, "1\tdeny bogon-source: 10.1.1.1\n") == out);
	check(out && strstr(out, "\n3\tdeny \\x1b[31m <b> M\xc3\xbcnchen\n"));
}

static void test_tcpdump_reads(void)
{
	char command[256];
	const char *out;

	if (system("command -v tcpdump >/dev/null") != 0) {
		t_skip("tcpdump is not installed");
		return;
	}
	/* libpcap reads files of one link type only: the first two packets */
	snprintf(command, sizeof(command), "tcpdump -c 2 -nr %s igmp 2>/dev/null", path);
	out = output_of(command);
	check(out && strstr(out, "192.105.90.20 > 233.5.5.5: igmp v2 report 233.5.5.5"));
}

static void test_errors(void)
{
	struct pcapng_writer *w;

	check(pcapng_writer_new("/nowhere/at/all", &w) < 0);
	if (access("/dev/full", W_OK) != 0 || pcapng_writer_new("/dev/full", &w) != 0)
		return;
	check(pcapng_writer_free(w) < 0);
	unlink(path);
}

TEST_MAIN({ "weir reads", test_weir_reads }, { "tshark reads", test_tshark_reads },
	  { "tcpdump reads", test_tcpdump_reads }, { "errors", test_errors })
