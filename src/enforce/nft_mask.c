/* SPDX-License-Identifier: BSD-2-Clause */
/* What an IPv6 group embeds, as tests of nftables.  A set would hold one range for each prefix
 * length; but prefixes that are asked for at one length mostly are at all longer ones, too: a few
 * tests say it, of a run of lengths, and of the prefixes that are asked for at just these.  Knows
 * the layout of RFC 3306 4 and RFC 3956 3. */
#include <stdlib.h>

#include "base/memory.h"
#include "enforce/nft_field.h"

#define GROUP_BITS 192			/* before the group, in the IP header */
#define PLEN_SHIFT 32
#define PLEN_BITS (UINT64_C(0xff) << PLEN_SHIFT)
#define PREFIX_HIGH UINT64_C(0xffffffff)
#define PREFIX_LOW (UINT64_C(0xffffffff) << 32)
#define VALUES_MAX 4
#define SET_MIN 3			/* a set does better for more */
#define READ_AT_ONCE 8			/* bytes of a field */

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

/* --- a test: of the bytes of the group alone that it asks for --- */

static uint8_t byte_at(struct addr a, unsigned i)
{
	return (uint8_t)((i < 8 ? a.hi : a.lo) >> (56 - 8 * (i % 8)));
}

/* Bytes [first, first + n) of a group. */
struct part {
	unsigned first, n;
};

static struct part part_of(struct addr mask)
{
	struct part part = { 0, 16 };

	while (part.n > 1 && byte_at(mask, part.first) == 0) {
		part.first++;
		part.n--;
	}
	while (part.n > 1 && byte_at(mask, part.first + part.n - 1) == 0)
		part.n--;
	return part;
}

/* Without last bytes that may be anything, as far as the others are a size that the kernel reads at
 * once. */
static struct part shortened(struct part part, struct addr mask, struct range r)
{
	unsigned n = part.n, last;

	for (last = part.first + n - 1; n > 1; last--, n--)
		if (byte_at(r.first, last) != 0 || byte_at(r.last, last) != byte_at(mask, last))
			break;
	while (n & (n - 1))
		n++;
	part.n = n < part.n ? n : part.n;
	return part;
}

static void put_bytes(struct text *out, struct part part, struct addr value)
{
	text_put(out, "0x");
	for (unsigned i = part.first; i < part.first + part.n; i++) {
		text_char(out, "0123456789abcdef"[byte_at(value, i) >> 4]);
		text_char(out, "0123456789abcdef"[byte_at(value, i) & 15]);
	}
}

static bool is_whole(struct part part, struct addr mask)
{
	for (unsigned i = part.first; i < part.first + part.n; i++)
		if (byte_at(mask, i) != 0xff)
			return false;
	return true;
}

static bool is_one(struct part part, struct range r)
{
	for (unsigned i = part.first; i < part.first + part.n; i++)
		if (byte_at(r.first, i) != byte_at(r.last, i))
			return false;
	return true;
}

/* Addresses of a range are without what the mask does not ask for. */
static void put_test(struct text *out, const struct nft_hook *h, struct addr mask, struct range r)
{
	struct part part = shortened(part_of(mask), mask, r);

	nft_put_bits(out, h, GROUP_BITS + 8 * part.first, 8 * part.n);
	if (!is_whole(part, mask)) {
		text_put(out, "& ");
		put_bytes(out, part, mask);
		text_char(out, ' ');
	}
	text_put(out, "== ");
	put_bytes(out, part, r.first);
	if (!is_one(part, r)) {
		text_char(out, '-');
		put_bytes(out, part, r.last);
	}
	text_char(out, ' ');
}

/* --- sets --- */

static void put_range(struct text *out, const struct nft_hook *h, struct range r)
{
	nft_put_value(out, h, r.first);
	if (addr_equal(r.first, r.last))
		return;
	text_char(out, '-');
	nft_put_value(out, h, r.last);
}

static void put_set(struct text *out, const struct nft_hook *h, struct addr mask, const char *list)
{
	nft_put_side(out, h, FAMILY_IP6, SIDE_GROUP);
	text_put(out, "& ");
	nft_put_value(out, h, mask);
	text_printf(out, " { %s } ", list);
}

/* --- runs of lengths --- */

static bool is_every_prefix(struct range r)
{
	return without_plen(r.first).hi == 0 && r.first.lo == 0 &&
	       without_plen(r.last).hi == UINT32_MAX && r.last.lo >> 32 == UINT32_MAX;
}

static void put_lengths(struct text *out, const struct nft_hook *h, unsigned first, unsigned last)
{
	const struct range lengths = { addr_of6((uint64_t)first << PLEN_SHIFT, 0),
				       addr_of6((uint64_t)last << PLEN_SHIFT, 0) };

	put_test(out, h, addr_of6(PLEN_BITS, 0), lengths);
}

/* A length alone stands just before its prefix: both are one test, where the kernel reads so many
 * bytes at once. */
static void put_length_and_prefix(struct text *out, const struct nft_hook *h, struct range r,
				  unsigned first, unsigned last)
{
	const struct addr both = addr_of6(PLEN_BITS | PREFIX_HIGH, PREFIX_LOW);
	const struct range prefix = { without_plen(r.first), without_plen(r.last) };

	if (first == last && shortened(part_of(both), both, r).n <= READ_AT_ONCE) {
		put_test(out, h, both, r);
		return;
	}
	put_lengths(out, h, first, last);
	if (!is_every_prefix(prefix))
		put_test(out, h, addr_of6(PREFIX_HIGH, PREFIX_LOW), prefix);
}

/* From range i on, those of its length that run as far and did not begin before: a test for each,
 * or one set for all where they are many.  How many tests. */
static size_t put_run(const struct nft_hook *h, const struct artefact_mask *mask, struct run *runs,
		      size_t i, struct text *out, size_t max)
{
	unsigned plen = plen_of(mask, i), last = runs[i].last;
	size_t room = max < VALUES_MAX ? max : VALUES_MAX, n = 0;
	struct text list = { 0 };

	for (size_t j = i; j < mask->n && plen_of(mask, j) == plen; j++) {
		const struct range *r = &mask->ranges[j];

		if (runs[j].goes_on || runs[j].last != last)
			continue;
		text_put(&list, n ? ", " : "");
		put_range(&list, h,
			  (struct range){ without_plen(r->first), without_plen(r->last) });
		if (n < room)
			put_length_and_prefix(&out[n], h, *r, plen, last);
		n++;
		runs[j].goes_on = true;		/* it is written */
	}
	if (n > SET_MIN || n > room) {
		for (size_t k = 0; k < room; k++)
			text_reset(&out[k]);
		put_lengths(&out[0], h, plen, last);
		put_set(&out[0], h, addr_of6(PREFIX_HIGH, PREFIX_LOW), list.p);
		n = 1;
	}
	text_release(&list);
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

static bool has_prefix(const struct artefact_mask *mask)
{
	return mask->mask.hi == (PLEN_BITS | UINT32_MAX);
}

bool nft_is_one_test(const struct artefact_mask *mask)
{
	return mask->n == 1 && !has_prefix(mask);
}

size_t nft_put_mask(const struct nft_hook *h, const struct artefact_mask *mask, struct text *out,
		    size_t max)
{
	if (has_prefix(mask))
		return put_runs(h, mask, out, max);
	if (mask->n != 1)
		return 0;
	put_test(out, h, mask->mask, mask->ranges[0]);
	return 1;
}

void nft_put_ranges(const struct nft_hook *h, const struct artefact_mask *mask, struct text *out)
{
	text_put(out, "{");
	for (size_t i = 0; i < mask->n; i++) {
		text_put(out, i ? ", " : " ");
		put_range(out, h, mask->ranges[i]);
	}
	text_put(out, " }");
}
