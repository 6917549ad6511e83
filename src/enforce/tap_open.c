/* SPDX-License-Identifier: BSD-2-Clause */
/* The privileged part of the tap: its sockets, and the rules that drop what it carries.  A
 * packet socket hears a frame before the rules at a device's ingress do.  Parses nothing
 * that came from a network. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "enforce/ruleset.h"
#include "enforce/tap.h"

#define TABLE "weir-control"	/* as the queue's, so that queue_offered() reads its counters too */
#define RECEIVE_BYTES (8 << 20)

/* --- the ways through --- */

static struct tap_leg *leg_from(struct tap_legs *legs, const char *from, unsigned from_index,
				const char *to, unsigned to_index)
{
	struct tap_leg *leg;

	for (size_t i = 0; i < legs->n; i++)
		if (strcmp(legs->list[i].from, from) == 0)
			return &legs->list[i];
	if (legs->n == TAP_LEGS_MAX)
		return NULL;
	leg = &legs->list[legs->n++];
	*leg = (struct tap_leg){ .from_index = from_index, .to_index = to_index,
				 .links = { SIZE_MAX, SIZE_MAX } };
	snprintf(leg->from, sizeof(leg->from), "%s", from);
	snprintf(leg->to, sizeof(leg->to), "%s", to);
	return leg;
}

static bool judge_at(struct tap_leg *leg, const struct queue_link *link, size_t number,
		     enum queue_hook hook)
{
	if (!leg)
		return false;
	leg->links[hook] = number;
	leg->directions[hook] = queue_direction(link, hook);
	leg->payload |= link->payload;
	return true;
}

static bool add_link(struct tap_legs *legs, const struct queue_link *link, size_t number)
{
	bool fits = true;

	if (link->arriving)
		fits = judge_at(leg_from(legs, link->name, link->index, link->peer,
					 link->peer_index), link, number, QUEUE_RECEIVED);
	if (link->leaving && fits)
		fits = judge_at(leg_from(legs, link->peer, link->peer_index, link->name,
					 link->index), link, number, QUEUE_FORWARDED);
	return fits;
}

int tap_legs_of(const struct queue_plan *plan, struct tap_legs *out)
{
	*out = (struct tap_legs){ .n = 0 };
	for (size_t i = 0; i < plan->n; i++)
		if (plan->links[i].peer[0] != '\0' && !add_link(out, &plan->links[i], i))
			return -E2BIG;
	return 0;
}

/* --- sockets --- */

#define LOAD(size, where) BPF_STMT(BPF_LD | (size) | BPF_ABS, (unsigned)(where))
#define EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define END(bytes) BPF_STMT(BPF_RET | BPF_K, (bytes))

/* Roughly what may be carried, so that a stream of data is not copied: all of IPv6 but TCP; of
 * IPv4, IGMP, PIM and UDP. */
static int filter(int fd)
{
	static struct sock_filter code[] = {
		LOAD(BPF_H, SKF_AD_OFF + SKF_AD_PROTOCOL),
		EQUAL(ETH_P_IP, 0, 5),			/* else to IPv6 */
		LOAD(BPF_B, SKF_NET_OFF + 9),
		EQUAL(IPPROTO_IGMP, 6, 0),
		EQUAL(IPPROTO_PIM, 5, 0),
		EQUAL(IPPROTO_UDP, 4, 0),
		END(0),
		EQUAL(ETH_P_IPV6, 0, 3),
		LOAD(BPF_B, SKF_NET_OFF + 6),
		EQUAL(IPPROTO_TCP, 1, 0),
		END(UINT32_MAX),
		END(0),
	};
	const struct sock_fprog program = { COUNT(code), code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

int tap_open(void)
{
	const struct sockaddr_ll address = { .sll_family = AF_PACKET,
					     .sll_protocol = htons(ETH_P_ALL) };
	const int yes = 1, bytes = RECEIVE_BYTES;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	if (filter(fd) == 0 && setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &yes, sizeof(yes)) == 0 &&
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes)) == 0 &&
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

/* --- rules --- */

static void put_leg(struct ruleset *s, const struct tap_leg *leg)
{
	char counter[RULESET_NAME], chain[RULESET_NAME + 8], drop[RULESET_NAME + 8];
	bool is_link = leg->links[QUEUE_RECEIVED] != SIZE_MAX;
	struct line line;

	snprintf(counter, sizeof(counter), "%s:%s",
		 queue_hook_name(is_link ? QUEUE_RECEIVED : QUEUE_FORWARDED),
		 is_link ? leg->from : leg->to);
	snprintf(chain, sizeof(chain), "%s:select", counter);
	snprintf(drop, sizeof(drop), "%s:drop", counter);
	ruleset_counter(s, counter);
	ruleset_chain(s, drop);
	ruleset_base(s, chain, leg->from, NF_NETDEV_INGRESS, 0);
	ruleset_select_control(s, chain, leg->payload, drop);
	line = line_begin(s, drop);
	line_counter(&line, counter);
	line_verdict(&line, NF_DROP, NULL);
	line_end(&line);
}

int tap_install(const struct tap_legs *legs, char why[QUEUE_WHY])
{
	struct ruleset s;
	int error;

	ruleset_open(&s, TABLE);
	s.family = NFPROTO_NETDEV;
	ruleset_table(&s);
	ruleset_flush(&s);
	for (size_t i = 0; i < legs->n; i++)
		put_leg(&s, &legs->list[i]);
	error = ruleset_send(&s, true);
	snprintf(why, QUEUE_WHY, "%s%s", error ? "cannot install the rules beside the tap: " : "",
		 error ? strerror(-error) : "");
	return error;
}

int tap_remove(void)
{
	return ruleset_remove(TABLE, NFPROTO_NETDEV);
}
