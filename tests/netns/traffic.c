/* SPDX-License-Identifier: BSD-2-Clause */
#include "traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH 64
#define FRAME 64
#define NUMBERS_MAX (64u << 20)
#define PATIENCE_MS 500

static const uint8_t frame[FRAME] = {
	1, 0, 0x5e, 1, 1, 1, 2, 0, 0, 0, 0, 1, 8, 0,
	0x45, 0, 0, 50, 0, 0, 0, 0, 16, 17, 0, 0, 10, 1, 2, 3, 239, 1, 1, 1,
	0x9c, 0x40, 0x13, 0x88, 0, 30, 0, 0, 'w', 'e', 'i', 'r',
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int open_tap(const char *interface)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = (int)if_nametoindex(interface) };
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), room = 512 << 20;

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		perror(interface);
		exit(3);
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	return fd;
}

static void write_number(uint8_t *packet, uint32_t number)
{
	uint8_t group = number % 2 ? 2 : 1;
	uint32_t sum = 0;
	uint16_t word;

	memcpy(packet, frame, FRAME);
	packet[3] = packet[4] = packet[5] = packet[31] = packet[32] = packet[33] = group;
	memcpy(packet + 60, &number, sizeof(number));
	for (size_t i = 14; i < 34; i += 2)
		sum += (uint32_t)(packet[i] << 8 | packet[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	word = htons((uint16_t)~sum);
	memcpy(packet + 24, &word, sizeof(word));
}

static void send_batch(int fd, uint32_t number)
{
	static uint8_t packets[BATCH][FRAME];
	struct iovec pieces[BATCH];
	struct mmsghdr messages[BATCH] = { { { 0 }, 0 } };
	int done = 0;

	for (unsigned i = 0; i < BATCH; i++) {
		write_number(packets[i], number + i);
		pieces[i] = (struct iovec){ packets[i], FRAME };
		messages[i].msg_hdr.msg_iov = &pieces[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	while (done < BATCH) {
		int n = sendmmsg(fd, messages + done, (unsigned)(BATCH - done), 0);

		if (n < 0 && errno != ENOBUFS && errno != EINTR) {
			perror("send");
			exit(3);
		}
		done += n > 0 ? n : 0;
	}
}

/* All that waits at the receiver: marks each number of ours. */
static bool receive_all(int fd, uint8_t *arrived)
{
	uint8_t packet[FRAME];
	bool any = false;
	ssize_t n;

	while ((n = recv(fd, packet, sizeof(packet), MSG_DONTWAIT)) > 0) {
		uint32_t number;

		if (n != FRAME || memcmp(packet + 42, "weir", 4) != 0)
			continue;
		memcpy(&number, packet + 60, sizeof(number));
		if (number < NUMBERS_MAX)
			arrived[number]++;
		any = true;
	}
	return any;
}

static void tell(const uint8_t *arrived, uint32_t sent, double ms, int fd)
{
	struct tpacket_stats lost = { 0 };
	socklen_t size = sizeof(lost);
	uint32_t counts[2] = { 0, 0 }, changes = 0, twice = 0;
	bool was_b = false;

	for (uint32_t i = 0; i < sent; i++) {
		bool is_b = i % 2 ? arrived[i] > 0 : arrived[i] == 0;

		counts[i % 2] += arrived[i];
		twice += arrived[i] > 1;
		changes += i > 0 && is_b != was_b;
		was_b = is_b;
	}
	getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &lost, &size);
	printf("sent %u first %u second %u changes %u ms %.0f twice %u unseen %u\n", sent, counts[0],
	       counts[1], changes, ms, twice, lost.tp_drops);
}

int blast(const char *sender, const char *receiver, unsigned ms)
{
	int from = open_tap(sender), to = open_tap(receiver);
	uint8_t *arrived = calloc(NUMBERS_MAX, 1);
	double begin = now_ms(), end, last;
	uint32_t number = 0;

	if (!arrived)
		return 3;
	while (now_ms() - begin < ms && number < NUMBERS_MAX - BATCH) {
		send_batch(from, number);
		number += BATCH;
		receive_all(to, arrived);
	}
	end = last = now_ms();
	while (now_ms() - last < PATIENCE_MS)
		if (receive_all(to, arrived))
			last = now_ms();
	tell(arrived, number, end - begin, to);
	free(arrived);
	return 0;
}
