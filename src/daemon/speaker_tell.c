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

void speaker_put_addr(struct json *j, const char *key, struct addr a)
{
	char buffer[ADDR_TEXT];

	if (addr_is_there(a))
		json_string(j, key, addr_text(a, buffer));
}

static void put_figures(struct json *j, const struct relay_figures *f)
{
	const struct { const char *key; uint64_t n; } rows[] = {
		{ "held", f->held }, { "expiring", f->expiring }, { "established", f->established },
		{ "attempts", f->attempts },
		{ "tlvs_in", f->tlvs_in }, { "sas_in", f->sas_in }, { "entries_in", f->entries_in },
		{ "bytes_in", f->bytes_in }, { "fresh", f->fresh },
		{ "refreshed", f->refreshed }, { "denied", f->denied },
		{ "limited", f->limited }, { "policed", f->policed },
		{ "rpf_refused", f->rpf_refused }, { "no_room", f->no_room },
		{ "malformed", f->malformed }, { "types_passed", f->types_passed },
		{ "format_errors", f->format_errors }, { "data_in", f->data_in },
		{ "data_refused", f->data_refused }, { "tlvs_out", f->tlvs_out },
		{ "sas_out", f->sas_out }, { "data_out", f->data_out },
		{ "entries_out", f->entries_out }, { "bytes_out", f->bytes_out },
		{ "withheld", f->withheld }, { "behind", f->behind },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		json_number(j, rows[i].key, rows[i].n);
}

static void put_peer(struct json *j, const struct speaker *s, unsigned i, const uint32_t *matching)
{
	const struct relay_peering *peering = &s->options.peers[i];
	const struct conf_peer *conf = s->options.rows[i];
	const struct session *session = relay_session(s->relay, i);
	struct relay_figures figures = relay_figures(s->relay, i);

	json_open(j, NULL);
	speaker_put_addr(j, "peer", peering->remote);
	speaker_put_addr(j, "local", peering->local);
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
	if (session->state == SESSION_ESTABLISHED)
		json_number(j, "heard_s", (uint64_t)((clock_steady().ns - session->heard_at.ns) /
						     NS_PER_S));
	json_string(j, "role", session->active ? "connects" : "listens");
	json_number(j, "hold_s", session->timing.hold_s);
	json_number(j, "keepalive_s", session->timing.keepalive_s);
	json_number(j, "retry_s", session->timing.retry_s);
	if (peering->entries_max > 0)
		json_number(j, "limit", peering->entries_max);
	if (matching)
		json_number(j, "matching", matching[i]);
	put_figures(j, &figures);
	json_close(j);
}

void speaker_peers_text(const struct speaker *speaker, const uint32_t *matching, struct text *out)
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
		if (speaker->options.rows[i] && (!matching || matching[i] > 0))
			put_peer(&j, speaker, i, matching);
	json_close_array(&j);
	json_close(&j);
}

/* Police lines. */

static void put_gauge(struct json *j, const struct ration_line *lines,
		      const struct ration_gauge *g)
{
	const struct rule *rule = lines[g->line].rule;

	json_open(j, NULL);
	json_string(j, "name", rule->name);
	speaker_put_addr(j, "key", addr_of4(g->key));
	if (rule->police_key == POLICE_BY_SOURCE && rule->prefix_len < 32)
		json_number(j, "key_len", rule->prefix_len);
	json_number(j, "live", g->live);
	json_number(j, "peak", g->peak);
	if (rule->over_asked)
		json_number(j, "limit", rule->over);
	json_number(j, "denied", g->denied);
	json_bool(j, "warned", g->warned);
	json_bool(j, "alarmed", g->alarmed);
	json_close(j);
}

/* A line's gauges that have something to say: it spoke, or half of its limit is taken. */
static bool is_notable(const struct rule *rule, const struct ration_gauge *g)
{
	return g->warned || g->alarmed || g->denied > 0 || rule->police_key == POLICE_BY_PEER ||
	       (rule->over_asked && g->live >= rule->over / 2);
}

/* Whether it counts entries of this source, RP or peer; a key that is not asked for does not. */
static bool counts_asked(const struct speaker *s, const struct speaker_query *q,
			 const struct rule *rule, const struct ration_gauge *g)
{
	unsigned len = rule->prefix_len;
	uint32_t mask = len >= 32 ? UINT32_MAX : ~(UINT32_MAX >> len);

	switch (rule->police_key) {
	case POLICE_BY_PEER:
		return q->peer != UINT_MAX &&
		       g->key == (uint32_t)s->options.peers[q->peer].remote.lo;
	case POLICE_BY_RP:
		return addr_is_there(q->rp) && g->key == (uint32_t)q->rp.lo;
	default:
		return addr_is_there(q->source) && g->key == ((uint32_t)q->source.lo & mask);
	}
}

static bool is_asked(const struct speaker *s, const struct speaker_query *q,
		     const struct rule *rule, const struct ration_gauge *g)
{
	const unsigned says = (g->warned ? 1u << SPEAKER_WARN : 0) |
			      (g->alarmed ? 1u << SPEAKER_ALARM : 0) |
			      (g->denied > 0 ? 1u << SPEAKER_DENY : 0);

	if (q->verdicts && !(q->verdicts & says))
		return false;
	if (q->peer == UINT_MAX && !addr_is_there(q->rp) && !addr_is_there(q->source))
		return is_notable(rule, g);
	return counts_asked(s, q, rule, g);
}

#define GAUGES_SHOWN 1000

static void put_ration(struct json *j, const struct speaker *s, const struct speaker_query *q,
		       unsigned peer)
{
	const struct ration *ration = relay_ration(s->relay, peer);
	const struct ration_line *lines;
	const struct ration_gauge *g;
	size_t n = ration_lines(ration, &lines);
	uint32_t cursor = 0, matching = 0;

	json_open(j, NULL);
	json_string(j, "boundary", s->options.peers[peer].boundary->name);
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
	while ((g = ration_gauge_next(ration, &cursor)))
		if (is_asked(s, q, lines[g->line].rule, g) && matching++ < GAUGES_SHOWN)
			put_gauge(j, lines, g);
	json_close_array(j);
	json_number(j, "matching", matching);
	json_number(j, "uncounted", ration_uncounted(ration));
	json_close(j);
}

static bool is_first_of_boundary(const struct speaker *s, unsigned peer)
{
	for (unsigned i = 0; i < peer; i++)
		if (s->options.peers[i].boundary == s->options.peers[peer].boundary)
			return false;
	return s->options.peers[peer].boundary != NULL;
}

void speaker_policers_text(const struct speaker *speaker, const struct speaker_query *query,
			   struct text *out)
{
	const struct relay_peering *peers = speaker->options.peers;
	struct json j = json_of(out);

	json_open(&j, NULL);
	json_string(&j, "schema", "weir-msdp-policers/1");
	json_open_array(&j, "boundaries");
	for (unsigned i = 0; i < speaker->options.n; i++)
		if (is_first_of_boundary(speaker, i) &&
		    (query->peer == UINT_MAX || peers[query->peer].boundary == peers[i].boundary))
			put_ration(&j, speaker, query, i);
	json_close_array(&j);
	json_close(&j);
}
