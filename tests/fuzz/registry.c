/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: a registry's CSV file.  A file with a mistake leaves every name as it was. */
#include <assert.h>

#include "net/registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned complaints;

static void count(void *arg, unsigned line, const char *message)
{
	(void)arg;
	assert(line > 0 && *message);
	complaints++;
}

static void compare(const struct registry *now, const struct registry *before, struct addr group,
		    bool same)
{
	struct group_name a, b;

	registry_group(now, group, &a);
	registry_group(before, group, &b);
	assert(memchr(a.text, '\0', sizeof(a.text)));
	assert(!same || (a.kind == b.kind && strcmp(a.text, b.text) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct registry *built_in, *r;
	static unsigned runs;
	bool good;

	if (!built_in)
		built_in = registry_new();
	if (!r)
		r = registry_new();
	complaints = 0;
	good = registry_read(r, (struct span){ data, size }, count, NULL);
	assert(good == (complaints == 0));
	for (unsigned i = 0; i < 64; i++) {
		uint32_t hash = (uint32_t)addr_hash(addr_of6(size, i));

		compare(r, built_in, addr_of4(0xe0000000 | (hash & 0xfff)), !good);
		compare(r, built_in, addr_of6(0xff02000000000000 | (uint64_t)i << 48, hash & 0x1ff), !good);
	}
	(void)registry_port(r, (uint16_t)size);
	if (good || ++runs % 512 == 0) {	/* what was refused left nothing but memory */
		registry_free(r);
		r = NULL;
	}
	return 0;
}
