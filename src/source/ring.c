/* SPDX-License-Identifier: BSD-2-Clause */
/* The reader's side of TPACKET_V3: Documentation/networking/packet_mmap.rst of Linux.  Knows no
 * packet beyond its link header's addresses. */
#include "source/ring.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"

#define TAG_BYTES 4
#define FETCHED_LINES 3			/* the headers of the ring, of the frame and of IP */
#define MAC_PAIR 12			/* both addresses before the type or the tag */
#define TPID_8021Q 0x8100
/* Where the address stands behind a packet's header, on the next 16 bytes. */
#define HEADER_BYTES ((sizeof(struct tpacket3_hdr) + 15) / 16 * 16)

/* Numbers of the pcap registry. */
enum { LINK_ETHERNET = 1, LINK_RAW = 101, LINK_WIFI = 105, LINK_RADIOTAP = 127 };

struct ring {
	int		     fd;
	uint8_t		    *memory;
	size_t		     bytes;
	uint32_t	     block_bytes, block_count;
	uint32_t	     block;		/* that is read, or waited for */
	uint32_t	     given;		/* the oldest block that was not given back */
	uint32_t	     kept;		/* blocks from there on that are done with */
	const uint8_t	    *next;		/* header of the packet at hand */
	uint32_t	     left;		/* packets of the block, this one included */
	bool		     is_loopback, has_packet;
	uint32_t	     linktype;
	uint16_t	     file, links[2];
	struct packet	     packet;
};

static bool linktype_of(uint32_t hardware, uint32_t *out)
{
	switch (hardware) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK:
		*out = LINK_ETHERNET;
		return true;
	case ARPHRD_NONE:
	case ARPHRD_PPP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
	case ARPHRD_IPGRE:
		*out = LINK_RAW;
		return true;
	case ARPHRD_IEEE80211:
		*out = LINK_WIFI;
		return true;
	case ARPHRD_IEEE80211_RADIOTAP:
		*out = LINK_RADIOTAP;
		return true;
	default:
		return false;
	}
}

int ring_new(const struct packet_socket *socket, uint16_t file, const uint16_t links[2],
	     struct ring **out)
{
	size_t bytes = (size_t)socket->block_bytes * socket->block_count;
	uint32_t linktype;
	struct ring *r;
	int error = 0;
	void *memory;

	if (!linktype_of(socket->hardware, &linktype)) {
		close(socket->fd);
		return -EPROTONOSUPPORT;
	}
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, socket->fd, 0);
	if (memory == MAP_FAILED) {
		error = -errno;
		close(socket->fd);
		return error;
	}
	r = memory_take(sizeof(*r));
	*r = (struct ring){ .fd = socket->fd, .memory = memory, .bytes = bytes,
			    .block_bytes = socket->block_bytes,
			    .block_count = socket->block_count,
			    .is_loopback = socket->hardware == ARPHRD_LOOPBACK,
			    .linktype = linktype, .file = file, .links = { links[0], links[1] } };
	*out = r;
	return 0;
}

void ring_free(struct ring *ring)
{
	if (!ring)
		return;
	munmap(ring->memory, ring->bytes);
	close(ring->fd);
	free(ring);
}

int ring_fd(const struct ring *ring)
{
	return ring->fd;
}

uint32_t ring_linktype(const struct ring *ring)
{
	return ring->linktype;
}

static struct tpacket_block_desc *block_at(const struct ring *r, uint32_t block)
{
	return (struct tpacket_block_desc *)(void *)(r->memory + (size_t)block * r->block_bytes);
}

/* The kernel hands a block over when it is full, or 50 ms old. */
static bool open_block(struct ring *r)
{
	struct tpacket_block_desc *block = block_at(r, r->block);

	if (r->kept == r->block_count ||
	    !(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return false;
	r->left = block->hdr.bh1.num_pkts;
	r->next = (const uint8_t *)block + block->hdr.bh1.offset_to_first_pkt;
	return true;
}

static void close_block(struct ring *r)
{
	r->block = (r->block + 1) % r->block_count;
	r->kept++;
}

/* Moves the addresses down into the room that was reserved, and writes the tag behind them. */
static struct span put_tag_back(const struct tpacket3_hdr *header, struct span frame)
{
	uint16_t tpid = header->tp_status & TP_STATUS_VLAN_TPID_VALID ? header->hv1.tp_vlan_tpid
								      : TPID_8021Q;
	uint16_t tci = (uint16_t)header->hv1.tp_vlan_tci;
	uint8_t *p = (uint8_t *)(uintptr_t)frame.p - TAG_BYTES;

	memmove(p, frame.p, MAC_PAIR);
	p[MAC_PAIR] = (uint8_t)(tpid >> 8);
	p[MAC_PAIR + 1] = (uint8_t)tpid;
	p[MAC_PAIR + 2] = (uint8_t)(tci >> 8);
	p[MAC_PAIR + 3] = (uint8_t)tci;
	return (struct span){ p, frame.n + TAG_BYTES };
}

/* False for the second sight of a packet: the loopback shows each as sent and as received. */
static bool read_packet(struct ring *r)
{
	const struct tpacket3_hdr *h = (const struct tpacket3_hdr *)(const void *)r->next;
	const struct sockaddr_ll *from =
		(const struct sockaddr_ll *)(const void *)(r->next + HEADER_BYTES);
	bool is_sent = from->sll_pkttype == PACKET_OUTGOING;
	struct span frame = { r->next + h->tp_mac, h->tp_snaplen };
	uint32_t tag = 0;

	if (is_sent && r->is_loopback)
		return false;
	if (h->tp_status & TP_STATUS_VLAN_VALID && r->linktype == LINK_ETHERNET &&
	    frame.n >= MAC_PAIR) {
		frame = put_tag_back(h, frame);
		tag = TAG_BYTES;
	}
	r->packet = (struct packet){
		.at = { (int64_t)h->tp_sec * NS_PER_S + h->tp_nsec }, .bytes = frame,
		.length = h->tp_len + tag, .file = r->file, .link = r->links[is_sent],
		.linktype = r->linktype,
		.checksums_unreliable = (h->tp_status & TP_STATUS_CSUMNOTREADY) != 0,
	};
	return true;
}

/* Packets lie as another processor wrote them: what will be read of the next one is fetched while
 * this one is copied, and it is judged some hundred packets later. */
static void step(struct ring *r)
{
	const struct tpacket3_hdr *h = (const struct tpacket3_hdr *)(const void *)r->next;

	r->next += h->tp_next_offset;
	if (--r->left == 0) {
		close_block(r);
		return;
	}
	for (unsigned line = 0; line < FETCHED_LINES; line++)
		__builtin_prefetch(r->next + line * 64);
}

const struct packet *ring_head(struct ring *r)
{
	while (!r->has_packet) {
		if (r->left == 0 && !open_block(r))
			return NULL;
		if (r->left == 0)
			close_block(r);		/* it held nothing */
		else if (read_packet(r))
			r->has_packet = true;
		else
			step(r);
	}
	return &r->packet;
}

void ring_take(struct ring *r)
{
	r->has_packet = false;
	step(r);
}

bool ring_is_spent(const struct ring *r)
{
	return !r->has_packet && r->left == 0;
}

void ring_give_back(struct ring *r)
{
	for (; r->kept > 0; r->kept--) {
		struct tpacket_block_desc *block = block_at(r, r->given);

		__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		r->given = (r->given + 1) % r->block_count;
	}
}
