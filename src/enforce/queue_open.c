/* SPDX-License-Identifier: BSD-2-Clause */
/* The privileged part of the queue: its descriptors, what would let packets past it, and the
 * way of the judge's answers into the kernel.  Parses nothing that came from a network. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "enforce/nfnl.h"
#include "enforce/queue.h"
#include "enforce/queue_rules.h"
#include "enforce/tap.h"

#define WAITING_MAX 16384		/* packets in a queue */
#define RECEIVE_BYTES (16 << 20)	/* of the socket: what the kernel may hand over ahead */
#define PACKET_BYTES 0xffff

static uint16_t number_of(const struct queue_plan *plan)
{
	return plan->number ? plan->number : QUEUE_NUMBER;
}

enum direction queue_direction(const struct queue_link *link, enum queue_hook hook)
{
	bool is_in = (hook == QUEUE_RECEIVED) != link->inside;

	return is_in ? DIRECTION_IN : DIRECTION_OUT;
}

/* --- what would let packets past the queue --- */

static const struct setting {
	const char *name;
	const char *what;
} settings[] = {
	{ "bridge-nf-call-iptables", "IPv4 packets" },
	{ "bridge-nf-call-ip6tables", "IPv6 packets" },
	{ "bridge-nf-filter-vlan-tagged", "VLAN-tagged packets" },
};

/* 1, 0, or -1 where there is no such setting. */
static int read_setting(const char *name)
{
	char path[128], byte = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/bridge/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (read(fd, &byte, 1) != 1)
		byte = 0;
	close(fd);
	return byte != '0' && byte != 0;
}

static int check_port(const struct queue_link *link, char why[QUEUE_WHY])
{
	for (size_t i = 0; i < COUNT(settings); i++) {
		int value = read_setting(settings[i].name);

		if (value == 1)
			continue;
		snprintf(why, QUEUE_WHY, value < 0 ? "%s, a port of %s: %s would go past the queue: no net.bridge.%s (load br_netfilter)"
						   : "%s, a port of %s: %s would go past the queue: net.bridge.%s is 0, must be 1",
			 link->name, link->bridge, settings[i].what, settings[i].name);
		return -EINVAL;
	}
	return 0;
}

/* A tap carries what arrives at one port of a bridge to another; it cannot hand a packet to
 * this machine itself, and drops all where nobody is there. */
static int check_tap(const struct queue_link *link, char why[QUEUE_WHY])
{
	if (link->bridge[0] != '\0' && link->peer[0] != '\0' && !link->fail_open)
		return 0;
	snprintf(why, QUEUE_WHY, "%s: this kernel has no NFQUEUE, and a tap %s", link->name,
		 link->peer[0] == '\0' || link->bridge[0] == '\0'
			 ? "serves only a pair of bridge ports"
			 : "cannot fail open");
	return -ENOTSUP;
}

int queue_check(const struct queue_plan *plan, enum queue_means means, char why[QUEUE_WHY])
{
	int error = 0;

	why[0] = '\0';
	if (means == QUEUE_BY_NONE) {
		snprintf(why, QUEUE_WHY, "the queue needs CAP_NET_ADMIN");
		return -EPERM;
	}
	for (size_t i = 0; i < plan->n && error == 0; i++) {
		const struct queue_link *link = &plan->links[i];

		if (!link->arriving && !link->leaving)
			continue;
		if (means == QUEUE_BY_TAP)
			error = check_tap(link, why);
		else if (link->bridge[0] != '\0')
			error = check_port(link, why);
	}
	return error;
}

/* --- descriptors --- */

static void put_command(struct nfnl_batch *b, uint16_t number)
{
	struct nfqnl_msg_config_cmd command = { .command = NFQNL_CFG_CMD_BIND };
	struct nlmsghdr *m = nfnl_begin(b, NFNL_SUBSYS_QUEUE, NFQNL_MSG_CONFIG, NLM_F_ACK,
					AF_UNSPEC, number);

	mnl_attr_put(m, NFQA_CFG_CMD, sizeof(command), &command);
	nfnl_end(b, m);
}

static void put_parameters(struct nfnl_batch *b, uint16_t number, bool fail_open)
{
	struct nfqnl_msg_config_params copy = { htonl(PACKET_BYTES), NFQNL_COPY_PACKET };
	struct nlmsghdr *m = nfnl_begin(b, NFNL_SUBSYS_QUEUE, NFQNL_MSG_CONFIG, NLM_F_ACK,
					AF_UNSPEC, number);

	mnl_attr_put(m, NFQA_CFG_PARAMS, sizeof(copy), &copy);
	mnl_attr_put_u32(m, NFQA_CFG_QUEUE_MAXLEN, htonl(WAITING_MAX));
	mnl_attr_put_u32(m, NFQA_CFG_FLAGS, htonl(fail_open ? NFQA_CFG_F_FAIL_OPEN : 0));
	mnl_attr_put_u32(m, NFQA_CFG_MASK, htonl(NFQA_CFG_F_FAIL_OPEN));
	nfnl_end(b, m);
}

static int configure(int fd, uint16_t number, bool fail_open)
{
	struct nfnl_batch b;
	int error;

	nfnl_batch_init(&b, 1 << 14);
	put_command(&b, number);
	error = nfnl_ask(fd, &b);
	if (error == -EPERM)
		error = -EBUSY;		/* the kernel's word where another process listens */
	nfnl_batch_reset(&b);
	put_parameters(&b, number, fail_open);
	if (error == 0)
		error = nfnl_ask(fd, &b);
	nfnl_batch_release(&b);
	return error;
}

static int open_queue(uint16_t number, bool fail_open, int *out)
{
	const int bytes = RECEIVE_BYTES, yes = 1;
	int fd = nfnl_open(), error;

	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &yes, sizeof(yes));
	error = configure(fd, number, fail_open);
	if (error == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		error = -errno;
	if (error < 0)
		close(fd);
	else
		*out = fd;
	return error;
}

static int open_raw(int family, int level, int option, int *out)
{
	const uint32_t mark = QUEUE_MARK;
	const int yes = 1;
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW), error;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, level, option, &yes, sizeof(yes)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == 0) {
		*out = fd;
		return 0;
	}
	error = -errno;
	close(fd);
	return error;
}

static int open_ways(const struct queue_plan *plan, struct queue_ports *out)
{
	uint16_t number = number_of(plan);
	int error;

	if (plan->means == QUEUE_BY_TAP) {
		out->closed = tap_open();
		return out->closed < 0 ? out->closed : 0;
	}
	error = open_queue(number, false, &out->closed);
	return error < 0 ? error : open_queue((uint16_t)(number + 1), true, &out->open);
}

int queue_open(const struct queue_plan *plan, struct queue_ports *out)
{
	struct queue_ports ports = { -1, -1, -1, -1 };
	int error = open_ways(plan, &ports);

	if (error == 0)
		error = open_raw(AF_INET, IPPROTO_IP, IP_HDRINCL, &ports.raw4);
	/* a kernel without IPv6 forwards no Register of it */
	if (error == 0)
		open_raw(AF_INET6, IPPROTO_IPV6, IPV6_HDRINCL, &ports.raw6);
	if (error < 0)
		queue_close(&ports);
	else
		*out = ports;
	return error;
}

void queue_close(struct queue_ports *ports)
{
	int *const fds[] = { &ports->closed, &ports->open, &ports->raw4, &ports->raw6 };

	for (size_t i = 0; i < COUNT(fds); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

/* --- the judge's answers --- */

/* The next message of a datagram, or NULL where it is none or its length lies: libmnl's own
 * walk takes a length above INT_MAX for a small one. */
static const struct nlmsghdr *next_message(struct rd *r)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)r->p;

	if (rd_left(r) < sizeof(*message) || message->nlmsg_len < sizeof(*message) ||
	    message->nlmsg_len > rd_left(r))
		return NULL;
	rd_skip(r, message->nlmsg_len);
	rd_skip(r, -message->nlmsg_len & 3u);		/* NLMSG_ALIGN */
	return message;
}

struct answer {
	struct nlmsghdr		     message;
	struct nfgenmsg		     head;
	struct nlattr		     attribute;
	struct nfqnl_msg_verdict_hdr verdict;
};

/* What may follow: the packet that takes the place of the other, and nothing else. */
static bool is_rest_packet(const struct answer *a)
{
	size_t rest = a->message.nlmsg_len - sizeof(*a);
	const struct nlattr *packet = (const struct nlattr *)(a + 1);

	return rest == 0 || (rest >= sizeof(*packet) && packet->nla_type == NFQA_PAYLOAD &&
			     (packet->nla_len + 3u) / 4 == rest / 4 && rest % 4 == 0);
}

/* A verdict on a packet of this queue and nothing else: the socket would take any change to the
 * machine's firewall. */
static bool is_verdict(const struct nlmsghdr *message, uint16_t number)
{
	const struct answer *a = (const struct answer *)message;
	uint32_t verdict;

	if (message->nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT) ||
	    message->nlmsg_len < sizeof(*a) || message->nlmsg_flags != NLM_F_REQUEST ||
	    ntohs(a->head.res_id) != number || a->attribute.nla_type != NFQA_VERDICT_HDR ||
	    a->attribute.nla_len != sizeof(a->attribute) + sizeof(a->verdict))
		return false;
	verdict = ntohl(a->verdict.verdict);
	return (verdict == NF_ACCEPT || verdict == NF_DROP) && is_rest_packet(a);
}

static bool are_verdicts(const uint8_t *bytes, size_t n, uint16_t number)
{
	struct rd r = rd_of((struct span){ bytes, n });

	while (rd_left(&r) > 0) {
		const struct nlmsghdr *message = next_message(&r);

		if (!message || !is_verdict(message, number))
			return false;
	}
	return rd_ok(&r);
}

static int relay(int fd, const uint8_t *bytes, size_t n)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t sent = sendto(fd, bytes, n, 0, (const struct sockaddr *)&kernel, sizeof(kernel));

	return sent < 0 ? -errno : 0;
}

/* The queue that all verdicts of a datagram are for, as a descriptor; -EBADMSG. */
static int find_port(const struct queue_ports *ports, const struct queue_plan *plan,
		     struct span verdicts, int *out)
{
	uint16_t number = number_of(plan);

	if (are_verdicts(verdicts.p, verdicts.n, number))
		*out = ports->closed;
	else if (are_verdicts(verdicts.p, verdicts.n, (uint16_t)(number + 1)))
		*out = ports->open;
	else
		return -EBADMSG;
	return 0;
}

/* Its parts; false where they do not fill it. */
static bool take_apart(struct span datagram, struct span *out_verdicts, struct span *out_growth)
{
	struct rd r = rd_of(datagram);
	struct queue_answers head;
	struct span bytes = rd_take(&r, sizeof(head));

	if (!rd_ok(&r))
		return false;
	memcpy(&head, bytes.p, sizeof(head));
	if (head.verdict_bytes > QUEUE_ANSWER_BYTES || head.growth_count > QUEUE_GROWTH_MAX)
		return false;
	*out_verdicts = rd_take(&r, head.verdict_bytes);
	*out_growth = rd_take(&r, head.growth_count * sizeof(struct queue_growth));
	return rd_ok(&r) && rd_left(&r) == 0;
}

int queue_relay(const struct queue_ports *ports, const struct queue_plan *plan, int questions,
		queue_grown_fn *grown, void *context)
{
	static uint8_t bytes[QUEUE_DATAGRAM_BYTES] __attribute__((aligned(8)));
	struct queue_growth rows[QUEUE_GROWTH_MAX];
	struct span verdicts, growth;
	ssize_t n = recv(questions, bytes, sizeof(bytes), 0);
	size_t count;
	int port;

	if (n < 0)
		return -errno;
	if (n == 0)
		return -EPIPE;
	if (!take_apart((struct span){ bytes, (size_t)n }, &verdicts, &growth) ||
	    find_port(ports, plan, verdicts, &port) < 0)
		return -EBADMSG;
	count = growth.n / sizeof(rows[0]);
	memcpy(rows, growth.p, growth.n);		/* they lie anywhere */
	if (count > 0 && !grown(context, rows, count))
		return -EBADMSG;
	return verdicts.n > 0 ? relay(port, verdicts.p, verdicts.n) : 0;
}

/* --- packets that nobody answers any more --- */

#define WAITING_FILE "/proc/self/net/netfilter/nfnetlink_queue"
#define LINE_NUMBERS 8		/* the queue's number first, the last packet's id last */

/* The id of the packet that came last to a queue, and how many it holds.  False where the kernel has
 * no such queue, or does not say. */
static bool read_waiting(uint16_t number, uint32_t *out_last, uint32_t *out_waiting)
{
	FILE *file = fopen(WAITING_FILE, "re");
	unsigned v[LINE_NUMBERS];
	bool found = false;

	while (file && !found &&
	       fscanf(file, "%u %u %u %u %u %u %u %u %*d", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5],
		      &v[6], &v[7]) == LINE_NUMBERS)
		found = v[0] == number;
	if (file)
		fclose(file);
	if (found) {
		*out_waiting = v[2];
		*out_last = v[7];
	}
	return found;
}

/* What the kernel puts before a packet. */
struct question {
	struct nlmsghdr		    message;
	struct nfgenmsg		    head;
	struct nlattr		    attribute;
	struct nfqnl_msg_packet_hdr packet;
};

/* The id of the first packet that nobody has taken; complaints about answers go. */
static bool peek(int fd, uint32_t *out)
{
	struct question q;

	for (;;) {
		ssize_t n = recv(fd, &q, sizeof(q), MSG_PEEK | MSG_DONTWAIT);

		if (n < 0)
			return false;
		if (n == (ssize_t)sizeof(q) &&
		    q.message.nlmsg_type == (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET))
			break;
		recv(fd, &q, sizeof(q), MSG_DONTWAIT);
	}
	*out = ntohl(q.packet.packet_id);
	return q.attribute.nla_type == NFQA_PACKET_HDR;
}

/* All that came not later than the packet of this id. */
static void answer_until(int fd, uint16_t number, uint32_t id, uint32_t verdict)
{
	const struct nfqnl_msg_verdict_hdr head = { htonl(verdict), htonl(id) };
	struct nfnl_batch b;
	struct nlmsghdr *m;

	nfnl_batch_init(&b, 1 << 13);
	m = nfnl_begin(&b, NFNL_SUBSYS_QUEUE, NFQNL_MSG_VERDICT_BATCH, 0, AF_UNSPEC, number);
	mnl_attr_put(m, NFQA_VERDICT_HDR, sizeof(head), &head);
	nfnl_end(&b, m);
	relay(fd, b.bytes, b.n);
	nfnl_batch_release(&b);
}

/* The last id is asked for first: a packet that comes meanwhile has a later one. */
static void settle(int fd, uint16_t number, uint32_t verdict, bool all)
{
	uint32_t last, waiting, first;

	if (fd < 0 || !read_waiting(number, &last, &waiting) || waiting == 0)
		return;
	if (!all && peek(fd, &first) && (int32_t)(first - last) <= 0)
		last = first - 1;
	answer_until(fd, number, last, verdict);
}

void queue_settle(const struct queue_ports *ports, const struct queue_plan *plan, bool all)
{
	uint16_t number = number_of(plan);

	if (plan->means != QUEUE_BY_TAP)
		settle(ports->closed, number, NF_DROP, all);
	settle(ports->open, (uint16_t)(number + 1), NF_ACCEPT, all);
}
