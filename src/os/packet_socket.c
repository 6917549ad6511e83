/* SPDX-License-Identifier: BSD-2-Clause */
/* Setting up packet sockets.  Knows no packet. */
#include "os/packet_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK_BYTES (1u << 20)
#define BLOCKS 64u
#define BLOCKS_MIN 4u
#define RETIRE_MS 50u
#define TAG_BYTES 4u			/* room before a frame for its VLAN tag */

static int option(int fd, int level, int name, const void *value, size_t n)
{
	return setsockopt(fd, level, name, value, (socklen_t)n) == 0 ? 0 : -errno;
}

/* Interfaces whose link header is nothing to read: their packets begin with IP. */
static bool is_bare(uint32_t hardware)
{
	return hardware == ARPHRD_TUNNEL || hardware == ARPHRD_TUNNEL6 ||
	       hardware == ARPHRD_SIT || hardware == ARPHRD_IPGRE || hardware == ARPHRD_PPP;
}

static int look_up(const char *name, struct packet_socket *out)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int error = 0;

	if (fd < 0)
		return -errno;
	if (strlen(name) >= sizeof(request.ifr_name))
		error = -ENODEV;
	else
		memcpy(request.ifr_name, name, strlen(name));
	if (error == 0 && ioctl(fd, SIOCGIFINDEX, &request) != 0)
		error = -errno;
	if (error == 0)
		out->index = (uint32_t)request.ifr_ifindex;
	if (error == 0 && ioctl(fd, SIOCGIFHWADDR, &request) != 0)
		error = -errno;
	out->hardware = request.ifr_hwaddr.sa_family;
	close(fd);
	return error;
}

/* A program of one instruction: so many bytes. */
static int cut(int fd, uint32_t snaplen)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, snaplen);
	const struct sock_fprog program = { .len = 1, .filter = &all };

	return snaplen == 0 ? 0 : option(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
					 sizeof(program));
}

/* Half as many blocks where the kernel has no memory for all. */
static int add_ring(struct packet_socket *s)
{
	int error = -ENOBUFS;

	s->block_bytes = BLOCK_BYTES;
	for (s->block_count = BLOCKS; s->block_count >= BLOCKS_MIN; s->block_count /= 2) {
		const struct tpacket_req3 request = {
			.tp_block_size = BLOCK_BYTES, .tp_block_nr = s->block_count,
			.tp_frame_size = 2048, .tp_frame_nr = BLOCK_BYTES / 2048 * s->block_count,
			.tp_retire_blk_tov = RETIRE_MS,
		};

		error = option(s->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request));
		if (error != -ENOMEM)
			return error;
	}
	return error == -ENOMEM ? -ENOBUFS : error;
}

static int hear_all(const struct packet_socket *s)
{
	const struct packet_mreq everything = { .mr_ifindex = (int)s->index,
						.mr_type = PACKET_MR_PROMISC };

	return option(s->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &everything, sizeof(everything));
}

/* The protocol comes last, so that no frame of another interface gets in before. */
static int set_up(struct packet_socket *s, uint32_t snaplen)
{
	const int version = TPACKET_V3;
	const unsigned reserve = TAG_BYTES;
	const struct sockaddr_ll address = { .sll_family = AF_PACKET,
					     .sll_protocol = htons(ETH_P_ALL),
					     .sll_ifindex = (int)s->index };
	int error = option(s->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version));

	if (error == 0)
		error = option(s->fd, SOL_PACKET, PACKET_RESERVE, &reserve, sizeof(reserve));
	if (error == 0)
		error = cut(s->fd, snaplen);
	if (error == 0)
		error = add_ring(s);
	if (error == 0 && bind(s->fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		error = -errno;
	return error == 0 ? hear_all(s) : error;
}

int packet_socket_open(const char *name, uint32_t snaplen, struct packet_socket *out)
{
	struct packet_socket s = { 0 };
	int error = look_up(name, &s);

	if (error < 0)
		return error;
	s.fd = socket(AF_PACKET, (is_bare(s.hardware) ? SOCK_DGRAM : SOCK_RAW) | SOCK_CLOEXEC, 0);
	if (s.fd < 0)
		return -errno;
	error = set_up(&s, snaplen);
	if (error < 0) {
		close(s.fd);
		return error;
	}
	*out = s;
	return 0;
}

uint64_t packet_socket_drops(int fd)
{
	struct tpacket_stats_v3 stats = { 0 };
	socklen_t n = sizeof(stats);

	return getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &n) == 0 ? stats.tp_drops : 0;
}

void packet_socket_clear(int fd)
{
	int error;
	socklen_t n = sizeof(error);

	(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n);
}
