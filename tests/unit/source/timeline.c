/* SPDX-License-Identifier: BSD-2-Clause */
/* Files as one timeline: order, links, packing, filters, pipes, and files that are not well. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "build.h"
#include "source/source.h"

static struct build b;
static char folder[] = "/tmp/weir-timeline-XXXXXX";

static const char *path_of(const char *name)
{
	static char paths[8][64];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static const char *write_file(const char *name, struct span bytes)
{
	const char *path = path_of(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	check(fd >= 0 && write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n);
	close(fd);
	return path;
}

/* A pcap file with packets at these seconds. */
static struct span pcap_of(const char *seconds, uint32_t linktype)
{
	build_begin(&b, false);
	put_pcap_header(&b, 0xa1b2c3d4, 2, 4, 0, linktype);
	for (const char *s = seconds; *s; s++)
		put_record(&b, (uint32_t)(*s - '0'), 0, 20, 20);
	return wr_span(&b.w);
}

static void put_packets(const struct batch *batch, struct text *out)
{
	for (size_t i = 0; i < batch->n; i++)
		text_printf(out, "%lld:%u.%llu/%u ", (long long)(batch->packets[i].at.ns / NS_PER_S),
			    batch->packets[i].file, (unsigned long long)batch->packets[i].frame,
			    batch->packets[i].link);
}

/* "SECOND:FILE.FRAME/LINK" for each packet, then what the inputs say. */
static void run_jobs(const char *const *files, size_t n, struct timeline_options options, unsigned jobs,
		     struct text *out)
{
	struct timeline *t;
	struct batch batch;
	const struct input *inputs;
	char problem[160];
	int error;

	text_reset(out);
	options.jobs = jobs;
	error = timeline_open(files, n, &options, problem, &t);
	if (error) {
		text_printf(out, "error %d: %s", error, problem);
		return;
	}
	while (timeline_batch(t, &batch)) {
		check(batch.n > 0 && (jobs > 1) == (batch.quick != NULL));
		put_packets(&batch, out);
	}
	inputs = timeline_inputs(t, &n);
	for (size_t i = 0; i < n; i++)
		if (inputs[i].problem[0])
			text_printf(out, "%s%u: %s", inputs[i].truncated ? "truncated " : "", (unsigned)i, inputs[i].problem);
	timeline_free(t);
}

/* The same with any number of jobs, read or looked at where the kernel keeps it. */
static const char *run(const char *const *files, size_t n, const struct timeline_options *options)
{
	static const unsigned jobs[] = { 1, 2, 8 };
	static struct text out;
	struct timeline_options shared = *options;
	struct text other = { 0 };

	shared.shares = true;
	run_jobs(files, n, *options, 1, &out);
	for (size_t i = 0; i < COUNT(jobs) && strcmp(files[0], "-") != 0; i++) {
		if (jobs[i] > 1) {
			run_jobs(files, n, *options, jobs[i], &other);
			check_text(text_string(&other), text_string(&out), "with more jobs");
		}
		run_jobs(files, n, shared, jobs[i], &other);
		check_text(text_string(&other), text_string(&out), "shared");
	}
	text_release(&other);
	return text_string(&out);
}

static const struct timeline_options all;

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static void test_order(void)
{
	const char *files[3];

	files[0] = write_file("a", pcap_of("1359", 1));
	files[1] = write_file("b", pcap_of("237", 1));
	files[2] = write_file("c", pcap_of("33", 101));
	check_text(run(files, 1, &all), "1:0.1/0 3:0.2/0 5:0.3/0 9:0.4/0 ", "one");
	check_text(run(files, 3, &all),
		   "1:0.1/0 2:1.1/1 3:0.2/0 3:1.2/1 3:2.1/2 3:2.2/2 5:0.3/0 7:1.3/1 9:0.4/0 ", "three");
	files[0] = write_file("a", pcap_of("5261", 1));
	check_text(run(files, 2, &all), "2:1.1/0 3:1.2/0 5:0.1/1 2:0.2/1 6:0.3/1 1:0.4/1 7:1.3/0 ",
		   "time that goes back stands still");
	check_text(run(files, 1, &all), "5:0.1/0 2:0.2/0 6:0.3/0 1:0.4/0 ", "alone, as it is");
	files[1] = write_file("b", pcap_of("", 1));
	check_text(run(files, 2, &all), "5:0.1/1 2:0.2/1 6:0.3/1 1:0.4/1 ", "an empty one beside it");
}

/* More files than are read ahead, all open at once. */
static void test_crowd(void)
{
	enum { FILES = 20 };
	static char names[FILES][64];
	const char *files[FILES];
	const char *said;

	for (unsigned i = 0; i < FILES; i++) {
		snprintf(names[i], sizeof(names[i]), "%s/crowd%u", folder, i);
		files[i] = names[i];
		(void)write_file(names[i] + strlen(folder) + 1, pcap_of("1359", 1));
	}
	said = run(files, FILES, &all);
	check(begins(said, "1:0.1/0 1:1.1/1 1:2.1/2 ") && strstr(said, " 9:18.4/18 9:19.4/19 "));
	for (unsigned i = 0; i < FILES; i++)
		unlink(files[i]);
}

/* More files than are kept open, and more packets than a batch holds. */
static void test_many(void)
{
	enum { FILES = 300, EACH = 700 };
	static char names[FILES][64];
	const char *files[FILES];
	struct timeline *t;
	const struct packet *packets;
	char problem[160];
	int64_t last;
	size_t got, n, links;

	for (unsigned i = 0; i < FILES; i++) {
		build_begin(&b, false);
		put_pcap_header(&b, 0xa1b2c3d4, 2, 4, 0, 1);
		for (uint32_t k = 0; k < EACH; k++)
			put_record(&b, (i / 3) * 500 + k, i, 100, 100);
		snprintf(names[i], sizeof(names[i]), "%s/many%u", folder, i);
		files[i] = names[i];
		(void)write_file(names[i] + strlen(folder) + 1, wr_span(&b.w));
	}
	for (unsigned jobs = 1; jobs <= 8; jobs *= 2) {
		check(timeline_open(files, FILES, &(struct timeline_options){ .jobs = jobs, .shares = jobs % 3 == 1 },
				    problem, &t) == 0);
		last = 0;
		n = 0;
		while ((got = timeline_next(t, &packets)) > 0) {
			for (size_t i = 0; i < got; i++) {
				check(packets[i].at.ns >= last && packets[i].bytes.n == 100);
				check(packets[i].bytes.p[99] == (uint8_t)(packets[i].at.ns / NS_PER_S));
				last = packets[i].at.ns;
			}
			n += got;
		}
		(void)timeline_links(t, &links);
		check(n == FILES * EACH && links == FILES);
		timeline_free(t);
	}
	for (unsigned i = 0; i < FILES; i++)
		unlink(files[i]);
}

static struct span gzip_of(struct span in, uint8_t *out, size_t n)
{
	z_stream z = { 0 };

	deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (uint8_t *)in.p;
	z.avail_in = (uInt)in.n;
	z.next_out = out;
	z.avail_out = (uInt)n;
	check(deflate(&z, Z_FINISH) == Z_STREAM_END);
	deflateEnd(&z);
	return (struct span){ out, n - z.avail_out };
}

static struct span zstd_of(struct span in, uint8_t *out, size_t n)
{
	return (struct span){ out, ZSTD_compress(out, n, in.p, in.n, 3) };
}

/* Two members or frames, and for gzip the padding that tapes leave behind. */
static void test_packed(void)
{
	static uint8_t packed[4096];
	const char *file;

	for (unsigned zstd = 0; zstd < 2; zstd++) {
		struct span plain = pcap_of("12345", 1), first, second;

		first = (zstd ? zstd_of : gzip_of)((struct span){ plain.p, 77 }, packed, sizeof(packed));
		second = (zstd ? zstd_of : gzip_of)((struct span){ plain.p + 77, plain.n - 77 }, packed + first.n,
						    sizeof(packed) - first.n);
		file = write_file("packed", (struct span){ packed, first.n + second.n });
		check_text(run(&file, 1, &all), "1:0.1/0 2:0.2/0 3:0.3/0 4:0.4/0 5:0.5/0 ", "packed twice");
		file = write_file("packed", (struct span){ packed, first.n + second.n - 1 });
		check(strstr(run(&file, 1, &all), "truncated 0: the packed data are cut off, at offset") != NULL);
		file = write_file("packed", (struct span){ packed, first.n });
		check_text(run(&file, 1, &all),
			   "1:0.1/0 truncated 0: cut off: the file ends inside of the record behind packet 1, at offset 60",
			   "the second member missing");
		packed[first.n + second.n / 2] ^= 0xff;
		packed[first.n + second.n / 2 + 1] ^= 0xff;
		file = write_file("packed", (struct span){ packed, first.n + second.n });
		check(strstr(run(&file, 1, &all), "truncated 0: the ") != NULL);
	}
	memset(packed, 0, sizeof(packed));
	(void)gzip_of(pcap_of("12", 1), packed, sizeof(packed));
	file = write_file("packed", (struct span){ packed, sizeof(packed) });
	check_text(run(&file, 1, &all), "1:0.1/0 2:0.2/0 ", "zeros behind");
}

static void test_filter(void)
{
	const char *file;
	uint8_t *group;

	build_begin(&b, false);
	put_pcap_header(&b, 0xa1b2c3d4, 2, 4, 0, 1);
	for (uint32_t i = 1; i < 6; i++) {
		put_record(&b, i, 0, 60, 60);
		group = b.w.p - 60;
		memcpy(group + 12, "\x08\x00\x45", 3);
		memcpy(group + 30, i % 2 ? "\xe0\0\0\1" : "\xe8\1\1\1", 4);
	}
	file = write_file("filter", wr_span(&b.w));
	check_text(run(&file, 1, &(struct timeline_options){ .filter = "dst 224.0.0.1" }), "1:0.1/0 3:0.3/0 5:0.5/0 ",
		   "frames keep their numbers");
	check_text(run(&file, 1, &(struct timeline_options){ .filter = "" }),
		   "1:0.1/0 2:0.2/0 3:0.3/0 4:0.4/0 5:0.5/0 ", "an empty one");
	check_text(run(&file, 1, &(struct timeline_options){ .filter = "tcp" }), "", "none");
	check_text(run(&file, 1, &(struct timeline_options){ .has_since = true, .since = { 2 * NS_PER_S }, .has_until = true,
							     .until = { 4 * NS_PER_S } }),
		   "2:0.2/0 3:0.3/0 ", "since and until");
	check(begins(run(&file, 1, &(struct timeline_options){ .filter = "dst frob nicate" }),
		     "error -22: filter 'dst frob nicate': "));
	file = write_file("empty", pcap_of("", 1));
	check(begins(run(&file, 1, &(struct timeline_options){ .filter = "((" }), "error -22: filter '((': "));
	file = write_file("raw", pcap_of("12", 101));
	check_text(run(&file, 1, &(struct timeline_options){ .filter = "len = 20" }), "1:0.1/0 2:0.2/0 ", "raw IP");
}

/* A second interface that the filter does not fit: its packets stay out, and it is said. */
static void test_filter_links(void)
{
	const char *file;

	build_begin(&b, false);
	put_section(&b);
	put_interface(&b, 1, 0, 255, "eth0");
	put_enhanced(&b, 0, 1000000, 60, 60);
	put_interface(&b, 239, 0, 255, "nflog");
	put_enhanced(&b, 1, 2000000, 60, 60);
	put_enhanced(&b, 0, 3000000, 60, 60);
	file = write_file("links", wr_span(&b.w));
	check_text(run(&file, 1, &all), "1:0.1/0 2:0.2/1 3:0.3/0 ", "all");
	check(begins(run(&file, 1, &(struct timeline_options){ .filter = "not vlan" }), "error -22: filter 'not vlan': "));
}

static void test_stdin(void)
{
	const char *files[2] = { "-", "-" };
	int saved = dup(STDIN_FILENO), ends[2];
	struct span plain = pcap_of("123", 1);
	struct text out = { 0 };

	check(pipe(ends) == 0 && write(ends[1], plain.p, plain.n) == (ssize_t)plain.n);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	check_text(run(files, 1, &all), "1:0.1/0 2:0.2/0 3:0.3/0 ", "a pipe");
	check(pipe(ends) == 0 && write(ends[1], plain.p, plain.n) == (ssize_t)plain.n);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	run_jobs(files, 1, all, 4, &out);
	check_text(text_string(&out), "1:0.1/0 2:0.2/0 3:0.3/0 ", "a pipe and four jobs");
	text_release(&out);
	dup2(saved, STDIN_FILENO);
	close(saved);
	check_text(run(files, 2, &all), "error -22: standard input can be read only once", "twice");
}

/* One large file, packed and plain, by many threads; and one that nobody reads to the end. */
static void test_large(void)
{
	enum { PACKETS = 20000 };
	static uint8_t large[PACKETS * 120], packed[PACKETS * 120];
	struct timeline *t;
	struct batch batch;
	const char *file;
	char problem[160];
	size_t n = 24, size;
	uint64_t frame;

	memcpy(large, pcap_of("", 1).p, 24);
	for (uint32_t i = 0; i < PACKETS; i++) {
		uint32_t record[4] = { i, 0, 60 + i % 40, 60 + i % 40 };

		memcpy(large + n, record, 16);
		memset(large + n + 16, (int)(i & 0xff), record[2]);
		n += 16 + record[2];
	}
	for (unsigned zstd = 0; zstd < 2; zstd++) {
		size = zstd ? zstd_of((struct span){ large, n }, packed, sizeof(packed)).n : n;
		file = write_file("large", (struct span){ zstd ? packed : large, size });
		for (unsigned run = 0; run < 10; run++) {
			const struct timeline_options options = { .jobs = 1u << run / 2, .shares = run % 2 };

			check(timeline_open(&file, 1, &options, problem, &t) == 0);
			for (frame = 0; timeline_batch(t, &batch); frame += batch.n)
				for (size_t i = 0; i < batch.n; i++) {
					const struct packet *p = &batch.packets[i];

					check(p->frame == frame + i + 1 && p->bytes.n == 60 + (frame + i) % 40);
					check(p->bytes.p[p->bytes.n - 1] == ((frame + i) & 0xff));
				}
			check(frame == PACKETS);
			timeline_free(t);
			check(timeline_open(&file, 1, &options, problem, &t) == 0);
			check(timeline_batch(t, &batch));
			timeline_free(t);
		}
	}
}

/* A capture of some megabytes: packets of 1,000 bytes, each full of its number's last byte. */
static const char *write_long(unsigned packets)
{
	static uint8_t record[1016];
	const char *file = write_file("long", pcap_of("", 1));
	int fd = open(file, O_WRONLY | O_APPEND);

	for (unsigned i = 0; i < packets; i++) {
		uint32_t header[4] = { i, 0, 1000, 1000 };

		memcpy(record, header, sizeof(header));
		memset(record + 16, (int)(i & 0xff), 1000);
		check(write(fd, record, sizeof(record)) == (ssize_t)sizeof(record));
	}
	close(fd);
	return file;
}

/* Reads a long file whose size becomes another one after its first packets. */
static size_t read_while(off_t size, unsigned jobs, char *out_problem)
{
	const char *file = write_long(6000);
	const struct timeline_options options = { .shares = true, .jobs = jobs };
	struct timeline *t;
	struct batch batch;
	uint64_t frame = 0, good = 0;
	char problem[160];
	size_t n;

	check(timeline_open(&file, 1, &options, problem, &t) == 0);
	while (timeline_batch(t, &batch)) {
		if (frame == 0)
			check(truncate(file, size) == 0);
		for (size_t i = 0; i < batch.n; i++, frame++)
			good += batch.packets[i].bytes.n == 1000 &&
				batch.packets[i].bytes.p[999] == (frame & 0xff);
	}
	snprintf(out_problem, 160, "%s", timeline_inputs(t, &n)[0].problem);
	timeline_free(t);
	return good;
}

static void test_shrinks(void)
{
	char problem[160];
	size_t good;

	for (unsigned jobs = 1; jobs <= 2; jobs++) {
		good = read_while(3000 * 1016, jobs, problem);
		/* threads that read ahead may have had all of it */
		check(good >= 200 && (good < 3020 || jobs > 1));
		check(good == 6000 || strstr(problem, "the file shrank while it was read") || strstr(problem, "cut off: "));
		good = read_while(0, jobs, problem);
		check((good < 300 || jobs > 1) && (good == 6000 || problem[0]));
		/* what was added is zeros: so many records without a byte */
		good = read_while(24 + 6000 * 1016 + 160, jobs, problem);
		check(good == 6000 && problem[0] == '\0');
	}
}

static void test_unwell(void)
{
	const char *file = path_of("none");
	char should[200];
	struct span cut;

	snprintf(should, sizeof(should), "error -%d: %s: No such file or directory", ENOENT, file);
	check_text(run(&file, 1, &all), should, "no such file");
	file = folder;
	snprintf(should, sizeof(should), "error -%d: %s: Is a directory", EISDIR, file);
	check_text(run(&file, 1, &all), should, "a folder");
	file = write_file("text", span_of("This is no capture.\n"));
	check(begins(run(&file, 1, &all), "error -74: "));
	file = write_file("nothing", span_of(""));
	check_text(run(&file, 1, &all), "truncated 0: cut off: the file ends inside of its header, at offset 0", "nothing");
	cut = pcap_of("123", 1);
	cut.n -= 3;
	file = write_file("cut", cut);
	check_text(run(&file, 1, &all),
		   "1:0.1/0 2:0.2/0 truncated 0: cut off: the file ends inside of the record behind packet 2, at offset 96",
		   "cut off");
}

/* What was read is told: packets, bytes, digits, how far. */
static void test_books(void)
{
	const char *file;
	struct timeline *t;
	const struct packet *packets;
	const struct input *inputs;
	const struct link_info *links;
	char problem[160];
	size_t n;

	build_begin(&b, false);
	put_section(&b);
	put_interface(&b, 113, 0, 9, "any");
	put_enhanced(&b, 0, 1, 60, 600);
	put_interface(&b, 1, 0, 255, "idle");
	file = write_file("books", wr_span(&b.w));
	check(timeline_open(&file, 1, &all, problem, &t) == 0);
	while (timeline_next(t, &packets) > 0)
		;
	inputs = timeline_inputs(t, &n);
	check(n == 1 && inputs[0].packets == 1 && inputs[0].bytes == 600 && inputs[0].time_digits == 9);
	check(inputs[0].size == wr_done(&b.w) && inputs[0].offset == inputs[0].size && !inputs[0].truncated);
	links = timeline_links(t, &n);
	check(n == 2 && links[0].linktype == 113 && links[1].linktype == 1);
	check_text(links[0].name, "any", "name");
	check_text(links[1].name, "idle", "a link without a packet");
	timeline_free(t);
}

static void test_folder(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	check(system(command) == 0);
}

static void begin_folder(void)
{
	check(mkdtemp(folder) != NULL);
}

TEST_MAIN({ "a folder", begin_folder }, { "order", test_order }, { "a crowd", test_crowd }, { "many", test_many },
	  { "packed", test_packed },
	  { "filter", test_filter }, { "filter and links", test_filter_links }, { "standard input", test_stdin },
	  { "large", test_large }, { "shrinks", test_shrinks }, { "unwell", test_unwell }, { "books", test_books }, { "the folder goes", test_folder })
