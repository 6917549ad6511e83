/* SPDX-License-Identifier: BSD-2-Clause */
/* Bootstrap, Candidate-RP-Advertisement and PFM.  RFC 5059 4.1, 4.2; RFC 8364 3.1, 4.1.
 * Knows one message; fragments of a Bootstrap are each judged as they come, since every one
 * names its ranges and RPs itself (RFC 5059 4.1.1). */
#include "wire/pim_rp.h"

#define PFM_TYPE 0x7fff		/* without the Transitive bit */
#define PFM_GROUP_SOURCES 1

static void say_range(const struct rd *r, const struct pim_group *group, struct addr rp,
		      struct speech *s)
{
	uint64_t shared = s->next.flags;

	if (group->is_bidir)
		s->next.flags |= FLAG_BIT(BIDIR);
	if (group->is_zone)
		s->next.flags |= FLAG_BIT(SCOPED_ZONE);
	s->next.group_len = group->length;
	s->next.rp = rp;
	speech_say(s, r, WHAT_RP, ADDR_NONE, group->addr);
	s->next.flags = shared;
}

/* RFC 5059 4.1.1: a range with no RPs withdraws those that it had. */
static void read_range(struct rd *r, struct speech *s)
{
	struct pim_group group = pim_group_read(r, &s->wrong);
	unsigned here;

	rd_skip(r, 1);					/* RPs in the whole Bootstrap */
	here = rd_u8(r);
	rd_skip(r, 2);
	if (here == 0)
		say_range(r, &group, ADDR_NONE, s);
	for (; here > 0 && rd_ok(r); here--) {
		struct addr rp = pim_unicast_read(r, &s->wrong);

		rd_skip(r, 4);				/* hold time, priority */
		say_range(r, &group, rp, s);
	}
}

void pim_bootstrap_read(struct rd *r, struct speech *s)
{
	s->next.point = POINT_BOOTSTRAP;
	rd_skip(r, 4);			/* fragment tag, hash mask length, BSR priority */
	pim_unicast_read(r, &s->wrong);			/* the BSR */
	while (rd_left(r) > 0 && rd_ok(r))
		read_range(r, s);
	if (!speech_has_begun(s))
		speech_say(s, r, WHAT_RP, ADDR_NONE, ADDR_NONE);
}

static struct pim_group all_groups(enum family family)
{
	if (family == FAMILY_IP6)
		return (struct pim_group){ .addr = addr_of6(UINT64_C(0xff) << 56, 0), .length = 8 };
	return (struct pim_group){ .addr = addr_of4(0xe0000000), .length = 4 };
}

/* RFC 2362 meant all groups by a count of 0; RFC 5059 4.2 forbids to send it. */
void pim_candidate_rp_read(struct rd *r, struct speech *s)
{
	unsigned n = rd_u8(r);
	struct pim_group group;
	struct addr rp;

	s->next.point = POINT_BOOTSTRAP;
	rd_skip(r, 3);					/* priority, hold time */
	rp = pim_unicast_read(r, &s->wrong);
	if (n == 0 && rd_ok(r)) {
		group = all_groups(rp.family);
		s->next.flags |= FLAG_BIT(ALL_GROUPS);
		say_range(r, &group, rp, s);
	}
	for (; n > 0 && rd_ok(r); n--) {
		group = pim_group_read(r, &s->wrong);
		say_range(r, &group, rp, s);
	}
}

/* RFC 8364 4.1: a group, its hold time, its active sources. */
static void read_group_sources(struct rd *r, struct speech *s)
{
	struct pim_group group = pim_group_read(r, &s->wrong);
	unsigned n = rd_be16(r);

	rd_skip(r, 2);
	s->next.group_len = group.length;
	for (; n > 0 && rd_ok(r); n--)
		speech_say(s, r, WHAT_SA, pim_unicast_read(r, &s->wrong), group.addr);
}

void pim_flooding_read(struct rd *r, struct speech *s)
{
	s->next.point = POINT_BOOTSTRAP;
	pim_unicast_read(r, &s->wrong);			/* the originator */
	while (rd_left(r) > 0 && rd_ok(r)) {
		unsigned type = rd_be16(r) & PFM_TYPE;
		struct rd value = rd_sub(r, rd_be16(r));

		if (type == PFM_GROUP_SOURCES)
			read_group_sources(&value, s);
		r->failed |= value.failed;
	}
	if (!speech_has_begun(s))
		speech_say(s, r, WHAT_NONE, ADDR_NONE, ADDR_NONE);
}
