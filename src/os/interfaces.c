/* SPDX-License-Identifier: BSD-2-Clause */
/* getifaddrs() lists an interface once for each of its addresses; here each stands once. */
#include "os/interfaces.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/memory.h"

static struct interface *find_or_add(struct interface *list, size_t *n, const struct ifaddrs *ifa)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp(list[i].name, ifa->ifa_name) == 0)
			return &list[i];
	if (strlen(ifa->ifa_name) >= INTERFACE_NAME)		/* a label, "eth0:backup" */
		return NULL;
	memcpy(list[*n].name, ifa->ifa_name, strlen(ifa->ifa_name) + 1);
	list[*n].index = if_nametoindex(ifa->ifa_name);
	list[*n].is_up = (ifa->ifa_flags & IFF_UP) != 0;
	list[*n].is_multicast = (ifa->ifa_flags & IFF_MULTICAST) != 0;
	return &list[(*n)++];
}

static struct addr address_of(const struct ifaddrs *ifa)
{
	struct sockaddr_in in;

	if (!ifa->ifa_addr || ifa->ifa_addr->sa_family != AF_INET)
		return ADDR_NONE;
	memcpy(&in, ifa->ifa_addr, sizeof(in));
	return addr_of4(ntohl(in.sin_addr.s_addr));
}

static int order_by_index(const void *a, const void *b)
{
	unsigned x = ((const struct interface *)a)->index, y = ((const struct interface *)b)->index;

	return x < y ? -1 : x > y;
}

int interfaces_read(struct interface **out, size_t *out_n)
{
	struct interface *list;
	struct ifaddrs *all;
	size_t n = 0;

	if (getifaddrs(&all) < 0)
		return -errno;
	for (const struct ifaddrs *ifa = all; ifa; ifa = ifa->ifa_next)
		n++;
	list = memory_array(n + 1, sizeof(*list));
	n = 0;
	for (const struct ifaddrs *ifa = all; ifa; ifa = ifa->ifa_next) {
		struct interface *interface = find_or_add(list, &n, ifa);

		if (interface && !addr_is_there(interface->address))
			interface->address = address_of(ifa);
	}
	freeifaddrs(all);
	qsort(list, n, sizeof(*list), order_by_index);
	*out = list;
	*out_n = n;
	return 0;
}

const struct interface *interface_named(const struct interface *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	return NULL;
}
