/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole frames of PIM: RFC 7761 4.9, RFC 5059 4; and of Auto-RP. */
#include "gen/messages.h"

enum { PROTO_UDP = 17, PROTO_PIM = 103 };
enum { PIM_HELLO, PIM_REGISTER, PIM_REGISTER_STOP, PIM_JOIN_PRUNE, PIM_BOOTSTRAP, PIM_CANDIDATE_RP = 8 };

static struct addr all_routers(struct addr like)
{
	return ip(like.family == FAMILY_IP6 ? "ff02::d" : "224.0.0.13");
}

static struct frame *pim_frame(struct gen *g, struct addr from, struct addr to, unsigned ttl, unsigned type)
{
	struct frame *f = gen_frame(g, from, to);

	put_ip(f, from, to, ttl, PROTO_PIM, PLAIN);
	put_pim(f, type);
	return f;
}

void put_hello(struct gen *g, int64_t at, struct addr router)
{
	struct frame *f = pim_frame(g, router, all_routers(router), 1, PIM_HELLO);

	wr_be32(&f->w, 0x00010002);		/* hold time 105 s */
	wr_be16(&f->w, 105);
	wr_be32(&f->w, 0x00130004);		/* DR priority 1 */
	wr_be32(&f->w, 1);
	wr_be32(&f->w, 0x00140004);		/* generation ID */
	wr_be32(&f->w, (uint32_t)router.lo * 2654435761u);
	gen_put_frame(g, at);
}

void put_join_prune(struct gen *g, int64_t at, struct addr router, struct addr upstream,
		    struct addr group, const struct entry *entries, unsigned joins, unsigned prunes)
{
	struct frame *f = pim_frame(g, router, all_routers(router), 1, PIM_JOIN_PRUNE);

	put_unicast(f, upstream);
	wr_be16(&f->w, 1);
	wr_be16(&f->w, 210);
	put_group(f, group, 0);
	wr_be16(&f->w, (uint16_t)joins);
	wr_be16(&f->w, (uint16_t)prunes);
	for (unsigned i = 0; i < joins + prunes; i++)
		put_source(f, entries[i].source, entries[i].flags);
	gen_put_frame(g, at);
}

void put_join(struct gen *g, int64_t at, struct addr router, struct addr upstream, struct addr s,
	      struct addr group)
{
	put_join_prune(g, at, router, upstream, group, &(struct entry){ s, 4 }, 1, 0);
}

void put_register(struct gen *g, int64_t at, struct addr router, struct addr rp, struct addr s,
		  struct addr group, size_t n)
{
	struct frame *f = pim_frame(g, router, rp, 60, PIM_REGISTER);

	wr_be32(&f->w, n == 0 ? 0x40000000 : 0);
	if (n == 0) {
		put_inner_ip(f, s, group, 64, PROTO_PIM, PLAIN);
	} else {
		put_inner_ip(f, s, group, 63, PROTO_UDP, PLAIN);
		put_udp(f, 5004, 5004);
		put_filler(f, n);
	}
	gen_put_frame(g, at);
}

void put_register_stop(struct gen *g, int64_t at, struct addr rp, struct addr router, struct addr s,
		       struct addr group)
{
	struct frame *f = pim_frame(g, rp, router, 60, PIM_REGISTER_STOP);

	put_group(f, group, 0);
	put_unicast(f, s);
	gen_put_frame(g, at);
}

/* An encoded group that is a range. */
static void put_prefix(struct frame *f, struct addr group, unsigned length)
{
	wr_be32(&f->w, (group.family == FAMILY_IP6 ? 2u : 1u) << 24 | length);
	put_addr(f, group);
}

void put_bootstrap(struct gen *g, int64_t at, struct addr router, struct addr bsr, struct addr group,
		   unsigned length, struct addr rp)
{
	struct frame *f = pim_frame(g, router, all_routers(router), 1, PIM_BOOTSTRAP);

	wr_be16(&f->w, (uint16_t)at);		/* fragment tag */
	wr_be16(&f->w, 30 << 8 | 192);		/* hash mask length, priority */
	put_unicast(f, bsr);
	put_prefix(f, group, length);
	wr_be32(&f->w, 0x01010000);		/* one RP, one in this fragment */
	put_unicast(f, rp);
	wr_be16(&f->w, 150);
	wr_be16(&f->w, 0);
	gen_put_frame(g, at);
}

void put_candidate_rp(struct gen *g, int64_t at, struct addr rp, struct addr bsr, struct addr group,
		      unsigned length)
{
	struct frame *f = pim_frame(g, rp, bsr, 60, PIM_CANDIDATE_RP);

	wr_be32(&f->w, 0x010000a5);		/* one prefix, priority 0, hold time 165 s */
	put_unicast(f, rp);
	put_prefix(f, group, length);
	gen_put_frame(g, at);
}

void put_auto_rp(struct gen *g, int64_t at, struct addr speaker, bool discovery, struct addr rp,
		 struct addr group, unsigned length)
{
	struct addr to = ip(discovery ? "224.0.1.40" : "224.0.1.39");
	struct frame *f = gen_frame(g, speaker, to);

	put_ip(f, speaker, to, 32, PROTO_UDP, PLAIN);
	put_udp(f, 496, 496);
	wr_u8(&f->w, discovery ? 0x12 : 0x11);
	wr_u8(&f->w, 1);
	wr_be16(&f->w, 181);			/* hold time */
	wr_be32(&f->w, 0);
	put_addr(f, rp);
	wr_be16(&f->w, 2 << 8 | 1);		/* PIM version 2; one group */
	wr_u8(&f->w, 0);
	wr_u8(&f->w, (uint8_t)length);
	put_addr(f, group);
	gen_put_frame(g, at);
}
