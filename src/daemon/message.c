/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines are SOCK_SEQPACKET, so that a message comes whole or not at all; payloads go by SCM_RIGHTS,
 * sealed, so that nobody changes them while they are read.  unix(7), memfd_create(2). */
#include "daemon/message.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "os/file.h"

/* How long a line may be full: whoever does not read for so long is broken. */
#define PATIENCE_S 5

/* Room for one descriptor beside a message. */
union beside {
	struct cmsghdr header;
	char	       room[CMSG_SPACE(sizeof(int))];
};

int message_line(int out_ends[2])
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, out_ends) != 0)
		return -errno;
	for (unsigned i = 0; i < 2; i++)
		setsockopt(out_ends[i], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return 0;
}

int message_send(int fd, const struct message *message, int payload)
{
	union beside beside = { 0 };
	struct iovec bytes = { (void *)message, sizeof(*message) };
	struct msghdr head = { .msg_iov = &bytes, .msg_iovlen = 1 };
	ssize_t n;

	if (payload >= 0) {
		head.msg_control = beside.room;
		head.msg_controllen = sizeof(beside.room);
		beside.header = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
						  .cmsg_len = CMSG_LEN(sizeof(int)) };
		memcpy(CMSG_DATA(&beside.header), &payload, sizeof(int));
	}
	do
		n = sendmsg(fd, &head, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	n = n < 0 ? -errno : 0;
	if (payload >= 0)
		close(payload);
	return (int)n;
}

int message_receive(int fd, struct message *out, int *out_payload)
{
	union beside beside = { 0 };
	struct message message;
	struct iovec bytes = { &message, sizeof(message) };
	struct msghdr head = { .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = beside.room,
			       .msg_controllen = sizeof(beside.room) };
	const struct cmsghdr *header;
	ssize_t n;

	do
		n = recvmsg(fd, &head, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : 0;
	header = CMSG_FIRSTHDR(&head);
	*out_payload = -1;
	if (header && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(out_payload, CMSG_DATA(header), sizeof(int));
	if (n != (ssize_t)sizeof(message)) {
		if (*out_payload >= 0)
			close(*out_payload);
		return -EBADMSG;
	}
	message.text[MESSAGE_TEXT - 1] = '\0';
	*out = message;
	return 1;
}

bool message_wait(int fd, unsigned patience_ms)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };

	return poll(&wanted, 1, (int)patience_ms) > 0;
}

int payload_of(const void *bytes, size_t n)
{
	int fd = (int)syscall(SYS_memfd_create, "weir", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int error;

	if (fd < 0)
		return -errno;
	error = file_write(fd, bytes, n);
	if (error == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
		error = -errno;
	if (error == 0)
		return fd;
	close(fd);
	return error;
}

int payload_read(int fd, struct text *out)
{
	char buffer[16384];
	size_t offset = 0;
	ssize_t n;

	do {
		n = pread(fd, buffer, sizeof(buffer), (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0)
			text_put_n(out, buffer, (size_t)n);
		offset += n > 0 ? (size_t)n : 0;
	} while (n > 0 && offset <= PAYLOAD_MAX);
	n = n < 0 ? -errno : offset > PAYLOAD_MAX ? -EFBIG : 0;
	close(fd);
	return (int)n;
}

int message_send_text(int fd, const struct message *message, const struct text *payload)
{
	int memory = payload_of(text_string(payload), payload->n);

	return memory < 0 ? memory : message_send(fd, message, memory);
}
