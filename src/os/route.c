/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's routing table.  rtnetlink(7). */
#include "os/route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
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

/* One request with attributes of 32 bits, and its acknowledgement. */
struct order {
	struct nlmsghdr head;
	union {
		struct rtmsg	    route;
		struct fib_rule_hdr rule;
	} what;
	struct {
		struct rtattr attribute;
		uint32_t      value;
	} list[4];
};

static void put(struct order *o, unsigned short type, uint32_t value)
{
	size_t n = (o->head.nlmsg_len - offsetof(struct order, list)) / sizeof(o->list[0]);

	o->list[n].attribute.rta_type = type;
	o->list[n].attribute.rta_len = RTA_LENGTH(sizeof(uint32_t));
	o->list[n].value = value;
	o->head.nlmsg_len += (uint32_t)sizeof(o->list[0]);
}

static int obey(int fd, const struct order *o)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char		rest[512];
	} answer;
	ssize_t n;

	if (send(fd, o, o->head.nlmsg_len, 0) < 0)
		return -errno;
	n = recv(fd, &answer, sizeof(answer), 0);
	if (n < (ssize_t)NLMSG_LENGTH(sizeof(answer.error)) ||
	    answer.head.nlmsg_type != NLMSG_ERROR)
		return n < 0 ? -errno : -EBADMSG;
	return answer.error.error;
}

static struct order rule_order(uint32_t mark, unsigned short type, unsigned short flags)
{
	struct order o = {
		.head = { .nlmsg_len = offsetof(struct order, list), .nlmsg_type = type,
			  .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags) },
		.what.rule = { .family = AF_INET, .table = RT_TABLE_UNSPEC,
			       .action = FR_ACT_TO_TBL },
	};

	put(&o, FRA_FWMARK, mark);
	put(&o, FRA_TABLE, mark);
	put(&o, FRA_PRIORITY, mark);
	return o;
}

static struct order route_order(uint32_t table, unsigned short type, unsigned short flags)
{
	struct order o = {
		.head = { .nlmsg_len = offsetof(struct order, list), .nlmsg_type = type,
			  .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags) },
		.what.route = { .rtm_family = AF_INET, .rtm_protocol = RTPROT_STATIC,
				.rtm_scope = RT_SCOPE_HOST, .rtm_type = RTN_LOCAL },
	};

	put(&o, RTA_TABLE, table);
	put(&o, RTA_OIF, if_nametoindex("lo"));
	return o;
}

/* Both orders, the second also where the first was refused; `passed` is no error. */
static int obey_both(const struct order *first, const struct order *second, int passed)
{
	int fd = route_open(), a, b;

	if (fd < 0)
		return fd;
	a = obey(fd, first);
	b = obey(fd, second);
	close(fd);
	a = a == passed ? 0 : a;
	return a ? a : b == passed ? 0 : b;
}

int route_take_marked(uint32_t mark)
{
	struct order route = route_order(mark, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
	struct order rule = rule_order(mark, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL);

	return obey_both(&route, &rule, -EEXIST);
}

int route_leave_marked(uint32_t mark)
{
	struct order rule = rule_order(mark, RTM_DELRULE, 0);
	struct order route = route_order(mark, RTM_DELROUTE, 0);
	int error = obey_both(&rule, &route, -ENOENT);

	return error == -ESRCH ? 0 : error;
}
