/* SPDX-License-Identifier: BSD-2-Clause */
/* The clerk's process: it keeps what lasts, answers who asks at the control socket, and tells what
 * happens.  It has no right but to its folders. */
#include "daemon/run_clerk.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/run_judge_queue.h"
#include "os/clock.h"
#include "os/privilege.h"
#include "os/sandbox.h"

static json_t *parse(const struct text *text)
{
	return json_loadb(text_string(text), text->n, 0, NULL);
}

/* --- the state, in one object --- */

struct counter_sum {
	const struct history_tally *first;
	uint64_t packets, bytes;
};

/* What each hook of each interface has counted, all rules together; the queue is told apart. */
static json_t *counters_json(const struct clerk_state *c)
{
	struct counter_sum sums[256] = { 0 };
	json_t *list = json_array();
	size_t n = 0;

	for (size_t i = 0; i < c->row_count; i++) {
		const struct history_tally *row = &c->rows[i];
		size_t k = 0;

		if (strcmp(row->hook, QUEUE_HOOK) == 0)
			continue;
		while (k < n && (strcmp(sums[k].first->link, row->link) != 0 ||
				 strcmp(sums[k].first->hook, row->hook) != 0 ||
				 strcmp(sums[k].first->boundary, row->boundary) != 0))
			k++;
		if (k == COUNT(sums))
			continue;
		n += k == n;
		sums[k].first = sums[k].first ? sums[k].first : row;
		sums[k].packets += row->packets;
		sums[k].bytes += row->bytes;
	}
	for (size_t k = 0; k < n; k++)
		json_array_append_new(list, json_pack(
			"{s:s, s:s, s:s, s:s, s:I, s:I}", "boundary", sums[k].first->boundary, "interface",
			sums[k].first->link, "hook", sums[k].first->hook, "backend", sums[k].first->backend,
			"packets", (json_int_t)sums[k].packets, "bytes", (json_int_t)sums[k].bytes));
	return list;
}

static json_t *time_json(struct mtime at)
{
	char text[MTIME_TEXT];

	mtime_text(at, 3, text);
	return json_stringn(text, strlen(text));
}

/* What is in force and not on the disk: whoever asks or has changed it should know. */
static void add_unwritten(const struct clerk_state *c, json_t *object)
{
	if (c->unwritten.n > 0)
		json_object_set_new(object, "unwritten", json_integer((json_int_t)c->unwritten_generation));
}

static void put_sums(struct queue_sums sums, json_t *queue)
{
	uint64_t bypassed = sums.offered > sums.judged ? sums.offered - sums.judged : 0;

	json_object_set_new(queue, "offered", json_integer((json_int_t)sums.offered));
	json_object_set_new(queue, "judged", json_integer((json_int_t)sums.judged));
	json_object_set_new(queue, "bypassed", json_integer((json_int_t)bypassed));
	if (sums.since.ns > 0)
		json_object_set_new(queue, "since", time_json(sums.since));
}

static uint64_t passed_at(const struct clerk_state *c, const char *port)
{
	for (size_t i = 0; i < c->offered_count; i++)
		if (strcmp(c->offered[i].rule, SNOOP_PASSED) == 0 &&
		    strcmp(c->offered[i].link, port) == 0)
			return c->offered[i].packets;
	return 0;
}

/* What bridges gave to ports, and kept from them, ever since each was first counted. */
static json_t *snooping_json(const struct clerk_state *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->offered_count; i++) {
		const struct history_tally *row = &c->offered[i];
		uint64_t passed = passed_at(c, row->link);

		if (strcmp(row->rule, SNOOP_OFFERED) != 0)
			continue;
		json_array_append_new(
			list,
			json_pack("{s:s, s:I, s:I, s:I}", "interface", row->link, "offered",
				  (json_int_t)row->packets, "passed", (json_int_t)passed, "kept",
				  row->packets > passed ? (json_int_t)(row->packets - passed)
							: (json_int_t)0));
	}
	return list;
}

static void add_own(struct clerk_state *c, json_t *object)
{
	json_t *history = json_object(), *queue = json_object_get(object, "queue");

	put_sums(keep_queue_sums(c), queue);
	json_object_set_new(object, "schema", json_stringn("weir-status/1", 13));
	json_object_set_new(object, "version", json_stringn(WEIR_VERSION, strlen(WEIR_VERSION)));
	json_object_set_new(object, "since", time_json(c->begun));
	json_object_set_new(object, "dry_run", json_boolean(c->options->is_dry_run));
	if (c->pending_generation > 0)
		json_object_set_new(object, "pending", json_pack(
			"{s:I, s:I}", "generation", (json_int_t)c->pending_generation, "seconds",
			(json_int_t)((c->pending_ns - clock_steady().ns) / NS_PER_S)));
	json_object_set_new(object, "counters", counters_json(c));
	json_object_set_new(object, "snooping", snooping_json(c));
	if (c->counted.ns > 0)
		json_object_set_new(object, "counted", time_json(c->counted));
	json_object_set_new(history, "file",
			    json_stringn(c->options->history, strlen(c->options->history)));
	if (c->trouble[0])
		json_object_set_new(history, "problem", json_stringn(c->trouble, strlen(c->trouble)));
	json_object_set_new(object, "history", history);
	add_unwritten(c, object);
	if (c->processes)
		json_object_set(object, "processes", c->processes);
	json_object_set_new(object, "status", json_integer(0));
}

static void answer_status(struct clerk_state *c, uint64_t id, const struct text *judged)
{
	json_t *object = parse(judged);

	if (!json_is_object(object)) {
		json_decref(object);
		control_refuse(c, id, 3, "the judge gave no answer");
		return;
	}
	add_own(c, object);
	control_answer(c, id, object);
}

/* --- the others --- */

static void answer_confirm(struct clerk_state *c, const struct message *message)
{
	json_t *object;

	if (message->error < 0) {
		control_refuse(c, message->id, 1, "it is rolled back already");
		return;
	}
	object = json_pack("{s:i, s:I}", "status", 0, "generation", (json_int_t)message->generation);
	add_unwritten(c, object);
	control_answer(c, message->id, object);
}

static void answer_apply(struct clerk_state *c, uint64_t id, const struct text *judged)
{
	json_t *object = parse(judged);

	keep_unstaged(c);
	add_unwritten(c, object);
	control_answer(c, id, object);
}

static void answer_msdp(struct clerk_state *c, uint64_t id, int error, const struct text *told)
{
	json_t *object = error == 0 ? parse(told) : NULL;

	if (error == -ENOENT) {
		control_refuse(c, id, 2, "this daemon relays no MSDP: its configuration has no 'msdp'");
		return;
	}
	if (!json_is_object(object)) {
		json_decref(object);
		control_refuse(c, id, 3, "the speaker begins just now; ask again");
		return;
	}
	if (!json_object_get(object, "status"))
		json_object_set_new(object, "status", json_integer(0));
	control_answer(c, id, object);
}

/* The words are copied: the notice puts its own into the object. */
static void tell_notice(struct clerk_state *c, const struct text *json)
{
	json_t *object = parse(json);
	const char *kind = json_string_value(json_object_get(object, "kind"));
	const char *text = json_string_value(json_object_get(object, "text"));
	struct text words = { 0 }, name = { 0 };

	if (kind && text) {
		text_put(&words, text);
		text_put(&name, kind);
		clerk_notice(c, LOG_WARNING, text_string(&name), text_string(&words),
			     text_string(&words), json_incref(object));
	}
	text_release(&words);
	text_release(&name);
	json_decref(object);
}

static void obey_judge(struct clerk_state *c, const struct message *message, struct text *text)
{
	if (message->kind == MESSAGE_STATUS)
		answer_status(c, message->id, text);
	else if (message->kind == MESSAGE_APPLY)
		answer_apply(c, message->id, text);
	else if (message->kind == MESSAGE_RULES)
		keep_rules(c, text);
	else if (message->kind == MESSAGE_STAGE)
		keep_staged(c, text);
	else if (message->kind == MESSAGE_KEEP)
		keep_bundle(c, message, text);
	else if (message->kind == MESSAGE_SAMPLE)
		keep_sample(c, message, text);
	else if (message->kind == MESSAGE_NOTICE)
		tell_notice(c, text);
}

static void hear_judge(void *context, int fd)
{
	struct clerk_state *c = context;
	struct message message;
	struct text text = { 0 };
	int payload;

	if (message_receive(fd, &message, &payload) <= 0) {
		loop_drop(&c->loop, fd);
		close(fd);
		c->judge = -1;
		control_judge_gone(c);
		return;
	}
	if (payload >= 0 && payload_read(payload, &text) < 0)
		text_reset(&text);
	obey_judge(c, &message, &text);
	text_release(&text);
}

static void new_judge(struct clerk_state *c, int fd)
{
	if (fd < 0)
		return;
	if (c->judge >= 0) {
		loop_drop(&c->loop, c->judge);
		close(c->judge);
		control_judge_gone(c);
	}
	c->judge = fd;
	loop_add(&c->loop, fd, hear_judge, c);
}

static void obey_keeper(struct clerk_state *c, const struct message *message, int payload)
{
	struct text text = { 0 };

	if (message->kind == MESSAGE_PEER) {
		new_judge(c, payload);
		return;
	}
	if (payload >= 0 && payload_read(payload, &text) < 0)
		text_reset(&text);
	if (message->kind == MESSAGE_COUNTS) {
		json_decref(c->processes);
		c->processes = json_loads(message->text, 0, NULL);
		keep_counts(c, &text);
	} else if (message->kind == MESSAGE_OFFERED) {
		keep_offered(c, &text);
	} else if (message->kind == MESSAGE_PEERS) {
		keep_peers(c, &text);
	} else if (message->kind == MESSAGE_CONFIRM) {
		if (message->error == 0)
			keep_confirmed(c);
		answer_confirm(c, message);
	} else if (message->kind == MESSAGE_ROLLED_BACK) {
		keep_rolled_back(c, message->generation);
	} else if (message->kind == MESSAGE_NOTICE) {
		tell_notice(c, &text);
	} else if (message->kind == MESSAGE_ASK) {
		answer_msdp(c, message->id, message->error, &text);
	}
	text_release(&text);
}

static void hear_keeper(void *context, int fd)
{
	struct clerk_state *c = context;
	struct message message;
	int payload;

	if (message_receive(fd, &message, &payload) <= 0)
		c->must_end = true;
	else
		obey_keeper(c, &message, payload);
}

static bool lock_up(const struct clerk_state *c)
{
	int error = privilege_become(c->options->clerk_uid, c->options->clerk_gid);

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);	/* another user's process has none */
	history_prepare();
	if (error == 0)
		error = sandbox_run_clerk(c->options->state, c->options->history);
	if (error < 0)
		run_say("the clerk cannot give up its rights: %s", strerror(-error));
	return error == 0;
}

void run_clerk(const struct run_options *options, int keeper)
{
	struct clerk_state *c = calloc(1, sizeof(*c));
	int64_t until_ns;

	if (!c)
		return;
	c->options = options;
	c->keeper = keeper;
	c->judge = -1;
	c->begun = clock_now();
	if (loop_init(&c->loop) == 0 && lock_up(c)) {
		keep_begin(c);
		control_begin(c);
		loop_add(&c->loop, keeper, hear_keeper, c);
		while (!c->must_end) {
			int64_t repeats_ns = repeats_deadline(&c->repeats);

			until_ns = control_deadline(c);
			loop_turn(&c->loop, repeats_ns < until_ns ? repeats_ns : until_ns);
			control_expire(c);
			clerk_tell_repeats(c);
		}
		/* what the judge said before it ended */
		loop_drop(&c->loop, keeper);
		until_ns = clock_steady().ns + NS_PER_S;
		while (c->judge >= 0 && clock_steady().ns < until_ns)
			loop_turn(&c->loop, until_ns);
		control_end(c);
	}
	keep_end(c);
	json_decref(c->processes);
	loop_release(&c->loop);
	free(c);
}
