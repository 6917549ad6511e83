/* SPDX-License-Identifier: BSD-2-Clause */
/* Police lines over SA entries.  Every entry is kept once for the peer that announces it and,
 * where lines count by source or RP, once for all peers.  All entries live equally long, so a
 * list in the order of the last refresh is a list in the order of expiry.
 * RFC 3618 5.3 (SA state); LANGUAGE S38-S43, S53.  Knows no packets. */
#include "engine/police.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "engine/limit.h"

#define NONE UINT32_MAX
#define PEER_ALL UINT16_MAX
#define BUCKETS POLICE_ENTRIES_MAX
#define LINES_MAX 64
#define WAYS 8
#define EXPECTED_MAX 32			/* SAs whose entries are fetched ahead */

enum list { LIST_HELD, LIST_HEARD, LIST_COUNT };	/* heard: not let through, or denied */

struct entry {
	uint32_t source, group, rp;
	uint16_t peer;			/* PEER_ALL: the entry as lines by source and RP see it */
	uint8_t	 list;
	bool	 used;
	uint32_t chain;			/* next in its bucket, or next free one */
	uint32_t before, behind;	/* in its list, the oldest first */
	int64_t	 at_ns;
};

struct keyed_gauge {
	struct gauge  gauge;
	struct bucket bucket;
	bool	      used, warned, alarmed;	/* has spoken, and not fallen below 90 % since */
	uint64_t      told;			/* how much of its speech police_next() told */
};

struct line {
	const struct rule *rule;
	uint16_t	   index;
	uint8_t		   class;	/* lines of one key have one number (S42) */
};

struct police {
	struct line	    lines[LINES_MAX];
	size_t		    line_count;
	bool		    counts_all;	/* a line counts by source or by RP */
	struct entry	   *entries;
	uint32_t	   *heads, unused, fresh_from;
	uint32_t	    first[LIST_COUNT], last[LIST_COUNT];
	uint32_t	    next;	/* stood behind the entry that was heard last; or NONE */
	struct keyed_gauge *gauges;
	size_t		    gauge_count;
	struct police_peer *peers, *latest;	/* latest: that find_peer() found */
	size_t		    peer_count;
	uint64_t	    evicted;
	struct mtime	    now;
};

static bool same_key(const struct rule *a, const struct rule *b)
{
	return a->police_key == b->police_key &&
	       (a->police_key != POLICE_BY_SOURCE || a->prefix_len == b->prefix_len);
}

static void add_line(struct police *p, const struct rule *rule, uint16_t index)
{
	struct line *line = &p->lines[p->line_count];

	if (rule->kind != RULE_POLICE || rule->off || p->line_count == LINES_MAX)
		return;
	*line = (struct line){ rule, index, (uint8_t)p->line_count };
	for (size_t i = 0; i < p->line_count; i++)
		if (same_key(p->lines[i].rule, rule)) {
			line->class = p->lines[i].class;
			break;
		}
	p->counts_all |= rule->police_key != POLICE_BY_PEER;
	p->line_count++;
}

struct police *police_new(const struct boundary *boundary)
{
	struct police *p = memory_take(sizeof(*p));

	for (size_t i = 0; i < boundary->rule_count; i++)
		add_line(p, boundary->rules[i], (uint16_t)i);
	p->entries = memory_array(POLICE_ENTRIES_MAX, sizeof(p->entries[0]));
	p->heads = memory_array(BUCKETS, sizeof(p->heads[0]));
	p->gauges = memory_array(POLICE_GAUGES_MAX, sizeof(p->gauges[0]));
	p->peers = memory_array(POLICE_PEERS_MAX, sizeof(p->peers[0]));
	p->unused = p->next = NONE;
	for (size_t i = 0; i < LIST_COUNT; i++)
		p->first[i] = p->last[i] = NONE;
	p->now.ns = INT64_MIN;
	return p;
}

void police_free(struct police *police)
{
	if (!police)
		return;
	free(police->entries);
	free(police->heads);
	free(police->gauges);
	free(police->peers);
	free(police);
}

/* Lines and their gauges. */

static bool line_holds(const struct line *line, struct addr source, struct mtime now)
{
	const struct rule *rule = line->rule;

	if (rule->has_until && mtime_day(now) > rule->until_day)
		return false;
	for (size_t i = 0; i < rule->match_count; i++) {
		const struct match *m = &rule->matches[i];

		if (!set_has_family(m->set, source.family) ||
		    set_has(m->set, source) == m->negated)
			return false;
	}
	return true;
}

static struct addr key_of(const struct line *line, const struct entry *e, struct addr peer)
{
	unsigned len = line->rule->prefix_len;

	if (line->rule->police_key == POLICE_BY_PEER)
		return peer;
	if (line->rule->police_key == POLICE_BY_RP)
		return addr_of4(e->rp);
	return addr_first(addr_of4(e->source), len);
}

/* Keeps what has spoken, then what is in use. */
static bool gauge_goes_first(const struct keyed_gauge *a, const struct keyed_gauge *b)
{
	bool a_spoke = a->gauge.denied || a->gauge.alarmed || a->gauge.warned;
	bool b_spoke = b->gauge.denied || b->gauge.alarmed || b->gauge.warned;

	if (a_spoke != b_spoke)
		return b_spoke;
	return a->gauge.live < b->gauge.live;
}

/* The line's gauge for a key; NULL where there is none and `making` is false. */
static struct keyed_gauge *find_gauge(struct police *p, const struct line *line, struct addr key,
				      bool making)
{
	uint64_t hash = addr_hash(key) + line->index * UINT64_C(0x9e3779b97f4a7c15);
	struct keyed_gauge *set = &p->gauges[hash / WAYS * WAYS % POLICE_GAUGES_MAX];
	struct keyed_gauge *victim = set;

	for (size_t i = 0; i < WAYS; i++) {
		struct keyed_gauge *g = &set[i];

		if (g->used && g->gauge.rule == line->index && addr_equal(g->gauge.key, key))
			return g;
		if (victim->used && (!g->used || gauge_goes_first(g, victim)))
			victim = g;
	}
	if (!making)
		return NULL;
	p->evicted += victim->used;
	p->gauge_count += !victim->used;
	*victim = (struct keyed_gauge){ .used = true };
	victim->gauge.key = key;
	victim->gauge.key_len = (uint8_t)(line->rule->police_key == POLICE_BY_SOURCE
						  ? line->rule->prefix_len
						  : addr_bits(key));
	victim->gauge.rule = line->index;
	return victim;
}

/* The lines that count this entry (S42), in order; those by peer or the others. */
static size_t counting_lines(const struct police *p, const struct entry *e,
			     const struct line *out[LINES_MAX])
{
	uint64_t taken = 0;
	size_t n = 0;

	for (size_t i = 0; i < p->line_count; i++) {
		const struct line *line = &p->lines[i];
		bool by_peer = line->rule->police_key == POLICE_BY_PEER;

		if (by_peer != (e->peer != PEER_ALL) || taken >> line->class & 1)
			continue;
		if (!line_holds(line, addr_of4(e->source), p->now))
			continue;
		taken |= UINT64_C(1) << line->class;
		out[n++] = line;
	}
	return n;
}

static struct addr peer_of(const struct police *p, const struct entry *e)
{
	return e->peer == PEER_ALL ? ADDR_NONE : p->peers[e->peer].peer;
}

/* Both thresholds speak again after a fall below nine tenths (S39). */
static void lower(struct keyed_gauge *g, const struct rule *rule)
{
	if (g->gauge.live > 0)
		g->gauge.live--;
	if (rule->warn_asked && (uint64_t)g->gauge.live * 10 < (uint64_t)rule->warn * 9)
		g->warned = false;
	if (rule->over_asked && (uint64_t)g->gauge.live * 10 < (uint64_t)rule->over * 9)
		g->alarmed = false;
}

/* Entries and their lists. */

static uint64_t entry_hash(const struct entry *e)
{
	uint64_t x = ((uint64_t)e->source << 32 | e->group) * UINT64_C(0x9e3779b97f4a7c15);

	x ^= x >> 31;
	x += (uint64_t)e->rp << 16 | e->peer;
	x *= UINT64_C(0xd6e8feb86659fd93);
	return x ^ x >> 32;
}

static uint32_t *head_of(const struct police *p, const struct entry *e)
{
	return &p->heads[entry_hash(e) % BUCKETS];
}

static void unlist(struct police *p, uint32_t at)
{
	struct entry *e = &p->entries[at];

	*(e->before == NONE ? &p->first[e->list] : &p->entries[e->before].behind) = e->behind;
	*(e->behind == NONE ? &p->last[e->list] : &p->entries[e->behind].before) = e->before;
}

static void enlist(struct police *p, uint32_t at, enum list list)
{
	struct entry *e = &p->entries[at];

	e->list = (uint8_t)list;
	e->before = p->last[list];
	e->behind = NONE;
	*(e->before == NONE ? &p->first[list] : &p->entries[e->before].behind) = at;
	p->last[list] = at;
	e->at_ns = p->now.ns;
}

static bool is_entry(const struct entry *e, const struct entry *key)
{
	return e->source == key->source && e->group == key->group && e->rp == key->rp &&
	       e->peer == key->peer && e->used;
}

/* `heads` and `chain` count from 1, so that zeroed memory is empty. */
static struct entry *find_entry(struct police *p, const struct entry *key)
{
	for (uint32_t at = *head_of(p, key); at; at = p->entries[at - 1].chain)
		if (is_entry(&p->entries[at - 1], key))
			return &p->entries[at - 1];
	return NULL;
}

/* The same, where it probably stands at `guess`: peers announce in the same order again. */
static struct entry *guess_entry(struct police *p, const struct entry *key, uint32_t guess)
{
	if (guess != NONE && is_entry(&p->entries[guess], key))
		return &p->entries[guess];
	return find_entry(p, key);
}

/* Its lines hold it no more. */
static void let_go(struct police *p, const struct entry *e)
{
	const struct line *lines[LINES_MAX];
	size_t n = counting_lines(p, e, lines);

	for (size_t i = 0; i < n; i++) {
		struct keyed_gauge *g =
			find_gauge(p, lines[i], key_of(lines[i], e, peer_of(p, e)), false);

		if (g)
			lower(g, lines[i]->rule);
	}
}

static void drop(struct police *p, uint32_t at)
{
	struct entry *e = &p->entries[at];
	uint32_t *link = head_of(p, e);

	while (*link != at + 1)
		link = &p->entries[*link - 1].chain;
	*link = e->chain;
	unlist(p, at);
	if (e->list == LIST_HELD)
		let_go(p, e);
	if (e->peer != PEER_ALL)
		p->peers[e->peer].entries--;
	e->used = false;
	e->chain = p->unused;
	p->unused = at;
}

static uint32_t take_entry(struct police *p)
{
	uint32_t at;

	if (p->unused == NONE && p->fresh_from < POLICE_ENTRIES_MAX)
		return p->fresh_from++;
	if (p->unused == NONE) {
		p->evicted++;
		drop(p, p->first[LIST_HEARD] != NONE ? p->first[LIST_HEARD] : p->first[LIST_HELD]);
	}
	at = p->unused;
	p->unused = p->entries[at].chain;
	return at;
}

/* Heard again, or for the first time. */
static void keep(struct police *p, const struct entry *key, struct entry *old, enum list list)
{
	struct police_peer *peer;
	uint32_t at, *head;

	if (old) {
		at = (uint32_t)(old - p->entries);
		p->next = old->behind;
		unlist(p, at);
		enlist(p, at, list);
		return;
	}
	at = take_entry(p);
	head = head_of(p, key);
	p->entries[at] = *key;
	p->entries[at].used = true;
	p->entries[at].chain = *head;
	*head = at + 1;
	enlist(p, at, list);
	if (key->peer == PEER_ALL)
		return;
	peer = &p->peers[key->peer];
	if (++peer->entries > peer->peak)
		peer->peak = peer->entries;
}

static void expire(struct police *p)
{
	for (size_t list = 0; list < LIST_COUNT; list++)
		while (p->first[list] != NONE &&
		       p->now.ns - p->entries[p->first[list]].at_ns >= POLICE_LIFE_NS)
			drop(p, p->first[list]);
}

/* What the lines say. */

static bool denies(struct keyed_gauge *g, const struct rule *rule, bool replay, struct mtime now)
{
	if (rule->action != ACTION_DENY)
		return false;
	if (rule->over_asked && g->gauge.live >= rule->over)
		return true;
	return rule->rate.unit_s && !replay && !bucket_pass(&g->bucket, &rule->rate, now, false);
}

static void speak_alarm(struct keyed_gauge *g)
{
	g->gauge.alarmed += !g->alarmed;
	g->alarmed = true;
}

static void raise_gauge(struct keyed_gauge *g, const struct rule *rule, bool replay,
			struct mtime now)
{
	g->gauge.live++;
	if (g->gauge.live > g->gauge.peak)
		g->gauge.peak = g->gauge.live;
	if (rule->warn_asked && g->gauge.live >= rule->warn && !g->warned) {
		g->warned = true;
		g->gauge.warned++;
	}
	if (rule->over_asked && g->gauge.live > rule->over)
		speak_alarm(g);
	if (!rule->rate.unit_s || replay)
		return;
	if (!rule->over_asked && bucket_is_rested(&g->bucket, &rule->rate, now))
		g->alarmed = false;
	if (!bucket_pass(&g->bucket, &rule->rate, now, true))
		speak_alarm(g);
}

struct ask {			/* one line, and its gauge for the SA at hand */
	const struct rule  *rule;
	struct keyed_gauge *gauge;
	uint16_t	    index;
};

static size_t ask_lines(struct police *p, const struct entry *key, struct addr peer,
			struct ask *asks)
{
	const struct line *lines[LINES_MAX];
	size_t n = counting_lines(p, key, lines);

	for (size_t i = 0; i < n; i++)
		asks[i] = (struct ask){ lines[i]->rule,
					find_gauge(p, lines[i], key_of(lines[i], key, peer), true),
					lines[i]->index };
	return n;
}

/* The first line, in the boundary's order, that denies a new entry (S43). */
static uint16_t first_denial(const struct police *p, struct ask *asks, size_t n, bool replay)
{
	struct ask *first = NULL;

	for (size_t i = 0; i < n; i++)
		if ((!first || asks[i].index < first->index) &&
		    denies(asks[i].gauge, asks[i].rule, replay, p->now))
			first = &asks[i];
	if (!first)
		return RULE_NONE;
	first->gauge->gauge.denied++;
	return first->index;
}

/* The peer's place, or the empty one where it belongs; NULL where there is none. */
static struct police_peer *seek_peer(const struct police *p, struct addr peer, struct addr to)
{
	uint64_t hash = addr_hash(peer) * 3 + addr_hash(to);

	for (size_t i = 0; i < POLICE_PEERS_MAX; i++) {
		struct police_peer *at = &p->peers[(hash + i) % POLICE_PEERS_MAX];

		if (at->sas == 0 || (addr_equal(at->peer, peer) && addr_equal(at->to, to)))
			return at;
	}
	return NULL;
}

static struct police_peer *find_peer(struct police *p, struct addr peer, struct addr to)
{
	struct police_peer *at = p->latest;

	if (at && at->sas > 0 && addr_equal(at->peer, peer) && addr_equal(at->to, to))
		return at;			/* the entries of one message come in a row */
	p->latest = at = seek_peer(p, peer, to);
	if (!at || at->sas > 0)
		return at;
	if (p->peer_count == POLICE_PEERS_MAX - 1)
		return NULL;
	p->peer_count++;
	*at = (struct police_peer){ .peer = peer, .to = to };
	return at;
}

static struct entry key_of_sa(const struct police *p, const struct observation *sa,
			      const struct police_peer *peer)
{
	return (struct entry){ .source = (uint32_t)sa->source.lo, .group = (uint32_t)sa->group.lo,
			       .rp = (uint32_t)sa->rp.lo, .peer = (uint16_t)(peer - p->peers) };
}

/* Whether the SAs probably come as they came before, so that their entries lie in a row. */
static bool is_in_order(const struct police *p, const struct entry *first)
{
	return p->next != NONE && is_entry(&p->entries[p->next], first);
}

/* First the heads of the chains, then the first of each, then its neighbours in the list. */
void police_expect(const struct police *p, const struct observation *sas, size_t n)
{
	const uint32_t *heads[EXPECTED_MAX];
	const struct police_peer *peer = n > 0 ? seek_peer(p, sas->speaker, sas->receiver) : NULL;

	if (!peer)
		return;
	n = n < EXPECTED_MAX ? n : EXPECTED_MAX;
	for (size_t i = 0; i < n; i++) {
		struct entry key = key_of_sa(p, &sas[i], peer);

		if (i == 0 && is_in_order(p, &key))
			return;
		heads[i] = head_of(p, &key);
		__builtin_prefetch(heads[i]);
	}
	for (size_t i = 0; i < n; i++)
		if (*heads[i])
			__builtin_prefetch(&p->entries[*heads[i] - 1], 1);
	for (size_t i = 0; i < n; i++) {
		/* cppcheck-suppress uninitvar ; the first loop sets as many */
		const struct entry *e = *heads[i] ? &p->entries[*heads[i] - 1] : NULL;

		if (e && e->before != NONE)
			__builtin_prefetch(&p->entries[e->before], 1);
		if (e && e->behind != NONE)
			__builtin_prefetch(&p->entries[e->behind], 1);
	}
}

/* A new entry for some of the lines: they are all asked, and only then any of them holds it. */
static uint16_t admit(struct police *p, const struct entry keys[2], struct entry *const old[2],
		      bool replay)
{
	struct addr peer = peer_of(p, &keys[0]);
	struct ask asks[2 * LINES_MAX];
	uint16_t denied;
	size_t n = 0;

	for (size_t k = 0; k < 2; k++)
		if ((k == 0 || p->counts_all) && !(old[k] && old[k]->list == LIST_HELD))
			n += ask_lines(p, &keys[k], peer, asks + n);
	denied = first_denial(p, asks, n, replay);
	if (denied != RULE_NONE)
		return denied;
	for (size_t i = 0; i < n; i++)
		raise_gauge(asks[i].gauge, asks[i].rule, replay, p->now);
	return RULE_NONE;
}

uint16_t police_hear(struct police *p, const struct observation *sa, bool let_through,
		     bool replay, struct mtime now)
{
	struct police_peer *peer;
	struct entry keys[2], *old[2];
	uint16_t denied = RULE_NONE;

	if (sa->source.family != FAMILY_IP4 || sa->group.family != FAMILY_IP4)
		return RULE_NONE;
	police_settle(p, now);
	peer = find_peer(p, sa->speaker, sa->receiver);
	if (!peer) {
		p->evicted++;
		return RULE_NONE;
	}
	peer->sas++;
	keys[0] = keys[1] = key_of_sa(p, sa, peer);
	keys[1].peer = PEER_ALL;
	old[0] = guess_entry(p, &keys[0], p->next);
	old[1] = p->counts_all ? guess_entry(p, &keys[1], old[0] ? old[0]->behind : NONE) : NULL;
	peer->fresh += !old[0] && !replay;
	if (let_through)
		denied = admit(p, keys, old, replay);
	if (let_through && denied == RULE_NONE) {
		keep(p, &keys[0], old[0], LIST_HELD);
		if (p->counts_all)
			keep(p, &keys[1], old[0] ? old[1] : find_entry(p, &keys[1]), LIST_HELD);
	} else if (!old[0] || old[0]->list == LIST_HEARD) {
		keep(p, &keys[0], old[0], LIST_HEARD);
	}
	return denied;
}

void police_settle(struct police *police, struct mtime now)
{
	if (now.ns > police->now.ns)
		police->now = now;
	expire(police);
}

static int order_gauges(const void *a, const void *b)
{
	const struct gauge *x = a, *y = b;

	return x->rule != y->rule ? (x->rule < y->rule ? -1 : 1) : addr_order(x->key, y->key);
}

struct gauge *police_gauges(const struct police *police, size_t *out_n)
{
	struct gauge *list = memory_array(police->gauge_count, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; n < police->gauge_count; i++)
		if (police->gauges[i].used)
			list[n++] = police->gauges[i].gauge;
	qsort(list, n, sizeof(*list), order_gauges);
	*out_n = n;
	return list;
}

static int order_peers(const void *a, const void *b)
{
	const struct police_peer *x = a, *y = b;
	int order = addr_order(x->peer, y->peer);

	return order ? order : addr_order(x->to, y->to);
}

struct police_peer *police_peers(const struct police *police, size_t *out_n)
{
	struct police_peer *list = memory_array(police->peer_count, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < POLICE_PEERS_MAX; i++)
		if (police->peers[i].sas > 0)
			list[n++] = police->peers[i];
	qsort(list, n, sizeof(*list), order_peers);
	*out_n = n;
	return list;
}

uint64_t police_evicted(const struct police *police)
{
	return police->evicted;
}

bool police_next(struct police *police, struct gauge *out)
{
	for (size_t i = 0; i < POLICE_GAUGES_MAX; i++) {
		struct keyed_gauge *g = &police->gauges[i];
		uint64_t spoke = (uint64_t)g->gauge.warned + g->gauge.alarmed +
				 (g->gauge.denied > 0);

		if (!g->used || spoke == g->told)
			continue;
		g->told = spoke;
		*out = g->gauge;
		return true;
	}
	return false;
}
