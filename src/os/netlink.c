/* SPDX-License-Identifier: BSD-2-Clause */
/* The one opener of such sockets; RTM_NEWLINK and RTM_DELLINK.  Knows nothing of what an interface is watched for. */
#include "os/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int netlink_socket(int protocol, unsigned groups, int flags)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, protocol);
	int error;

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

int netlink_open(void)
{
	return netlink_socket(NETLINK_ROUTE, RTMGRP_LINK, SOCK_NONBLOCK);
}

static bool read_name(const struct nlmsghdr *message, struct interface_news *news)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);
	const char *bytes = (const char *)IFLA_RTA(info);
	size_t left = message->nlmsg_len - NLMSG_LENGTH(sizeof(*info));

	while (left >= sizeof(struct rtattr)) {
		const struct rtattr *a = (const struct rtattr *)(const void *)bytes;
		size_t n = RTA_ALIGN(a->rta_len);

		if (a->rta_len < sizeof(*a) || n > left)
			return false;
		if (a->rta_type == IFLA_IFNAME) {
			snprintf(news->name, sizeof(news->name), "%.*s",
				 (int)(a->rta_len - sizeof(*a)), bytes + sizeof(*a));
			return true;
		}
		bytes += n;
		left -= n;
	}
	return false;
}

/* False for messages about anything else, and about a bridge's view of its ports. */
static bool read_link(const struct nlmsghdr *message, struct interface_news *out)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);

	*out = (struct interface_news){ 0 };
	if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK)
		return false;
	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) || info->ifi_family != AF_UNSPEC)
		return false;
	out->index = (unsigned)info->ifi_index;
	out->is_up = (info->ifi_flags & IFF_UP) != 0;
	out->is_gone = message->nlmsg_type == RTM_DELLINK;
	return read_name(message, out);
}

size_t netlink_read(int fd, struct interface_news *out, size_t max, bool *out_lost)
{
	_Alignas(struct nlmsghdr) char buffer[1 << 15];
	size_t n = 0;

	*out_lost = false;
	for (;;) {
		ssize_t got = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
		const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)buffer;
		unsigned left = got > 0 ? (unsigned)got : 0;

		if (got < 0 && errno == ENOBUFS)
			*out_lost = true;
		if (got <= 0)
			return n;
		for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
			if (n == max)
				*out_lost = true;
			else if (read_link(message, &out[n]))
				n++;
		}
	}
}
