/* SPDX-License-Identifier: BSD-2-Clause */
/* What `weir msdp` shows, as JSON.  The figures are those of the MSDP MIB (RFC 4624) by their
 * meaning, under the words that weir uses.  Knows no socket. */
#include <limits.h>

#include "base/json.h"
#include "daemon/speaker.h"
#include "os/clock.h"

/* The time of day at which something of the steady clock was. */
static struct mtime day_time(struct mtime steady)
{
	return (struct mtime){ clock_now().ns - (clock_steady().ns - steady.ns) };
}

static void put_addr(struct json *j, const char *key, struct addr a)
{
	char buffer[ADDR_TEXT];

	if (addr_is_there(a))
		json_string(j, key, addr_text(a, buffer));
}

static void put_figures(struct json *j, const struct relay_figures *f)
{
	const struct { const char *key; uint64_t n; } rows[] = {
		{ "held", f->held }, { "established", f->established },
		{ "tlvs_in", f->tlvs_in }, { "entries_in", f->entries_in },
		{ "bytes_in", f->bytes_in }, { "fresh", f->fresh },
		{ "refreshed", f->refreshed }, { "denied", f->denied },
		{ "limited", f->limited }, { "policed", f->policed },
		{ "rpf_refused", f->rpf_refused }, { "no_room", f->no_room },
		{ "malformed", f->malformed }, { "types_passed", f->types_passed },
		{ "format_errors", f->format_errors }, { "data_in", f->data_in },
		{ "data_refused", f->data_refused }, { "tlvs_out", f->tlvs_out },
		{ "entries_out", f->entries_out }, { "bytes_out", f->bytes_out },
		{ "withheld", f->withheld }, { "behind", f->behind },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		json_number(j, rows[i].key, rows[i].n);
}

static void put_peer(struct json *j, const struct speaker *s, unsigned i)
{
	const struct relay_peering *peering = &s->options.peers[i];
	const struct conf_peer *conf = &s->options.conf->peers[i];
	const struct session *session = relay_session(s->relay, i);
	struct relay_figures figures = relay_figures(s->relay, i);

	json_open(j, NULL);
	put_addr(j, "peer", peering->remote);
	put_addr(j, "local", peering->local);
	if (conf->text)
		json_bytes(j, "description", span_of(conf->text));
	if (peering->boundary) {
		json_string(j, "boundary", peering->boundary->name);
		json_string(j, "side", peering->inside ? "inside" : "outside");
	}
	if (conf->mesh)
		json_string(j, "mesh_group", conf->mesh);
	json_string(j, "state", session_state_name(session->state));
	json_time(j, "since", day_time(session->since), 3);
	if (session->end != SESSION_END_NONE)
		json_string(j, "last_end", session_end_name(session->end));
	json_string(j, "role", session->active ? "connects" : "listens");
	put_figures(j, &figures);
	json_close(j);
}

void speaker_peers_text(const struct speaker *speaker, struct text *out)
{
	const struct sa_cache *cache = relay_cache(speaker->relay);
	struct json j = json_of(out);

	json_open(&j, NULL);
	json_string(&j, "schema", "weir-msdp-peers/1");
	json_number(&j, "entries", cache->live);
	json_number(&j, "entries_peak", cache->peak);
	json_number(&j, "entries_max", cache->max);
	json_number(&j, "evicted", cache->evicted);
	json_number(&j, "refused", cache->refused);
	json_number(&j, "strangers", speaker->strangers);
	json_number(&j, "events_lost", relay_events_lost(speaker->relay));
	json_open_array(&j, "peers");
	for (unsigned i = 0; i < speaker->options.n; i++)
		put_peer(&j, speaker, i);
	json_close_array(&j);
	json_close(&j);
}

/* The cache. */

static bool is_asked(const struct speaker_query *q, const struct sa_entry *e)
{
	return e->used && (!addr_is_there(q->source) || q->source.lo == e->key.source) &&
	       (!addr_is_there(q->group) || q->group.lo == e->key.group) &&
	       (!addr_is_there(q->rp) || q->rp.lo == e->key.rp) &&
	       (q->peer == UINT_MAX || q->peer == e->peer);
}

static void put_entry(struct json *j, const struct speaker *s, const struct sa_entry *e,
		      uint32_t now_s)
{
	json_open(j, NULL);
	put_addr(j, "source", addr_of4(e->key.source));
	put_addr(j, "group", addr_of4(e->key.group));
	put_addr(j, "rp", addr_of4(e->key.rp));
	if (e->peer == SA_SELF)
		json_bool(j, "own", true);
	else
		put_addr(j, "peer", s->options.peers[e->peer].remote);
	json_number(j, "age_s", now_s - e->born_s);
	json_number(j, "heard_s", now_s - e->heard_s);
	json_bool(j, "established", e->list == SA_ESTABLISHED);
	json_close(j);
}

void speaker_cache_text(const struct speaker *speaker, const struct speaker_query *query,
			struct text *out)
{
	const struct sa_cache *cache = relay_cache(speaker->relay);
	uint32_t now_s = relay_now_s(speaker->relay), n = 0, shown = 0;
	struct json j = json_of(out);

	json_open(&j, NULL);
	json_string(&j, "schema", "weir-msdp-cache/1");
	json_number(&j, "entries", cache->live);
	json_open_array(&j, "cache");
	for (uint32_t at = 0; at < cache->fresh_from; at++) {
		if (!is_asked(query, &cache->entries[at]))
			continue;
		n++;
		if (shown == query->entries_max)
			continue;
		shown++;
		put_entry(&j, speaker, &cache->entries[at], now_s);
	}
	json_close_array(&j);
	json_number(&j, "matching", n);
	json_number(&j, "shown", shown);
	json_close(&j);
}

/* Police lines. */

static void put_gauge(struct json *j, const struct ration_line *lines,
		      const struct ration_gauge *g)
{
	const struct rule *rule = lines[g->line].rule;

	json_open(j, NULL);
	json_string(j, "name", rule->name);
	put_addr(j, "key", addr_of4(g->key));
	if (rule->police_key == POLICE_BY_SOURCE && rule->prefix_len < 32)
		json_number(j, "key_len", rule->prefix_len);
	json_number(j, "live", g->live);
	json_number(j, "peak", g->peak);
	if (rule->over_asked)
		json_number(j, "limit", rule->over);
	json_number(j, "denied", g->denied);
	json_bool(j, "alarmed", g->alarmed);
	json_close(j);
}

/* A line's gauges that have something to say: it spoke, or half of its limit is taken. */
static bool is_notable(const struct ration_line *lines, const struct ration_gauge *g)
{
	const struct rule *rule = lines[g->line].rule;

	return g->warned || g->alarmed || g->denied > 0 || rule->police_key == POLICE_BY_PEER ||
	       (rule->over_asked && g->live >= rule->over / 2);
}

#define GAUGES_SHOWN 1000

static void put_ration(struct json *j, const struct ration *ration, const char *boundary)
{
	const struct ration_line *lines;
	const struct ration_gauge *g;
	size_t n = ration_lines(ration, &lines);
	uint32_t cursor = 0, shown = 0;

	json_open(j, NULL);
	json_string(j, "boundary", boundary);
	json_open_array(j, "lines");
	for (size_t i = 0; i < n; i++) {
		json_open(j, NULL);
		json_string(j, "name", lines[i].rule->name);
		json_number(j, "warned", lines[i].warned);
		json_number(j, "alarmed", lines[i].alarmed);
		json_number(j, "denied", lines[i].denied);
		json_close(j);
	}
	json_close_array(j);
	json_open_array(j, "policers");
	while (shown < GAUGES_SHOWN && (g = ration_gauge_next(ration, &cursor))) {
		if (!is_notable(lines, g))
			continue;
		put_gauge(j, lines, g);
		shown++;
	}
	json_close_array(j);
	json_close(j);
}

static bool is_first_of_boundary(const struct speaker *s, unsigned peer)
{
	for (unsigned i = 0; i < peer; i++)
		if (s->options.peers[i].boundary == s->options.peers[peer].boundary)
			return false;
	return s->options.peers[peer].boundary != NULL;
}

void speaker_policers_text(const struct speaker *speaker, struct text *out)
{
	struct json j = json_of(out);

	json_open(&j, NULL);
	json_string(&j, "schema", "weir-msdp-policers/1");
	json_open_array(&j, "boundaries");
	for (unsigned i = 0; i < speaker->options.n; i++)
		if (is_first_of_boundary(speaker, i))
			put_ration(&j, relay_ration(speaker->relay, i),
				   speaker->options.peers[i].boundary->name);
	json_close_array(&j);
	json_close(&j);
}
