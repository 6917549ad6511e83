/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines that look the group and the source up, as far as they matter, and end in the chain of a
 * rule, for the packets of a plane of the artefact.  Knows of packets the addresses alone. */
#include <stdlib.h>

#include "base/memory.h"
#include "enforce/nft_plane.h"

/* --- rows: where groups go --- */

struct row {
	struct nft_span *spans;
	size_t		 n;
};

static void add_span(struct row *row, struct addr first, uint32_t target)
{
	if (row->n > 0 && row->spans[row->n - 1].target == target)
		return;
	row->spans[row->n++] = (struct nft_span){ first, target };
}

uint32_t nft_target_of(const struct artefact *a, uint32_t cell)
{
	struct rule_list list = artefact_list(a, cell);

	return list.n == 1 ? list.rules[0] : NFT_TARGET_LIST | cell;
}

/* The ends of the link-local groups: 224.0.0.0/24, or scopes 1 and 2. */
size_t nft_unjudged(enum family family, struct range out[NFT_UNJUDGED_MAX])
{
	if (family == FAMILY_IP4) {
		out[0] = (struct range){ addr_of4(0xe0000000), addr_of4(0xe00000ff) };
		return 1;
	}
	for (uint64_t flags = 0; flags < 16; flags++) {
		uint64_t top = UINT64_C(0xff01) << 48 | flags << 52;

		out[flags] = (struct range){ addr_of6(top, 0),
					     addr_of6((top | UINT64_C(2) << 48) +
						      (UINT64_MAX >> 16) - (UINT64_C(1) << 48),
						      UINT64_MAX) };
	}
	return 16;
}

/* Where groups go, by their class, with those that are never judged laid over them: behind tags, too,
 * where they went before (nft_tags.c), so that maps are the same. */
static struct row row_of(const struct artefact_side *groups, const uint32_t *targets)
{
	struct range unjudged[NFT_UNJUDGED_MAX];
	size_t count = nft_unjudged(groups->intervals[0].first.family, unjudged), u = 0;
	struct row row = { memory_room(groups->n + 2 * count + 1, sizeof(*row.spans)), 0 };

	for (size_t i = 0; i < groups->n; i++) {
		struct addr at = groups->intervals[i].first, last = artefact_last(groups, i);
		uint32_t target = targets[groups->intervals[i].class];
		bool more = true;

		while (more && u < count && addr_order(unjudged[u].first, last) <= 0) {
			if (addr_order(at, unjudged[u].first) < 0)
				add_span(&row, at, target);
			add_span(&row, unjudged[u].first, NFT_TARGET_LINK_LOCAL);
			more = addr_order(unjudged[u].last, last) < 0;
			at = addr_next(unjudged[u].last);
			u += more || addr_equal(unjudged[u].last, last);
		}
		if (more)
			add_span(&row, at, target);
	}
	return row;
}

/* --- planes: lines that end in a decision --- */

static void put_row(struct text *out, struct nft_hook *h, const struct artefact_side *groups,
		    const uint32_t *targets)
{
	struct row row = row_of(groups, targets);
	uint32_t other = nft_put_lookup(out, h, SIDE_GROUP, row.spans, row.n, true);

	nft_put_rest(out, h, row.spans[0].first.family, other);
	h->span_count += row.n;
	free(row.spans);
}

/* By the group alone, for one class of sources. */
static void put_groups(struct text *out, struct nft_hook *h, const struct artefact_fold *fold,
		       unsigned source)
{
	unsigned n = fold->groups.classes;
	uint32_t *targets = memory_array(n, sizeof(*targets));

	for (unsigned g = 0; g < n; g++)
		targets[g] = nft_target_of(h->artefact, fold->cells[(size_t)source * n + g]);
	put_row(out, h, &fold->groups, targets);
	free(targets);
}

/* A chain that ends in a decision.  What it refers to stands before it. */
static void add_chain(struct nft_hook *h, unsigned id, struct text *lines)
{
	text_put(&h->chains, "\tchain ");
	nft_put_chain(&h->chains, h, id);
	text_printf(&h->chains, " {\n\t\t%s\t}\n", text_string(lines));
	text_release(lines);
}

static bool mentions(const struct text *text, const struct nft_hook *h, uint32_t target)
{
	struct text name = { 0 };
	const char *at = text_string(text);
	bool found = false;

	text_put(&name, "goto ");
	nft_put_chain(&name, h, target & ~NFT_TARGET_CHAIN);
	while (!found && (at = strstr(at, name.p))) {
		at += name.n;
		found = *at == ',' || *at == '\n';
	}
	text_release(&name);
	return found;
}

/* Where a class of sources goes: a chain, in which its groups are looked up, or, where all of them come
 * to the same, there; but ahead of tags the groups that are never judged are looked up first. */
static uint32_t target_of_source(const struct nft_hook *h, const struct artefact_fold *fold,
				 unsigned source, unsigned chain)
{
	const uint32_t *cells = fold->cells + (size_t)source * fold->groups.classes;

	for (unsigned g = 0; g < fold->groups.classes; g++)
		if (h->tags == 0 || cells[g] != cells[0])
			return NFT_TARGET_CHAIN | chain;
	return nft_target_of(h->artefact, cells[0]);
}

/* Chains of numbers from `first` on, for each class of sources that needs one, but for `without`. */
static void put_source_chains(struct nft_hook *h, const struct artefact_fold *fold, unsigned first,
			      uint32_t without)
{
	for (unsigned s = 0; s < fold->sources.classes; s++) {
		uint32_t target = target_of_source(h, fold, s, first + s);
		struct text chain = { 0 };

		if (!(target & NFT_TARGET_CHAIN) || target == without)
			continue;
		put_groups(&chain, h, fold, s);
		add_chain(h, first + s, &chain);
	}
}

/* By the source first.  What most addresses come to stands in place, unless the look-up refers to
 * it. */
static void put_sources_first(struct text *out, struct nft_hook *h,
			      const struct artefact_fold *fold)
{
	const struct artefact_side *sources = &fold->sources;
	struct nft_span *spans = memory_room(sources->n, sizeof(*spans));
	struct text chains = h->chains, lines = { 0 }, steps;
	unsigned first = h->chain_count;
	uint32_t other;
	bool in_place;

	h->chain_count += sources->classes;
	h->chains = (struct text){ 0 };
	for (size_t i = 0; i < sources->n; i++) {
		unsigned s = sources->intervals[i].class;

		spans[i] = (struct nft_span){ sources->intervals[i].first,
					      target_of_source(h, fold, s, first + s) };
	}
	other = nft_put_lookup(&lines, h, SIDE_SOURCE, spans, sources->n, false);
	steps = h->chains;
	h->chains = chains;
	in_place = other & NFT_TARGET_CHAIN && !mentions(&lines, h, other) &&
		   !mentions(&steps, h, other) && !mentions(&h->maps[h->tags].text, h, other);
	put_source_chains(h, fold, first, in_place ? other : NFT_TARGET_CONTINUE);
	text_put_n(out, text_string(&lines), lines.n);
	if (in_place) {
		put_groups(out, h, fold, (other & ~NFT_TARGET_CHAIN) - first);
	} else {
		nft_put_goto(out, h, sources->intervals[0].first.family, other);
		text_char(out, '\n');
	}
	text_put_n(&h->chains, text_string(&steps), steps.n);
	text_release(&steps);
	text_release(&lines);
	free(spans);
}

/* What all sources come to with groups of a class, or false. */
static bool is_same_for_all(const struct artefact_fold *fold, unsigned group)
{
	for (unsigned s = 1; s < fold->sources.classes; s++)
		if (fold->cells[(size_t)s * fold->groups.classes + group] != fold->cells[group])
			return false;
	return true;
}

/* A chain that looks the sources up, for the groups of a class. */
static uint32_t source_chain(struct nft_hook *h, const struct artefact_fold *fold, unsigned group)
{
	const struct artefact_side *sources = &fold->sources;
	struct nft_span *spans = memory_room(sources->n, sizeof(*spans));
	struct text lines = { 0 };
	unsigned id = h->chain_count++;
	uint32_t other;
	size_t n = 0;

	for (size_t i = 0; i < sources->n; i++) {
		unsigned s = sources->intervals[i].class;
		uint32_t target = nft_target_of(h->artefact,
					    fold->cells[(size_t)s * fold->groups.classes + group]);

		if (n == 0 || spans[n - 1].target != target)
			spans[n++] = (struct nft_span){ sources->intervals[i].first, target };
	}
	other = nft_put_lookup(&lines, h, SIDE_SOURCE, spans, n, true);
	nft_put_rest(&lines, h, spans[0].first.family, other);
	add_chain(h, id, &lines);
	h->span_count += n;
	free(spans);
	return NFT_TARGET_CHAIN | id;
}

/* By the group first: where rules name groups and few ask for the source besides, most packets then
 * need one look-up, and groups stand in one map and not in one for each class of sources. */
static void put_groups_first(struct text *out, struct nft_hook *h,
			     const struct artefact_fold *fold)
{
	uint32_t *targets = memory_array(fold->groups.classes, sizeof(*targets));

	for (unsigned g = 0; g < fold->groups.classes; g++)
		targets[g] = is_same_for_all(fold, g) ? nft_target_of(h->artefact, fold->cells[g])
						      : source_chain(h, fold, g);
	put_row(out, h, &fold->groups, targets);
	free(targets);
}

/* Where half of the classes are the same for all sources, or half of the groups are and the chains
 * of the others take little. */
bool nft_is_group_first(const struct artefact_fold *fold)
{
	const struct artefact_side *groups = &fold->groups;
	bool *is_same = memory_array(groups->classes, sizeof(*is_same)), few;
	size_t same = 0, intervals = 0;

	for (unsigned g = 0; g < groups->classes; g++)
		same += is_same[g] = is_same_for_all(fold, g);
	for (size_t i = 0; i < groups->n; i++)
		intervals += is_same[groups->intervals[i].class];
	few = (groups->classes - same) * fold->sources.n <= groups->n;
	free(is_same);
	return 2 * same >= groups->classes || (few && 2 * intervals >= groups->n);
}

/* The lines of pairs, of one plane or of several that say the same. */
static void put_pairs(struct text *out, struct nft_hook *h, const struct artefact_family *f,
		      unsigned plane)
{
	const struct artefact *a = h->artefact;
	size_t row = f->pairs->n, n = 0;
	size_t first = (2 * h->tags + (f == &a->ip6)) * a->plane_count;
	const uint32_t *cells = f->pairs->cells;
	unsigned same = plane;
	struct text *lines;

	if (!h->pair_lines)
		h->pair_lines = memory_array(2 * (NFT_TAGGED + 1) * a->plane_count,
					     sizeof(*h->pair_lines));
	for (unsigned p = 0; p < a->plane_count; p++)
		if (h->pair_lines[first + p].n > 0 &&
		    memcmp(cells + p * row, cells + plane * row, row * sizeof(*cells)) == 0)
			same = p;
	lines = &h->pair_lines[first + same];
	if (lines->n == 0 && !nft_put_pairs(lines, h, f, plane, &n))
		n = NFT_SPANS_MAX + 1;
	h->span_count += n;
	text_put_n(out, text_string(lines), lines->n);
}

void nft_pair_lines_release(struct nft_hook *h)
{
	size_t n = 2 * (NFT_TAGGED + 1) * h->artefact->plane_count;

	for (size_t i = 0; h->pair_lines && i < n; i++)
		text_release(&h->pair_lines[i]);
	free(h->pair_lines);
}

void nft_put_plane(struct text *out, struct nft_hook *h, enum family family, unsigned plane)
{
	const struct artefact_family *f =
		family == FAMILY_IP4 ? &h->artefact->ip4 : &h->artefact->ip6;
	struct artefact_fold fold;

	if (f->pairs)
		put_pairs(out, h, f, plane);
	artefact_fold_init(&fold, f, plane);
	if (fold.sources.classes == 1)
		put_groups(out, h, &fold, 0);
	else if (nft_is_group_first(&fold))
		put_groups_first(out, h, &fold);
	else
		put_sources_first(out, h, &fold);
	artefact_fold_release(&fold);
}

uint32_t nft_plane_target(struct nft_hook *h, enum family family, unsigned plane)
{
	const struct artefact_family *f =
		family == FAMILY_IP4 ? &h->artefact->ip4 : &h->artefact->ip6;
	uint32_t target = NFT_TARGET_CHAIN;
	struct artefact_fold fold;

	artefact_fold_init(&fold, f, plane);
	if (!f->pairs && fold.sources.classes == 1)
		target = target_of_source(h, &fold, 0, 0);
	artefact_fold_release(&fold);
	return target & NFT_TARGET_CHAIN ? target | nft_plane_chain(h, family, plane) : target;
}

unsigned nft_plane_chain(struct nft_hook *h, enum family family, unsigned plane)
{
	struct text lines = { 0 };
	unsigned id = h->chain_count++;
	size_t counted = h->span_count;

	nft_put_plane(&lines, h, family, plane);
	add_chain(h, id, &lines);
	if (h->tags > 0)
		h->span_count = counted;	/* most of them are those of untagged packets */
	return id;
}
