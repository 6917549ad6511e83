/* SPDX-License-Identifier: BSD-2-Clause */
/* What `weir msdp cache` shows, and which peers `weir msdp peers` shows where it is asked for those of
 * a source, a group, an RP or a verdict: the cache looked through in pieces, and behind it what was
 * refused most recently.  Knows no socket. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "daemon/speaker.h"

struct speaker_search {
	struct speaker_query query;
	struct text	     text;
	struct json	     json;		/* into `text` */
	uint32_t	     at, matching, shown;
	uint32_t	     of_peer[RELAY_PEERS_MAX];	/* matching */
};

#define PIECE 65536		/* looks in one go */
#define JUDGEMENT 16		/* looks that one costs about as much as */
#define ENTRY 200		/* and the words for an entry */
#define EVERY_VERDICT ((1u << SPEAKER_VERDICT_COUNT) - 1)

static const char *verdict_name(unsigned i)
{
	static const char *const names[] = {
		"permit", "warn", "alarm", "withheld", "expiring", "deny", "limit", "rpf", "full",
		"refused",
	};

	return i < COUNT(names) ? names[i] : NULL;
}

bool speaker_verdict_parse(const char *word, unsigned *out_verdicts)
{
	for (unsigned i = 0; verdict_name(i); i++)
		if (strcmp(verdict_name(i), word) == 0) {
			*out_verdicts = i < SPEAKER_VERDICT_COUNT ? 1u << i : SPEAKER_REFUSED;
			return true;
		}
	return false;
}

struct speaker_search *speaker_search_new(const struct speaker *speaker,
					  const struct speaker_query *query)
{
	struct speaker_search *search = memory_take(sizeof(*search));

	search->query = *query;
	search->json = json_of(&search->text);
	if (query->counts_peers)
		return search;
	json_open(&search->json, NULL);
	json_string(&search->json, "schema", "weir-msdp-cache/1");
	json_number(&search->json, "entries", relay_cache(speaker->relay)->live);
	json_open_array(&search->json, "cache");
	return search;
}

void speaker_search_free(struct speaker_search *search)
{
	if (!search)
		return;
	text_release(&search->text);
	free(search);
}

const struct text *speaker_search_text(const struct speaker_search *search)
{
	return &search->text;
}

static bool is_asked(const struct speaker_query *q, const struct sa_key *key)
{
	return (!addr_is_there(q->source) || q->source.lo == key->source) &&
	       (!addr_is_there(q->group) || q->group.lo == key->group) &&
	       (!addr_is_there(q->rp) || q->rp.lo == key->rp);
}

static void put_key(struct json *j, const struct sa_key *key)
{
	if (key->group) {
		speaker_put_addr(j, "source", addr_of4(key->source));
		speaker_put_addr(j, "group", addr_of4(key->group));
	}
	speaker_put_addr(j, "rp", addr_of4(key->rp));
}

/* Entries. */

static bool is_withheld(const struct speaker *s, const struct sa_entry *e)
{
	for (unsigned i = 0; i < s->options.n; i++)
		if (relay_withholds(s->relay, e, i))
			return true;
	return false;
}

/* Of those that are asked for. */
static unsigned verdicts_of(const struct speaker *s, const struct sa_entry *e, unsigned asked)
{
	static const enum speaker_verdict verdicts[] = {
		[RELAY_PERMITS] = SPEAKER_PERMIT, [RELAY_WARNS] = SPEAKER_WARN,
		[RELAY_ALARMS] = SPEAKER_ALARM, [RELAY_EXPIRES] = SPEAKER_EXPIRING,
	};

	if (asked >> SPEAKER_WITHHELD & 1 && is_withheld(s, e))
		return 1u << SPEAKER_WITHHELD;
	return 1u << verdicts[relay_judge(s->relay, e).verdict];
}

static void put_verdict(struct json *j, const struct speaker *s, const struct sa_entry *e)
{
	static const char *const words[] = {
		[RELAY_PERMITS] = "permit", [RELAY_WARNS] = "warn", [RELAY_ALARMS] = "alarm",
		[RELAY_EXPIRES] = "expiring",
	};
	const struct relay_judged judged = relay_judge(s->relay, e);

	json_string(j, "verdict", words[judged.verdict]);
	if (judged.rule)
		json_string(j, "rule", judged.rule->name);
	if (!is_withheld(s, e))
		return;
	json_open_array(j, "withheld_from");
	for (unsigned i = 0; i < s->options.n; i++) {
		const struct rule *rule = relay_withholds(s->relay, e, i);

		if (!rule)
			continue;
		json_open(j, NULL);
		speaker_put_addr(j, "peer", s->options.peers[i].remote);
		json_string(j, "rule", rule->name);
		json_close(j);
	}
	json_close_array(j);
}

static void put_entry(struct json *j, const struct speaker *s, const struct sa_entry *e)
{
	uint32_t now_s = relay_now_s(s->relay);

	json_open(j, NULL);
	put_key(j, &e->key);
	if (e->peer == SA_SELF)
		json_bool(j, "own", true);
	else
		speaker_put_addr(j, "peer", s->options.peers[e->peer].remote);
	json_number(j, "age_s", now_s - e->born_s);
	json_number(j, "heard_s", now_s - e->heard_s);
	json_number(j, "expires_s", e->peer == SA_SELF ? SA_LIFE_S
		    : SA_LIFE_S - (now_s - (e->list == SA_EXPIRING ? e->told_s : e->heard_s)));
	json_bool(j, "established", e->list == SA_ESTABLISHED);
	put_verdict(j, s, e);
	json_close(j);
}

/* Returns what it has cost, in looks. */
static uint32_t look_at(struct speaker_search *search, const struct speaker *s,
			const struct sa_entry *e)
{
	const struct speaker_query *q = &search->query;
	uint32_t cost = 1;

	if (!e->used || !is_asked(q, &e->key) || (q->peer != UINT_MAX && q->peer != e->peer))
		return cost;
	if (q->verdicts) {
		cost += q->verdicts >> SPEAKER_WITHHELD & 1 ? JUDGEMENT * (s->options.n + 1)
							    : JUDGEMENT;
		if (!(q->verdicts & verdicts_of(s, e, q->verdicts)))
			return cost;
	}
	search->matching++;
	if (e->peer < RELAY_PEERS_MAX)
		search->of_peer[e->peer]++;
	if (q->counts_peers || search->shown == q->entries_max)
		return cost;
	search->shown++;
	put_entry(&search->json, s, e);
	return cost + ENTRY + JUDGEMENT * s->options.n;
}

/* Refusals. */

static void put_refusal(struct json *j, const struct speaker *s, const struct refusal *r,
			unsigned peer)
{
	uint32_t now_s = relay_now_s(s->relay);

	json_open(j, NULL);
	put_key(j, &r->key);
	speaker_put_addr(j, "peer", s->options.peers[peer].remote);
	json_string(j, "verdict", refused_name(r->by));
	if (r->rule)
		json_string(j, "rule", r->rule->name);
	json_number(j, "count", r->count);
	json_number(j, "age_s", now_s - r->first_s);
	json_number(j, "heard_s", now_s - r->last_s);
	json_close(j);
}

/* Those of one peer that are asked for; without a verdict the cache alone is. */
static void look_at_refusals(struct speaker_search *search, const struct speaker *s, unsigned peer)
{
	const struct refusals *refusals = relay_refusals(s->relay, peer);
	const struct speaker_query *q = &search->query;

	if (q->peer != UINT_MAX && q->peer != peer)
		return;
	for (unsigned i = 0; i < REFUSALS_MAX; i++) {
		const struct refusal *r = &refusals->list[i];

		if (!r->used || !(q->verdicts & 1u << (SPEAKER_DENY + r->by)) ||
		    !is_asked(q, &r->key))
			continue;
		search->matching++;
		search->of_peer[peer]++;
		if (q->counts_peers || search->shown == q->entries_max)
			continue;
		search->shown++;
		put_refusal(&search->json, s, r, peer);
	}
}

static void end(struct speaker_search *search, const struct speaker *s)
{
	uint64_t refused = 0, forgotten = 0;

	if (!search->query.counts_peers) {
		json_close_array(&search->json);
		json_open_array(&search->json, "refusals");
	}
	for (unsigned i = 0; i < s->options.n; i++) {
		refused += relay_refusals(s->relay, i)->count;
		forgotten += relay_refusals(s->relay, i)->forgotten;
		if (search->query.verdicts & SPEAKER_REFUSED)
			look_at_refusals(search, s, i);
	}
	if (search->query.counts_peers) {
		speaker_peers_text(s, search->of_peer, &search->text);
		return;
	}
	json_close_array(&search->json);
	json_number(&search->json, "refused", refused);
	json_number(&search->json, "forgotten", forgotten);
	json_number(&search->json, "matching", search->matching);
	json_number(&search->json, "shown", search->shown);
	json_close(&search->json);
}

bool speaker_search_some(struct speaker_search *search, const struct speaker *speaker)
{
	const struct sa_cache *cache = relay_cache(speaker->relay);
	uint32_t spent = 0;
	const unsigned asked = search->query.verdicts ? search->query.verdicts : EVERY_VERDICT;

	if (!(asked & ~SPEAKER_REFUSED))		/* what was refused is not there */
		search->at = cache->fresh_from;
	while (spent < PIECE && search->at < cache->fresh_from)
		spent += look_at(search, speaker, &cache->entries[search->at++]);
	if (search->at < cache->fresh_from)
		return true;
	end(search, speaker);
	return false;
}
