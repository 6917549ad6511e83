/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a whole file with a limit, replacing it at once, knowing it under another name.  Knows no format. */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int file_read_stream(FILE *stream, size_t limit, struct text *out)
{
	char buffer[16384];
	size_t got;

	errno = 0;
	while ((got = fread(buffer, 1, sizeof(buffer), stream)) > 0) {
		if (got > limit)
			return -EFBIG;
		limit -= got;
		text_put_n(out, buffer, got);
	}
	if (!ferror(stream))
		return 0;
	return errno ? -errno : -EIO;
}

int file_read(const char *name, size_t limit, struct text *out)
{
	FILE *stream = fopen(name, "re");
	int error;

	if (!stream)
		return -errno;
	error = file_read_stream(stream, limit, out);
	fclose(stream);
	return error;
}

int file_write(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		bytes += done;
		n -= (size_t)done;
	}
	return 0;
}

/* The new file, still under another name. */
static int write_beside(char *beside, mode_t mode, const struct text *text)
{
	int fd = mkostemp(beside, O_CLOEXEC);
	int error;

	if (fd < 0)
		return -errno;
	error = fchmod(fd, mode) < 0 ? -errno : file_write(fd, text_string(text), text->n);
	if (error == 0 && fsync(fd) < 0)
		error = -errno;
	if (close(fd) < 0 && error == 0)
		error = -errno;
	if (error < 0)
		unlink(beside);
	return error;
}

int file_replace(const char *name, const struct text *text)
{
	char *real = realpath(name, NULL);	/* a link stays a link */
	struct text beside = { 0 };
	struct stat status;
	int error = 0;

	if (!real || stat(real, &status) < 0)
		error = -errno;
	else {
		text_printf(&beside, "%s.XXXXXX", real);
		error = write_beside(beside.p, status.st_mode & 07777, text);
		if (error == 0 && rename(beside.p, real) < 0) {
			error = -errno;
			unlink(beside.p);
		}
	}
	text_release(&beside);
	free(real);
	return error;
}

bool file_is_same(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}
