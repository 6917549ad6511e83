/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that the keeper opens for the judge: those below the configured folders, and what was
 * applied.  It reads none of them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/run_keeper.h"

/* The number of a generation's file; 0: it is none. */
static uint64_t generation_of(const char *name)
{
	uint64_t generation = 0;
	int end = 0;

	if (sscanf(name, "generation-%" SCNu64 ".json%n", &generation, &end) != 1 || end == 0 ||
	    name[end])
		return 0;
	return generation;
}

/* The newest generation in the folder below a limit; 0: there is none. */
static uint64_t newest_below(const char *folder, uint64_t limit)
{
	DIR *entries = opendir(folder);
	const struct dirent *entry;
	uint64_t newest = 0;

	while (entries && (entry = readdir(entries))) {
		uint64_t generation = generation_of(entry->d_name);

		if (generation < limit && generation > newest)
			newest = generation;
	}
	if (entries)
		closedir(entries);
	return newest;
}

/* What was applied last, or the newest generation before one.  A pipe in its place does not hold
 * us. */
static int open_kept(const struct keeper_state *k, uint64_t before, uint64_t *out_generation)
{
	uint64_t generation = before > 0 ? newest_below(k->options->state, before) : 0;
	struct text name = { 0 };
	int fd;

	if (before > 0 && generation == 0)
		return -ENOENT;
	if (generation > 0)
		text_printf(&name, "%s/generation-%" PRIu64 ".json", k->options->state, generation);
	else
		text_printf(&name, "%s/current.json", k->options->state);
	fd = open(name.p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	*out_generation = generation;
	text_release(&name);
	return fd < 0 ? -errno : fd;
}

static int open_named(const struct keeper_state *k, const char *name)
{
	int fd;

	if (access(name, F_OK) == 0 && !keeper_is_below(k, name))
		return -EACCES;
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static int only_plain(int fd)
{
	struct stat status;

	if (fd < 0 || (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)))
		return fd;
	close(fd);
	return -EISDIR;
}

void keeper_file_asked(struct keeper_state *k, const struct message *message)
{
	struct message reply = { .kind = MESSAGE_FILE };
	int fd = only_plain(message->text[0] ? open_named(k, message->text)
					     : open_kept(k, message->number, &reply.generation));

	reply.error = fd < 0 ? fd : 0;
	message_send(k->children[CHILD_JUDGE].fd, &reply, fd);
}
