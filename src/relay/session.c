/* SPDX-License-Identifier: BSD-2-Clause */
/* The peer state machine of RFC 3618 11.  Two departures, both for the sake of the network: after
 * an error the state is INACTIVE at once and not DISABLED until somebody enables it, and the
 * active side waits the ConnectRetry time after every loss, so that a peer which resets each
 * session is not called without a pause.  Knows no TLV and no policy. */
#include "relay/session.h"

static void enter(struct session *s, enum session_state state, struct mtime now)
{
	s->state = state;
	s->since = now;
}

void session_init(struct session *session, struct addr local, struct addr remote,
		  struct session_timing timing)
{
	*session = (struct session){
		.state = SESSION_DISABLED,
		.active = addr_order(local, remote) < 0,		/* 11: E2 against E3 */
	};
	session_set_timing(session, timing);
}

void session_set_timing(struct session *session, struct session_timing timing)
{
	session->timing = (struct session_timing){
		.hold_s = timing.hold_s ? timing.hold_s : SESSION_HOLD_S,
		.keepalive_s = timing.keepalive_s ? timing.keepalive_s : SESSION_KEEPALIVE_S,
		.retry_s = timing.retry_s ? timing.retry_s : SESSION_RETRY_S,
	};
}

/* INACTIVE lasts for the active side only: the passive one listens. */
static void rest(struct session *s, struct mtime retry_at, struct mtime now)
{
	enter(s, s->active ? SESSION_INACTIVE : SESSION_LISTEN, now);
	s->retry_at = retry_at;
}

void session_enable(struct session *session, struct mtime now)
{
	if (session->state == SESSION_DISABLED)
		rest(session, now, now);
}

void session_disable(struct session *session, struct mtime now)
{
	if (session->state == SESSION_DISABLED)
		return;
	session->end = SESSION_END_DISABLED;
	enter(session, SESSION_DISABLED, now);
}

void session_up(struct session *session, struct mtime now)
{
	enter(session, SESSION_ESTABLISHED, now);
	session->established++;
	session->heard_at = now;
	/* A4, A5: a KeepAlive goes out at once, so the timer has run out already. */
	session->sent_at.ns = now.ns - session->timing.keepalive_s * NS_PER_S;
}

void session_down(struct session *session, enum session_end end, struct mtime now)
{
	session->end = end;
	if (session->state == SESSION_DISABLED)
		return;
	rest(session, (struct mtime){ now.ns + session->timing.retry_s * NS_PER_S }, now);
}

void session_heard(struct session *session, struct mtime now)
{
	session->heard_at = now;
}

void session_sent(struct session *session, struct mtime now)
{
	session->sent_at = now;
}

static int64_t hold_ends(const struct session *s)
{
	return s->heard_at.ns + s->timing.hold_s * NS_PER_S;
}

static int64_t silence_ends(const struct session *s)
{
	return s->sent_at.ns + s->timing.keepalive_s * NS_PER_S;
}

enum session_want session_settle(struct session *session, struct mtime now)
{
	switch (session->state) {
	case SESSION_INACTIVE:
		if (now.ns < session->retry_at.ns)
			return SESSION_WANT_NOTHING;
		enter(session, SESSION_CONNECTING, now);
		session->retry_at.ns = now.ns + session->timing.retry_s * NS_PER_S;
		return SESSION_WANT_CONNECT;
	case SESSION_CONNECTING:
		if (now.ns < session->retry_at.ns)
			return SESSION_WANT_NOTHING;
		session->end = SESSION_END_TIMEOUT;			/* E6 */
		rest(session, now, now);
		return SESSION_WANT_ABORT;
	case SESSION_ESTABLISHED:
		if (now.ns >= hold_ends(session))
			return SESSION_WANT_CLOSE;			/* E8 */
		if (now.ns < silence_ends(session))
			return SESSION_WANT_NOTHING;
		session_sent(session, now);
		return SESSION_WANT_KEEPALIVE;
	default:
		return SESSION_WANT_NOTHING;
	}
}

struct mtime session_deadline(const struct session *session)
{
	int64_t hold = hold_ends(session), silence = silence_ends(session);

	switch (session->state) {
	case SESSION_INACTIVE:
	case SESSION_CONNECTING:
		return session->retry_at;
	case SESSION_ESTABLISHED:
		return (struct mtime){ hold < silence ? hold : silence };
	default:
		return (struct mtime){ INT64_MAX };
	}
}

const char *session_state_name(enum session_state state)
{
	static const char *const names[SESSION_STATE_COUNT] = {
		"disabled", "inactive", "listen", "connecting", "established",
	};

	return names[state];
}

const char *session_end_name(enum session_end end)
{
	static const char *const names[SESSION_END_COUNT] = {
		"none", "closed", "hold-timer", "format-error", "stalled", "disabled", "replaced",
		"connect-timeout", "connect-failed", "cleared", "removed", "renewed",
	};

	return names[end];
}
