/* SPDX-License-Identifier: BSD-2-Clause */
/* From a policy to an image that the keeper installs, and doing it again when interfaces, addresses
 * or the day have changed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/run_judge.h"
#include "os/clock.h"

/* News come in bursts; the first look is soon, for an interface that comes has no rules yet. */
#define LOOK_AGAIN_NS (INT64_C(20) * 1000000)

/* What an image depends on besides its bytes: the interfaces that it is bound to. */
static void put_links(const struct plan *plan, struct text *out)
{
	for (size_t i = 0; i < plan->link_count; i++)
		text_printf(out, "%s %u %u %u\n", plan->links[i].name, plan->links[i].index,
			    plan->choices[i].hooks[HOOK_INGRESS],
			    plan->choices[i].hooks[HOOK_EGRESS]);
}

void judge_tell_nothing(struct judge *j)
{
	const struct message message = { .kind = MESSAGE_NOTHING };
	const struct enforce_plan plan = { .now = clock_now() };
	struct enforce_notes notes = { 0 };
	struct enforce_choice none[1] = { 0 };
	struct enforce_image *image = NULL;
	struct text bytes = { 0 };

	if (enforce_compile(&plan, none, &image, &notes) == 0) {
		text_put_n(&bytes, (const char *)image->bytes, image->n);
		message_send_text(j->keeper, &message, &bytes);
	}
	text_release(&bytes);
	free(image);
	enforce_notes_release(&notes);
}

static void tell_refusals(const struct plan *plan, struct text *problem)
{
	for (size_t i = 0; i < plan->link_count; i++)
		if (plan->choices[i].hooks[HOOK_INGRESS] == BACKEND_AUTO &&
		    plan->choices[i].hooks[HOOK_EGRESS] == BACKEND_AUTO && plan->choices[i].why[0])
			text_printf(problem, "%s%s: %s", problem->n ? "; " : "", plan->links[i].name,
				    plan->choices[i].why);
}

/* 0: *out is the image, to be freed. */
static int compile(struct plan *plan, const struct enforce_support *support,
		   struct enforce_notes *notes, struct enforce_image **out, struct text *problem)
{
	int error = plan_choose(plan, support);

	if (error < 0) {
		tell_refusals(plan, problem);
		return error;
	}
	error = enforce_compile(&plan->plan, plan->choices, out, notes);
	if (error < 0)
		text_printf(problem, "%s", notes->n ? notes->list[notes->n - 1].text
						    : strerror(-error));
	else
		plan_notes(plan, notes);
	return error;
}

static int send_image(struct judge *j, const struct enforce_image *image, uint64_t generation,
		      unsigned confirm_s, struct text *problem)
{
	struct message message = { .kind = MESSAGE_INSTALL, .generation = generation,
				   .number = confirm_s };
	int payload = payload_of(image->bytes, image->n);
	int error = payload < 0 ? payload : message_send(j->keeper, &message, payload);

	if (error == 0 && !judge_await(j, MESSAGE_INSTALL, &message, &payload))
		error = -EPIPE;
	if (error < 0) {
		text_printf(problem, "%s", strerror(-error));
		return error;
	}
	j->in_force_ns = (int64_t)message.number;
	if (payload >= 0)
		close(payload);
	if (message.error < 0)
		text_printf(problem, "%s", message.text[0] ? message.text : strerror(-message.error));
	return message.error;
}

/* Installs the image of `plan`, unless it is what stands. */
static int put(struct judge *j, const struct plan *plan, const struct enforce_image *image,
	       unsigned confirm_s, bool always, struct text *problem)
{
	struct text made_of = { 0 };
	int error = 0;

	put_links(plan, &made_of);
	text_put_n(&made_of, (const char *)image->bytes, image->n);
	if (always || made_of.n != j->installed.n ||
	    memcmp(made_of.p, text_string(&j->installed), made_of.n) != 0)
		error = send_image(j, image, plan->plan.generation, confirm_s, problem);
	if (error == 0) {
		text_release(&j->installed);
		j->installed = made_of;
	} else {
		text_release(&made_of);
	}
	return error;
}

/* What the configuration's sets hold with the addresses of now. */
static void put_sets(const struct judge *j, struct text *out)
{
	const struct conf *conf = ruling_conf(j, &j->now);
	char **sets = plan_sets(conf, &j->links);

	for (size_t i = 0; i < conf->set_count; i++)
		text_printf(out, "%s\n", sets[i]);
	plan_sets_free(sets, conf->set_count);
}

static void tell_piece(void *ctx, struct span bytes)
{
	const struct message message = { .kind = MESSAGE_PIECE };
	const struct judge *j = ctx;
	int payload = payload_of(bytes.p, bytes.n);

	if (payload >= 0)
		(void)message_send(j->keeper, &message, payload);
}

/* The keeper looks whether the queue and the peers can be while the image is compiled.  What it took is
 * taken back where anything of it cannot be. */
static int check_and_put(struct judge *j, const struct ruling *r, struct plan *plan,
			 struct enforce_notes *notes, unsigned confirm_s, struct text *problem)
{
	struct enforce_image *image = NULL;
	struct text unheard = { 0 }, unmade = { 0 };
	int queue = control_ask(j, plan), peers = judge_ask_peers(j, r), error;

	plan->plan.piece = tell_piece;
	plan->plan.piece_ctx = j;
	error = compile(plan, &j->options->support, notes, &image, &unmade);
	queue = control_hear(j, queue, problem);
	peers = judge_hear_peers(j, peers, queue < 0 ? &unheard : problem);
	if (queue == 0 && peers == 0 && error < 0)
		text_put(problem, text_string(&unmade));
	error = queue < 0 ? queue : peers < 0 ? peers : error;
	if (error == 0)
		error = put(j, plan, image, confirm_s, true, problem);
	if (error < 0)
		judge_stage_again(j);		/* those wait for a ruling that will not come */
	free(image);
	text_release(&unheard);
	text_release(&unmade);
	return error;
}

int judge_install(struct judge *j, struct ruling *r, unsigned confirm_s, struct text *problem)
{
	struct enforce_notes notes = { 0 };
	struct plan plan;
	int error;

	plan_init(&plan, ruling_conf(j, r), r->policy, &j->links, j->options->is_dry_run);
	plan.plan.generation = r->bundle.generation;
	error = check_and_put(j, r, &plan, &notes, confirm_s, problem);
	if (error < 0) {
		plan_release(&plan);
		enforce_notes_release(&notes);
		return error;
	}
	plan_release(&j->plan);
	enforce_notes_release(&j->notes);
	j->plan = plan;
	j->notes = notes;
	j->control_waits = control_may_wait(j);
	if (!j->control_waits)
		control_follow(j);
	ruling_release(&j->before);
	if (confirm_s > 0)
		j->before = j->now;
	else
		j->gone = j->now;
	j->now = *r;
	*r = (struct ruling){ 0 };
	if (j->now.bundle.generation > j->highest)
		j->highest = j->now.bundle.generation;
	text_reset(&j->sets);
	put_sets(j, &j->sets);
	return 0;
}

void judge_settle(struct judge *j)
{
	if (j->control_waits)
		control_follow(j);
	j->control_waits = false;
	watch_end(j);
	ruling_release(&j->gone);
	watch_begin(j);
}

/* The policy again where addresses are part of it, and have changed. */
static bool rule_again(struct judge *j, struct text *problem)
{
	struct policy *old = j->now.policy;
	struct text sets = { 0 };
	struct diags diags;
	bool good;

	put_sets(j, &sets);
	good = strcmp(text_string(&sets), text_string(&j->sets)) == 0;
	if (!good) {
		text_release(&j->sets);
		j->sets = sets;
	} else {
		text_release(&sets);
	}
	if (good)
		return true;
	watch_end(j);				/* it names the policy */
	j->now.policy = NULL;			/* the plan still names it: freed below */
	diags_init(&diags);
	good = judge_rule(j, &j->now, &diags);
	if (!good && diags.n > 0)
		text_printf(problem, "%s", diags.list[0].message);
	diags_release(&diags);
	if (!good) {
		j->now.policy = old;
		return false;
	}
	policy_free(old);
	return true;
}

void judge_look(struct judge *j)
{
	struct enforce_notes notes = { 0 };
	struct enforce_image *image = NULL;
	struct text problem = { 0 };
	struct links links;
	struct plan plan;
	int error = links_read(&links);

	j->look_ns = INT64_MAX;
	if (error < 0) {
		run_say("cannot read the interfaces: %s", strerror(-error));
		j->look_ns = clock_steady().ns + NS_PER_S;
		return;
	}
	plan_release(&j->plan);			/* its links point into the old list */
	links_release(&j->links);
	j->links = links;
	queue_set_release(&j->control);		/* it names the policy that may go */
	if (!rule_again(j, &problem))
		run_say("the addresses have changed, but the policy does not load with them: %s",
			text_string(&problem));
	plan_init(&plan, ruling_conf(j, &j->now), j->now.policy, &j->links, j->options->is_dry_run);
	plan.plan.generation = j->now.bundle.generation;
	text_reset(&problem);
	error = compile(&plan, &j->options->support, &notes, &image, &problem);
	if (error == 0)
		error = put(j, &plan, image, 0, false, &problem);
	free(image);
	enforce_notes_release(&j->notes);
	j->notes = notes;
	j->plan = plan;
	control_follow(j);
	if (conf_follows_addresses(ruling_conf(j, &j->now)))
		judge_tell_speaker(j);
	if (j->watching.groups)
		watch_follow(j);
	else
		watch_begin(j);
	if (error < 0 && error != -EPIPE) {
		/* an interface that went while we looked: the next news come at once */
		run_say("the interfaces have changed, but the rules could not follow: %s",
			text_string(&problem));
		j->look_ns = clock_steady().ns + 10 * LOOK_AGAIN_NS;
	}
	text_release(&problem);
}
