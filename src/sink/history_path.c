/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the history is, unless the command line says. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink/history.h"

#define SYSTEM_FOLDER "/var/lib/weir"
#define NAME "/history.db"

static bool is_absolute(const char *path)
{
	return path && path[0] == '/';
}

/* Makes every folder on the way to the last slash, for their owner alone. */
static void make_folders(const struct text *path)
{
	for (size_t i = 1; i < path->n; i++) {
		if (path->p[i] != '/')
			continue;
		path->p[i] = '\0';
		mkdir(path->p, 0700);	/* opening the file tells what went wrong */
		path->p[i] = '/';
	}
}

/* The XDG Base Directory Specification: a path that is not absolute is as if it were not set. */
static void put_own(struct text *out, bool for_writing)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	struct text path = { 0 };

	if (is_absolute(state))
		text_printf(&path, "%s/weir" NAME, state);
	else if (is_absolute(home))
		text_printf(&path, "%s/.local/state/weir" NAME, home);
	else
		text_put(&path, SYSTEM_FOLDER NAME);
	if (for_writing)
		make_folders(&path);
	text_put_n(out, path.p, path.n);
	text_release(&path);
}

void history_path(const char *given, bool for_writing, struct text *out)
{
	if (given)
		text_put(out, given);
	else if (access(for_writing ? SYSTEM_FOLDER : SYSTEM_FOLDER NAME,
			for_writing ? W_OK : R_OK) == 0)
		text_put(out, SYSTEM_FOLDER NAME);
	else
		put_own(out, for_writing);
}
