/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper's part of MSDP: sockets for the speaker, and messages between it and the others, which
 * pass through unread. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "daemon/msdp_plan.h"
#include "daemon/run_keeper.h"
#include "enforce/steer.h"
#include "os/tcp_socket.h"
#include "wire/msdp.h"

/* A listening socket stays the keeper's too, for the keys of its peers may change. */
struct msdp_listener {
	struct addr local;
	int	    fd;			/* 0: none */
};

/* The peers in force; those of the start; those that the next ruling brings, with the text of their
 * configuration; and where that is to be confirmed, what was before. */
struct keeper_msdp {
	struct msdp_plan     now, first, staged, before;
	struct text	     conf_staged, conf_before, ruling_before;
	bool		     is_staged, has_before;
	bool		     told_deaf;	/* that it cannot listen somewhere */
	struct msdp_listener listeners[CONF_PEERS_MAX];
};

static void give_listener(struct keeper_state *k, size_t at);

/* From one child to another, unread. */
void keeper_pass_on(struct keeper_state *k, enum child_name to, const struct message *message,
		    int payload)
{
	if (k->children[to].pid != 0)
		message_send(k->children[to].fd, message, payload);
	else if (payload >= 0)
		close(payload);
}

static void give_ruling(struct keeper_state *k)
{
	const struct message message = { .kind = MESSAGE_RULING, .generation = k->generation };

	if (k->children[CHILD_SPEAKER].pid != 0 && k->ruling.n > 0)
		message_send_text(k->children[CHILD_SPEAKER].fd, &message, &k->ruling);
}

void keeper_brief_speaker(struct keeper_state *k)
{
	for (size_t i = 0; i < CONF_PEERS_MAX; i++)
		if (k->msdp->listeners[i].fd > 0)
			give_listener(k, i);
	give_ruling(k);
}

/* Puts one id in the place of another. */
void keeper_note_question(struct keeper_state *k, uint64_t from, uint64_t to)
{
	for (size_t i = 0; i < ASKED_MAX; i++)
		if (k->asked[i] == from) {
			k->asked[i] = to;
			return;
		}
}

/* Nobody answers any more, or ever: an answer without words. */
void keeper_refuse_questions(struct keeper_state *k, int error)
{
	for (size_t i = 0; i < ASKED_MAX; i++) {
		const struct message message = { .kind = MESSAGE_ASK, .id = k->asked[i],
						 .error = error };

		if (k->asked[i] != 0)
			keeper_tell(k, CHILD_CLERK, &message);
		k->asked[i] = 0;
	}
}

/* --- keys --- */

/* The first line of a file, and of nothing that could make us wait. */
static bool read_key(const char *name, char out[MSDP_KEY_MAX + 1])
{
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char line[MSDP_KEY_MAX + 3] = "";
	struct stat status;
	ssize_t got = -1;
	bool good;
	size_t n;

	if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		got = read(fd, line, sizeof(line) - 1);
	if (fd >= 0)
		close(fd);
	n = strcspn(line, "\r\n");
	good = got > 0 && n > 0 && n <= MSDP_KEY_MAX;
	if (good) {
		memcpy(out, line, n);
		out[n] = '\0';
	}
	explicit_bzero(line, sizeof(line));
	return good;
}

static bool was_named_at_start(const struct keeper_state *k, const char *name)
{
	for (uint32_t i = 0; i < k->msdp->first.n; i++)
		if (strcmp(k->msdp->first.peers[i].key_file, name) == 0)
			return true;
	return false;
}

/* The judge names files; those below the configuration's folder are meant. */
static int read_keys(struct keeper_state *k, struct msdp_plan *plan, char problem[MESSAGE_TEXT])
{
	for (uint32_t i = 0; i < plan->n; i++) {
		struct msdp_socket *peer = &plan->peers[i];

		if (!peer->key_file[0])
			continue;
		if (!was_named_at_start(k, peer->key_file) && !keeper_is_below(k, peer->key_file)) {
			snprintf(problem, MESSAGE_TEXT, "the password file %s is not there, or not in the "
				 "folder of the configuration or the policy", peer->key_file);
			return -EACCES;
		}
		if (!read_key(peer->key_file, peer->key)) {
			snprintf(problem, MESSAGE_TEXT, "the first line of %s is no password of 1 to %d "
				 "bytes, or cannot be read", peer->key_file, MSDP_KEY_MAX);
			return -EINVAL;
		}
	}
	return 0;
}

int keeper_msdp_begin(struct keeper_state *k)
{
	char problem[MESSAGE_TEXT] = "";
	struct keeper_msdp *m = k->msdp = memory_take(sizeof(*k->msdp));
	int error;

	msdp_plan_of(&k->options->conf->msdp, &m->first);
	error = read_keys(k, &m->first, problem);
	if (error < 0)
		run_say("%s", problem);
	m->now = m->first;
	return error;
}

/* A child has no use for keys. */
void keeper_msdp_forget(struct keeper_state *k)
{
	struct keeper_msdp *m = k->msdp;

	if (!m)
		return;
	for (size_t i = 0; i < CONF_PEERS_MAX; i++)
		if (m->listeners[i].fd > 0)
			close(m->listeners[i].fd);
	text_release(&m->conf_staged);
	text_release(&m->conf_before);
	text_release(&m->ruling_before);
	explicit_bzero(m, sizeof(*m));
	free(m);
	k->msdp = NULL;
}

bool keeper_has_msdp(const struct keeper_state *k)
{
	return k->msdp->now.n > 0;
}

/* --- sockets --- */

static void connect_asked(struct keeper_state *k, const struct message *message)
{
	struct message reply = { .kind = MESSAGE_CONNECT, .error = -EINVAL };
	const struct msdp_socket *peer;
	struct tcp_options options;
	struct msdp_pair pair;
	int fd = -1;

	memcpy(&pair, message->text, sizeof(pair));
	peer = msdp_plan_peer(&k->msdp->now, pair.local, pair.remote);
	if (peer) {
		options = msdp_plan_options(&k->msdp->now, peer);
		fd = tcp_connect(&options);
		reply.error = fd < 0 ? fd : 0;
	}
	message_send(k->children[CHILD_SPEAKER].fd, &reply, fd);
}

void keeper_hear_speaker(struct keeper_state *k, const struct message *message, int payload)
{
	if (message->kind == MESSAGE_CONNECT) {
		connect_asked(k, message);
	} else if (message->kind == MESSAGE_COUNTS && payload >= 0) {
		text_reset(&k->msdp_counts);
		payload_read(payload, &k->msdp_counts);
		return;
	} else if (message->kind == MESSAGE_ASK || message->kind == MESSAGE_NOTICE ||
		   message->kind == MESSAGE_PEERS) {
		if (message->kind == MESSAGE_ASK)
			keeper_note_question(k, message->id, 0);
		keeper_pass_on(k, CHILD_CLERK, message, payload);
		return;
	}
	if (payload >= 0)
		close(payload);
}

/* The options of all peers that come to one address. */
static size_t options_at(const struct msdp_plan *plan, struct addr local,
			 struct tcp_options out[CONF_PEERS_MAX])
{
	size_t n = 0;

	for (uint32_t i = 0; i < plan->n; i++)
		if (addr_equal(plan->peers[i].local, local))
			out[n++] = msdp_plan_options(plan, &plan->peers[i]);
	return n;
}

/* The speaker's copy; it waits where there is none yet. */
static void give_listener(struct keeper_state *k, size_t at)
{
	const struct message message = { .kind = MESSAGE_LISTEN };
	int copy;

	if (k->children[CHILD_SPEAKER].pid == 0)
		return;
	copy = fcntl(k->msdp->listeners[at].fd, F_DUPFD_CLOEXEC, 3);
	if (copy >= 0)
		message_send(k->children[CHILD_SPEAKER].fd, &message, copy);
}

/* One listener an address, for all peers that may come to it. */
static void open_listener(struct keeper_state *k, struct addr local)
{
	struct tcp_options peers[CONF_PEERS_MAX];
	struct keeper_msdp *m = k->msdp;
	size_t n = options_at(&m->now, local, peers), at = 0;
	char address[ADDR_TEXT];
	int fd = tcp_listen(peers, n);

	if (fd < 0 && !m->told_deaf)
		run_say("cannot listen for MSDP at %s: %s; it is tried again and again",
			addr_text(local, address), strerror(-fd));
	m->told_deaf = fd < 0;
	if (fd < 0)
		return;
	while (m->listeners[at].fd > 0)
		at++;
	m->listeners[at] = (struct msdp_listener){ local, fd };
	give_listener(k, at);
}

/* The speaker closes its copy when it hears of the new peers; nothing comes in any more from now. */
static void close_listener(struct msdp_listener *listener)
{
	shutdown(listener->fd, SHUT_RDWR);
	close(listener->fd);
	listener->fd = 0;
}

static bool listens_at(const struct keeper_msdp *m, struct addr local)
{
	for (size_t i = 0; i < CONF_PEERS_MAX; i++)
		if (m->listeners[i].fd > 0 && addr_equal(m->listeners[i].local, local))
			return true;
	return false;
}

void keeper_open_listeners(struct keeper_state *k)
{
	const struct msdp_plan *now = &k->msdp->now;

	for (uint32_t i = 0; k->ruling.n > 0 && i < now->n; i++)
		if (!listens_at(k->msdp, now->peers[i].local))
			open_listener(k, now->peers[i].local);
}

/* Sockets for the peers of now; `old` are those before. */
static void follow_listeners(struct keeper_state *k, const struct msdp_plan *old)
{
	struct tcp_options before[CONF_PEERS_MAX], peers[CONF_PEERS_MAX];
	struct keeper_msdp *m = k->msdp;

	for (size_t i = 0; i < CONF_PEERS_MAX; i++) {
		struct msdp_listener *l = &m->listeners[i];
		size_t n;

		if (l->fd <= 0)
			continue;
		n = options_at(&m->now, l->local, peers);
		if (n == 0)
			close_listener(l);
		else if (tcp_listen_again(l->fd, before, options_at(old, l->local, before), peers,
					  n) < 0)
			run_say("cannot change the passwords of MSDP peers at a listening socket");
	}
	keeper_open_listeners(k);
}

/* --- other peers --- */

static bool same_pair(const struct msdp_plan *a, const struct msdp_plan *b)
{
	return addr_equal(a->peers[0].remote, b->peers[0].remote) &&
	       addr_equal(a->peers[1].remote, b->peers[1].remote);
}

int keeper_steer(const struct keeper_state *k)
{
	const struct msdp_plan *now = &k->msdp->now;
	char why[STEER_WHY] = "";
	int error;

	if (!now->is_transparent)
		return 0;
	error = steer_install(now->peers[0].remote, now->peers[1].remote, MSDP_PORT, why);
	if (error < 0)
		run_say("the MSDP relay cannot be transparent: %s", why);
	return error;
}

int keeper_leave_steering(const struct keeper_state *k)
{
	return k->msdp->now.is_transparent ? steer_remove() : 0;
}

/* Sessions whose key or distance is another begin anew. */
static void renew_peers(struct keeper_state *k, const struct msdp_plan *old)
{
	for (uint32_t i = 0; i < old->n; i++) {
		const struct msdp_pair pair = { old->peers[i].local, old->peers[i].remote };
		const struct msdp_socket *new = msdp_plan_peer(&k->msdp->now, pair.local,
							       pair.remote);
		struct message message = { .kind = MESSAGE_RENEW };

		if (!new || msdp_socket_is_same(&old->peers[i], new))
			continue;
		memcpy(message.text, &pair, sizeof(pair));
		keeper_tell(k, CHILD_SPEAKER, &message);
	}
}

static void follow_peers(struct keeper_state *k)
{
	struct keeper_msdp *m = k->msdp;
	struct msdp_plan *old = memory_take(sizeof(*old));
	bool anew = msdp_plan_begins_anew(&m->now, &m->staged);

	*old = m->now;
	m->now = m->staged;
	m->is_staged = false;
	if (old->is_transparent && !m->now.is_transparent)
		steer_remove();
	else if (!old->is_transparent || !same_pair(old, &m->now))
		keeper_steer(k);
	for (size_t i = 0; anew && i < CONF_PEERS_MAX; i++)
		if (m->listeners[i].fd > 0)
			close_listener(&m->listeners[i]);
	if (anew)
		keeper_end_speaker(k);
	give_ruling(k);			/* first, or a new peer would be a stranger for a moment */
	follow_listeners(k, old);
	if (!anew)
		renew_peers(k, old);
	explicit_bzero(old, sizeof(*old));
	free(old);
}

/* Staged peers take effect with the ruling that follows. */
void keeper_peerings_asked(struct keeper_state *k, int payload)
{
	struct message reply = { .kind = MESSAGE_PEERINGS };
	struct keeper_msdp *m = k->msdp;
	struct text bytes = { 0 };

	text_reset(&m->conf_staged);
	if (payload < 0) {
		m->staged = m->first;
	} else if (payload_read(payload, &bytes) < 0 || bytes.n < sizeof(m->staged)) {
		reply.error = -EBADMSG;
	} else {
		memcpy(&m->staged, text_string(&bytes), sizeof(m->staged));
		text_put_n(&m->conf_staged, text_string(&bytes) + sizeof(m->staged),
			   bytes.n - sizeof(m->staged));
		if (!msdp_plan_is_good(&m->staged))
			reply.error = -EBADMSG;
	}
	if (reply.error == 0 && m->staged.n > 0 && m->first.n == 0) {
		reply.error = -EPERM;
		snprintf(reply.text, sizeof(reply.text), "begun without 'msdp', the daemon gave up the "
			 "right to its port: end it with weir stop --keep, and begin it again");
	}
	if (reply.error == 0)
		reply.error = read_keys(k, &m->staged, reply.text);
	m->is_staged = reply.error == 0;
	if (bytes.p)
		explicit_bzero(bytes.p, bytes.n);
	text_release(&bytes);
	keeper_tell(k, CHILD_JUDGE, &reply);
}

static void move_text(struct text *to, struct text *from)
{
	text_release(to);
	*to = *from;
	*from = (struct text){ 0 };
}

void keeper_ruled(struct keeper_state *k, int payload)
{
	struct keeper_msdp *m = k->msdp;
	struct text ruling = { 0 };

	if (payload >= 0)
		payload_read(payload, &ruling);
	if (k->before && !m->has_before && m->is_staged) {
		m->has_before = true;
		m->before = m->now;
		move_text(&m->ruling_before, &k->ruling);
		move_text(&m->conf_before, &k->options->conf_text);
	}
	move_text(&k->ruling, &ruling);
	if (!m->is_staged) {
		give_ruling(k);
		return;
	}
	move_text(&k->options->conf_text, &m->conf_staged);
	follow_peers(k);
}

void keeper_msdp_confirmed(struct keeper_state *k)
{
	k->msdp->has_before = false;
}

void keeper_msdp_rolled_back(struct keeper_state *k)
{
	struct keeper_msdp *m = k->msdp;

	if (!m->has_before)
		return;
	m->has_before = false;
	m->staged = m->before;
	move_text(&k->ruling, &m->ruling_before);
	move_text(&k->options->conf_text, &m->conf_before);
	follow_peers(k);
}
