/* SPDX-License-Identifier: BSD-2-Clause */
/* Every frame of the shared captures, whole and cut: no read past the end, no statement outside of
 * the closed lists, and the quick look agrees.  WEIR_CAPTURES names their folder. */
#include <dirent.h>

#include "agree.h"
#include "source/source.h"

#define SWEPT_FRAMES 40		/* of each file are cut at every length */

static struct said said;
static size_t kinds[QUICK_DATA6 + 1];
static size_t frames, statements;

static bool is_closed(const struct observation *obs)
{
	return obs->protocol < PROTOCOL_COUNT && obs->type < TYPE_COUNT && obs->what < WHAT_COUNT &&
	       obs->point <= POINT_NONE && obs->anomaly < ANOMALY_COUNT &&
	       obs->flags >> FLAG_COUNT == 0 && (!obs->anomaly || obs->what == WHAT_NONE);
}

static void decode_copy(const struct packet *packet, size_t n, bool is_cut, const char *name)
{
	struct wire_options options = { .udp_checksums = frames % 2 == 0 };
	struct packet copy = *packet;
	uint8_t *p = malloc(n + (n == 0));

	if (n > 0)
		memcpy(p, packet->bytes.p, n);
	copy.bytes = (struct span){ p, n };
	copy.length = is_cut ? packet->length : (uint32_t)n;
	check_named(agree_on(&copy, &options, &said, kinds), name);
	wire_decode(&copy, &options, &said);
	check_named(!said.has_ip || said.is_read, name);
	for (size_t i = 0; i < said.n; i++)
		check_named(is_closed(&said.list[i]), name);
	statements += said.n;
	free(p);
}

static void decode_packet(const struct packet *packet, const char *name)
{
	size_t n = packet->bytes.n;

	frames++;
	decode_copy(packet, n, true, name);
	for (size_t cut = 0; packet->frame <= SWEPT_FRAMES && cut < n; cut += cut < 160 ? 1 : 61) {
		decode_copy(packet, cut, true, name);
		decode_copy(packet, cut, false, name);
	}
}

/* False where the file is no capture that can be opened: the robust ones hold some. */
static bool decode_file(const char *folder, const char *name)
{
	struct timeline_options options = { 0 };
	const struct packet *packets;
	struct timeline *timeline;
	char path[4096], problem[160];
	const char *files[] = { path };
	size_t n;

	snprintf(path, sizeof(path), "%s/files/%s", folder, name);
	if (timeline_open(files, 1, &options, problem, &timeline) < 0)
		return false;
	while ((n = timeline_next(timeline, &packets)) > 0)
		for (size_t i = 0; i < n; i++)
			decode_packet(&packets[i], name);
	timeline_free(timeline);
	return true;
}

static void test_captures(void)
{
	const char *folder = getenv("WEIR_CAPTURES");
	char path[4096];
	struct dirent *entry;
	unsigned opened = 0;
	DIR *dir;

	folder = folder ? folder : "../shared/captures";
	snprintf(path, sizeof(path), "%s/files", folder);
	dir = opendir(path);
	if (!dir) {
		t_skip("no shared captures (WEIR_CAPTURES)");
		return;
	}
	said_init(&said);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			opened += decode_file(folder, entry->d_name);
	closedir(dir);
	said_release(&said);
	printf("# %u files, %zu frames, %zu statements; asked %zu, plain %zu\n", opened, frames, statements,
	       kinds[QUICK_ASK], kinds[QUICK_DATA4]);
	check(opened > 200 && frames > 80000);
	for (size_t i = 0; i < COUNT(kinds); i++)
		check(kinds[i] > 0);
}

TEST_MAIN({ "every frame, whole and cut", test_captures })
