/* SPDX-License-Identifier: BSD-2-Clause */
/* The relay as its caller sees it: peers, their connections, turns and wishes.
 * RFC 3618 5, 11.  What is heard is hear.c's, what is told tell.c's.  Knows no socket. */
#include "relay/relay.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#include "base/memory.h"
#include "relay/state.h"

#define TURN_ENTRIES 512		/* of each peer in one turn */
#define TIDY_ENTRIES 4096		/* that expire in one turn */

void relay_tell_event(struct relay *relay, const struct relay_event *event)
{
	if (relay->event_head - relay->event_tail == EVENTS_MAX) {
		relay->events_lost++;
		return;
	}
	relay->events[relay->event_head % EVENTS_MAX] = *event;
	if (event->peer != UINT_MAX)
		relay->events[relay->event_head % EVENTS_MAX].remote =
			relay->peers[event->peer].peering.remote;
	relay->event_head++;
}

/* The cache lets an entry go: its police lines count it no more. */
static void leave(void *context, const struct sa_entry *e)
{
	struct relay *relay = context;
	struct peer *peer = &relay->peers[e->peer == SA_SELF ? relay->self : e->peer];

	relay->told_full = false;
	if (peer->gate && e->era == relay->era && e->list != SA_EXPIRING)
		ration_release(peer->gate->ration, &e->key, (uint32_t)peer->peering.remote.lo,
			       relay->now);
}

struct relay *relay_new(const struct relay_config *config, struct mtime now)
{
	struct relay *relay = memory_take(sizeof(*relay));

	assert(config->n <= RELAY_PEERS_MAX && config->places <= RELAY_PEERS_MAX);
	relay->config = *config;
	if (relay->config.news_max == 0)
		relay->config.news_max = RELAY_NEWS_MAX;
	relay->self = config->places ? config->places : RELAY_PEERS_MAX;
	relay->began = relay->now = now;
	relay->rejudged = SA_NONE;
	relay->peers = memory_array(relay->self + 1, sizeof(relay->peers[0]));
	relay->rpf = memory_array(relay->self + 1, sizeof(relay->rpf[0]));
	sa_cache_init(&relay->cache, config->entries_max ? config->entries_max : RELAY_ENTRIES_MAX,
		      config->seed, leave, relay);
	peer_enter(relay, relay->self, NULL);
	relay_peers_follow(relay, config->peers, config->n);
	relay_gates_init(relay);
	return relay;
}

void relay_free(struct relay *relay)
{
	if (!relay)
		return;
	for (unsigned i = 0; i <= relay->self; i++)
		peer_release(&relay->peers[i]);
	for (unsigned i = 0; i < relay->gate_n; i++)
		gate_free(relay->gates[i]);
	sa_cache_release(&relay->cache);
	free(relay->peers);
	free(relay->rpf);
	free(relay);
}

/* Connections. */

static void forget_stream(struct peer *peer)
{
	peer->framer = (struct msdp_framer){ 0 };
	peer->input_from = peer->input_n = 0;
	peer->output_from = peer->output_n = 0;
	peer->replay = SA_NONE;
}

static void end(struct relay *relay, struct peer *peer, enum session_end why)
{
	bool stood = peer->session.state == SESSION_ESTABLISHED;
	unsigned number = peer_number(relay, peer);

	forget_stream(peer);
	session_down(&peer->session, why, relay->now);
	relay->rpf[number].established = false;
	if (stood)
		relay_tell_event(relay, &(struct relay_event){
			.kind = RELAY_DOWN, .peer = number, .end = why,
			.live = why == SESSION_END_REMOVED ? relay_figures(relay, number).held
							   : 0 });
}

void relay_drop(struct relay *relay, struct peer *peer, enum session_end why)
{
	peer->wish_close = true;
	end(relay, peer, why);
}

void relay_up(struct relay *relay, unsigned peer, struct mtime now)
{
	struct peer *p = &relay->peers[peer];

	relay->now = now;
	if (p->session.state == SESSION_DISABLED) {
		p->wish_close = true;
		return;
	}
	if (p->session.state == SESSION_ESTABLISHED)
		end(relay, p, SESSION_END_REPLACED);
	forget_stream(p);
	p->wish_connect = p->wish_abort = p->wish_close = false;
	session_up(&p->session, now);
	relay->rpf[peer].established = true;
	p->believed.until_ns = INT64_MIN;
	p->moved_at = now;
	for (unsigned i = 0; i <= relay->self; i++)
		p->read[i] = relay->peers[i].ring.head;
	p->replay = 0;
	relay_tell_event(relay, &(struct relay_event){ .kind = RELAY_UP, .peer = peer });
}

void relay_down(struct relay *relay, unsigned peer, struct mtime now)
{
	relay->now = now;
	end(relay, &relay->peers[peer],
	    relay->peers[peer].session.state == SESSION_CONNECTING ? SESSION_END_ATTEMPT
								    : SESSION_END_CLOSED);
}

void relay_disable(struct relay *relay, unsigned peer, struct mtime now)
{
	struct peer *p = &relay->peers[peer];

	relay->now = now;
	if (p->session.state == SESSION_ESTABLISHED)
		relay_drop(relay, p, SESSION_END_DISABLED);
	else if (p->session.state == SESSION_CONNECTING)
		p->wish_abort = true;
	session_disable(&p->session, now);
}

void relay_renew(struct relay *relay, unsigned peer, enum session_end why, struct mtime now)
{
	struct session *session = &relay->peers[peer].session;

	relay->now = now;
	if (session->state == SESSION_ESTABLISHED)
		relay_drop(relay, &relay->peers[peer], why);
	relay_disable(relay, peer, now);
	session_enable(session, now);
	session->end = why;
}

void relay_enable(struct relay *relay, unsigned peer, struct mtime now)
{
	relay->now = now;
	session_enable(&relay->peers[peer].session, now);
}

size_t relay_room(const struct relay *relay, unsigned peer)
{
	const struct peer *p = &relay->peers[peer];

	return p->session.state == SESSION_ESTABLISHED ? INPUT_BYTES - p->input_n : 0;
}

size_t relay_bytes(struct relay *relay, unsigned peer, struct span bytes, struct mtime now)
{
	struct peer *p = &relay->peers[peer];
	size_t n = relay_room(relay, peer);

	relay->now = now;
	n = bytes.n < n ? bytes.n : n;
	if (n == 0)
		return 0;
	if (p->input_from > 0) {
		memmove(p->input, p->input + p->input_from, p->input_n);
		p->input_from = 0;
	}
	memcpy(p->input + p->input_n, bytes.p, n);
	p->input_n += n;
	p->figures.bytes_in += n;
	return n;
}

/* Time at work. */

static void write_keepalive(const struct relay *relay, struct peer *peer)
{
	struct wr w = wr_of(peer->output + peer->output_n, OUTPUT_BYTES - peer->output_n);

	msdp_encode_keepalive(&w);
	if (!wr_ok(&w))
		return;
	if (peer->output_n == 0)
		peer->moved_at = relay->now;
	peer->output_n += wr_done(&w);
	peer->figures.tlvs_out++;
}

static bool is_stalled(const struct relay *relay, const struct peer *peer)
{
	int64_t bound_s = peer->session.timing.hold_s;

	bound_s = bound_s < RELAY_STALL_S ? bound_s : RELAY_STALL_S;
	return peer->session.state == SESSION_ESTABLISHED && peer->output_n > 0 &&
	       relay->now.ns - peer->moved_at.ns >= bound_s * NS_PER_S;
}

static void settle_peer(struct relay *relay, struct peer *peer)
{
	switch (session_settle(&peer->session, relay->now)) {
	case SESSION_WANT_CONNECT:
		peer->wish_connect = true;
		peer->figures.attempts++;
		break;
	case SESSION_WANT_ABORT:
		peer->wish_abort = true;
		break;
	case SESSION_WANT_CLOSE:
		relay_drop(relay, peer, SESSION_END_HOLD);
		break;
	case SESSION_WANT_KEEPALIVE:
		write_keepalive(relay, peer);
		break;
	case SESSION_WANT_NOTHING:
		break;
	}
	if (is_stalled(relay, peer))
		relay_drop(relay, peer, SESSION_END_STALLED);
}

/* 5.1: what this speaker originates goes out each period, spread as it came. */
static void originate_due(struct relay *relay)
{
	struct sa_cache *cache = &relay->cache;
	uint32_t now_s = relay_seconds(relay);

	for (unsigned list = 0; list < SA_LIST_COUNT; list++) {
		struct sa_line *line = &cache->lines[SA_SELF][list];

		while (line->first != SA_NONE &&
		       now_s - cache->entries[line->first].heard_s >= RELAY_PERIOD_S) {
			uint32_t at = line->first;

			sa_cache_refresh(cache, at, SA_SELF, now_s);
			ring_push(relay, &relay->peers[relay->self], at, (struct span){ 0 });
		}
	}
}

/* Once a second, or until nothing is left to drop. */
static bool tidy(struct relay *relay)
{
	uint32_t now_s = relay_seconds(relay);
	bool more;

	if (now_s == relay->tidied_s)
		return false;
	more = sa_cache_expire(&relay->cache, now_s, TIDY_ENTRIES);
	if (more)
		return true;
	relay->tidied_s = now_s;
	originate_due(relay);
	for (unsigned i = 0; i < relay->n; i++)
		if ((uint64_t)sa_cache_held(&relay->cache, (uint8_t)i) * 10 <
		    (uint64_t)relay->peers[i].peering.entries_max * 9)
			relay->peers[i].told_full = false;
	for (unsigned i = 0; i < relay->gate_n; i++)
		ration_settle(relay->gates[i]->ration, TIDY_ENTRIES, relay->now);
	return false;
}

bool relay_turn(struct relay *relay, struct mtime now)
{
	bool more;

	relay->now = now;
	more = tidy(relay);
	more |= relay_rejudge_some(relay);
	more |= relay_forget_some(relay);
	for (unsigned i = 0; i < relay->n; i++)
		more |= peer_hear(relay, &relay->peers[i], TURN_ENTRIES);
	for (unsigned i = 0; i < relay->n; i++)
		settle_peer(relay, &relay->peers[i]);
	return more;
}

struct span relay_output(struct relay *relay, unsigned peer, struct mtime now)
{
	struct peer *p = &relay->peers[peer];

	relay->now = now;
	if (p->session.state != SESSION_ESTABLISHED)
		return (struct span){ 0 };
	if (p->output_n == 0)
		p->moved_at = now;
	if (p->output_from == 0)
		peer_tell(relay, p);
	if (p->output_n > 0)
		session_sent(&p->session, now);
	return (struct span){ p->output + p->output_from, p->output_n - p->output_from };
}

void relay_sent(struct relay *relay, unsigned peer, size_t n, struct mtime now)
{
	struct peer *p = &relay->peers[peer];

	relay->now = now;
	assert(n <= p->output_n - p->output_from);
	p->output_from += n;
	p->figures.bytes_out += n;
	if (n > 0)
		p->moved_at = now;
	if (p->output_from == p->output_n)
		p->output_from = p->output_n = 0;
}

bool relay_tells_more(const struct relay *relay, unsigned peer)
{
	const struct peer *p = &relay->peers[peer];

	if (p->session.state != SESSION_ESTABLISHED)
		return false;
	for (unsigned i = 0; i <= relay->n; i++) {
		unsigned place = announcer_place(relay, i);

		if (place != peer && p->read[place] < relay->peers[place].ring.head)
			return true;
	}
	return p->replay != SA_NONE;
}

struct mtime relay_deadline(const struct relay *relay)
{
	struct mtime first = { INT64_MAX };

	for (unsigned i = 0; i < relay->n; i++) {
		struct mtime at = session_deadline(&relay->peers[i].session);

		if (at.ns < first.ns)
			first = at;
	}
	if (relay->cache.live > 0 && relay->now.ns + NS_PER_S < first.ns)
		first.ns = relay->now.ns + NS_PER_S;
	return first;
}

bool relay_wish_next(struct relay *relay, struct relay_wish *out)
{
	for (unsigned i = 0; i < relay->n; i++) {
		struct peer *p = &relay->peers[i];
		bool *wish = p->wish_close ? &p->wish_close
			     : p->wish_abort ? &p->wish_abort : &p->wish_connect;

		if (!*wish)
			continue;
		*wish = false;
		*out = (struct relay_wish){ wish == &p->wish_close ? RELAY_CLOSE
					    : wish == &p->wish_abort ? RELAY_ABORT
								     : RELAY_CONNECT, i };
		return true;
	}
	return false;
}

bool relay_event_next(struct relay *relay, struct relay_event *out)
{
	if (relay->event_tail == relay->event_head)
		return false;
	*out = relay->events[relay->event_tail++ % EVENTS_MAX];
	return true;
}

uint64_t relay_events_lost(const struct relay *relay)
{
	return relay->events_lost;
}

/* Sources of this speaker's own. */

void relay_set_originator(struct relay *relay, struct addr originator)
{
	relay->config.originator = originator;
}

static struct sa_key own_key(const struct relay *relay, struct addr source, struct addr group)
{
	return (struct sa_key){ (uint32_t)source.lo, (uint32_t)group.lo,
				(uint32_t)relay->config.originator.lo };
}

bool relay_originate(struct relay *relay, struct addr source, struct addr group,
		     struct mtime now)
{
	struct sa_key key = own_key(relay, source, group);
	uint32_t at;

	relay->now = now;
	if (sa_cache_find(&relay->cache, &key) != SA_NONE)
		return true;
	if (!sa_cache_room(&relay->cache, SA_SELF))
		return false;
	at = sa_cache_add(&relay->cache, &key, SA_SELF, relay_seconds(relay));
	ring_push(relay, &relay->peers[relay->self], at, (struct span){ 0 });
	return true;
}

void relay_withdraw(struct relay *relay, struct addr source, struct addr group)
{
	struct sa_key key = own_key(relay, source, group);
	uint32_t at = sa_cache_find(&relay->cache, &key);

	if (at != SA_NONE && relay->cache.entries[at].peer == SA_SELF)
		sa_cache_drop(&relay->cache, at);
}

const struct session *relay_session(const struct relay *relay, unsigned peer)
{
	return &relay->peers[peer].session;
}

struct relay_figures relay_figures(const struct relay *relay, unsigned peer)
{
	const struct peer *p = &relay->peers[peer];
	struct relay_figures figures = p->figures;

	figures.held = sa_cache_held(&relay->cache, (uint8_t)peer);
	figures.expiring = relay->cache.lines[peer][SA_EXPIRING].n;
	figures.established = p->session.established;
	return figures;
}

const struct sa_cache *relay_cache(const struct relay *relay)
{
	return &relay->cache;
}

uint32_t relay_now_s(const struct relay *relay)
{
	return relay_seconds(relay);
}

const struct ration *relay_ration(const struct relay *relay, unsigned peer)
{
	return relay->peers[peer].gate ? relay->peers[peer].gate->ration : NULL;
}

const uint64_t *relay_hits(const struct relay *relay, unsigned peer)
{
	return relay->peers[peer].gate ? relay->peers[peer].gate->hits : NULL;
}
