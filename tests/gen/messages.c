/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole frames of the protocols: data, membership, MSDP, SAP, RAS servers, routers. */
#include "gen/messages.h"

enum { PROTO_IGMP = 2, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_ICMP6 = 58 };

void put_datagram(struct gen *g, int64_t at, struct addr s, struct addr group, unsigned ttl,
		  unsigned sport, unsigned dport, struct span payload)
{
	struct frame *f = gen_frame(g, s, group);

	put_ip(f, s, group, ttl, PROTO_UDP, PLAIN);
	put_udp(f, sport, dport);
	wr_bytes(&f->w, payload.p, payload.n);
	gen_put_frame(g, at);
}

void put_data(struct gen *g, int64_t at, struct addr s, struct addr group, unsigned ttl,
	      unsigned port, size_t n)
{
	struct frame *f = gen_frame(g, s, group);

	put_ip(f, s, group, ttl, PROTO_UDP, PLAIN);
	put_udp(f, port, port);
	put_filler(f, n);
	gen_put_frame(g, at);
}

void put_flow(struct gen *g, int64_t from, int64_t every, unsigned n, struct addr s,
	      struct addr group, unsigned ttl, unsigned port, size_t bytes)
{
	for (unsigned i = 0; i < n; i++)
		put_data(g, from + i * every + random_below(&g->random, 900), s, group, ttl, port, bytes);
}

static void put_mld(struct gen *g, int64_t at, struct addr host, unsigned type, struct addr group)
{
	struct addr to = type == 132 ? ip("ff02::2") : addr_is_there(group) ? group : ip("ff02::1");
	struct frame *f = gen_frame(g, host, to);

	put_ip(f, host, to, 1, PROTO_ICMP6, ALERT);
	put_icmp6(f, type, 0);
	wr_be32(&f->w, type == 130 ? 10000u << 16 : 0);
	put_addr(f, addr_is_there(group) ? group : ip("::"));
	gen_put_frame(g, at);
}

void put_membership(struct gen *g, int64_t at, struct addr host, unsigned type, struct addr group)
{
	struct addr all = ip("224.0.0.1");
	struct addr to = type == 0x17 ? ip("224.0.0.2") : addr_is_there(group) ? group : all;
	struct frame *f;

	if (host.family == FAMILY_IP6) {
		put_mld(g, at, host, type, group);
		return;
	}
	f = gen_frame(g, host, to);
	put_ip(f, host, to, 1, PROTO_IGMP, ALERT);
	put_igmp(f, type, type == 0x11 ? 100 : 0);
	put_addr(f, addr_is_there(group) ? group : ip("0.0.0.0"));
	gen_put_frame(g, at);
}

void put_report3(struct gen *g, int64_t at, struct addr host, const struct record *records, unsigned n)
{
	bool is_mld = host.family == FAMILY_IP6;
	struct addr to = ip(is_mld ? "ff02::16" : "224.0.0.22");
	struct frame *f = gen_frame(g, host, to);

	put_ip(f, host, to, 1, is_mld ? PROTO_ICMP6 : PROTO_IGMP, ALERT);
	if (is_mld)
		put_icmp6(f, 143, 0);
	else
		put_igmp(f, 0x22, 0);
	wr_be32(&f->w, n);
	for (unsigned i = 0; i < n; i++) {
		wr_be16(&f->w, (uint16_t)(records[i].type << 8));
		wr_be16(&f->w, (uint16_t)records[i].n);
		put_addr(f, records[i].group);
		for (unsigned k = 0; k < records[i].n; k++)
			put_addr(f, records[i].sources[k]);
	}
	gen_put_frame(g, at);
}

static void put_tcp_frame(struct gen *g, int64_t at, const struct session *s, bool back, uint32_t seq,
			  uint32_t ack, unsigned flags, struct span bytes)
{
	struct addr from = back ? s->to : s->from, to = back ? s->from : s->to;
	struct frame *f = gen_frame(g, from, to);

	put_ip(f, from, to, 255, PROTO_TCP, PLAIN);
	put_tcp(f, back ? 639 : 51234, back ? 51234 : 639, seq, ack, flags);
	wr_bytes(&f->w, bytes.p, bytes.n);
	gen_put_frame(g, at);
}

void put_handshake(struct gen *g, int64_t at, struct session *s)
{
	struct span none = { NULL, 0 };

	s->seq = (uint32_t)random_next(&g->random);
	s->ack = (uint32_t)random_next(&g->random);
	put_tcp_frame(g, at, s, false, s->seq++, 0, 0x02, none);
	put_tcp_frame(g, at + 400, s, true, s->ack++, s->seq, 0x12, none);
	put_tcp_frame(g, at + 800, s, false, s->seq, s->ack, 0x10, none);
}

void put_segment_at(struct gen *g, int64_t at, const struct session *s, uint32_t seq,
		    struct span bytes)
{
	put_tcp_frame(g, at, s, false, seq, s->ack, 0x18, bytes);
}

void put_segment(struct gen *g, int64_t at, struct session *s, struct span bytes)
{
	put_segment_at(g, at, s, s->seq, bytes);
	s->seq += (uint32_t)bytes.n;
	put_acknowledgment(g, at + 600, s);
}

void put_acknowledgment(struct gen *g, int64_t at, const struct session *s)
{
	put_tcp_frame(g, at, s, true, s->ack, s->seq, 0x10, (struct span){ NULL, 0 });
}

void write_keepalive(struct wr *w)
{
	wr_u8(w, 4);
	wr_be16(w, 3);
}

void write_sa(struct wr *w, struct addr rp, struct addr s, struct addr group, unsigned n, bool next_source)
{
	wr_u8(w, 1);
	wr_be16(w, (uint16_t)(8 + 12 * n));
	wr_u8(w, (uint8_t)n);
	addr_write(rp, w);
	for (unsigned i = 0; i < n; i++) {
		wr_be32(w, 32);
		addr_write(addr_of4((uint32_t)group.lo + i), w);
		addr_write(addr_of4((uint32_t)s.lo + (next_source ? i : 0)), w);
	}
}

void put_rasadv(struct gen *g, int64_t at, struct addr server, const char *host, const char *domain)
{
	char text[1024];
	int n = snprintf(text, sizeof(text), "Hostname=%s\n", host);

	if (domain)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "Domain=%s\n", domain);
	put_datagram(g, at, server, ip("239.255.2.2"), 15, 1034, 9753,
		     (struct span){ (uint8_t *)text, (size_t)n + 1 });
}

const char *sdp_text(const char *name, const char *origin, const char *group, unsigned ttl, unsigned count)
{
	static char text[2048];
	bool six = strchr(group, ':') != NULL;
	char suffix[32];

	snprintf(suffix, sizeof(suffix), six ? "%.0u/%u" : "/%u/%u", six ? 0 : ttl, count);
	snprintf(text, sizeof(text),
		 "v=0\r\no=- 3001 1 IN %s %s\r\ns=%s\r\ni=A lecture\r\nc=IN %s %s%s\r\n"
		 "t=3975177600 0\r\nm=video 5004 RTP/AVP 33\r\na=rtpmap:33 MP2T/90000\r\n",
		 strchr(origin, ':') ? "IP6" : "IP4", origin, name, six ? "IP6" : "IP4", group, suffix);
	return text;
}

void put_sap(struct gen *g, int64_t at, struct addr s, struct addr group, unsigned flags, const char *sdp)
{
	struct frame *f = gen_frame(g, s, group);

	put_ip(f, s, group, 255, PROTO_UDP, PLAIN);
	put_udp(f, 9875, 9875);
	wr_u8(&f->w, (uint8_t)(0x20 | flags | (s.family == FAMILY_IP6 ? 0x10 : 0)));
	wr_u8(&f->w, 0);
	wr_be16(&f->w, (uint16_t)(strlen(sdp) * 31 + 1));
	put_addr(f, s);
	put_text(f, "application/sdp");
	wr_u8(&f->w, 0);
	put_text(f, sdp);
	gen_put_frame(g, at);
}

void put_router_advertisement(struct gen *g, int64_t at, struct addr router, unsigned hops)
{
	struct addr all = ip("ff02::1");
	struct frame *f = gen_frame(g, router, all);

	put_ip(f, router, all, hops, PROTO_ICMP6, PLAIN);
	put_icmp6(f, 134, 0);
	wr_be32(&f->w, 0x40000708);		/* hop limit 64, lifetime 1800 s */
	wr_be32(&f->w, 0);
	wr_be32(&f->w, 0);
	wr_be32(&f->w, 0x030440c0);		/* prefix information */
	wr_be32(&f->w, 2592000);
	wr_be32(&f->w, 604800);
	wr_be32(&f->w, 0);
	put_addr(f, ip("2000:1::"));
	gen_put_frame(g, at);
}

void put_unicast_traffic(struct gen *g, int64_t at, struct addr a, struct addr b, size_t n)
{
	struct frame *f = gen_frame(g, a, b);

	put_ip(f, a, b, 62, PROTO_TCP, PLAIN);
	put_tcp(f, 443, 40000 + (unsigned)(b.lo & 0x3ff), (uint32_t)at, 1, 0x18);
	put_filler(f, n);
	gen_put_frame(g, at);
}
