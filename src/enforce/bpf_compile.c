/* SPDX-License-Identifier: BSD-2-Clause */
/* Compiles a plan for the programs of bpf/weir.bpf.c: tops and blocks for IPv4, tries for IPv6, a
 * matrix of cells, the lists behind them, and what their rules ask for.  Pure: a plan in, bytes
 * out. LANGUAGE S37, S53. */
#include "enforce/bpf_compile.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "enforce/bpf_near.h"
#include "enforce/bpf_pairs.h"
#include "enforce/bpf_parcel.h"
#include "policy/artefact.h"
#include "policy/lookup.h"

#define SERVED (1u << BACKEND_XDP | 1u << BACKEND_TC)
#define BLOCK_BYTES 512u
#define NS_BITS 4				/* buckets count in 2^-4 ns */
#define BRIM_MAX (UINT64_C(1) << 60)
#define COARSE_BRIM (UINT64_C(40) * 1000 * 1000 << NS_BITS)	/* ten ticks of the coarse clock */
#define IMAGE_MAX (UINT32_C(1) << 30)

struct compiler {
	struct text	    image;		/* bytes */
	struct parcel_hook *hooks;
	size_t		    hook_count;
	struct parcel_name *names;
	size_t		    name_count;
};

/* One boundary while its sections are written. */
struct section {
	struct compiler	      *c;
	const struct boundary *boundary;
	struct artefact	      *artefact;
	bool		      *used;		/* by rule: some list holds it */
	uint32_t	       refused_n;
	uint32_t	       names_first, names_n;
	struct bpf_side	       side;		/* of no direction yet */
	uint32_t	       cells4, cells6, plane4, plane6;	/* offsets; bytes of a plane */
};

/* --- bytes --- */

/* Zeros at the end of the image; returns where. */
static uint32_t reserve(struct compiler *c, size_t bytes, size_t align)
{
	static const char zeros[64];
	size_t gap = (align - c->image.n % align) % align, at = c->image.n + gap;

	for (size_t left = gap + bytes; left > 0;) {
		size_t n = left < sizeof(zeros) ? left : sizeof(zeros);

		text_put_n(&c->image, zeros, n);
		left -= n;
	}
	return (uint32_t)at;
}

static void *image_at(struct compiler *c, uint32_t offset)
{
	return c->image.p + offset;
}

static uint32_t append(struct compiler *c, const void *bytes, size_t n, size_t align)
{
	uint32_t at = reserve(c, 0, align);

	if (n > 0)
		text_put_n(&c->image, bytes, n);
	return at;
}

/* --- what rules ask for --- */

/* The lists stand one behind the other, each behind its length. */
static size_t lists_length(const struct artefact *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->list_count; i++)
		n += a->lists[n] + 1u;
	return n;
}

static void mark_used(struct section *s)
{
	size_t n = lists_length(s->artefact);

	for (size_t at = 0; at < n; at += s->artefact->lists[at] + 1u)
		for (size_t i = 1; i <= s->artefact->lists[at]; i++)
			s->used[s->artefact->lists[at + i]] = true;
}

static uint64_t hash_text(uint64_t h, const char *text)
{
	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	return (h ^ 0xff) * UINT64_C(0x100000001b3);
}

/* LANGUAGE S37: a bucket of its own for each rule, wherever its boundary stands. */
static void set_rate(const struct section *s, const struct rule *rule, struct bpf_demand *out)
{
	uint64_t unit = (uint64_t)rule->rate.unit_s * (uint64_t)NS_PER_S << NS_BITS;

	out->cost = rule->rate.n ? unit / rule->rate.n : BRIM_MAX;
	out->brim = out->cost && rule->rate.burst > BRIM_MAX / out->cost
			    ? BRIM_MAX : out->cost * rule->rate.burst;
	out->is_exact = out->brim < COARSE_BRIM;
	out->by_source = rule->limit_key != LIMIT_ALL;
	out->bucket = hash_text(hash_text(UINT64_C(0xcbf29ce484222325), s->boundary->name),
				rule->name);
}

static uint8_t kind_of(unsigned protocol)
{
	switch (protocol) {
	case PROTOCOL_UDP:
		return BPF_KIND_UDP;
	case PROTOCOL_TCP:
		return BPF_KIND_TCP;
	case PROTOCOL_SAP:
		return BPF_KIND_SAP;
	case PROTOCOL_RASADV:
		return BPF_KIND_RASADV;
	case PROTOCOL_ICMP6:
		return BPF_KIND_ICMP6;
	default:
		return BPF_KIND_IP;
	}
}

static uint8_t action_of(enum action action)
{
	return action == ACTION_DENY ? BPF_ACTION_DROP
	       : action == ACTION_LIMIT ? BPF_ACTION_LIMIT
					: BPF_ACTION_PASS;
}

static unsigned asks_who(unsigned joined)
{
	return joined == JOINED_YES ? BPF_ASKS_JOINED
	       : joined == JOINED_NO ? BPF_ASKS_NOT_JOINED
				     : 0;
}

static struct bpf_demand demand_of(struct section *s, size_t index)
{
	const struct artefact_rule *r = &s->artefact->rules[index];
	const struct rule *rule = s->boundary->rules[index];
	struct bpf_demand d = { .action = action_of(rule->action) };

	if (rule->kind != RULE_MATCH)
		return d;
	d.asks = (uint8_t)((r->asks_ttl ? BPF_ASKS_TTL : 0) | (r->asks_port ? BPF_ASKS_PORT : 0) |
			   (r->flags ? BPF_ASKS_FLAG : 0) |
			   (r->recognised != PROTOCOL_COUNT ? BPF_ASKS_KIND : 0) |
			   (r->mask_count ? BPF_ASKS_MASKS : 0) | asks_who(r->joined));
	d.ttl_first = r->ttl_first;
	d.ttl_last = r->ttl_last;
	d.port_first = r->port_first;
	d.port_last = r->port_last;
	d.flags = (uint8_t)((r->flags & FLAG_BIT(FRAGMENT) ? BPF_FLAG_FRAGMENT : 0) |
			    (r->flags & FLAG_BIT(SCOPE_F) ? BPF_FLAG_SCOPE_F : 0));
	d.kind = kind_of(r->recognised);
	if (rule->action == ACTION_LIMIT) {
		set_rate(s, rule, &d);
		d.refused = (uint16_t)(s->boundary->rule_count + BPF_ID_MORE + s->refused_n++);
	}
	return d;
}

static uint32_t append_masks(struct compiler *c, const struct artefact_rule *r)
{
	uint32_t at = reserve(c, r->mask_count * sizeof(struct bpf_mask), 8);
	struct bpf_mask *masks = image_at(c, at);

	for (size_t i = 0; i < r->mask_count; i++)
		masks[i] = (struct bpf_mask){ .hi = r->masks[i].mask.hi, .lo = r->masks[i].mask.lo,
					      .n = (uint32_t)r->masks[i].n };
	return at;
}

static void put_demands(struct section *s)
{
	size_t n = s->boundary->rule_count;

	s->side.demands = reserve(s->c, n * sizeof(struct bpf_demand), 8);
	for (size_t i = 0; i < n; i++) {
		struct bpf_demand d;

		if (!s->used[i])
			continue;
		d = demand_of(s, i);
		d.mask_count = (uint16_t)s->artefact->rules[i].mask_count;
		d.masks = append_masks(s->c, &s->artefact->rules[i]);
		memcpy(image_at(s->c, s->side.demands + (uint32_t)(i * sizeof(d))), &d, sizeof(d));
	}
}

static uint32_t append_ranges(struct compiler *c, const struct artefact_mask *m)
{
	uint32_t at = reserve(c, m->n * sizeof(struct bpf_range), 8);
	struct bpf_range *ranges = image_at(c, at);

	for (size_t i = 0; i < m->n; i++)
		ranges[i] = (struct bpf_range){
			m->ranges[i].first.hi, m->ranges[i].first.lo,
			m->ranges[i].last.hi, m->ranges[i].last.lo,
		};
	return at;
}

static void put_ranges(struct section *s)
{
	for (size_t i = 0; i < s->boundary->rule_count; i++) {
		const struct artefact_rule *r = &s->artefact->rules[i];
		uint32_t demand = s->side.demands + (uint32_t)(i * sizeof(struct bpf_demand));

		for (size_t k = 0; s->used[i] && k < r->mask_count; k++) {
			uint32_t at = append_ranges(s->c, &r->masks[k]);
			const struct bpf_demand *d = image_at(s->c, demand);
			struct bpf_mask *masks = image_at(s->c, d->masks);

			masks[k].ranges = at;
		}
	}
}

/* --- classes --- */

static struct classes classes_of_side(const struct artefact_side *side, enum family family)
{
	return (struct classes){
		.family = family, .n = side->classes, .interval_count = side->n,
		.intervals = (struct interval *)(uintptr_t)side->intervals,
	};
}

static unsigned largest(const uint16_t *values, size_t n, unsigned most)
{
	for (size_t i = 0; i < n; i++)
		most = values[i] > most ? values[i] : most;
	return most;
}

/* How many blocks a pool holds: the last one is a bottom block, which some middle block names. */
static unsigned count_blocks(const uint16_t *pool)
{
	unsigned most = largest(pool, 2 * TOPS, 0), middle = 0;

	for (size_t i = 0; i < 2 * TOPS; i++)
		if (i == 0 || pool[i] != pool[i - 1])
			middle = largest(pool + (size_t)pool[i] * 256, 256, middle);
	return (middle > most ? middle : most) + 1;
}

/* The same tables in bytes, where all numbers are small enough. */
static bool put_near(struct section *s, const uint16_t *pool)
{
	struct bpf_near *near = memory_take(sizeof(*near));
	bool good = s->artefact->ip4.sources.classes <= 256 &&
		    s->artefact->ip4.groups.classes <= 256 && bpf_near_init(near, pool);

	if (good)
		s->side.near = append(s->c, near, sizeof(*near), 64);
	free(near);
	return good;
}

static bool put_classes4(struct section *s)
{
	struct classes sources = classes_of_side(&s->artefact->ip4.sources, FAMILY_IP4);
	struct classes groups = classes_of_side(&s->artefact->ip4.groups, FAMILY_IP4);
	const unsigned first = 2 * TOPS / 256;
	size_t bytes = 0;
	uint16_t *pool = blocks_new(&sources, &groups, &bytes);

	if (!pool)
		return false;
	if (!put_near(s, pool)) {
		s->side.sources4 = append(s->c, pool, BPF_TOPS_SOURCE4 * sizeof(*pool), 64);
		s->side.groups4 = append(s->c, pool + TOPS + 0xe000,
					 BPF_TOPS_GROUP4 * sizeof(*pool), 64);
		s->side.blocks4 = append(s->c, pool + 2 * TOPS,
					 (count_blocks(pool) - first) * BLOCK_BYTES, 64) -
				  first * BLOCK_BYTES;
	}
	free(pool);
	return true;
}

static struct bpf_trie put_trie(struct section *s, const struct artefact_side *side,
				enum side which)
{
	struct classes classes = classes_of_side(side, FAMILY_IP6);
	struct trie6 *trie = trie6_new(&classes, which);
	struct bpf_trie out = { .root = trie->root };

	static_assert(sizeof(struct list6) == sizeof(struct bpf_keys), "one layout");
	static_assert(TRIE6_TABLE == BPF_REF_TABLE && TRIE6_LIST == BPF_REF_LIST, "one meaning");
	out.tables = append(s->c, trie->tables, trie->table_count * 256 * sizeof(uint32_t), 64);
	out.lists = append(s->c, trie->lists, trie->list_count * sizeof(struct list6), 8);
	out.keys = append(s->c, trie->keys, trie->key_count * sizeof(uint64_t), 8);
	out.nexts = append(s->c, trie->nexts, trie->key_count * sizeof(uint32_t), 4);
	trie6_free(trie);
	return out;
}

/* --- cells --- */

static uint32_t cell_word(const struct section *s, uint32_t cell)
{
	struct rule_list list = artefact_list(s->artefact, cell);
	unsigned rule = list.rules[0];

	if (list.n > 1)
		return BPF_CELL_LIST | cell;
	return (uint32_t)action_of(s->boundary->rules[rule]->action) << 16 | rule;
}

static uint32_t put_matrix(struct section *s, const struct artefact_family *f, uint32_t *out_row,
			   uint32_t *out_plane)
{
	size_t plane = (size_t)f->sources.classes * f->groups.classes;
	size_t n = plane * s->artefact->plane_count;
	uint32_t at = reserve(s->c, n * sizeof(uint32_t), 64), *cells = image_at(s->c, at);

	for (size_t i = 0; i < n; i++)
		cells[i] = cell_word(s, f->cells[i]);
	*out_row = (uint32_t)(f->groups.classes * sizeof(uint32_t));
	*out_plane = (uint32_t)(plane * sizeof(uint32_t));
	return at;
}

/* --- pairs --- */

/* By class: a row's, or column's, offset in a plane. */
static uint32_t put_offsets(struct compiler *c, const uint16_t *numbers, size_t n, size_t bytes)
{
	uint32_t at = reserve(c, n * sizeof(uint32_t), 64), *offsets = image_at(c, at);

	for (size_t i = 0; i < n; i++)
		offsets[i] = (uint32_t)(numbers[i] * bytes);
	return at;
}

/* Of each plane the matrix, and behind it the pairs. */
static uint32_t put_planes(struct section *s, const struct artefact_family *f, size_t matrix,
			   uint32_t *out_plane)
{
	size_t pairs = f->pairs->n, planes = s->artefact->plane_count;
	uint32_t at = reserve(s->c, planes * (matrix + pairs) * sizeof(uint32_t), 64);
	uint32_t *cells = image_at(s->c, at);

	for (size_t p = 0; p < planes; p++) {
		for (size_t i = 0; i < matrix; i++)
			*cells++ = cell_word(s, f->cells[p * matrix + i]);
		for (size_t i = 0; i < pairs; i++)
			*cells++ = cell_word(s, f->pairs->cells[p * pairs + i]);
	}
	*out_plane = (uint32_t)((matrix + pairs) * sizeof(uint32_t));
	return at;
}

static void put_tree(struct compiler *c, const struct artefact_family *f, struct bpf_pairs *out)
{
	const size_t word = sizeof(uint32_t);
	struct pair_tree tree;

	pair_tree_init(&tree, f);
	out->source_tops = append(c, tree.sources, tree.source_count * word, 64);
	out->group_tops = append(c, tree.groups, tree.group_count * word, 64);
	out->tables = append(c, tree.tables, tree.table_count * 256 * word, 64);
	out->words = append(c, tree.words, tree.list_count * BPF_PAIR_WORDS * word, 64);
	pair_tree_release(&tree);
}

static struct bpf_slots put_slots(struct compiler *c, const struct pair_slots *slots, size_t size)
{
	return (struct bpf_slots){ slots->seed,
				   append(c, slots->list, (slots->mask + 1u) * size, 64),
				   slots->mask };
}

/* A side of IPv6: single addresses, and the rest in a trie. */
static bool put_hosts(struct section *s, const struct artefact_side *side, enum side which,
		      struct bpf_slots *out, struct bpf_trie *out_rest)
{
	struct pair_hosts hosts;

	if (!pair_hosts_init(&hosts, side))
		return false;
	*out = put_slots(s->c, &hosts.slots, sizeof(struct bpf_host));
	*out_rest = put_trie(s, &hosts.rest, which);
	pair_hosts_release(&hosts);
	return true;
}

/* Where the struct bpf_pairs stands; 0 where the addresses are too many. */
static uint32_t put_pairs(struct section *s, const struct artefact_family *f,
			  const struct pair_slots *slots)
{
	const struct artefact_pairs *pairs = f->pairs;
	struct bpf_pairs out = { .pairs = put_slots(s->c, slots, sizeof(struct bpf_pair)) };

	out.rows = put_offsets(s->c, pairs->rows, f->sources.classes,
			       pairs->column_count * sizeof(uint32_t));
	out.columns = put_offsets(s->c, pairs->columns, f->groups.classes, sizeof(uint32_t));
	if (f == &s->artefact->ip4)
		put_tree(s->c, f, &out);
	else if (!put_hosts(s, &f->sources, SIDE_SOURCE, &out.source_hosts, &s->side.source6) ||
		 !put_hosts(s, &f->groups, SIDE_GROUP, &out.group_hosts, &s->side.group6))
		return 0;
	return append(s->c, &out, sizeof(out), 64);
}

/* The cells of a family, whichever form it has; false where they are too many. */
static bool put_cells(struct section *s, const struct artefact_family *f, uint32_t *out_cells,
		      uint32_t *out_row, uint32_t *out_plane, uint32_t *out_pairs)
{
	struct pair_slots slots;
	size_t matrix;

	if (!f->pairs) {
		*out_cells = put_matrix(s, f, out_row, out_plane);
		return true;
	}
	matrix = (size_t)f->pairs->row_count * f->pairs->column_count;
	if (!pair_slots_init(&slots, f->pairs, (uint32_t)(matrix * sizeof(uint32_t))))
		return false;
	*out_cells = put_planes(s, f, matrix, out_plane);
	*out_pairs = put_pairs(s, f, &slots);
	pair_slots_release(&slots);
	return *out_pairs > 0;
}

/* --- names, sides, slots --- */

static void add_name(struct section *s, const char *rule, bool refused)
{
	struct compiler *c = s->c;
	struct parcel_name *name;

	c->names = memory_grow(c->names, c->name_count + 1, sizeof(*c->names));
	name = &c->names[c->name_count++];
	*name = (struct parcel_name){ .refused = refused };
	snprintf(name->rule, sizeof(name->rule), "%s", rule);
	s->names_n++;
}

static void put_names(struct section *s)
{
	const struct boundary *b = s->boundary;

	s->names_first = (uint32_t)s->c->name_count;
	for (size_t i = 0; i + 1 < b->rule_count; i++)
		add_name(s, s->used[i] ? b->rules[i]->name : "", false);
	add_name(s, "default", false);
	add_name(s, ENFORCE_LINK_LOCAL, false);
	add_name(s, ENFORCE_CONTROL, false);
	for (size_t i = 0; i < b->rule_count; i++)
		if (s->used[i] && b->rules[i]->action == ACTION_LIMIT)
			add_name(s, b->rules[i]->name, true);
}

static bool asks_upper(const struct section *s)
{
	for (size_t i = 0; i < s->boundary->match_count; i++) {
		const struct artefact_rule *r = &s->artefact->rules[i];

		if (s->used[i] && (r->asks_port || r->flags || r->recognised != PROTOCOL_COUNT))
			return true;
	}
	return false;
}

static bool asks_ttl(const struct section *s)
{
	for (size_t i = 0; i < s->boundary->match_count; i++)
		if (s->used[i] && s->artefact->rules[i].asks_ttl)
			return true;
	return false;
}

static bool asks_joined(const struct section *s, enum direction direction)
{
	for (size_t i = 0; i < s->boundary->match_count; i++) {
		unsigned of = s->boundary->rules[i]->direction;

		if (s->used[i] && s->artefact->rules[i].joined &&
		    (of == DIRECTION_UNKNOWN || of == direction))
			return true;
	}
	return false;
}

static uint32_t put_asked(struct section *s, enum direction direction)
{
	struct bpf_asked_key key = { .direction = (uint8_t)direction };

	if (!asks_joined(s, direction))
		return 0;
	snprintf(key.boundary, sizeof(key.boundary), "%s", s->boundary->name);
	return append(s->c, &key, sizeof(key), 8);
}

#define IP_IGMP 2
#define IP_AH 51				/* another protocol is behind it */
#define IP_PIM 103

/* The planes of one direction. */
static struct bpf_side side_of(struct section *s, enum direction direction)
{
	struct bpf_side side = s->side;
	uint32_t planes4[256], planes6[256];

	side.asks_upper = asks_upper(s);
	side.asks_ttl = asks_ttl(s);
	side.asked = put_asked(s, direction);
	for (unsigned p = 0; p < 256; p++) {
		unsigned plane = artefact_plane_of(s->artefact, direction, p);

		planes4[p] = s->cells4 + plane * s->plane4;
		planes6[p] = s->cells6 + plane * s->plane6;
	}
	planes4[IP_IGMP] = planes4[IP_PIM] = planes4[IP_AH] = 0;
	side.planes4 = append(s->c, planes4, sizeof(planes4), 64);
	side.planes6 = append(s->c, planes6, sizeof(planes6), 64);
	return side;
}

/* What a packet has to show besides its addresses and its port, for the kernel to know it as one of a
 * flow. */
static uint64_t word_of(const struct bpf_slot *slot)
{
	return (slot->side.asks_ttl ? BPF_WORD_TTL : 0) |
	       (slot->ttl_less ? BPF_WORD_TTL_LESS : 0) |
	       (slot->side.asks_upper ? BPF_WORD_UPPER : 0);
}

static void add_hook(struct section *s, const struct enforce_link *link, enum hook hook,
		     enum backend backend, const struct bpf_side *side)
{
	struct compiler *c = s->c;
	size_t i = c->hook_count++;
	struct parcel_hook *h;
	struct bpf_image *head;

	c->hooks = memory_grow(c->hooks, c->hook_count, sizeof(*c->hooks));
	h = &c->hooks[i];
	*h = (struct parcel_hook){ .ifindex = link->index, .names_first = s->names_first,
				   .names_n = s->names_n, .hook = (uint8_t)hook,
				   .backend = (uint8_t)backend };
	h->ids = reserve(c, s->names_n * sizeof(uint32_t), 4);
	snprintf(h->boundary, sizeof(h->boundary), "%s", s->boundary->name);
	snprintf(h->link, sizeof(h->link), "%s", link->name);
	head = image_at(c, 0);
	head->slots[i] = (struct bpf_slot){
		.side = *side, .ids = h->ids, .id_count = s->names_n, .is_active = 1,
		.on_drop = link->dry_run ? BPF_OUTCOME_DRY : BPF_OUTCOME_DROP,
		.ttl_less = hook == HOOK_EGRESS && !link->is_bridge_port,
	};
	head->slots[i].word = word_of(&head->slots[i]);
}

static void add_hooks(struct section *s, const struct enforce_boundary *b,
		      const struct enforce_choice *choices)
{
	struct bpf_side sides[] = { [DIRECTION_IN] = side_of(s, DIRECTION_IN),
				    [DIRECTION_OUT] = side_of(s, DIRECTION_OUT) };

	for (size_t i = 0; i < b->link_count; i++)
		for (unsigned h = 0; h < HOOK_COUNT; h++)
			if (backend_serves(&choices[i], h, SERVED))
				add_hook(s, &b->links[i], h, choices[i].hooks[h],
					 &sides[enforce_direction(&b->links[i], h)]);
}

/* --- the whole --- */

static bool is_served(const struct enforce_boundary *b, const struct enforce_choice *choices)
{
	for (size_t i = 0; i < b->link_count; i++)
		for (unsigned h = 0; h < HOOK_COUNT; h++)
			if (backend_serves(&choices[i], h, SERVED))
				return true;
	return false;
}

static int refuse(const struct boundary *boundary, const char *why, struct enforce_notes *notes)
{
	struct enforce_note note = { 0 };

	snprintf(note.boundary, sizeof(note.boundary), "%s", boundary->name);
	snprintf(note.text, sizeof(note.text), "%s", why);
	enforce_notes_add(notes, &note);
	return -E2BIG;
}

/* A rule that asks what the kernel cannot know is never left out in silence. */
static void note_unknown(const struct section *s, struct enforce_notes *notes)
{
	for (size_t i = 0; i < s->boundary->match_count; i++) {
		const struct artefact_rule *rule = &s->artefact->rules[i];
		struct enforce_note note = { 0 };

		snprintf(note.boundary, sizeof(note.boundary), "%s", s->boundary->name);
		snprintf(note.rule, sizeof(note.rule), "%s", rule->rule->name);
		if (rule->unknown)
			snprintf(note.text, sizeof(note.text), "BPF does not know %s: the rule is not "
				 "enforced in the data plane", rule->unknown);
		else if (rule->partly)
			snprintf(note.text, sizeof(note.text),
				 "BPF knows only a part of what `%s` asks", rule->partly);
		if (note.text[0])
			enforce_notes_add(notes, &note);
	}
}

/* What all boundaries ask for comes first. */
static void put_lower(struct section *s)
{
	s->used = memory_array(s->boundary->rule_count, sizeof(*s->used));
	mark_used(s);
	s->side.rule_count = (uint16_t)s->boundary->rule_count;
	put_demands(s);
	put_names(s);
}

static bool put_upper(struct section *s)
{
	const struct artefact *a = s->artefact;

	put_ranges(s);
	if (!a->ip4.pairs && !put_classes4(s))
		return false;
	if (!a->ip6.pairs) {
		s->side.source6 = put_trie(s, &a->ip6.sources, SIDE_SOURCE);
		s->side.group6 = put_trie(s, &a->ip6.groups, SIDE_GROUP);
	}
	if (!put_cells(s, &a->ip4, &s->cells4, &s->side.row4, &s->plane4, &s->side.pairs4) ||
	    !put_cells(s, &a->ip6, &s->cells6, &s->side.row6, &s->plane6, &s->side.pairs6))
		return false;
	s->side.lists = append(s->c, a->lists, lists_length(a) * sizeof(*a->lists), 2);
	return s->c->image.n < IMAGE_MAX;
}

static int put_boundaries(struct compiler *c, const struct enforce_plan *plan,
			  const struct enforce_choice *choices, struct section *sections,
			  struct enforce_notes *notes)
{
	const struct enforce_choice *at = choices;
	const char *why;

	for (size_t i = 0; i < plan->n; at += plan->boundaries[i++].link_count) {
		struct section *s = &sections[i];

		s->c = c;
		s->boundary = plan->boundaries[i].boundary;
		if (!is_served(&plan->boundaries[i], at))
			continue;
		s->artefact = artefact_new(
			s->boundary, plan->now, plan->by_pairs ? 0 : ARTEFACT_MATRIX_CELLS, &why);
		if (!s->artefact)
			return refuse(s->boundary, why, notes);
		note_unknown(s, notes);
		put_lower(s);
	}
	at = choices;
	for (size_t i = 0; i < plan->n; at += plan->boundaries[i++].link_count) {
		if (!sections[i].artefact)
			continue;
		if (!put_upper(&sections[i]))
			return refuse(sections[i].boundary, "too many addresses for BPF", notes);
		add_hooks(&sections[i], &plan->boundaries[i], at);
	}
	return 0;
}

static size_t count_hooks(const struct enforce_plan *plan, const struct enforce_choice *choices)
{
	size_t n = 0;

	for (size_t i = 0; i < enforce_link_count(plan); i++)
		for (unsigned h = 0; h < HOOK_COUNT; h++)
			n += backend_serves(&choices[i], h, SERVED);
	return n;
}

static void put_parcel(const struct compiler *c, struct text *out)
{
	struct parcel head = {
		.magic = PARCEL_MAGIC, .version = BPF_LAYOUT_VERSION,
		.hook_count = (uint32_t)c->hook_count, .name_count = (uint32_t)c->name_count,
		.image_bytes = (uint32_t)c->image.n,
	};

	text_put_n(out, (const char *)&head, sizeof(head));
	text_put_n(out, (const char *)c->hooks, c->hook_count * sizeof(*c->hooks));
	text_put_n(out, (const char *)c->names, c->name_count * sizeof(*c->names));
	text_put_n(out, c->image.p, c->image.n);
}

int bpf_compile(const struct enforce_plan *plan, const struct enforce_choice *choices,
		struct text *out, struct enforce_notes *notes)
{
	struct compiler c = { 0 };
	struct section *sections;
	struct bpf_image *head;
	size_t hooks = count_hooks(plan, choices);
	int status;

	if (hooks == 0)
		return 0;
	if (hooks > BPF_SLOTS)
		return refuse(plan->boundaries[0].boundary, "too many interfaces for BPF", notes);
	sections = memory_array(plan->n, sizeof(*sections));
	reserve(&c, sizeof(struct bpf_image), 8);
	status = put_boundaries(&c, plan, choices, sections, notes);
	reserve(&c, 0, 8);
	head = image_at(&c, 0);
	head->generation = plan->generation;
	head->version = BPF_LAYOUT_VERSION;
	head->used = (uint32_t)c.image.n;
	if (status == 0)
		put_parcel(&c, out);
	for (size_t i = 0; i < plan->n; i++) {
		artefact_free(sections[i].artefact);
		free(sections[i].used);
	}
	free(sections);
	text_release(&c.image);
	free(c.hooks);
	free(c.names);
	return status;
}
