/* SPDX-License-Identifier: BSD-2-Clause */
/* MCAST_JOIN_GROUP and its kin.  The socket is bound to nothing, and so receives nothing. */
#include "os/membership.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int membership_open(struct addr group)
{
	int family = group.family == FAMILY_IP4 ? AF_INET : AF_INET6;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static void write_address(struct addr a, struct sockaddr_storage *out)
{
	struct sockaddr_in *four = (struct sockaddr_in *)(void *)out;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)out;

	memset(out, 0, sizeof(*out));
	if (a.family == FAMILY_IP4) {
		four->sin_family = AF_INET;
		four->sin_addr.s_addr = htonl((uint32_t)a.lo);
		return;
	}
	six->sin6_family = AF_INET6;
	for (unsigned i = 0; i < 8; i++) {
		six->sin6_addr.s6_addr[i] = (uint8_t)(a.hi >> (56 - 8 * i));
		six->sin6_addr.s6_addr[8 + i] = (uint8_t)(a.lo >> (56 - 8 * i));
	}
}

static int change(int fd, unsigned interface, struct addr group, struct addr source, bool joins)
{
	int level = group.family == FAMILY_IP4 ? IPPROTO_IP : IPPROTO_IPV6;
	struct group_source_req both = { .gsr_interface = interface };
	struct group_req any = { .gr_interface = interface };
	int result;

	if (addr_is_there(source)) {
		write_address(group, &both.gsr_group);
		write_address(source, &both.gsr_source);
		result = setsockopt(fd, level, joins ? MCAST_JOIN_SOURCE_GROUP
						     : MCAST_LEAVE_SOURCE_GROUP,
				    &both, sizeof(both));
	} else {
		write_address(group, &any.gr_group);
		result = setsockopt(fd, level, joins ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP, &any,
				    sizeof(any));
	}
	return result == 0 ? 0 : -errno;
}

int membership_join(int fd, unsigned interface, struct addr group, struct addr source)
{
	return change(fd, interface, group, source, true);
}

int membership_leave(int fd, unsigned interface, struct addr group, struct addr source)
{
	return change(fd, interface, group, source, false);
}
