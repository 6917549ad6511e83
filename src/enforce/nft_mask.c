/* SPDX-License-Identifier: BSD-2-Clause */
/* What an IPv6 group embeds, as tests of nftables.  A set would hold one range for each prefix
 * length; but prefixes that are asked for at one length mostly are at all longer ones, too: a few
 * tests say it, of a run of lengths, and of the prefixes that are asked for at just these.  Knows
 * the layout of RFC 3306 4 and RFC 3956 3. */
#include <stdlib.h>

#include "base/memory.h"
#include "enforce/nft.h"

#define PLEN_SHIFT 32
#define PLEN_BITS (UINT64_C(0xff) << PLEN_SHIFT)
#define PREFIX_MASK "0:0:ffff:ffff:ffff:ffff::"

static unsigned plen_of(const struct artefact_mask *mask, size_t i)
{
	return (unsigned)(mask->ranges[i].first.hi >> PLEN_SHIFT & 0xff);
}

static struct addr without_plen(struct addr a)
{
	a.hi &= ~PLEN_BITS;
	return a;
}

static bool same_prefixes(const struct artefact_mask *mask, size_t i, size_t j)
{
	const struct range *x = &mask->ranges[i], *y = &mask->ranges[j];

	return addr_equal(without_plen(x->first), without_plen(y->first)) &&
	       addr_equal(without_plen(x->last), without_plen(y->last));
}

/* Of each range: up to which length the same prefixes are asked for, and whether they are at the
 * length before. */
struct run {
	unsigned last;
	bool	 goes_on;
};

/* The same prefixes among ranges [first, end), which are of one length, or `end`. */
static size_t find_same(const struct artefact_mask *mask, size_t i, size_t first, size_t end)
{
	struct addr wanted = without_plen(mask->ranges[i].first);
	size_t none = end;

	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (addr_order(without_plen(mask->ranges[middle].first), wanted) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	return first < none && same_prefixes(mask, i, first) ? first : none;
}

static struct run *find_runs(const struct artefact_mask *mask)
{
	struct run *runs = memory_array(mask->n, sizeof(*runs));
	size_t longer = mask->n, end = mask->n;		/* those of the next length */

	for (size_t i = mask->n; i-- > 0;) {
		size_t j;

		runs[i].last = plen_of(mask, i);
		if (i + 1 < longer && plen_of(mask, i + 1) != plen_of(mask, i)) {
			end = longer;
			longer = i + 1;
		}
		if (longer == mask->n || plen_of(mask, longer) != plen_of(mask, i) + 1)
			continue;
		j = find_same(mask, i, longer, end);
		if (j == end)
			continue;
		runs[i].last = runs[j].last;
		runs[j].goes_on = true;
	}
	return runs;
}

static void put_range(struct text *out, struct addr first, struct addr last)
{
	char text[ADDR_TEXT];

	text_put(out, addr_text(first, text));
	if (!addr_equal(first, last))
		text_printf(out, "-%s", addr_text(last, text));
}

static bool is_every_prefix(struct range r)
{
	return without_plen(r.first).hi == 0 && r.first.lo == 0 &&
	       without_plen(r.last).hi == UINT32_MAX && r.last.lo >> 32 == UINT32_MAX;
}

/* From range i on, those of its length that run as far and did not begin before. */
static void put_prefixes(struct text *out, const struct artefact_mask *mask, struct run *runs,
			 size_t i)
{
	unsigned plen = plen_of(mask, i), last = runs[i].last;
	struct text list = { 0 };
	bool several = false;

	for (size_t j = i; j < mask->n && plen_of(mask, j) == plen; j++) {
		if (runs[j].goes_on || runs[j].last != last)
			continue;
		text_put(&list, j > i ? ", " : "");
		put_range(&list, without_plen(mask->ranges[j].first),
			  without_plen(mask->ranges[j].last));
		several |= j > i;
		runs[j].goes_on = true;		/* it is written */
	}
	if (several)
		text_printf(out, "ip6 daddr & " PREFIX_MASK " { %s } ", list.p);
	else if (!is_every_prefix(mask->ranges[i]))
		text_printf(out, "ip6 daddr & " PREFIX_MASK " == %s ", list.p);
	text_release(&list);
}

static void put_lengths(struct text *out, unsigned first, unsigned last)
{
	text_put(out, "ip6 daddr & 0:ff:: == ");
	put_range(out, addr_of6((uint64_t)first << PLEN_SHIFT, 0),
		  addr_of6((uint64_t)last << PLEN_SHIFT, 0));
	text_char(out, ' ');
}

/* How many, or 0 where they are too many. */
static size_t put_runs(const struct artefact_mask *mask, struct text *out, size_t max)
{
	struct run *runs = find_runs(mask);
	size_t n = 0;

	for (size_t i = 0; i < mask->n && n <= max; i++) {
		if (runs[i].goes_on)
			continue;
		if (n < max) {
			put_lengths(&out[n], plen_of(mask, i), runs[i].last);
			put_prefixes(&out[n], mask, runs, i);
		}
		n++;
	}
	free(runs);
	return n <= max ? n : 0;
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
