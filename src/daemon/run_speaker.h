/* SPDX-License-Identifier: BSD-2-Clause */
/* What the speaker's files share: the relay, the policy in force, and its line to the keeper. */
#ifndef WEIR_DAEMON_RUN_SPEAKER_H
#define WEIR_DAEMON_RUN_SPEAKER_H

#include "daemon/message.h"
#include "daemon/run.h"
#include "daemon/speaker.h"
#include "sink/history_tally.h"

#define QUESTIONS_MAX 16
#define CENSUS_TIMES 12			/* a report of the peers for so many readings of counters: a minute */

struct question;

/* The hits of rules of boundaries that are in force no more go on under their names. */
struct ledger {
	struct history_tally *rows;
	size_t		      n, cap;
};

struct speaker_state {
	const struct run_options *options;
	const struct conf_msdp	 *conf;		/* in force */
	struct conf		 *conf_read;	/* that it is of; NULL: that of the start */
	int		     keeper, routes;
	struct loop	     loop;
	struct speaker	     speaker;
	bool		     speaks;		/* the first policy has come */
	struct policy	    *policy;
	struct table	   **tables;		/* by boundary of the policy; NULL where none asks */
	struct relay_peering peers[CONF_PEERS_MAX];	/* by place */
	const struct conf_peer *rows[CONF_PEERS_MAX];	/* NULL: the place is empty */
	struct speaker_census census;
	struct ledger	     past;
	int		     listeners[CONF_PEERS_MAX];	/* 0: none */
	struct question	    *questions[QUESTIONS_MAX];	/* that are not answered yet, NULL: none */
	int64_t		     tell_ns;
	bool		     must_end;
};

/* run_speaker.c: what the relay asks for and tells, with the speaker_state as context. */
int speaker_connect_to(void *context, unsigned peer);
void speaker_tell_event(void *context, const struct relay_event *event);
void speaker_look_up(void *context, struct addr rp, struct rpf_route *out);
/* The hits of rules so far, added. */
void speaker_add_hits(const struct speaker_state *s, struct ledger *out);

/* run_speaker_rule.c: what the judge says is in force, as JSON: a bundle, sets, and the configuration
 * where it is not that of the start. */
void speaker_rule(struct speaker_state *s, const struct text *payload);
void speaker_release_rules(struct speaker_state *s);

/* run_speaker_ask.c: a question, in JSON; it is answered now or piece by piece, and not before the
 * first policy has come. */
void speaker_asked(struct speaker_state *s, const struct message *message, const struct text *line);
void speaker_asked_early(struct speaker_state *s);
/* A piece of the answers; true where more is left. */
bool speaker_answers(struct speaker_state *s);
void speaker_forget_questions(struct speaker_state *s);

#endif
