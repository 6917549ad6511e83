/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's routing table.  rtnetlink(7). */
#include "os/route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

struct question {
	struct nlmsghdr head;
	struct rtmsg	route;
	struct rtattr	attribute;
	uint32_t	to;
};

int route_open(void)
{
	static const struct timeval patience = { .tv_usec = 100000 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static struct addr read_gateway(const struct nlmsghdr *head)
{
	const struct rtmsg *route = NLMSG_DATA(head);
	const struct rtattr *a = RTM_RTA(route);
	size_t left = head->nlmsg_len > NLMSG_LENGTH(sizeof(*route))
			      ? head->nlmsg_len - NLMSG_LENGTH(sizeof(*route)) : 0;

	for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		uint32_t gateway;

		if (a->rta_type != RTA_GATEWAY || RTA_PAYLOAD(a) != sizeof(gateway))
			continue;
		memcpy(&gateway, RTA_DATA(a), sizeof(gateway));
		return addr_of4(ntohl(gateway));
	}
	return ADDR_NONE;
}

struct addr route_gateway(int fd, struct addr to)
{
	struct question q = {
		.head = { .nlmsg_len = sizeof(q), .nlmsg_type = RTM_GETROUTE,
			  .nlmsg_flags = NLM_F_REQUEST },
		.route = { .rtm_family = AF_INET, .rtm_dst_len = 32 },
		.attribute = { .rta_len = RTA_LENGTH(sizeof(uint32_t)), .rta_type = RTA_DST },
		.to = htonl((uint32_t)to.lo),
	};
	union {
		struct nlmsghdr head;
		char		room[4096];
	} answer;
	ssize_t n;

	if (fd < 0 || to.family != FAMILY_IP4 || send(fd, &q, sizeof(q), 0) < 0)
		return ADDR_NONE;
	n = recv(fd, &answer, sizeof(answer), 0);
	if (n < (ssize_t)NLMSG_LENGTH(sizeof(struct rtmsg)) ||
	    !NLMSG_OK(&answer.head, (size_t)n) || answer.head.nlmsg_type != RTM_NEWROUTE)
		return ADDR_NONE;
	return read_gateway(&answer.head);
}
