/* SPDX-License-Identifier: BSD-2-Clause */
/* weir policy: the built-in policies, their boundaries, and what a site may choose. */
#include <string.h>

#include "base/json.h"
#include "cmd/command.h"
#include "cmd/load.h"
#include "policy/load.h"
#include "policy/parse.h"
#include "policy/profiles.h"
#include "sink/diag_print.h"

struct show {
	struct common common;
	bool	      summary, text;
	struct texts  names;
};

static const struct opt opts[] = {
	{ OPT_LIST, 0, "set", "NAME=SET", "choose a set that the policy leaves open (?=)",
	  offsetof(struct show, common.set), 0 },
	{ OPT_FLAG, 's', "summary", NULL, "only its boundaries and choices, not its text",
	  offsetof(struct show, summary), 0 },
	{ OPT_FLAG, 't', "text", NULL, "only its text", offsetof(struct show, text), 0 },
	{ 0 },
};

/* A policy with its text. */
struct shown {
	struct policy *policy;
	struct text    text;
	struct text    about;		/* its first paragraph of comments */
};

/* The first run of comment lines, as one paragraph. */
static void read_about(const char *name, const struct text *text, struct text *out)
{
	struct arena arena;
	struct diags diags;
	const struct syntax *syntax;
	unsigned line = 0;

	arena_init(&arena);
	diags_init(&diags);
	syntax = syntax_parse(&arena, name, text_string(text), text->n, &diags);
	for (size_t i = 0; i < syntax->comments.n; i++) {
		const struct comment *c = &syntax->comments.list[i];
		const char *p = syntax->source->text + c->offset;
		size_t skip = c->n > 1 && p[1] == ' ' ? 2 : 1;

		if (!c->own_line || (line > 0 && c->line != line + 1))
			break;
		text_put(out, out->n > 0 ? " " : "");
		text_put_n(out, p + skip, c->n - skip);
		line = c->line;
	}
	diags_release(&diags);
	arena_release(&arena);
}

/* False, with a complaint and *out_status, where there is no such policy. */
static bool shown_load(const char *name, const struct common *common, const struct io *io,
		       struct shown *out, int *out_status)
{
	int error = load_text(name, io, &out->text);
	struct diags diags;

	if (error < 0) {
		*out_status = load_refuse(name, error, io);
		return false;
	}
	diags_init(&diags);
	out->policy = load_parse(name, &out->text, common, &diags);
	diags_print(&diags, io->err_colour, io->err);
	diags_release(&diags);
	*out_status = EXIT_USAGE;
	if (out->policy)
		read_about(name, &out->text, &out->about);
	return out->policy != NULL;
}

static void shown_release(struct shown *shown)
{
	policy_free(shown->policy);
	text_release(&shown->text);
	text_release(&shown->about);
}

/* Up to the first full stop, comma or colon that ends a phrase. */
static int first_phrase(const char *about)
{
	size_t n = 0;

	while (about[n] && !(strchr(".:", about[n]) && (!about[n + 1] || about[n + 1] == ' ')))
		n++;
	return (int)n;
}

static void put_boundaries(const struct policy *policy, struct text *out)
{
	text_put(out, "# Boundaries (-b NAME; without it the first):\n");
	for (size_t i = 0; i < policy->boundary_count; i++) {
		const struct boundary *b = policy->boundaries[i];

		text_printf(out, "#   %-20s %s\n", b->name, b->text ? b->text : "");
	}
}

static void put_choices(const struct policy *policy, struct text *out)
{
	if (policy->choice_count == 0)
		return;
	text_put(out, "#\n# What a site chooses (--set NAME=SET; a rule that names an empty set is off):\n");
	for (size_t i = 0; i < policy->choice_count; i++) {
		const struct choice *c = &policy->choices[i];

		text_printf(out, "#   %-14s = %-8s %s\n", c->name, c->value, c->text ? c->text : "");
	}
}

/* Comments, so that what is printed is a policy file all the same. */
static void put_summary(const struct shown *shown, struct text *out)
{
	const struct policy *policy = shown->policy;

	text_printf(out, "# %s%s", policy->name, policy->built_in ? " (built in)" : "");
	if (shown->about.n > 0)
		text_printf(out, ": %.*s", first_phrase(shown->about.p), shown->about.p);
	text_printf(out, "\n# sha256 %s\n#\n", policy_sha256(policy));
	put_boundaries(policy, out);
	put_choices(policy, out);
}

/* An array of lines: JSON for people and programs has no line ends inside of a string. */
static void put_lines(const struct text *text, struct json *j)
{
	const char *line = text_string(text), *end;

	json_open_array(j, "source");
	for (; (end = strchr(line, '\n')); line = end + 1)
		json_bytes(j, NULL, (struct span){ (const uint8_t *)line, (size_t)(end - line) });
	if (*line)
		json_string(j, NULL, line);
	json_close_array(j);
}

static void put_json(const struct shown *shown, bool with_text, struct json *j)
{
	const struct policy *policy = shown->policy;

	json_open(j, "policy");
	json_string(j, "name", policy->name);
	json_string(j, "sha256", policy_sha256(policy));
	json_bool(j, "built_in", policy->built_in);
	json_close(j);
	json_string(j, "about", text_string(&shown->about));
	json_open_array(j, "boundaries");
	for (size_t i = 0; i < policy->boundary_count; i++) {
		const struct boundary *b = policy->boundaries[i];

		json_open(j, NULL);
		json_string(j, "name", b->name);
		json_string(j, "text", b->text ? b->text : "");
		json_number(j, "rules", b->rule_count);
		json_string(j, "default", action_name(b->rules[b->rule_count - 1]->action));
		json_close(j);
	}
	json_close_array(j);
	json_open_array(j, "choices");
	for (size_t i = 0; i < policy->choice_count; i++) {
		json_open(j, NULL);
		json_string(j, "name", policy->choices[i].name);
		json_string(j, "text", policy->choices[i].text ? policy->choices[i].text : "");
		json_string(j, "value", policy->choices[i].value);
		json_bool(j, "chosen", policy->choices[i].chosen);
		json_close(j);
	}
	json_close_array(j);
	if (with_text)
		put_lines(&shown->text, j);
}

static void put_one(const struct show *o, const struct shown *shown, struct text *out)
{
	struct json j = json_of(out);

	if (o->common.json) {
		json_open(&j, NULL);
		json_string(&j, "schema", "weir-policy/1");
		put_json(shown, true, &j);
		json_close(&j);
		text_char(out, '\n');
		return;
	}
	/* the text first: its lines are those that reports name */
	if (!o->summary)
		text_put_n(out, text_string(&shown->text), shown->text.n);
	if (!o->text && !o->summary)
		text_char(out, '\n');
	if (!o->text)
		put_summary(shown, out);
}

static void put_listed(const struct shown *shown, struct text *out)
{
	const struct policy *policy = shown->policy;

	text_printf(out, "%-10s %.*s\n", policy->name, first_phrase(text_string(&shown->about)),
		    text_string(&shown->about));
	for (size_t i = 0; i < policy->boundary_count; i++)
		text_printf(out, "    %-20s %s\n", policy->boundaries[i]->name,
			    policy->boundaries[i]->text ? policy->boundaries[i]->text : "");
}

static int list_all(const struct show *o, const struct io *io, struct text *out)
{
	struct json j = json_of(out);
	int status = EXIT_CLEAN;

	if (o->common.json) {
		json_open(&j, NULL);
		json_string(&j, "schema", "weir-policies/1");
		json_open_array(&j, "policies");
	}
	for (size_t i = 0; i < profiles_count && status == EXIT_CLEAN; i++) {
		struct shown shown = { 0 };

		if (shown_load(profiles[i].name, &o->common, io, &shown, &status)) {
			status = EXIT_CLEAN;
			if (o->common.json) {
				json_open(&j, NULL);
				put_json(&shown, false, &j);
				json_close(&j);
			} else {
				put_listed(&shown, out);
			}
		}
		shown_release(&shown);
	}
	if (o->common.json) {
		json_close_array(&j);
		json_close(&j);
		text_char(out, '\n');
	}
	return status;
}

static int run(const void *arg, const struct io *io)
{
	const struct show *o = arg;
	struct shown shown = { 0 };
	struct text out = { 0 };
	int status;

	if (o->names.n == 0) {
		status = list_all(o, io, &out);
	} else if (shown_load(o->names.list[0], &o->common, io, &shown, &status)) {
		put_one(o, &shown, &out);
		status = EXIT_CLEAN;
	}
	if (!o->common.quiet)
		fwrite(text_string(&out), 1, out.n, io->out);
	shown_release(&shown);
	text_release(&out);
	return status;
}

const struct command cmd_policy = {
	.name = "policy",
	.summary = "show the built-in policies",
	.operands = "[NAME]",
	.operands_max = 1,
	.about = "Without a name, lists the built-in policies and their boundaries with a sentence each. "
		 "With one, prints that policy: its boundaries and what a site chooses stand below its "
		 "text as comments, so the output can be saved, changed and used as a policy file.",
	.example = "weir policy\n"
		   "weir policy modern > site.weir\n"
		   "weir policy --summary modern",
	.completes = COMPLETES_PROFILES,
	.takes = TAKES_JSON,
	.opts = opts,
	.size = sizeof(struct show),
	.operands_offset = offsetof(struct show, names),
	.run = run,
};
