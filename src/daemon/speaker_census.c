/* SPDX-License-Identifier: BSD-2-Clause */
/* What each peer has in the cache, and what came of what it said, for the history: counted a piece
 * at a time between turns of the relay. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "daemon/speaker.h"
#include "os/clock.h"
#include "relay/census.h"
#include "sink/history_peers.h"

#define PIECE 2048			/* entries of the cache that are looked at in one go */
#define NEW_S 60			/* what is younger is new */
#define REPLAY_S 60			/* but not what a session says in its first minute (S41) */

void speaker_census_init(struct speaker_census *c, unsigned peers, unsigned every_s, uint64_t seed)
{
	*c = (struct speaker_census){
		.census = census_new(peers, seed), .peers = peers, .seed = seed,
		.before = memory_array(RELAY_PEERS_MAX, sizeof(*c->before)),
		.remotes = memory_array(RELAY_PEERS_MAX, sizeof(*c->remotes)),
		.every_ns = (int64_t)every_s * NS_PER_S };
	c->next_ns = clock_steady().ns + c->every_ns / 4;	/* a short run is told of, too */
}

void speaker_census_release(struct speaker_census *c)
{
	census_free(c->census);
	free(c->before);
	free(c->remotes);
	*c = (struct speaker_census){ 0 };
}

void speaker_census_reload(struct speaker_census *c, const struct speaker *speaker)
{
	if (speaker->options.n <= c->peers)
		return;
	census_free(c->census);
	c->peers = speaker->options.n;
	c->census = census_new(c->peers, c->seed);
	c->is_counting = false;
}

/* What it has grown by since the report before. */
static struct history_peer report_of(struct speaker_census *c, const struct speaker *s, unsigned i)
{
	const struct relay_peering *peering = &s->options.peers[i];
	const struct census_figures counted = census_of(c->census, i);
	const bool is_same = addr_equal(c->remotes[i], peering->remote);
	const struct relay_figures now = relay_figures(s->relay, i);
	const struct relay_figures was = is_same ? c->before[i] : (struct relay_figures){ 0 };
	struct history_peer row = { .reports = 1, .held = counted.held,
				    .of_source = counted.of_source, .of_net = counted.of_net,
				    .of_rp = counted.of_rp, .born = counted.born,
				    .born_of_source = counted.born_of_source };
	char peer[ADDR_TEXT];

	row.entries_in = now.entries_in - was.entries_in;
	row.fresh = now.fresh - was.fresh;
	row.refreshed = now.refreshed - was.refreshed;
	row.denied = now.denied - was.denied;
	row.limited = now.limited - was.limited;
	row.policed = now.policed - was.policed;
	row.rpf_refused = now.rpf_refused - was.rpf_refused;
	row.no_room = now.no_room - was.no_room;
	row.malformed = now.malformed - was.malformed;
	row.entries_out = now.entries_out - was.entries_out;
	row.withheld = now.withheld - was.withheld;
	row.sessions = now.established - was.established;
	c->before[i] = now;
	c->remotes[i] = peering->remote;
	snprintf(row.peer, sizeof(row.peer), "%s", addr_text(peering->remote, peer));
	if (peering->boundary)
		snprintf(row.boundary, sizeof(row.boundary), "%s", peering->boundary->name);
	return row;
}

static void put_report(struct speaker_census *c, const struct speaker *s, struct text *out)
{
	for (unsigned i = 0; i < s->options.n; i++) {
		struct history_peer row;

		if (!s->options.rows[i])
			continue;
		row = report_of(c, s, i);
		text_put_n(out, (const char *)&row, sizeof(row));
	}
}

/* In the cache's time: what is younger was made within the last minute, and behind the replay of
 * its peer's session. */
static void begin(struct speaker_census *c, const struct speaker *s)
{
	uint32_t now_s = relay_now_s(s->relay), after_s[RELAY_PEERS_MAX] = { 0 };
	int64_t now_ns = clock_steady().ns;

	for (unsigned i = 0; i < s->options.n; i++) {
		const struct session *session = relay_session(s->relay, i);
		int64_t age_s = (now_ns - session->since.ns) / NS_PER_S - REPLAY_S;

		age_s = age_s < 0 ? 0 : age_s > NEW_S ? NEW_S : age_s;
		after_s[i] = now_s > (uint32_t)age_s ? now_s - (uint32_t)age_s : 0;
	}
	census_begin(c->census, after_s);
}

bool speaker_census_turn(struct speaker_census *c, const struct speaker *speaker, struct text *out)
{
	int64_t now_ns = clock_steady().ns;

	if (!c->is_counting && now_ns < c->next_ns)
		return false;
	if (!c->is_counting) {
		begin(c, speaker);
		c->next_ns = now_ns + c->every_ns;
	}
	c->is_counting = census_some(c->census, relay_cache(speaker->relay), PIECE);
	if (!c->is_counting)
		put_report(c, speaker, out);
	return c->is_counting;
}
