/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a whole file with a limit.  Knows no format. */
#include "os/file.h"

#include <errno.h>

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
