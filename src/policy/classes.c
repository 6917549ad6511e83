/* SPDX-License-Identifier: BSD-2-Clause */
/* Classes of addresses, by a sweep over the ends of all ranges that the rules name.  On its
 * way the sweep keeps which sets the current address is in; a hash of that (one random number
 * a set, added up) tells whether such an address was met before. */
#include "policy/classes.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "net/embed.h"

#define RULES_LISTED_MAX (6u << 20)		/* list members a side, 12 MB */
#define WORD_BITS 64

/* A set that rules of this side name, once. */
struct named_set {
	const struct set *set;
	enum field	  field;
	bool		  negated;		/* of `embeds`: then the set is derived so */
	const struct set *asked;		/* what the sweep sees */
	uint64_t	  hash, hash2;		/* of being inside of it */
};

/* One clause of a rule, as a set of the sweep. */
struct clause {
	uint32_t set;
	bool	 negated;
};

/* A rule's clauses: clauses[first .. first + n). */
struct part {
	const struct live *live;
	uint32_t	   first, n;
	uint32_t	   next;		/* of the same anchor, or PART_END */
};

#define PART_END UINT32_MAX

struct event {
	struct addr at;
	uint32_t    set;
};

/* Where the sweep is in a large set, and its next event there. */
struct cursor {
	uint64_t	    hi, lo;		/* where it is */
	const struct range *range, *end;	/* the event is at the first, or behind the last, of it */
	uint32_t	    set;
	bool		    is_inside;
};

/* A set of more ranges has a cursor; the events of the others are sorted beforehand. */
#define RANGES_FEW 64

struct known {
	uint64_t hash, hash2;
	uint32_t class;				/* 0: free */
};

struct sweep {
	struct classes	 *out;
	enum side	  side;
	struct arena	 *arena;
	struct named_set *sets;
	size_t		  set_count;
	uint32_t	 *by_pointer;		/* hash table of sets: index + 1 */
	size_t		  by_pointer_mask;
	struct clause	 *clauses;
	size_t		  clause_count;
	struct part	 *parts;
	size_t		  part_count;
	uint32_t	 *anchored;		/* by set: first part whose first positive clause it is */
	uint32_t	  unanchored;		/* parts without a positive clause */
	struct event	 *events;		/* of small sets, in order */
	size_t		  event_count;
	struct cursor	 *cursors;		/* a heap: the nearest event first */
	size_t		  cursor_count;
	uint64_t	 *inside;		/* by set: one bit */
	uint64_t	  hash, hash2;		/* of `inside` */
	struct known	 *known;
	size_t		  known_mask, known_count;
	uint64_t	 *met;			/* by part: one bit, scratch */
	uint32_t	 *by_list;		/* hash table of classes by their lists: class */
	size_t		  by_list_mask;
	size_t		  class_cap;
};

static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static size_t table_size(size_t n)
{
	size_t size = 64;

	while (size < 2 * n)
		size *= 2;
	return size;
}

static bool bit_is_set(const uint64_t *bits, size_t i)
{
	return bits[i / WORD_BITS] >> (i % WORD_BITS) & 1;
}

static bool is_of_side(const struct sweep *s, const struct match *m)
{
	if (s->side == SIDE_SOURCE)
		return m->field == FIELD_FROM;
	/* IPv6 prefixes inside of groups are looked at when a group is judged. */
	return m->field == FIELD_TO ||
	       (m->field == FIELD_EMBEDS && s->out->family == FAMILY_IP4);
}

/* --- what the sweep sees: sets, clauses, events --- */

/* The groups of 234/8 whose /24 lies wholly inside the set (LANGUAGE S12). */
static void add_embedding(struct range **list, size_t *n, uint64_t first, uint64_t last)
{
	uint64_t from = (first + 0xff) >> 8, to = (last + 1) >> 8;	/* whole /24s: [from, to) */

	if (from >= to)
		return;
	*list = memory_grow(*list, *n + 1, sizeof(**list));
	(*list)[(*n)++] = (struct range){ addr_of4((uint32_t)(UINT32_C(234) << 24 | from)),
					  addr_of4((uint32_t)(UINT32_C(234) << 24 | (to - 1))) };
}

static const struct set *derive_embeds(struct arena *arena, const struct set *set, bool negated)
{
	struct set *derived = arena_take(arena, sizeof(*derived));
	struct range *list = NULL;
	size_t n = 0;
	uint64_t gap = 0;

	for (size_t i = 0; i < set->n4; i++) {
		uint64_t first = set->ranges[i].first.lo, last = set->ranges[i].last.lo;

		if (!negated)
			add_embedding(&list, &n, first, last);
		else if (first > gap)
			add_embedding(&list, &n, gap, first - 1);
		gap = last + 1;
	}
	if (negated && set->n4 > 0 && gap <= UINT32_MAX)
		add_embedding(&list, &n, gap, UINT32_MAX);
	*derived = set_of(arena, list, n);
	free(list);
	return derived;
}

static bool is_same_set(const struct named_set *named, const struct match *m)
{
	bool derived = m->field == FIELD_EMBEDS;

	return named->set == m->set && named->field == m->field &&
	       (!derived || named->negated == m->negated);
}

static uint32_t intern_set(struct sweep *s, const struct match *m)
{
	bool derived = m->field == FIELD_EMBEDS;
	size_t i = mix((uintptr_t)m->set) & s->by_pointer_mask;

	for (; s->by_pointer[i]; i = (i + 1) & s->by_pointer_mask)
		if (is_same_set(&s->sets[s->by_pointer[i] - 1], m))
			return s->by_pointer[i] - 1;
	s->sets[s->set_count] = (struct named_set){
		m->set, m->field, m->negated,
		derived ? derive_embeds(s->arena, m->set, m->negated) : m->set,
		mix(2 * (uint64_t)s->set_count), mix(2 * (uint64_t)s->set_count + 1),
	};
	s->by_pointer[i] = (uint32_t)++s->set_count;
	return s->by_pointer[i] - 1;
}

/* Hangs a part on its first positive clause, so that only rules whose set is met are tried. */
static void anchor(struct sweep *s, uint32_t index)
{
	struct part *part = &s->parts[index];
	uint32_t *head = &s->unanchored;

	for (uint32_t i = part->first; i < part->first + part->n; i++) {
		if (!s->clauses[i].negated) {
			head = &s->anchored[s->clauses[i].set];
			break;
		}
	}
	part->next = *head;
	*head = index;
}

static void gather_parts(struct sweep *s, const struct live *live, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct part *part = &s->parts[s->part_count];

		if (!(s->side == SIDE_SOURCE ? live[i].asks_source : live[i].asks_group))
			continue;
		*part = (struct part){ .live = &live[i], .first = (uint32_t)s->clause_count };
		for (size_t k = 0; k < live[i].rule->match_count; k++) {
			const struct match *m = &live[i].rule->matches[k];

			if (!is_of_side(s, m))
				continue;
			s->clauses[s->clause_count++] = (struct clause){
				intern_set(s, m), m->negated && m->field != FIELD_EMBEDS };
		}
		part->n = (uint32_t)s->clause_count - part->first;
		s->part_count++;
	}
}

static bool is_last(struct addr a)
{
	return a.family == FAMILY_IP4 ? a.lo == UINT32_MAX : (a.hi & a.lo) == UINT64_MAX;
}

/* The ranges of one family: ranges[n4 ..] or [.. n4). */
static const struct range *ranges_of(const struct sweep *s, uint32_t index, size_t *out_n)
{
	const struct set *set = s->sets[index].asked;
	bool is4 = s->out->family == FAMILY_IP4;

	*out_n = is4 ? set->n4 : set->n - set->n4;
	return set->ranges + (is4 ? 0 : set->n4);
}

/* In order. */
static void gather_events_of(struct sweep *s, uint32_t index, const struct range *ranges, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		s->events[s->event_count++] = (struct event){ ranges[k].first, index };
		if (!is_last(ranges[k].last))
			s->events[s->event_count++] =
				(struct event){ addr_next(ranges[k].last), index };
	}
}

/* Two runs of events that lie behind each other, into one. */
static void merge_runs(const struct event *from, size_t middle, size_t n, struct event *to)
{
	size_t a = 0, b = middle;

	while (a < middle && b < n) {
		const struct addr *x = &from[a].at, *y = &from[b].at;
		bool is_later = x->hi > y->hi || (x->hi == y->hi && x->lo > y->lo);

		*to++ = from[is_later ? b : a];
		b += is_later;
		a += !is_later;
	}
	memcpy(to, from + a, (middle - a) * sizeof(*to));
	memcpy(to + (middle - a), from + b, (n - b) * sizeof(*to));
}

/* Merges neighbours, and halves the number of runs: run i is from[ends[i - 1] .. ends[i]). */
static size_t merge_pairs(const struct event *from, size_t *ends, size_t runs, struct event *to)
{
	size_t first = 0;

	for (size_t i = 0; i < runs; i += 2) {
		size_t last = ends[i + 1 < runs ? i + 1 : i];

		merge_runs(from + first, ends[i] - first, last - first, to + first);
		ends[i / 2] = first = last;
	}
	return (runs + 1) / 2;
}

/* Of the small sets, in the order of their addresses: `n` at most. */
static void sort_events(struct sweep *s, size_t n)
{
	struct event *other = memory_room(n + 1, sizeof(*other));
	size_t runs = 0, *ends = memory_room(s->set_count + 1, sizeof(*ends));

	s->events = memory_room(n + 1, sizeof(*s->events));
	for (uint32_t i = 0; i < s->set_count; i++) {
		const struct range *ranges = ranges_of(s, i, &n);

		if (n == 0 || n > RANGES_FEW)
			continue;
		gather_events_of(s, i, ranges, n);
		ends[runs++] = s->event_count;
	}
	while (runs > 1) {
		struct event *merged = other;

		runs = merge_pairs(s->events, ends, runs, merged);
		other = s->events;
		s->events = merged;
	}
	free(other);
	free(ends);
}

/* --- cursors --- */

static inline bool is_before(const struct cursor *a, const struct cursor *b)
{
	return a->hi < b->hi || (a->hi == b->hi && a->lo < b->lo);
}

static inline size_t nearer_child(const struct sweep *s, size_t i)
{
	size_t child = 2 * i + 1;

	return child + 1 < s->cursor_count &&
			       is_before(&s->cursors[child + 1], &s->cursors[child])
		       ? child + 1
		       : child;
}

/* Puts the cursor at place i of the heap where it belongs, below it. */
static void sink(struct sweep *s, size_t i)
{
	struct cursor cursor;
	size_t child = nearer_child(s, i);

	if (child >= s->cursor_count || !is_before(&s->cursors[child], &s->cursors[i]))
		return;
	cursor = s->cursors[i];
	do {
		s->cursors[i] = s->cursors[child];
		i = child;
		child = nearer_child(s, i);
	} while (child < s->cursor_count && is_before(&s->cursors[child], &cursor));
	s->cursors[i] = cursor;
}

/* The nearest cursor goes on to its next event. */
static void step(struct sweep *s)
{
	struct cursor *c = &s->cursors[0];
	struct addr at;

	c->range += c->is_inside;
	c->is_inside = !c->is_inside;
	if (c->range == c->end || (c->is_inside && is_last(c->range->last))) {
		*c = s->cursors[--s->cursor_count];
	} else {
		at = c->is_inside ? c->range->last : c->range->first;
		c->lo = at.lo + c->is_inside;
		c->hi = at.hi + (c->lo < at.lo);
	}
	sink(s, 0);
}

static void begin_cursors(struct sweep *s)
{
	for (uint32_t i = 0; i < s->set_count; i++) {
		size_t n;
		const struct range *r = ranges_of(s, i, &n);

		if (n > RANGES_FEW)
			s->cursors[s->cursor_count++] = (struct cursor){
				r->first.hi, r->first.lo, r, r + n, i, false };
	}
	for (size_t i = s->cursor_count / 2; i-- > 0;)
		sink(s, i);
}

/* There are no more intervals than events, and the first. */
static void gather_events(struct sweep *s)
{
	size_t few = 0, many = 0, large = 0, n;

	for (uint32_t i = 0; i < s->set_count; i++) {
		ranges_of(s, i, &n);
		*(n > RANGES_FEW ? &many : &few) += 2 * n;
		large += n > RANGES_FEW;
	}
	sort_events(s, few);
	s->cursors = memory_room(large, sizeof(*s->cursors));
	begin_cursors(s);
	s->out->intervals = memory_room(few + many + 1, sizeof(*s->out->intervals));
}

/* --- classes and their lists --- */

static bool part_holds(const struct sweep *s, const struct part *part)
{
	for (uint32_t i = part->first; i < part->first + part->n; i++) {
		const struct clause *c = &s->clauses[i];

		if (!set_has_family(s->sets[c->set].asked, s->out->family) ||
		    bit_is_set(s->inside, c->set) == c->negated)
			return false;
	}
	return true;
}

static void meet(struct sweep *s, uint32_t index)
{
	for (; index != PART_END; index = s->parts[index].next)
		if (part_holds(s, &s->parts[index]))
			s->met[index / WORD_BITS] |= UINT64_C(1) << (index % WORD_BITS);
}

static void meet_all(struct sweep *s)
{
	for (size_t w = 0; w * WORD_BITS < s->set_count; w++)
		for (uint64_t bits = s->inside[w]; bits; bits &= bits - 1)
			meet(s, s->anchored[w * WORD_BITS + (unsigned)__builtin_ctzll(bits)]);
	meet(s, s->unanchored);
}

/* Appends the met parts that ask for both sides, or for this one alone, and forgets none. */
static size_t list_met(struct sweep *s, bool both)
{
	struct classes *out = s->out;
	size_t n = 0;

	for (size_t w = 0; w * WORD_BITS < s->part_count; w++) {
		for (uint64_t bits = s->met[w]; bits; bits &= bits - 1) {
			const struct live *live =
				s->parts[w * WORD_BITS + (unsigned)__builtin_ctzll(bits)].live;

			if ((live->asks_source && live->asks_group) != both)
				continue;
			if (out->rules_n == out->rules_cap) {
				out->rules_cap = out->rules_cap ? 2 * out->rules_cap : 1024;
				out->rules = memory_grow(out->rules, out->rules_cap,
							 sizeof(*out->rules));
			}
			out->rules[out->rules_n++] = live->index;
			n++;
		}
	}
	return n;
}

/* While lists grow they keep offsets in place of pointers; settle() makes them pointers. */
static struct rule_list list_at(size_t offset, size_t n)
{
	return (struct rule_list){ (const uint16_t *)(uintptr_t)offset, n };
}

static const uint16_t *list_start(const struct sweep *s, const struct rule_list *list)
{
	return s->out->rules + (uintptr_t)list->rules;
}

static bool same_list(const struct sweep *s, const struct rule_list *a, const struct rule_list *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(list_start(s, a), list_start(s, b),
						    a->n * sizeof(uint16_t)) == 0);
}

static uint64_t hash_list(const struct sweep *s, const struct rule_list *list)
{
	uint64_t h = list->n;

	for (size_t i = 0; i < list->n; i++)
		h = mix(h ^ list_start(s, list)[i]);
	return h;
}

static void grow_classes(struct sweep *s)
{
	struct classes *out = s->out;

	if (out->n < s->class_cap)
		return;
	s->class_cap = s->class_cap ? 2 * s->class_cap : 64;
	out->alone = memory_grow(out->alone, s->class_cap, sizeof(*out->alone));
	out->both = memory_grow(out->both, s->class_cap, sizeof(*out->both));
}

static void index_class(struct sweep *s, uint32_t class)
{
	uint64_t h = hash_list(s, &s->out->alone[class]) ^ mix(hash_list(s, &s->out->both[class]));
	size_t i = h & s->by_list_mask;

	while (s->by_list[i])
		i = (i + 1) & s->by_list_mask;
	s->by_list[i] = class;
}

static void grow_by_list(struct sweep *s)
{
	if (2 * s->out->n < s->by_list_mask)
		return;
	free(s->by_list);
	s->by_list_mask = 4 * (s->by_list_mask + 1) - 1;
	s->by_list = memory_array(s->by_list_mask + 1, sizeof(*s->by_list));
	for (uint32_t class = CLASS_FIRST; class < s->out->n; class++)
		index_class(s, class);
}

/* The class with these lists, or 0. */
static uint32_t find_by_list(const struct sweep *s, const struct rule_list *alone,
			     const struct rule_list *both)
{
	uint64_t h = hash_list(s, alone) ^ mix(hash_list(s, both));

	for (size_t i = h & s->by_list_mask; s->by_list[i]; i = (i + 1) & s->by_list_mask)
		if (same_list(s, &s->out->alone[s->by_list[i]], alone) &&
		    same_list(s, &s->out->both[s->by_list[i]], both))
			return s->by_list[i];
	return 0;
}

/* The class of the address that the sweep is at: an older one with the same lists, or new. */
static uint32_t class_here(struct sweep *s)
{
	struct classes *out = s->out;
	size_t before = out->rules_n, n;
	struct rule_list alone, both;
	uint32_t class;

	memset(s->met, 0, (s->part_count / WORD_BITS + 1) * sizeof(*s->met));
	meet_all(s);
	n = list_met(s, false);
	alone = list_at(before, n);
	both = list_at(before + n, list_met(s, true));
	class = find_by_list(s, &alone, &both);
	if (class) {
		out->rules_n = before;
		return class;
	}
	grow_classes(s);
	class = (uint32_t)out->n++;
	out->alone[class] = alone;
	out->both[class] = both;
	index_class(s, class);
	grow_by_list(s);
	return class;
}

static void grow_known(struct sweep *s)
{
	struct known *old = s->known;
	size_t old_size = old ? s->known_mask + 1 : 0;

	if (old && 2 * s->known_count < s->known_mask)
		return;
	s->known_mask = (old ? 4 * old_size : 256) - 1;
	s->known = memory_array(s->known_mask + 1, sizeof(*s->known));
	for (size_t k = 0; k < old_size; k++) {
		size_t i = old[k].hash & s->known_mask;

		while (s->known[i].class)
			i = (i + 1) & s->known_mask;
		if (old[k].class)
			s->known[i] = old[k];
	}
	free(old);
}

static uint32_t look_class(struct sweep *s)
{
	size_t i = s->hash & s->known_mask;
	uint32_t class;

	for (; s->known[i].class; i = (i + 1) & s->known_mask)
		if (s->known[i].hash == s->hash && s->known[i].hash2 == s->hash2)
			return s->known[i].class;
	class = class_here(s);
	s->known[i] = (struct known){ s->hash, s->hash2, class };
	s->known_count++;
	grow_known(s);
	return class;
}

/* --- the sweep --- */

static void toggle(struct sweep *s, uint32_t set)
{
	const struct named_set *named = &s->sets[set];

	s->inside[set / WORD_BITS] ^= UINT64_C(1) << (set % WORD_BITS);
	s->hash ^= named->hash;
	s->hash2 ^= named->hash2;
}

static inline void add_interval(struct sweep *s, uint64_t hi, uint64_t lo, uint32_t class)
{
	struct classes *out = s->out;
	struct interval *next = &out->intervals[out->interval_count];

	if (out->interval_count > 0 && next[-1].class == class)
		return;
	*next = (struct interval){ { hi, lo, (uint8_t)out->family }, (uint16_t)class };
	out->interval_count++;
}

static bool is_too_much(const struct classes *out)
{
	return out->n > CLASSES_MAX || out->rules_n > RULES_LISTED_MAX;
}

static void run(struct sweep *s)
{
	const struct event *small = s->events, *end = s->events + s->event_count;
	uint64_t hi = 0, lo = 0;

	for (;;) {
		for (; small < end && small->at.hi == hi && small->at.lo == lo; small++)
			toggle(s, small->set);
		while (s->cursor_count > 0 && s->cursors->hi == hi && s->cursors->lo == lo) {
			toggle(s, s->cursors->set);
			step(s);
		}
		add_interval(s, hi, lo, look_class(s));
		s->out->overflow = is_too_much(s->out);
		if (s->out->overflow || (small == end && s->cursor_count == 0))
			return;
		if (s->cursor_count == 0 ||
		    (small < end && (small->at.hi < s->cursors->hi ||
				     (small->at.hi == s->cursors->hi &&
				      small->at.lo < s->cursors->lo)))) {
			hi = small->at.hi;
			lo = small->at.lo;
		} else {
			hi = s->cursors->hi;
			lo = s->cursors->lo;
		}
	}
}

/* `*` meets the rules that ask for `from *` and for no set (LANGUAGE S14). */
static void list_any(struct sweep *s)
{
	struct classes *out = s->out;
	size_t n;

	memset(s->met, 0, (s->part_count / WORD_BITS + 1) * sizeof(*s->met));
	for (uint32_t i = 0; i < s->part_count; i++)
		if (s->parts[i].n == 0 && s->parts[i].live->rule->from_any)
			s->met[i / WORD_BITS] |= UINT64_C(1) << (i % WORD_BITS);
	n = list_met(s, false);
	out->alone[CLASS_ANY] = list_at(0, n);
	out->both[CLASS_ANY] = list_at(n, list_met(s, true));
}

static void settle(struct sweep *s)
{
	for (size_t i = 0; i < s->out->n; i++) {
		s->out->alone[i].rules = list_start(s, &s->out->alone[i]);
		s->out->both[i].rules = list_start(s, &s->out->both[i]);
	}
}

static void prepare(struct sweep *s, const struct live *live, size_t n)
{
	size_t matches = 0;

	for (size_t i = 0; i < n; i++)
		matches += live[i].rule->match_count;
	s->by_pointer_mask = table_size(matches) - 1;
	s->by_pointer = memory_array(s->by_pointer_mask + 1, sizeof(*s->by_pointer));
	s->sets = memory_array(matches + 1, sizeof(*s->sets));
	s->clauses = memory_array(matches + 1, sizeof(*s->clauses));
	s->parts = memory_array(n + 1, sizeof(*s->parts));
	gather_parts(s, live, n);
	s->anchored = memory_array(s->set_count + 1, sizeof(*s->anchored));
	memset(s->anchored, 0xff, (s->set_count + 1) * sizeof(*s->anchored));
	s->unanchored = PART_END;
	for (uint32_t i = 0; i < s->part_count; i++)
		anchor(s, i);
	gather_events(s);
	s->inside = memory_array(s->set_count / WORD_BITS + 1, sizeof(*s->inside));
	s->met = memory_array(s->part_count / WORD_BITS + 1, sizeof(*s->met));
	s->by_list_mask = 255;
	s->by_list = memory_array(s->by_list_mask + 1, sizeof(*s->by_list));
	grow_known(s);
}

static void forget(struct sweep *s)
{
	free(s->sets);
	free(s->by_pointer);
	free(s->clauses);
	free(s->parts);
	free(s->anchored);
	free(s->events);
	free(s->cursors);
	free(s->inside);
	free(s->known);
	free(s->met);
	free(s->by_list);
}

void classes_init(struct classes *out, enum family family, enum side side,
		  const struct live *live, size_t n, struct arena *arena)
{
	struct sweep s = { .out = out, .side = side, .arena = arena };

	*out = (struct classes){ .family = family };
	prepare(&s, live, n);
	grow_classes(&s);
	out->n = CLASS_FIRST;
	out->alone[CLASS_ABSENT] = out->both[CLASS_ABSENT] = list_at(0, 0);
	out->alone[CLASS_ANY] = out->both[CLASS_ANY] = list_at(0, 0);
	if (side == SIDE_SOURCE)
		list_any(&s);
	run(&s);
	out->intervals = memory_grow(out->intervals, out->interval_count, sizeof(*out->intervals));
	settle(&s);
	forget(&s);
}

void classes_drop_intervals(struct classes *classes)
{
	free(classes->intervals);
	classes->intervals = NULL;
	classes->interval_count = 0;
}

void classes_release(struct classes *classes)
{
	free(classes->intervals);
	free(classes->alone);
	free(classes->both);
	free(classes->rules);
	*classes = (struct classes){ .family = FAMILY_NONE };
}

const char *classes_overflow_text(const struct classes *classes, enum side side)
{
	static_assert(CLASSES_MAX == 65500 && RULES_LISTED_MAX == 6291456, "the texts say so");
	if (classes->n <= CLASSES_MAX)
		return side == SIDE_SOURCE ? "sources meet more than 6291456 rules, counted for each kind"
					   : "groups meet more than 6291456 rules, counted for each kind";
	return side == SIDE_SOURCE ? "rules tell more than 65500 kinds of sources apart"
				   : "rules tell more than 65500 kinds of groups apart";
}

unsigned classes_of(const struct classes *classes, struct addr a)
{
	const struct interval *base = classes->intervals;

	for (size_t n = classes->interval_count; n > 1;) {
		size_t half = n / 2;

		if (addr_order(base[half].first, a) <= 0)
			base += half;
		n -= half;
	}
	return base->class;
}
