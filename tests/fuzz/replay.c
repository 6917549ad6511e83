/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a fuzz target over the files of its corpus folder, as an ordinary test: every file, then
 * the file cut at every length up to 512, and with single bits flipped.  Knows no protocol. */
#include <dirent.h>

#include "t.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of exactly n bytes, so that the address sanitizer sees a read one too far. */
static void run_one(const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n + (n == 0));

	if (n > 0)
		memcpy(copy, p, n);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static void run_variants(uint8_t *p, size_t n)
{
	uint64_t state = 0x9e3779b97f4a7c15;

	run_one(p, n);
	for (size_t cut = 0; cut < n && cut < 512; cut++)
		run_one(p, cut);
	for (size_t i = 0; n > 0 && i < 512; i++) {
		size_t bit = t_random(&state) % (n * 8);

		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		run_one(p, n);
		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static bool replay(const char *folder, const char *name)
{
	static uint8_t bytes[1 << 20];
	char path[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "rb");
	if (!f)
		return false;
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	run_variants(bytes, n);
	return true;
}

int main(int argc, char **argv)
{
	DIR *dir = argc > 1 ? opendir(argv[1]) : NULL;
	unsigned n = 0;
	struct dirent *entry;

	if (!dir) {
		printf("1..1\nnot ok 1 - no corpus folder\n");
		return 1;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		n++;
		printf("%s %u - %s\n", replay(argv[1], entry->d_name) ? "ok" : "not ok", n, entry->d_name);
		fflush(stdout);
	}
	closedir(dir);
	printf("1..%u\n", n);
	return n ? 0 : 1;
}
