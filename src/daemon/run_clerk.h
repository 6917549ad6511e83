/* SPDX-License-Identifier: BSD-2-Clause */
/* What the clerk's files share.  Its own: the state folder, the history, the clients of the control
 * socket, and whom it tells what happens. */
#ifndef WEIR_DAEMON_RUN_CLERK_H
#define WEIR_DAEMON_RUN_CLERK_H

#include <jansson.h>

#include "base/mtime.h"
#include "daemon/message.h"
#include "daemon/repeats.h"
#include "daemon/run.h"
#include "os/loop.h"
#include "sink/history_tally.h"

#define CLIENTS_MAX 16

/* Asks one thing, is answered by one line, and is gone. */
struct client {
	int	    fd;			/* -1: none */
	uid_t	    uid;
	uint64_t    id;
	int64_t	    until_ns, asked_ns;
	struct text line;
	bool	    is_asked;		/* somebody else is working on the answer */
	bool	    asks_judge;		/* the judge is */
};

struct notices {
	int64_t	room_ns;		/* a bucket of time: one notice takes a second of it */
	uint64_t suppressed;
};

struct clerk_state {
	const struct run_options *options;
	int		 keeper, judge;		/* judge -1: gone */
	struct loop	 loop;
	struct client	 clients[CLIENTS_MAX];
	uint64_t	 next_id;
	struct mtime	 begun;
	char		 boot[TALLY_NAME];
	struct history	*history;
	struct history_tallies *tallies;
	char		 trouble[HISTORY_PROBLEM];	/* of the history; "" */
	json_t		*rules;			/* of the policy in force, as the judge told; or NULL */
	bool		 rules_told;		/* to the history */
	json_t		*processes;		/* as the keeper told; or NULL */
	struct text	 kept, pending;		/* bundles: what a restart loads, what is not confirmed */
	struct text	 staged;		/* a bundle on the disk, not in its place yet; or empty */
	struct text	 unwritten;		/* a bundle that the folder could not take; or empty */
	uint64_t	 unwritten_generation;
	uint64_t	 pending_generation;	/* 0: none */
	int64_t		 pending_ns;		/* when it is rolled back */
	uint64_t	 confirming;		/* the client who waits for it */
	struct history_tally *rows;		/* the last reading */
	size_t		 row_count;
	struct history_tally *offered;
	size_t		 offered_count;
	struct mtime	 counted;
	struct notices	 notices;
	struct repeats	 repeats;
	bool		 must_end;
};

/* run_clerk_control.c */
void control_begin(struct clerk_state *c);
void control_end(struct clerk_state *c);
/* Answers a client and is rid of it; takes the object.  Nothing where it is gone meanwhile. */
void control_answer(struct clerk_state *c, uint64_t id, json_t *object);
/* The same with a problem in words and an exit status. */
void control_refuse(struct clerk_state *c, uint64_t id, int status, const char *problem);
/* The judge is gone, and its answers with it. */
void control_judge_gone(struct clerk_state *c);
/* When a client has waited too long; INT64_MAX. */
int64_t control_deadline(const struct clerk_state *c);
void control_expire(struct clerk_state *c);

/* run_clerk_keep.c: the state folder and the history. */
void keep_begin(struct clerk_state *c);
void keep_end(struct clerk_state *c);
/* A bundle may soon be what is kept: on the disk already, beside that which is. */
void keep_staged(struct clerk_state *c, struct text *bundle);
/* What became of it is known. */
void keep_unstaged(struct clerk_state *c);
/* A bundle is generation so-and-so: kept at once, or once it is confirmed. */
void keep_bundle(struct clerk_state *c, const struct message *message, struct text *bundle);
bool keep_confirmed(struct clerk_state *c);	/* puts it into the folder */
void keep_rolled_back(struct clerk_state *c, uint64_t generation);
void keep_rules(struct clerk_state *c, const struct text *json);
/* What the keeper read: into the history, and the keeper is told. */
void keep_counts(struct clerk_state *c, const struct text *bytes);
/* What the judge has watched: written, and the judge is told. */
void keep_sample(struct clerk_state *c, const struct message *asked, const struct text *bytes);
/* What met the rules before the queue: with the next counters. */
void keep_offered(struct clerk_state *c, const struct text *bytes);
/* What MSDP peers have announced: added. */
void keep_peers(struct clerk_state *c, const struct text *bytes);
/* How many control packets were offered to the queue, and judged, since the history knows of any. */
struct queue_sums {
	uint64_t     offered, judged;
	struct mtime since;		/* 0: there were none */
};
struct queue_sums keep_queue_sums(struct clerk_state *c);
/* The last hour's flows, for the judge. */
json_t *keep_flows(struct clerk_state *c);

/* run_clerk_notice.c: `key` is what a repetition is known by; `fields` are names and values in
 * turn, for the journal.  Not more often than is good for whoever reads them. */
void clerk_notice(struct clerk_state *c, int priority, const char *kind, const char *key,
		  const char *text, json_t *more);

/* How often what was told happened again, where its time is over. */
void clerk_tell_repeats(struct clerk_state *c);

#endif
