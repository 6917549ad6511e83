/* SPDX-License-Identifier: BSD-2-Clause */
/* The other end of run_clerk_control.c. */
#include "daemon/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "os/local_socket.h"

#define ANSWER_BYTES_MAX (64u << 20)

static int send_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

		if (sent < 0 && errno != EINTR)
			return -errno;
		p += sent > 0 ? sent : 0;
		n -= sent > 0 ? (size_t)sent : 0;
	}
	return 0;
}

/* Up to the end of the line, or of the connection. */
static int receive_line(int fd, struct text *out)
{
	char buffer[16384];

	for (;;) {
		ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == ECONNRESET ? 0 : -errno;
		if (n == 0)
			return 0;
		text_put_n(out, buffer, (size_t)n);
		if (out->n > ANSWER_BYTES_MAX)
			return -EFBIG;
		if (buffer[n - 1] == '\n')
			return 0;
	}
}

int client_ask(const char *socket, json_t *request, struct text *out_line, json_t **out)
{
	char *line = json_dumps(request, JSON_COMPACT | JSON_ENSURE_ASCII);
	int fd = local_connect(socket), error = fd < 0 ? fd : line ? 0 : -ENOMEM;
	struct text answer = { 0 };

	if (error == 0)
		error = send_all(fd, line, strlen(line));
	if (error == 0)
		error = send_all(fd, "\n", 1);
	if (error == 0)
		error = receive_line(fd, &answer);
	if (error == 0) {
		*out = answer.n ? json_loadb(answer.p, answer.n, 0, NULL) : NULL;
		if (answer.n && !*out)
			error = -EBADMSG;
		else if (out_line)
			text_put_n(out_line, text_string(&answer), answer.n);
	}
	text_release(&answer);
	free(line);
	if (fd >= 0)
		close(fd);
	return error;
}
