/* SPDX-License-Identifier: BSD-2-Clause */
/* One hour at the border of a campus: what should cross, and every leak that
 * draft-chown-mboned-multicast-filtering-02 lists.  The campus is 192.105.90.0/23 and
 * 2000:1::/48; the world outside is 198.51.8.0/21 and 2a10:77::/32. */
#include "gen/messages.h"

#define HOUR (3600 * US_PER_S)
#define SECOND US_PER_S

static struct addr host4(const char *net, unsigned i)
{
	return addr_of4((uint32_t)ip(net).lo + i);
}

/* Senders that may cross: SSM, GLOP, SAP block, unicast-prefix-based, IPv6. */
static void put_wanted(struct gen *g)
{
	static const struct {
		const char *s, *group;
		unsigned    n, port, bytes;
	} flows[] = {
		{ "198.51.10.20", "232.1.10.1", 1440, 5004, 132 }, { "198.51.10.21", "232.1.10.2", 1200, 5004, 132 },
		{ "198.51.11.7", "232.44.0.9", 1080, 1234, 188 },  { "198.51.12.3", "233.100.8.1", 900, 5004, 96 },
		{ "192.105.90.40", "232.7.7.7", 1560, 5004, 132 }, { "192.105.90.41", "233.21.15.2", 540, 5004, 96 },
		{ "192.105.91.80", "224.2.176.10", 420, 49170, 80 }, { "198.51.10.9", "224.2.200.4", 540, 49200, 80 },
		{ "198.51.13.5", "234.198.51.13", 300, 5004, 96 }, { "198.51.13.6", "224.0.1.133", 60, 6001, 40 },
		{ "192.105.90.42", "233.252.18.4", 240, 5004, 96 },
		{ "2a10:77::20", "ff3e::8000:1001", 1080, 5004, 132 },
		{ "2000:1::40", "ff3e::8000:77", 900, 5004, 132 },
		{ "2a10:77::5", "ff3e:30:2a10:77::1", 180, 5004, 96 },
	};

	for (size_t i = 0; i < COUNT(flows); i++)
		put_flow(g, (int64_t)i * 917000, HOUR / flows[i].n - 1000, flows[i].n, ip(flows[i].s),
			 ip(flows[i].group), 61 - (unsigned)i, flows[i].port, flows[i].bytes);
}

/* Section 3.1 of the draft, all 46 entries: group, UDP port, senders, packets of each. */
static const struct {
	const char *group;
	unsigned    port, senders, packets;
} leaks[] = {
	{ "224.0.1.1", 123, 22, 42 },	   { "224.0.1.2", 5002, 1, 3 },	    { "224.0.1.3", 513, 2, 20 },
	{ "224.0.1.8", 111, 2, 11 },	   { "224.0.1.20", 6000, 1, 9 },    { "224.0.1.22", 427, 6, 13 },
	{ "224.0.1.24", 445, 3, 10 },	   { "224.0.1.25", 5010, 1, 4 },    { "224.0.1.35", 427, 4, 8 },
	{ "224.0.1.38", 497, 1, 12 },	   { "224.0.1.41", 1718, 2, 6 },    { "224.0.1.60", 427, 9, 20 },
	{ "224.0.1.65", 3517, 1, 5 },	   { "224.0.1.76", 2313, 2, 14 },   { "224.0.2.1", 513, 1, 20 },
	{ "224.0.2.2", 111, 2, 9 },	   { "224.0.2.3", 3289, 3, 12 },    { "224.0.23.1", 161, 1, 7 },
	{ "224.0.23.2", 161, 1, 7 },	   { "224.1.0.1", 2048, 1, 11 },    { "224.1.0.38", 497, 1, 12 },
	{ "224.2.0.2", 402, 1, 5 },	   { "224.2.0.3", 402, 1, 5 },	    { "224.77.1.1", 6666, 1, 88 },
	{ "224.101.101.101", 7009, 2, 15 }, { "225.1.2.3", 402, 1, 19 },    { "226.77.9.2", 6666, 1, 30 },
	{ "229.55.150.208", 1345, 1, 17 }, { "231.12.0.9", 7000, 1, 6 },    { "234.21.81.1", 6347, 1, 12 },
	{ "234.42.42.1", 12345, 1, 4 },	   { "234.42.42.33", 12345, 1, 3 }, { "234.42.42.41", 12345, 1, 3 },
	{ "234.142.142.43", 12345, 1, 3 }, { "234.142.142.45", 12345, 1, 3 },
	{ "234.142.142.50", 12345, 1, 3 }, { "234.142.142.70", 12345, 1, 3 },
	{ "234.142.142.130", 12345, 1, 3 }, { "234.142.142.137", 12345, 1, 3 },
	{ "234.142.142.141", 12345, 1, 3 }, { "234.142.142.142", 12345, 1, 3 },
	{ "239.17.4.2", 5004, 2, 120 },	   { "239.252.3.3", 5004, 1, 40 },  { "239.234.5.6", 9600, 1, 8 },
	{ "239.255.255.250", 1900, 14, 60 }, { "239.255.255.253", 427, 3, 12 },
	{ "239.192.152.143", 6771, 2, 12 }, { "ff05::c", 1900, 5, 12 },	    { "ff08::101", 123, 2, 9 },
	{ "ff0e::101", 123, 2, 9 },	   { "ff12::8384", 21027, 2, 10 },
};

static void put_leaks(struct gen *g)
{
	unsigned sender = 0;

	for (size_t i = 0; i < COUNT(leaks); i++) {
		struct addr group = ip(leaks[i].group);

		for (unsigned k = 0; k < leaks[i].senders; k++) {
			struct addr s = group.family == FAMILY_IP6 ? addr_of6(ip("2000:1::").hi, 0x100 + k)
								   : host4("192.105.90.0", 10 + sender++ % 480);

			put_flow(g, (int64_t)(i * 31 + k * 7) * SECOND % (HOUR / 2), 20 * SECOND,
				 leaks[i].packets, s, group, leaks[i].port == 1900 ? 4 : 8, leaks[i].port, 60);
		}
	}
	put_auto_rp(g, 40 * SECOND, ip("192.105.90.1"), false, ip("192.105.90.1"), ip("224.0.0.0"), 4);
	put_auto_rp(g, 41 * SECOND, ip("192.105.90.1"), true, ip("192.105.90.1"), ip("224.0.0.0"), 4);
	put_auto_rp(g, 100 * SECOND, ip("192.105.90.1"), true, ip("192.105.90.1"), ip("239.0.0.0"), 8);
}

/* Section 3.1: sources that are never legitimate between domains. */
static void put_bogons(struct gen *g)
{
	static const struct { const char *s, *group; unsigned n; } flows[] = {
		{ "10.20.3.9", "232.1.1.7", 180 },     { "172.16.9.1", "233.4.4.4", 90 },
		{ "192.168.4.11", "224.2.150.1", 120 }, { "169.254.7.7", "224.2.151.1", 20 },
		{ "192.0.2.44", "233.4.4.5", 12 },     { "127.0.0.1", "224.2.152.1", 3 },
		{ "100.64.9.9", "232.1.1.8", 25 },     { "fe80::99", "ff3e::8000:5", 9 },
		{ "fd00::9", "ff0e::4242", 11 },
	};

	for (size_t i = 0; i < COUNT(flows); i++)
		put_flow(g, (int64_t)i * 61 * SECOND, 15 * SECOND, flows[i].n, ip(flows[i].s), ip(flows[i].group),
			 127, 5004, 90);
}

static void put_members(struct gen *g)
{
	struct addr none = ADDR_NONE, querier = ip("192.105.90.1");

	for (int64_t at = 0; at < HOUR; at += 125 * SECOND) {
		put_membership(g, at, querier, 0x11, none);
		put_membership(g, at + 1000, ip("fe80::1"), 130, none);
		for (unsigned i = 0; i < 24; i++)
			put_report3(g, at + (1 + i % 9) * SECOND / 2 + i, host4("192.105.90.0", 20 + i),
				    &(struct record){ TO_IN, ip(i % 2 ? "232.1.10.1" : "232.44.0.9"), 1,
						      { ip(i % 2 ? "198.51.10.20" : "198.51.11.7") } }, 1);
		for (unsigned i = 0; i < 12; i++)
			put_membership(g, at + 3 * SECOND + i * 90000, host4("192.105.91.0", 30 + i), 0x16,
				       ip(i % 3 ? "224.2.200.4" : "239.255.255.250"));
		for (unsigned i = 0; i < 6; i++)
			put_report3(g, at + 4 * SECOND + i * 70000, addr_of6(ip("fe80::").hi, 0x30 + i),
				    &(struct record){ IS_IN, ip("ff3e::8000:1001"), 1, { ip("2a10:77::20") } }, 1);
	}
	/* (*,G) for an SSM group, private sources, and a router that reports SAP's group */
	for (unsigned i = 0; i < 3; i++)
		put_report3(g, (200 + i * 60) * SECOND, host4("192.105.90.0", 77 + i),
			    &(struct record){ TO_EX, ip("232.9.9.9"), 0, { none } }, 1);
	put_report3(g, 330 * SECOND, ip("192.105.90.85"),
		    (struct record[]){ { IS_IN, ip("232.3.3.3"), 1, { ip("10.1.1.1") } },
				       { IS_EX, ip("224.77.1.1"), 1, { ip("192.105.90.2") } },
				       { BLOCK, ip("232.44.0.9"), 1, { ip("198.51.11.7") } } }, 3);
	put_membership(g, 402 * SECOND, querier, 0x16, ip("224.2.127.254"));
	put_membership(g, 500 * SECOND, ip("192.105.91.33"), 0x17, ip("224.2.200.4"));
	put_membership(g, 501 * SECOND, ip("192.105.91.90"), 0x12, ip("224.0.1.1"));
}

static void put_routers(struct gen *g)
{
	struct addr inside = ip("192.105.90.1"), outside = ip("192.105.90.2");

	for (int64_t at = 0; at < HOUR; at += 30 * SECOND) {
		put_hello(g, at, inside);
		put_hello(g, at + 9000, outside);
		put_hello(g, at + 12000, ip("fe80::1"));
	}
	for (int64_t at = 5 * SECOND; at < HOUR; at += 60 * SECOND) {
		put_join(g, at, inside, outside, ip("198.51.10.20"), ip("232.1.10.1"));
		put_join(g, at + 50, inside, outside, ip("198.51.11.7"), ip("232.44.0.9"));
		put_join(g, at + 90, outside, inside, ip("192.105.90.40"), ip("232.7.7.7"));
		put_join(g, at + 95, ip("fe80::1"), ip("fe80::2"), ip("2a10:77::20"), ip("ff3e::8000:1001"));
	}
	for (unsigned i = 0; i < 14; i++)
		put_join(g, (70 + i * 60) * SECOND, inside, outside, ip("172.16.9.1"), ip("232.1.1.7"));
	for (unsigned i = 0; i < 6; i++)
		put_join_prune(g, (80 + i * 60) * SECOND, inside, outside, ip("224.2.200.4"),
			       (struct entry[]){ { ip("198.51.10.1"), 7 }, { ip("198.51.10.9"), 5 } }, 1, 1);
	for (unsigned i = 0; i < 60; i++)
		put_bootstrap(g, (10 + i * 60) * SECOND, outside, ip("198.51.10.1"), ip("224.0.0.0"), 4,
			      ip("198.51.10.1"));
	for (unsigned i = 0; i < 10; i++)
		put_candidate_rp(g, (15 + i * 60) * SECOND, ip("198.51.10.77"), inside, ip("233.0.0.0"), 8);
	for (unsigned i = 0; i < 25; i++) {
		put_register(g, (90 + i * 100) * SECOND, outside, inside, ip("198.51.12.3"), ip("233.100.8.1"),
			     i % 5 ? 96 : 0);
		put_register_stop(g, (90 + i * 100) * SECOND + 4000, inside, outside, ip("198.51.12.3"),
				  ip("233.100.8.1"));
	}
	put_register(g, 95 * SECOND, outside, inside, ip("10.8.8.8"), ip("232.4.4.4"), 60);
	for (unsigned i = 0; i < 18; i++)
		put_router_advertisement(g, (20 + i * 200) * SECOND, ip(i == 11 ? "fe80::bad:1" : "fe80::1"), 255);
	put_router_advertisement(g, 2345 * SECOND, ip("fe80::77"), 254);
}

/* One source behind a peer storms: every tenth segment is split, the second half first, and
 * sent again whole. */
static void put_storm(struct gen *g, struct session *peer)
{
	uint8_t buffer[1400];

	for (unsigned i = 0; i < 60; i++) {
		struct wr w = wr_of(buffer, sizeof(buffer));
		int64_t at = (1802 + i / 2) * SECOND + i * 11000;
		struct span all;

		write_sa(&w, peer->from, ip("198.51.12.9"), addr_of4(0xe0030000 + i * 25), 25, false);
		write_keepalive(&w);
		all = wr_span(&w);
		if (i % 10 == 9) {
			put_segment_at(g, at, peer, peer->seq + 150, (struct span){ all.p + 150, all.n - 150 });
			put_segment_at(g, at + 300, peer, peer->seq, (struct span){ all.p, 150 });
		}
		put_segment(g, at + 900, peer, all);
	}
}

/* One peer sends 1,204 good entries every minute. */
static void put_msdp(struct gen *g)
{
	struct session peer = { ip("198.51.10.1"), ip("192.105.90.1"), 0, 0 };
	uint8_t buffer[1400];

	put_handshake(g, 2 * SECOND, &peer);
	for (unsigned minute = 1; minute <= 60; minute++) {
		for (unsigned i = 0; i < 43; i++) {
			struct wr w = wr_of(buffer, sizeof(buffer));

			write_sa(&w, peer.from, host4("198.51.8.0", i), addr_of4(0xe9640000 + i * 256), 28, false);
			put_segment(g, minute * 60 * SECOND + i * 20000, &peer, wr_span(&w));
		}
		if (minute == 30)
			put_storm(g, &peer);
	}
}

static void put_sessions(struct gen *g)
{
	struct addr sap = ip("224.2.127.254");

	for (int64_t at = 33 * SECOND; at < HOUR; at += 300 * SECOND) {
		put_sap(g, at, ip("192.105.90.40"), sap, 0,
			sdp_text("Campus lecture channel", "192.105.90.40", "232.7.7.7", 61, 1));
		put_sap(g, at + 10000, ip("198.51.10.9"), sap, 0,
			sdp_text("Seminar", "198.51.10.9", "224.2.200.4", 127, 1));
		put_sap(g, at + 20000, ip("2a10:77::20"), ip("ff0e::2:7ffe"), 0,
			sdp_text("Physics seminar", "2a10:77::20", "ff3e::8000:1001", 0, 1));
	}
	for (unsigned i = 0; i < 311; i++)
		put_sap(g, 100 * SECOND + i * 10 * SECOND, ip("192.168.4.11"), sap, 0,
			sdp_text("private", "192.168.4.11", "239.1.1.1", 255, 1));
	for (unsigned i = 0; i < 5; i++)
		put_data(g, (700 + i) * SECOND, ip("192.105.91.55"), sap, 32, 9875, 1200);
}

static void put_ras(struct gen *g)
{
	put_rasadv(g, 131 * SECOND, ip("192.105.90.102"), "thepcsname", NULL);
	put_rasadv(g, 0, ip("192.105.91.20"), "vpn1", "example.com");
	put_rasadv(g, HOUR - SECOND, ip("192.105.91.20"), "vpn1", "example.com");
	put_rasadv(g, 2222 * SECOND, ip("192.105.90.119"), "\033]0;owned\007PC<script>", NULL);
	put_membership(g, 140 * SECOND, ip("192.105.90.7"), 0x16, ip("239.255.2.2"));
}

/* A worm tries groups at random; a stream with TTL 64 that was to stay at home. */
static void put_oddities(struct gen *g)
{
	for (unsigned i = 0; i < 300; i++)
		put_data(g, 1500 * SECOND + i * 25000, ip("192.105.90.66"),
			 addr_of4(0xe0000000 | random_below(&g->random, 1u << 27) | 1u << 16), 127, 1434, 376);
	put_flow(g, 12 * SECOND, 5 * SECOND, 400, ip("192.105.91.77"), ip("239.255.7.7"), 64, 5004, 96);
	put_flow(g, 14 * SECOND, 9 * SECOND, 300, ip("192.105.90.9"), ip("224.0.0.251"), 255, 5353, 70);
	put_flow(g, 15 * SECOND, 30 * SECOND, 100, ip("fe80::9"), ip("ff02::fb"), 255, 5353, 70);
}

static void put_unicast_hour(struct gen *g)
{
	for (unsigned i = 0; i < 6000; i++)
		put_unicast_traffic(g, (int64_t)i * (HOUR / 6000) + random_below(&g->random, 300000),
				    host4("198.51.8.0", random_below(&g->random, 2000)),
				    host4("192.105.90.0", random_below(&g->random, 500)),
				    random_below(&g->random, 160));
}

/* The same packets seen on two VLANs. */
static void put_twice(struct gen *g)
{
	for (unsigned i = 0; i < 30; i++) {
		struct frame copy;
		struct span bytes;

		g->vlan = 12;
		(void)gen_frame(g, ip("192.105.90.43"), ip("233.21.15.3"));
		put_ip(&g->frame, ip("192.105.90.43"), ip("233.21.15.3"), 30, 17, PLAIN);
		put_udp(&g->frame, 5004, 5004);
		put_filler(&g->frame, 90 + i);
		bytes = frame_close(&g->frame);
		gen_put(g, (900 + i) * SECOND, bytes);
		memcpy(copy.bytes, bytes.p, bytes.n);
		copy.bytes[15] = 34;
		gen_put(g, (900 + i) * SECOND + 40, (struct span){ copy.bytes, bytes.n });
	}
	g->vlan = 0;
}

void campus_scene(struct gen *g, uint64_t size)
{
	(void)size;
	g->snaplen = 1200;
	put_wanted(g);
	put_leaks(g);
	g->vlan = 12;
	put_bogons(g);
	g->vlan = 0;
	put_members(g);
	put_routers(g);
	put_msdp(g);
	put_sessions(g);
	g->vlan = 34;
	put_ras(g);
	g->service_vlan = 7;
	put_oddities(g);
	g->vlan = g->service_vlan = 0;
	put_unicast_hour(g);
	put_twice(g);
}
