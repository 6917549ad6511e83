/* SPDX-License-Identifier: BSD-2-Clause */
/* What of the queue and the tap needs no kernel: which answers are relayed, which packets a tap
 * carries, which ways it goes. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "enforce/nfnl.h"
#include "enforce/queue_rules.h"
#include "enforce/tap.h"
#include "t.h"

#define NUMBER 77
#define VERDICT (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT)

/* --- the judge's answers --- */

static const struct {
	const char *name;
	unsigned    type, flags, number, length_off;
	int	    result;
	unsigned    verdict, more;		/* an attribute behind it */
} answers[] = {
	/* no socket of the kernel is there, so what is let through fails there */
	{ "a verdict, closed", VERDICT, 1, NUMBER, 0, -EBADF, 1, 0 },
	{ "a verdict, open", VERDICT, 1, NUMBER + 1, 0, -EBADF, 0, 0 },
	{ "with a packet", VERDICT, 1, NUMBER, 0, -EBADF, 1, NFQA_PAYLOAD },
	{ "with a mark", VERDICT, 1, NUMBER, 0, -EBADMSG, 1, NFQA_MARK },
	{ "to another queue", VERDICT, 1, NUMBER, 0, -EBADMSG, 0x10003, 0 },
	{ "another queue", VERDICT, 1, NUMBER + 2, 0, -EBADMSG, 0, 0 },
	{ "a batch verdict", NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT_BATCH, 1, NUMBER, 0, -EBADMSG, 0, 0 },
	{ "a queue's configuration", NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_CONFIG, 1, NUMBER, 0, -EBADMSG, 0, 0 },
	{ "a change of rules", NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE, 1, NUMBER, 0, -EBADMSG, 0, 0 },
	{ "a transaction", NFNL_MSG_BATCH_BEGIN, 1, NUMBER, 0, -EBADMSG, 0, 0 },
	{ "other flags", VERDICT, 5, NUMBER, 0, -EBADMSG, 0, 0 },
	{ "a length past the end", VERDICT, 1, NUMBER, 1000, -EBADMSG, 0, 0 },
	{ "a length of nothing", VERDICT, 1, NUMBER, (unsigned)-36, -EBADMSG, 0, 0 },
};

static void put_answer(struct nfnl_batch *b, size_t row)
{
	struct nfqnl_msg_verdict_hdr head = { htonl(answers[row].verdict), 0 };
	struct nlmsghdr *m = nfnl_begin(b, answers[row].type >> 8, answers[row].type & 0xff,
					answers[row].flags & ~1u, AF_UNSPEC,
					(uint16_t)answers[row].number);

	mnl_attr_put(m, NFQA_VERDICT_HDR, sizeof(head), &head);
	if (answers[row].more)
		mnl_attr_put(m, (uint16_t)answers[row].more, 7, "1234567");
	nfnl_end(b, m);
	m->nlmsg_len += answers[row].length_off;
}

#define ROWS 5				/* counters that are known */
static uint64_t sums[ROWS];

static bool add(void *context, const struct queue_growth *rows, size_t n)
{
	check(context == sums && n > 0);
	for (size_t i = 0; i < n; i++)
		if (rows[i].row >= ROWS)
			return false;
	for (size_t i = 0; i < n; i++)
		sums[rows[i].row] += rows[i].hits;
	return true;
}

/* NULL: the judge is gone. */
static int relay_bytes(const void *bytes, size_t n)
{
	const struct queue_ports ports = { -1, -1, -1, -1 };
	const struct queue_plan plan = { .number = NUMBER };
	int pair[2], result;

	check(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	if (bytes)
		check(send(pair[0], bytes, n, 0) == (ssize_t)n);
	else
		close(pair[0]);
	result = queue_relay(&ports, &plan, pair[1], add, sums);
	if (bytes)
		close(pair[0]);
	close(pair[1]);
	return result;
}

static int relay(const struct nfnl_batch *b)
{
	static uint8_t datagram[1 << 16];
	const struct queue_answers head = { (uint32_t)b->n, 0 };

	memcpy(datagram, &head, sizeof(head));
	memcpy(datagram + sizeof(head), b->bytes, b->n);
	return relay_bytes(datagram, sizeof(head) + b->n);
}

static void test_relay(void)
{
	struct nfnl_batch b;

	nfnl_batch_init(&b, 1 << 15);
	for (size_t i = 0; i < COUNT(answers); i++) {
		nfnl_batch_reset(&b);
		put_answer(&b, i);
		check_named(relay(&b) == answers[i].result, answers[i].name);
		nfnl_batch_reset(&b);
		put_answer(&b, 0);		/* behind a good one */
		put_answer(&b, i);
		check_named(relay(&b) == (answers[i].number == NUMBER ? answers[i].result : -EBADMSG),
			    answers[i].name);		/* of one queue, all of them */
	}
	check(relay_bytes(NULL, 0) == -EPIPE);
	nfnl_batch_release(&b);
}

/* --- what the answers count --- */

static const struct {
	const char *name;
	struct queue_answers head;
	struct queue_growth rows[2];
	size_t	    cut, more;
	int	    result;
} tellings[] = {
	{ "two counters", { 0, 2 }, { { 0, 7, 1 }, { 4, 9, 1 } }, 0, 0, 0 },
	{ "one twice", { 0, 2 }, { { 2, 7, 1 }, { 2, 9, 1 } }, 0, 0, 0 },
	{ "nothing", { 0, 0 }, { { 0, 0, 0 } }, 32, 0, 0 },
	{ "one that is not known", { 0, 2 }, { { 0, 7, 1 }, { 5, 9, 1 } }, 0, 0, -EBADMSG },
	{ "less than it says", { 0, 2 }, { { 0, 7, 1 }, { 4, 9, 1 } }, 1, 0, -EBADMSG },
	{ "more than it says", { 0, 2 }, { { 0, 7, 1 }, { 4, 9, 1 } }, 0, 1, -EBADMSG },
	{ "more than there may be", { 0, QUEUE_GROWTH_MAX + 1 }, { { 0, 7, 1 }, { 4, 9, 1 } }, 0, 0, -EBADMSG },
	{ "counters for answers", { 32, 0 }, { { 0, 7, 1 }, { 4, 9, 1 } }, 0, 0, -EBADMSG },
	{ "answers past the end", { 64, 0 }, { { 0, 7, 1 }, { 4, 9, 1 } }, 0, 0, -EBADMSG },
	{ "a length that wraps", { (uint32_t)-32, 4 }, { { 0, 7, 1 }, { 4, 9, 1 } }, 0, 0, -EBADMSG },
};

static void test_growth(void)
{
	static uint8_t bytes[256];
	uint64_t sum = 0;

	for (size_t i = 0; i < COUNT(tellings); i++) {
		size_t n = sizeof(tellings[i].head) + sizeof(tellings[i].rows) - tellings[i].cut + tellings[i].more;
		uint64_t now = 0;

		memcpy(bytes, &tellings[i].head, sizeof(tellings[i].head));
		memcpy(bytes + sizeof(tellings[i].head), tellings[i].rows, sizeof(tellings[i].rows));
		check_named(relay_bytes(bytes, n) == tellings[i].result, tellings[i].name);
		for (unsigned k = 0; k < ROWS; k++)
			now += sums[k];
		sum += tellings[i].result == 0 && tellings[i].head.growth_count == 2 ? 16 : 0;
		check_named(now == sum, tellings[i].name);
	}
	check(sums[0] == 7 && sums[2] == 16 && sums[4] == 9);
	check(relay_bytes(bytes, 3) == -EBADMSG);
}

/* --- the tap --- */

#define IP4(protocol, rest) "4500001c 0001 0000 01" protocol "0000 0a000001 e0000016" rest
#define IP6(next, rest) "60000000 0008 " next "01 fe800000000000000000000000000007" \
			"ff020000000000000000000000000016" rest
static const struct {
	const char *name, *hex;
	bool	    plain, payload;		/* carried without and with payload */
} packets[] = {
	{ "IGMP", IP4("02", "2200000000000000"), true, true },
	{ "PIM", IP4("67", "2000000000000000"), true, true },
	{ "UDP to Auto-RP", IP4("11", "01f001f000080000"), false, true },
	{ "UDP to SAP", IP4("11", "1000269300080000"), false, true },
	{ "UDP to another port", IP4("11", "2693100000080000"), false, false },
	{ "UDP, a later fragment", "4500001c 0001 0005 0111 0000 0a000001 e0000016 0000269300000000", false, false },
	{ "IGMP, a later fragment", "4500001c 0001 0005 0102 0000 0a000001 e0000016 0000000000000000", true, true },
	{ "TCP", IP4("06", "0000000000000000"), false, false },
	{ "IPv4 cut off", "4500001c 0001 0000 0102", false, false },
	{ "MLDv2 behind a hop-by-hop header", IP6("00", "3a00050200000100 8f00000000000000"), true, true },
	{ "MLDv1", IP6("3a", "8300000000000000"), true, true },
	{ "Router Advertisement", IP6("3a", "8600000000000000"), true, true },
	{ "Neighbour Solicitation", IP6("3a", "8700000000000000"), false, false },
	{ "PIM over IPv6", IP6("67", "2000000000000000"), true, true },
	{ "SAP over IPv6", IP6("11", "1000269300080000"), false, true },
	{ "a first fragment of MLD", IP6("2c", "3a00000100000001 8f00000000000000"), true, true },
	{ "a later one", IP6("2c", "3a00000900000001 8f00000000000000"), false, false },
	{ "an extension header cut off", IP6("00", "3aff050200000100"), false, false },
	{ "no IP", "0806", false, false },
	{ "nothing", "", false, false },
};

static void test_carries(void)
{
	for (size_t i = 0; i < COUNT(packets); i++) {
		struct span packet = t_bytes(packets[i].hex);

		check_named(tap_carries(packet, false) == packets[i].plain, packets[i].name);
		check_named(tap_carries(packet, true) == packets[i].payload, packets[i].name);
		for (size_t n = 0; n < packet.n; n++) {
			uint8_t *cut = malloc(n + 1);

			memcpy(cut, packet.p, n);
			tap_carries((struct span){ cut, n }, true);
			free(cut);
		}
		free((void *)packet.p);
	}
}

static void test_legs(void)
{
	struct queue_link links[] = {
		{ .name = "out", .peer = "in", .index = 3, .peer_index = 4, .arriving = true,
		  .leaving = true },
		{ .name = "in", .peer = "out", .index = 4, .peer_index = 3, .inside = true,
		  .arriving = true, .payload = true },
		{ .name = "router", .index = 5, .arriving = true },
	};
	const struct queue_plan plan = { .links = links, .n = COUNT(links) };
	struct tap_legs legs;

	check(tap_legs_of(&plan, &legs) == 0 && legs.n == 2);
	check_text(legs.list[0].from, "out", "the first way");
	check(legs.list[0].links[QUEUE_RECEIVED] == 0);
	check(legs.list[0].links[QUEUE_FORWARDED] == SIZE_MAX && !legs.list[0].payload);
	check(legs.list[0].directions[QUEUE_RECEIVED] == DIRECTION_IN);
	check_text(legs.list[1].from, "in", "the way back");
	check(legs.list[1].links[QUEUE_RECEIVED] == 1 && legs.list[1].links[QUEUE_FORWARDED] == 0);
	check(legs.list[1].directions[QUEUE_RECEIVED] == DIRECTION_OUT);
	check(legs.list[1].directions[QUEUE_FORWARDED] == DIRECTION_OUT && legs.list[1].payload);
	check(legs.list[1].from_index == 4 && legs.list[1].to_index == 3);
}

static void test_direction(void)
{
	struct queue_link outside = { .inside = false }, inside = { .inside = true };

	check(queue_direction(&outside, QUEUE_RECEIVED) == DIRECTION_IN);
	check(queue_direction(&outside, QUEUE_FORWARDED) == DIRECTION_OUT);
	check(queue_direction(&outside, QUEUE_SENT) == DIRECTION_OUT);
	check(queue_direction(&inside, QUEUE_RECEIVED) == DIRECTION_OUT);
	check(queue_direction(&inside, QUEUE_SENT) == DIRECTION_IN);
}

TEST_MAIN({ "answers that are relayed", test_relay }, { "what they count", test_growth },
	  { "what a tap carries", test_carries },
	  { "ways of a tap", test_legs }, { "directions", test_direction })
