/* SPDX-License-Identifier: BSD-2-Clause */
/* One MSDP peering as a state machine: RFC 3618 11 (states and events), 5 (timers).  Who knows
 * sockets tells it what happened, and asks what is to be done.  Knows no TLV and no policy. */
#ifndef WEIR_RELAY_SESSION_H
#define WEIR_RELAY_SESSION_H

#include "base/mtime.h"
#include "net/addr.h"

/* RFC 3618 5.4-5.6: the recommended times, in seconds. */
#define SESSION_HOLD_S 75
#define SESSION_KEEPALIVE_S 60
#define SESSION_RETRY_S 30

enum session_state {
	SESSION_DISABLED, SESSION_INACTIVE, SESSION_LISTEN, SESSION_CONNECTING,
	SESSION_ESTABLISHED,
	SESSION_STATE_COUNT
};

/* Why a connection ended, or never came to be. */
enum session_end {
	SESSION_END_NONE,
	SESSION_END_CLOSED,		/* by the peer, or by TCP */
	SESSION_END_HOLD,		/* E8: nothing heard for the hold time */
	SESSION_END_FORMAT,		/* E9: a TLV that contradicts itself */
	SESSION_END_STALLED,		/* the peer takes nothing in */
	SESSION_END_DISABLED,		/* E7: by the operator */
	SESSION_END_REPLACED,		/* a newer connection of the same peer */
	SESSION_END_TIMEOUT,		/* E6: no connection within the retry time */
	SESSION_END_ATTEMPT,		/* it could not be connected to */
	SESSION_END_CLEARED,		/* by the operator, to begin anew */
	SESSION_END_REMOVED,		/* it is no peer any more */
	SESSION_END_RENEWED,		/* its key or TTL security is another */
	SESSION_END_COUNT
};

/* What the world is to do next. */
enum session_want {
	SESSION_WANT_NOTHING,
	SESSION_WANT_CONNECT,		/* A2: open a connection */
	SESSION_WANT_ABORT,		/* give up the attempt that is under way */
	SESSION_WANT_CLOSE,		/* A8: close the connection */
	SESSION_WANT_KEEPALIVE,		/* send one */
};

struct session_timing {
	uint16_t hold_s, keepalive_s, retry_s;
};

struct session {
	enum session_state    state;
	enum session_end      end;		/* of the last connection */
	bool		      active;		/* 11: the lower address connects */
	struct session_timing timing;
	struct mtime	      since;		/* of the state */
	struct mtime	      heard_at, sent_at, retry_at;
	uint32_t	      established;	/* how often it came up */
};

/* Disabled.  A timing of 0 is the recommended one. */
void session_init(struct session *session, struct addr local, struct addr remote,
		  struct session_timing timing);

/* Other times, from now on. */
void session_set_timing(struct session *session, struct session_timing timing);

/* E1, with E2 or E3 at once; E7.  Both do nothing where it is so already. */
void session_enable(struct session *session, struct mtime now);
void session_disable(struct session *session, struct mtime now);

/* E4, E5: a connection stands.  The world closes an older one of the same peer. */
void session_up(struct session *session, struct mtime now);
/* The connection, or the attempt, is gone.  The side that connects tries again after the
 * ConnectRetry time, the other listens at once. */
void session_down(struct session *session, enum session_end end, struct mtime now);

/* Any TLV sets the hold timer (5.4), any that is sent the keepalive timer (5.5). */
void session_heard(struct session *session, struct mtime now);
void session_sent(struct session *session, struct mtime now);

/* The timers at work: what is due, once for each time that it is due.  SESSION_WANT_CLOSE
 * stays wanted until session_down(). */
enum session_want session_settle(struct session *session, struct mtime now);
/* When session_settle() will want something; INT64_MAX for never. */
struct mtime session_deadline(const struct session *session);

const char *session_state_name(enum session_state state);
const char *session_end_name(enum session_end end);

#endif
