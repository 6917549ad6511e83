/* SPDX-License-Identifier: BSD-2-Clause */
/* weir-gen: writes the captures of the demo, the tests and the benchmark.  The same bytes on
 * every machine. */
#include <stdlib.h>

#include "gen/gen.h"

static const struct {
	const char *name, *about;
	scene	   *run;
	uint32_t    snaplen;
	bool	    streams;
	uint64_t    size;
} scenes[] = {
	{ "campus", "one hour at the border of a campus", campus_scene, 0, false, 0 },
	{ "igmp3", "every record of IGMPv3 and MLDv2", igmp3_scene, 0, false, 0 },
	{ "pim", "every message of PIM, and Auto-RP", pim_scene, 0, false, 0 },
	{ "msdp", "an MSDP session with split and reordered TLVs", msdp_scene, 0, false, 0 },
	{ "sap", "session announcements of both families", sap_scene, 0, false, 0 },
	{ "names", "hostile names in RAS advertisements and sessions", names_scene, 0, false, 0 },
	{ "bench-mix", "mixed traffic; size in bytes", mix_scene, 0, true, 1000000000 },
	{ "bench-snap", "the same, cut to 96 bytes a packet", mix_scene, 96, true, 500000000 },
	{ "worst", "sources and groups without end; size in sources", worst_scene, 0, true, 1000000 },
};

static int usage(void)
{
	fprintf(stderr, "usage: weir-gen SCENE FILE [SIZE]\n");
	for (size_t i = 0; i < COUNT(scenes); i++)
		fprintf(stderr, "  %-12s%s\n", scenes[i].name, scenes[i].about);
	fprintf(stderr, "  %-12s%s\n", "links", "every link type and tunnel, as pcapng");
	return 2;
}

static int write_scene(size_t i, const char *path, uint64_t size)
{
	static struct gen g;
	FILE *out = strcmp(path, "-") == 0 ? stdout : fopen(path, "wb");

	if (!out) {
		perror(path);
		return 3;
	}
	setvbuf(out, NULL, _IOFBF, 1 << 20);
	gen_begin(&g, out, 1, scenes[i].snaplen, scenes[i].streams);
	scenes[i].run(&g, size ? size : scenes[i].size);
	gen_finish(&g);
	if (fclose(out) != 0) {
		perror(path);
		return 3;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return usage();
	if (strcmp(argv[1], "links") == 0)
		return links_scene(argv[2]) ? 3 : 0;
	for (size_t i = 0; i < COUNT(scenes); i++)
		if (strcmp(argv[1], scenes[i].name) == 0)
			return write_scene(i, argv[2], argc > 3 ? strtoull(argv[3], NULL, 10) : 0);
	return usage();
}
