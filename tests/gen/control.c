/* SPDX-License-Identifier: BSD-2-Clause */
/* Small captures of one protocol each, with every form that its messages take.  What TShark
 * says of them is the truth that weir is compared with. */
#include "gen/messages.h"

#define STEP 250000

void igmp3_scene(struct gen *g, uint64_t size)
{
	struct addr hosts[2] = { ip("192.105.90.20"), ip("fe80::20") };
	struct addr none = ADDR_NONE;
	int64_t at = 0;

	(void)size;
	for (unsigned h = 0; h < 2; h++) {
		struct addr group = ip(h ? "ff3e::8000:7" : "232.5.6.7"), other = ip(h ? "ff0e::99" : "233.9.9.9");
		struct addr s[3] = { ip(h ? "2a10:77::1" : "198.51.10.1"), ip(h ? "2a10:77::2" : "198.51.10.2"),
				     ip(h ? "2a10:77::3" : "198.51.10.3") };
		struct record many[64];

		for (unsigned type = IS_IN; type <= BLOCK; type++) {
			for (unsigned n = 0; n <= 3; n++) {
				struct record r[2] = { { type, group, n, { s[0], s[1], s[2] } },
						       { type == BLOCK ? IS_IN : type + 1, other, 1, { s[2] } } };

				put_report3(g, at += STEP, hosts[h], r, 1 + n % 2);
			}
		}
		for (unsigned i = 0; i < COUNT(many); i++)
			many[i] = (struct record){ IS_EX, addr_of6(group.hi, group.lo + i), 0, { none } };
		if (h == 0)
			for (unsigned i = 0; i < COUNT(many); i++)
				many[i].group = addr_of4((uint32_t)group.lo + i);
		put_report3(g, at += STEP, hosts[h], many, COUNT(many));
		put_report3(g, at += STEP, hosts[h], many, 0);
		/* a type that RFC 3376 4.2.12 says to ignore */
		put_report3(g, at += STEP, hosts[h], &(struct record){ 9, group, 1, { s[0] } }, 1);
		for (unsigned i = 0; i < 4; i++)
			put_membership(g, at += STEP, hosts[h],
				       h ? (unsigned[]){ 130, 131, 132, 130 }[i] : (unsigned[]){ 0x11, 0x12, 0x16, 0x17 }[i],
				       i == 0 ? none : other);
		put_membership(g, at += STEP, hosts[h], h ? 130 : 0x11, group);
	}
}

void pim_scene(struct gen *g, uint64_t size)
{
	int64_t at = 0;

	(void)size;
	for (unsigned h = 0; h < 2; h++) {
		struct addr a = ip(h ? "fe80::1" : "192.105.90.1"), b = ip(h ? "fe80::2" : "192.105.90.2");
		struct addr rp = ip(h ? "2000:1::1" : "192.105.91.1"), s = ip(h ? "2a10:77::9" : "198.51.10.9");
		struct addr group = ip(h ? "ff0e::1234" : "233.9.1.2"), ssm = ip(h ? "ff3e::8000:1" : "232.1.2.3");

		put_hello(g, at += STEP, a);
		put_hello(g, at += STEP, b);
		put_join(g, at += STEP, a, b, s, ssm);
		put_join_prune(g, at += STEP, a, b, group,
			       (struct entry[]){ { rp, 7 }, { s, 4 }, { s, 5 }, { b, 4 } }, 2, 2);
		put_join_prune(g, at += STEP, a, b, group, (struct entry[]){ { rp, 7 } }, 0, 1);
		put_join_prune(g, at += STEP, a, b, group, NULL, 0, 0);
		put_register(g, at += STEP, a, rp, s, group, 120);
		put_register(g, at += STEP, a, rp, s, group, 0);
		put_register_stop(g, at += STEP, rp, a, s, group);
		put_bootstrap(g, at += STEP, a, rp, ip(h ? "ff00::" : "224.0.0.0"), h ? 8 : 4, rp);
		put_bootstrap(g, at += STEP, a, rp, group, addr_bits(group), rp);
		put_candidate_rp(g, at += STEP, rp, a, ip(h ? "ff0e::" : "233.0.0.0"), h ? 16 : 8);
	}
	put_auto_rp(g, at += STEP, ip("192.105.90.1"), false, ip("192.105.91.1"), ip("224.0.0.0"), 4);
	put_auto_rp(g, at += STEP, ip("192.105.90.1"), true, ip("192.105.91.1"), ip("239.0.0.0"), 8);
}

/* An SA whose last entry's datagram comes with it. */
static void write_sa_with_data(struct wr *w, struct addr rp, struct addr s, struct addr group)
{
	static struct frame inner;
	struct span data;
	size_t start = wr_done(w);

	frame_open(&inner);
	put_inner_ip(&inner, s, group, 60, 17, PLAIN);
	put_udp(&inner, 5004, 5004);
	put_filler(&inner, 40);
	data = frame_close(&inner);
	write_sa(w, rp, s, group, 1, false);
	wr_bytes(w, data.p, data.n);
	wr_put_be16(w, start + 1, (uint16_t)(wr_done(w) - start));
}

void msdp_scene(struct gen *g, uint64_t size)
{
	struct session peer = { ip("198.51.10.1"), ip("192.105.90.1"), 0, 0 };
	struct addr rp = ip("198.51.10.1"), s = ip("198.51.11.5"), group = ip("233.7.7.1");
	uint8_t buffer[8192];
	int64_t at = STEP;
	struct wr w;

	(void)size;
	put_handshake(g, at, &peer);
	for (unsigned n = 1; n <= 100; n += 11) {
		w = wr_of(buffer, sizeof(buffer));
		write_sa(&w, rp, s, group, n, n % 2);
		put_segment(g, at += STEP, &peer, wr_span(&w));
	}
	w = wr_of(buffer, sizeof(buffer));
	write_keepalive(&w);
	write_sa(&w, rp, ip("198.51.12.1"), ip("224.3.1.1"), 3, true);
	write_sa(&w, rp, ip("10.1.1.1"), ip("232.1.1.1"), 2, false);
	write_keepalive(&w);
	put_segment(g, at += STEP, &peer, wr_span(&w));
	w = wr_of(buffer, sizeof(buffer));
	write_sa_with_data(&w, rp, s, group);
	put_segment(g, at += STEP, &peer, wr_span(&w));
	/* one TLV over three segments: in order, then out of order and with an overlap */
	for (unsigned round = 0; round < 2; round++) {
		struct span all;
		uint32_t seq = peer.seq;

		w = wr_of(buffer, sizeof(buffer));
		write_sa(&w, rp, ip("198.51.13.1"), addr_of4(0xe9080100 + round * 256), 50, false);
		all = wr_span(&w);
		put_segment_at(g, at += STEP, &peer, seq, (struct span){ all.p, 200 });
		put_segment_at(g, at += STEP, &peer, seq + (round ? 400 : 200),
			       (struct span){ all.p + (round ? 400 : 200), round ? all.n - 400 : 200 });
		put_segment_at(g, at += STEP, &peer, seq + (round ? 150 : 400),
			       (struct span){ all.p + (round ? 150 : 400), round ? 300 : all.n - 400 });
		peer.seq += (uint32_t)all.n;
	}
	w = wr_of(buffer, sizeof(buffer));
	wr_u8(&w, 2);				/* SA request */
	wr_be16(&w, 8);
	wr_u8(&w, 0);
	addr_write(group, &w);
	put_segment(g, at += STEP, &peer, wr_span(&w));
}

void sap_scene(struct gen *g, uint64_t size)
{
	static const struct { const char *s, *to, *group; unsigned flags, count; } rows[] = {
		{ "192.105.90.40", "224.2.127.254", "232.7.7.7", 0, 1 },
		{ "192.105.90.40", "224.2.127.254", "232.7.7.7", 4, 1 },	/* deletion */
		{ "198.51.10.9", "224.2.127.254", "224.2.200.4", 0, 3 },
		{ "192.105.90.41", "239.255.255.255", "239.255.3.4", 0, 1 },
		{ "2a10:77::20", "ff0e::2:7ffe", "ff3e::8000:1001", 0, 2 },
		{ "2000:1::40", "ff05::2:7ffe", "ff05::4321", 0, 1 },
	};
	int64_t at = 0;

	(void)size;
	for (size_t i = 0; i < COUNT(rows); i++)
		put_sap(g, at += STEP, ip(rows[i].s), ip(rows[i].to), rows[i].flags,
			sdp_text("A session", rows[i].s, rows[i].group, 63, rows[i].count));
	put_data(g, at += STEP, ip("192.105.90.66"), ip("224.2.127.254"), 32, 9875, 1200);
	put_data(g, at += STEP, ip("192.105.90.66"), ip("224.2.127.255"), 32, 9875, 30);
}

/* Names that would harm a terminal, a log, JSON or a page. */
void names_scene(struct gen *g, uint64_t size)
{
	static const char *const names[] = {
		"plain", "\033[2J\033[31mred", "\033]52;c;cm0gLXJm\007", "\033]0;title\033\\", "a\rb\nc", "tab\there",
		"\xc2\x9b" "31m", "<script>alert(1)</script>", "\"quoted\" 'and' `this`", "=cmd()|' /C calc'!A0",
		"\xe2\x80\xae" "gpj.exe", "\xe2\x80\x8bzero", "\xff\xfe\xfd", "\xc0\xaf", "\xed\xa0\x80",
		"M\xc3\xbcnchen", "back\\slash", "%s%n%x", "a\x01" "b", "\x7f", "",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	};
	int64_t at = 0;

	(void)size;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct addr s = addr_of4((uint32_t)ip("192.105.90.100").lo + (uint32_t)i);

		put_rasadv(g, at += STEP, s, names[i], i % 2 ? names[i] : NULL);
		put_sap(g, at += STEP, s, ip("224.2.127.254"), 0, sdp_text(names[i], "192.105.90.9", "233.1.1.1", 15, 1));
	}
}
