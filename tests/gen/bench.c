/* SPDX-License-Identifier: BSD-2-Clause */
/* The captures of the benchmark.  The mix: 72 % UDP multicast in about 95,000 (S,G) of which
 * few send much, 15 % unicast, 5 % IGMP, 2.5 % PIM, 1 % MSDP, 1.5 % SAP, 3 % the chatter of a
 * LAN; every tenth frame with a VLAN tag; 700 bytes on average.  Hosts, routers and peers ask for
 * and announce the 4,096 busiest flows, again and again, as they do. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "gen/messages.h"

#define FLOWS 116000
#define FLOWS_KNOWN 4096

struct mix {
	struct gen    *g;
	uint64_t       seed;
	int64_t	       at;
	struct addr   *sources, *groups;
	struct session peer;
	size_t	       announced;		/* SA entries so far */
};

static const char *const blocks[] = { "232.0.0.0", "233.0.0.0", "239.0.0.0", "224.2.128.0", "224.0.1.0", "234.0.0.0" };

static void choose_flows(struct mix *m)
{
	m->sources = memory_array(FLOWS, sizeof(*m->sources));
	m->groups = memory_array(FLOWS, sizeof(*m->groups));
	for (size_t i = 0; i < FLOWS; i++) {
		uint32_t r = random_below(&m->seed, 100);
		const char *block = blocks[r < 55 ? 0 : r < 70 ? 1 : r < 85 ? 2 : r < 92 ? 3 : r < 95 ? 4 : 5];
		uint32_t spread = block == blocks[3] ? 1u << 14 : block == blocks[4] ? 1u << 8 : 1u << 22;
		uint32_t net = r % 10 == 0 ? 0x0a000000 : 0xc6330800;

		m->groups[i] = addr_of4((uint32_t)ip(block).lo + 256 + random_below(&m->seed, spread));
		m->sources[i] = addr_of4(net + random_below(&m->seed, net == 0x0a000000 ? 1u << 20 : 2048));
	}
}

/* The n-th flow of so many is chosen about 1/n as often as the first. */
static size_t choose_flow(struct mix *m, size_t flows)
{
	double u = (double)(random_next(&m->seed) >> 11) / 9007199254740992.0;
	size_t i = (size_t)pow((double)flows, u) - 1;

	return i < flows ? i : flows - 1;
}

static struct addr host(struct mix *m)
{
	return addr_of4(0xc0695a00 + random_below(&m->seed, 512));
}

static void mix_data(struct mix *m)
{
	size_t i = choose_flow(m, FLOWS);
	uint32_t r = random_below(&m->seed, 100);

	put_data(m->g, m->at, m->sources[i], m->groups[i], 16 + (unsigned)(i & 63), 5004,
		 r < 50 ? 1316 : 60 + random_below(&m->seed, 420));
}

static void mix_igmp(struct mix *m)
{
	size_t i = choose_flow(m, FLOWS_KNOWN);

	if (random_below(&m->seed, 2))
		put_membership(m->g, m->at, host(m), 0x16, m->groups[i]);
	else
		put_report3(m->g, m->at, host(m),
			    (struct record[]){ { TO_IN, m->groups[i], 1, { m->sources[i] } },
					       { IS_EX, m->groups[choose_flow(m, FLOWS_KNOWN)], 0, { ADDR_NONE } } }, 2);
}

static void mix_pim(struct mix *m)
{
	struct addr a = addr_of4(0xc0695a01), b = addr_of4(0xc0695a02);
	size_t i = choose_flow(m, FLOWS_KNOWN);

	switch (random_below(&m->seed, 10)) {
	case 0:
		put_hello(m->g, m->at, a);
		break;
	case 1:
		put_register(m->g, m->at, a, b, m->sources[i], m->groups[i], 200);
		break;
	default:
		put_join(m->g, m->at, a, b, m->sources[i], m->groups[i]);
	}
}

/* One SA with ten entries, the next of all that the peer knows; or the other end's thanks. */
static void mix_msdp(struct mix *m)
{
	uint8_t buffer[256];
	struct wr w = wr_of(buffer, sizeof(buffer));

	if (random_below(&m->seed, 2)) {
		put_acknowledgment(m->g, m->at, &m->peer);
		return;
	}
	wr_u8(&w, 1);
	wr_be16(&w, 8 + 12 * 10);
	wr_u8(&w, 10);
	addr_write(m->peer.from, &w);
	for (unsigned i = 0; i < 10; i++) {
		size_t known = m->announced++ % FLOWS_KNOWN;

		wr_be32(&w, 32);
		addr_write(m->groups[known], &w);
		addr_write(m->sources[known], &w);
	}
	put_segment_at(m->g, m->at, &m->peer, m->peer.seq, wr_span(&w));
	m->peer.seq += (uint32_t)wr_done(&w);
}

static void mix_chatter(struct mix *m)
{
	switch (random_below(&m->seed, 4)) {
	case 0:
		put_data(m->g, m->at, host(m), addr_of4(0xe00000fb), 255, 5353, 120);
		break;
	case 1:
		put_data(m->g, m->at, host(m), addr_of4(0xeffffffa), 4, 1900, 180);
		break;
	case 2:
		put_router_advertisement(m->g, m->at, addr_of6(0xfe80ull << 48, 1), 255);
		break;
	default:
		put_data(m->g, m->at, addr_of6(0xfe80ull << 48, 2 + random_below(&m->seed, 99)),
			 addr_of6(0xff02ull << 48, 0xfb), 255, 5353, 120);
	}
}

static void mix_packet(struct mix *m)
{
	uint32_t r = random_below(&m->seed, 1000);
	struct addr sap = addr_of4(0xe0027ffe);

	m->g->vlan = r % 10 == 3 ? 12 : 0;
	m->at += random_below(&m->seed, 300) + 1;
	r = random_below(&m->seed, 1000);
	if (r < 720)
		mix_data(m);
	else if (r < 870)
		put_unicast_traffic(m->g, m->at, host(m), addr_of4(0xc6330800 + random_below(&m->seed, 2048)),
				    random_below(&m->seed, 1200));
	else if (r < 920)
		mix_igmp(m);
	else if (r < 945)
		mix_pim(m);
	else if (r < 955)
		mix_msdp(m);
	else if (r < 970)
		put_sap(m->g, m->at, host(m), sap, 0, sdp_text("Lecture", "192.105.90.40", "232.7.7.7", 61, 1));
	else
		mix_chatter(m);
}

void mix_scene(struct gen *g, uint64_t size)
{
	struct mix m = { .g = g, .seed = 7 };

	choose_flows(&m);
	m.peer = (struct session){ addr_of4(0xc6330a01), addr_of4(0xc0695a01), 0, 0 };
	put_handshake(g, 0, &m.peer);
	m.at = 1000;
	while (g->written < size)
		mix_packet(&m);
	free(m.sources);
	free(m.groups);
}

/* A million sources, 65 thousand groups, and as much of everything else that is remembered. */
static void worst_packet(struct gen *g, uint64_t *seed, unsigned i)
{
	struct addr s = addr_of4(0x14000000 + i), group = addr_of4(0xe8010000 + (random_below(seed, 1u << 16)));
	struct addr router = addr_of4(0xc0690000 + random_below(seed, 4096));
	struct session peer = { addr_of4(0x15000000 + random_below(seed, 5000)), addr_of4(0xc0695a01), 0, 0 };
	uint8_t buffer[256];
	struct wr w = wr_of(buffer, sizeof(buffer));
	int64_t at = (int64_t)i * 50;
	char name[32];

	put_data(g, at, s, group, 30, 5004, 12);
	switch (i % 8) {
	case 0:
		put_membership(g, at, addr_of4(0xc0600000 + random_below(seed, 1u << 18)), 0x16, group);
		break;
	case 1:
		put_join(g, at, router, addr_of4(0xc0695a01), s, group);
		break;
	case 2:
		write_sa(&w, peer.from, s, group, 10, true);
		put_segment_at(g, at, &peer, (uint32_t)random_next(seed), wr_span(&w));
		break;
	case 3:
		snprintf(name, sizeof(name), "host%u", i);
		put_rasadv(g, at, s, name, NULL);
		break;
	case 4:
		put_register(g, at, router, addr_of4(0xc0695a01), s, group, 10);
		break;
	case 5:
		put_data(g, at, addr_of6(0x2a10007700000000ull, i), addr_of6(0xff3eull << 48, 0x80000000u + i % 65536),
			 30, 5004, 12);
		break;
	case 6:
		put_sap(g, at, s, addr_of4(0xe0027ffe), 0, sdp_text("x", "192.105.90.40", "232.7.7.7", 61, 1));
		break;
	default:
		put_report3(g, at, addr_of6(0xfe80ull << 48, i), &(struct record){ TO_IN, addr_of6(0xff3eull << 48, i), 1,
			    { addr_of6(0x2a10007700000000ull, i) } }, 1);
	}
}

void worst_scene(struct gen *g, uint64_t size)
{
	uint64_t seed = 11;

	for (unsigned i = 0; i < (size ? size : 1000000); i++)
		worst_packet(g, &seed, i);
}
