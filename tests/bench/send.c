/* SPDX-License-Identifier: BSD-2-Clause */
/* bench-send INTERFACE CAPTURE FRAMES [FRAMES-A-SECOND]: sends the frames of a pcap file over and
 * over, as fast as the link takes them or at a rate, and says how many in what time. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"

#define BATCH 64
#define FRAMES_MAX (1u << 22)

static struct span load_file(const char *path)
{
	FILE *in = fopen(path, "rb");
	uint8_t *bytes = NULL;
	long n = -1;

	if (in && fseek(in, 0, SEEK_END) == 0 && (n = ftell(in)) > 0) {
		rewind(in);
		bytes = malloc((size_t)n);
	}
	if (!bytes || fread(bytes, 1, (size_t)n, in) != (size_t)n) {
		perror(path);
		exit(3);
	}
	fclose(in);
	return (struct span){ bytes, (size_t)n };
}

static size_t list_frames(struct span file, struct iovec *out)
{
	struct rd r = rd_of(file);
	size_t n = 0;

	rd_skip(&r, 24);
	while (rd_left(&r) >= 16 && n < FRAMES_MAX) {
		uint32_t captured;
		struct span frame;

		rd_skip(&r, 8);
		captured = rd_le32(&r);
		rd_skip(&r, 4);
		frame = rd_take(&r, captured);
		if (frame.n >= 14)
			out[n++] = (struct iovec){ (void *)(uintptr_t)frame.p, frame.n };
	}
	return n;
}

static int open_link(const char *name)
{
	const struct sockaddr_ll address = { .sll_family = AF_PACKET,
					     .sll_ifindex = (int)if_nametoindex(name) };
	const int yes = 1;
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		perror(name);
		exit(3);
	}
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof(yes));
	return fd;
}

static double clock_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Up to BATCH frames from a place in the list on; how many were sent. */
static size_t send_batch(int fd, struct iovec *frames, size_t n, size_t at, size_t most)
{
	struct mmsghdr messages[BATCH] = { 0 };
	unsigned count = (unsigned)(most < BATCH ? most : BATCH);
	int sent;

	for (unsigned i = 0; i < count; i++) {
		messages[i].msg_hdr.msg_iov = &frames[(at + i) % n];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	sent = sendmmsg(fd, messages, count, 0);
	if (sent < 0 && errno != ENOBUFS && errno != EAGAIN) {
		perror("sendmmsg");
		exit(3);
	}
	return sent > 0 ? (size_t)sent : 0;
}

int main(int argc, char **argv)
{
	struct iovec *frames = malloc(FRAMES_MAX * sizeof(*frames));
	uint64_t wanted, sent = 0;
	double rate, begun, took;
	size_t n;
	int fd;

	if (argc < 4 || !frames) {
		fprintf(stderr, "usage: bench-send INTERFACE CAPTURE FRAMES [FRAMES-A-SECOND]\n");
		return 2;
	}
	n = list_frames(load_file(argv[2]), frames);
	fd = open_link(argv[1]);
	wanted = strtoull(argv[3], NULL, 10);
	rate = argc > 4 ? strtod(argv[4], NULL) : 0;
	begun = clock_s();
	while (n > 0 && sent < wanted) {
		sent += send_batch(fd, frames, n, (size_t)sent, (size_t)(wanted - sent));
		while (rate > 0 && (double)sent / rate > clock_s() - begun)
			usleep(50);
	}
	took = clock_s() - begun;
	printf("%llu %.6f\n", (unsigned long long)sent, took);
	return 0;
}
