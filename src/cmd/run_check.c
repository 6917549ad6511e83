/* SPDX-License-Identifier: BSD-2-Clause */
/* weir run --check: boundaries, interfaces, directions and back ends as the daemon would have them
 * now, and what cannot be enforced where. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cmd/load.h"
#include "cmd/run.h"
#include "cmd/run_users.h"
#include "daemon/plan.h"
#include "daemon/run_judge_queue.h"
#include "sink/diag_print.h"

struct checking {
	const struct run     *options;
	const struct conf    *conf;
	const struct io	     *io;
	struct links	      links;
	struct policy	     *policy;
	struct plan	      plan;
	struct enforce_support support;
	struct enforce_notes  notes;
	struct enforce_image *image;
	struct queue_set      control;
	char		      control_by[QUEUE_WHY], control_problem[QUEUE_WHY];
	struct json	      json;
	struct text	      text;
	int		      status;
};

/* The policy as the daemon loads it, its complaints on standard error. */
static bool load(struct checking *c)
{
	char **sets = plan_sets(c->conf, &c->links);
	struct common common = { 0 };
	struct text text = { 0 };
	struct diags diags;
	int error = load_text(c->conf->policy.name, c->io, &text);

	diags_init(&diags);
	if (error < 0) {
		c->status = load_refuse(c->conf->policy.name, error, c->io);
	} else {
		c->policy = load_parse(c->conf->policy.name, &text, &common, &diags);
		if (c->policy && !conf_check(c->conf, c->policy, &diags)) {
			policy_free(c->policy);
			c->policy = NULL;
		}
		if (c->policy && c->conf->set_count > 0) {
			common.set = (struct texts){ (const char **)sets, c->conf->set_count };
			policy_free(c->policy);
			c->policy = load_parse(c->conf->policy.name, &text, &common, &diags);
		}
		c->status = c->policy ? EXIT_CLEAN : EXIT_USAGE;
	}
	diags_print(&diags, c->io->err_colour, c->io->err);
	diags_print_summary(&diags, c->io->err);
	diags_release(&diags);
	text_release(&text);
	plan_sets_free(sets, c->conf->set_count);
	return c->policy != NULL;
}

/* "in by xdp, out by tc", or why not. */
static void put_hooks(const struct checking *c, const struct plan_interface *one, struct text *out)
{
	static const char *const directions[] = { "?", "in", "out" };
	const struct enforce_choice *choice = &c->plan.choices[one->choice];
	const struct enforce_link *link = &c->plan.links[one->choice];
	bool any = false;

	for (unsigned h = 0; h < HOOK_COUNT; h++) {
		if (choice->hooks[h] == BACKEND_AUTO)
			continue;
		text_printf(out, "%swhat %s goes %s, by %s", any ? "; " : "",
			    h == HOOK_INGRESS ? "arrives" : "leaves", directions[enforce_direction(link, h)],
			    backend_name(choice->hooks[h]));
		any = true;
	}
	if (!any)
		text_put(out, "nothing to do");
}

static void tell_interface(const struct checking *c, const struct plan_interface *one)
{
	const char *absence = plan_absence(one);
	struct text hooks = { 0 };

	if (!absence)
		put_hooks(c, one, &hooks);
	fprintf(c->io->out, "  %-15s %-7s %-8s %s\n", one->conf->name.name,
		one->conf->is_inside ? "inside" : "outside", conf_backend_name(one->conf->backend),
		absence ? absence : text_string(&hooks));
	if (!absence && c->plan.choices[one->choice].why[0])
		fprintf(c->io->out, "  %-15s %-7s %-8s %s\n", "", "", "", c->plan.choices[one->choice].why);
	if (c->options->dry_run || one->conf->is_dry_run)
		fprintf(c->io->out, "  %-15s %-7s %-8s dry run: counts, and drops nothing\n", "", "", "");
	text_release(&hooks);
}

static bool is_of(const struct checking *c, size_t i, const char *boundary)
{
	return strcmp(c->plan.interfaces[i].conf->boundary.name, boundary) == 0;
}

static void tell_boundary(const struct checking *c, const struct boundary *boundary)
{
	bool any = false;

	for (size_t i = 0; i < c->plan.interface_count; i++) {
		if (!is_of(c, i, boundary->name))
			continue;
		if (!any)
			fprintf(c->io->out, "\nboundary %s, %zu rules\n", boundary->name,
				boundary->rule_count);
		any = true;
		tell_interface(c, &c->plan.interfaces[i]);
	}
}

/* "eth0, boundary border, rule ntp", as far as it says where; what it says below. */
static void put_note(const struct enforce_note *note, struct text *out)
{
	if (note->link[0])
		text_put(out, note->link);
	if (note->boundary[0])
		text_printf(out, "%sboundary %s", out->n ? ", " : "", note->boundary);
	if (note->rule[0])
		text_printf(out, "%srule %s", out->n ? ", " : "", note->rule);
	text_put(out, out->n ? ":\n  " : "");
	text_escape_utf8(out, span_of(note->text));
}

static void tell_notes(const struct checking *c)
{
	for (size_t i = 0; i < c->notes.n; i++) {
		struct text text = { 0 };

		put_note(&c->notes.list[i], &text);
		fprintf(c->io->out, "%s%s\n", i ? "" : "\n", text_string(&text));
		text_release(&text);
	}
}

static void tell_control(const struct checking *c)
{
	if (c->control.n > 0)
		fprintf(c->io->out, "\ncontrol messages at");
	for (size_t i = 0; i < c->control.n; i++)
		fprintf(c->io->out, "%s %s", i ? "," : "", c->control.links[i].name);
	if (c->control.n > 0)
		fprintf(c->io->out, ", %s\n", c->control_by);
	if (c->control_problem[0])
		fprintf(c->io->out, "  %s\n", c->control_problem);
}

static void tell(struct checking *c)
{
	fprintf(c->io->out, "weir %s   configuration %s   policy %s%s\n", WEIR_VERSION, c->conf->file,
		c->policy->name, c->policy->built_in ? " (built in)" : "");
	for (size_t i = 0; i < c->policy->boundary_count; i++)
		tell_boundary(c, c->policy->boundaries[i]);
	if (c->plan.interface_count == 0)
		fputs("\nNo interface is to be enforced.\n", c->io->out);
	tell_control(c);
	if (!run_check_msdp(&c->conf->msdp, &c->links, c->io->out))
		c->status = EXIT_FINDINGS;
	tell_notes(c);
}

static void put_interface(struct checking *c, const struct plan_interface *one)
{
	const char *absence = plan_absence(one);
	struct json *j = &c->json;

	json_open(j, NULL);
	json_string(j, "name", one->conf->name.name);
	json_string(j, "boundary", one->conf->boundary.name);
	json_string(j, "side", one->conf->is_inside ? "inside" : "outside");
	json_string(j, "enforce", conf_backend_name(one->conf->backend));
	json_string(j, "state", absence ? absence : one->link->is_up ? "up" : "down");
	if (!absence) {
		const struct enforce_choice *choice = &c->plan.choices[one->choice];

		json_open(j, "hooks");
		for (unsigned h = 0; h < HOOK_COUNT; h++)
			if (choice->hooks[h] != BACKEND_AUTO)
				json_string(j, hook_name(h), backend_name(choice->hooks[h]));
		json_close(j);
		json_string(j, "why", choice->why);
	}
	json_close(j);
}

static void put_control(struct checking *c)
{
	struct json *j = &c->json;

	json_open(j, "control");
	json_open_array(j, "interfaces");
	for (size_t i = 0; i < c->control.n; i++)
		json_string(j, NULL, c->control.links[i].name);
	json_close_array(j);
	if (c->control.n > 0)
		json_string(j, "by", c->control_by);
	if (c->control_problem[0])
		json_string(j, "problem", c->control_problem);
	json_close(j);
}

static void tell_json(struct checking *c)
{
	struct json *j = &c->json;

	c->json = json_of(&c->text);
	json_open(j, NULL);
	json_string(j, "schema", "weir-check-run/1");
	json_open(j, "policy");
	json_string(j, "name", c->policy->name);
	json_string(j, "sha256", policy_sha256(c->policy));
	json_close(j);
	json_open_array(j, "interfaces");
	for (size_t i = 0; i < c->plan.interface_count; i++)
		put_interface(c, &c->plan.interfaces[i]);
	json_close_array(j);
	put_control(c);
	if (!run_check_msdp_json(&c->conf->msdp, &c->links, j))
		c->status = EXIT_FINDINGS;
	json_open_array(j, "notes");
	for (size_t i = 0; i < c->notes.n; i++) {
		json_open(j, NULL);
		json_string(j, "boundary", c->notes.list[i].boundary);
		json_string(j, "rule", c->notes.list[i].rule);
		json_string(j, "interface", c->notes.list[i].link);
		json_string(j, "text", c->notes.list[i].text);
		json_close(j);
	}
	json_close_array(j);
	json_close(j);
	fprintf(c->io->out, "%s\n", text_string(&c->text));
	text_release(&c->text);
}

/* What would let packets past the queue is as bad as a policy that cannot be enforced; a kernel that
 * has no queue judges data all the same. */
static void plan_control(struct checking *c)
{
	enum queue_means means = queue_probe(c->control_by);
	struct queue_plan plan;
	int error;

	queue_set_init(&c->control, &c->plan, &c->links, c->options->dry_run, NULL);
	plan = (struct queue_plan){ .links = c->control.links, .n = c->control.n };
	error = plan.n > 0 ? queue_check(&plan, means, c->control_problem) : 0;
	if (error == -EINVAL)
		c->status = EXIT_FINDINGS;
}

/* As the daemon does it, up to the image. */
static void plan_all(struct checking *c)
{
	int error;

	enforce_probe(&c->support);
	plan_init(&c->plan, c->conf, c->policy, &c->links, c->options->dry_run);
	error = plan_choose(&c->plan, &c->support);
	if (error == 0)
		error = enforce_compile(&c->plan.plan, c->plan.choices, &c->image, &c->notes);
	if (error == 0)
		plan_notes(&c->plan, &c->notes);
	if (error < 0 && c->plan.error == 0)
		complain(c->io, "the policy cannot be compiled: %s", strerror(-error));
	if (error < 0)
		c->status = EXIT_FINDINGS;
}

/* As whom it would run, where that is not as it should be. */
static void note_users(struct checking *c, const struct run_options *daemon)
{
	struct run_options o = *daemon;
	struct enforce_note note = { 0 };
	struct text text = { 0 };

	run_users_look(&o, &text);
	snprintf(note.text, sizeof(note.text), "%s", text_string(&text));
	if (text.n > 0)
		enforce_notes_add(&c->notes, &note);
	text_release(&text);
}

int run_check(const struct run *options, const struct run_options *daemon, const struct io *io)
{
	struct checking c = { .options = options, .conf = daemon->conf, .io = io };
	int error = links_read(&c.links);

	if (error < 0) {
		complain(io, "cannot read the interfaces: %s", strerror(-error));
		return EXIT_SYSTEM;
	}
	if (load(&c)) {
		plan_all(&c);
		plan_control(&c);
		note_users(&c, daemon);
		if (!run_check_files(daemon, &c.links, c.policy, &c.notes))
			c.status = EXIT_USAGE;
		if (options->common.json)
			tell_json(&c);
		else
			tell(&c);
		queue_set_release(&c.control);
		plan_release(&c.plan);
	}
	free(c.image);
	enforce_notes_release(&c.notes);
	policy_free(c.policy);
	links_release(&c.links);
	return c.status;
}
