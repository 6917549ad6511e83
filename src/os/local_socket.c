/* SPDX-License-Identifier: BSD-2-Clause */
/* unix(7).  Knows nothing of what is said. */
#include "os/local_socket.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define WAITING_MAX 16

static bool read_path(const char *path, struct sockaddr_un *out)
{
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(out->sun_path))
		return false;
	memcpy(out->sun_path, path, strlen(path));
	return true;
}

int local_connect(const char *path)
{
	struct sockaddr_un address;
	int fd, error;

	if (!read_path(path, &address))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

int local_listen(const char *path)
{
	struct sockaddr_un address;
	int fd = local_connect(path), error;

	if (fd >= 0) {
		close(fd);
		return -EADDRINUSE;
	}
	if (!read_path(path, &address))
		return -ENAMETOOLONG;
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
	    chmod(path, 0660) == 0 && listen(fd, WAITING_MAX) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}
