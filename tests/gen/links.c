/* SPDX-License-Identifier: BSD-2-Clause */
/* One IGMP report and one datagram behind every link type and in every tunnel that weir reads,
 * in one pcapng file with an interface for each. */
#include <stdlib.h>

#include "gen/messages.h"
#include "sink/pcapng.h"

enum { PROTO_IGMP = 2, PROTO_IP4 = 4, PROTO_UDP = 17, PROTO_IP6 = 41, PROTO_GRE = 47, PROTO_L2TP = 115 };

static const char *const inner_source = "198.51.10.7", *const inner_group = "233.5.5.5";

/* The IP packet that every row carries: family 4 or 6. */
static void put_payload(struct frame *f, unsigned family)
{
	struct addr s = ip(family == 6 ? "2a10:77::7" : inner_source);
	struct addr group = ip(family == 6 ? "ff0e::5555" : inner_group);

	put_inner_ip(f, s, group, 33, PROTO_UDP, PLAIN);
	put_udp(f, 5004, 5004);
	put_filler(f, 24);
}

static void put_report(struct frame *f)
{
	put_inner_ip(f, ip("192.105.90.20"), ip(inner_group), 1, PROTO_IGMP, ALERT);
	put_igmp(f, 0x16, 0);
	put_addr(f, ip(inner_group));
}

struct link {
	const char *name;
	uint32_t    linktype;
	const char *header4, *header6;		/* hex before the IP packet */
};

static const struct link links[] = {
	{ "ethernet", 1, "01005e05050502000000000708 00", "333300005555020000000007 86dd" },
	{ "802.1Q", 1, "01005e050505020000000007 8100000c 0800", "333300005555020000000007 8100000c 86dd" },
	{ "QinQ", 1, "01005e050505020000000007 88a80007 8100000c 0800", "333300005555020000000007 91000007 8100000c 86dd" },
	{ "MPLS", 1, "01005e050505020000000007 8848 0006403f 0006513f", NULL },
	{ "PPPoE", 1, "020000000001020000000007 8864 1100 0001 0000 0021", "020000000001020000000007 8864 1100 0001 0000 0057" },
	{ "LLC/SNAP", 1, "01005e050505020000000007 0040 aaaa03 000000 0800", NULL },
	{ "linux-sll", 113, "0002 0001 0006 020000000007 0000 0800", "0002 0001 0006 020000000007 0000 86dd" },
	{ "linux-sll2", 276, "0800 0000 00000002 0001 02 06 020000000007 0000", "86dd 0000 00000002 0001 02 06 020000000007 0000" },
	{ "raw", 101, "", "" },
	{ "ipv4", 228, "", NULL },
	{ "ipv6", 229, NULL, "" },
	{ "null", 0, "02000000", "1e000000" },
	{ "null-swapped", 0, "00000002", "0000001c" },
	{ "loop", 108, "00000002", "00000018" },
	{ "ppp", 9, "ff03 0021", "ff03 0057" },
	{ "ppp-short", 9, "21", "57" },
	{ "ppp-serial", 50, "ff03 0021", "ff03 0057" },
	{ "c-hdlc", 104, "0f00 0800", "8f00 86dd" },
	{ "frame-relay", 107, "1841 03 cc", "1841 03 8e" },
	{ "802.11", 105, "0802 0000 01005e050505 020000000001 020000000007 1000 aaaa03 000000 0800",
	  "0802 0000 333300005555 020000000001 020000000007 1000 aaaa03 000000 86dd" },
	{ "802.11-qos", 105, "8802 0000 01005e050505 020000000001 020000000007 1000 0000 aaaa03 000000 0800", NULL },
	{ "radiotap", 127, "00000800 00000000 0802 0000 01005e050505 020000000001 020000000007 1000 aaaa03 000000 0800", NULL },
	{ "ppi", 192, "00000800 69000000 0802 0000 01005e050505 020000000001 020000000007 1000 aaaa03 000000 0800", NULL },
};

/* Hex digits; blanks are passed. */
static void put_hex(struct frame *f, const char *hex)
{
	unsigned digits = 0, value = 0;

	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		value = value << 4 | (unsigned)(*hex <= '9' ? *hex - '0' : *hex - 'a' + 10);
		if (++digits % 2 == 0)
			wr_u8(&f->w, (uint8_t)value);
	}
}

struct writer {
	struct pcapng_writer *file;
	struct frame	      frame;
	struct pcapng_link    link;
	uint16_t	      number;
	uint64_t	      frames;
};

static void write_frame(struct writer *w)
{
	struct span bytes = frame_close(&w->frame);
	struct packet p = { .at = { (GEN_START_S + (int64_t)++w->frames) * NS_PER_S }, .bytes = bytes,
			    .length = (uint32_t)bytes.n, .link = w->number, .linktype = w->link.linktype };

	pcapng_write(w->file, &p, &w->link, span_of(w->link.name));
}

static void write_link(struct writer *w, const struct link *l)
{
	w->link = (struct pcapng_link){ l->linktype, l->name, w->number % 2 ? 9 : 6 };
	for (unsigned i = 0; i < 3; i++) {
		if (!(i == 2 ? l->header6 : l->header4))
			continue;
		frame_open(&w->frame);
		put_hex(&w->frame, i == 2 ? l->header6 : l->header4);
		if (i == 1)
			put_report(&w->frame);
		else
			put_payload(&w->frame, i == 2 ? 6 : 4);
		if (strcmp(l->name, "PPPoE") == 0)	/* RFC 2516 4: the payload's length */
			wr_put_be16(&w->frame.w, 18, (uint16_t)(wr_done(&w->frame.w) - 20));
		write_frame(w);
	}
	w->number++;
}

/* NFLOG: TLVs in the writer's byte order, the payload last. */
static void write_nflog(struct writer *w)
{
	struct frame *f = &w->frame;
	size_t at;

	w->link = (struct pcapng_link){ 239, "nflog", 6 };
	frame_open(f);
	put_hex(f, "02000000 08000100 08000302");
	at = wr_done(&f->w);
	put_hex(f, "00000900");
	put_payload(f, 4);
	w->frame.bytes[at] = (uint8_t)(wr_done(&f->w) - at);
	write_frame(w);
	w->number++;
}

enum tunnel { TUNNEL_GRE, TUNNEL_IPIP, TUNNEL_6IN4, TUNNEL_4IN6, TUNNEL_VXLAN, TUNNEL_TEREDO, TUNNEL_AMT, TUNNEL_L2TP,
	      TUNNEL_GTP, TUNNEL_DEEP, TUNNEL_COUNT };

static void open_tunnel(struct frame *f, enum tunnel t)
{
	struct addr a = ip("198.51.9.1"), b = ip("192.105.90.1");
	static const unsigned protocol[] = { PROTO_GRE, PROTO_IP4, PROTO_IP6, PROTO_IP4, PROTO_UDP, PROTO_UDP,
					     PROTO_UDP, PROTO_UDP, PROTO_UDP, PROTO_GRE };
	static const struct { unsigned port; const char *header; } udp[TUNNEL_COUNT] = {
		[TUNNEL_VXLAN] = { 4789, "0800000000002a00 01005e050505 020000000007 0800" },
		[TUNNEL_TEREDO] = { 3544, "" },
		[TUNNEL_AMT] = { 2268, "0600" },
		[TUNNEL_L2TP] = { 1701, "0002 0001 0001 ff03 0021" },
		[TUNNEL_GTP] = { 2152, "30ff 0034 00000001" },
	};

	if (t == TUNNEL_4IN6) {
		a = ip("2a10:77::1");
		b = ip("2000:1::1");
	}
	put_ether(f, a, b);
	put_ip(f, a, b, 60, protocol[t], PLAIN);
	if (udp[t].port > 0) {
		put_udp(f, 50000, udp[t].port);
		put_hex(f, udp[t].header);
	} else if (protocol[t] == PROTO_GRE) {
		put_hex(f, "0000 0800");
	}
	if (t == TUNNEL_DEEP) {
		put_inner_ip(f, ip("10.1.1.1"), ip("10.1.1.2"), 50, PROTO_IP4, PLAIN);
		put_inner_ip(f, ip("10.2.1.1"), ip("10.2.1.2"), 50, PROTO_IP4, PLAIN);
	}
}

static void write_tunnels(struct writer *w)
{
	w->link = (struct pcapng_link){ 1, "tunnels", 9 };
	for (unsigned t = 0; t < TUNNEL_COUNT; t++) {
		frame_open(&w->frame);
		open_tunnel(&w->frame, (enum tunnel)t);
		put_payload(&w->frame, t == TUNNEL_6IN4 || t == TUNNEL_TEREDO ? 6 : 4);
		write_frame(w);
	}
}

int links_scene(const char *path)
{
	struct writer *w = calloc(1, sizeof(*w));
	int error = pcapng_writer_new(path, &w->file);

	if (!error) {
		for (size_t i = 0; i < COUNT(links); i++)
			write_link(w, &links[i]);
		write_nflog(w);
		write_tunnels(w);
		error = pcapng_writer_free(w->file);
	}
	free(w);
	return error;
}
