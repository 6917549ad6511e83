/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper's part of MSDP: sockets for the speaker, and messages between it and the others, which
 * pass through unread. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/run_keeper.h"
#include "enforce/steer.h"
#include "os/tcp_socket.h"
#include "wire/msdp.h"

/* From one child to another, unread. */
void keeper_pass_on(struct keeper_state *k, enum child_name to, const struct message *message,
		    int payload)
{
	if (k->children[to].pid != 0)
		message_send(k->children[to].fd, message, payload);
	else if (payload >= 0)
		close(payload);
}

void keeper_give_ruling(struct keeper_state *k)
{
	const struct message message = { .kind = MESSAGE_RULING, .generation = k->generation };

	if (k->children[CHILD_SPEAKER].pid != 0 && k->ruling.n > 0)
		message_send_text(k->children[CHILD_SPEAKER].fd, &message, &k->ruling);
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

/* Nobody answers any more: an answer without words. */
void keeper_refuse_questions(struct keeper_state *k)
{
	for (size_t i = 0; i < ASKED_MAX; i++) {
		const struct message message = { .kind = MESSAGE_ASK, .id = k->asked[i],
						 .error = -EPIPE };

		if (k->asked[i] != 0)
			keeper_tell(k, CHILD_CLERK, &message);
		k->asked[i] = 0;
	}
}

static struct tcp_options tcp_options_of(const struct keeper_state *k, const struct conf_peer *peer)
{
	const struct conf_msdp *msdp = &k->options->conf->msdp;
	const char *key = k->keys[peer - msdp->peers];

	return (struct tcp_options){ .local = peer->local, .remote = peer->remote,
				     .port = MSDP_PORT,
				     .password = key[0] ? key : peer->password, .hops = peer->hops,
				     .is_transparent = msdp->is_transparent };
}

/* The first line of each peer's password file.  0 or negative errno. */
int keeper_read_keys(struct keeper_state *k)
{
	const struct conf_msdp *msdp = &k->options->conf->msdp;

	for (size_t i = 0; i < msdp->peer_count; i++) {
		const char *name = msdp->peers[i].password_file;
		FILE *file = name ? fopen(name, "re") : NULL;
		bool good = file && fgets(k->keys[i], sizeof(k->keys[i]), file);

		if (file)
			fclose(file);
		k->keys[i][strcspn(k->keys[i], "\r\n")] = '\0';
		if (name && (!good || !k->keys[i][0])) {
			run_say("cannot read the password in %s", name);
			return -EINVAL;
		}
	}
	return 0;
}

static void connect_asked(struct keeper_state *k, const struct message *message)
{
	const struct conf_msdp *msdp = &k->options->conf->msdp;
	struct message reply = { .kind = MESSAGE_CONNECT, .number = message->number,
				 .error = -EINVAL };
	struct tcp_options options;
	int fd = -1;

	if (message->number < msdp->peer_count) {
		options = tcp_options_of(k, &msdp->peers[message->number]);
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

/* One listener an address, for all peers that may come to it. */
static void give_listener(struct keeper_state *k, size_t first)
{
	const struct message message = { .kind = MESSAGE_LISTEN };
	const struct conf_msdp *msdp = &k->options->conf->msdp;
	struct tcp_options peers[CONF_PEERS_MAX];
	char address[ADDR_TEXT];
	size_t n = 0;
	int fd;

	for (size_t i = first; i < msdp->peer_count; i++)
		if (addr_equal(msdp->peers[i].local, msdp->peers[first].local))
			peers[n++] = tcp_options_of(k, &msdp->peers[i]);
	fd = tcp_listen(peers, n);
	if (fd < 0)
		run_say("cannot listen for MSDP at %s: %s", addr_text(peers[0].local, address),
			strerror(-fd));
	else
		message_send(k->children[CHILD_SPEAKER].fd, &message, fd);
}

void keeper_give_listeners(struct keeper_state *k)
{
	const struct conf_msdp *msdp = &k->options->conf->msdp;

	for (size_t i = 0; i < msdp->peer_count; i++) {
		size_t first = 0;

		while (!addr_equal(msdp->peers[first].local, msdp->peers[i].local))
			first++;
		if (first == i)
			give_listener(k, i);
	}
}

int keeper_steer(const struct keeper_state *k)
{
	const struct conf_msdp *msdp = &k->options->conf->msdp;
	char why[STEER_WHY] = "";
	int error;

	if (!msdp->is_transparent)
		return 0;
	error = steer_install(msdp->peers[0].remote, msdp->peers[1].remote, MSDP_PORT, why);
	if (error < 0)
		run_say("the MSDP relay cannot be transparent: %s", why);
	return error;
}

int keeper_leave_steering(const struct keeper_state *k)
{
	return k->options->conf->msdp.is_transparent ? steer_remove() : 0;
}
