/* SPDX-License-Identifier: BSD-2-Clause */
/* From an address to its target, by hashes.  nftables keeps intervals in a tree, whose cost grows
 * with their number and with every cache miss on the way down; a hash of masked addresses does not
 * grow.  So intervals become prefixes of a few lengths (nft_prefix.c), and there is one hash for
 * each.  The shortest comes first, and says where longer ones go on: most addresses are in no hash,
 * and then the first look-up is the last (markers: Waldvogel, Varghese, Turner, Plattner 1997).
 * But thousands of markers are cache lines that a packet waits for: there are none then.
 * Where nothing stands behind them the maps themselves say where all other addresses go: that takes
 * no line, and no test whether a frame has an address.  Lines are short, for the kernel walks a
 * line's expressions one after the other, but finds the next line at once.
 * Where that takes too many entries a hash of some leading bits sends on to chains for the rest;
 * addresses whose rest is the same share a chain, as those of a pattern do (ff0x::101).  Knows no
 * rule. */
#include <stdlib.h>

#include "base/memory.h"
#include "enforce/nft_field.h"
#include "enforce/nft_plane.h"
#include "enforce/nft_prefix.h"

#define STRIDE_ROOT 16
#define TRIE_SPANS_MAX 100000
#define SPANS_WIDE 256			/* of IPv6 */
#define ROOM 4				/* buckets for each element of a map */
#define ROOM_AHEAD 16			/* of one that other look-ups stand behind */
#define BUCKETS_AHEAD 49152		/* about so many at most, unless ROOM asks for more */
#define NESTED_WORTH 64			/* one around others takes a chain: among so many entries */
#define MARKERS_WORTH 4			/* markers go on to a look-up more: for each entry so many */
#define MARKERS_MAX 4096		/* more cost more than the look-ups that they save */

/* --- numbers --- */

static wide number_of(struct addr a)
{
	return (wide)a.hi << 64 | a.lo;
}

static struct addr addr_of(const struct domain *d, wide number)
{
	if (d->family == FAMILY_IP4)
		return addr_of4((uint32_t)number);
	return addr_of6((uint64_t)(number >> 64), (uint64_t)number);
}

static wide mask_of(const struct domain *d, unsigned length)
{
	return domain_low_bits(d, d->from) & ~domain_low_bits(d, length);
}

/* --- text --- */

/* What is read of an address: whole bytes. */
struct part {
	unsigned first, bits;
};

static struct part whole_of(const struct domain *d)
{
	return (struct part){ 0, d->bits };
}

/* The fewest that the kernel reads at once and that have all of the mask.  Where nothing is known
 * of the address yet all of it is read: a frame may end within it, and then has none. */
static struct part part_of(const struct domain *d, wide mask)
{
	if (d->from == 0)
		return whole_of(d);
	for (unsigned bits = 8; bits < d->bits; bits *= 2) {
		for (unsigned first = 0; first < d->bits; first += bits) {
			wide there = domain_low_bits(d, first) & ~domain_low_bits(d, first + bits);

			if ((mask & there) == mask)
				return (struct part){ first, bits };
		}
	}
	return whole_of(d);
}

/* What stands there of a number, moved to its end. */
static wide in_part(const struct domain *d, struct part part, wide number)
{
	return number >> (d->bits - part.first - part.bits);
}

static bool is_all(const struct domain *d, struct part part, wide mask)
{
	return in_part(d, part, mask) == domain_low_bits(d, d->bits - part.bits);
}

static void put_number(struct text *out, const struct domain *d, struct part part, wide number)
{
	text_put(out, "0x");
	for (unsigned at = part.first; at < part.first + part.bits; at += 4)
		text_char(out, "0123456789abcdef"[number >> (d->bits - 4 - at) & 15]);
	text_char(out, ' ');
}

static void put_field(struct text *out, const struct nft_hook *h, const struct domain *d,
		      struct part part, wide mask)
{
	nft_put_part(out, h, d->family, d->side, part.first, part.bits);
	if (is_all(d, part, mask))
		return;
	text_put(out, "& ");
	put_number(out, d, part, mask);
}

/* One is compared. */
static void put_compare(struct text *out, const struct nft_hook *h, const struct domain *d,
			const struct entry *entry, wide mask)
{
	struct part part = part_of(d, mask);

	put_field(out, h, d, part, mask);
	text_put(out, "== ");
	put_number(out, d, part, entry->key);
	nft_put_goto(out, h, d->family, entry->target);
	text_put(out, "\n\t\t");
}

/* Where a part is all that a key of IPv4 has, the kernel fills it up with zeros; a key of IPv6 is
 * read whole. */
static struct part key_part(const struct domain *d, wide mask)
{
	struct part part = part_of(d, mask);

	return d->family == FAMILY_IP4 && is_all(d, part, mask) ? part : whole_of(d);
}

static void put_elements(struct text *out, const struct nft_hook *h, const struct domain *d,
			 const struct entries *e, struct part part)
{
	char text[ADDR_TEXT];

	for (size_t i = 0; i < e->n; i++) {
		text_put(out, "\t\t\t");
		text_put(out, addr_text(addr_of(d, e->list[i].key << part.first), text));
		text_put(out, " : ");
		if (e->list[i].target == NFT_TARGET_CONTINUE)
			text_put(out, "continue");
		else
			nft_put_goto(out, h, d->family, e->list[i].target);
		text_put(out, ",\n");
	}
}

/* What leads to the same is one map, behind tags, too.  It has a name, and outlives the line: a
 * nameless one ends with it, at once, and a packet that has met the line would find nothing. */
void nft_put_map(struct text *out, struct nft_hook *h, const struct text *body)
{
	bool by_tags = memchr(body->p, NFT_TAGS_MARK, body->n) != NULL;
	const char tags[] = { 't', NFT_TAGS_MARK, '\0' }, *infix = by_tags ? tags : "";
	struct nft_maps *maps = &h->maps[by_tags];
	unsigned id = 0;

	while (id < maps->n && (maps->places[id].n != body->n ||
				memcmp(maps->text.p + maps->places[id].at, body->p, body->n)))
		id++;
	text_printf(out, "vmap @%%%u%sv%u ", h->id, infix, id);
	if (id < maps->n)
		return;
	maps->places = memory_grow(maps->places, ++maps->n, sizeof(*maps->places));
	text_printf(&maps->text, "\tmap %%%u%sv%u {\n", h->id, infix, id);
	maps->places[id] = (struct nft_map_place){ maps->text.n, body->n };
	text_put_n(&maps->text, body->p, body->n);
	text_put(&maps->text, "\t\t}\n\t}\n");
}

/* With much room in it few keys share a bucket.  What it does not hold goes to `others`, or, where
 * that is none, behind it. */
static void put_lookup(struct text *out, struct nft_hook *h, const struct domain *d,
		       const struct entries *e, wide mask, size_t room, uint32_t others)
{
	struct part part = key_part(d, mask);
	struct text body = { 0 };

	text_printf(&body, "\t\ttype %s : verdict; size %zu\n\t\telements = {\n",
		    d->family == FAMILY_IP4 ? "ipv4_addr" : "ipv6_addr", room * e->n);
	put_elements(&body, h, d, e, part);
	if (others != NFT_TARGET_NONE) {
		text_put(&body, "\t\t\t* : ");
		nft_put_goto(&body, h, d->family, others);
		text_put(&body, ",\n");
	}
	put_field(out, h, d, part, mask);
	nft_put_map(out, h, &body);
	text_release(&body);
}

static void end_line(struct text *out)
{
	text_cut(out, out->n - 1);
	text_put(out, "\n\t\t");
}

/* What lists and chains are for depends on the tags, and maps would, too. */
static bool may_take_all(const struct domain *d, uint32_t others)
{
	return d->ends && !(others & (NFT_TARGET_CHAIN | NFT_TARGET_LIST));
}

/* Returned is where what is not found goes in the next line: to `others`, if not sent there yet. */
static uint32_t put_hash(struct text *out, struct nft_hook *h, const struct domain *d,
			 const struct entries *e, wide mask, uint32_t others)
{
	if (e->n == 1)
		put_compare(out, h, d, e->list, mask);
	if (e->n <= 1)
		return others;
	put_lookup(out, h, d, e, mask, ROOM, d->ends ? others : NFT_TARGET_NONE);
	end_line(out);
	return d->ends ? NFT_TARGET_NONE : others;
}

/* --- the shortest first: a marker goes on to the next, and what is not found has nothing behind;
 * a map that takes that ends its line, others stand in one line.  Without markers each has a line,
 * and all that is not found goes on --- */

static wide block_of(const struct domain *d, const struct entries *e, size_t i, unsigned length)
{
	return e->list[i].key & ~domain_low_bits(d, length);
}

/* Entries of a length in which there are longer ones. */
static size_t count_nested(const struct domain *d, const struct entries *e,
			   const struct entries *longer, unsigned length)
{
	size_t n = 0, k = 0;

	for (size_t i = 0; i < e->n; i++) {
		while (k < longer->n && block_of(d, longer, k, length) < e->list[i].key)
			k++;
		n += k < longer->n && block_of(d, longer, k, length) == e->list[i].key;
	}
	return n;
}

/* How many blocks of a length hold longer entries. */
static size_t count_markers(const struct domain *d, const struct entries *levels, unsigned n,
			    unsigned length)
{
	size_t count = 0;

	for (unsigned k = 0; k < n; k++)
		for (size_t i = 0; i < levels[k].n; i++)
			count += i == 0 || block_of(d, &levels[k], i, length) !=
						   block_of(d, &levels[k], i - 1, length);
	return count;
}

/* From which on the shorter come first: one of few entries would mostly go on, and an entry around
 * others takes a chain. */
static unsigned first_in_order(const struct domain *d, const struct entries *levels,
			     const struct lengths *lengths)
{
	unsigned first = lengths->n - 1;
	size_t nested = 0;

	while (first > 0) {
		const struct entries *e = &levels[first - 1], *longer = &levels[first];
		unsigned n = lengths->n - first, length = lengths->list[first - 1];

		for (unsigned k = 0; k < n; k++)
			nested += count_nested(d, e, &longer[k], length);
		if (e->n < NESTED_WORTH * nested ||
		    MARKERS_WORTH * e->n < count_markers(d, longer, n, length))
			return first;
		first--;
	}
	return first;
}

/* Whether lengths from `first` on are marked. */
static bool are_marked(const struct domain *d, const struct entries *levels,
		       const struct lengths *lengths, unsigned first)
{
	size_t n = 0;

	for (unsigned k = first; k + 1 < lengths->n; k++)
		n += count_markers(d, &levels[k + 1], lengths->n - k - 1, lengths->list[k]);
	return n <= MARKERS_MAX;
}

static struct entries within_block(const struct domain *d, const struct entries *longer, wide block,
				   unsigned length)
{
	size_t i = 0, end = longer->n, n = 0;

	while (i < end) {
		size_t middle = i + (end - i) / 2;

		if (longer->list[middle].key < block)
			i = middle + 1;
		else
			end = middle;
	}
	while (i + n < longer->n && block_of(d, longer, i + n, length) == block)
		n++;
	return (struct entries){ longer->list + i, n, 0 };
}

/* Where those within an entry of the k-th length are looked for, and then what is around them is
 * met. */
static uint32_t chain_around(struct nft_hook *h, const struct domain *d,
			     const struct entries *levels, const struct lengths *lengths,
			     unsigned k, const struct entry *around)
{
	struct text chain = { 0 };
	struct domain inner = *d;
	unsigned id = h->chain_count++;

	inner.ends = false;
	text_put(&chain, "\tchain ");
	nft_put_chain(&chain, h, id);
	text_put(&chain, " {\n\t\t");
	for (unsigned longer = lengths->n; longer-- > k + 1;) {
		struct entries e =
			within_block(d, &levels[longer], around->key, lengths->list[k]);

		put_hash(&chain, h, &inner, &e, mask_of(d, lengths->list[longer]),
			 around->target);
	}
	nft_put_goto(&chain, h, d->family, around->target);
	text_put(&chain, "\n\t}\n");
	text_put_n(&h->chains, chain.p, chain.n);
	text_release(&chain);
	return NFT_TARGET_CHAIN | id;
}

/* The entries of the k-th length, and markers for the longer ones. */
static struct entries mark(struct nft_hook *h, const struct domain *d,
			   const struct entries *levels, const struct lengths *lengths, unsigned k,
			   const struct entries *longer)
{
	const struct entries *e = &levels[k];
	unsigned length = lengths->list[k];
	struct entries out = { 0 };
	size_t i = 0, at = 0;

	while (i < e->n || at < longer->n) {
		bool is_marker = at < longer->n &&
				 (i == e->n || block_of(d, longer, at, length) <= e->list[i].key);
		wide key = is_marker ? block_of(d, longer, at, length) : e->list[i].key;
		uint32_t target = NFT_TARGET_CONTINUE;

		if (i < e->n && e->list[i].key == key)
			target = e->list[i++].target;
		if (is_marker && target != NFT_TARGET_CONTINUE)
			target = chain_around(h, d, levels, lengths, k, &e->list[i - 1]);
		entries_add(&out, key, length, target);
		while (at < longer->n && block_of(d, longer, at, length) == key)
			at++;
	}
	return out;
}

static struct entries without_markers(const struct entries *e)
{
	struct entries out = { 0 };

	for (size_t i = 0; i < e->n; i++)
		if (e->list[i].target != NFT_TARGET_CONTINUE)
			entries_add(&out, e->list[i].key, e->list[i].length, e->list[i].target);
	return out;
}

static size_t room_ahead(size_t n)
{
	size_t most = BUCKETS_AHEAD / n;

	return most < ROOM ? ROOM : most < ROOM_AHEAD ? most : ROOM_AHEAD;
}

/* What `longer` begins with.  What the map does not hold goes to `others`, or, where that is none,
 * behind the line. */
static void put_ahead(struct text *longer, struct nft_hook *h, const struct domain *d,
		      const struct entries *marked, unsigned length, bool marks, uint32_t others)
{
	struct entries own = marks ? (struct entries){ 0 } : without_markers(marked);
	const struct entries *e = marks ? marked : &own;
	struct text line = { 0 };

	put_lookup(&line, h, d, e, mask_of(d, length), longer->n > 0 ? room_ahead(e->n) : ROOM,
		   others);
	if (longer->n > 0 && (!marks || others != NFT_TARGET_NONE))
		end_line(&line);
	text_put_n(&line, text_string(longer), longer->n);
	text_release(longer);
	free(own.list);
	*longer = line;
}

/* Returned is as by put_hash(). */
static uint32_t put_in_order(struct text *out, struct nft_hook *h, const struct domain *d,
			     const struct entries *levels, const struct lengths *lengths,
			     unsigned first, uint32_t others)
{
	bool marks = are_marked(d, levels, lengths, first);
	struct text longer = { 0 };
	struct entries behind = { 0 };

	for (unsigned k = lengths->n; k-- > first;) {
		struct entries marked = mark(h, d, levels, lengths, k, &behind);
		bool takes_all = d->ends && (marks || k + 1 == lengths->n);

		put_ahead(&longer, h, d, &marked, lengths->list[k], marks,
			  takes_all ? others : NFT_TARGET_NONE);
		free(behind.list);
		behind = marked;
	}
	text_put_n(out, longer.p, longer.n);
	end_line(out);
	text_release(&longer);
	free(behind.list);
	return d->ends ? NFT_TARGET_NONE : others;
}

/* Returned is as by put_hash(): the shortest is looked up last, or first. */
static uint32_t put_hashes(struct text *out, struct nft_hook *h, const struct domain *d,
			   const struct entries *e, const struct lengths *lengths, uint32_t others)
{
	struct domain inner = *d;
	struct entries levels[LENGTHS_MAX];
	bool ends = may_take_all(d, others);
	unsigned first;

	for (unsigned k = 0; k < lengths->n; k++)
		levels[k] = entries_expand(d, e, k ? lengths->list[k - 1] : 0, lengths->list[k]);
	first = first_in_order(d, levels, lengths);
	inner.ends = ends && first == 0;
	if (first + 1 < lengths->n)
		others = put_in_order(out, h, &inner, levels, lengths, first, others);
	else
		others = put_hash(out, h, &inner, &levels[first], mask_of(d, lengths->list[first]),
				  others);
	while (first-- > 0) {
		inner.ends = ends && first == 0;
		others = put_hash(out, h, &inner, &levels[first], mask_of(d, lengths->list[first]),
				  others);
	}
	for (unsigned k = 0; k < lengths->n; k++)
		free(levels[k].list);
	return others;
}

/* --- too many for that: one step down --- */

static uint32_t put_stretches(struct text *out, struct nft_hook *h, const struct domain *d,
			      const struct stretch *stretches, size_t n);

static bool same_rest(const struct nft_rest *rest, const struct nft_hook *h,
		      const struct domain *d, const struct stretch *stretches, size_t n)
{
	return rest->family == d->family && rest->side == d->side && rest->at == d->at &&
	       rest->tags == h->tags &&
	       rest->n == n && memcmp(rest->stretches, stretches, n * sizeof(*stretches)) == 0;
}

/* The chain for what is behind a prefix: one that stands already, or a new one.  Takes the
 * stretches. */
static uint32_t chain_of(struct nft_hook *h, const struct domain *d, struct stretch *stretches,
			 size_t n)
{
	struct text chain = { 0 };
	unsigned id;
	uint32_t other;

	for (size_t i = 0; i < h->rest_count; i++) {
		if (same_rest(&h->rests[i], h, d, stretches, n)) {
			free(stretches);
			return NFT_TARGET_CHAIN | h->rests[i].chain;
		}
	}
	id = h->chain_count++;
	h->rests = memory_grow(h->rests, h->rest_count + 1, sizeof(*h->rests));
	h->rests[h->rest_count++] =
		(struct nft_rest){ d->family, d->side, d->at, h->tags, stretches, n, id };
	text_put(&chain, "\tchain ");
	nft_put_chain(&chain, h, id);
	text_put(&chain, " {\n\t\t");
	other = put_stretches(&chain, h, d, stretches, n);
	nft_put_rest(&chain, h, d->family, other);
	text_put(&chain, "\t}\n");
	text_put_n(&h->chains, chain.p, chain.n);
	text_release(&chain);
	return NFT_TARGET_CHAIN | id;
}

/* The stretches within one block, with the block's own bits taken away. */
static uint32_t block_target(struct nft_hook *h, const struct domain *d, unsigned length,
			     wide block, const struct stretch *stretches, size_t n)
{
	struct domain inner = { d->family, d->side, d->bits, length, length, 0, true };
	struct stretch *rest = memory_array(n, sizeof(*rest));

	for (size_t i = 0; i < n; i++) {
		rest[i].first = i ? stretches[i].first - block : 0;
		rest[i].target = stretches[i].target;
	}
	return chain_of(h, &inner, rest, n);
}

static void add_stretch(struct stretch *list, size_t *n, wide first, uint32_t target)
{
	if (*n == 0 || list[*n - 1].target != target)
		list[(*n)++] = (struct stretch){ first, target };
}

struct blocks {
	struct stretch *list;
	size_t		n;
	unsigned	length;
};

/* Where the next bits lead to. */
static struct blocks find_blocks(struct nft_hook *h, const struct domain *d,
				 const struct stretch *stretches, size_t n)
{
	struct blocks out = { memory_room(2 * n + 1, sizeof(*out.list)), 0,
			      d->at < STRIDE_ROOT ? STRIDE_ROOT : d->at + STRIDE };
	wide size = domain_low_bits(d, out.length) + 1, at = d->base;
	wide end = at + domain_low_bits(d, d->at);
	size_t i = 0;

	for (;;) {
		size_t behind = i + 1;
		wide last = at + (size - 1);

		while (behind < n && stretches[behind].first <= last)
			behind++;
		if (behind == i + 1) {		/* one target up to a later block */
			add_stretch(out.list, &out.n, at, stretches[i].target);
			last = behind < n ? (stretches[behind].first & ~(size - 1)) - 1 : end;
		} else {
			add_stretch(out.list, &out.n, at,
				    block_target(h, d, out.length, at, stretches + i, behind - i));
		}
		i = behind < n && stretches[behind].first == last + 1 ? behind : behind - 1;
		if (last == end)
			return out;
		at = last + 1;
	}
}

static uint32_t put_split(struct text *out, struct nft_hook *h, const struct domain *d,
			  const struct stretch *stretches, size_t n)
{
	struct blocks blocks = find_blocks(h, d, stretches, n);
	struct entries entries = { 0 };
	struct lengths lengths;
	uint32_t other = entries_of(d, blocks.list, blocks.n, &entries);

	if (entries.n > 0 && !lengths_of(d, &entries, &lengths))
		lengths = (struct lengths){ { (uint8_t)blocks.length }, 1, 0 };
	if (entries.n > 0)
		other = put_hashes(out, h, d, &entries, &lengths, other);
	free(entries.list);
	free(blocks.list);
	return other;
}

/* --- IPv6 groups: ff, four flags, the scope (RFC 4291 2.7) --- */

#define NIBBLES 16
#define SCOPE_MASK ((wide)0xff0f << 112)

static uint32_t most_frequent(const uint32_t *targets, size_t n)
{
	uint32_t best = targets[0];
	size_t best_count = 0;

	for (size_t i = 0; i < n; i++) {
		size_t count = 0;

		for (size_t k = 0; k < n; k++)
			count += targets[k] == targets[i];
		if (count > best_count) {
			best_count = count;
			best = targets[i];
		}
	}
	return best;
}

/* Policies speak of scopes, whatever the flags: first the blocks that differ from most of their
 * scope, then the scopes that differ from most. */
static uint32_t put_scopes(struct text *out, struct nft_hook *h, const struct domain *d,
			   const struct stretch *stretches, size_t n)
{
	struct blocks blocks = find_blocks(h, d, stretches, n);
	uint32_t targets[NIBBLES][NIBBLES], of_scope[NIBBLES], other;
	struct domain inner = *d;
	struct entries some = { 0 }, scopes = { 0 };

	for (wide scope = 0; scope < NIBBLES; scope++) {
		for (wide flags = 0; flags < NIBBLES; flags++) {
			wide at = d->base | flags << 116 | scope << 112;
			size_t i = stretch_find(blocks.list, blocks.n, 0, at);

			targets[scope][flags] = blocks.list[i].target;
		}
		of_scope[scope] = most_frequent(targets[scope], NIBBLES);
	}
	other = most_frequent(of_scope, NIBBLES);
	for (wide scope = 0; scope < NIBBLES; scope++) {
		wide at = d->base | scope << 112;

		if (of_scope[scope] != other)
			entries_add(&scopes, at, STRIDE_ROOT, of_scope[scope]);
		for (wide flags = 0; flags < NIBBLES; flags++)
			if (targets[scope][flags] != of_scope[scope])
				entries_add(&some, at | flags << 116, STRIDE_ROOT,
					  targets[scope][flags]);
	}
	inner.ends = may_take_all(d, other) && scopes.n == 0;
	other = put_hash(out, h, &inner, &some, mask_of(d, STRIDE_ROOT), other);
	inner.ends = may_take_all(d, other);
	other = put_hash(out, h, &inner, &scopes, SCOPE_MASK, other);
	free(some.list);
	free(scopes.list);
	free(blocks.list);
	return other;
}

/* Others that repeat themselves: there a step down comes first, to share what is behind it. */
static bool is_wide(const struct domain *d, size_t n)
{
	if (d->bits - d->at <= STRIDE)
		return false;
	return n > (d->family == FAMILY_IP4 ? TRIE_SPANS_MAX : SPANS_WIDE);
}

static uint32_t put_stretches(struct text *out, struct nft_hook *h, const struct domain *d,
			      const struct stretch *stretches, size_t n)
{
	struct entries entries = { 0 };
	struct lengths lengths;
	uint32_t other;
	bool fits;

	if (d->family == FAMILY_IP6 && d->side == SIDE_GROUP && d->at < STRIDE_ROOT)
		return put_scopes(out, h, d, stretches, n);
	if (is_wide(d, n))
		return put_split(out, h, d, stretches, n);
	other = entries_of(d, stretches, n, &entries);
	fits = entries.n == 0 || lengths_of(d, &entries, &lengths);
	if (fits && entries.n > 0)
		other = put_hashes(out, h, d, &entries, &lengths, other);
	free(entries.list);
	return fits ? other : put_split(out, h, d, stretches, n);
}

void nft_put_rest(struct text *out, struct nft_hook *h, enum family family, uint32_t target)
{
	if (target == NFT_TARGET_NONE) {
		text_cut(out, out->n - 2);
		return;
	}
	nft_put_goto(out, h, family, target);
	text_char(out, '\n');
}

uint32_t nft_put_lookup(struct text *out, struct nft_hook *h, enum side side,
			const struct nft_span *spans, size_t n, bool ends)
{
	enum family family = spans[0].first.family;
	struct domain d = { family, side, family == FAMILY_IP4 ? 32 : 128, 0, 0, 0, ends };
	struct stretch *stretches = memory_room(n, sizeof(*stretches));
	uint32_t other;

	if (side == SIDE_GROUP) {
		d.at = family == FAMILY_IP4 ? 4 : 8;
		d.base = number_of(spans[0].first);
	}
	for (size_t i = 0; i < n; i++) {
		stretches[i].first = number_of(spans[i].first);
		stretches[i].target = spans[i].target;
	}
	other = put_stretches(out, h, &d, stretches, n);
	free(stretches);
	return other;
}

void nft_rests_release(struct nft_hook *h)
{
	for (size_t i = 0; i < h->rest_count; i++)
		free(h->rests[i].stretches);
	free(h->rests);
}
