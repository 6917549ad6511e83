/* SPDX-License-Identifier: BSD-2-Clause */
/* The control socket: one line of JSON comes, one goes.  Anybody who may open the socket may ask how
 * it stands; only root, or who began the daemon, may change anything.  unix(7). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "daemon/bundle.h"
#include "daemon/run_clerk.h"
#include "os/clock.h"

#define LINE_BYTES_MAX (2 * BUNDLE_BYTES_MAX)
#define PATIENCE_NS (60 * NS_PER_S)	/* of a client that asks nothing, or for an answer */
#define CONFIRM_MAX_S 86400

static struct client *find(struct clerk_state *c, uint64_t id)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (c->clients[i].fd >= 0 && c->clients[i].id == id)
			return &c->clients[i];
	return NULL;
}

static void lose(struct clerk_state *c, struct client *client)
{
	loop_drop(&c->loop, client->fd);
	close(client->fd);
	text_release(&client->line);
	*client = (struct client){ .fd = -1 };
}

void control_answer(struct clerk_state *c, uint64_t id, json_t *object)
{
	struct client *client = find(c, id);
	char *line = client ? json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	size_t n = line ? strlen(line) : 0, at = 0;

	if (line)
		line[n++] = '\n';		/* in place of its NUL */
	while (line && at < n) {
		ssize_t sent = send(client->fd, line + at, n - at, MSG_NOSIGNAL);

		if (sent < 0 && errno != EINTR)
			break;
		at += sent > 0 ? (size_t)sent : 0;
	}
	free(line);
	json_decref(object);
	if (client)
		lose(c, client);
}

void control_refuse(struct clerk_state *c, uint64_t id, int status, const char *problem)
{
	json_t *object = json_pack("{s:i}", "status", status);

	json_object_set_new(object, "problem", json_stringn(problem, strlen(problem)));
	control_answer(c, id, object);
}

/* The judge begins just now: a command asks again by itself. */
static void refuse_for_now(struct clerk_state *c, uint64_t id)
{
	control_answer(c, id, json_pack("{s:i, s:b, s:s}", "status", 3, "again", 1, "problem",
					"the judge begins just now; ask again"));
}

/* --- what can be asked --- */

static void ask_status(struct clerk_state *c, struct client *client, json_t *request)
{
	struct message message = { .kind = MESSAGE_STATUS, .id = client->id };

	(void)request;
	client->asks_judge = true;
	if (c->judge < 0 || message_send(c->judge, &message, -1) < 0)
		refuse_for_now(c, client->id);
}

/* They say what a policy would have changed, which is told when it is in force: it does not wait for
 * them. */
static void send_flows(struct clerk_state *c, uint64_t id)
{
	const struct message message = { .kind = MESSAGE_FLOWS, .id = id };
	json_t *flows = keep_flows(c);
	char *line = json_dumps(flows, JSON_COMPACT);
	int payload = line ? payload_of(line, strlen(line)) : -1;

	message_send(c->judge, &message, payload < 0 ? -1 : payload);
	free(line);
	json_decref(flows);
}

/* By the clock of the machine, which the command has read, too, when it began. */
static int64_t begun_at(const struct client *client, const json_t *request)
{
	json_int_t begun_ns = json_integer_value(json_object_get(request, "begun_ns"));

	if (begun_ns <= 0 || begun_ns > client->asked_ns ||
	    client->asked_ns - begun_ns > PATIENCE_NS)
		return client->asked_ns;
	return begun_ns;
}

static void ask_apply(struct clerk_state *c, struct client *client, json_t *request)
{
	json_int_t confirm_s = json_integer_value(json_object_get(request, "confirm"));
	struct message message = { .kind = MESSAGE_APPLY, .id = client->id };

	if (confirm_s < 0 || confirm_s > CONFIRM_MAX_S) {
		control_refuse(c, client->id, 2, "a time to confirm is at most a day");
		return;
	}
	message.number = (uint64_t)confirm_s;
	snprintf(message.text, sizeof(message.text), "%lld", (long long)begun_at(client, request));
	client->asks_judge = true;
	if (c->judge < 0 || message_send_text(c->judge, &message, &client->line) < 0)
		refuse_for_now(c, client->id);
	else
		send_flows(c, client->id);
}

/* On the disk first: a confirmed policy is what a restart loads, whoever dies now. */
static void ask_confirm(struct clerk_state *c, struct client *client, json_t *request)
{
	struct message message = { .kind = MESSAGE_CONFIRM, .id = client->id,
				   .generation = c->pending_generation };

	(void)request;
	if (c->pending_generation == 0)
		control_refuse(c, client->id, 1, "nothing waits to be confirmed");
	else if (message_send(c->keeper, &message, -1) < 0)
		control_refuse(c, client->id, 3, "the keeper is gone");
}

static void ask_stop(struct clerk_state *c, struct client *client, json_t *request)
{
	const char *how = json_string_value(json_object_get(request, "rules"));
	struct message message = { .kind = MESSAGE_STOP };

	if (!how || (strcmp(how, "keep") != 0 && strcmp(how, "remove") != 0)) {
		control_refuse(c, client->id, 2, "the rules are to be kept or removed");
		return;
	}
	message.number = strcmp(how, "remove") == 0;
	message_send(c->keeper, &message, -1);
	/* the line closes when it is done: that is the answer */
}

/* The speaker answers, by way of the keeper. */
static void ask_speaker(struct clerk_state *c, struct client *client, json_t *request)
{
	struct message message = { .kind = MESSAGE_ASK, .id = client->id };
	struct text text = { 0 };
	char *line;

	line = json_dumps(request, JSON_COMPACT);
	text_put(&text, line ? line : "{}");
	if (message_send_text(c->keeper, &message, &text) < 0)
		control_refuse(c, client->id, 3, "the keeper is gone");
	text_release(&text);
	free(line);
}

static const struct request {
	const char *command;
	bool	    changes;
	void (*ask)(struct clerk_state *, struct client *, json_t *);
} requests[] = {
	{ "status", false, ask_status },
	{ "apply", true, ask_apply },
	{ "confirm", true, ask_confirm },
	{ "stop", true, ask_stop },
	{ "msdp", false, ask_speaker },
	{ "msdp-clear", true, ask_speaker },
};

static void ask(struct clerk_state *c, struct client *client)
{
	int64_t now_ns = clock_steady().ns;
	json_t *request = json_loadb(client->line.p, client->line.n, JSON_REJECT_DUPLICATES, NULL);
	const char *command = json_string_value(json_object_get(request, "command"));
	const struct request *row = NULL;

	client->is_asked = true;
	client->asked_ns = now_ns;
	client->until_ns = now_ns + PATIENCE_NS;
	for (size_t i = 0; i < COUNT(requests) && command; i++)
		if (strcmp(requests[i].command, command) == 0)
			row = &requests[i];
	if (!row)
		control_refuse(c, client->id, 2, "this is no request that this weir knows");
	else if (row->changes && client->uid != 0 && client->uid != c->options->own_uid)
		control_refuse(c, client->id, 3, "only root may do that");
	else
		row->ask(c, client, request);
	json_decref(request);
}

/* --- clients --- */

static void hear_client(void *context, int fd)
{
	struct clerk_state *c = context;
	struct client *client = NULL;
	char buffer[16384];
	ssize_t n;

	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (c->clients[i].fd == fd)
			client = &c->clients[i];
	if (!client)
		return;
	n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || client->is_asked || client->line.n + (size_t)n > LINE_BYTES_MAX) {
		lose(c, client);
		return;
	}
	text_put_n(&client->line, buffer, (size_t)n);
	if (memchr(buffer, '\n', (size_t)n))
		ask(c, client);
}

static void hear_listener(void *context, int fd)
{
	static const struct timeval patience = { .tv_sec = 2 };
	struct clerk_state *c = context;
	int client_fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	struct ucred who = { 0 };
	socklen_t n = sizeof(who);
	struct client *client = NULL;

	if (client_fd < 0)
		return;
	for (size_t i = 0; i < CLIENTS_MAX && !client; i++)
		if (c->clients[i].fd < 0)
			client = &c->clients[i];
	if (!client || getsockopt(client_fd, SOL_SOCKET, SO_PEERCRED, &who, &n) != 0) {
		close(client_fd);
		return;
	}
	setsockopt(client_fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	*client = (struct client){ .fd = client_fd, .uid = who.uid, .id = ++c->next_id,
				   .until_ns = clock_steady().ns + PATIENCE_NS };
	if (loop_add(&c->loop, client_fd, hear_client, c) < 0) {
		close(client_fd);
		*client = (struct client){ .fd = -1 };
	}
}

void control_judge_gone(struct clerk_state *c)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (c->clients[i].fd >= 0 && c->clients[i].asks_judge)
			refuse_for_now(c, c->clients[i].id);
}

int64_t control_deadline(const struct clerk_state *c)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (c->clients[i].fd >= 0 && c->clients[i].until_ns < next)
			next = c->clients[i].until_ns;
	return next;
}

void control_expire(struct clerk_state *c)
{
	int64_t now_ns = clock_steady().ns;

	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (c->clients[i].fd >= 0 && now_ns >= c->clients[i].until_ns)
			control_refuse(c, c->clients[i].id, 3, "this took too long");
}

void control_begin(struct clerk_state *c)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		c->clients[i].fd = -1;
	loop_add(&c->loop, c->options->listener, hear_listener, c);
}

void control_end(struct clerk_state *c)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (c->clients[i].fd >= 0)
			lose(c, &c->clients[i]);
}
