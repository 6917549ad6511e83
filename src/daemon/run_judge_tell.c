/* SPDX-License-Identifier: BSD-2-Clause */
/* What the judge says of itself: its state, its rules, and what a new policy would change. */
#include <stdlib.h>
#include <string.h>

#include "base/words.h"
#include "daemon/run_judge.h"
#include "daemon/run_past.h"
#include "engine/report.h"

static json_t *text_of(const char *text)
{
	json_t *string = json_stringn(text, strlen(text));

	return string ? string : json_null();
}

static void set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, text_of(text));
}

static void put_json(json_t *object, struct text *out)
{
	char *text = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);

	text_put(out, text ? text : "{}");
	free(text);
	json_decref(object);
}

/* --- state --- */

static json_t *choice_json(const struct enforce_choice *choice)
{
	json_t *object = json_object();

	for (unsigned h = 0; h < HOOK_COUNT; h++)
		if (choice->hooks[h] != BACKEND_AUTO)
			set_text(object, hook_name(h), backend_name(choice->hooks[h]));
	return object;
}

static json_t *interface_json(const struct judge *j, const struct plan_interface *one)
{
	const struct conf_interface *conf = one->conf;
	const char *absence = plan_absence(one);
	json_t *object = json_object();

	set_text(object, "name", conf->name.name);
	set_text(object, "side", conf->is_inside ? "inside" : "outside");
	set_text(object, "enforce", conf_backend_name(conf->backend));
	set_text(object, "fail", conf->fails_open ? "open" : "closed");
	json_object_set_new(object, "dry_run",
			    json_boolean(conf->is_dry_run || j->options->is_dry_run));
	set_text(object, "state", absence ? absence : one->link->is_up ? "up" : "down");
	if (one->choice != SIZE_MAX) {
		json_object_set_new(object, "hooks", choice_json(&j->plan.choices[one->choice]));
		set_text(object, "why", j->plan.choices[one->choice].why);
	}
	return object;
}

static json_t *boundary_json(const struct judge *j, const struct boundary *boundary)
{
	json_t *object = json_object(), *interfaces = json_array();

	for (size_t i = 0; i < j->plan.interface_count; i++)
		if (strcmp(j->plan.interfaces[i].conf->boundary.name, boundary->name) == 0)
			json_array_append_new(interfaces,
					      interface_json(j, &j->plan.interfaces[i]));
	set_text(object, "name", boundary->name);
	json_object_set_new(object, "rules", json_integer((json_int_t)boundary->rule_count));
	json_object_set_new(object, "interfaces", interfaces);
	return object;
}

static json_t *notes_json(const struct enforce_notes *notes)
{
	json_t *list = json_array();

	for (size_t i = 0; i < notes->n; i++) {
		json_t *note = json_object();

		set_text(note, "boundary", notes->list[i].boundary);
		set_text(note, "rule", notes->list[i].rule);
		set_text(note, "interface", notes->list[i].link);
		set_text(note, "text", notes->list[i].text);
		json_array_append_new(list, note);
	}
	return list;
}

/* Is what the configuration names the policy that is in force? */
static json_t *configured_json(struct judge *j)
{
	struct ruling configured = { 0 };
	struct text problem = { 0 };
	struct diags diags;
	json_t *object = json_object();

	diags_init(&diags);
	if (judge_read_configured(j, true, &configured, &diags, &problem)) {
		set_text(object, "name", configured.bundle.name);
		json_object_set_new(
			object, "differs",
			json_boolean(!bundle_equal(&configured.bundle, &j->now.bundle)));
	} else {
		json_object_set_new(object, "differs", json_true());
		set_text(object, "problem", problem.n ? text_string(&problem)
			 : diags.n ? diags.list[0].message : "it cannot be read");
	}
	ruling_release(&configured);
	diags_release(&diags);
	text_release(&problem);
	return object;
}

static json_t *queue_json(const struct judge *j)
{
	const struct queue_counts *counts = j->queue ? queue_counts(j->queue) : NULL;
	json_t *object = json_object(), *links = json_array();

	for (size_t i = 0; counts && i < j->control.n; i++) {
		const struct queue_link_counts *c = &counts->links[i];
		json_t *link = json_object();

		set_text(link, "name", j->control.links[i].name);
		set_text(link, "boundary", j->control.of[i]->name);
		json_object_set_new(link, "passed", json_integer((json_int_t)c->passed));
		json_object_set_new(link, "dropped", json_integer((json_int_t)c->dropped));
		json_object_set_new(link, "rewritten", json_integer((json_int_t)c->rewritten));
		json_array_append_new(links, link);
	}
	set_text(object, "state", j->queue ? "judged" : j->control.n ? "refused" : "not needed");
	if (j->queue)
		set_text(object, "by", j->queue_by);
	if (j->queue_problem[0])
		set_text(object, "problem", j->queue_problem);
	if (counts) {
		json_object_set_new(object, "lost", json_integer((json_int_t)counts->lost));
		json_object_set_new(object, "unknown", json_integer((json_int_t)counts->unknown));
		json_object_set_new(object, "register_stops",
				    json_integer((json_int_t)counts->stops));
		json_object_set_new(object, "register_stops_failed",
				    json_integer((json_int_t)counts->stops_failed));
	}
	json_object_set_new(object, "interfaces", links);
	return object;
}

static json_t *watched_json(const struct judge *j)
{
	const struct watching *w = &j->watching;
	json_t *list = json_array();
	size_t n = 0;
	const struct live_interface *live = w->live ? live_interfaces(w->live, &n) : NULL;

	for (size_t i = 0; i < n && i < w->link_count; i++) {
		json_t *one = json_object();

		set_text(one, "interface", w->links[i].name);
		json_object_set_new(one, "open", json_boolean(w->links[i].fd >= 0));
		json_object_set_new(one, "packets", json_integer((json_int_t)live[i].packets));
		json_object_set_new(one, "kernel_drops", json_integer((json_int_t)live[i].dropped));
		json_array_append_new(list, one);
	}
	return list;
}

void judge_status_text(struct judge *j, struct text *out)
{
	const struct policy *policy = j->now.policy;
	json_t *object = json_object(), *boundaries = json_array(), *about = json_object();

	for (size_t i = 0; i < policy->boundary_count; i++)
		if (conf_uses_boundary(ruling_conf(j, &j->now), policy->boundaries[i]->name))
			json_array_append_new(boundaries, boundary_json(j, policy->boundaries[i]));
	set_text(about, "name", policy->name);
	set_text(about, "file", j->now.bundle.name);
	set_text(about, "sha256", policy_sha256(policy));
	json_object_set_new(object, "generation",
			    json_integer((json_int_t)j->now.bundle.generation));
	json_object_set_new(object, "policy", about);
	json_object_set_new(object, "configured", configured_json(j));
	json_object_set_new(object, "boundaries", boundaries);
	json_object_set_new(object, "queue", queue_json(j));
	json_object_set_new(object, "watched", watched_json(j));
	json_object_set_new(object, "notes", notes_json(&j->notes));
	put_json(object, out);
}

void judge_rules_text(const struct judge *j, struct text *out)
{
	const struct policy *policy = j->now.policy;
	json_t *object = json_object(), *boundaries = json_array(), *interfaces = json_object();

	for (size_t i = 0; i < policy->boundary_count; i++) {
		const struct boundary *b = policy->boundaries[i];
		json_t *boundary, *rules;

		if (!conf_uses_boundary(ruling_conf(j, &j->now), b->name))
			continue;
		boundary = json_object();
		rules = json_array();
		for (uint16_t k = 0; k < b->rule_count; k++) {
			json_t *rule = json_object();

			set_text(rule, "name", report_rule_name(b, k));
			set_text(rule, "action", action_name(b->rules[k]->action));
			json_array_append_new(rules, rule);
		}
		set_text(boundary, "name", b->name);
		json_object_set_new(boundary, "rules", rules);
		json_array_append_new(boundaries, boundary);
	}
	for (size_t i = 0; i < j->plan.interface_count; i++)
		set_text(interfaces, j->plan.interfaces[i].conf->name.name,
			 j->plan.interfaces[i].conf->boundary.name);
	json_object_set_new(object, "interfaces", interfaces);
	set_text(object, "policy", policy->name);
	set_text(object, "sha256", policy_sha256(policy));
	json_object_set_new(object, "generation",
			    json_integer((json_int_t)j->now.bundle.generation));
	json_object_set_new(object, "boundaries", boundaries);
	put_json(object, out);
}

/* --- the difference --- */

static bool same_rule(const struct rule *a, const struct rule *b)
{
	return a->action == b->action &&
	       strcmp(a->clauses ? a->clauses : "", b->clauses ? b->clauses : "") == 0;
}

/* A boundary's rules by name. */
static struct words name_rules(struct arena *arena, const struct boundary *b)
{
	struct words words = words_of(arena);

	for (size_t i = 0; b && i < b->rule_count; i++)
		if (b->rules[i]->name)
			words_add(&words, b->rules[i]->name, (uint32_t)i);
	return words;
}

/* How many named rules of `a` are not in `b`, or are there with another meaning. */
static size_t count_missing(const struct boundary *a, const struct boundary *b, bool changed)
{
	struct arena arena;
	struct words words;
	size_t n = 0;

	arena_init(&arena);
	words = name_rules(&arena, b);
	for (size_t i = 0; a && i < a->rule_count; i++) {
		uint32_t other;

		if (!a->rules[i]->name)
			continue;
		other = words_find(&words, a->rules[i]->name);
		n += changed ? other != WORD_NONE && !same_rule(a->rules[i], b->rules[other])
			     : other == WORD_NONE;
	}
	arena_release(&arena);
	return n;
}

static void put_rules(const struct boundary *old, const struct boundary *new, struct text *out)
{
	size_t more = count_missing(new, old, false), less = count_missing(old, new, false);
	size_t changed = count_missing(new, old, true);

	if (!old) {
		text_printf(out, "boundary %s: new.\n", new->name);
		return;
	}
	if (!new) {
		text_printf(out, "boundary %s: gone.\n", old->name);
		return;
	}
	if (old->rules[old->rule_count - 1]->action != new->rules[new->rule_count - 1]->action)
		text_printf(out, "boundary %s: the default is %s now.\n", new->name,
			    action_name(new->rules[new->rule_count - 1]->action));
	if (more + less + changed > 0)
		text_printf(out, "boundary %s: %zu rule%s more, %zu less, %zu changed.\n", new->name,
			    more, more == 1 ? "" : "s", less, changed);
}

static void put_boundaries(const struct judge *j, const struct ruling *from,
			   const struct ruling *to, struct text *out)
{
	const struct conf *conf = ruling_conf(j, to);

	for (size_t i = 0; i < to->policy->boundary_count; i++) {
		const struct boundary *new = to->policy->boundaries[i];

		if (conf_uses_boundary(conf, new->name))
			put_rules(policy_boundary(from->policy, new->name), new, out);
	}
	for (size_t i = 0; i < from->policy->boundary_count; i++) {
		const struct boundary *old = from->policy->boundaries[i];

		if (conf_uses_boundary(ruling_conf(j, from), old->name) &&
		    !policy_boundary(to->policy, old->name))
			put_rules(old, NULL, out);
	}
}

void judge_difference(const struct judge *j, const struct ruling *from, const struct ruling *to,
		      const json_t *flows, struct text *out)
{
	struct text changed = { 0 };
	size_t n;

	put_boundaries(j, from, to, out);
	judge_put_peers(j, &ruling_conf(j, from)->msdp, &ruling_conf(j, to)->msdp, out);
	if (out->n == 0)
		text_put(out, "No rule changes.\n");
	n = past_changes(from->policy, to->policy, flows, &changed);
	if (!flows)
		text_put(out, "The history does not say which flows there were.\n");
	else if (json_array_size(flows) == 0)
		text_put(out, "The history knows no flow of the last hour.\n");
	else if (n == 0)
		text_printf(out, "None of the last hour's %zu flows changes.\n", json_array_size(flows));
	else
		text_printf(out, "By the last hour's traffic %zu of %zu flows change:\n%s", n,
			    json_array_size(flows), text_string(&changed));
	text_release(&changed);
}

/* --- the speaker --- */

void judge_tell_speaker(const struct judge *j)
{
	const struct conf *conf = ruling_conf(j, &j->now);
	struct message message = { .kind = MESSAGE_RULING, .generation = j->now.bundle.generation };
	char **sets = plan_sets(conf, &j->links);
	json_t *object = json_object(), *list = json_array();
	struct text text = { 0 };

	bundle_text(&j->now.bundle, &text);
	json_object_set_new(object, "bundle", json_loadb(text_string(&text), text.n, 0, NULL));
	for (size_t i = 0; i < conf->set_count; i++)
		json_array_append_new(list, text_of(sets[i]));
	json_object_set_new(object, "sets", list);
	if (j->now.conf)
		json_object_set_new(object, "conf", json_stringn(text_string(&j->now.conf_text),
								 j->now.conf_text.n));
	text_reset(&text);
	put_json(object, &text);
	message_send_text(j->keeper, &message, &text);
	text_release(&text);
	plan_sets_free(sets, conf->set_count);
}
