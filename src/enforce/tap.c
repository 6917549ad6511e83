/* SPDX-License-Identifier: BSD-2-Clause */
/* The judge's part of the tap: a frame is heard at one port of a bridge, and what is left of
 * it is sent out of the other, its VLAN tag put back.  IEEE 802.3, 802.1Q; RFC 8200 4
 * (extension headers).  Knows no rule of a policy and no message's layout. */
#include "enforce/tap.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/memory.h"

#define TURN_MAX 256
#define FRAME_BYTES (66 * 1024)
#define MACS 12u		/* bytes of the two addresses */

struct tap {
	struct tap_legs legs;
	int		fd;
	uint8_t	       *heard, *sent;		/* FRAME_BYTES each */
};

struct tap *tap_new(const struct tap_legs *legs, int fd)
{
	struct tap *tap = memory_take(sizeof(*tap));

	tap->legs = *legs;
	tap->fd = fd;
	tap->heard = memory_take(FRAME_BYTES);
	tap->sent = memory_take(FRAME_BYTES);
	return tap;
}

void tap_free(struct tap *tap)
{
	if (!tap)
		return;
	free(tap->heard);
	free(tap->sent);
	free(tap);
}

/* --- which packets --- */

static bool is_port(struct rd r)
{
	unsigned port;

	rd_skip(&r, 2);
	port = rd_be16(&r);
	return rd_ok(&r) && (port == 496 || port == 9875);
}

static bool carries4(struct rd r, bool payload)
{
	unsigned header = (rd_u8(&r) & 0xfu) * 4, fragment, protocol;

	rd_skip(&r, 5);
	fragment = rd_be16(&r) & 0x1fff;
	rd_skip(&r, 1);
	protocol = rd_u8(&r);
	rd_skip(&r, header - 10);
	if (!rd_ok(&r) || header < 20)
		return false;
	return protocol == 2 || protocol == 103 ||
	       (protocol == 17 && payload && fragment == 0 && is_port(r));
}

static bool is_icmp6_control(struct rd r)
{
	unsigned type = rd_u8(&r);

	return rd_ok(&r) && ((type >= 130 && type <= 132) || type == 134 || type == 143);
}

static bool is_extension(unsigned next)
{
	return next == 0 || next == 43 || next == 44 || next == 51 || next == 60;
}

static bool carries6(struct rd r, bool payload)
{
	unsigned next, offset = 0;

	rd_skip(&r, 6);
	next = rd_u8(&r);
	rd_skip(&r, 33);
	while (is_extension(next) && offset == 0 && rd_ok(&r)) {
		unsigned kind = next, length;

		next = rd_u8(&r);
		length = kind == 44 ? 0 : rd_u8(&r);
		if (kind == 44) {
			rd_skip(&r, 1);
			offset = rd_be16(&r) >> 3;
			rd_skip(&r, 4);
		} else {
			rd_skip(&r, (kind == 51 ? (length + 2) * 4 : (length + 1) * 8) - 2);
		}
	}
	if (!rd_ok(&r))
		return false;
	return next == 103 || (next == 58 && offset == 0 && is_icmp6_control(r)) ||
	       (next == 17 && payload && offset == 0 && is_port(r));
}

bool tap_carries(struct span packet, bool payload)
{
	struct rd r = rd_of(packet);
	unsigned version = packet.n > 0 ? packet.p[0] >> 4 : 0;

	if (version == 4)
		return carries4(r, payload);
	return version == 6 && carries6(r, payload);
}

/* --- one frame --- */

struct heard {
	struct span macs, packet;	/* the two addresses; what the frame carries */
	uint16_t    type;
	uint16_t    tag, tag_type;	/* tag_type 0: there was none */
	unsigned    index;		/* of the interface */
};

/* The kernel has taken the tag out of the frame. */
static void read_tag(struct msghdr *message, struct heard *h)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		struct tpacket_auxdata aux;

		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA ||
		    c->cmsg_len < CMSG_LEN(sizeof(aux)))
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
			continue;
		h->tag = aux.tp_vlan_tci;
		h->tag_type = aux.tp_status & TP_STATUS_VLAN_TPID_VALID ? aux.tp_vlan_tpid
									 : ETHERTYPE_VLAN;
	}
}

/* False where nothing waits; a frame that is none of the tap's has no packet. */
static bool hear(struct tap *tap, struct heard *out)
{
	struct sockaddr_ll from = { 0 };
	uint8_t control[256];
	struct iovec vector = { tap->heard, FRAME_BYTES };
	struct msghdr message = { .msg_name = &from, .msg_namelen = sizeof(from),
				  .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control,
				  .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(tap->fd, &message, MSG_DONTWAIT);
	struct rd r = rd_of((struct span){ tap->heard, n > 0 ? (size_t)n : 0 });

	if (n < 0)
		return false;
	*out = (struct heard){ .macs = rd_take(&r, MACS) };
	out->index = (unsigned)from.sll_ifindex;
	out->type = rd_be16(&r);
	out->packet = rd_rest(&r);
	if (!rd_ok(&r) || (out->type != ETHERTYPE_IP && out->type != ETHERTYPE_IPV6))
		out->packet = (struct span){ 0 };
	read_tag(&message, out);
	return true;
}

static bool send_frame(struct tap *tap, unsigned index, struct span to, struct span from,
		       const struct heard *h, struct span packet)
{
	const struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_ifindex = (int)index,
					     .sll_halen = ETH_ALEN };
	struct wr w = wr_of(tap->sent, FRAME_BYTES);

	wr_bytes(&w, to.p, to.n);
	wr_bytes(&w, from.p, from.n);
	if (h->tag_type != 0) {
		wr_be16(&w, h->tag_type);
		wr_be16(&w, h->tag);
	}
	wr_be16(&w, h->type);
	wr_bytes(&w, packet.p, packet.n);
	return wr_ok(&w) && sendto(tap->fd, tap->sent, wr_done(&w), MSG_DONTWAIT,
				   (const struct sockaddr *)&address, sizeof(address)) ==
				    (ssize_t)wr_done(&w);
}

/* --- judging --- */

struct carrying {
	struct tap	     *tap;
	const struct tap_leg *leg;
	struct queue_counts  *counts;
	struct queue_link_counts *links;
	struct heard	      heard;
	struct span	      packet;		/* what is left so far */
	struct mtime	      now;
};

/* Back to the port where the Register came from, as if from where it went. */
static void answer(struct carrying *c, struct span stop)
{
	const uint8_t *macs = c->heard.macs.p;
	struct span to = { macs + ETH_ALEN, ETH_ALEN }, from = { macs, ETH_ALEN };

	if (stop.n == 0)
		return;
	if (send_frame(c->tap, c->leg->from_index, to, from, &c->heard, stop))
		c->counts->stops++;
	else
		c->counts->stops_failed++;
}

static bool judge(struct carrying *c, enum queue_hook hook, struct trim *const *trims)
{
	size_t link = c->leg->links[hook];
	struct trim_packet in = {
		.bytes = c->packet, .at = c->now, .link = (uint16_t)link, .has_mac = true,
		.vlan = c->heard.tag_type ? c->heard.tag & 0xfff : VLAN_NONE,
		.direction = c->leg->directions[hook],
	};
	struct queue_link_counts *counts;
	struct trim_result out;

	if (link == SIZE_MAX)
		return true;
	counts = &c->links[link];
	memcpy(in.mac, c->heard.macs.p + ETH_ALEN, ETH_ALEN);
	trim_judge(trims[link], &in, &out);
	counts->judged[hook]++;
	counts->passed += out.act == TRIM_PASS;
	counts->dropped += out.act == TRIM_DROP;
	counts->rewritten += out.act == TRIM_REWRITE;
	answer(c, out.stop);
	if (out.act == TRIM_REWRITE)
		c->packet = out.packet;
	return out.act != TRIM_DROP;
}

static bool carry(struct carrying *c, struct trim *const *trims)
{
	const uint8_t *macs = c->heard.macs.p;
	struct span to = { macs, ETH_ALEN }, from = { macs + ETH_ALEN, ETH_ALEN };

	if (!judge(c, QUEUE_RECEIVED, trims) || !judge(c, QUEUE_FORWARDED, trims))
		return true;
	return send_frame(c->tap, c->leg->to_index, to, from, &c->heard, c->packet);
}

static const struct tap_leg *find_leg(const struct tap *tap, unsigned index)
{
	for (size_t i = 0; i < tap->legs.n; i++)
		if (index != 0 && tap->legs.list[i].from_index == index)
			return &tap->legs.list[i];
	return NULL;
}

int tap_turn(struct tap *tap, struct trim *const *trims, struct mtime now,
	     struct queue_counts *counts, struct queue_link_counts *links)
{
	struct carrying c = { .tap = tap, .counts = counts, .links = links, .now = now };
	int carried = 0;

	for (unsigned n = 0; n < TURN_MAX && hear(tap, &c.heard); n++) {
		c.leg = find_leg(tap, c.heard.index);
		if (!c.leg || !tap_carries(c.heard.packet, c.leg->payload))
			continue;
		c.packet = c.heard.packet;
		counts->lost += !carry(&c, trims);
		carried++;
	}
	return carried;
}
