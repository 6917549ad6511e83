/* SPDX-License-Identifier: BSD-2-Clause */
/* PIM Join/Prune, Graft and Graft-Ack: who wants which (S,G), (*,G), (S,G,rpt), (*,*,RP).
 * RFC 7761 4.9.5, RFC 3973 4.7.8, RFC 4601 4.9.5.1, RFC 5384.
 * Knows the message, not the state machines behind it. */
#include "wire/pim_join.h"

/* RFC 4601 4.9.5.1: the set of all groups, 224.0.0.0/4 or ff00::/8. */
static bool is_all_groups(const struct pim_group *group)
{
	return group->length == (group->addr.family == FAMILY_IP4 ? 4 : 8) &&
	       addr_is_multicast(group->addr);
}

/* RFC 7761 4.9.5.1: with the wildcard bit the source field holds the RP. */
static void say_entry(const struct rd *r, const struct pim_group *group,
		      const struct pim_source *source, enum what what, struct speech *s)
{
	uint64_t shared = s->next.flags;

	s->next.group_len = group->length;
	s->next.source_len = source->length;
	s->next.rp = source->is_wildcard ? source->addr : ADDR_NONE;
	if (source->is_wildcard)
		s->next.flags |= FLAG_BIT(WILDCARD);
	if (source->is_rpt)
		s->next.flags |= FLAG_BIT(RPT);
	if (source->is_wildcard && is_all_groups(group))
		s->next.flags |= FLAG_BIT(ALL_GROUPS);
	if (source->attributes.n > 0 || group->attributes.n > 0)
		s->next.flags |= FLAG_BIT(ATTRIBUTES);
	if (group->is_bidir)
		s->next.flags |= FLAG_BIT(BIDIR);
	speech_say(s, r, what, source->is_wildcard ? ADDR_ANY : source->addr, group->addr);
	s->next.flags = shared;
}

static void read_entries(struct rd *r, unsigned n, const struct pim_group *group,
			 enum what what, struct speech *s)
{
	for (; n > 0 && rd_ok(r); n--) {
		struct pim_source source = pim_source_read(r, &s->wrong);

		say_entry(r, group, &source, what, s);
	}
}

/* An acknowledgement asks for nothing: RFC 3973 4.7.9. */
static void read_set(struct rd *r, struct speech *s)
{
	bool is_ack = s->next.type == TYPE_GRAFT_ACK;
	struct pim_group group = pim_group_read(r, &s->wrong);
	unsigned joined = rd_be16(r);
	unsigned pruned = rd_be16(r);

	if (joined + pruned == 0) {
		s->next.group_len = group.length;
		s->next.rp = ADDR_NONE;			/* not that of the set before */
		speech_say(s, r, WHAT_NONE, ADDR_NONE, group.addr);
	}
	read_entries(r, joined, &group, is_ack ? WHAT_NONE : WHAT_JOIN, s);
	read_entries(r, pruned, &group, is_ack ? WHAT_NONE : WHAT_PRUNE, s);
}

void pim_join_prune_read(struct rd *r, struct speech *s)
{
	unsigned n;

	pim_unicast_read(r, &s->wrong);			/* upstream neighbour */
	rd_skip(r, 1);
	n = rd_u8(r);
	rd_skip(r, 2);					/* hold time */
	for (; n > 0 && rd_ok(r); n--)
		read_set(r, s);
	if (!speech_has_begun(s))
		speech_say(s, r, WHAT_NONE, ADDR_NONE, ADDR_NONE);
}

static void write_set(const struct pim_set *set, struct wr *w)
{
	pim_group_write(&set->group, w);
	wr_be16(w, set->joined_n);
	wr_be16(w, set->pruned_n);
	for (size_t i = 0; i < set->joined_n; i++)
		pim_source_write(&set->joined[i], w);
	for (size_t i = 0; i < set->pruned_n; i++)
		pim_source_write(&set->pruned[i], w);
}

void pim_join_prune_write(const struct pim_join_prune *message, struct wr *w)
{
	pim_unicast_write(message->upstream, w);
	wr_u8(w, 0);
	wr_u8(w, message->n);
	wr_be16(w, message->hold_s);
	for (size_t i = 0; i < message->n; i++)
		write_set(&message->sets[i], w);
}
