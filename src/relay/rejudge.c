/* SPDX-License-Identifier: BSD-2-Clause */
/* Peers and their boundaries, and the cache judged anew when they change.  An entry knows the era of
 * the policy that let it in; police lines count those of their own era only, so that the counts
 * are right at every moment of a change.  MSDP has no way to withdraw an entry: what is not
 * permitted any more is told to nobody from now on, and stays visible until the peers have
 * forgotten it.  Knows no bytes. */
#include <limits.h>

#include "relay/state.h"

#define LOOKS 2048

static void hear_line(void *context, enum ration_word word, const struct ration_line *line,
		      const struct ration_gauge *gauge)
{
	static const enum relay_event_kind kinds[] = {
		[RATION_WARNED] = RELAY_WARNED, [RATION_ALARMED] = RELAY_ALARMED,
		[RATION_DENIES] = RELAY_DENIES,
	};
	struct relay *relay = context;

	relay_tell_event(relay, &(struct relay_event){
		.kind = kinds[word], .peer = relay->speaking, .rule = line->rule,
		.key = addr_of4(gauge->key), .live = gauge->live });
}

/* Peers of one boundary share a gate, for its lines count all of them. */
static struct gate *gate_for(struct relay *relay, const struct relay_peering *peering)
{
	if (!peering->boundary)
		return NULL;
	for (unsigned i = 0; i < relay->gate_n; i++)
		if (relay->gates[i]->boundary == peering->boundary)
			return relay->gates[i];
	relay->gates[relay->gate_n] = gate_new(peering->boundary, peering->table,
					       relay->cache.max, relay->config.seed, hear_line,
					       relay);
	return relay->gates[relay->gate_n++];
}

void relay_gates_init(struct relay *relay)
{
	relay->gate_n = 0;
	for (unsigned i = 0; i < relay->n; i++)
		relay->peers[i].gate = gate_for(relay, &relay->peers[i].peering);
}

void relay_reload(struct relay *relay, const struct relay_peering *peers, unsigned n,
		  struct mtime now)
{
	struct gate *gone[RELAY_PEERS_MAX];
	unsigned gone_n = relay->gate_n;

	relay->now = now;
	memcpy(gone, relay->gates, sizeof(gone));
	relay_peers_follow(relay, peers, n);
	for (unsigned i = 0; i < relay->n; i++)
		refusals_reset(&relay->peers[i].refusals);	/* they name rules that go */
	relay->era++;
	relay->rejudged = 0;
	relay->withdrawn = 0;
	relay_gates_init(relay);
	for (unsigned i = 0; i < gone_n; i++)
		gate_free(gone[i]);
}

static bool is_still_let_in(const struct relay *relay, const struct peer *peer,
			    const struct sa_entry *e)
{
	struct observation obs = entry_statement(relay, peer, e, true);
	struct verdict verdict = table_judge(peer->gate->table, &obs);

	return gate_lets_through(verdict) || verdict.action == ACTION_LIMIT;
}

static void rejudge_entry(struct relay *relay, uint32_t at)
{
	struct sa_entry *e = &relay->cache.entries[at];
	struct peer *peer;

	if (!e->used || e->era == relay->era || e->peer == SA_SELF)
		return;
	peer = &relay->peers[e->peer];
	if (!peer->is_there)
		return;
	e->era = relay->era;
	if (peer->gate && !is_still_let_in(relay, peer, e)) {
		relay->withdrawn += e->list != SA_EXPIRING;
		if (e->list != SA_EXPIRING)
			sa_cache_retire(&relay->cache, at, relay_seconds(relay));
		return;
	}
	if (e->list == SA_EXPIRING)		/* that policy did not last: nothing has happened */
		sa_cache_revive(&relay->cache, at);
	relay->speaking = e->peer;
	if (peer->gate)
		ration_hold(peer->gate->ration, &e->key, (uint32_t)peer->peering.remote.lo,
			    relay->now);
}

bool relay_rejudge_some(struct relay *relay)
{
	for (unsigned i = 0; i < LOOKS && relay->rejudged < relay->cache.fresh_from; i++)
		rejudge_entry(relay, relay->rejudged++);
	if (relay->rejudged == SA_NONE)
		return false;
	if (relay->rejudged < relay->cache.fresh_from)
		return true;
	relay->rejudged = SA_NONE;
	relay_tell_event(relay, &(struct relay_event){ .kind = RELAY_REJUDGED, .peer = UINT_MAX,
						       .live = relay->withdrawn });
	return false;
}
