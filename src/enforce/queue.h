/* SPDX-License-Identifier: BSD-2-Clause */
/* Control packets on their way through this machine: IGMP, MLD, PIM (and Auto-RP and SAP
 * where a rule needs what is in them) are handed to weir by NFQUEUE, trimmed, and go on.
 *
 * Two processes share the work, since the kernel takes verdicts from who holds CAP_NET_ADMIN
 * only:
 *
 * the keeper, with CAP_NET_ADMIN and CAP_NET_RAW: queue_probe(), queue_check(), queue_open(),
 * queue_install(), queue_relay(), queue_settle(), queue_offered(), queue_remove();
 * the judge, without any: queue_new(), queue_tells(), queue_turn(), queue_counts().
 *
 * `answers` and `questions` are the two ends of a SOCK_SEQPACKET pair; a single process that
 * holds the capabilities passes -1 and never relays.  The rules outlive both processes: what
 * they do with a packet while nobody listens is fail open or closed, as each link says. */
#ifndef WEIR_ENFORCE_QUEUE_H
#define WEIR_ENFORCE_QUEUE_H

#include "engine/trim.h"

#define QUEUE_NAME 16		/* of an interface, its NUL included */
#define QUEUE_RULE_NAME 64
#define QUEUE_WHY 200
#define QUEUE_NUMBER 30564	/* of the queue that fails closed; the next one fails open */

/* Where a packet is met: PREROUTING, FORWARD, OUTPUT. */
enum queue_hook { QUEUE_RECEIVED, QUEUE_FORWARDED, QUEUE_SENT, QUEUE_HOOK_COUNT };
const char *queue_hook_name(enum queue_hook hook);	/* "received", "forwarded", "sent" */

struct queue_link {
	char	 name[QUEUE_NAME];
	char	 bridge[QUEUE_NAME];	/* that it is a port of; "" */
	char	 peer[QUEUE_NAME];	/* where a tap sends what arrives here; "" */
	unsigned index, peer_index;
	bool	 inside;
	bool	 fail_open;
	bool	 arriving, leaving;	/* what is asked for: trim_is_needed() of that direction */
	bool	 payload;		/* Auto-RP and SAP come too: trim_needs_payload() */
	/* a port: by which rules its bridge's own queries are refused, IPv4 and IPv6; "" */
	char	 mutes[2][QUEUE_RULE_NAME];
	bool	 dry_run;		/* they are counted, and pass */
};


/* The direction of what arrives at a link, or leaves there (LANGUAGE S29). */
enum direction queue_direction(const struct queue_link *link, enum queue_hook hook);

/* How packets come to the queue. */
enum queue_means {
	QUEUE_BY_STATEMENT,	/* the statement `queue` of nftables */
	QUEUE_BY_TARGET,	/* the NFQUEUE target of xtables, in weir's own table of nftables */
	QUEUE_BY_TAP,		/* no NFQUEUE: dropped by nftables, heard and sent again by a tap */
	QUEUE_BY_NONE,
};

struct queue_plan {
	const struct queue_link *links;
	size_t			 n;
	uint16_t		 number;	/* 0: QUEUE_NUMBER */
	enum queue_means	 means;		/* for queue_open() */
};

/* Asks the kernel, and changes nothing.  `why` says in a line what is there and what is not.
 * WEIR_QUEUE=tap in the environment takes the tap all the same. */
enum queue_means queue_probe(char why[QUEUE_WHY]);

/* 0, or -EINVAL where packets would go past the queue on one of the links, or -ENOTSUP where
 * the means cannot serve it; `why` says which link, which setting, and what it must be. */
int queue_check(const struct queue_plan *plan, enum queue_means means, char why[QUEUE_WHY]);

/* What the judge needs, as descriptors that can be passed on; -1: none.  A tap's socket is
 * `closed`, and there is no `open` then. */
struct queue_ports {
	int closed, open;	/* netlink: the queue that fails closed, and the one that fails open */
	int raw4, raw6;		/* to send Register-Stops */
};
/* -EBUSY: another process listens to one of these queues. */
int queue_open(const struct queue_plan *plan, struct queue_ports *out);
void queue_close(struct queue_ports *ports);

/* The rules, all at once or none; counters that are there go on.  On a negative errno the old
 * rules stand, and `why` says why. */
int queue_install(const struct queue_plan *plan, enum queue_means means, char why[QUEUE_WHY]);
/* Takes them out, counters included.  0 also where there are none. */
int queue_remove(void);

/* By how much a counter of the judge's has grown; whoever holds the sums knows it by its number. */
struct queue_growth {
	uint32_t row, hits;
	uint64_t bytes;
};

/* Adds them to the sums; false where it knows no such counter, and has added nothing. */
typedef bool queue_grown_fn(void *context, const struct queue_growth *rows, size_t n);

/* Hands one datagram of the judge's answers to the kernel, and what they count to `grown`: a packet
 * is answered and counted, or neither, whenever the judge dies.  -EBADMSG where it holds anything
 * but verdicts for these queues and counters that are known: the judge is not to be trusted any
 * more.  0 bytes: -EPIPE. */
int queue_relay(const struct queue_ports *ports, const struct queue_plan *plan, int questions,
		queue_grown_fn *grown, void *context);

/* The judge is dead and the ports are open still: packets that it took and did not answer pass or
 * go, as their queue says.  Those that wait are left to the next judge; with `all` they are
 * answered, too. */
void queue_settle(const struct queue_ports *ports, const struct queue_plan *plan, bool all);

/* Packets and bytes that met the rule before the queue, ever since the rules were first
 * installed: offered = judged + bypassed, where bypassed are those that nobody listened to. */
typedef void queue_offered_fn(void *context, const char *link, enum queue_hook hook,
			      uint64_t packets, uint64_t bytes);
int queue_offered(queue_offered_fn *each, void *context);

/* Queries of bridges that rules of the kernel refused, ever since. */
typedef void queue_muted_fn(void *context, const char *link, const char *rule, uint64_t packets,
			    uint64_t bytes);
int queue_muted(queue_muted_fn *each, void *context);

/* --- the judge --- */

struct queue_link_counts {
	uint64_t judged[QUEUE_HOOK_COUNT];
	uint64_t passed, dropped, rewritten;
};

struct queue_counts {
	const struct queue_link_counts *links;	/* as in the plan */
	uint64_t unknown;		/* packets of no link that is in the plan */
	uint64_t stops, stops_failed;	/* Register-Stops sent, and that could not be sent */
	uint64_t lost;			/* times that the kernel said a packet did not fit */
};

struct queue;

/* Borrows the ports and copies the plan.  `answers` -1: it sends its verdicts itself. */
int queue_new(const struct queue_plan *plan, const struct queue_ports *ports, int answers,
	      struct queue **out);
void queue_free(struct queue *queue);

/* What the answers of a datagram count goes with them: `tell` writes what has grown since it was
 * asked last, at most so much, and is asked again where it wrote as much.  Without, nobody is
 * told. */
typedef size_t queue_tell_fn(void *context, struct queue_growth *out, size_t max);
void queue_tells(struct queue *queue, queue_tell_fn *tell, void *context);

/* Judges what waits, at most some hundred packets, and answers all of them; `trims` are by
 * link, as in the plan.  Never waits.  How many there were, or a negative errno. */
int queue_turn(struct queue *queue, struct trim *const *trims, struct mtime now);

const struct queue_counts *queue_counts(const struct queue *queue);

#endif
