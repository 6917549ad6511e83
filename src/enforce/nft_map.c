/* SPDX-License-Identifier: BSD-2-Clause */
/* From an address to its target, by hashes.  nftables keeps intervals in a tree, whose cost grows
 * with their number and with every cache miss on the way down; a hash of masked addresses does not
 * grow.  So intervals become the least set of nested prefixes (optimal routing table construction:
 * Draves, King, Venkatachary, Zill 1999), their lengths are rounded up to a few, and there is one
 * hash for each.  The shortest comes first, and says where longer ones go on: most addresses are in
 * no hash, and then the first look-up is the last (markers: Waldvogel, Varghese, Turner, Plattner
 * 1997).  Where that takes too many entries a hash of some leading bits sends on to chains for the
 * rest; addresses whose rest is the same share a chain, as those of a pattern do (ff0x::101).
 * Knows no rule. */
#include <stdlib.h>

#include "base/memory.h"
#include "enforce/nft.h"

typedef unsigned __int128 wide;		/* an address of either family as a number */

#define LENGTHS_MAX 4			/* hashes tried one after the other */
#define LENGTHS_MAX_IP4 3
#define CANDIDATES 8			/* targets kept for a prefix; the best ones are enough */
#define STRIDE_ROOT 16
#define STRIDE 8
#define TRIE_SPANS_MAX 100000
#define SPANS_WIDE 256			/* of IPv6 */
#define ROOM 4				/* buckets for each element of a map */
#define NESTED_MAX 16			/* entries around others, of those that stand in one line */
#define MARKERS_WORTH 4			/* for an entry, that one look-up more finds nothing behind */

/* Where the bits up to `at` are known.  A mask begins at bit `from`: at 0, or, in a chain that
 * several prefixes share, at `at`. */
struct domain {
	enum family family;
	enum side   side;
	unsigned    bits, at, from;
	wide	    base;		/* the known bits, as far as masks show them */
};

struct stretch {
	wide	 first;
	uint32_t target;
};

struct entry {
	wide	 key;
	uint32_t target;
	uint8_t	 length;
};

struct entries {
	struct entry *list;
	size_t	      n, cap;
};

struct node {
	uint32_t targets[CANDIDATES];
	uint32_t child[2];		/* 0: a leaf */
	uint8_t	 n;
};

struct trie {
	const struct stretch *stretches;
	size_t		      stretch_count;
	struct node	     *nodes;
	size_t		      n, cap;
};

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

/* The low bits behind a prefix. */
static wide low_bits(const struct domain *d, unsigned length)
{
	unsigned n = d->bits - length;

	return n == 128 ? ~(wide)0 : ((wide)1 << n) - 1;
}

static wide mask_of(const struct domain *d, unsigned length)
{
	return low_bits(d, d->from) & ~low_bits(d, length);
}

/* --- the least set of nested prefixes --- */

static bool has_target(const struct node *node, uint32_t target)
{
	for (unsigned i = 0; i < node->n; i++)
		if (node->targets[i] == target)
			return true;
	return false;
}

static void add_target(struct node *node, uint32_t target)
{
	if (node->n < CANDIDATES && !has_target(node, target))
		node->targets[node->n++] = target;
}

/* What both children can have; where that is nothing, what any of them can. */
static void join_targets(struct node *out, const struct node *a, const struct node *b)
{
	for (unsigned i = 0; i < a->n; i++)
		if (has_target(b, a->targets[i]))
			add_target(out, a->targets[i]);
	if (out->n > 0)
		return;
	for (unsigned i = 0; i < CANDIDATES / 2 && i < a->n; i++)
		add_target(out, a->targets[i]);
	for (unsigned i = 0; i < b->n; i++)
		add_target(out, b->targets[i]);
}

static uint32_t add_node(struct trie *t)
{
	if (t->n == t->cap) {
		t->cap = 2 * t->cap + 256;
		t->nodes = memory_grow(t->nodes, t->cap, sizeof(*t->nodes));
	}
	t->nodes[t->n] = (struct node){ .n = 0 };
	return (uint32_t)t->n++;
}

/* The stretch that holds a number, at or behind the i-th. */
static size_t stretch_of(const struct trie *t, size_t i, wide number)
{
	size_t end = t->stretch_count;

	while (end - i > 1) {
		size_t middle = i + (end - i) / 2;

		if (t->stretches[middle].first <= number)
			i = middle;
		else
			end = middle;
	}
	return i;
}

/* Recursion is as deep as an address is long. */
static uint32_t build(struct trie *t, const struct domain *d, wide first, unsigned length,
		      size_t i)
{
	wide half = low_bits(d, length) / 2 + 1;
	uint32_t node = add_node(t), left, right;

	if (stretch_of(t, i, first + low_bits(d, length)) == i) {
		add_target(&t->nodes[node], t->stretches[i].target);
		return node;
	}
	left = build(t, d, first, length + 1, i);
	right = build(t, d, first + half, length + 1, stretch_of(t, i, first + half));
	join_targets(&t->nodes[node], &t->nodes[left], &t->nodes[right]);
	t->nodes[node].child[0] = left;
	t->nodes[node].child[1] = right;
	return node;
}

static void add_entry(struct entries *e, wide key, unsigned length, uint32_t target)
{
	if (e->n == e->cap) {
		e->cap = 2 * e->cap + 64;
		e->list = memory_grow(e->list, e->cap, sizeof(*e->list));
	}
	e->list[e->n++] = (struct entry){ key, target, (uint8_t)length };
}

static void pick(const struct trie *t, const struct domain *d, uint32_t index, wide first,
		 unsigned length, uint32_t inherited, struct entries *out)
{
	const struct node *node = &t->nodes[index];
	wide half = low_bits(d, length) / 2 + 1;

	if (!has_target(node, inherited)) {
		inherited = node->targets[0];
		add_entry(out, first, length, inherited);
	}
	if (!node->child[0])
		return;
	pick(t, d, node->child[0], first, length + 1, inherited, out);
	pick(t, d, node->child[1], first + half, length + 1, inherited, out);
}

/* The target of all that no entry names. */
static uint32_t find_entries(const struct domain *d, const struct stretch *stretches, size_t n,
			     struct entries *out)
{
	struct trie t = { .stretches = stretches, .stretch_count = n };
	uint32_t root = build(&t, d, d->base, d->at, 0), other = t.nodes[root].targets[0];

	pick(&t, d, root, d->base, d->at, other, out);
	free(t.nodes);
	return other;
}

/* --- a few lengths --- */

struct lengths {
	uint8_t	 list[LENGTHS_MAX];		/* ascending */
	unsigned n;
	uint64_t elements;
};

#define TOO_MANY (UINT64_C(1) << 60)

/* How many entries have which length: ascending, only lengths that there are. */
struct census {
	uint8_t	 length[129];
	uint64_t count[129];
	unsigned n;
};

static struct census count_lengths(const struct entries *e)
{
	uint64_t counts[129] = { 0 };
	struct census out = { .n = 0 };

	for (size_t i = 0; i < e->n; i++)
		counts[e->list[i].length]++;
	for (unsigned l = 0; l < COUNT(counts); l++) {
		if (counts[l] == 0)
			continue;
		out.length[out.n] = (uint8_t)l;
		out.count[out.n++] = counts[l];
	}
	return out;
}

/* What the lengths from the first to the last become when all get the last. */
static uint64_t expanded(const struct census *c, unsigned first, unsigned last)
{
	uint64_t n = 0;

	for (unsigned i = first; i <= last; i++) {
		unsigned more = c->length[last] - c->length[i];

		n += more > 40 ? TOO_MANY : c->count[i] << more;
		n = n < TOO_MANY ? n : TOO_MANY;
	}
	return n;
}

/* best[k][i]: the fewest elements for the first i + 1 lengths with k + 1 hashes. */
static struct lengths choose_lengths(const struct census *c, unsigned hashes)
{
	uint64_t best[LENGTHS_MAX][129];
	uint8_t from[LENGTHS_MAX][129] = { { 0 } };
	struct lengths out = { .n = hashes };
	unsigned at = c->n - 1;

	for (unsigned i = 0; i < c->n; i++)
		best[0][i] = expanded(c, 0, i);
	for (unsigned k = 1; k < hashes; k++) {
		for (unsigned i = k; i < c->n; i++) {
			best[k][i] = TOO_MANY;
			for (unsigned j = k - 1; j < i; j++) {
				uint64_t sum = best[k - 1][j] + expanded(c, j + 1, i);

				if (sum >= best[k][i])
					continue;
				best[k][i] = sum;
				from[k][i] = (uint8_t)j;
			}
		}
	}
	out.elements = best[hashes - 1][c->n - 1];
	for (unsigned k = hashes; k-- > 0;) {
		out.list[k] = c->length[at];
		at = from[k][at];
	}
	return out;
}

/* Elements of IPv4 that a hash less is worth: measured, a tenth of a packet's cost for a list of
 * prefixes; a policy of many small maps must not take longer to come into force. */
static uint64_t enough(uint64_t n)
{
	return 12 * n + 64 < 3 * n + 1024 ? 12 * n + 64 : 3 * n + 1024;
}

/* The fewest hashes that take not many more elements than there are entries: a hash more costs
 * those packets that come so far, an element a microsecond of every reload, and room in caches.
 * Where one byte is left even one hash of all its values is good. */
static bool fit_lengths(const struct domain *d, const struct entries *e, struct lengths *out)
{
	uint64_t some = d->family == FAMILY_IP4 ? enough(e->n) : e->n + e->n / 8 + 4;
	uint64_t many = 4 * e->n + 1024;
	unsigned most = d->family == FAMILY_IP4 ? LENGTHS_MAX_IP4 : LENGTHS_MAX;
	struct census census = count_lengths(e);

	if (d->bits - d->at <= STRIDE)
		many = 1u << STRIDE;
	for (unsigned k = 1; k <= most && k <= census.n; k++) {
		*out = choose_lengths(&census, k);
		if (out->elements <= some)
			return true;
	}
	return out->elements <= many;
}

/* --- text --- */

static void put_field(struct text *out, const struct nft_hook *h, const struct domain *d,
		      wide mask)
{
	nft_put_address(out, h, d->family, d->side);
	if (mask == low_bits(d, 0))
		return;
	text_put(out, "& ");
	nft_put_number(out, addr_of(d, mask));
	text_char(out, ' ');
}

static int order_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return y->length - x->length;
}

/* All entries that get this length, each key once: of those that cover it the longest. */
static struct entries expand(const struct domain *d, const struct entries *e, unsigned above,
			     unsigned length)
{
	struct entries all = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++) {
		const struct entry *entry = &e->list[i];
		wide step = low_bits(d, length) + 1, last;

		if (entry->length <= above || entry->length > length)
			continue;
		last = entry->key + low_bits(d, entry->length);
		for (wide key = entry->key;; key += step) {
			add_entry(&all, key, entry->length, entry->target);
			if (last - key < step)
				break;
		}
	}
	if (all.n > 0)
		qsort(all.list, all.n, sizeof(*all.list), order_entries);
	for (size_t i = 0; i < all.n; i++)
		if (n == 0 || all.list[n - 1].key != all.list[i].key)
			all.list[n++] = all.list[i];
	all.n = n;
	return all;
}

/* One is compared. */
static void put_compare(struct text *out, const struct nft_hook *h, const struct domain *d,
			const struct entry *entry, wide mask)
{
	put_field(out, h, d, mask);
	text_put(out, "== ");
	nft_put_number(out, addr_of(d, entry->key));
	text_char(out, ' ');
	nft_put_goto(out, h, d->family, entry->target);
	text_put(out, "\n\t\t");
}

static void put_elements(struct text *out, const struct nft_hook *h, const struct domain *d,
			 const struct entries *e)
{
	char text[ADDR_TEXT];

	for (size_t i = 0; i < e->n; i++) {
		text_put(out, "\t\t\t");
		text_put(out, addr_text(addr_of(d, e->list[i].key), text));
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
	unsigned id = 0;

	while (id < h->map_count && (h->map_places[id].n != body->n ||
				     memcmp(h->maps.p + h->map_places[id].at, body->p, body->n)))
		id++;
	text_printf(out, "vmap @%%%uv%u ", h->id, id);
	if (id < h->map_count)
		return;
	h->map_places = memory_grow(h->map_places, ++h->map_count, sizeof(*h->map_places));
	text_printf(&h->maps, "\tmap %%%uv%u {\n", h->id, id);
	h->map_places[id] = (struct nft_map_place){ h->maps.n, body->n };
	text_put_n(&h->maps, body->p, body->n);
	text_put(&h->maps, "\t\t}\n\t}\n");
}

/* With much room in it few keys share a bucket. */
static void put_map(struct text *out, struct nft_hook *h, const struct domain *d,
		    const struct entries *e)
{
	struct text body = { 0 };

	text_printf(&body, "\t\ttype %s : verdict; size %zu\n\t\telements = {\n",
		    d->family == FAMILY_IP4 ? "ipv4_addr" : "ipv6_addr", ROOM * e->n);
	put_elements(&body, h, d, e);
	nft_put_map(out, h, &body);
	text_release(&body);
}

static void end_line(struct text *out)
{
	text_cut(out, out->n - 1);
	text_put(out, "\n\t\t");
}

/* What is not found goes on in the next line. */
static void put_hash(struct text *out, struct nft_hook *h, const struct domain *d,
		     const struct entries *e, wide mask)
{
	if (e->n == 0)
		return;
	if (e->n == 1) {
		put_compare(out, h, d, e->list, mask);
		return;
	}
	put_field(out, h, d, mask);
	put_map(out, h, d, e);
	end_line(out);
}

/* --- the shortest first, all in one line: a marker goes on to the next, and what is not found has
 * nothing behind --- */

static wide block_of(const struct domain *d, const struct entries *e, size_t i, unsigned length)
{
	return e->list[i].key & ~low_bits(d, length);
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

/* From which on the lengths stand in one line: one of few entries would mostly go on, and an entry
 * around others takes a chain. */
static unsigned first_marked(const struct domain *d, const struct entries *levels,
			     const struct lengths *lengths)
{
	unsigned first = lengths->n - 1;
	size_t nested = 0;

	while (first > 0) {
		const struct entries *e = &levels[first - 1], *longer = &levels[first];
		unsigned n = lengths->n - first, length = lengths->list[first - 1];

		for (unsigned k = 0; k < n; k++)
			nested += count_nested(d, e, &longer[k], length);
		if (nested > NESTED_MAX ||
		    MARKERS_WORTH * e->n < count_markers(d, longer, n, length))
			return first;
		first--;
	}
	return first;
}

/* Where longer ones are looked for, and then what is around them is met. */
static uint32_t chain_around(struct nft_hook *h, const struct domain *d, const struct text *longer,
			     uint32_t target)
{
	unsigned id = h->chain_count++;

	text_printf(&h->chains, "\tchain %%%uc%u {\n\t\t", h->id, id);
	text_put_n(&h->chains, longer->p, longer->n);
	end_line(&h->chains);
	nft_put_goto(&h->chains, h, d->family, target);
	text_put(&h->chains, "\n\t}\n");
	return NFT_TARGET_CHAIN | id;
}

/* The entries of a length, and markers for the longer ones, which `put` looks up. */
static struct entries mark(struct nft_hook *h, const struct domain *d, const struct entries *e,
			   const struct entries *longer, unsigned length, const struct text *put)
{
	struct entries out = { 0 };
	size_t i = 0, k = 0;

	while (i < e->n || k < longer->n) {
		bool is_marker = k < longer->n &&
				 (i == e->n || block_of(d, longer, k, length) <= e->list[i].key);
		wide key = is_marker ? block_of(d, longer, k, length) : e->list[i].key;
		uint32_t target = NFT_TARGET_CONTINUE;

		if (i < e->n && e->list[i].key == key)
			target = e->list[i++].target;
		if (is_marker && target != NFT_TARGET_CONTINUE)
			target = chain_around(h, d, put, target);
		add_entry(&out, key, length, target);
		while (k < longer->n && block_of(d, longer, k, length) == key)
			k++;
	}
	return out;
}

static void put_marked(struct text *out, struct nft_hook *h, const struct domain *d,
		       const struct entries *levels, const struct lengths *lengths, unsigned first)
{
	struct text longer = { 0 };
	struct entries behind = { 0 };

	for (unsigned k = lengths->n; k-- > first;) {
		struct entries marked = mark(h, d, &levels[k], &behind, lengths->list[k], &longer);
		struct text line = { 0 };

		put_field(&line, h, d, mask_of(d, lengths->list[k]));
		put_map(&line, h, d, &marked);
		text_put_n(&line, text_string(&longer), longer.n);
		text_release(&longer);
		free(behind.list);
		longer = line;
		behind = marked;
	}
	text_put_n(out, longer.p, longer.n);
	end_line(out);
	text_release(&longer);
	free(behind.list);
}

static void put_hashes(struct text *out, struct nft_hook *h, const struct domain *d,
		       const struct entries *e, const struct lengths *lengths)
{
	struct entries levels[LENGTHS_MAX];
	unsigned first;

	for (unsigned k = 0; k < lengths->n; k++)
		levels[k] = expand(d, e, k ? lengths->list[k - 1] : 0, lengths->list[k]);
	first = first_marked(d, levels, lengths);
	if (first + 1 < lengths->n)
		put_marked(out, h, d, levels, lengths, first);
	else
		put_hash(out, h, d, &levels[first], mask_of(d, lengths->list[first]));
	while (first-- > 0)
		put_hash(out, h, d, &levels[first], mask_of(d, lengths->list[first]));
	for (unsigned k = 0; k < lengths->n; k++)
		free(levels[k].list);
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
	text_printf(&chain, "\tchain %%%uc%u {\n\t\t", h->id, id);
	other = put_stretches(&chain, h, d, stretches, n);
	nft_put_goto(&chain, h, d->family, other);
	text_put(&chain, "\n\t}\n");
	text_put_n(&h->chains, chain.p, chain.n);
	text_release(&chain);
	return NFT_TARGET_CHAIN | id;
}

/* The stretches within one block, with the block's own bits taken away. */
static uint32_t block_target(struct nft_hook *h, const struct domain *d, unsigned length,
			     wide block, const struct stretch *stretches, size_t n)
{
	struct domain inner = { d->family, d->side, d->bits, length, length, 0 };
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
	struct blocks out = { memory_array(2 * n + 1, sizeof(*out.list)), 0,
			      d->at < STRIDE_ROOT ? STRIDE_ROOT : d->at + STRIDE };
	wide size = low_bits(d, out.length) + 1, end = d->base + low_bits(d, d->at), at = d->base;
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
	uint32_t other = find_entries(d, blocks.list, blocks.n, &entries);

	if (entries.n > 0 && !fit_lengths(d, &entries, &lengths))
		lengths = (struct lengths){ { (uint8_t)blocks.length }, 1, 0 };
	if (entries.n > 0)
		put_hashes(out, h, d, &entries, &lengths);
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
	struct trie t = { .stretches = blocks.list, .stretch_count = blocks.n };
	uint32_t targets[NIBBLES][NIBBLES], of_scope[NIBBLES], other;
	struct entries some = { 0 }, scopes = { 0 };

	for (wide scope = 0; scope < NIBBLES; scope++) {
		for (wide flags = 0; flags < NIBBLES; flags++) {
			wide first = d->base | flags << 116 | scope << 112;

			targets[scope][flags] = blocks.list[stretch_of(&t, 0, first)].target;
		}
		of_scope[scope] = most_frequent(targets[scope], NIBBLES);
	}
	other = most_frequent(of_scope, NIBBLES);
	for (wide scope = 0; scope < NIBBLES; scope++) {
		wide first = d->base | scope << 112;

		if (of_scope[scope] != other)
			add_entry(&scopes, first, STRIDE_ROOT, of_scope[scope]);
		for (wide flags = 0; flags < NIBBLES; flags++)
			if (targets[scope][flags] != of_scope[scope])
				add_entry(&some, first | flags << 116, STRIDE_ROOT,
					  targets[scope][flags]);
	}
	put_hash(out, h, d, &some, mask_of(d, STRIDE_ROOT));
	put_hash(out, h, d, &scopes, SCOPE_MASK);
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
	other = find_entries(d, stretches, n, &entries);
	fits = entries.n == 0 || fit_lengths(d, &entries, &lengths);
	if (fits && entries.n > 0)
		put_hashes(out, h, d, &entries, &lengths);
	free(entries.list);
	return fits ? other : put_split(out, h, d, stretches, n);
}

uint32_t nft_put_lookup(struct text *out, struct nft_hook *h, enum side side,
			const struct nft_span *spans, size_t n)
{
	enum family family = spans[0].first.family;
	struct domain d = { family, side, family == FAMILY_IP4 ? 32 : 128, 0, 0, 0 };
	struct stretch *stretches = memory_array(n, sizeof(*stretches));
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
	free(h->map_places);
}
