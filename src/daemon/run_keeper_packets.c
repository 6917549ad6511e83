/* SPDX-License-Identifier: BSD-2-Clause */
/* The packets that the keeper lets the judge have: the queue of control packets with its verdicts,
 * the rings of watched interfaces, and what the kernel shows of those that it dropped.  It looks
 * into none of them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "daemon/run_keeper.h"
#include "daemon/run_judge_queue.h"
#include "enforce/bpf.h"
#include "enforce/snoop.h"
#include "os/clock.h"
#include "os/packet_socket.h"
#include "sink/history_tally.h"

/* --- the queue --- */

#define HOLD_NS (INT64_C(5) * NS_PER_S)

static void drop_questions(struct keeper_state *k)
{
	struct keeper_queue *q = &k->queue;

	if (q->questions < 0)
		return;
	loop_drop(&k->loop, q->questions);
	close(q->questions);
	q->questions = -1;
}

static struct queue_plan plan_of(const struct keeper_queue *q)
{
	return (struct queue_plan){ .links = q->links, .n = q->n, .means = q->means };
}

/* What nobody answers any more passes where it fails open; the kernel would drop all of it. */
void keeper_queue_close(struct keeper_state *k)
{
	struct keeper_queue *q = &k->queue;
	const struct queue_plan plan = plan_of(q);

	drop_questions(k);
	if (q->is_open) {
		queue_settle(&q->ports, &plan, true);
		queue_close(&q->ports);
	}
	q->is_open = false;
	q->hold_ns = INT64_MAX;
}

/* What the judge has sent so far counts, and is answered. */
void keeper_queue_catch_up(struct keeper_state *k)
{
	const struct queue_plan plan = plan_of(&k->queue);
	int error = 0;

	while (k->queue.questions >= 0 && error != -EAGAIN && error != -EPIPE && error != -EBADMSG)
		error = queue_relay(&k->queue.ports, &plan, k->queue.questions,
				    keeper_tallies_grown, k);
}

void keeper_queue_hold(struct keeper_state *k)
{
	struct keeper_queue *q = &k->queue;
	const struct queue_plan plan = plan_of(q);

	if (!q->is_open)
		return;
	keeper_queue_catch_up(k);
	drop_questions(k);
	queue_settle(&q->ports, &plan, false);
	q->hold_ns = clock_steady().ns + HOLD_NS;
}

/* Verdicts of the judge; one who sends anything else is not believed any more. */
static void hear_verdicts(void *context, int fd)
{
	struct keeper_state *k = context;
	const struct queue_plan plan = plan_of(&k->queue);
	int error = queue_relay(&k->queue.ports, &plan, fd, keeper_tallies_grown, k);

	if (error == -EPIPE) {
		keeper_lose_child(k, CHILD_JUDGE);
	} else if (error == -EBADMSG) {
		run_say("the judge answers what nobody asked");
		keeper_lose_child(k, CHILD_JUDGE);
	}
}

static void send_port(const struct keeper_state *k, enum port port, int fd)
{
	const struct message message = { .kind = MESSAGE_PORT, .number = port };
	int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);

	message_send(k->children[CHILD_JUDGE].fd, &message, copy);
}

/* *out_answers is the judge's end of the line for verdicts. */
static int open_queue(struct keeper_state *k, const struct queue_plan *plan, int *out_answers)
{
	struct keeper_queue *q = &k->queue;
	int ends[2], error = message_line(ends);

	if (error < 0)
		return error;
	/* the judge waits till there is room; the keeper waits for nobody */
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
		error = -errno;
	if (error == 0 && !q->is_open)
		error = queue_open(plan, &q->ports);
	if (error < 0) {
		close(ends[0]);
		close(ends[1]);
		return error;
	}
	q->is_open = true;
	q->hold_ns = INT64_MAX;
	q->questions = ends[0];
	loop_add(&k->loop, ends[0], hear_verdicts, k);
	*out_answers = ends[1];
	return 0;
}

static void give_ports(const struct keeper_state *k, int answers)
{
	const struct queue_ports *ports = &k->queue.ports;

	send_port(k, PORT_CLOSED, ports->closed);
	send_port(k, PORT_OPEN, ports->open);
	send_port(k, PORT_RAW4, ports->raw4);
	send_port(k, PORT_RAW6, ports->raw6);
	send_port(k, PORT_ANSWERS, answers);
}

/* A queue without rules before it is closed again: the judge takes ports once in its life. */
static int put_queue_rules(struct keeper_state *k, const struct queue_plan *plan, int answers,
			   char why[QUEUE_WHY])
{
	int error = queue_install(plan, k->queue.means, why);

	if (error == 0)
		k->queue.has_rules = true;
	if (answers < 0)
		return error;
	if (error == 0)
		give_ports(k, answers);
	else
		keeper_queue_close(k);
	close(answers);
	return error;
}

/* Takes the links; they are the keeper's from then on. */
static int install_queue(struct keeper_state *k, struct queue_link *links, size_t n,
			 char why[QUEUE_WHY])
{
	const struct queue_plan plan = { .links = links, .n = n, .means = k->queue.means };
	struct keeper_queue *q = &k->queue;
	int answers = -1, error = 0;

	free(q->links);
	q->links = links;
	q->n = n;
	/* rules go, counters stay: nobody has read what they counted last */
	if (n == 0 && q->has_rules)
		return q->means == QUEUE_BY_TAP ? queue_remove()
						: queue_install(&plan, q->means, why);
	if (n == 0)
		return 0;
	if (q->questions < 0)
		error = open_queue(k, &plan, &answers);
	if (error < 0) {
		snprintf(why, QUEUE_WHY, "%s", error == -EBUSY
			 ? "another process listens to the queue" : strerror(-error));
		return error;
	}
	return put_queue_rules(k, &plan, answers, why);
}

static bool are_links(const struct text *bytes, size_t n)
{
	const struct queue_link *links = (const struct queue_link *)(const void *)bytes->p;

	if (n > CONF_INTERFACES_MAX || bytes->n != n * sizeof(*links))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!memchr(links[i].name, 0, QUEUE_NAME) ||
		    !memchr(links[i].bridge, 0, QUEUE_NAME) ||
		    !memchr(links[i].peer, 0, QUEUE_NAME) ||
		    !memchr(links[i].mutes[0], 0, QUEUE_RULE_NAME) ||
		    !memchr(links[i].mutes[1], 0, QUEUE_RULE_NAME))
			return false;
	return true;
}

void keeper_queue_asked(struct keeper_state *k, const struct message *message, int payload)
{
	struct message reply = { .kind = message->kind };
	size_t n = (size_t)message->number;
	struct queue_link *links;
	char why[QUEUE_WHY] = "";
	struct text bytes = { 0 };

	reply.error = payload < 0 ? -EBADMSG : payload_read(payload, &bytes);
	if (reply.error == 0 && !are_links(&bytes, n))
		reply.error = -EBADMSG;
	if (reply.error == 0) {
		links = memory_array(n + 1, sizeof(*links));
		if (n > 0)
			memcpy(links, bytes.p, n * sizeof(*links));
		if (n > 0 && k->queue.means == QUEUE_BY_NONE) {
			reply.error = -ENOTSUP;
			snprintf(why, sizeof(why), "%s", k->queue.why);
		} else if (n > 0) {
			reply.error = queue_check(&(struct queue_plan){ .links = links, .n = n },
						  k->queue.means, why);
		}
		/* counters of rules that go are read once more */
		if (reply.error == 0 && message->kind == MESSAGE_QUEUE && k->queue.has_rules)
			keeper_count(k);
		if (reply.error == 0 && message->kind == MESSAGE_QUEUE)
			reply.error = install_queue(k, links, n, why);
		else
			free(links);
	}
	/* how packets come, where they do */
	snprintf(reply.text, sizeof(reply.text), "%s", reply.error == 0 ? k->queue.why : why);
	text_release(&bytes);
	keeper_tell(k, CHILD_JUDGE, &reply);
}

static void add_offered(void *context, const char *link, enum queue_hook hook, uint64_t packets,
			uint64_t bytes)
{
	struct text *rows = context;
	struct history_tally row;

	memset(&row, 0, sizeof(row));
	snprintf(row.link, sizeof(row.link), "%s", link);
	snprintf(row.hook, sizeof(row.hook), "%s", queue_hook_name(hook));
	row.packets = packets;
	row.bytes = bytes;
	text_put_n(rows, (const char *)&row, sizeof(row));
}

static void add_muted(void *context, const char *link, const char *rule, uint64_t packets,
		      uint64_t bytes)
{
	struct text *rows = context;
	struct history_tally row;

	memset(&row, 0, sizeof(row));
	snprintf(row.link, sizeof(row.link), "%s", link);
	snprintf(row.rule, sizeof(row.rule), "%s", rule);
	snprintf(row.hook, sizeof(row.hook), "asked");
	row.packets = packets;
	row.bytes = bytes;
	text_put_n(rows, (const char *)&row, sizeof(row));
}

static void add_snooped(void *context, const char *port, bool is_passed, uint64_t packets,
			uint64_t bytes)
{
	struct text *rows = context;
	struct history_tally row;

	memset(&row, 0, sizeof(row));
	snprintf(row.link, sizeof(row.link), "%s", port);
	snprintf(row.rule, sizeof(row.rule), "%s", is_passed ? SNOOP_PASSED : SNOOP_OFFERED);
	snprintf(row.hook, sizeof(row.hook), "bridge");
	row.packets = packets;
	row.bytes = bytes;
	text_put_n(rows, (const char *)&row, sizeof(row));
}

void keeper_snoop_asked(int payload)
{
	struct text bytes = { 0 };
	int error = payload < 0 ? -EBADMSG : payload_read(payload, &bytes);
	size_t n = bytes.n / sizeof(struct snoop_port);
	struct snoop_port *ports = memory_array(n + 1, sizeof(*ports));

	if (n > 0)
		memcpy(ports, bytes.p, n * sizeof(*ports));
	for (size_t i = 0; i < n; i++)
		ports[i].name[SNOOP_NAME - 1] = ports[i].bridge[SNOOP_NAME - 1] = '\0';
	if (error == 0)
		error = snoop_install(ports, n);
	if (error < 0)
		run_say("what bridges keep from their ports is not counted: %s", strerror(-error));
	free(ports);
	text_release(&bytes);
}

void keeper_queue_offered(struct keeper_state *k)
{
	const struct message message = { .kind = MESSAGE_OFFERED };
	struct text rows = { 0 };

	if (k->children[CHILD_CLERK].pid != 0 && queue_offered(add_offered, &rows) == 0 &&
	    queue_muted(add_muted, &rows) == 0 && snoop_counts(add_snooped, &rows) == 0)
		message_send_text(k->children[CHILD_CLERK].fd, &message, &rows);
	text_release(&rows);
}

/* --- rings, and what was dropped --- */

void keeper_ring_asked(struct keeper_state *k, const struct message *message)
{
	struct message reply = { .kind = MESSAGE_RING };
	struct packet_socket socket = { .fd = -1 };

	reply.error = packet_socket_open(message->text, 0, &socket);
	memcpy(reply.text, &socket, sizeof(socket));
	message_send(k->children[CHILD_JUDGE].fd, &reply, reply.error < 0 ? -1 : socket.fd);
}

static void pass_dropped(void *context, const struct packet *packet,
			 const struct bpf_sample_info *info)
{
	struct message message = { .kind = MESSAGE_DROPPED };
	struct keeper_state *k = context;
	struct dropped dropped = { .at_ns = packet->at.ns, .index = info->ifindex,
				   .hook = info->hook, .length = packet->length,
				   .linktype = packet->linktype };

	if (info->is_dry_run)			/* it passed: a packet socket hears it */
		return;
	dropped.n = packet->bytes.n < DROPPED_BYTES ? (uint32_t)packet->bytes.n : DROPPED_BYTES;
	memcpy(dropped.bytes, packet->bytes.p, dropped.n);
	memcpy(message.text, &dropped, sizeof(dropped));
	keeper_tell(k, CHILD_JUDGE, &message);
}

static void hear_dropped(void *context, int fd)
{
	struct keeper_state *k = context;

	(void)fd;
	bpf_samples_read(k->samples, pass_dropped, k);
}

void keeper_samples_close(struct keeper_state *k)
{
	if (!k->samples)
		return;
	loop_drop(&k->loop, bpf_samples_fd(k->samples));
	bpf_samples_free(k->samples);
	k->samples = NULL;
}

/* The ring is that of what stands: another one with each image. */
void keeper_samples_open(struct keeper_state *k)
{
	keeper_samples_close(k);
	if (bpf_samples_open(RUN_PIN_FOLDER, &k->samples) == 0)
		loop_add(&k->loop, bpf_samples_fd(k->samples), hear_dropped, k);
}
