/* SPDX-License-Identifier: BSD-2-Clause */
/* Police lines over the SA cache.  LANGUAGE S38-S43.  Gauges stand in a chained hash table and
 * are made with the first entry of their key.  Knows no TLV and no session. */
#include "relay/ration.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"

struct ration {
	struct ration_line   lines[RATION_LINES_MAX];
	size_t		     line_count;
	struct ration_gauge *gauges;
	uint32_t	    *heads;
	uint32_t	     max, mask, unused, fresh_from, swept;
	uint64_t	     seed, uncounted;
	ration_speaks	    *speaks;
	void		    *context;
};

static bool same_class(const struct rule *a, const struct rule *b)
{
	return a->police_key == b->police_key &&
	       (a->police_key != POLICE_BY_SOURCE || a->prefix_len == b->prefix_len);
}

static void add_line(struct ration *r, const struct rule *rule, uint16_t index)
{
	struct ration_line *line = &r->lines[r->line_count];

	if (rule->kind != RULE_POLICE || rule->off || r->line_count == RATION_LINES_MAX)
		return;
	*line = (struct ration_line){ .rule = rule, .index = index,
				      .class = (uint8_t)r->line_count };
	for (size_t i = 0; i < r->line_count; i++)
		if (same_class(r->lines[i].rule, rule)) {
			line->class = r->lines[i].class;
			break;
		}
	r->line_count++;
}

struct ration *ration_new(const struct boundary *boundary, uint32_t gauges_max, uint64_t seed,
			  ration_speaks *speaks, void *context)
{
	struct ration *r = memory_take(sizeof(*r));
	uint32_t buckets = 256;

	*r = (struct ration){ .max = gauges_max, .seed = seed | 1, .speaks = speaks,
			      .context = context };
	for (size_t i = 0; i < boundary->rule_count; i++)
		add_line(r, boundary->rules[i], (uint16_t)i);
	while (buckets < gauges_max && buckets < 1u << 30)
		buckets *= 2;
	r->mask = buckets - 1;
	r->heads = memory_array(buckets, sizeof(r->heads[0]));
	r->gauges = memory_array(gauges_max, sizeof(r->gauges[0]));
	return r;
}

void ration_free(struct ration *ration)
{
	if (!ration)
		return;
	free(ration->gauges);
	free(ration->heads);
	free(ration);
}

/* The lines that count an entry. */

static bool line_holds(const struct rule *rule, uint32_t source, struct mtime now)
{
	struct addr a = addr_of4(source);

	if (rule->has_until && mtime_day(now) > rule->until_day)
		return false;
	for (size_t i = 0; i < rule->match_count; i++) {
		const struct match *m = &rule->matches[i];

		if (!set_has_family(m->set, FAMILY_IP4) || set_has(m->set, a) == m->negated)
			return false;
	}
	return true;
}

static uint32_t key_of(const struct rule *rule, const struct sa_key *key, uint32_t peer)
{
	unsigned len = rule->prefix_len;

	switch (rule->police_key) {
	case POLICE_BY_PEER:
		return peer;
	case POLICE_BY_RP:
		return key->rp;
	default:
		return len >= 32 ? key->source : key->source & ~(UINT32_MAX >> len);
	}
}

/* Of the lines of one key only the first whose `from` holds (S42).  Places, in order. */
static size_t counting_lines(const struct ration *r, const struct sa_key *key, struct mtime now,
			     uint8_t out[RATION_LINES_MAX])
{
	uint32_t taken = 0;
	size_t n = 0;

	for (size_t i = 0; i < r->line_count; i++) {
		const struct ration_line *line = &r->lines[i];

		if (taken >> line->class & 1 || !line_holds(line->rule, key->source, now))
			continue;
		taken |= UINT32_C(1) << line->class;
		out[n++] = (uint8_t)i;
	}
	return n;
}

/* Gauges. */

static uint32_t *head_of(const struct ration *r, uint8_t line, uint32_t key)
{
	uint64_t x = ((uint64_t)line << 32 | key) * r->seed;

	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	return &r->heads[(x ^ x >> 32) & r->mask];
}

static struct ration_gauge *find_gauge(const struct ration *r, uint8_t line, uint32_t key)
{
	for (uint32_t at = *head_of(r, line, key); at; at = r->gauges[at - 1].chain) {
		struct ration_gauge *g = &r->gauges[at - 1];

		if (g->key == key && g->line == line)
			return g;
	}
	return NULL;
}

/* NULL where there is no room. */
static struct ration_gauge *make_gauge(struct ration *r, uint8_t line, uint32_t key)
{
	uint32_t *head = head_of(r, line, key);
	uint32_t at = r->unused ? r->unused : r->fresh_from + 1;
	struct ration_gauge *g;

	if (!r->unused && r->fresh_from == r->max) {
		r->uncounted++;
		return NULL;
	}
	g = &r->gauges[at - 1];
	if (r->unused)
		r->unused = g->chain;
	else
		r->fresh_from++;
	*g = (struct ration_gauge){ .key = key, .chain = *head, .line = line, .used = true };
	*head = at;
	return g;
}

static void give_back(struct ration *r, struct ration_gauge *g)
{
	uint32_t at = (uint32_t)(g - r->gauges) + 1;
	uint32_t *link = head_of(r, g->line, g->key);

	while (*link != at)
		link = &r->gauges[*link - 1].chain;
	*link = g->chain;
	g->used = false;
	g->chain = r->unused;
	r->unused = at;
}

/* What lines say. */

static void speak(struct ration *r, enum ration_word word, struct ration_line *line,
		  const struct ration_gauge *g)
{
	line->warned += word == RATION_WARNED;
	line->alarmed += word == RATION_ALARMED;
	if (r->speaks)
		r->speaks(r->context, word, line, g);
}

static void alarm_once(struct ration *r, enum ration_word word, struct ration_line *line,
		       struct ration_gauge *g)
{
	if (!g->alarmed)
		speak(r, word, line, g);
	g->alarmed = true;
}

static bool denies(const struct ration_gauge *g, const struct rule *rule, bool replay,
		   struct mtime now)
{
	if (rule->action != ACTION_DENY)
		return false;
	if (rule->over_asked && (g ? g->live : 0) >= rule->over)
		return true;
	return g && rule->rate.unit_s && !replay &&
	       !bucket_pass((struct bucket *)&g->bucket, &rule->rate, now, false);
}

static void raise_gauge(struct ration *r, struct ration_line *line, struct ration_gauge *g,
			bool replay, struct mtime now)
{
	const struct rule *rule = line->rule;

	g->live++;
	if (g->live > g->peak)
		g->peak = g->live;
	if (rule->warn_asked && g->live >= rule->warn && !g->warned) {
		g->warned = true;
		speak(r, RATION_WARNED, line, g);
	}
	if (rule->over_asked && g->live > rule->over)
		alarm_once(r, RATION_ALARMED, line, g);
	if (!rule->rate.unit_s || replay)
		return;
	if (!rule->over_asked && bucket_is_rested(&g->bucket, &rule->rate, now))
		g->alarmed = false;
	if (!bucket_pass(&g->bucket, &rule->rate, now, true))
		alarm_once(r, RATION_ALARMED, line, g);
}

static bool is_idle(const struct ration_gauge *g, const struct rule *rule, struct mtime now)
{
	return g->live == 0 &&
	       (!rule->rate.unit_s || bucket_is_rested(&g->bucket, &rule->rate, now));
}

/* Both thresholds speak again after a fall below nine tenths (S39). */
static void lower(struct ration *r, const struct rule *rule, struct ration_gauge *g,
		  struct mtime now)
{
	if (g->live > 0)
		g->live--;
	if (rule->warn_asked && (uint64_t)g->live * 10 < (uint64_t)rule->warn * 9)
		g->warned = false;
	if (rule->over_asked && (uint64_t)g->live * 10 < (uint64_t)rule->over * 9)
		g->alarmed = false;
	if (is_idle(g, rule, now))
		give_back(r, g);
}

static struct ration_gauge *gauge_of(const struct ration *r, uint8_t place,
				     const struct sa_key *key, uint32_t peer)
{
	return find_gauge(r, place, key_of(r->lines[place].rule, key, peer));
}

static void hold(struct ration *r, const uint8_t *places, size_t n, const struct sa_key *key,
		 uint32_t peer, bool replay, struct mtime now)
{
	for (size_t i = 0; i < n; i++) {
		struct ration_line *line = &r->lines[places[i]];
		struct ration_gauge *g = gauge_of(r, places[i], key, peer);

		if (!g)
			g = make_gauge(r, places[i], key_of(line->rule, key, peer));
		if (g)
			raise_gauge(r, line, g, replay, now);
	}
}

/* An entry denied by a line that stands at its limit makes no gauge of its own: what is refused
 * keeps no state. */
static uint16_t refuse(struct ration *r, struct ration_line *line, struct ration_gauge *g)
{
	line->denied++;
	if (g) {
		g->denied++;
		alarm_once(r, RATION_DENIES, line, g);
	}
	return line->index;
}

uint16_t ration_admit(struct ration *ration, const struct sa_key *key, uint32_t peer, bool replay,
		      struct mtime now)
{
	uint8_t places[RATION_LINES_MAX];
	size_t n = counting_lines(ration, key, now, places);

	for (size_t i = 0; i < n; i++) {
		struct ration_line *line = &ration->lines[places[i]];
		struct ration_gauge *g = gauge_of(ration, places[i], key, peer);

		if (denies(g, line->rule, replay, now))
			return refuse(ration, line, g);
	}
	hold(ration, places, n, key, peer, replay, now);
	return RULE_NONE;
}

void ration_hold(struct ration *ration, const struct sa_key *key, uint32_t peer,
		 struct mtime now)
{
	uint8_t places[RATION_LINES_MAX];
	size_t n = counting_lines(ration, key, now, places);

	hold(ration, places, n, key, peer, true, now);
}

void ration_release(struct ration *ration, const struct sa_key *key, uint32_t peer,
		    struct mtime now)
{
	uint8_t places[RATION_LINES_MAX];
	size_t n = counting_lines(ration, key, now, places);

	for (size_t i = 0; i < n; i++) {
		struct ration_gauge *g = gauge_of(ration, places[i], key, peer);

		if (g)
			lower(ration, ration->lines[places[i]].rule, g, now);
	}
}

void ration_settle(struct ration *ration, uint32_t at_most, struct mtime now)
{
	for (; at_most > 0 && ration->fresh_from > 0; at_most--) {
		struct ration_gauge *g = &ration->gauges[ration->swept++ % ration->fresh_from];

		if (g->used && is_idle(g, ration->lines[g->line].rule, now))
			give_back(ration, g);
	}
}

const struct rule *ration_alarm(const struct ration *ration, const struct sa_key *key,
				uint32_t peer, struct mtime now)
{
	uint8_t places[RATION_LINES_MAX];
	size_t n = counting_lines(ration, key, now, places);

	for (size_t i = 0; i < n; i++) {
		const struct ration_gauge *g = gauge_of(ration, places[i], key, peer);
		const struct rule *rule = ration->lines[places[i]].rule;

		if (g && g->alarmed && rule->action != ACTION_DENY)
			return rule;
	}
	return NULL;
}

size_t ration_lines(const struct ration *ration, const struct ration_line **out)
{
	*out = ration->lines;
	return ration->line_count;
}

const struct ration_gauge *ration_gauge_next(const struct ration *ration, uint32_t *cursor)
{
	while (*cursor < ration->fresh_from) {
		const struct ration_gauge *g = &ration->gauges[(*cursor)++];

		if (g->used)
			return g;
	}
	return NULL;
}

uint64_t ration_uncounted(const struct ration *ration)
{
	return ration->uncounted;
}
