/* SPDX-License-Identifier: BSD-2-Clause */
/* What the keeper's files share. */
#ifndef WEIR_DAEMON_RUN_KEEPER_H
#define WEIR_DAEMON_RUN_KEEPER_H

#include "daemon/message.h"
#include "daemon/run.h"
#include "enforce/queue.h"
#include "os/loop.h"
#include "sink/history_tally.h"

/* The speaker, where MSDP is configured. */
enum child_name { CHILD_CLERK, CHILD_JUDGE, CHILD_SPEAKER, CHILD_COUNT };

/* The queue of control packets.  When the judge that listens to it dies it stays open, and packets
 * wait in it, until the next one comes; not for long. */
struct keeper_queue {
	enum queue_means   means;
	char		   why[QUEUE_WHY];	/* the means */
	bool		   is_open;
	struct queue_ports ports;
	int		   questions;		/* the judge's verdicts come here; -1: nobody listens */
	int64_t		   hold_ns;		/* till when it stays open so; INT64_MAX */
	struct queue_link *links;		/* of the rules that stand */
	size_t		   n;
	bool		   has_rules;
};

struct child {
	pid_t	 pid;			/* 0: it does not run */
	int	 fd;
	unsigned begun;			/* how often */
	int64_t	 again_ns;		/* when to begin it again; INT64_MAX */
};

/* What the judge counts of the queue: sums, by name and by the numbers under which it tells them. */
struct keeper_tallies {
	struct history_tally *rows;	/* sorted by name */
	size_t		      n;
	uint32_t	     *places;	/* of each number, in `rows` */
	size_t		      place_count;
	uint64_t	      named, told;	/* how often names have come; when they were told last */
	char		      backend[16];	/* sums that began anew are others */
	int		      fd;		/* the same in a file, for whom nobody ends; -1 */
};

struct bpf_samples;
struct keeper_msdp;

#define ASKED_MAX 16

struct keeper_state {
	struct run_options *options;
	struct loop	 loop;
	struct child	 children[CHILD_COUNT];
	struct enforcer *enforcer;
	int		 signals;
	struct enforce_image *image, *before;	/* before: where `image` waits to be confirmed */
	struct enforce_image *nothing;		/* it enforces nothing; or NULL */
	uint64_t	 generation;
	int64_t		 confirm_ns, count_ns, settle_ns;	/* INT64_MAX: never */
	uint64_t	 installs, counted_at;	/* counters were read at this many installs */
	bool		 is_ready, was_ready, must_end, must_remove, waits_for_count;
	int		 status;
	struct keeper_queue queue;
	struct keeper_tallies tallies;
	struct bpf_samples *samples;		/* of packets that the kernel dropped; or NULL */
	char		*roots[2];		/* folders whose files are read for the judge */
	struct text	 ruling, msdp_counts;	/* for and from the speaker */
	struct keeper_msdp *msdp;
	uint64_t	 asked[ASKED_MAX];	/* of the speaker, and not answered yet; 0: free */
};

/* Nothing where the child does not run. */
void keeper_tell(struct keeper_state *k, enum child_name name, const struct message *message);

/* One whose line broke, or who cannot be believed: it ends, and begins again. */
void keeper_lose_child(struct keeper_state *k, enum child_name name);

/* Hands all counters to the clerk; false where there is none, or the kernel did not say. */
bool keeper_count(struct keeper_state *k);

/* run_keeper_files.c: a file that the judge asks for. */
void keeper_file_asked(struct keeper_state *k, const struct message *message);

/* run_keeper_joined.c: what the judge heard, or asks what stands; closes the payload. */
void keeper_joined(struct keeper_state *k, const struct message *message, int payload);

/* run_keeper_packets.c: the judge's links, to be checked or to be served; closes the payload. */
void keeper_queue_asked(struct keeper_state *k, const struct message *message, int payload);
void keeper_queue_close(struct keeper_state *k);
/* Its judge is dead: what it has answered counts, what it took besides is settled, and the rest
 * waits for the next one. */
void keeper_queue_hold(struct keeper_state *k);
/* Takes what the judge has answered so far. */
void keeper_queue_catch_up(struct keeper_state *k);
/* Tells the clerk what met the rules before the queue. */
void keeper_queue_offered(struct keeper_state *k);
/* Ports of bridges that snoop, to be counted at; closes the payload. */
void keeper_snoop_asked(int payload);
/* run_keeper_tallies.c: goes on with the sums of the last daemon, if that was since the machine's
 * start.  Before anything else of theirs, and while files can be opened for writing. */
void keeper_tallies_begin(struct keeper_state *k);
/* Names of counters, from the judge; closes the payload. */
void keeper_tallies_named(struct keeper_state *k, int payload);
/* A queue_grown_fn of the keeper. */
bool keeper_tallies_grown(void *context, const struct queue_growth *rows, size_t n);
/* Appends all that have counted anything. */
void keeper_tallies_put(struct keeper_state *k, struct text *rows);
/* What was put last is on the disk: sums without a rule may go. */
void keeper_tallies_stored(struct keeper_state *k);
void keeper_tallies_release(struct keeper_state *k);
/* The ring of an interface, for the judge. */
void keeper_ring_asked(struct keeper_state *k, const struct message *message);
/* What the kernel shows of dropped packets: another ring with each image. */
void keeper_samples_open(struct keeper_state *k);
void keeper_samples_close(struct keeper_state *k);

/* run_keeper_msdp.c: from one child to another, unread; closes the payload. */
void keeper_pass_on(struct keeper_state *k, enum child_name to, const struct message *message,
		    int payload);
/* The peers of the start, with the passwords of their files.  0 or negative errno. */
int keeper_msdp_begin(struct keeper_state *k);
void keeper_msdp_forget(struct keeper_state *k);
bool keeper_has_msdp(const struct keeper_state *k);
/* The judge's: peers that the next ruling brings; that ruling; whether it stays. */
void keeper_peerings_asked(struct keeper_state *k, int payload);
void keeper_ruled(struct keeper_state *k, int payload);
void keeper_msdp_confirmed(struct keeper_state *k);
void keeper_msdp_rolled_back(struct keeper_state *k);
/* run_keeper.c: it begins again where there are peers. */
void keeper_end_speaker(struct keeper_state *k);
/* run_keeper.c: a file that is there, below the folder of the configuration or the policy. */
bool keeper_is_below(const struct keeper_state *k, const char *name);
/* A transparent relay's packets are brought to it, or are not any more.  0 or negative errno. */
int keeper_steer(const struct keeper_state *k);
int keeper_leave_steering(const struct keeper_state *k);
/* For a speaker that begins: its sockets, and the policy in force. */
void keeper_brief_speaker(struct keeper_state *k);
/* At all addresses that peers come to and that are free; where another program listens it is for a
 * later call. */
void keeper_open_listeners(struct keeper_state *k);
void keeper_hear_speaker(struct keeper_state *k, const struct message *message, int payload);
/* Puts one question's id in the place of another; 0 is a free place. */
void keeper_note_question(struct keeper_state *k, uint64_t from, uint64_t to);
/* Nobody answers any more (-EPIPE), or ever (-ENOENT): an answer without words. */
void keeper_refuse_questions(struct keeper_state *k, int error);

#endif
