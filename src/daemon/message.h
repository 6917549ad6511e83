/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon's processes tell each other: messages of one fixed size, each with at most one
 * payload, which is a sealed file in memory.  Nothing in a message is believed for coming from one
 * of us: sizes are bounded and texts end. */
#ifndef WEIR_DAEMON_MESSAGE_H
#define WEIR_DAEMON_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/text.h"
#include "net/addr.h"

enum message_kind {
	/* judge and keeper */
	MESSAGE_FILE = 1,	/* judge: a file's bytes, please (text: its name); keeper: they */
	MESSAGE_READY,		/* judge: it stands; the first policy is in force, or error */
	MESSAGE_INSTALL,	/* judge: this image (number: seconds to confirm); keeper: done (number:
				 * when, by clock_steady()) */
	MESSAGE_PIECE,		/* judge: of the image that comes next, into the kernel ahead of it */
	MESSAGE_QUEUE,		/* judge: control packets of these links (struct queue_link);
				 * keeper: what is refused, or done */
	MESSAGE_QUEUE_CHECK,	/* the same, and nothing is changed */
	MESSAGE_TALLIES,	/* judge: the names of the queue's counters (struct history_tally), by
				 * their numbers from now on; keeper: done */
	MESSAGE_SNOOP,		/* judge: ports of bridges that snoop (struct snoop_port) */
	MESSAGE_RING,		/* judge: packets of the interface `text`; keeper: its ring (text:
				 * struct packet_socket) */
	MESSAGE_DROPPED,	/* keeper: a packet that the kernel dropped (text: struct dropped) */
	MESSAGE_PORT,		/* keeper: a descriptor of the queue; number: which (enum port) */
	MESSAGE_JOINED,		/* judge: who asked for what at boundary `text`, for data in direction
				 * `number` (struct joined_row), or without a payload: what stands?;
				 * keeper: that */
	MESSAGE_NOTHING,	/* judge: the image that enforces nothing, for the end */
	MESSAGE_RELOAD,		/* keeper, clerk: the configuration again */
	MESSAGE_ROLLED_BACK,	/* keeper: `generation` was not confirmed; to both */
	MESSAGE_PEER,		/* keeper: the descriptor is a new line to the other child */
	/* clerk and judge; `id` goes with the answer */
	MESSAGE_APPLY,		/* clerk: this request (number: seconds to confirm; text: when it came);
				 * judge: the answer, as JSON */
	MESSAGE_FLOWS,		/* clerk, right behind a request to apply: the last hour's, as JSON */
	MESSAGE_STAGE,		/* judge: this bundle will be kept, if the kernel takes it */
	MESSAGE_STATUS,		/* clerk: how does it stand?; judge: JSON */
	MESSAGE_RULES,		/* judge: every rule of the policy in force, as JSON */
	MESSAGE_KEEP,		/* judge: this bundle is generation `generation` */
	MESSAGE_SAMPLE,		/* judge: for the history; clerk: it is written, or error */
	MESSAGE_NOTICE,		/* to the clerk: tell somebody; the payload is JSON */
	MESSAGE_PEERINGS,	/* judge: these MSDP peers with the next ruling (struct msdp_plan, and the
				 * configuration's text), or without a payload those of the start;
				 * keeper: it can be, or error and text */
	/* by way of the keeper, which looks at none of it */
	MESSAGE_RULING,		/* judge: the bundle and sets in force; to the speaker */
	MESSAGE_PEERS,		/* speaker: what MSDP peers have announced, for the clerk's history */
	MESSAGE_ASK,		/* clerk: about MSDP, as JSON; speaker: the answer */
	/* speaker and keeper */
	MESSAGE_LISTEN,		/* keeper: a listening socket */
	MESSAGE_CONNECT,	/* speaker: to a peer (text: struct msdp_pair); keeper: a socket, under way */
	MESSAGE_RENEW,		/* keeper: this peer's key is another (text: struct msdp_pair) */
	/* clerk and keeper */
	MESSAGE_CONFIRM,	/* clerk: `generation` stays */
	MESSAGE_OFFERED,	/* keeper: what met the rules before the queue */
	MESSAGE_COUNTS,		/* keeper: all counters; clerk: they are stored; speaker: its own */
	MESSAGE_STOP,		/* clerk: end (number: 1 takes the rules out of the kernel) */
};

enum port { PORT_CLOSED, PORT_OPEN, PORT_RAW4, PORT_RAW6, PORT_ANSWERS, PORT_COUNT };

/* The first bytes of a packet, in a message's text. */
#define DROPPED_BYTES 256
struct dropped {
	int64_t	 at_ns;
	uint32_t index, hook, length, linktype, n;	/* index: of the interface */
	uint8_t	 bytes[DROPPED_BYTES];
};

/* A peer by its two addresses, in a message's text. */
struct msdp_pair {
	struct addr local, remote;
};

#define MESSAGE_TEXT 1024
#define PAYLOAD_MAX (UINT32_C(256) << 20)

struct message {
	uint32_t kind;
	int32_t	 error;			/* 0 or negative errno */
	uint64_t id, generation, number;
	char	 text[MESSAGE_TEXT];
};

/* Two ends of a line between processes.  0 or negative errno. */
int message_line(int out_ends[2]);
/* Gives the payload's descriptor away with it, unless that is -1, and closes it in any case.
 * Waits a few seconds at most.  0 or negative errno. */
int message_send(int fd, const struct message *message, int payload);
/* Waits for one: 1, or 0 where the other end is gone, or negative errno.  *out_payload is the
 * caller's to close, -1 where there is none. */
int message_receive(int fd, struct message *out, int *out_payload);

/* True where something comes within this time, or the other end is gone. */
bool message_wait(int fd, unsigned patience_ms);

/* A sealed file in memory, or negative errno. */
int payload_of(const void *bytes, size_t n);
/* Appends all of it and closes it.  0 or negative errno; -EFBIG. */
int payload_read(int fd, struct text *out);
/* The same, for a descriptor that is -1 where there is nothing. */
int message_send_text(int fd, const struct message *message, const struct text *payload);

#endif
