/* SPDX-License-Identifier: BSD-2-Clause */
/* The judge's turn at the queue: which links hand it their control packets, who trims them, and
 * what that counts. */
#ifndef WEIR_DAEMON_RUN_JUDGE_QUEUE_H
#define WEIR_DAEMON_RUN_JUDGE_QUEUE_H

#include "daemon/plan.h"
#include "daemon/run_judge_joined.h"
#include "enforce/queue.h"
#include "sink/history_tally.h"

/* Names that no rule can have: control packets that met a rule of the kernel before the queue, and
 * those that somebody judged.  The others went past it while nobody listened. */
#define QUEUE_OFFERED ".queue-offered"
#define QUEUE_JUDGED ".queue-judged"
/* Data for a port of a bridge that snoops, and what of it the bridge gave to the port. */
#define SNOOP_OFFERED ".snoop-offered"
#define SNOOP_PASSED ".snoop-passed"
/* Where a rule counts control packets. */
#define QUEUE_HOOK "control"

/* A boundary at work, and what its links trim by. */
struct queue_boundary {
	struct court  court;
	struct table *table;
};

/* What belongs to one policy; the boundaries of the policy must outlive it. */
struct queue_set {
	struct queue_link     *links;
	const struct boundary **of;		/* by link */
	struct trim	     **trims;
	size_t		       n;
	struct queue_boundary *boundaries;
	size_t		       boundary_count;
};

/* `joined` hears of what is asked for, and must outlive it; it may be NULL. */
void queue_set_init(struct queue_set *set, const struct plan *plan, const struct links *links,
		    bool dry_run, struct joined_memory *joined);
/* The links alone, without boundaries and trims: what the kernel's rules depend on. */
void queue_set_init_links(struct queue_set *set, const struct plan *plan,
			  const struct links *links);
void queue_set_release(struct queue_set *set);
/* The links alone, without trims; of nothing where `set` is NULL. */
void queue_set_copy_links(const struct queue_set *set, struct queue_set *out);
/* True where the same rules of the kernel serve both. */
bool queue_set_same_links(const struct queue_set *a, const struct queue_set *b);

/* The names of its counters, as struct history_tally, in the order of their numbers: each link's
 * rules, and behind them what was judged there at all, and what for no rule can speak. */
void queue_set_names(const struct queue_set *set, struct text *out);

/* What its trims have counted since the last call; borrows the set. */
struct queue_seen;
struct queue_seen *queue_seen_new(const struct queue_set *set);
void queue_seen_free(struct queue_seen *seen);
/* At most so many rows; how many.  As many: there may be more. */
size_t queue_seen_growth(struct queue_seen *seen, struct queue_growth *out, size_t max);

#endif
