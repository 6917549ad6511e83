/* SPDX-License-Identifier: BSD-2-Clause */
/* What an IPv6 group embeds, as tests of nftables.  A set would hold one range for each prefix
 * length; but prefixes that are asked for at one length mostly are at all longer ones, too: a few
 * tests say it, of a run of lengths, and of the prefixes that are asked for at just these.  Knows
 * the layout of RFC 3306 4 and RFC 3956 3. */
#include <stdlib.h>

#include "base/memory.h"
#include "enforce/nft_field.h"

#define PLEN_SHIFT 32
#define PLEN_BITS (UINT64_C(0xff) << PLEN_SHIFT)
#define PREFIX_HIGH UINT64_C(0xffffffff)
#define PREFIX_LOW (UINT64_C(0xffffffff) << 32)
#define VALUES_MAX 4
#define SET_MIN 3			/* a set does better for more */

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

static void put_range(struct text *out, const struct nft_hook *h, struct addr first,
		      struct addr last)
{
	nft_put_value(out, h, first);
	if (addr_equal(first, last))
		return;
	text_char(out, '-');
	nft_put_value(out, h, last);
}

static void put_masked(struct text *out, const struct nft_hook *h, struct addr mask,
		       const char *relation)
{
	nft_put_side(out, h, FAMILY_IP6, SIDE_GROUP);
	text_put(out, "& ");
	nft_put_value(out, h, mask);
	text_printf(out, " %s", relation);
}

static bool is_every_prefix(struct range r)
{
	return without_plen(r.first).hi == 0 && r.first.lo == 0 &&
	       without_plen(r.last).hi == UINT32_MAX && r.last.lo >> 32 == UINT32_MAX;
}

/* From range i on, those of its length that run as far and did not begin before: what they are, each
 * in a text, or all in one set where they are many. */
static size_t put_prefixes(struct text *out, const struct nft_hook *h,
			   const struct artefact_mask *mask, struct run *runs, size_t i,
			   size_t max)
{
	unsigned plen = plen_of(mask, i), last = runs[i].last;
	struct text list = { 0 };
	size_t n = 0;

	for (size_t j = i; j < mask->n && plen_of(mask, j) == plen; j++) {
		struct addr first = without_plen(mask->ranges[j].first);
		struct addr end = without_plen(mask->ranges[j].last);

		if (runs[j].goes_on || runs[j].last != last)
			continue;
		text_put(&list, n ? ", " : "");
		put_range(&list, h, first, end);
		if (n < max)
			put_range(&out[n], h, first, end);
		n++;
		runs[j].goes_on = true;		/* it is written */
	}
	if (n > SET_MIN || n > max) {
		for (size_t k = 0; k < max; k++)
			text_reset(&out[k]);
		text_printf(&out[0], "{ %s }", list.p);
		n = 1;
	}
	text_release(&list);
	return n;
}

static void put_lengths(struct text *out, const struct nft_hook *h, unsigned first, unsigned last)
{
	put_masked(out, h, addr_of6(PLEN_BITS, 0), "== ");
	put_range(out, h, addr_of6((uint64_t)first << PLEN_SHIFT, 0),
		  addr_of6((uint64_t)last << PLEN_SHIFT, 0));
	text_char(out, ' ');
}

/* One run: tests of the length and of the prefix. */
static size_t put_run(const struct nft_hook *h, const struct artefact_mask *mask, struct run *runs,
		      size_t i, struct text *out, size_t max)
{
	const struct addr prefix = addr_of6(PREFIX_HIGH, PREFIX_LOW);
	bool is_every = is_every_prefix(mask->ranges[i]);
	struct text values[VALUES_MAX] = { { 0 } };
	size_t room = max < VALUES_MAX ? max : VALUES_MAX;
	size_t n = put_prefixes(values, h, mask, runs, i, room);

	for (size_t k = 0; k < n; k++) {
		bool is_set = values[k].p[0] == '{';

		put_lengths(&out[k], h, plen_of(mask, i), runs[i].last);
		if (n == 1 && is_every && !is_set)
			continue;
		put_masked(&out[k], h, prefix, is_set ? "" : "== ");
		text_printf(&out[k], "%s ", values[k].p);
	}
	for (size_t k = 0; k < VALUES_MAX; k++)
		text_release(&values[k]);
	return n;
}

/* How many, or 0 where they are too many. */
static size_t put_runs(const struct nft_hook *h, const struct artefact_mask *mask,
		       struct text *out, size_t max)
{
	struct run *runs = find_runs(mask);
	size_t n = 0;

	for (size_t i = 0; i < mask->n && n <= max; i++) {
		if (runs[i].goes_on)
			continue;
		if (n == max)
			n++;
		else
			n += put_run(h, mask, runs, i, out + n, max - n);
	}
	free(runs);
	return n <= max ? n : 0;
}

size_t nft_put_mask(const struct nft_hook *h, const struct artefact_mask *mask, struct text *out,
		    size_t max)
{
	const uint64_t with_plen = PLEN_BITS | UINT32_MAX;

	if (mask->mask.hi == with_plen)
		return put_runs(h, mask, out, max);
	if (mask->n != 1)
		return 0;
	put_masked(out, h, mask->mask, "== ");
	put_range(out, h, mask->ranges[0].first, mask->ranges[0].last);
	text_char(out, ' ');
	return 1;
}

void nft_put_ranges(const struct nft_hook *h, const struct artefact_mask *mask, struct text *out)
{
	text_put(out, "{");
	for (size_t i = 0; i < mask->n; i++) {
		text_put(out, i ? ", " : " ");
		put_range(out, h, mask->ranges[i].first, mask->ranges[i].last);
	}
	text_put(out, " }");
}
