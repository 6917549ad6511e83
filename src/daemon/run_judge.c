/* SPDX-License-Identifier: BSD-2-Clause */
/* The judge's process: it loads what is to be in force, has it installed, and answers the clerk's
 * questions.  It has no right to anything: files come from the keeper, and the kernel is the
 * keeper's. */
#include <errno.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "daemon/run_judge.h"
#include "os/clock.h"
#include "os/privilege.h"
#include "os/sandbox.h"
#include "sink/diag_print.h"

#define FLOWS_PATIENCE_MS 1000
#define LOOK_SOON_NS (INT64_C(20) * 1000000)
#define DAY_NS (INT64_C(86400) * NS_PER_S)

/* Complaints as a person reads them, behind whatever else was wrong. */
static void put_diags(const struct diags *diags, struct text *out)
{
	char *bytes = NULL;
	size_t n = 0;
	FILE *stream = open_memstream(&bytes, &n);

	if (!stream)
		return;
	diags_print(diags, false, stream);
	fclose(stream);
	text_put_n(out, bytes, n);
	free(bytes);
}

static void tell_clerk(struct judge *j, const struct message *message, const struct text *payload)
{
	if (j->clerk >= 0 && message_send_text(j->clerk, message, payload) < 0)
		run_say("the clerk does not listen");
}

/* What is in force, to be kept for a restart, and for the speaker. */
static void tell_bundle(struct judge *j, unsigned confirm_s)
{
	const struct message message = { .kind = MESSAGE_KEEP, .number = confirm_s,
					 .generation = j->now.bundle.generation };
	struct text text = { 0 };

	bundle_text(&j->now.bundle, &text);
	tell_clerk(j, &message, &text);
	text_release(&text);
	judge_tell_speaker(j);
}

/* What is about to be in force: the disk need not wait for the kernel. */
static void tell_stage(struct judge *j, const struct bundle *bundle)
{
	const struct message message = { .kind = MESSAGE_STAGE, .generation = bundle->generation };
	struct text text = { 0 };

	bundle_text(bundle, &text);
	tell_clerk(j, &message, &text);
	text_release(&text);
}

/* Its rules, for the history. */
static void tell_rules(struct judge *j)
{
	const struct message message = { .kind = MESSAGE_RULES,
					 .generation = j->now.bundle.generation };
	struct text text = { 0 };

	judge_rules_text(j, &text);
	tell_clerk(j, &message, &text);
	text_release(&text);
}

static void tell_ruling(struct judge *j, unsigned confirm_s)
{
	tell_bundle(j, confirm_s);
	tell_rules(j);
}

void judge_notice(struct judge *j, const char *kind, const char *text, json_t *more)
{
	json_t *object = more ? more : json_object();
	char *line;
	struct message message = { .kind = MESSAGE_NOTICE };
	struct text payload = { 0 };

	json_object_set_new(object, "kind", json_stringn(kind, strlen(kind)));
	json_object_set_new(object, "text", json_stringn(text, strlen(text)));
	line = json_dumps(object, JSON_COMPACT);
	if (line) {
		text_put(&payload, line);
		tell_clerk(j, &message, &payload);
	}
	text_release(&payload);
	free(line);
	json_decref(object);
}

/* --- the first policy --- */

/* Nobody finds by themselves why the configured policy is not the one that is refused. */
static void put_way_out(const struct judge *j, struct text *out)
{
	text_put(out, "weir: this is the policy that was applied last, which a restart loads; to begin "
		 "with the configured one, take away ");
	text_escape_utf8(out, span_of(j->options->state));
	text_put(out, "/current.json\n");
}

/* What is kept, or where nothing is, or nothing of it can be read, what is configured: a machine
 * that enforces nothing would be worse.  A kept policy that does not fit is no reason to take
 * another. */
static bool load_first(struct judge *j, struct ruling *out, struct text *problem)
{
	struct diags diags;
	bool good, is_kept;

	diags_init(&diags);
	good = judge_read_kept(j, out, &diags, &j->unsaid);
	is_kept = good || diags.n > 0;
	if (!is_kept) {
		good = judge_read_configured(j, false, out, &diags, problem);
		out->bundle.generation = good ? 1 : 0;
		if (good && j->unsaid.n > 0)
			text_put(&j->unsaid, "the configured policy is loaded instead");
	}
	if (j->unsaid.n > 0)
		text_printf(problem, "weir: %s\n", text_string(&j->unsaid));
	put_diags(&diags, problem);
	if (!good && is_kept)
		put_way_out(j, problem);
	diags_release(&diags);
	return good;
}

/* Says READY in any case: with an error the keeper gives up. */
static bool begin(struct judge *j)
{
	struct message ready = { .kind = MESSAGE_READY };
	struct text problem = { 0 };
	struct ruling first = { 0 };

	if (!load_first(j, &first, &problem))
		ready.error = -EINVAL;
	else
		ready.error = judge_install(j, &first, 0, &problem);
	if (ready.error == 0)
		judge_settle(j);
	/* the policy is good: the system would not have it */
	if (ready.error == -EINVAL && first.policy)
		ready.error = -EIO;
	ready.generation = j->now.bundle.generation;
	ruling_release(&first);
	judge_tell_nothing(j);
	message_send_text(j->keeper, &ready, &problem);
	text_release(&problem);
	return ready.error == 0;
}

/* --- applying --- */

struct application {
	const struct message *asked;
	unsigned	confirm_s;
	json_t	       *request;
	struct ruling	ruling;
	struct text	problem, difference;
	int		status;		/* an exit status */
};

static bool take_policy(struct judge *j, struct application *a)
{
	const json_t *policy = json_object_get(a->request, "policy");
	char why[POLICY_PROBLEM] = "";
	struct diags diags;
	bool good;

	diags_init(&diags);
	if (policy)
		ruling_copy_conf(&j->now, j->options->conf_file, &a->ruling);
	if (!policy)
		good = judge_read_configured(j, true, &a->ruling, &diags, &a->problem);
	else if (!bundle_of(policy, &a->ruling.bundle, why))
		good = false;
	else
		good = judge_rule(j, &a->ruling, &diags);
	if (why[0])
		text_put(&a->problem, why);
	put_diags(&diags, &a->problem);
	diags_release(&diags);
	return good;
}

static bool same_name(const struct conf_name *a, const struct conf_name *b)
{
	return a->name ? b->name && strcmp(a->name, b->name) == 0 : !b->name;
}

/* What the processes were begun with stays as it is. */
static void tell_what_waits(const struct judge *j, const struct ruling *r, struct text *out)
{
	const struct conf *old = j->options->conf, *new = ruling_conf(j, r);

	if (!same_name(&old->state, &new->state) || !same_name(&old->control, &new->control) ||
	    !same_name(&old->history, &new->history) || !same_name(&old->notify, &new->notify))
		text_put(out, "state, control, history and notify are as they were until a restart.\n");
}

/* The clerk looks for them meanwhile, and sends nothing else before; NULL where it could not.  What
 * else comes must not wait among the keeper's answers. */
static json_t *await_flows(struct judge *j, uint64_t id)
{
	struct message message;
	struct text text = { 0 };
	json_t *flows = NULL;
	int payload = -1;

	if (j->clerk < 0 || !message_wait(j->clerk, FLOWS_PATIENCE_MS) ||
	    message_receive(j->clerk, &message, &payload) <= 0)
		return NULL;
	if (payload >= 0 && payload_read(payload, &text) == 0 && message.kind == MESSAGE_FLOWS &&
	    message.id == id)
		flows = json_loadb(text_string(&text), text.n, 0, NULL);
	text_release(&text);
	return flows;
}

/* It is told when it is in force, or could not be: looking for it takes longer than the rest. */
static void put_difference(struct judge *j, struct application *a, bool is_in_force)
{
	const struct ruling *to = is_in_force ? &j->now : &a->ruling;
	const struct ruling *from = a->confirm_s > 0 ? &j->before : &j->gone;
	json_t *flows = await_flows(j, a->asked->id);

	judge_difference(j, is_in_force ? from : &j->now, to, flows, &a->difference);
	tell_what_waits(j, to, &a->difference);
	json_decref(flows);
}

static void apply(struct judge *j, struct application *a)
{
	struct text why = { 0 };
	int error;

	a->status = 2;
	if (!take_policy(j, a))
		return;
	a->ruling.bundle.generation =
		bundle_equal(&a->ruling.bundle, &j->now.bundle) ? j->now.bundle.generation
								: j->highest + 1;
	if (a->confirm_s == 0 && a->asked->kind == MESSAGE_APPLY)
		tell_stage(j, &a->ruling.bundle);
	error = judge_install(j, &a->ruling, a->confirm_s, &why);
	if (error < 0)
		text_printf(&a->problem, "the kernel does not take it, the old policy stays: %s\n",
			    text_string(&why));
	a->status = error < 0 ? 3 : 0;
	if (error == 0)
		tell_bundle(j, a->confirm_s);
	if (a->asked->kind == MESSAGE_APPLY)
		put_difference(j, a, error == 0);
	text_release(&why);
}

static void answer_apply(struct judge *j, struct application *a)
{
	struct message message = { .kind = MESSAGE_APPLY,
				   .id = a->asked->id,
				   .generation = j->now.bundle.generation,
				   .number = (uint64_t)a->status };
	json_t *object = json_pack("{s:s, s:i, s:I, s:i}", "schema", "weir-apply/1", "status",
				   a->status, "generation",
				   (json_int_t)j->now.bundle.generation, "confirm", (int)a->confirm_s);
	int64_t asked_ns = strtoll(a->asked->text, NULL, 10);
	struct text payload = { 0 };
	char *line;

	if (a->status == 0)
		json_object_set_new(object, "in_force_ms",
				    json_real((double)((j->in_force_ns - asked_ns) / 10000) / 100));
	json_object_set_new(object, "difference",
			    json_stringn(text_string(&a->difference), a->difference.n));
	json_object_set_new(object, "problem", json_stringn(text_string(&a->problem), a->problem.n));
	line = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
	text_put(&payload, line ? line : "{}");
	tell_clerk(j, &message, &payload);
	text_release(&payload);
	free(line);
	json_decref(object);
}

static void apply_asked(struct judge *j, const struct message *asked, const struct text *payload)
{
	struct application a = { .asked = asked, .confirm_s = (unsigned)asked->number,
				 .status = 2 };
	json_error_t error;

	a.request = json_loadb(text_string(payload), payload->n, 0, &error);
	if (j->before.policy) {
		text_printf(&a.problem, "generation %llu waits to be confirmed: weir confirm, or wait\n",
			    (unsigned long long)j->now.bundle.generation);
		a.status = 1;
	} else {
		apply(j, &a);
	}
	if (asked->kind == MESSAGE_APPLY) {
		answer_apply(j, &a);
	} else if (a.status != 0) {
		run_say("reload: the policy in force stays\n%s", text_string(&a.problem));
		judge_notice(j, "reload-failed", text_string(&a.problem), NULL);
	} else {
		run_say("reload: generation %llu is in force",
			(unsigned long long)j->now.bundle.generation);
	}
	if (a.status == 0) {
		tell_rules(j);
		judge_settle(j);
	}
	json_decref(a.request);
	ruling_release(&a.ruling);
	text_release(&a.problem);
	text_release(&a.difference);
}

/* The keeper has put the image of before back; the policy follows. */
static void roll_back(struct judge *j)
{
	if (!j->before.policy)
		return;
	watch_end(j);				/* they name the policy that goes */
	queue_set_release(&j->control);
	plan_release(&j->plan);
	ruling_release(&j->now);
	j->now = j->before;
	j->before = (struct ruling){ 0 };
	text_reset(&j->installed);		/* interfaces may have changed meanwhile */
	judge_look(j);
	judge_stage_again(j);
	tell_ruling(j, 0);
}

static void answer_status(struct judge *j, const struct message *asked)
{
	struct message message = { .kind = MESSAGE_STATUS, .id = asked->id };
	struct text text = { 0 };

	judge_status_text(j, &text);
	tell_clerk(j, &message, &text);
	text_release(&text);
}

/* --- the loop --- */

static void new_clerk(struct judge *j, int *payload);

static void take_dropped(struct judge *j, const struct message *message)
{
	struct dropped dropped;
	struct packet packet = { 0 };

	memcpy(&dropped, message->text, sizeof(dropped));
	if (dropped.n > DROPPED_BYTES)
		return;
	packet.at.ns = dropped.at_ns;
	packet.bytes = (struct span){ dropped.bytes, dropped.n };
	packet.length = dropped.length;
	packet.linktype = dropped.linktype;
	packet.checksums_unreliable = true;
	watch_dropped(j, dropped.index, dropped.hook, &packet);
}

static void obey(struct judge *j, const struct message *message, int payload)
{
	struct text text = { 0 };

	if (message->kind == MESSAGE_PEER) {
		new_clerk(j, &payload);
	} else if (message->kind == MESSAGE_ROLLED_BACK) {
		roll_back(j);
	} else if (message->kind == MESSAGE_SAMPLE) {
		watch_written(j, message);
	} else if (message->kind == MESSAGE_DROPPED) {
		take_dropped(j, message);
	} else if (message->kind == MESSAGE_CONFIRM) {
		ruling_release(&j->before);
	} else if (message->kind == MESSAGE_STATUS) {
		answer_status(j, message);
	} else if (message->kind == MESSAGE_APPLY || message->kind == MESSAGE_RELOAD) {
		if (payload >= 0 && payload_read(payload, &text) < 0)
			text_reset(&text);
		payload = -1;
		apply_asked(j, message, &text);
	}
	if (payload >= 0)
		close(payload);
	text_release(&text);
}

/* What came while something else was awaited, in its order. */
static void obey_waiting(struct judge *j)
{
	while (j->waiting_count > 0) {
		struct message message = j->waiting[0];
		int payload = j->waiting_payloads[0];

		judge_forget_waiting(j, 0);
		obey(j, &message, payload);
	}
}

static void hear(void *context, int fd)
{
	struct judge *j = context;
	struct message message;
	int payload, got = message_receive(fd, &message, &payload);

	if (got > 0) {
		obey(j, &message, payload);
	} else if (fd == j->keeper) {
		j->must_end = true;
	} else {
		loop_drop(&j->loop, fd);
		close(fd);
		j->clerk = -1;
		watch_clerk_gone(j);
	}
}

static void new_clerk(struct judge *j, int *payload)
{
	if (*payload < 0)
		return;
	if (j->clerk >= 0) {
		loop_drop(&j->loop, j->clerk);
		close(j->clerk);
		watch_clerk_gone(j);
	}
	j->clerk = *payload;
	*payload = -1;
	loop_add(&j->loop, j->clerk, hear, j);
	if (j->now.policy)
		tell_ruling(j, j->before.policy ? 1 : 0);
	if (j->unsaid.n > 0)
		judge_notice(j, "state", text_string(&j->unsaid), NULL);
	text_reset(&j->unsaid);
}

static void hear_news(void *context, int fd)
{
	struct judge *j = context;

	links_heard(fd);
	if (j->look_ns == INT64_MAX)
		j->look_ns = clock_steady().ns + LOOK_SOON_NS;
}

/* Rules with `until` end at midnight UTC (LANGUAGE S44). */
static int64_t next_midnight(void)
{
	int64_t now = clock_now().ns;

	return clock_steady().ns + DAY_NS - now % DAY_NS;
}

static bool lock_up(const struct judge *j)
{
	int error = privilege_become(j->options->judge_uid, j->options->judge_gid);

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);	/* another user's process has none */
	if (error == 0)
		error = sandbox_run_judge();
	if (error < 0)
		run_say("the judge cannot give up its rights: %s", strerror(-error));
	return error == 0;
}

static int open_news(struct judge *j)
{
	int error = loop_init(&j->loop);

	j->news = error == 0 ? links_listen() : error;
	if (j->news < 0)
		return j->news;
	loop_add(&j->loop, j->keeper, hear, j);
	loop_add(&j->loop, j->news, hear_news, j);
	return links_read(&j->links);
}

static int64_t next_deadline(const struct judge *j, int64_t midnight_ns)
{
	int64_t next = j->look_ns < midnight_ns ? j->look_ns : midnight_ns;

	next = j->watching.sample_ns < next ? j->watching.sample_ns : next;
	return joined_deadline(j) < next ? joined_deadline(j) : next;
}

static void go_on(struct judge *j)
{
	int64_t midnight_ns = next_midnight();

	while (!j->must_end) {
		obey_waiting(j);
		loop_turn(&j->loop, next_deadline(j, midnight_ns));
		if (clock_steady().ns >= midnight_ns) {
			midnight_ns = next_midnight() + NS_PER_S;
			j->look_ns = 0;
		}
		if (clock_steady().ns >= j->look_ns)
			judge_look(j);
		if (clock_steady().ns >= j->watching.sample_ns)
			watch_sample(j);
		if (clock_steady().ns >= joined_deadline(j))
			joined_tell(j);
	}
}

void run_judge(const struct run_options *options, int keeper)
{
	struct judge *j = calloc(1, sizeof(*j));
	int ports[PORT_COUNT], error;

	if (!j)
		return;
	for (unsigned i = 0; i < PORT_COUNT; i++)
		ports[i] = -1;
	*j = (struct judge){
		.options = options, .keeper = keeper, .clerk = -1, .look_ns = INT64_MAX
	};
	memcpy(j->ports, ports, sizeof(ports));
	j->watching.sample_ns = INT64_MAX;
	error = open_news(j);
	if (error < 0)
		run_say("cannot read the interfaces: %s", strerror(-error));
	else if (lock_up(j) && begin(j))
		go_on(j);
	watch_end(j);
	control_stop(j);
	queue_set_release(&j->control);
	queue_set_release(&j->standing);
	joined_release(&j->joined);
	queue_seen_free(j->seen);
	plan_release(&j->plan);
	enforce_notes_release(&j->notes);
	ruling_release(&j->now);
	ruling_release(&j->before);
	links_release(&j->links);
	text_release(&j->installed);
	text_release(&j->sets);
	text_release(&j->snooped);
	text_release(&j->unsaid);
	loop_release(&j->loop);
	free(j);
}
