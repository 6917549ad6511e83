/* SPDX-License-Identifier: BSD-2-Clause */
/* Offers packets to an interface's receive path without a sender's cost: BPF_PROG_TEST_RUN with live
 * frames, whose program writes another (source, group) into each and passes it to the stack.
 *
 *	bench-offer INTERFACE COUNT < "source group" lines
 *
 * Prints CPU nanoseconds per packet.  IPv4 only; needs root. */
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAIRS 4096			/* a power of 2 */
#define FRAME 64
#define LOG_BYTES 65536

/* In network order, as they stand in the packet, and the header's checksum with them: the stack drops
 * packets with a wrong one before most hooks see them. */
struct pair {
	uint32_t source, group, checksum;
};

static const uint8_t frame[FRAME] = {
	1, 0, 0x5e, 1, 2, 3, 2, 0, 0, 0, 0, 1, 8, 0,
	0x45, 0, 0, 50, 0, 0, 0, 0, 32, 17, 0, 0, 10, 0, 0, 1, 239, 1, 2, 3,
	0x13, 0x88, 0x13, 0x88, 0, 30,
};

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(3);
}

static uint32_t checksum_of(const struct pair *pair)
{
	uint8_t header[20];
	uint32_t sum = 0;

	memcpy(header, frame + 14, sizeof(header));
	memcpy(header + 12, &pair->source, 4);
	memcpy(header + 16, &pair->group, 4);
	for (size_t i = 0; i < sizeof(header); i += 2)
		sum += (uint32_t)(header[i] << 8 | header[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	return htons((uint16_t)~sum);
}

static unsigned read_pairs(struct pair *out)
{
	char source[64], group[64];
	unsigned n = 0;

	while (n < PAIRS && scanf("%63s %63s", source, group) == 2) {
		if (inet_pton(AF_INET, source, &out[n].source) != 1 ||
		    inet_pton(AF_INET, group, &out[n].group) != 1)
			break;
		out[n].checksum = checksum_of(&out[n]);
		n++;
	}
	if (n == 0)
		exit(2);
	return n;
}

static int make_map(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
				.value_size = sizeof(struct pair), .max_entries = PAIRS };
	struct pair pairs[PAIRS];
	unsigned n = read_pairs(pairs);
	int map = bpf(BPF_MAP_CREATE, &attr);

	if (map < 0)
		fail("bpf map");
	for (uint32_t i = 0; i < PAIRS; i++) {
		memset(&attr, 0, sizeof(attr));
		attr.map_fd = (uint32_t)map;
		attr.key = (uintptr_t)&i;
		attr.value = (uintptr_t)&pairs[i % n];
		if (bpf(BPF_MAP_UPDATE_ELEM, &attr) < 0)
			fail("bpf map");
	}
	return map;
}

static struct bpf_insn insn(int code, int to, int from, int offset, int value)
{
	return (struct bpf_insn){ .code = (uint8_t)code, .dst_reg = (uint8_t)(to & 0xf),
				  .src_reg = (uint8_t)(from & 0xf), .off = (int16_t)offset,
				  .imm = value };
}

/* pair = pairs[random & 4095]; write it behind the Ethernet header; pass. */
static int load_program(int map)
{
	const struct bpf_insn program[] = {
		insn(BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0),
		insn(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_prandom_u32),
		insn(BPF_ALU64 | BPF_AND | BPF_K, 0, 0, 0, PAIRS - 1),
		insn(BPF_STX | BPF_MEM | BPF_W, 10, 0, -4, 0),
		insn(BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0),
		insn(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -4),
		insn(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, map),
		insn(0, 0, 0, 0, 0),
		insn(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem),
		insn(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 13, 0),
		insn(BPF_LDX | BPF_MEM | BPF_W, 2, 6, 0, 0),	/* data */
		insn(BPF_LDX | BPF_MEM | BPF_W, 3, 6, 4, 0),	/* data_end */
		insn(BPF_ALU64 | BPF_MOV | BPF_X, 4, 2, 0, 0),
		insn(BPF_ALU64 | BPF_ADD | BPF_K, 4, 0, 0, 34),
		insn(BPF_JMP | BPF_JGT | BPF_X, 4, 3, 8, 0),
		insn(BPF_LDX | BPF_MEM | BPF_W, 5, 0, 0, 0),
		insn(BPF_STX | BPF_MEM | BPF_W, 2, 5, 26, 0),
		insn(BPF_LDX | BPF_MEM | BPF_W, 5, 0, 4, 0),
		insn(BPF_STX | BPF_MEM | BPF_W, 2, 5, 30, 0),
		insn(BPF_LDX | BPF_MEM | BPF_W, 5, 0, 8, 0),
		insn(BPF_STX | BPF_MEM | BPF_H, 2, 5, 24, 0),
		insn(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_PASS),
		insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
		insn(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_DROP),
		insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	static char log[LOG_BYTES];
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_XDP, .insns = (uintptr_t)program,
				.insn_cnt = sizeof(program) / sizeof(program[0]),
				.license = (uintptr_t)"GPL", .log_buf = (uintptr_t)log,
				.log_size = sizeof(log), .log_level = 1 };
	int fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		fail(log[0] ? log : "bpf program");
	return fd;
}

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
	struct xdp_md context = { .data_end = FRAME };
	union bpf_attr attr = { 0 };
	unsigned count;
	double begin;

	if (argc != 3 || !(context.ingress_ifindex = if_nametoindex(argv[1])))
		return 2;
	count = (unsigned)strtoul(argv[2], NULL, 10);
	attr.test.prog_fd = (uint32_t)load_program(make_map());
	attr.test.data_in = (uintptr_t)frame;
	attr.test.data_size_in = FRAME;
	attr.test.repeat = count;
	attr.test.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
	attr.test.ctx_in = (uintptr_t)&context;
	attr.test.ctx_size_in = sizeof(context);
	begin = cpu_ns();
	if (bpf(BPF_PROG_TEST_RUN, &attr) < 0)
		fail("bpf test run");
	printf("%.1f\n", (cpu_ns() - begin) / count);
	return 0;
}
