/* SPDX-License-Identifier: BSD-2-Clause */
/* What an IPv6 group embeds, as tests of nftables.  A set would hold one range for each prefix
 * length; but most lengths ask for the same ranges of prefixes, and runs of such lengths are few.
 * Knows the layout of RFC 3306 4 and RFC 3956 3. */
#include <stdlib.h>

#include "base/memory.h"
#include "enforce/nft.h"

#define PLEN_SHIFT 32
#define PLEN_BITS (UINT64_C(0xff) << PLEN_SHIFT)
#define PREFIX_MASK "0:0:ffff:ffff:ffff:ffff::"

/* Ranges [first, end) of a mask that have one prefix length. */
struct group {
	size_t	 first, end;
	unsigned plen;
};

static unsigned plen_of(const struct artefact_mask *mask, size_t i)
{
	return (unsigned)(mask->ranges[i].first.hi >> PLEN_SHIFT & 0xff);
}

static struct addr without_plen(struct addr a)
{
	a.hi &= ~PLEN_BITS;
	return a;
}

static bool same_prefixes(const struct artefact_mask *mask, const struct group *a,
			  const struct group *b)
{
	if (a->end - a->first != b->end - b->first)
		return false;
	for (size_t i = 0; i < a->end - a->first; i++) {
		const struct range *x = &mask->ranges[a->first + i];
		const struct range *y = &mask->ranges[b->first + i];

		if (!addr_equal(without_plen(x->first), without_plen(y->first)) ||
		    !addr_equal(without_plen(x->last), without_plen(y->last)))
			return false;
	}
	return true;
}

static struct group group_at(const struct artefact_mask *mask, size_t first)
{
	struct group g = { first, first, plen_of(mask, first) };

	while (g.end < mask->n && plen_of(mask, g.end) == g.plen)
		g.end++;
	return g;
}

static void put_range(struct text *out, struct addr first, struct addr last)
{
	char text[ADDR_TEXT];

	text_put(out, addr_text(first, text));
	if (!addr_equal(first, last))
		text_printf(out, "-%s", addr_text(last, text));
}

static bool is_every_prefix(const struct artefact_mask *mask, const struct group *g)
{
	struct range r = mask->ranges[g->first];

	return g->end - g->first == 1 && without_plen(r.first).hi == 0 && r.first.lo == 0 &&
	       without_plen(r.last).hi == UINT32_MAX && r.last.lo >> 32 == UINT32_MAX;
}

static void put_prefixes(struct text *out, const struct artefact_mask *mask,
			 const struct group *g)
{
	bool several = g->end - g->first > 1;

	if (is_every_prefix(mask, g))
		return;
	text_put(out, "ip6 daddr & " PREFIX_MASK " ");
	text_put(out, several ? "{ " : "== ");
	for (size_t i = g->first; i < g->end; i++) {
		text_put(out, i > g->first ? ", " : "");
		put_range(out, without_plen(mask->ranges[i].first),
			  without_plen(mask->ranges[i].last));
	}
	text_put(out, several ? " } " : " ");
}

static void put_lengths(struct text *out, unsigned first, unsigned last)
{
	text_put(out, "ip6 daddr & 0:ff:: == ");
	put_range(out, addr_of6((uint64_t)first << PLEN_SHIFT, 0),
		  addr_of6((uint64_t)last << PLEN_SHIFT, 0));
	text_char(out, ' ');
}

/* One test for each run of lengths with the same prefixes: their number, or 0 where they are too
 * many. */
static size_t put_runs(const struct artefact_mask *mask, struct text *out, size_t max)
{
	struct group at, next;
	size_t n = 0;

	for (size_t i = 0; i < mask->n; i = at.end) {
		unsigned first;

		at = group_at(mask, i);
		first = at.plen;
		while (at.end < mask->n) {
			next = group_at(mask, at.end);
			if (next.plen != at.plen + 1 || !same_prefixes(mask, &at, &next))
				break;
			at = next;
		}
		if (n == max)
			return 0;
		put_lengths(&out[n], first, at.plen);
		put_prefixes(&out[n++], mask, &at);
	}
	return n;
}

size_t nft_put_mask(const struct artefact_mask *mask, struct text *out, size_t max)
{
	const uint64_t with_plen = PLEN_BITS | UINT32_MAX;
	char text[ADDR_TEXT];

	if (mask->mask.hi == with_plen)
		return put_runs(mask, out, max);
	if (mask->n != 1)
		return 0;
	text_printf(out, "ip6 daddr & %s == ", addr_text(mask->mask, text));
	put_range(out, mask->ranges[0].first, mask->ranges[0].last);
	text_char(out, ' ');
	return 1;
}
