/* SPDX-License-Identifier: BSD-2-Clause */
/* Netfilter over netlink, by libmnl's helpers on a descriptor of our own.  Knows no table,
 * no chain and no queue. */
#include "enforce/nfnl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "os/netlink.h"

#define MESSAGE_MAX 4096	/* more than any single message of ours takes, packets aside */
#define ANSWER_MS 5000
#define ANSWER_BYTES 32768
#define SOCKET_BYTES (4 << 20)	/* a transaction goes in one piece, and all of it may be complained of */

int nfnl_open(void)
{
	int fd = netlink_socket(NETLINK_NETFILTER, 0, 0), bytes = SOCKET_BYTES;

	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	return fd;
}

void nfnl_batch_init(struct nfnl_batch *batch, size_t size)
{
	*batch = (struct nfnl_batch){ .bytes = memory_room(size, 1), .size = size };
}

void nfnl_batch_release(struct nfnl_batch *batch)
{
	free(batch->bytes);
	*batch = (struct nfnl_batch){ 0 };
}

void nfnl_batch_reset(struct nfnl_batch *batch)
{
	batch->n = 0;
	batch->sequence = batch->asked = 0;
	batch->failed = 0;
}

struct nlmsghdr *nfnl_begin(struct nfnl_batch *batch, unsigned subsystem, unsigned type,
			    unsigned flags, unsigned family, uint16_t number)
{
	struct nlmsghdr *message;
	struct nfgenmsg *head;

	if (!nfnl_fits(batch, MESSAGE_MAX)) {
		batch->failed = -EMSGSIZE;
		batch->n = 0;
	}
	message = mnl_nlmsg_put_header(batch->bytes + batch->n);
	message->nlmsg_type = (uint16_t)(subsystem << 8 | type);
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	message->nlmsg_seq = ++batch->sequence;
	batch->asked += (flags & NLM_F_ACK) != 0;
	head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->nfgen_family = (uint8_t)family;
	head->version = NFNETLINK_V0;
	head->res_id = htons(number);
	return message;
}

void nfnl_end(struct nfnl_batch *batch, struct nlmsghdr *message)
{
	batch->n += (message->nlmsg_len + 3u) & ~3u;	/* NLMSG_ALIGN */
}

static void put_bracket(struct nfnl_batch *batch, uint16_t type)
{
	struct nlmsghdr *message =
		nfnl_begin(batch, 0, type, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);

	nfnl_end(batch, message);
}

void nfnl_transaction_begin(struct nfnl_batch *batch)
{
	put_bracket(batch, NFNL_MSG_BATCH_BEGIN);
}

void nfnl_transaction_end(struct nfnl_batch *batch)
{
	put_bracket(batch, NFNL_MSG_BATCH_END);
}

static int send_batch(int fd, const struct nfnl_batch *batch)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t sent;

	if (batch->failed)
		return batch->failed;
	sent = sendto(fd, batch->bytes, batch->n, 0, (const struct sockaddr *)&kernel,
		      sizeof(kernel));
	if (sent < 0)
		return -errno;
	return (size_t)sent == batch->n ? 0 : -EMSGSIZE;
}

/* One datagram, waited for.  Bytes, or a negative errno. */
static int receive(int fd, uint8_t *bytes, size_t n)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	ssize_t got;
	int ready = poll(&poller, 1, ANSWER_MS);

	if (ready <= 0)
		return ready < 0 ? -errno : -ETIMEDOUT;
	got = recv(fd, bytes, n, 0);
	return got < 0 ? -errno : (int)got;
}

/* How many messages of the datagram are answers; the first error in `error`. */
static uint32_t read_answers(const uint8_t *bytes, int n, int *error)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)bytes;
	uint32_t answers = 0;

	while (mnl_nlmsg_ok(message, n)) {
		const struct nlmsgerr *said = mnl_nlmsg_get_payload(message);

		if (message->nlmsg_type == NLMSG_ERROR) {
			answers++;
			*error = *error ? *error : said->error;
		}
		message = mnl_nlmsg_next(message, &n);
	}
	return answers;
}

int nfnl_ask(int fd, const struct nfnl_batch *batch)
{
	uint8_t *bytes = memory_room(ANSWER_BYTES, 1);
	int error = send_batch(fd, batch);
	uint32_t answers = 0;

	while (error == 0 && answers < batch->asked) {
		int n = receive(fd, bytes, ANSWER_BYTES);

		if (n < 0)
			error = n;
		else
			answers += read_answers(bytes, n, &error);
	}
	free(bytes);
	return error;
}

int nfnl_dump(int fd, const struct nfnl_batch *batch, mnl_cb_t each, void *context)
{
	uint8_t *bytes = memory_room(ANSWER_BYTES, 1);
	int error = send_batch(fd, batch), more = MNL_CB_OK;

	while (error == 0 && more > MNL_CB_STOP) {
		int n = receive(fd, bytes, ANSWER_BYTES);

		if (n < 0)
			error = n;
		else
			more = mnl_cb_run(bytes, (size_t)n, 0, 0, each, context);
	}
	if (error == 0 && more < 0)
		error = -errno;
	free(bytes);
	return error;
}
