/* SPDX-License-Identifier: BSD-2-Clause */
/* weir apply: another policy for the running daemon, whole or not at all. */
#include <stdlib.h>
#include <string.h>

#include "cmd/daemon.h"
#include "cmd/load.h"
#include "daemon/bundle.h"
#include "os/clock.h"
#include "os/file.h"
#include "policy/profiles.h"
#include "sink/diag_print.h"

struct apply {
	struct common common;
	const char   *config, *control;
	uint64_t      confirm_s;
	struct texts  policies;
};

#define AT(field) offsetof(struct apply, field)

static const struct opt opts[] = {
	{ OPT_DURATION, 0, "confirm", "TIME",
	  "go back to the policy before unless weir confirm comes in time (60s, 5m)", AT(confirm_s), 86400 },
	{ OPT_FILE, 'c', "config", "FILE", "the daemon's configuration (default: " DAEMON_CONF ")",
	  AT(config), 0 },
	{ OPT_FILE, 0, "control", "SOCKET", "the daemon's control socket", AT(control), 0 },
	{ 0 },
};

static const struct apply defaults = { .config = DAEMON_CONF };

static bool read_include(void *context, const char *path, struct text *out,
			 char problem[POLICY_PROBLEM])
{
	int error = file_read(path, BUNDLE_BYTES_MAX, out);

	(void)context;
	if (error < 0)
		snprintf(problem, POLICY_PROBLEM, "%s", strerror(-error));
	return error == 0;
}

static int read_policy(const char *name, const struct io *io, struct bundle *out)
{
	int error = load_text(name, io, &out->text);

	if (error < 0)
		return load_refuse(name, error, io);
	out->name = strdup(name);
	out->is_profile = profile_find(name) != NULL;
	return EXIT_CLEAN;
}

/* The policy with all that it includes, and its mistakes where they are shown best. */
static int gather(const struct io *io, struct bundle *out)
{
	int status = EXIT_CLEAN;
	struct policy *policy = NULL;
	struct diags diags;

	diags_init(&diags);
	policy = bundle_gather(out, NULL, 0, read_include, NULL, &diags);
	if (!policy)
		status = EXIT_USAGE;
	diags_print(&diags, io->err_colour, io->err);
	diags_print_summary(&diags, io->err);
	diags_release(&diags);
	policy_free(policy);
	return status;
}

static json_t *request_of(const struct apply *o, const struct bundle *bundle, int64_t begun_ns)
{
	json_t *request = json_pack("{s:s, s:I, s:I}", "command", "apply", "confirm",
				    (json_int_t)o->confirm_s, "begun_ns", (json_int_t)begun_ns);
	struct text text = { 0 };
	json_t *policy;

	if (bundle->name) {
		bundle_text(bundle, &text);
		policy = json_loadb(text.p, text.n, 0, NULL);
		/* bytes that are no text: not the same as no policy */
		json_object_set_new(request, "policy", policy ? policy : json_object());
		text_release(&text);
	}
	return request;
}

/* A text of several lines, each safe for a terminal. */
static void print_lines(const char *text, FILE *out)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		struct text line = { 0 };

		text_escape_utf8(&line, (struct span){ (const uint8_t *)text, n });
		fprintf(out, "%s\n", text_string(&line));
		text_release(&line);
		text += n + (text[n] == '\n');
	}
}

static int tell(const struct apply *o, const json_t *answer, const struct io *io)
{
	int status = (int)json_integer_value(json_object_get(answer, "status"));
	long long generation = json_integer_value(json_object_get(answer, "generation"));
	double took_ms = json_real_value(json_object_get(answer, "in_force_ms"));

	print_lines(daemon_text(answer, "problem"), io->err);
	if (!o->common.quiet)
		print_lines(daemon_text(answer, "difference"), io->out);
	if (status != 0)
		complain(io, "nothing was applied");
	else if (!o->common.quiet && o->confirm_s > 0)
		fprintf(io->out, "In force after %.1f ms (generation %lld).  Reverts in %llu s unless you "
			"confirm:  weir confirm\n", took_ms, generation, (unsigned long long)o->confirm_s);
	else if (!o->common.quiet)
		fprintf(io->out, "In force after %.1f ms (generation %lld).\n", took_ms, generation);
	daemon_tell_unwritten(answer, io);
	return status >= 0 && status <= EXIT_SYSTEM ? status : EXIT_SYSTEM;
}

/* Where nothing is included the text is all there is to send: the daemon checks it anyway, and it is
 * in force the sooner. */
static bool has_includes(const struct bundle *bundle)
{
	return !bundle->is_profile && strstr(text_string(&bundle->text), "include");
}

static bool was_refused(int status, const json_t *answer)
{
	return status != EXIT_CLEAN ||
	       json_integer_value(json_object_get(answer, "status")) == EXIT_USAGE;
}

static int run(const void *arg, const struct io *io)
{
	const struct apply *o = arg;
	const int64_t begun_ns = clock_steady().ns;
	struct bundle bundle = { 0 };
	struct text line = { 0 };
	json_t *request = NULL, *answer = NULL;
	int status = o->policies.n ? read_policy(o->policies.list[0], io, &bundle) : EXIT_CLEAN;
	bool is_whole = !bundle.name || has_includes(&bundle);

	if (status == EXIT_CLEAN && bundle.name && is_whole)
		status = gather(io, &bundle);
	if (status != EXIT_CLEAN)
		goto done;
	request = request_of(o, &bundle, begun_ns);
	status = daemon_ask(o->control, o->config, request, io, &line, &answer);
	if (status == EXIT_CLEAN && !answer) {
		complain(io, "the daemon ended without an answer");
		status = EXIT_SYSTEM;
	} else if (!is_whole && was_refused(status, answer) && gather(io, &bundle) != EXIT_CLEAN) {
		status = EXIT_USAGE;
	} else if (status == EXIT_CLEAN && o->common.json) {
		fputs(text_string(&line), io->out);
		status = (int)json_integer_value(json_object_get(answer, "status"));
	} else if (status == EXIT_CLEAN) {
		status = tell(o, answer, io);
	}
done:
	json_decref(request);
	json_decref(answer);
	bundle_release(&bundle);
	text_release(&line);
	return status;
}

const struct command cmd_apply = {
	.name = "apply",
	.summary = "put another policy in force, now and after a restart",
	.operands = "[POLICY]", .operands_min = 0, .operands_max = 1,
	.about = "Gives the running daemon a policy, a file or a built-in one, with all that it includes.  It "
		 "is checked, shown as a difference to the one in force, also by the flows of the last hour, and "
		 "then swapped in one step: no packet is judged by half of it.  It is the next generation, "
		 "which a restart loads.  With --confirm the policy before comes back unless weir confirm is "
		 "given in time, for whoever may have cut their own line.  Without a policy the configuration and "
		 "the policy that it names are read anew.  Exits 2 for a bad policy; the old one stays.",
	.example = "weir apply border.weir --confirm 60s\n"
		   "weir apply modern\n"
		   "weir apply",
	.completes = COMPLETES_PROFILES,
	.takes = TAKES_JSON,
	.opts = opts, .size = sizeof(struct apply), .defaults = &defaults,
	.operands_offset = offsetof(struct apply, policies),
	.run = run,
};
