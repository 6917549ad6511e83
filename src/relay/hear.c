/* SPDX-License-Identifier: BSD-2-Clause */
/* What a peer says: TLVs out of its bytes, Source-Actives into the cache.
 * RFC 3618 10.1 (forwarding), 11.3, 12, 13; LANGUAGE S38-S43.  Knows no receiver. */
#include "relay/state.h"

#define REPLAY_NS (60 * NS_PER_S)	/* a younger session sends its cache: nothing is new (S41) */
#define AGAIN_S 25			/* 4: from the cache no more than twice a period */
#define BELIEVED_NS NS_PER_S

/* One Source-Active on its way into the cache. */
struct hearing {
	struct relay	   *relay;
	struct peer	   *peer;
	struct observation  obs;
	struct span	    data;	/* of the last entry */
	struct sa_key	    key;
};

struct observation peer_statement(const struct peer *peer, bool arriving)
{
	const struct relay_peering *p = &peer->peering;
	struct observation obs = observation_none();

	obs.speaker = arriving ? p->remote : p->local;
	obs.receiver = arriving ? p->local : p->remote;
	obs.point = POINT_SA;
	obs.what = WHAT_SA;
	obs.protocol = PROTOCOL_MSDP;
	obs.type = TYPE_SA;
	obs.ip_protocol = 6;
	obs.source_len = obs.group_len = 32;
	obs.direction = arriving == p->inside ? DIRECTION_OUT : DIRECTION_IN;
	return obs;
}

struct observation entry_statement(const struct relay *relay, const struct peer *peer,
				   const struct sa_entry *e, bool arriving)
{
	struct observation obs = peer_statement(peer, arriving);

	obs.source = addr_of4(e->key.source);
	obs.group = addr_of4(e->key.group);
	obs.rp = addr_of4(e->key.rp);
	obs.at = relay->now;
	return obs;
}

/* 10.1.3.  An answer holds for a second, for a peer says much of few RPs. */
static bool believes(struct relay *relay, struct peer *peer, struct addr rp)
{
	struct believed *last = &peer->believed;
	struct rpf_route route = { 0 };

	if (addr_equal(last->rp, rp) && relay->now.ns < last->until_ns)
		return last->accepted;
	if (relay->config.lookup)
		relay->config.lookup(relay->config.context, rp, &route);
	*last = (struct believed){ rp,
				   rpf_accepts(relay->rpf, relay->n, peer_number(relay, peer), rp,
					       &route) != RPF_REFUSED,
				   relay->now.ns + BELIEVED_NS };
	return last->accepted;
}

static void note_refusal(struct hearing *h, enum refused_by by, uint16_t rule)
{
	const struct gate *gate = h->peer->gate;

	refusals_note(&h->peer->refusals, &h->key, by,
		      gate && rule != RULE_NONE ? gate->boundary->rules[rule] : NULL, 1,
		      relay_seconds(h->relay));
}

/* The peer has as many entries as it may. */
static bool is_over_limit(struct hearing *h)
{
	struct peer *peer = h->peer;
	unsigned number = peer_number(h->relay, peer);
	uint32_t held = sa_cache_held(&h->relay->cache, (uint8_t)number);

	if (peer->peering.entries_max == 0 || held < peer->peering.entries_max)
		return false;
	peer->figures.no_room++;
	note_refusal(h, REFUSED_FULL, RULE_NONE);
	if (!peer->told_full)
		relay_tell_event(h->relay, &(struct relay_event){ .kind = RELAY_PEER_FULL,
								  .peer = number, .live = held });
	peer->told_full = true;
	return true;
}

static void say_full(struct hearing *h)
{
	struct relay *relay = h->relay;
	struct peer *peer = h->peer;

	peer->figures.no_room++;
	note_refusal(h, REFUSED_FULL, RULE_NONE);
	if (!relay->told_full)
		relay_tell_event(relay, &(struct relay_event){ .kind = RELAY_FULL,
							       .peer = peer_number(relay, peer),
							       .live = relay->cache.live });
	relay->told_full = true;
}

static struct ration *ration_of(const struct peer *peer)
{
	return peer->gate ? peer->gate->ration : NULL;
}

/* The entry changes hands: from the peer that announced it to the one that is believed now. */
static void move_counts(struct hearing *h, const struct sa_entry *e)
{
	struct relay *relay = h->relay;
	struct peer *old = e->peer == SA_SELF ? NULL : &relay->peers[e->peer];

	if (old == h->peer && e->era == relay->era)
		return;
	if (old && ration_of(old) && e->era == relay->era)
		ration_release(ration_of(old), &e->key, (uint32_t)old->peering.remote.lo,
			       relay->now);
	if (ration_of(h->peer))
		ration_hold(ration_of(h->peer), &e->key,
			    (uint32_t)h->peer->peering.remote.lo, relay->now);
}

/* S40: a refresh of what is held and still permitted always passes. */
static void refresh(struct hearing *h, uint32_t at)
{
	struct relay *relay = h->relay;
	struct sa_entry *e = &relay->cache.entries[at];
	uint32_t now_s = relay_seconds(relay);

	if (e->peer == SA_SELF)
		return;						/* it is ours */
	h->peer->figures.refreshed++;
	move_counts(h, e);
	e->era = relay->era;
	sa_cache_refresh(&relay->cache, at, (uint8_t)peer_number(relay, h->peer), now_s);
	if (now_s - e->told_s < AGAIN_S && h->data.n == 0)
		return;
	e->told_s = now_s;
	ring_push(relay, h->peer, at, h->data);
}

static bool is_rationed(struct hearing *h)
{
	struct ration *ration = ration_of(h->peer);
	uint16_t rule;

	if (!ration)
		return false;
	h->relay->speaking = peer_number(h->relay, h->peer);
	rule = ration_admit(ration, &h->key, (uint32_t)h->peer->peering.remote.lo,
			    h->relay->now.ns - h->peer->session.since.ns < REPLAY_NS,
			    h->relay->now);
	if (rule == RULE_NONE)
		return false;
	h->peer->gate->hits[rule]++;
	h->peer->figures.policed++;
	note_refusal(h, REFUSED_DENY, rule);
	return true;
}

static void add(struct hearing *h, bool polices)
{
	struct relay *relay = h->relay;
	uint32_t at;

	if (is_over_limit(h))
		return;
	if (!sa_cache_room(&relay->cache, (uint8_t)peer_number(relay, h->peer))) {
		say_full(h);
		return;
	}
	if (polices && is_rationed(h))
		return;
	at = sa_cache_add(&relay->cache, &h->key, (uint8_t)peer_number(relay, h->peer),
			  relay_seconds(relay));
	relay->cache.entries[at].era = relay->era;
	relay->cache.entries[at].told_s = relay_seconds(relay);
	h->peer->figures.fresh++;
	ring_push(relay, h->peer, at, h->data);
}

/* Section 14: data rides on the group's policy, and on the rules for data of its own. */
static void judge_data(struct hearing *h)
{
	struct observation data = h->obs;
	struct gate *gate = h->peer->gate;

	h->peer->figures.data_in++;
	msdp_data_state(h->data, &data);
	if (!gate || gate_lets_through(gate_judge(gate, &data, h->relay->now)))
		return;
	h->peer->figures.data_refused++;
	h->data.n = 0;
}

static void keep(struct hearing *h, bool polices)
{
	struct sa_cache *cache = &h->relay->cache;
	uint32_t at = sa_cache_find(cache, &h->key);

	if (at != SA_NONE && cache->entries[at].list == SA_EXPIRING) {
		sa_cache_drop(cache, at);			/* another peer may say it */
		at = SA_NONE;
	}
	if (at != SA_NONE)
		refresh(h, at);
	else
		add(h, polices);
}

/* What was let in goes to the cache some at a time, in the order in which it came, so that its
 * places are on their way from memory while the others are looked at. */
static void keep_admitted(struct relay *relay, struct peer *peer)
{
	struct hearing h = { .relay = relay, .peer = peer };

	for (unsigned i = 0; i < relay->admitted_n; i++)
		sa_cache_expect(&relay->cache, &relay->admitted[i].key);
	for (unsigned i = 0; i < relay->admitted_n; i++) {
		h.key = relay->admitted[i].key;
		keep(&h, relay->admitted[i].polices);
	}
	relay->admitted_n = 0;
}

static void admit(struct hearing *h, bool polices)
{
	struct relay *relay = h->relay;

	if (h->data.n > 0 || relay->admitted_n == ADMITTED_MAX)
		keep_admitted(relay, h->peer);
	if (h->data.n > 0) {
		keep(h, polices);
		return;
	}
	sa_cache_prefetch(&relay->cache, &h->key);
	relay->admitted[relay->admitted_n++] = (struct admitted){ h->key, polices };
}

static void hear_entry(struct hearing *h)
{
	struct gate *gate = h->peer->gate;
	struct verdict verdict = { ACTION_PERMIT, RULE_NONE };

	if (gate)
		verdict = gate_judge(gate, &h->obs, h->relay->now);
	h->key = (struct sa_key){ (uint32_t)h->obs.source.lo, (uint32_t)h->obs.group.lo,
				  (uint32_t)h->obs.rp.lo };
	h->peer->figures.denied += verdict.action == ACTION_DENY;
	h->peer->figures.limited += verdict.action == ACTION_LIMIT;
	if (!gate_lets_through(verdict)) {
		note_refusal(h, verdict.action == ACTION_LIMIT ? REFUSED_LIMIT : REFUSED_DENY,
			     verdict.rule);
		return;
	}
	if (h->data.n > 0)
		judge_data(h);
	admit(h, verdict.action != ACTION_IGNORE);		/* S36 */
}

static void hear_entries(struct hearing *h, struct msdp_sa *sa)
{
	struct relay_figures *figures = &h->peer->figures;
	struct msdp_entry entry;

	while (msdp_entry_next(sa, &entry)) {
		bool last = rd_left(&sa->entries) == 0;

		figures->entries_in++;
		if (entry.group.family == FAMILY_NONE) {
			figures->malformed++;			/* E10: only this one goes */
			continue;
		}
		h->obs.source = entry.source;
		h->obs.group = entry.group;
		h->obs.flags = 0;
		h->data = last ? sa->data : (struct span){ 0 };
		if (last && (sa->data.n > 0 || sa->data_refused))
			h->obs.flags = FLAG_BIT(ENCAPSULATED);
		if (last && sa->data_refused)
			h->obs.flags |= FLAG_BIT(DATA_MISMATCH);
		hear_entry(h);
	}
}

static void hear_sources(struct relay *relay, struct peer *peer, struct msdp_sa *sa)
{
	struct hearing h = { .relay = relay, .peer = peer, .obs = peer_statement(peer, true) };

	peer->figures.sas_in++;
	peer->figures.data_refused += sa->data_refused;
	if (addr_is_multicast(sa->rp) || sa->rp.lo == 0) {
		peer->figures.malformed++;
		return;
	}
	if (!believes(relay, peer, sa->rp)) {
		uint32_t n = (uint32_t)rd_left(&sa->entries) / 12;

		peer->figures.rpf_refused += n;
		refusals_note(&peer->refusals, &(struct sa_key){ .rp = (uint32_t)sa->rp.lo },
			      REFUSED_RPF, NULL, n, relay_seconds(relay));
		return;
	}
	h.obs.rp = sa->rp;
	h.obs.at = relay->now;
	hear_entries(&h, sa);
}

/* Returns what the TLV costs of the turn's budget. */
static unsigned hear_tlv(struct relay *relay, struct peer *peer, struct span tlv)
{
	unsigned cost = 1;
	struct msdp_sa sa;

	peer->figures.tlvs_in++;
	session_heard(&peer->session, relay->now);
	switch (msdp_read(tlv, &sa)) {
	case MSDP_SOURCES:
		cost += (unsigned)rd_left(&sa.entries) / 12;
		hear_sources(relay, peer, &sa);
		break;
	case MSDP_BROKEN:					/* E9 */
		peer->figures.format_errors++;
		relay_drop(relay, peer, SESSION_END_FORMAT);
		break;
	case MSDP_PASSED:
		peer->figures.types_passed++;
		break;
	case MSDP_ALIVE:
		break;
	}
	return cost;
}

bool peer_hear(struct relay *relay, struct peer *peer, unsigned entries)
{
	struct span bytes = { peer->input + peer->input_from, peer->input_n };
	unsigned spent = 0;
	struct span tlv;

	if (peer->session.state != SESSION_ESTABLISHED || peer->input_n == 0)
		return false;
	while (spent < entries && peer->session.state == SESSION_ESTABLISHED &&
	       msdp_frame_next(&peer->framer, &bytes, &tlv))
		spent += hear_tlv(relay, peer, tlv);
	keep_admitted(relay, peer);
	if (peer->session.state != SESSION_ESTABLISHED)
		return false;
	peer->input_from = (size_t)(bytes.p - peer->input);
	peer->input_n = bytes.n;
	return peer->input_n > 0;
}
