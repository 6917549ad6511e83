/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP sockets between speakers of a routing protocol.  Knows no protocol. */
#include "os/tcp_socket.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

#define UNSENT_BYTES 16384	/* that wait in the kernel: what comes later is not delayed by more */
#define BACKLOG 16

static struct sockaddr_in address_of(struct addr a, uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
				     .sin_addr.s_addr = htonl((uint32_t)a.lo) };
}

static struct addr addr_from(const struct sockaddr_in *a)
{
	return addr_of4(ntohl(a->sin_addr.s_addr));
}

static int switch_on(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* The key of one peer, for a connection to it, or for those of it that will be accepted. */
static int protect(int fd, const struct tcp_options *options)
{
	struct sockaddr_in remote = address_of(options->remote, 0);
	struct tcp_md5sig key = { .tcpm_keylen = 0 };
	size_t n;

	if (!options->password)
		return 0;
	n = strlen(options->password);
	if (n > sizeof(key.tcpm_key))
		return -EINVAL;
	memcpy(&key.tcpm_addr, &remote, sizeof(remote));
	memcpy(key.tcpm_key, options->password, n);
	key.tcpm_keylen = (uint16_t)n;
	return setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof(key)) < 0 ? -errno : 0;
}

/* A connection that comes from there needs no key any more. */
static void unprotect(int fd, const struct tcp_options *options)
{
	struct sockaddr_in remote = address_of(options->remote, 0);
	struct tcp_md5sig key = { .tcpm_keylen = 0 };

	memcpy(&key.tcpm_addr, &remote, sizeof(remote));
	if (options->password)
		setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof(key));
}

/* RFC 5082 3: one sends 255, and takes what has lost no more than the hops between. */
int tcp_secure(int fd, const struct tcp_options *options)
{
	int error;

	if (options->hops == 0)
		return 0;
	error = switch_on(fd, IPPROTO_IP, IP_TTL, 255);
	return error < 0 ? error : switch_on(fd, IPPROTO_IP, IP_MINTTL, 256 - (int)options->hops);
}

static void hurry(int fd)
{
	switch_on(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	switch_on(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_BYTES);
}

/* Bound to the local address; port 0 is any. */
static int bound_socket(const struct tcp_options *options, uint16_t port)
{
	struct sockaddr_in local = address_of(options->local, port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error = 0;

	if (fd < 0)
		return -errno;
	if (options->is_transparent)
		error = switch_on(fd, IPPROTO_IP, IP_TRANSPARENT, 1);
	else
		error = switch_on(fd, IPPROTO_IP, IP_FREEBIND, 1);	/* the address may come later */
	if (error == 0)
		error = switch_on(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (error == 0 && bind(fd, (struct sockaddr *)&local, sizeof(local)) < 0)
		error = -errno;
	if (error == 0)
		return fd;
	close(fd);
	return error;
}

/* RFC 5082 for what comes before a connection is accepted: a listener serves peers at several
 * distances, so that its own IP_MINTTL cannot tell them apart.  Connections inherit the filter. */
static int guard(int fd, const struct tcp_options *peers, size_t n)
{
	const uint32_t source = (uint32_t)SKF_NET_OFF + 12, ttl = (uint32_t)SKF_NET_OFF + 8;
	struct sock_filter *code = memory_array(5 * n + 2, sizeof(*code));
	struct sock_fprog program = { .filter = code };
	int error = 0;

	code[program.len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, source);
	for (size_t i = 0; i < n; i++) {
		const struct sock_filter block[] = {
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)peers[i].remote.lo, 0, 4),
			BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ttl),
			BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 256 - peers[i].hops, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
			BPF_STMT(BPF_RET | BPF_K, 0),
		};

		for (size_t k = 0; peers[i].hops > 0 && k < COUNT(block); k++)
			code[program.len++] = block[k];
	}
	code[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
	if (program.len == 2)
		switch_on(fd, SOL_SOCKET, SO_DETACH_FILTER, 0);		/* of those before, if any */
	else if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		error = -errno;
	free(code);
	return error;
}

int tcp_listen(const struct tcp_options *peers, size_t n)
{
	int fd = bound_socket(&peers[0], peers[0].port), error = 0;

	if (fd < 0)
		return fd;
	for (size_t i = 0; i < n && error == 0; i++)
		error = protect(fd, &peers[i]);
	if (error == 0)
		error = guard(fd, peers, n);
	if (error == 0 && listen(fd, BACKLOG) < 0)
		error = -errno;
	if (error == 0)
		return fd;
	close(fd);
	return error;
}

int tcp_connect(const struct tcp_options *options)
{
	struct sockaddr_in remote = address_of(options->remote, options->port);
	int fd = bound_socket(options, 0), error;

	if (fd < 0)
		return fd;
	error = protect(fd, options);
	if (error == 0)
		error = tcp_secure(fd, options);
	hurry(fd);
	if (error == 0 && connect(fd, (struct sockaddr *)&remote, sizeof(remote)) < 0 &&
	    errno != EINPROGRESS)
		error = -errno;
	if (error == 0)
		return fd;
	close(fd);
	return error;
}

int tcp_local(int fd, struct addr *out)
{
	struct sockaddr_in local = { 0 };
	socklen_t n = sizeof(local);

	if (getsockname(fd, (struct sockaddr *)&local, &n) < 0)
		return -errno;
	*out = addr_from(&local);
	return 0;
}

static bool needs_key(const struct tcp_options *peers, size_t n, struct addr remote)
{
	for (size_t i = 0; i < n; i++)
		if (peers[i].password && addr_equal(peers[i].remote, remote))
			return true;
	return false;
}

int tcp_listen_again(int listener, const struct tcp_options *before, size_t before_n,
		     const struct tcp_options *peers, size_t n)
{
	int error = 0;

	for (size_t i = 0; i < before_n; i++)
		if (!needs_key(peers, n, before[i].remote))
			unprotect(listener, &before[i]);
	for (size_t i = 0; i < n && error == 0; i++)
		error = protect(listener, &peers[i]);
	return error < 0 ? error : guard(listener, peers, n);
}

int tcp_accept(int listener, struct addr *out_remote, struct addr *out_local)
{
	struct sockaddr_in remote = { 0 }, local = { 0 };
	socklen_t n = sizeof(remote), m = sizeof(local);
	int fd = accept4(listener, (struct sockaddr *)&remote, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (getsockname(fd, (struct sockaddr *)&local, &m) < 0) {
		close(fd);
		return -EAGAIN;
	}
	hurry(fd);
	*out_remote = addr_from(&remote);
	*out_local = addr_from(&local);
	return fd;
}

int tcp_error(int fd)
{
	int error = 0;
	socklen_t n = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
		return -errno;
	return -error;
}
