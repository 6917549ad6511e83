/* SPDX-License-Identifier: BSD-2-Clause */
/* The protocols are of a few lines each; the library would bring nothing more.  The journal's:
 * systemd's "Native Journal Protocol".  Syslog's: RFC 3164 as /dev/log takes it. */
#include "os/service.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"

static int manager = -1, journal = -1, syslog_fd = -1;

/* A datagram socket to `path`; "@..." is of the abstract kind.  -1 where nobody listens. */
static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t n = strlen(path);
	int fd;

	if (n == 0 || n >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, path, n);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address,
			       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

void service_open(void)
{
	const char *notify = getenv("NOTIFY_SOCKET"), *other = getenv("WEIR_JOURNAL_SOCKET");

	if (notify && (notify[0] == '/' || notify[0] == '@'))
		manager = connect_to(notify);
	journal = connect_to(other ? other : "/run/systemd/journal/socket");
	if (journal < 0)
		syslog_fd = connect_to("/dev/log");
}

void service_notify(const char *state)
{
	if (manager >= 0)
		send(manager, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* A value with line ends goes behind its length, 64 bits, least first. */
static void put_field(const char *name, const char *value, struct text *out)
{
	uint64_t n = strlen(value);

	text_put(out, name);
	if (!strchr(value, '\n')) {
		text_printf(out, "=%s\n", value);
		return;
	}
	text_char(out, '\n');
	for (unsigned i = 0; i < 8; i++)
		text_char(out, (char)(n >> 8 * i & 0xff));
	text_put_n(out, value, n);
	text_char(out, '\n');
}

static bool log_journal(int priority, const char *const *fields, size_t n)
{
	struct text entry = { 0 };
	bool good;

	text_printf(&entry, "SYSLOG_IDENTIFIER=weir\nPRIORITY=%d\n", priority);
	for (size_t i = 0; i + 1 < n; i += 2)
		put_field(fields[i], fields[i + 1], &entry);
	good = send(journal, entry.p, entry.n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)entry.n;
	text_release(&entry);
	return good;
}

static bool log_syslog(int priority, const char *message)
{
	struct text entry = { 0 };
	bool good;

	text_printf(&entry, "<%d>weir[%d]: ", 3 * 8 + priority, (int)getpid());
	text_escape_utf8(&entry, span_of(message));
	good = send(syslog_fd, entry.p, entry.n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)entry.n;
	text_release(&entry);
	return good;
}

bool service_log(int priority, const char *const *fields, size_t n)
{
	if (journal >= 0)
		return log_journal(priority, fields, n);
	return syslog_fd >= 0 && n >= 2 && log_syslog(priority, fields[1]);
}
