/* SPDX-License-Identifier: BSD-2-Clause */
/* The speaker's process: the MSDP relay.  It has no right to anything: its sockets come from the
 * keeper, its policy from the judge by way of the keeper, and what it is asked from the clerk by
 * the same way. */
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/memory.h"
#include "daemon/bundle.h"
#include "daemon/run_speaker.h"
#include "os/clock.h"
#include "os/privilege.h"
#include "os/route.h"
#include "os/sandbox.h"
#include "policy/table.h"

#define TELL_NS NS_PER_S		/* between two reports of the counters */

/* --- counters --- */

static struct history_tally *ledger_row(struct ledger *l, const char *boundary, const char *rule)
{
	struct history_tally row;

	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->rows[i].boundary, boundary) == 0 &&
		    strcmp(l->rows[i].rule, rule) == 0)
			return &l->rows[i];
	memset(&row, 0, sizeof(row));			/* it leaves the process whole */
	snprintf(row.boundary, sizeof(row.boundary), "%s", boundary);
	snprintf(row.rule, sizeof(row.rule), "%s", rule);
	snprintf(row.link, sizeof(row.link), "msdp");
	snprintf(row.hook, sizeof(row.hook), "sa");
	snprintf(row.backend, sizeof(row.backend), "relay");
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 64;
		l->rows = memory_grow(l->rows, l->cap, sizeof(row));
	}
	l->rows[l->n] = row;
	return &l->rows[l->n++];
}

static bool is_first_of_boundary(const struct speaker_state *s, size_t peer)
{
	for (size_t i = 0; i < peer; i++)
		if (s->peers[i].boundary == s->peers[peer].boundary)
			return false;
	return s->peers[peer].boundary != NULL;
}

void speaker_add_hits(const struct speaker_state *s, struct ledger *l)
{
	for (size_t i = 0; i < s->speaker.options.n; i++) {
		const struct boundary *b = s->peers[i].boundary;
		const uint64_t *hits = relay_hits(s->speaker.relay, (unsigned)i);

		if (!is_first_of_boundary(s, i))
			continue;
		for (size_t k = 0; k < b->rule_count; k++) {
			struct history_tally *row;

			if (hits[k] == 0)
				continue;
			row = ledger_row(l, b->name, b->rules[k]->name);
			row->packets += hits[k];
			row->refused = b->rules[k]->action == ACTION_DENY;
		}
	}
}

static void tell_counts(struct speaker_state *s)
{
	struct message message = { .kind = MESSAGE_COUNTS };
	struct ledger now = { 0 };
	struct text rows = { 0 };

	s->tell_ns = clock_steady().ns + TELL_NS;
	for (size_t i = 0; i < s->past.n; i++)
		*ledger_row(&now, s->past.rows[i].boundary, s->past.rows[i].rule) = s->past.rows[i];
	speaker_add_hits(s, &now);
	text_put_n(&rows, (const char *)now.rows, now.n * sizeof(now.rows[0]));
	if (now.n > 0)
		message_send_text(s->keeper, &message, &rows);
	text_release(&rows);
	free(now.rows);
}

/* Returns until when it has nothing to do. */
static int64_t tell_peers(struct speaker_state *s)
{
	struct message message = { .kind = MESSAGE_PEERS };
	struct text rows = { 0 };
	bool more = speaker_census_turn(&s->census, &s->speaker, &rows);

	if (rows.n > 0)
		message_send_text(s->keeper, &message, &rows);
	text_release(&rows);
	return more ? 0 : s->census.next_ns;
}

/* --- what happens --- */

static const char *event_text(const struct relay_event *e, struct text *out)
{
	char peer[ADDR_TEXT] = "", key[ADDR_TEXT] = "";

	if (e->peer != UINT_MAX)
		addr_text(e->remote, peer);
	addr_text(e->key, key);
	switch (e->kind) {
	case RELAY_UP:
		text_printf(out, "MSDP peer %s: the session stands", peer);
		return "msdp-up";
	case RELAY_DOWN:
		text_printf(out, "MSDP peer %s: the session is down (%s)", peer,
			    session_end_name(e->end));
		if (e->end == SESSION_END_REMOVED)
			text_printf(out, "; the %u entries that it announced are forgotten here, and "
				    "expire at the others", e->live);
		if (e->end == SESSION_END_RENEWED)
			text_put(out, "; it begins anew with its new password or TTL security");
		return "msdp-down";
	case RELAY_FULL:
		text_printf(out, "MSDP: the cache is full at %u entries", e->live);
		return "msdp-full";
	case RELAY_PEER_FULL:
		text_printf(out, "MSDP peer %s: its limit of %u entries is reached; what is there stays, "
			    "and more is refused", peer, e->live);
		return "msdp-full";
	case RELAY_REJUDGED:
		text_put(out, "MSDP: judged anew; ");
		if (e->live == 0)
			text_put(out, "what was permitted still is");
		else
			text_printf(out, "%u entries are not permitted any more: nobody is told of them, and "
				    "they expire here and at the peers", e->live);
		return "msdp-rejudged";
	default:
		text_printf(out, "MSDP peer %s: %s: %s has %u live entries (%s)", peer, e->rule->name,
			    key, e->live, e->kind == RELAY_WARNED ? "warning"
			    : e->kind == RELAY_ALARMED ? "alarm, the session stays" : "more are denied");
		return e->kind == RELAY_WARNED ? "msdp-warned"
		       : e->kind == RELAY_ALARMED ? "msdp-alarm" : "msdp-denies";
	}
}

/* Beside the words: whose session, which police line, and what it counts. */
static void put_fields(const struct relay_event *e, struct text *out)
{
	char address[ADDR_TEXT];

	if (e->peer != UINT_MAX)
		text_printf(out, ",\"peer\":\"%s\"", addr_text(e->remote, address));
	if (e->kind == RELAY_DOWN)
		text_printf(out, ",\"end\":\"%s\"", session_end_name(e->end));
	if (e->rule)
		text_printf(out, ",\"rule\":\"%s\",\"key\":\"%s\"", e->rule->name,
			    addr_text(e->key, address));
	if (e->kind != RELAY_UP)
		text_printf(out, ",\"entries\":%u", e->live);
}

void speaker_tell_event(void *context, const struct relay_event *event)
{
	struct message message = { .kind = MESSAGE_NOTICE };
	struct text words = { 0 }, out = { 0 };
	struct speaker_state *s = context;
	const char *kind = event_text(event, &words);

	text_printf(&out, "{\"kind\":\"%s\",\"text\":\"", kind);
	text_escape_json(&out, span_of(text_string(&words)));
	text_put(&out, "\"");
	put_fields(event, &out);
	text_put(&out, "}");
	message_send_text(s->keeper, &message, &out);
	text_release(&words);
	text_release(&out);
}

/* --- the keeper's sockets --- */

static void obey(struct speaker_state *s, const struct message *message, int payload);

/* The answer comes at once, for the keeper does not wait for the connection to stand.  What comes
 * before it is obeyed afterwards. */
int speaker_connect_to(void *context, unsigned peer)
{
	struct message message = { .kind = MESSAGE_CONNECT };
	struct speaker_state *s = context;
	const struct msdp_pair pair = { s->peers[peer].local, s->peers[peer].remote };
	int payload, error;

	memcpy(message.text, &pair, sizeof(pair));
	error = message_send(s->keeper, &message, -1);

	while (error == 0) {
		if (message_receive(s->keeper, &message, &payload) <= 0) {
			s->must_end = true;
			return -EPIPE;
		}
		if (message.kind == MESSAGE_CONNECT)
			return message.error < 0 || payload < 0 ? message.error : payload;
		obey(s, &message, payload);
	}
	return error;
}

_Static_assert(ROUTE_GATEWAYS_MAX <= RPF_HOPS_MAX, "all next hops of a route have room");

/* The kernel knows next hops.  Who advertised a route, and by which AS path, it does not. */
void speaker_look_up(void *context, struct addr rp, struct rpf_route *out)
{
	struct speaker_state *s = context;

	out->igp_n = route_gateways(s->routes, rp, out->igp_next_hops);
	out->found = out->igp_n > 0;
}

static void listen_at(struct speaker_state *s, int listener)
{
	size_t i = 0;

	while (i < COUNT(s->listeners) && s->listeners[i] > 0)
		i++;
	if (i == COUNT(s->listeners) ||
	    (s->speaks && speaker_listen(&s->speaker, listener) < 0)) {
		close(listener);
		return;
	}
	s->listeners[i] = listener;
}

/* The key of a session is another: addresses of the peer as in the message. */
static void renew(struct speaker_state *s, const struct message *message)
{
	struct msdp_pair pair;

	memcpy(&pair, message->text, sizeof(pair));
	for (unsigned i = 0; s->speaks && i < s->speaker.options.n; i++)
		if (s->rows[i] && addr_equal(s->peers[i].remote, pair.remote) &&
		    addr_equal(s->peers[i].local, pair.local))
			speaker_renew(&s->speaker, i, SESSION_END_RENEWED);
}

static void obey(struct speaker_state *s, const struct message *message, int payload)
{
	struct text text = { 0 };

	if (message->kind == MESSAGE_LISTEN && payload >= 0) {
		listen_at(s, payload);
		return;
	}
	if (payload >= 0 && payload_read(payload, &text) < 0)
		text_reset(&text);
	if (message->kind == MESSAGE_RULING) {
		speaker_rule(s, &text);
		speaker_asked_early(s);
	} else if (message->kind == MESSAGE_RENEW) {
		renew(s, message);
	} else if (message->kind == MESSAGE_ASK) {
		speaker_asked(s, message, &text);
	}
	text_release(&text);
}

static void hear(void *context, int fd)
{
	struct speaker_state *s = context;
	struct message message;
	int payload;

	if (message_receive(fd, &message, &payload) <= 0)
		s->must_end = true;
	else
		obey(s, &message, payload);
}

static bool lock_up(const struct speaker_state *s)
{
	int error = privilege_become(s->options->judge_uid, s->options->judge_gid);

	if (error == 0)
		error = sandbox_run_speaker();
	if (error < 0)
		run_say("the speaker cannot give up its rights: %s", strerror(-error));
	return error == 0;
}

/* The relay's turn, and what is told besides; returns until when it may wait. */
static int64_t work(struct speaker_state *s)
{
	int64_t until = speaker_turn(&s->speaker), peers_ns = tell_peers(s);

	if (speaker_answers(s))
		until = 0;
	if (clock_steady().ns >= s->tell_ns)
		tell_counts(s);
	until = s->tell_ns < until ? s->tell_ns : until;
	return peers_ns < until ? peers_ns : until;
}

static void go_on(struct speaker_state *s)
{
	while (!s->must_end)
		loop_turn(&s->loop, s->speaks ? work(s) : INT64_MAX);
}

void run_speaker(const struct run_options *options, int keeper)
{
	struct speaker_state *s = memory_take(sizeof(*s));

	s->options = options;
	s->conf = &options->conf->msdp;
	s->keeper = keeper;
	s->routes = route_open();
	if (loop_init(&s->loop) == 0 && loop_add(&s->loop, keeper, hear, s) == 0 && lock_up(s))
		go_on(s);
	if (s->speaks) {
		speaker_census_release(&s->census);
		speaker_release(&s->speaker);
	}
	speaker_forget_questions(s);
	speaker_release_rules(s);
	free(s->past.rows);
	loop_release(&s->loop);
	free(s);
}
