/* SPDX-License-Identifier: BSD-2-Clause */
/* Every file of the shared captures, most of them made to crash readers: whole, cut off at many
 * offsets, and each of its packets cut and with bits flipped.  One process reads them all; the
 * sanitizers are the judges, and every statement must be within its bounds.  Skips where the
 * captures are not here. */
#include <dirent.h>

#include "base/memory.h"
#include "engine/stream.h"
#include "source/capture.h"
#include "t.h"

#define FILE_CUTS 64
#define CUT_BYTES_MAX (32u << 20)	/* read in all cuts of a file */
#define RUN 64				/* packets at a time */
#define PACKET_VARIANTS 8
#define PACKETS_VARIED 2000		/* of one file */

struct reader {
	struct said	     said;
	struct stream_table *streams;
	uint64_t	     random, packets, statements;
	unsigned	     variants;	/* of each packet; 0 for a cut file */
};

static bool is_sane(const struct observation *obs)
{
	return obs->anomaly < ANOMALY_COUNT && obs->type < TYPE_COUNT && obs->what < WHAT_COUNT &&
	       obs->point <= POINT_NONE && obs->protocol < PROTOCOL_COUNT &&
	       obs->source_len <= addr_bits(obs->source) && obs->group_len <= addr_bits(obs->group) &&
	       (obs->flags >> (FLAG_COUNT - 1)) <= 1 &&
	       (!addr_is_there(obs->group) || addr_is_multicast(obs->group));
}

static void decode(struct reader *r, const struct packet *packet)
{
	wire_decode(packet, &(struct wire_options){ true }, &r->said);
	for (size_t i = 0; i < r->said.segment_count; i++)
		stream_segment(r->streams, &r->said.segments[i], &r->said);
	for (size_t i = 0; i < r->said.n; i++)
		check_named(is_sane(&r->said.list[i]), "a statement within its bounds");
	r->statements += r->said.n;
}

/* In memory of exactly its size, so that the address sanitizer sees a read one too far. */
static void decode_variants(struct reader *r, struct packet packet)
{
	struct span whole = packet.bytes;
	uint8_t *copy = malloc(whole.n + (whole.n == 0));

	for (unsigned i = 0; i < r->variants && whole.n > 0; i++) {
		size_t bit = t_random(&r->random) % (whole.n * 8);

		memcpy(copy, whole.p, whole.n);
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
		packet.bytes = (struct span){ copy, whole.n };
		decode(r, &packet);
		packet.bytes.n = t_random(&r->random) % whole.n;
		packet.bytes.p = memcpy(copy + whole.n - packet.bytes.n, whole.p, packet.bytes.n);
		decode(r, &packet);
	}
	if (whole.n > 0)
		memcpy(copy, whole.p, whole.n);
	packet.bytes = (struct span){ copy, whole.n };
	decode(r, &packet);
	free(copy);
}

static void read_bytes(struct reader *r, struct span bytes)
{
	struct packet run[RUN];
	struct capture c;
	size_t used, n, packets = 0;

	capture_init(&c, 0);
	do {
		n = capture_split(&c, bytes, run, RUN, &used);
		for (size_t i = 0; i < n; i++, packets++) {
			if (r->variants && packets < PACKETS_VARIED)
				decode_variants(r, run[i]);
			else
				decode(r, &run[i]);
		}
		check(used <= bytes.n);
		bytes = (struct span){ bytes.p + used, bytes.n - used };
	} while (n > 0 || used > 0);
	capture_is_cut(&c, bytes.n);
	capture_release(&c);
	r->packets += packets;
}

static void read_cuts(struct reader *r, struct span bytes)
{
	size_t spent = 0;

	for (unsigned i = 0; i < FILE_CUTS && spent < CUT_BYTES_MAX; i++) {
		size_t n = i < FILE_CUTS / 2 ? t_random(&r->random) % (bytes.n + 1)
					     : bytes.n * (i - FILE_CUTS / 2) / (FILE_CUTS / 2);

		read_bytes(r, (struct span){ bytes.p, n });
		spent += n;
	}
}

/* In memory of exactly its size; empty where it cannot be read. */
static struct span load(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t n = 0;
	uint8_t *bytes;

	if (f && fseek(f, 0, SEEK_END) == 0 && ftell(f) > 0)
		n = (size_t)ftell(f);
	bytes = memory_take(n + (n == 0));
	if (f) {
		rewind(f);
		n = fread(bytes, 1, n, f);
		fclose(f);
	}
	return (struct span){ bytes, n };
}

static void read_file(struct reader *r, const char *path)
{
	struct span bytes = load(path);

	check_named(bytes.n > 0, path);
	r->streams = stream_table_new();
	r->variants = PACKET_VARIANTS;
	read_bytes(r, bytes);
	r->variants = 0;
	read_cuts(r, bytes);
	stream_table_free(r->streams);
	free((void *)bytes.p);
}

static unsigned read_folder(struct reader *r, const char *folder)
{
	DIR *dir = opendir(folder);
	char path[4096];
	unsigned n = 0;

	for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
		if (!strstr(e->d_name, ".pcap"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		read_file(r, path);
		n++;
	}
	if (dir)
		closedir(dir);
	return n;
}

/* argv[1]: ../shared/captures beside the repository; WEIR_CAPTURES goes before it. */
int main(int argc, char **argv)
{
	const char *captures = getenv("WEIR_CAPTURES");
	struct reader r = { .random = 0x9e3779b97f4a7c15 };
	char folder[4096];
	unsigned files;

	snprintf(folder, sizeof(folder), "%s/files", captures ? captures : argc > 1 ? argv[1] : ".");
	said_init(&r.said);
	files = read_folder(&r, folder);
	said_release(&r.said);
	if (files == 0) {
		printf("1..0 # SKIP the shared captures (../shared/captures) are not here\n");
		return 0;
	}
	printf("1..1\n%s 1 - %u files, %llu packets, %llu statements\n", t_failures ? "not ok" : "ok",
	       files, (unsigned long long)r.packets, (unsigned long long)r.statements);
	return t_failures > 0;
}
