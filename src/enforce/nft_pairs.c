/* SPDX-License-Identifier: BSD-2-Clause */
/* Pairs of source and group that go elsewhere than their neighbours, by hashes of both addresses in
 * one: one for every two prefix lengths that occur together, for pairs never overlap and the order
 * makes no difference.  Lengths that are rare are written as longer ones.  Knows no rule. */
#include <stdlib.h>

#include "base/memory.h"
#include "enforce/nft_field.h"
#include "enforce/nft_plane.h"

#define KINDS_MAX 24			/* hashes tried one after the other */
#define KINDS_WANTED 4
#define KINDS_READ 512
#define ROOM 2				/* slots for an element */

/* A pair of prefixes. */
struct entry {
	struct addr source, group;
	uint8_t	    source_length, group_length;
	uint32_t    target;
};

/* Entries of the same lengths.  Where it is merged, `into` another. */
struct kind {
	uint8_t	 source_length, group_length;
	uint64_t count;
	unsigned into;			/* its own index: it stands */
};

struct pairs {
	struct entry *list;
	size_t	      n, cap;
	struct kind   kinds[KINDS_READ];
	unsigned      kind_count;
};

/* The prefixes of a side, class by class: those of class c stand from starts[c] on. */
struct prefixes {
	struct addr *first;
	uint8_t	    *length;
	size_t	     n, cap;
	uint32_t    *starts;
};

/* --- prefixes --- */

static void add_prefix(struct prefixes *out, struct addr first, unsigned length)
{
	if (out->n == out->cap) {
		out->cap = 2 * out->cap + 16;
		out->first = memory_grow(out->first, out->cap, sizeof(*out->first));
		out->length = memory_grow(out->length, out->cap, sizeof(*out->length));
	}
	out->first[out->n] = first;
	out->length[out->n++] = (uint8_t)length;
}

static void add_range(struct prefixes *out, struct addr first, struct addr last)
{
	for (;;) {
		unsigned length = addr_bits(first);
		struct addr end;

		while (length > 0 && addr_equal(addr_first(first, length - 1), first) &&
		       addr_order(addr_last(first, length - 1), last) <= 0)
			length--;
		end = addr_last(first, length);
		add_prefix(out, first, length);
		if (addr_order(end, last) >= 0)
			return;
		first = addr_next(end);
	}
}

/* A range less what no rule judges: ranges in order. */
static void add_judged(struct prefixes *out, struct addr first, struct addr last,
		       const struct range *unjudged, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (addr_order(unjudged[i].last, first) < 0 ||
		    addr_order(unjudged[i].first, last) > 0)
			continue;
		if (addr_order(unjudged[i].first, first) > 0)
			add_range(out, first, addr_previous(unjudged[i].first));
		if (addr_order(unjudged[i].last, last) >= 0)
			return;
		first = addr_next(unjudged[i].last);
	}
	add_range(out, first, last);
}

/* The intervals of a side, class by class; `out_starts` as in struct prefixes. */
static uint32_t *sort_intervals(const struct artefact_side *side, uint32_t *out_starts)
{
	uint32_t *sorted = memory_array(side->n + 1, sizeof(*sorted));
	uint32_t *at = memory_array(side->classes + 2u, sizeof(*at));

	for (size_t i = 0; i < side->n; i++)
		at[side->intervals[i].class + 1]++;
	for (unsigned c = 0; c < side->classes; c++)
		at[c + 1] += at[c];
	memcpy(out_starts, at, (side->classes + 1u) * sizeof(*at));
	for (uint32_t i = 0; i < side->n; i++)
		sorted[at[side->intervals[i].class]++] = i;
	free(at);
	return sorted;
}

static struct prefixes cut_side(const struct artefact_side *side, const struct range *unjudged,
				size_t n)
{
	struct prefixes out = { .starts = memory_array(side->classes + 1u, sizeof(uint32_t)) };
	uint32_t *sorted = sort_intervals(side, out.starts), i = 0;

	for (unsigned c = 0; c < side->classes; c++) {
		uint32_t end = out.starts[c + 1];

		out.starts[c] = (uint32_t)out.n;
		for (; i < end; i++)
			add_judged(&out, side->intervals[sorted[i]].first,
				   artefact_last(side, sorted[i]), unjudged, n);
	}
	out.starts[side->classes] = (uint32_t)out.n;
	free(sorted);
	return out;
}

static void prefixes_release(struct prefixes *p)
{
	free(p->first);
	free(p->length);
	free(p->starts);
}

/* --- kinds --- */

static bool is_kind(const struct kind *k, const struct entry *e)
{
	return k->source_length == e->source_length && k->group_length == e->group_length;
}

/* False where there are too many kinds. */
static bool add_entry(struct pairs *p, const struct entry *entry)
{
	unsigned k = 0;

	while (k < p->kind_count && !is_kind(&p->kinds[k], entry))
		k++;
	if (k == KINDS_READ)
		return false;
	if (k == p->kind_count) {
		p->kinds[k] = (struct kind){ entry->source_length, entry->group_length, 0, k };
		p->kind_count++;
	}
	p->kinds[k].count++;
	if (p->n == p->cap) {
		p->cap = 2 * p->cap + 256;
		p->list = memory_grow(p->list, p->cap, sizeof(*p->list));
	}
	p->list[p->n++] = *entry;
	return true;
}

#define TOO_MANY (UINT64_C(1) << 40)

/* How many elements one kind becomes under the lengths of another. */
static uint64_t expanded(const struct kind *k, const struct kind *as)
{
	unsigned more;

	if (as->source_length < k->source_length || as->group_length < k->group_length)
		return TOO_MANY;
	more = 0u + as->source_length - k->source_length + as->group_length - k->group_length;
	return more > 20 ? TOO_MANY : k->count << more;
}

/* Merges two kinds, those that it costs least of; false where that is more than `most` elements. */
static bool merge_kinds(struct pairs *p, uint64_t most)
{
	uint64_t least = TOO_MANY;
	unsigned from = 0, into = 0;

	for (unsigned i = 0; i < p->kind_count; i++) {
		for (unsigned k = 0; k < p->kind_count && p->kinds[i].into == i; k++) {
			uint64_t n = expanded(&p->kinds[i], &p->kinds[k]);

			if (k == i || p->kinds[k].into != k || n >= least)
				continue;
			least = n;
			from = i;
			into = k;
		}
	}
	if (least > most)
		return false;
	p->kinds[from].into = into;
	p->kinds[into].count += least;
	return true;
}

/* A hash more costs every packet; an element more some microseconds of a reload. */
static bool choose_kinds(struct pairs *p)
{
	unsigned left = p->kind_count;
	uint64_t few = p->n / 4 + 64, many = 4 * (uint64_t)p->n + 65536;

	while (left > KINDS_WANTED && merge_kinds(p, left > KINDS_MAX ? many : few))
		left--;
	return left <= KINDS_MAX;
}

static unsigned kind_of(const struct pairs *p, const struct entry *entry)
{
	unsigned k = 0;

	while (!is_kind(&p->kinds[k], entry))
		k++;
	while (p->kinds[k].into != k)
		k = p->kinds[k].into;
	return k;
}

/* --- text --- */

static void put_element(struct text *out, const struct nft_hook *h, struct addr source,
			struct addr group, uint32_t target)
{
	char a[ADDR_TEXT], b[ADDR_TEXT];

	text_put(out, "\t\t\t");
	text_put(out, addr_text(source, a));
	text_put(out, " . ");
	text_put(out, addr_text(group, b));
	text_put(out, " : ");
	nft_put_goto(out, h, group.family, target);
	text_put(out, ",\n");
}

/* The prefix behind this one, or false where that lies behind `last`. */
static bool step(struct addr *at, unsigned length, struct addr last)
{
	struct addr end = addr_last(*at, length);

	if (addr_order(end, last) >= 0)
		return false;
	*at = addr_next(end);
	return true;
}

static size_t put_entry(struct text *out, const struct nft_hook *h, const struct entry *e,
			const struct kind *as)
{
	struct addr source = e->source, last_source = addr_last(source, e->source_length);
	struct addr last_group = addr_last(e->group, e->group_length);
	size_t n = 0;

	do {
		struct addr group = e->group;

		do {
			put_element(out, h, source, group, e->target);
			n++;
		} while (step(&group, as->group_length, last_group));
	} while (step(&source, as->source_length, last_source));
	return n;
}

static void put_masked(struct text *out, const struct nft_hook *h, enum family family,
		       enum side side, unsigned length)
{
	static const struct addr ones4 = { 0, UINT32_MAX, FAMILY_IP4 };
	static const struct addr ones6 = { UINT64_MAX, UINT64_MAX, FAMILY_IP6 };
	struct addr ones = family == FAMILY_IP4 ? ones4 : ones6;

	nft_put_address(out, h, family, side);
	if (length == addr_bits(ones))
		return;
	text_put(out, "& ");
	nft_put_number(out, addr_first(ones, length));
	text_char(out, ' ');
}

/* The maps, and a line for each. */
static size_t put_kinds(struct text *out, struct nft_hook *h, enum family family,
			const struct pairs *p)
{
	const char *type = family == FAMILY_IP4 ? "ipv4_addr" : "ipv6_addr";
	struct text *elements = memory_array(p->kind_count, sizeof(*elements));
	size_t *counts = memory_array(p->kind_count, sizeof(*counts)), n = 0;

	for (size_t i = 0; i < p->n; i++) {
		unsigned k = kind_of(p, &p->list[i]);

		counts[k] += put_entry(&elements[k], h, &p->list[i], &p->kinds[k]);
	}
	for (unsigned k = 0; k < p->kind_count; k++) {
		struct text body = { 0 };

		if (counts[k] == 0)
			continue;
		n += counts[k];
		text_printf(&body, "\t\ttype %s . %s : verdict; size %zu\n\t\telements = {\n", type,
			    type, ROOM * counts[k]);
		text_put_n(&body, elements[k].p, elements[k].n);
		text_release(&elements[k]);
		put_masked(out, h, family, SIDE_SOURCE, p->kinds[k].source_length);
		text_put(out, ". ");
		put_masked(out, h, family, SIDE_GROUP, p->kinds[k].group_length);
		nft_put_map(out, h, &body);
		text_cut(out, out->n - 1);
		text_put(out, "\n\t\t");
		text_release(&body);
	}
	free(elements);
	free(counts);
	return n;
}

/* --- the whole --- */

static bool add_pair(struct pairs *out, const struct prefixes *sources,
		     const struct prefixes *groups, const struct artefact_pair *pair,
		     uint32_t target)
{
	struct entry e = { .target = target };

	for (size_t s = sources->starts[pair->source], s_end = sources->starts[pair->source + 1u];
	     s < s_end; s++) {
		size_t g = groups->starts[pair->group], end = groups->starts[pair->group + 1u];

		e.source = sources->first[s];
		e.source_length = sources->length[s];
		for (; g < end; g++) {
			e.group = groups->first[g];
			e.group_length = groups->length[g];
			if (out->n >= NFT_SPANS_MAX || !add_entry(out, &e))
				return false;
		}
	}
	return true;
}

static bool gather(struct pairs *out, const struct artefact *a, const struct artefact_family *f,
		   const uint32_t *cells)
{
	struct range unjudged[NFT_UNJUDGED_MAX];
	size_t n = nft_unjudged(f->groups.intervals[0].first.family, unjudged);
	struct prefixes sources = cut_side(&f->sources, NULL, 0);
	struct prefixes groups = cut_side(&f->groups, unjudged, n);
	bool good = true;

	for (size_t i = 0; i < f->pairs->n && good; i++)
		good = add_pair(out, &sources, &groups, &f->pairs->list[i],
				nft_target_of(a, cells[i]));
	prefixes_release(&sources);
	prefixes_release(&groups);
	return good;
}

bool nft_pairs_fit(const struct artefact *a)
{
	const struct artefact_family *families[] = { &a->ip4, &a->ip6 };
	bool fit = true;

	for (size_t i = 0; i < COUNT(families) && fit; i++) {
		struct pairs *p;

		if (!families[i]->pairs)
			continue;
		p = memory_take(sizeof(*p));
		fit = gather(p, a, families[i], families[i]->pairs->cells) && choose_kinds(p);
		free(p->list);
		free(p);
	}
	return fit;
}

bool nft_put_pairs(struct text *out, struct nft_hook *h, const struct artefact_family *f,
		   unsigned plane, size_t *out_n)
{
	const uint32_t *cells = f->pairs->cells + plane * f->pairs->n;
	struct pairs *p = memory_take(sizeof(*p));
	bool good = gather(p, h->artefact, f, cells) && choose_kinds(p);

	if (good)
		*out_n = put_kinds(out, h, f->groups.intervals[0].first.family, p);
	free(p->list);
	free(p);
	return good;
}
