/* SPDX-License-Identifier: BSD-2-Clause */
/* No link is followed: who owned the folder before may have put one there.  Knows no file's name. */
#include "os/owner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

int folder_make(const char *path)
{
	struct text part = { 0 };
	int error = 0;

	for (size_t i = 1; error == 0 && i <= strlen(path); i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		text_reset(&part);
		text_put_n(&part, path, i);
		if (mkdir(part.p, 0755) != 0 && errno != EEXIST)
			error = -errno;
	}
	text_release(&part);
	return error;
}

char *folder_of_file(const char *file)
{
	const char *slash = strrchr(file, '/');

	if (!slash)
		return strdup(".");
	return strndup(file, slash == file ? 1 : (size_t)(slash - file));
}

typedef int entry_fn(int folder, const char *name, uid_t uid, gid_t gid);

/* A socket may be in the way: it is somebody's who begins. */
static int look_at(int folder, const char *name, uid_t uid, gid_t gid)
{
	struct stat status;

	(void)uid;
	(void)gid;
	if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return -errno;
	if (S_ISSOCK(status.st_mode))
		return 0;
	return S_ISREG(status.st_mode) && status.st_nlink == 1 ? 0 : -ENOTEMPTY;
}

static int hand_over(int folder, const char *name, uid_t uid, gid_t gid)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), error = 0;
	struct stat status;

	if (fd < 0)
		return errno == ENXIO ? 0 : -errno;		/* a socket */
	if (fstat(fd, &status) != 0)
		error = -errno;
	else if (S_ISREG(status.st_mode) && (status.st_uid == 0 || status.st_uid == uid) &&
		 (fchmod(fd, (status.st_mode | 0040) & 07777) != 0 || fchown(fd, uid, gid) != 0))
		error = -errno;
	close(fd);
	return error;
}

static int walk(DIR *folder, entry_fn *each, uid_t uid, gid_t gid)
{
	const struct dirent *entry;
	int error = 0;

	rewinddir(folder);
	while (error == 0 && (entry = readdir(folder)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			error = each(dirfd(folder), entry->d_name, uid, gid);
	return error;
}

int folder_hand_over(const char *path, uid_t uid, gid_t gid)
{
	DIR *folder = opendir(path);
	struct stat status;
	int error;

	if (!folder)
		return -errno;
	error = fstat(dirfd(folder), &status) != 0 ? -errno : 0;
	if (error == 0)
		error = walk(folder, look_at, uid, gid);
	if (error == 0)
		error = walk(folder, hand_over, uid, gid);
	/* the folder last: what was interrupted is done again */
	if (error == 0 && (fchmod(dirfd(folder), (status.st_mode | 0050) & 07777) != 0 ||
			   fchown(dirfd(folder), uid, gid) != 0))
		error = -errno;
	closedir(folder);
	return error;
}
