/* SPDX-License-Identifier: BSD-2-Clause */
/* The judge's part of the queue: packets out of the kernel, verdicts back.  linux/netfilter/
 * nfnetlink_queue.h.  Holds descriptors and no privilege; parses what came from a network.
 * Knows no rule of a policy and no message's layout. */
#include "enforce/queue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "enforce/nfnl.h"
#include "enforce/queue_rules.h"
#include "enforce/tap.h"

#define BATCH 64			/* packets at once */
#define TURN_MAX 512			/* in one turn, so that its caller sees to other things */
#define MESSAGE_BYTES (66 * 1024)	/* the largest packet, and what is said about it */
#define VERDICT_BYTES 64		/* an answer without a packet */

struct queue {
	struct queue_link	 *links;
	size_t			  n;
	uint16_t		  number;
	struct queue_ports	  ports;
	int			  answers;
	uint8_t			 *bytes;	/* BATCH times MESSAGE_BYTES */
	struct mmsghdr		  messages[BATCH];
	struct iovec		  vectors[BATCH];
	struct nfnl_batch	  batch;
	queue_tell_fn		 *tell;		/* NULL: nobody wants to know */
	void			 *tell_context;
	struct queue_growth	 *growth;	/* QUEUE_GROWTH_MAX */
	struct queue_counts	  counts;
	struct queue_link_counts *link_counts;
	int			  error;	/* of the last answer */
	struct tap		 *tap;		/* NULL: it is a queue */
};

static void point_vectors(struct queue *q)
{
	for (size_t i = 0; i < BATCH; i++) {
		q->vectors[i] = (struct iovec){ q->bytes + i * MESSAGE_BYTES, MESSAGE_BYTES };
		q->messages[i].msg_hdr = (struct msghdr){ .msg_iov = &q->vectors[i],
							  .msg_iovlen = 1 };
	}
}

int queue_new(const struct queue_plan *plan, const struct queue_ports *ports, int answers,
	      struct queue **out)
{
	struct queue *q = memory_take(sizeof(*q));
	struct tap_legs legs;
	int error = 0;

	q->n = plan->n;
	q->links = memory_array(plan->n + 1, sizeof(q->links[0]));
	memcpy(q->links, plan->links, plan->n * sizeof(q->links[0]));
	q->link_counts = memory_array(plan->n + 1, sizeof(q->link_counts[0]));
	q->counts.links = q->link_counts;
	q->number = plan->number ? plan->number : QUEUE_NUMBER;
	q->ports = *ports;
	q->answers = answers;
	if (ports->open < 0) {
		error = tap_legs_of(plan, &legs);
		q->tap = tap_new(&legs, ports->closed);
	}
	q->bytes = memory_array(BATCH, MESSAGE_BYTES);
	q->growth = memory_array(QUEUE_GROWTH_MAX, sizeof(q->growth[0]));
	nfnl_batch_init(&q->batch, QUEUE_ANSWER_BYTES);
	point_vectors(q);
	if (error < 0)
		queue_free(q);
	else
		*out = q;
	return error;
}

void queue_free(struct queue *queue)
{
	if (!queue)
		return;
	tap_free(queue->tap);
	nfnl_batch_release(&queue->batch);
	free(queue->links);
	free(queue->link_counts);
	free(queue->bytes);
	free(queue->growth);
	free(queue);
}

void queue_tells(struct queue *queue, queue_tell_fn *tell, void *context)
{
	queue->tell = tell;
	queue->tell_context = context;
}

const struct queue_counts *queue_counts(const struct queue *queue)
{
	return &queue->counts;
}

/* --- one packet as the kernel hands it over --- */

struct handed {
	uint32_t	id;
	unsigned	hook;
	unsigned	in, out, port_in, port_out;	/* interfaces; 0: not said */
	struct span	packet;
	struct trim_packet about;
};

static int read_vlan(const struct nlattr *a, void *context)
{
	struct handed *h = context;

	if (mnl_attr_get_type(a) == NFQA_VLAN_TCI)
		h->about.vlan = ntohs(mnl_attr_get_u16(a)) & 0xfff;
	return MNL_CB_OK;
}

static void read_sender(const struct nlattr *a, struct handed *h)
{
	const struct nfqnl_msg_packet_hw *hw = mnl_attr_get_payload(a);

	if (mnl_attr_get_payload_len(a) < sizeof(*hw) || ntohs(hw->hw_addrlen) != 6)
		return;
	h->about.has_mac = true;
	memcpy(h->about.mac, hw->hw_addr, sizeof(h->about.mac));
}

static void read_head(const struct nlattr *a, struct handed *h)
{
	const struct nfqnl_msg_packet_hdr *head = mnl_attr_get_payload(a);

	if (mnl_attr_get_payload_len(a) < sizeof(*head))
		return;
	h->id = ntohl(head->packet_id);
	h->hook = head->hook;
}

static unsigned read_index(const struct nlattr *a)
{
	return mnl_attr_get_payload_len(a) < sizeof(uint32_t) ? 0 : ntohl(mnl_attr_get_u32(a));
}

static int read_attribute(const struct nlattr *a, void *context)
{
	struct handed *h = context;

	switch (mnl_attr_get_type(a)) {
	case NFQA_PACKET_HDR:
		read_head(a, h);
		break;
	case NFQA_IFINDEX_INDEV:
		h->in = read_index(a);
		break;
	case NFQA_IFINDEX_OUTDEV:
		h->out = read_index(a);
		break;
	case NFQA_IFINDEX_PHYSINDEV:
		h->port_in = read_index(a);
		break;
	case NFQA_IFINDEX_PHYSOUTDEV:
		h->port_out = read_index(a);
		break;
	case NFQA_HWADDR:
		read_sender(a, h);
		break;
	case NFQA_VLAN:
		mnl_attr_parse_nested(a, read_vlan, h);
		break;
	case NFQA_PAYLOAD:
		h->packet = (struct span){ mnl_attr_get_payload(a), mnl_attr_get_payload_len(a) };
		break;
	}
	return MNL_CB_OK;
}

static enum queue_hook hook_of(const struct handed *h)
{
	if (h->hook == NF_INET_PRE_ROUTING)
		return QUEUE_RECEIVED;
	return h->hook == NF_INET_FORWARD ? QUEUE_FORWARDED : QUEUE_SENT;
}

static bool is_at(const struct queue_link *link, unsigned index, unsigned port)
{
	return link->index != 0 && (link->index == index || link->index == port);
}

/* The link whose rule brought the packet here, or n.  A bridge may be one, and a port of it. */
static size_t find_link(const struct queue *q, const struct handed *h, enum queue_hook hook)
{
	bool arriving = hook == QUEUE_RECEIVED;
	unsigned index = arriving ? h->in : h->out, port = arriving ? h->port_in : h->port_out;

	for (size_t i = 0; i < q->n; i++)
		if (port != 0 && q->links[i].index == port)
			return i;
	for (size_t i = 0; i < q->n; i++)
		if (is_at(&q->links[i], index, port))
			return i;
	return q->n;
}

/* --- answers --- */

static void send_datagram(struct queue *q, size_t verdict_bytes, size_t growth_count)
{
	struct queue_answers head = { (uint32_t)verdict_bytes, (uint32_t)growth_count };
	struct iovec parts[] = { { &head, sizeof(head) }, { q->batch.bytes, verdict_bytes },
				 { q->growth, growth_count * sizeof(q->growth[0]) } };
	const struct msghdr message = { .msg_iov = parts, .msg_iovlen = COUNT(parts) };
	ssize_t sent;

	do
		sent = sendmsg(q->answers, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		q->error = -errno;
}

/* All in one, but where a packet met more rules than one datagram has room for. */
static void relay_answers(struct queue *q)
{
	size_t n = q->tell ? q->tell(q->tell_context, q->growth, QUEUE_GROWTH_MAX) : 0;

	while (n == QUEUE_GROWTH_MAX) {
		send_datagram(q, 0, n);
		n = q->tell(q->tell_context, q->growth, QUEUE_GROWTH_MAX);
	}
	if (q->batch.n > 0 || n > 0)
		send_datagram(q, q->batch.n, n);
}

static void send_answers(struct queue *q, int fd)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	if (q->answers >= 0)
		relay_answers(q);
	else if (q->batch.n > 0 &&
		 sendto(fd, q->batch.bytes, q->batch.n, 0, (const struct sockaddr *)&kernel,
			sizeof(kernel)) < 0)
		q->error = -errno;
	nfnl_batch_reset(&q->batch);
}

/* nfnl_begin() wants room for a message of its own largest size. */
static bool has_room(const struct queue *q, struct span packet)
{
	return nfnl_fits(&q->batch, packet.n + 4096 + VERDICT_BYTES);
}

static void put_answer(struct queue *q, int fd, uint16_t number, uint32_t id, uint32_t verdict,
		       struct span packet)
{
	struct nfqnl_msg_verdict_hdr head = { htonl(verdict), htonl(id) };
	struct nlmsghdr *m;

	if (!has_room(q, packet))
		send_answers(q, fd);
	m = nfnl_begin(&q->batch, NFNL_SUBSYS_QUEUE, NFQNL_MSG_VERDICT, 0, AF_UNSPEC, number);
	mnl_attr_put(m, NFQA_VERDICT_HDR, sizeof(head), &head);
	if (packet.n > 0)
		mnl_attr_put(m, NFQA_PAYLOAD, packet.n, packet.p);
	nfnl_end(&q->batch, m);
}

/* In the RP's name: the header is already there. */
static void send_stop(struct queue *q, struct span stop)
{
	struct sockaddr_in to4 = { .sin_family = AF_INET };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
	bool is6 = stop.p[0] >> 4 == 6;
	ssize_t sent;

	if (is6) {
		memcpy(&to6.sin6_addr, stop.p + 24, sizeof(to6.sin6_addr));
		sent = sendto(q->ports.raw6, stop.p, stop.n, 0, (struct sockaddr *)&to6,
			      sizeof(to6));
	} else {
		memcpy(&to4.sin_addr, stop.p + 16, sizeof(to4.sin_addr));
		sent = sendto(q->ports.raw4, stop.p, stop.n, 0, (struct sockaddr *)&to4,
			      sizeof(to4));
	}
	if (sent == (ssize_t)stop.n)
		q->counts.stops++;
	else
		q->counts.stops_failed++;
}

static void count_result(struct queue_link_counts *counts, enum queue_hook hook,
			 enum trim_act act)
{
	counts->judged[hook]++;
	counts->passed += act == TRIM_PASS;
	counts->dropped += act == TRIM_DROP;
	counts->rewritten += act == TRIM_REWRITE;
}

/* --- a turn --- */

struct turn {
	struct queue	  *queue;
	struct trim *const *trims;
	struct mtime	   now;
	int		   fd;
	uint16_t	   number;
	bool		   fail_open;
	unsigned	   judged;
};

static void judge_one(struct turn *t, struct handed *h)
{
	struct queue *q = t->queue;
	enum queue_hook hook = hook_of(h);
	size_t link = find_link(q, h, hook);
	struct trim_result out = { .act = t->fail_open ? TRIM_PASS : TRIM_DROP };

	/* before it is counted, for its answer goes with that: nothing is longer once it is trimmed */
	if (!has_room(q, h->packet))
		send_answers(q, t->fd);
	t->judged++;
	if (link == q->n) {
		q->counts.unknown++;
	} else {
		h->about.bytes = h->packet;
		h->about.at = t->now;
		h->about.link = (uint16_t)link;
		h->about.direction = queue_direction(&q->links[link], hook);
		trim_judge(t->trims[link], &h->about, &out);
		count_result(&q->link_counts[link], hook, out.act);
	}
	put_answer(q, t->fd, t->number, h->id, out.act == TRIM_DROP ? NF_DROP : NF_ACCEPT,
		   out.packet);
	if (out.stop.n > 0)
		send_stop(q, out.stop);
}

static void read_message(struct turn *t, const uint8_t *bytes, int n)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)bytes;

	while (mnl_nlmsg_ok(message, n)) {
		struct handed h = { .about.vlan = VLAN_NONE };

		if (message->nlmsg_type == (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET) &&
		    mnl_attr_parse(message, sizeof(struct nfgenmsg), read_attribute, &h) >= 0)
			judge_one(t, &h);
		message = mnl_nlmsg_next(message, &n);
	}
}

/* False where nothing waits any more. */
static bool take_batch(struct turn *t)
{
	struct queue *q = t->queue;
	int n = recvmmsg(t->fd, q->messages, BATCH, MSG_DONTWAIT, NULL);

	if (n < 0) {
		if (errno == ENOBUFS)
			q->counts.lost++;
		else if (errno != EAGAIN && errno != EINTR)
			q->error = -errno;
		return false;
	}
	for (int i = 0; i < n; i++)
		read_message(t, q->vectors[i].iov_base, (int)q->messages[i].msg_len);
	send_answers(q, t->fd);
	return n == BATCH;
}

int queue_turn(struct queue *queue, struct trim *const *trims, struct mtime now)
{
	unsigned judged = 0;

	queue->error = 0;
	if (queue->tap) {
		int carried = tap_turn(queue->tap, trims, now, &queue->counts, queue->link_counts);

		send_answers(queue, -1);
		return carried;
	}
	for (unsigned open = 0; open < 2; open++) {
		struct turn t = { queue, trims, now,
				  open ? queue->ports.open : queue->ports.closed,
				  (uint16_t)(queue->number + open), open, 0 };

		while (t.fd >= 0 && queue->error == 0 && t.judged < TURN_MAX && take_batch(&t))
			;
		judged += t.judged;
	}
	return queue->error < 0 ? queue->error : (int)judged;
}
