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

#include "os/netlink.h"

struct question {
	struct nlmsghdr head;
	struct rtmsg	route;
	struct rtattr	attribute;
	uint32_t	to;
};

int route_open(void)
{
	static const struct timeval patience = { .tv_usec = 100000 };
	int fd = netlink_socket(NETLINK_ROUTE, 0, 0);

	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

struct gateways {
	struct addr *list;
	unsigned     n;
};

static void add_gateway(struct gateways *g, const struct rtattr *a)
{
	uint32_t gateway;

	if (RTA_PAYLOAD(a) != sizeof(gateway) || g->n == ROUTE_GATEWAYS_MAX)
		return;
	memcpy(&gateway, RTA_DATA(a), sizeof(gateway));
	g->list[g->n++] = addr_of4(ntohl(gateway));
}

/* The next hops of a route with several; one on the link has no gateway. */
static void read_hops(const struct rtattr *hops, struct gateways *g)
{
	const uint8_t *p = RTA_DATA(hops);
	size_t left = RTA_PAYLOAD(hops), step;

	for (; left >= sizeof(struct rtnexthop); p += step, left -= step) {
		const struct rtnexthop *hop = (const void *)p;
		const struct rtattr *a = (const void *)(p + sizeof(*hop));
		size_t n = hop->rtnh_len;

		step = (n + 3) & ~(size_t)3;
		if (n < sizeof(*hop) || step > left)
			return;
		for (n -= sizeof(*hop); RTA_OK(a, n); a = RTA_NEXT(a, n))
			if (a->rta_type == RTA_GATEWAY)
				add_gateway(g, a);
	}
}

static void read_route(const struct nlmsghdr *head, struct gateways *g)
{
	const struct rtmsg *route = NLMSG_DATA(head);
	const struct rtattr *a = RTM_RTA(route);
	size_t left = head->nlmsg_len > NLMSG_LENGTH(sizeof(*route))
			      ? head->nlmsg_len - NLMSG_LENGTH(sizeof(*route)) : 0;

	for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == RTA_GATEWAY)
			add_gateway(g, a);
		else if (a->rta_type == RTA_MULTIPATH)
			read_hops(a, g);
	}
}

/* RTM_F_FIB_MATCH: the route as it stands in the table, and not the one way that a packet of now
 * would take. */
unsigned route_gateways(int fd, struct addr to, struct addr out[ROUTE_GATEWAYS_MAX])
{
	struct question q = {
		.head = { .nlmsg_len = sizeof(q), .nlmsg_type = RTM_GETROUTE,
			  .nlmsg_flags = NLM_F_REQUEST },
		.route = { .rtm_family = AF_INET, .rtm_dst_len = 32,
			   .rtm_flags = RTM_F_FIB_MATCH },
		.attribute = { .rta_len = RTA_LENGTH(sizeof(uint32_t)), .rta_type = RTA_DST },
		.to = htonl((uint32_t)to.lo),
	};
	union {
		struct nlmsghdr head;
		char		room[16384];
	} answer;
	struct gateways g = { .list = out };
	ssize_t n;

	if (fd < 0 || to.family != FAMILY_IP4 || send(fd, &q, sizeof(q), 0) < 0)
		return 0;
	n = recv(fd, &answer, sizeof(answer), 0);
	if (n < (ssize_t)NLMSG_LENGTH(sizeof(struct rtmsg)) ||
	    !NLMSG_OK(&answer.head, (size_t)n) || answer.head.nlmsg_type != RTM_NEWROUTE)
		return 0;
	read_route(&answer.head, &g);
	return g.n;
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
