/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper's process and its parent's questions.  Privilege separation as OpenBSD taught it. */
#include "daemon/keeper.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/privilege.h"
#include "os/sandbox.h"

enum { ASKS_INTERFACE = 1, ASKS_FILE = 2 };

struct request {
	uint32_t asks, number;
	char	 name[INTERFACE_NAME];
};

struct reply {
	int32_t		     error;
	struct packet_socket socket;
};

/* Room for one descriptor beside a message. */
union beside {
	struct cmsghdr header;
	char	       room[CMSG_SPACE(sizeof(int))];
};

static struct msghdr message_of(struct iovec *bytes, union beside *beside)
{
	return (struct msghdr){ .msg_iov = bytes, .msg_iovlen = 1, .msg_control = beside->room,
				.msg_controllen = sizeof(beside->room) };
}

static bool send_reply(int fd, struct reply *reply)
{
	union beside beside = { 0 };
	struct iovec bytes = { reply, sizeof(*reply) };
	struct msghdr message = message_of(&bytes, &beside);

	if (reply->error == 0) {
		beside.header = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
						  .cmsg_type = SCM_RIGHTS,
						  .cmsg_len = CMSG_LEN(sizeof(int)) };
		memcpy(CMSG_DATA(&beside.header), &reply->socket.fd, sizeof(int));
	} else {
		message.msg_control = NULL;
		message.msg_controllen = 0;
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)sizeof(*reply);
}

static int receive_reply(int fd, struct reply *out)
{
	union beside beside = { 0 };
	struct iovec bytes = { out, sizeof(*out) };
	struct msghdr message = message_of(&bytes, &beside);
	const struct cmsghdr *header;
	ssize_t n;

	do
		n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(*out))
		return -EPIPE;
	header = CMSG_FIRSTHDR(&message);
	if (out->error < 0)
		return out->error;
	if (!header || header->cmsg_type != SCM_RIGHTS)
		return -EPIPE;
	memcpy(&out->socket.fd, CMSG_DATA(header), sizeof(int));
	return 0;
}

/* --- the keeper --- */

/* "ring.pcapng", or one of several: "ring-002.pcapng". */
static int open_file(const struct keeper_options *options, unsigned number)
{
	const char *dot, *slash;
	char name[4096];
	int n;

	if (!options->file || number >= options->file_count)
		return -EINVAL;
	dot = strrchr(options->file, '.');
	slash = strrchr(options->file, '/');
	if (!dot || (slash && dot < slash))
		dot = options->file + strlen(options->file);
	if (options->file_count == 1)
		n = snprintf(name, sizeof(name), "%s", options->file);
	else
		n = snprintf(name, sizeof(name), "%.*s-%03u%s", (int)(dot - options->file),
			     options->file, number + 1, dot);
	if (n < 0 || (size_t)n >= sizeof(name))
		return -ENAMETOOLONG;
	n = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	return n < 0 ? -errno : n;
}

static void answer(const struct keeper_options *options, const struct request *request,
		   struct reply *out)
{
	*out = (struct reply){ .error = -EINVAL };
	if (request->asks == ASKS_INTERFACE && request->name[INTERFACE_NAME - 1] == '\0') {
		out->error = packet_socket_open(request->name, options->snaplen, &out->socket);
	} else if (request->asks == ASKS_FILE) {
		out->socket.fd = open_file(options, request->number);
		out->error = out->socket.fd < 0 ? out->socket.fd : 0;
	}
}

/* Ctrl-C goes to both; the keeper lives until its parent is done. */
static void keep_on(const struct keeper_options *options, int fd, pid_t parent)
{
	struct request request;
	struct reply reply;

	signal(SIGINT, SIG_IGN);
	signal(SIGTSTP, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	if (getppid() != parent || privilege_keep_raw() < 0 || sandbox_keeper() < 0)
		return;
	while (recv(fd, &request, sizeof(request), 0) == (ssize_t)sizeof(request)) {
		answer(options, &request, &reply);
		if (!send_reply(fd, &reply))
			return;
		if (reply.error == 0)
			close(reply.socket.fd);
	}
}

/* --- its parent --- */

int keeper_begin(const struct keeper_options *options, struct keeper *out)
{
	pid_t parent = getpid(), pid;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return -errno;
	pid = fork();
	if (pid < 0) {
		int error = -errno;

		close(ends[0]);
		close(ends[1]);
		return error;
	}
	if (pid == 0) {
		close(ends[0]);
		keep_on(options, ends[1], parent);
		_exit(0);
	}
	close(ends[1]);
	*out = (struct keeper){ ends[0], pid };
	return 0;
}

void keeper_end(struct keeper *keeper)
{
	if (keeper->pid == 0)
		return;
	close(keeper->fd);
	while (waitpid(keeper->pid, NULL, 0) < 0 && errno == EINTR)
		;
	*keeper = (struct keeper){ 0 };
}

static int ask(const struct keeper *keeper, const struct request *request, struct reply *out)
{
	if (send(keeper->fd, request, sizeof(*request), MSG_NOSIGNAL) != (ssize_t)sizeof(*request))
		return -EPIPE;
	return receive_reply(keeper->fd, out);
}

int keeper_open(const struct keeper *keeper, const char *interface, struct packet_socket *out)
{
	struct request request = { .asks = ASKS_INTERFACE };
	struct reply reply;
	int error;

	if (strlen(interface) >= sizeof(request.name))
		return -ENODEV;
	memcpy(request.name, interface, strlen(interface));
	error = ask(keeper, &request, &reply);
	if (error == 0)
		*out = reply.socket;
	return error;
}

int keeper_file(const struct keeper *keeper, unsigned number)
{
	const struct request request = { .asks = ASKS_FILE, .number = number };
	struct reply reply;
	int error = ask(keeper, &request, &reply);

	return error < 0 ? error : reply.socket.fd;
}
