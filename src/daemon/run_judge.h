/* SPDX-License-Identifier: BSD-2-Clause */
/* What the judge's files share: the policies that it knows, and its lines to the others. */
#ifndef WEIR_DAEMON_RUN_JUDGE_H
#define WEIR_DAEMON_RUN_JUDGE_H

#include "daemon/bundle.h"
#include "daemon/message.h"
#include "daemon/plan.h"
#include "daemon/run.h"
#include "daemon/run_judge_joined.h"
#include "daemon/run_judge_queue.h"
#include "daemon/run_judge_watch.h"
#include "os/loop.h"

/* A policy that is, was or may come to be in force, with what it was loaded from. */
struct ruling {
	struct conf   *conf;		/* NULL: that of the start */
	struct text    conf_text;	/* that `conf` was read from */
	struct bundle  bundle;
	struct policy *policy;
};

#define JUDGE_WAITING 64

struct judge {
	const struct run_options *options;
	int		 keeper, clerk;		/* clerk -1: gone */
	int		 news;			/* of interfaces */
	struct loop	 loop;
	struct links	 links;
	struct ruling	 now, before;		/* before.policy: `now` waits to be confirmed */
	struct ruling	 gone;			/* was `now`; in use until judge_settle() */
	bool		 control_waits;		/* for judge_settle() */
	int64_t		 in_force_ns;		/* since when `now` is, as the keeper said */
	struct plan	 plan;			/* of `now` */
	struct enforce_notes notes;
	struct text	 installed;		/* what the last image was made of */
	uint64_t	 highest;		/* generation so far */
	int64_t		 look_ns;		/* when to look at the interfaces again; INT64_MAX */
	struct queue_set control;		/* of `now` */
	struct queue_seen *seen;
	struct queue	*queue;			/* NULL: no link needs one, or there can be none */
	struct queue_set standing;		/* the links alone that the kernel's rules serve */
	int		 ports[PORT_COUNT];	/* -1 where there is none */
	char		 queue_by[MESSAGE_TEXT];	/* how packets come to it */
	char		 queue_problem[MESSAGE_TEXT];	/* why there is no queue though one is needed */
	struct joined_memory joined;
	struct watching	 watching;
	struct text	 sets;			/* that the policy in force was loaded with */
	struct text	 snooped;		/* what the keeper was told of ports of bridges */
	bool		 is_snoop_told;
	struct text	 unsaid;		/* what was wrong with the state, for the clerk */
	bool		 must_end;
	struct message	 waiting[JUDGE_WAITING];	/* came while another was awaited */
	int		 waiting_payloads[JUDGE_WAITING];
	size_t		 waiting_count;
};

/* run_judge_load.c: from files and bundles to rulings. */
const struct conf *ruling_conf(const struct judge *j, const struct ruling *r);
void ruling_release(struct ruling *r);
/* Loads the policy of a ruling's bundle; false, with complaints. */
bool judge_rule(struct judge *j, struct ruling *r, struct diags *diags);
/* Gives `to` a configuration like that of `from`. */
void ruling_copy_conf(const struct ruling *from, const char *file, struct ruling *to);
/* The configured policy, read anew.  The configuration too where `with_conf`. */
bool judge_read_configured(struct judge *j, bool with_conf, struct ruling *out, struct diags *diags,
			   struct text *problem);
/* What a restart loads; where that cannot be read, the newest generation that can, and `problem` says
 * so.  False where there is nothing to be had. */
bool judge_read_kept(struct judge *j, struct ruling *out, struct diags *diags,
		     struct text *problem);
/* The bytes of a file, by the keeper: 0 or negative errno. */
int judge_read_file(struct judge *j, const char *name, struct text *out);

/* Waits for the keeper's answer of this kind; what comes before is kept for later.  False where the
 * keeper is gone. */
bool judge_await(struct judge *j, uint32_t kind, struct message *out, int *out_payload);

/* One of those that wait is taken. */
void judge_forget_waiting(struct judge *j, size_t i);

/* run_judge_install.c: puts `r` into the kernel as the policy in force; on success it has moved to
 * j->now, and judge_settle() is to come.  0, or negative errno with `problem`. */
int judge_install(struct judge *j, struct ruling *r, unsigned confirm_s, struct text *problem);
/* Queue and watch go over to the policy in force: what may wait until that has been told, and no
 * longer. */
void judge_settle(struct judge *j);
/* The image that enforces nothing, for the keeper's end. */
void judge_tell_nothing(struct judge *j);
/* After interfaces or addresses have changed, or a day has ended. */
void judge_look(struct judge *j);

/* run_judge_peers.c: the MSDP peers of a ruling, which take effect when it is told to the
 * speaker.  The keeper is asked, and looks while the judge does something else; then, given what
 * judge_ask_peers() gave: 0, or negative errno with `problem` where it does not take them. */
int judge_ask_peers(struct judge *j, const struct ruling *r);
int judge_hear_peers(struct judge *j, int asked, struct text *problem);
/* Those of the policy in force, in place of what was staged. */
void judge_stage_again(struct judge *j);
/* What changes from one configuration's peers to the other's, in words. */
void judge_put_peers(const struct judge *j, const struct conf_msdp *from,
		     const struct conf_msdp *to, struct text *out);

/* run_judge_control.c: control packets.  Before anything is changed, asked and heard like peers: 0, or
 * negative errno with `problem` where packets would go past the queue. */
int control_ask(struct judge *j, const struct plan *plan);
int control_hear(struct judge *j, int asked, struct text *problem);
/* Makes the queue follow j->plan. */
void control_follow(struct judge *j);
/* The queue stands and serves the links of j->plan, and nobody is to be told who joined: packets wait
 * in it until the judge goes on, so that none is judged by the policy before, whenever
 * control_follow() comes. */
bool control_may_wait(const struct judge *j);
void control_stop(struct judge *j);

/* run_judge_joined.c: what was heard, for the kernel; joined_follow() after each install. */
void joined_follow(struct judge *j);
void joined_tell(struct judge *j);
int64_t joined_deadline(const struct judge *j);

/* run_judge_snoop.c: what bridges keep from ports, as j->plan and j->links have it. */
void snoop_follow(struct judge *j);

/* run_judge_watch.c: for the policy in force; watch_end() before that goes. */
void watch_begin(struct judge *j);
void watch_end(struct judge *j);
/* Makes it follow the interfaces as j->links has them. */
void watch_follow(struct judge *j);
/* A packet that the kernel dropped at a hook of an interface, and shows. */
void watch_dropped(struct judge *j, unsigned index, enum hook hook, const struct packet *packet);
/* Sends what the history is to keep. */
void watch_sample(struct judge *j);
/* What became of a sample. */
void watch_written(struct judge *j, const struct message *message);
void watch_clerk_gone(struct judge *j);

/* run_judge.c: to the journal and whoever else is told; takes `more`, an object of texts or NULL. */
void judge_notice(struct judge *j, const char *kind, const char *text, json_t *more);

/* run_judge_tell.c: JSON for the clerk. */
void judge_status_text(struct judge *j, struct text *out);
void judge_rules_text(const struct judge *j, struct text *out);
/* The policy in force, for the speaker where there is one. */
void judge_tell_speaker(const struct judge *j);
/* What changes from one ruling to another, in words and as JSON members: `flows` is the past. */
void judge_difference(const struct judge *j, const struct ruling *from, const struct ruling *to,
		      const json_t *flows, struct text *out);

#endif
