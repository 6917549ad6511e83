/* SPDX-License-Identifier: BSD-2-Clause */
/* The queue's life beside the policy's: the keeper opens it and puts its rules into the kernel, the
 * judge takes its packets.  Rules stand as long as links need them; trims change with the policy.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/run_judge.h"
#include "os/clock.h"

/* By the links alone. */
static int ask_keeper(struct judge *j, enum message_kind kind, const struct queue_set *set)
{
	const struct message message = { .kind = kind, .number = set->n };
	struct text links = { 0 };
	int error;

	text_put_n(&links, (const char *)set->links, set->n * sizeof(set->links[0]));
	error = message_send_text(j->keeper, &message, &links);
	text_release(&links);
	return error;
}

static int hear_keeper(struct judge *j, enum message_kind kind, struct message *out)
{
	int payload;

	if (!judge_await(j, kind, out, &payload))
		return -EPIPE;
	if (payload >= 0)
		close(payload);
	return out->error;
}

#define ASKED 1				/* and not 0: where no link needs the queue nobody is */

int control_ask(struct judge *j, const struct plan *plan)
{
	struct queue_set set;
	int error = 0;
	bool is_needed;

	queue_set_init_links(&set, plan, &j->links);
	is_needed = set.n > 0;
	if (is_needed)
		error = ask_keeper(j, MESSAGE_QUEUE_CHECK, &set);
	queue_set_release(&set);
	return is_needed && error == 0 ? ASKED : error;
}

int control_hear(struct judge *j, int asked, struct text *problem)
{
	struct message answer = { 0 };
	int error = asked == ASKED ? hear_keeper(j, MESSAGE_QUEUE_CHECK, &answer) : asked;

	/* a kernel without any queue judges data all the same; weir status says what is missing */
	if (error == -ENOTSUP)
		error = 0;
	if (error < 0)
		text_printf(problem, "%s", answer.text[0] ? answer.text : strerror(-error));
	return error;
}

static void hear_queue(void *context, int fd)
{
	struct judge *j = context;
	int n = queue_turn(j->queue, j->control.trims, clock_now());

	(void)fd;
	if (n < 0 && n != -EAGAIN && n != -ENOBUFS) {
		run_say("the queue has ended: %s", strerror(-n));
		control_stop(j);
	}
}

void control_stop(struct judge *j)
{
	for (unsigned i = PORT_CLOSED; i <= PORT_OPEN; i++)
		if (j->queue && j->ports[i] >= 0)
			loop_drop(&j->loop, j->ports[i]);
	queue_free(j->queue);
	j->queue = NULL;
}

/* The descriptors come once in a judge's life. */
static bool take_ports(struct judge *j)
{
	for (unsigned left = PORT_COUNT; left > 0 && j->ports[PORT_ANSWERS] < 0; left--) {
		struct message message;
		int payload;

		if (!judge_await(j, MESSAGE_PORT, &message, &payload))
			return false;
		if (message.number < PORT_COUNT)
			j->ports[message.number] = payload;
	}
	return j->ports[PORT_ANSWERS] >= 0;
}

static size_t tell_growth(void *context, struct queue_growth *out, size_t max)
{
	struct judge *j = context;

	return queue_seen_growth(j->seen, out, max);
}

static void begin(struct judge *j)
{
	const struct queue_plan plan = { .links = j->control.links, .n = j->control.n };
	const struct queue_ports ports = { j->ports[PORT_CLOSED], j->ports[PORT_OPEN],
					   j->ports[PORT_RAW4], j->ports[PORT_RAW6] };

	if (queue_new(&plan, &ports, j->ports[PORT_ANSWERS], &j->queue) < 0)
		return;
	queue_tells(j->queue, tell_growth, j);
	for (unsigned i = PORT_CLOSED; i <= PORT_OPEN; i++)
		if (j->ports[i] >= 0)
			loop_add(&j->loop, j->ports[i], hear_queue, j);
}

static void install(struct judge *j)
{
	struct message answer = { 0 };
	int error = ask_keeper(j, MESSAGE_QUEUE, &j->control);

	if (error == 0)
		error = hear_keeper(j, MESSAGE_QUEUE, &answer);

	j->queue_problem[0] = '\0';
	if (error == 0 && j->control.n > 0 && take_ports(j)) {
		memcpy(j->queue_by, answer.text, sizeof(j->queue_by));
		begin(j);
		return;
	}
	if (error < 0) {
		snprintf(j->queue_problem, sizeof(j->queue_problem), "%s",
			 answer.text[0] ? answer.text : strerror(-error));
		run_say("control packets are not judged: %s", j->queue_problem);
	}
}

/* The keeper holds the sums, which outlive us: it must know what is counted before it is. */
static void name_counters(struct judge *j)
{
	const struct message message = { .kind = MESSAGE_TALLIES };
	struct message answer;
	struct text names = { 0 };
	int payload = -1;

	queue_set_names(&j->control, &names);
	if (message_send_text(j->keeper, &message, &names) == 0 &&
	    judge_await(j, MESSAGE_TALLIES, &answer, &payload) && payload >= 0)
		close(payload);
	text_release(&names);
}

bool control_may_wait(const struct judge *j)
{
	struct queue_set links;
	bool same;

	queue_set_init_links(&links, &j->plan, &j->links);
	same = queue_set_same_links(&links, &j->standing) && (j->queue || links.n == 0);
	queue_set_release(&links);
	return same && j->joined.n == 0;
}

void control_follow(struct judge *j)
{
	struct queue_set set;
	bool same;

	queue_set_init(&set, &j->plan, &j->links, j->options->is_dry_run, &j->joined);
	joined_follow(j);
	same = queue_set_same_links(&set, &j->standing) && (j->queue || set.n == 0);
	queue_set_release(&j->control);
	j->control = set;
	queue_seen_free(j->seen);
	snoop_follow(j);
	j->seen = queue_seen_new(&j->control);
	name_counters(j);
	if (same)
		return;
	control_stop(j);
	install(j);
	queue_set_copy_links(j->queue_problem[0] ? NULL : &j->control, &j->standing);
}
