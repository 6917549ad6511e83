/* SPDX-License-Identifier: BSD-2-Clause */
/* weir check: every mistake of a policy, and what is odd about it. */
#include <string.h>

#include "base/json.h"
#include "cmd/command.h"
#include "cmd/load.h"
#include "os/clock.h"
#include "policy/check.h"
#include "policy/table.h"
#include "sink/diag_print.h"

struct check {
	struct common common;
	struct texts  policies;
};

/* What was said of all policies so far. */
struct checked {
	const struct check *options;
	const struct io	   *io;
	struct diags	    diags;
	struct text	    json_text;
	struct json	    json;
	int		    refused;	/* the worst status of what could not be read */
};

static void put_diag(struct json *j, const struct diag *d)
{
	static const char *const severities[] = {
		[SEVERITY_NOTE] = "note", [SEVERITY_WARNING] = "warning", [SEVERITY_ERROR] = "error",
	};

	json_open(j, NULL);
	json_string(j, "severity", severities[d->severity]);
	json_string(j, "file", d->file);
	if (d->line) {
		json_number(j, "line", d->line);
		json_number(j, "column", d->column);
		json_number(j, "width", d->width);
	}
	json_string(j, "message", d->message);
	if (d->hint || d->beside)
		json_string(j, "hint", d->hint ? d->hint : d->beside);
	json_close(j);
}

/* How large each boundary is once compiled (-v). */
static void tell_size(const struct checked *c, const struct boundary *b)
{
	struct table *table = table_new(b);
	struct table_shape shape = table_shape(table);
	char size[NUMBER_TEXT];

	fprintf(c->io->out,
		"boundary %s: %zu rules, %s compiled; IPv4 %zu x %zu classes, IPv6 %zu x %zu, "
		"%zu planes, %zu lists%s\n",
		b->name, b->rule_count, bytes_text(table_size_bytes(table), size), shape.sources4,
		shape.groups4, shape.sources6, shape.groups6, shape.planes, shape.lists,
		shape.dense ? "" : ", lists per class");
	table_free(table);
}

static void put_policy(struct checked *c, const char *name, const struct policy *policy,
		       size_t from)
{
	struct json *j = &c->json;

	json_open(j, NULL);
	json_string(j, "file", name);
	if (policy) {
		json_string(j, "name", policy->name);
		json_string(j, "sha256", policy_sha256(policy));
		json_open_array(j, "boundaries");
		for (size_t i = 0; i < policy->boundary_count; i++) {
			json_open(j, NULL);
			json_string(j, "name", policy->boundaries[i]->name);
			json_number(j, "rules", policy->boundaries[i]->rule_count);
			json_close(j);
		}
		json_close_array(j);
	}
	json_open_array(j, "diagnostics");
	for (size_t i = from; i < c->diags.n; i++)
		put_diag(j, &c->diags.list[i]);
	json_close_array(j);
	json_close(j);
}

static void check_one(struct checked *c, const char *name)
{
	struct text text = { 0 };
	int error = load_text(name, c->io, &text);
	size_t from = c->diags.n;
	struct policy *policy;

	if (error < 0) {
		int status = load_refuse(name, error, c->io);

		c->refused = status > c->refused ? status : c->refused;
		text_release(&text);
		return;
	}
	policy = load_parse(name, &text, &c->options->common, &c->diags);
	if (policy)
		policy_check(policy, mtime_day(clock_now()), &c->diags);
	if (c->options->common.json)
		put_policy(c, name, policy, from);
	else if (policy && c->options->common.verbose && !c->options->common.quiet)
		for (size_t i = 0; i < policy->boundary_count; i++)
			tell_size(c, policy->boundaries[i]);
	policy_free(policy);
	text_release(&text);
}

static int status_of(const struct checked *c)
{
	int status = c->diags.errors     ? EXIT_USAGE
		     : c->diags.warnings ? EXIT_FINDINGS
					 : EXIT_CLEAN;

	return c->refused > status ? c->refused : status;
}

static void print(struct checked *c)
{
	struct json *j = &c->json;

	if (c->options->common.json) {
		json_close_array(j);
		json_number(j, "errors", c->diags.errors);
		json_number(j, "warnings", c->diags.warnings);
		json_number(j, "notes", c->diags.notes);
		json_number(j, "exit", (uint64_t)status_of(c));
		json_close(j);
		fprintf(c->io->out, "%s\n", text_string(&c->json_text));
	} else if (!c->options->common.quiet) {
		diags_print(&c->diags, c->io->colour, c->io->out);
		diags_print_summary(&c->diags, c->io->out);
	}
}

static int run(const void *arg, const struct io *io)
{
	struct checked c = { .options = arg, .io = io };
	int status;

	diags_init(&c.diags);
	c.json = json_of(&c.json_text);
	json_open(&c.json, NULL);
	json_string(&c.json, "schema", "weir-check/1");
	json_open_array(&c.json, "policies");
	for (size_t i = 0; i < c.options->policies.n; i++)
		check_one(&c, c.options->policies.list[i]);
	print(&c);
	status = status_of(&c);
	diags_release(&c.diags);
	text_release(&c.json_text);
	return status;
}

const struct command cmd_check = {
	.name = "check",
	.summary = "say what is wrong, or odd, about a policy",
	.operands = "FILE|PROFILE...",
	.operands_min = 1,
	.operands_max = OPERANDS_ANY,
	.about = "Tells every mistake in one run, each with its line and a hint, and then what is odd: "
		 "rules that never match because others decide before them, permits of groups that end "
		 "at every boundary, rules that have ended. Prints nothing where all is well; -v adds "
		 "how large each boundary is once compiled. Exits 2 with errors, 1 with warnings, 0 "
		 "with notes only.",
	.example = "weir check site.weir\n"
		   "weir check --set own=192.0.2.0/24 site.weir",
	.completes = COMPLETES_PROFILES,
	.takes = TAKES_SETS | TAKES_JSON,
	.size = sizeof(struct check),
	.operands_offset = offsetof(struct check, policies),
	.run = run,
};
