/* SPDX-License-Identifier: BSD-2-Clause */
/* weir confirm and weir stop: a word to the daemon, and what it says. */
#include "base/text.h"
#include "cmd/daemon.h"

struct ask {
	struct common common;
	const char   *config, *control;
	bool	      keep, remove;
};

#define AT(field) offsetof(struct ask, field)

#define WHERE                                                                                      \
	{ OPT_FILE,                                                                                \
	  'c',                                                                                     \
	  "config",                                                                                \
	  "FILE",                                                                                  \
	  "the daemon's configuration (default: " DAEMON_CONF ")",                                 \
	  AT(config),                                                                              \
	  0 },                                                                                     \
	{                                                                                          \
		OPT_FILE, 0, "control", "SOCKET", "the daemon's control socket", AT(control), 0    \
	}

static const struct opt confirm_opts[] = { WHERE, { 0 } };

static const struct opt stop_opts[] = {
	{ OPT_FLAG, 0, "keep", NULL, "the rules stay in the kernel, and go on counting", AT(keep), 0 },
	{ OPT_FLAG, 0, "remove", NULL, "the rules go: from then on everything passes", AT(remove), 0 },
	WHERE,
	{ 0 },
};

static const struct ask defaults = { .config = DAEMON_CONF };

static int ask(const struct ask *o, json_t *request, const struct io *io, json_t **out)
{
	int status = daemon_ask(o->control, o->config, request, io, NULL, out);

	json_decref(request);
	return status;
}

/* The status that the answer has, with its problem. */
static int settle(const json_t *answer, const struct io *io)
{
	int status = (int)json_integer_value(json_object_get(answer, "status"));

	if (status != 0)
		complain(io, "%s", daemon_text(answer, "problem"));
	return status >= 0 && status <= EXIT_SYSTEM ? status : EXIT_SYSTEM;
}

static int run_confirm(const void *arg, const struct io *io)
{
	const struct ask *o = arg;
	json_t *answer = NULL;
	int status = ask(o, json_pack("{s:s}", "command", "confirm"), io, &answer);

	if (status == EXIT_CLEAN && !answer) {
		complain(io, "the daemon ended without an answer");
		status = EXIT_SYSTEM;
	} else if (status == EXIT_CLEAN) {
		status = settle(answer, io);
		if (status == EXIT_CLEAN && !o->common.quiet)
			fprintf(io->out, "Generation %lld stays.\n",
				(long long)json_integer_value(json_object_get(answer, "generation")));
		daemon_tell_unwritten(answer, io);
	}
	json_decref(answer);
	return status;
}

static int run_stop(const void *arg, const struct io *io)
{
	const struct ask *o = arg;
	json_t *answer = NULL;
	int status;

	if (o->keep == o->remove) {
		complain(io, "say what becomes of the rules: weir stop --keep, or weir stop --remove");
		return EXIT_USAGE;
	}
	status = ask(o, json_pack("{s:s, s:s}", "command", "stop", "rules", o->keep ? "keep" : "remove"),
		     io, &answer);
	if (status == EXIT_CLEAN && answer)
		status = settle(answer, io);
	else if (status == EXIT_CLEAN && !o->common.quiet)
		fprintf(io->out, "The daemon has ended; the rules %s.\n",
			o->keep ? "stay in the kernel" : "are gone");
	else if (o->remove)
		complain(io, "rules of a daemon that has ended are taken away by the next one: weir run, then "
			 "weir stop --remove");
	json_decref(answer);
	return status;
}

const struct command cmd_confirm = {
	.name = "confirm",
	.summary = "keep the policy that weir apply --confirm put in force",
	.about = "Without it the policy before comes back when the time of weir apply --confirm is over, or when "
		 "the daemon ends.  Exits 1 where nothing waits to be confirmed.",
	.example = "weir confirm",
	.completes = COMPLETES_NOTHING,
	.opts = confirm_opts, .size = sizeof(struct ask), .defaults = &defaults,
	.run = run_confirm,
};

const struct command cmd_stop = {
	.name = "stop",
	.summary = "end the daemon, and keep the rules or take them away",
	.about = "With --keep the kernel goes on enforcing and counting; the next weir run adopts what stands, "
		 "and no count is lost.  With --remove nothing is enforced any more.",
	.example = "weir stop --keep\n"
		   "weir stop --remove",
	.completes = COMPLETES_NOTHING,
	.opts = stop_opts, .size = sizeof(struct ask), .defaults = &defaults,
	.run = run_stop,
};
