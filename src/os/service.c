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
#include "os/clock.h"
#include "os/localtime.h"

#define JOURNAL "/run/systemd/journal/socket"
#define SYSLOG "/dev/log"
#define FACILITY_DAEMON 3		/* RFC 3164 4.1.1 */
#define SYSLOG_MAX 1024			/* RFC 3164 4.1 */

static struct sockaddr_un manager_address, journal_address, syslog_address;
static int datagrams = -1;

/* "@..." is of the abstract kind.  False where it is none. */
static bool read_address(const char *path, struct sockaddr_un *out)
{
	size_t n = strlen(path);

	if (n == 0 || n >= sizeof(out->sun_path) || (path[0] != '/' && path[0] != '@'))
		return false;
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(out->sun_path, path, n);
	return true;
}

/* By the name and not by a connection: whoever listens may begin again.  The sandbox lets a datagram
 * out of a socket that is open. */
static bool send_to(const struct sockaddr_un *to, const char *bytes, size_t n)
{
	struct sockaddr_un address = *to;
	size_t length = offsetof(struct sockaddr_un, sun_path) +
			strnlen(to->sun_path, sizeof(to->sun_path));

	if (datagrams < 0 || to->sun_family != AF_UNIX)
		return false;
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	return sendto(datagrams, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT,
		      (const struct sockaddr *)&address, (socklen_t)length) == (ssize_t)n;
}

void service_open(void)
{
	const char *notify = getenv("NOTIFY_SOCKET"), *other = getenv("WEIR_JOURNAL_SOCKET");

	datagrams = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (notify)
		read_address(notify, &manager_address);
	read_address(other ? other : JOURNAL, &journal_address);
	read_address(SYSLOG, &syslog_address);
}

void service_notify(const char *state)
{
	send_to(&manager_address, state, strlen(state));
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
	good = send_to(&journal_address, entry.p, entry.n);
	text_release(&entry);
	return good;
}

/* As syslog(3) has it: "<29>Nov  1 14:00:00 weir[7]: ...", no longer than a relay takes, and cut
 * between characters. */
static bool log_syslog(int priority, const char *message)
{
	char time[LOCAL_TIME_TEXT];
	struct text entry = { 0 };
	size_t n;
	bool good;

	local_asctime_text(clock_now(), time);
	text_printf(&entry, "<%d>%.15s weir[%d]: ", FACILITY_DAEMON * 8 + priority,
		    time + strlen("Sat "), (int)getpid());
	text_escape_utf8(&entry, span_of(message));
	for (n = entry.n < SYSLOG_MAX ? entry.n : SYSLOG_MAX;
	     n < entry.n && ((uint8_t)entry.p[n] & 0xc0) == 0x80;)
		n--;
	good = send_to(&syslog_address, entry.p, n);
	text_release(&entry);
	return good;
}

bool service_log(int priority, const char *const *fields, size_t n)
{
	return log_journal(priority, fields, n) || (n >= 2 && log_syslog(priority, fields[1]));
}
