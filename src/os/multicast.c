/* SPDX-License-Identifier: BSD-2-Clause */
/* Socket options of ip(7), under names that say what they are for.  Knows no protocol above UDP. */
#include "os/multicast.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "os/clock.h"

/* Closes the socket where one of the steps before failed. */
static int keep_or_close(int fd, int failed)
{
	int error = errno;

	if (!failed)
		return fd;
	close(fd);
	return -error;
}

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

int multicast_sender(uint8_t ttl)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	return keep_or_close(fd, set(fd, IPPROTO_IP, IP_MULTICAST_TTL, ttl) < 0 ||
				 set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT) < 0);
}

static struct sockaddr_in sockaddr_of(struct addr a, uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
				     .sin_addr.s_addr = htonl((uint32_t)a.lo) };
}

int multicast_send(int fd, const struct interface *from, struct addr group, uint16_t port,
		   struct span bytes)
{
	const struct ip_mreqn out = { .imr_ifindex = (int)from->index,
				      .imr_address.s_addr = htonl((uint32_t)from->address.lo) };
	struct sockaddr_in to = sockaddr_of(group, port);

	if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof(out)) < 0 ||
	    sendto(fd, bytes.p, bytes.n, 0, (const struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	return 0;
}

int multicast_receiver(uint16_t port)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in here = sockaddr_of(addr_of4(0), port);

	if (fd < 0)
		return -errno;
	return keep_or_close(fd, set(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0 ||
				 set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1) < 0 ||
				 set(fd, IPPROTO_IP, IP_RECVTTL, 1) < 0 ||
				 set(fd, IPPROTO_IP, IP_PKTINFO, 1) < 0 ||
				 bind(fd, (const struct sockaddr *)&here, sizeof(here)) < 0);
}

int multicast_join(int fd, unsigned interface_index, struct addr group)
{
	const struct ip_mreqn at = { .imr_ifindex = (int)interface_index,
				     .imr_multiaddr.s_addr = htonl((uint32_t)group.lo) };

	return setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &at, sizeof(at)) < 0 ? -errno : 0;
}

static void read_control(struct cmsghdr *c, struct datagram *out)
{
	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) {
		int ttl;

		memcpy(&ttl, CMSG_DATA(c), sizeof(ttl));
		out->ttl = (uint8_t)ttl;
		out->has_ttl = true;
	}
	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof(info));
		out->to = addr_of4(ntohl(info.ipi_addr.s_addr));
		out->interface_index = (unsigned)info.ipi_ifindex;
	}
	if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
		struct timespec at;

		memcpy(&at, CMSG_DATA(c), sizeof(at));
		out->at.ns = (int64_t)at.tv_sec * NS_PER_S + at.tv_nsec;
	}
}

int multicast_receive(int fd, uint8_t *buffer, size_t size, struct datagram *out)
{
	union {
		struct cmsghdr align;
		char	       bytes[256];
	} control;
	struct sockaddr_in from = { 0 };
	struct iovec iov = { buffer, size };
	struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov,
			    .msg_iovlen = 1, .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &m, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	*out = (struct datagram){ .at = clock_now(), .n = (size_t)n,
				  .from = addr_of4(ntohl(from.sin_addr.s_addr)),
				  .sport = ntohs(from.sin_port),
				  .is_cut = (m.msg_flags & MSG_TRUNC) != 0 };
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		read_control(c, out);
	return 1;
}
