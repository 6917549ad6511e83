/* SPDX-License-Identifier: BSD-2-Clause */
/* Two dumps, of links and of addresses.  The kernel's messages are taken as they are, within their
 * bounds. */
#include "os/links.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "os/netlink.h"

#define REPLY_BYTES (1 << 16)

int links_listen(void)
{
	return netlink_socket(NETLINK_ROUTE,
			      RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, 0);
}

void links_heard(int fd)
{
	char buffer[1 << 14];

	while (recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT) > 0 || errno == ENOBUFS ||
	       errno == EINTR)
		errno = 0;
}

/* The next attribute of a message; NULL at its end. */
static const struct rtattr *attribute_next(const char **bytes, size_t *left)
{
	const struct rtattr *a = (const struct rtattr *)(const void *)*bytes;
	size_t n;

	if (*left < sizeof(*a) || a->rta_len < sizeof(*a) || a->rta_len > *left)
		return NULL;
	n = RTA_ALIGN(a->rta_len);
	n = n > *left ? *left : n;
	*bytes += n;
	*left -= n;
	return a;
}

static size_t payload(const struct rtattr *a, void *out, size_t max)
{
	size_t n = a->rta_len - sizeof(*a);

	n = n < max ? n : max;
	memcpy(out, (const char *)a + sizeof(*a), n);
	return n;
}

static void read_bridge(const struct rtattr *data, struct link *out)
{
	const char *bytes = (const char *)data + sizeof(*data);
	size_t left = data->rta_len - sizeof(*data);
	const struct rtattr *a;
	uint8_t value;

	while ((a = attribute_next(&bytes, &left))) {
		value = 0;
		payload(a, &value, sizeof(value));
		if (a->rta_type == IFLA_BR_MCAST_SNOOPING)
			out->snoops = value != 0;
		else if (a->rta_type == IFLA_BR_MCAST_QUERIER)
			out->queries = value != 0;
	}
}

static void read_info(const struct rtattr *info, struct link *out)
{
	const char *bytes = (const char *)info + sizeof(*info);
	size_t left = info->rta_len - sizeof(*info);
	const struct rtattr *a, *data = NULL;
	char kind[16] = "", port_of[16] = "";

	while ((a = attribute_next(&bytes, &left))) {
		if (a->rta_type == IFLA_INFO_SLAVE_KIND)
			payload(a, port_of, sizeof(port_of) - 1);
		else if (a->rta_type == IFLA_INFO_KIND)
			payload(a, kind, sizeof(kind) - 1);
		else if (a->rta_type == IFLA_INFO_DATA)
			data = a;
	}
	out->is_bridge_port = strcmp(port_of, "bridge") == 0;
	if (data && strcmp(kind, "bridge") == 0)
		read_bridge(data, out);
}

static void add_link(struct links *links, const struct nlmsghdr *message)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);
	const char *bytes = (const char *)info + NLMSG_ALIGN(sizeof(*info));
	struct link link = { .index = (unsigned)info->ifi_index,
			     .is_up = info->ifi_flags & IFF_UP };
	size_t left = message->nlmsg_len - NLMSG_LENGTH(sizeof(*info));
	const struct rtattr *a;

	while ((a = attribute_next(&bytes, &left))) {
		if (a->rta_type == IFLA_IFNAME)
			payload(a, link.name, sizeof(link.name) - 1);
		else if (a->rta_type == IFLA_MASTER)
			payload(a, &link.master, sizeof(link.master));
		else if (a->rta_type == IFLA_LINKINFO)
			read_info(a, &link);
	}
	links->list = memory_grow(links->list, links->n + 1, sizeof(link));
	links->list[links->n++] = link;
}

static struct addr addr_of_bytes(const uint8_t *bytes, size_t n)
{
	struct rd r = rd_of((struct span){ bytes, n });

	return n == 4 ? addr_read4(&r) : n == 16 ? addr_read6(&r) : ADDR_NONE;
}

/* IFA_LOCAL is the own address of a point-to-point link, IFA_ADDRESS the subnet's elsewhere. */
static void add_address(struct links *links, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *info = NLMSG_DATA(message);
	const char *bytes = (const char *)info + NLMSG_ALIGN(sizeof(*info));
	size_t left = message->nlmsg_len - NLMSG_LENGTH(sizeof(*info));
	struct addr address = ADDR_NONE;
	const struct rtattr *a;
	uint8_t raw[16];

	while ((a = attribute_next(&bytes, &left)))
		if (a->rta_type == IFA_ADDRESS)
			address = addr_of_bytes(raw, payload(a, raw, sizeof(raw)));
	if (!addr_is_there(address) || info->ifa_prefixlen > addr_bits(address) ||
	    info->ifa_scope >= RT_SCOPE_LINK)
		return;
	for (size_t i = 0; i < links->n; i++) {
		struct link *link = &links->list[i];

		if (link->index == info->ifa_index && link->address_count < LINK_ADDRESSES)
			link->addresses[link->address_count++] =
				(struct link_address){ address, info->ifa_prefixlen };
	}
}

typedef void add_call(struct links *links, const struct nlmsghdr *message);

/* One dump: each message of this type to `add`.  Interrupted dumps are rare, and news follow. */
static int dump(int fd, unsigned asks, unsigned type, struct links *links, add_call *add)
{
	struct {
		struct nlmsghdr head;
		union {
			struct ifinfomsg link;
			struct ifaddrmsg address;
		} body;
	} request = { .head = { .nlmsg_len = sizeof(request), .nlmsg_type = (uint16_t)asks,
				.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };
	char *buffer = memory_take(REPLY_BYTES);
	int error = send(fd, &request, sizeof(request), 0) < 0 ? -errno : 1;

	while (error > 0) {
		const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)buffer;
		ssize_t got = recv(fd, buffer, REPLY_BYTES, 0);
		unsigned left = got > 0 ? (unsigned)got : 0;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			error = got < 0 ? -errno : -EPIPE;
		for (; error > 0 && NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
			if (message->nlmsg_type == NLMSG_DONE)
				error = 0;
			else if (message->nlmsg_type == NLMSG_ERROR)
				error = -EIO;
			else if (message->nlmsg_type == type)
				add(links, message);
		}
	}
	free(buffer);
	return error;
}

/* Drivers of Linux that run XDP themselves, in 6.1 and later. */
static const char *const xdp_drivers[] = {
	"atlantic", "bnxt_en", "cpsw-switch", "dpaa2-eth", "ena", "fec", "fsl_dpaa", "fsl_enetc",
	"hv_netvsc", "i40e", "ice", "igb", "igc", "ixgbe", "ixgbevf", "lan966x-switch", "mana",
	"mlx4_en", "mlx5_core", "mtk_soc_eth", "mvneta", "mvpp2", "netsec", "nfp", "nicvf",
	"octeontx2-nicpf", "qede", "sfc", "st_gmac", "stmmaceth", "tsnep", "tun", "virtio_net",
	"xen_netfront",
};

/* ethtool's oldest question, which any socket may ask. */
static void ask_driver(int fd, struct link *link)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq request = { .ifr_data = (void *)&info };

	memcpy(request.ifr_name, link->name, sizeof(link->name));
	if (ioctl(fd, SIOCETHTOOL, &request) != 0)
		return;
	info.driver[sizeof(info.driver) - 1] = '\0';
	for (size_t i = 0; i < COUNT(xdp_drivers); i++)
		link->runs_xdp = link->runs_xdp || strcmp(info.driver, xdp_drivers[i]) == 0;
}

int links_read(struct links *out)
{
	struct links links = { 0 };
	int fd = netlink_socket(NETLINK_ROUTE, 0, 0), error;

	if (fd < 0)
		return fd;
	error = dump(fd, RTM_GETLINK, RTM_NEWLINK, &links, add_link);
	if (error == 0)
		error = dump(fd, RTM_GETADDR, RTM_NEWADDR, &links, add_address);
	for (size_t i = 0; i < links.n && error == 0; i++)
		ask_driver(fd, &links.list[i]);
	close(fd);
	if (error < 0)
		links_release(&links);
	else
		*out = links;
	return error;
}

void links_release(struct links *links)
{
	free(links->list);
	*links = (struct links){ 0 };
}

const struct link *links_find(const struct links *links, const char *name)
{
	for (size_t i = 0; i < links->n; i++)
		if (strcmp(links->list[i].name, name) == 0)
			return &links->list[i];
	return NULL;
}

bool links_have(const struct links *links, struct addr address)
{
	if (address.family == FAMILY_IP4 && address.lo >> 24 == 127)
		return true;
	for (size_t i = 0; i < links->n; i++)
		for (size_t k = 0; k < links->list[i].address_count; k++)
			if (addr_equal(links->list[i].addresses[k].address, address))
				return true;
	return false;
}

void link_subnets(const struct link *link, struct text *out)
{
	bool any = false;

	for (size_t i = 0; i < link->address_count; i++) {
		const struct link_address *a = &link->addresses[i];
		struct addr first = addr_first(a->address, a->length);
		char text[ADDR_TEXT];
		bool again = false;

		for (size_t k = 0; k < i; k++)
			again = again ||
				(link->addresses[k].length == a->length &&
				 addr_equal(addr_first(link->addresses[k].address, a->length),
					    first));
		if (again)
			continue;
		text_printf(out, "%s%s", any ? ", " : "", prefix_text(first, a->length, text));
		any = true;
	}
}
