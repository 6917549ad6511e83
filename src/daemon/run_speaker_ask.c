/* SPDX-License-Identifier: BSD-2-Clause */
/* What the speaker is asked: `weir msdp`.  Questions about the whole cache are answered in pieces,
 * between turns of the relay, so that no peer waits for them. */
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "daemon/run_speaker.h"
#include "os/clock.h"

#define CACHE_SHOWN 10000

struct question {
	struct message	       message;
	struct text	       line;
	struct speaker_search *search;	/* NULL: it is not begun */
};

static struct addr asked_address(const json_t *request, const char *key)
{
	const char *text = json_string_value(json_object_get(request, key));
	struct addr a = ADDR_NONE;

	if (text)
		addr_parse(text, strlen(text), &a);
	return a;
}

static void send(struct speaker_state *s, const struct question *q, const struct text *out)
{
	const struct message message = { .kind = MESSAGE_ASK, .id = q->message.id };

	message_send_text(s->keeper, &message, out);
}

/* The command's mistake, with the exit status of one. */
static void refuse(struct speaker_state *s, const struct question *q, const char *problem,
		   const char *word)
{
	struct text out = { 0 };

	text_put(&out, "{\"problem\":\"");
	text_escape_json(&out, span_of(word));
	text_printf(&out, "%s\",\"status\":2}", problem);
	send(s, q, &out);
	text_release(&out);
}

/* False where an address is asked for that is no peer's. */
static bool read_peer(const struct speaker_state *s, const json_t *request, unsigned *out)
{
	struct addr a = asked_address(request, "peer");

	*out = UINT_MAX;
	if (!json_object_get(request, "peer"))
		return true;
	for (unsigned i = 0; i < s->speaker.options.n; i++)
		if (s->rows[i] && addr_equal(s->peers[i].remote, a))
			*out = i;
	return *out != UINT_MAX;
}

static bool read_query(const struct speaker_state *s, const json_t *request,
		       struct speaker_query *out)
{
	const char *verdict = json_string_value(json_object_get(request, "verdict"));

	*out = (struct speaker_query){
		.source = asked_address(request, "source"),
		.group = asked_address(request, "group"),
		.rp = asked_address(request, "rp"), .entries_max = CACHE_SHOWN };
	return (!verdict || speaker_verdict_parse(verdict, &out->verdicts)) &&
	       read_peer(s, request, &out->peer);
}

/* Sessions of one peer or of all are closed, and come again. */
static void clear(struct speaker_state *s, unsigned one, struct text *out)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->speaker.options.n; i++) {
		if (!s->rows[i] || (one != UINT_MAX && one != i))
			continue;
		speaker_renew(&s->speaker, i, SESSION_END_CLEARED);
		n++;
	}
	text_printf(out, "{\"schema\":\"weir-msdp-clear/1\",\"cleared\":%u}", n);
}

/* Peers as they stand, or one of them. */
static void tell_peers(const struct speaker_state *s, unsigned one, struct text *out)
{
	uint32_t asked[RELAY_PEERS_MAX] = { 0 };

	if (one != UINT_MAX)
		asked[one] = 1;
	speaker_peers_text(&s->speaker, one == UINT_MAX ? NULL : asked, out);
}

/* True where the cache is to be looked through; else it is answered. */
static bool begin(struct speaker_state *s, struct question *q)
{
	json_t *request = json_loadb(text_string(&q->line), q->line.n, 0, NULL);
	const char *what = json_string_value(json_object_get(request, "what"));
	const char *peer = json_string_value(json_object_get(request, "peer"));
	struct speaker_query query;
	struct text out = { 0 };

	what = what ? what : "";
	if (!read_query(s, request, &query)) {
		refuse(s, q, " is no peer of this daemon", peer ? peer : "it");
		json_decref(request);
		return false;
	}
	query.counts_peers = strcmp(what, "peers") == 0;
	if (strcmp(what, "cache") == 0 ||
	    (query.counts_peers && (query.verdicts || addr_is_there(query.source) ||
				    addr_is_there(query.group) || addr_is_there(query.rp)))) {
		q->search = speaker_search_new(&s->speaker, &query);
	} else if (strcmp(what, "policers") == 0) {
		speaker_policers_text(&s->speaker, &query, &out);
	} else if (strcmp(what, "clear") == 0) {
		clear(s, query.peer, &out);
	} else {
		tell_peers(s, query.peer, &out);
	}
	if (!q->search)
		send(s, q, &out);
	text_release(&out);
	json_decref(request);
	return q->search != NULL;
}

static void forget(struct question **q)
{
	text_release(&(*q)->line);
	speaker_search_free((*q)->search);
	free(*q);
	*q = NULL;
}

void speaker_asked(struct speaker_state *s, const struct message *message, const struct text *line)
{
	for (size_t i = 0; i < QUESTIONS_MAX; i++) {
		struct question **q = &s->questions[i];

		if (*q)
			continue;
		*q = memory_take(sizeof(**q));
		(*q)->message = *message;
		text_put_n(&(*q)->line, text_string(line), line->n);
		if (s->speaks && !begin(s, *q))
			forget(q);
		return;
	}
}

void speaker_asked_early(struct speaker_state *s)
{
	for (size_t i = 0; s->speaks && i < QUESTIONS_MAX; i++)
		if (s->questions[i] && !s->questions[i]->search && !begin(s, s->questions[i]))
			forget(&s->questions[i]);
}

bool speaker_answers(struct speaker_state *s)
{
	bool more = false;

	for (size_t i = 0; i < QUESTIONS_MAX; i++) {
		struct question **q = &s->questions[i];

		if (!*q || !(*q)->search)
			continue;
		more = true;
		if (speaker_search_some((*q)->search, &s->speaker))
			continue;
		send(s, *q, speaker_search_text((*q)->search));
		forget(q);
	}
	return more;
}

void speaker_forget_questions(struct speaker_state *s)
{
	for (size_t i = 0; i < QUESTIONS_MAX; i++)
		if (s->questions[i])
			forget(&s->questions[i]);
}
