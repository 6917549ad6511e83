/* SPDX-License-Identifier: BSD-2-Clause */
/* weir status: what the running daemon enforces, where, and how it is. */
#include <string.h>

#include "base/text.h"
#include "cmd/daemon.h"
#include "policy/profiles.h"

struct status {
	struct common common;
	const char   *config, *control;
};

#define AT(field) offsetof(struct status, field)

static const struct opt opts[] = {
	{ OPT_FILE, 'c', "config", "FILE", "the daemon's configuration (default: " DAEMON_CONF ")",
	  AT(config), 0 },
	{ OPT_FILE, 0, "control", "SOCKET", "the daemon's control socket", AT(control), 0 },
	{ 0 },
};

static const struct status defaults = { .config = DAEMON_CONF };

static long long number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void tell_head(const json_t *s, FILE *out)
{
	const json_t *policy = json_object_get(s, "policy"), *conf = json_object_get(s, "configured");
	const json_t *pending = json_object_get(s, "pending");
	char since[LOCAL_TIME_TEXT];

	fprintf(out, "weir %s   generation %lld   policy %s (%s)   runs since %s%s\n", daemon_safe(s, "version"),
		number(s, "generation"), daemon_safe(policy, "name"),
		profile_find(daemon_text(policy, "file")) ? "built in" : daemon_safe(policy, "file"),
		daemon_minute(s, "since", since),
		json_is_true(json_object_get(s, "dry_run")) ? "   dry run" : "");
	if (pending)
		fprintf(out, "Generation %lld reverts in %lld s unless you confirm:  weir confirm\n",
			number(pending, "generation"), number(pending, "seconds"));
	if (json_is_true(json_object_get(conf, "differs")) && daemon_text(conf, "problem")[0])
		fprintf(out, "The configured policy differs, and cannot be loaded: %s; weir run --check tells more\n",
			daemon_safe(conf, "problem"));
	else if (json_is_true(json_object_get(conf, "differs")))
		fprintf(out, "The configured policy %s differs from the one in force:  weir apply\n",
			daemon_safe(conf, "name"));
}

/* "xdp in, tc out": by hook. */
static void put_hooks(const json_t *one, struct text *out)
{
	const json_t *hooks = json_object_get(one, "hooks");
	const char *in = daemon_text(hooks, "ingress"), *eg = daemon_text(hooks, "egress");

	if (!in[0] && !eg[0])
		text_put(out, "-");
	else
		text_printf(out, "%s%s%s%s%s", in[0] ? "ingress " : "", in, in[0] && eg[0] ? ", " : "",
			    eg[0] ? "egress " : "", eg);
}

static long long counted(const json_t *s, const char *boundary, const char *interface,
			 const char *member)
{
	const json_t *list = json_object_get(s, "counters");
	long long sum = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);

		if (strcmp(daemon_text(one, "boundary"), boundary) == 0 &&
		    strcmp(daemon_text(one, "interface"), interface) == 0)
			sum += number(one, member);
	}
	return sum;
}

static void tell_boundary(const json_t *s, const json_t *boundary, bool verbose, FILE *out)
{
	const json_t *list = json_object_get(boundary, "interfaces");

	fprintf(out, "\nBOUNDARY %s, %lld rules\n", daemon_safe(boundary, "name"), number(boundary, "rules"));
	if (json_array_size(list) == 0) {
		fputs("  between MSDP peers:  weir msdp peers\n", out);
		return;
	}
	fprintf(out, "  %-15s %-8s %-10s %-34s %14s %10s\n", "INTERFACE", "SIDE", "STATE", "BACK END",
		"PACKETS", "BYTES");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		const char *b = daemon_text(boundary, "name"), *name = daemon_text(one, "name");
		char packets[NUMBER_TEXT], bytes[NUMBER_TEXT];
		struct text hooks = { 0 };

		put_hooks(one, &hooks);
		number_text((uint64_t)counted(s, b, name, "packets"), packets);
		bytes_text((uint64_t)counted(s, b, name, "bytes"), bytes);
		fprintf(out, "  %-15s %-8s %-10s %-34s %14s %10s%s\n", daemon_safe(one, "name"),
			daemon_safe(one, "side"), daemon_safe(one, "state"), text_string(&hooks), packets, bytes,
			json_is_true(json_object_get(one, "dry_run")) ? "  dry run" : "");
		if (verbose && daemon_text(one, "why")[0])
			fprintf(out, "  %-15s %s\n", "", daemon_safe(one, "why"));
		text_release(&hooks);
	}
}

static void tell_snooping(const json_t *s, FILE *out)
{
	const json_t *list = json_object_get(s, "snooping");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);

		fprintf(out, "%sSNOOPING  %-15s %lld came for it, %lld were given to it, %lld the bridge kept away\n",
			i ? "" : "\n", daemon_safe(one, "interface"), number(one, "offered"),
			number(one, "passed"), number(one, "kept"));
	}
}

static void tell_packets(const json_t *s, FILE *out)
{
	const json_t *queue = json_object_get(s, "queue"), *watched = json_object_get(s, "watched");
	char since[LOCAL_TIME_TEXT];

	if (number(queue, "offered") > 0 || strcmp(daemon_text(queue, "state"), "not needed") != 0)
		fprintf(out, "\nCONTROL PACKETS  %s: %lld came, %lld were judged, %lld nobody judged%s%s\n",
			daemon_safe(queue, "state"), number(queue, "offered"), number(queue, "judged"),
			number(queue, "bypassed"), daemon_text(queue, "since")[0] ? ", since " : "",
			daemon_text(queue, "since")[0] ? daemon_minute(queue, "since", since) : "");
	if (daemon_text(queue, "by")[0])
		fprintf(out, "  %s\n", daemon_safe(queue, "by"));
	if (daemon_text(queue, "problem")[0])
		fprintf(out, "  %s\n", daemon_safe(queue, "problem"));
	if (number(queue, "register_stops") + number(queue, "register_stops_failed") > 0)
		fprintf(out, "  Register-Stops: %lld sent, %lld could not be sent\n",
			number(queue, "register_stops"), number(queue, "register_stops_failed"));
	if (number(queue, "unknown") > 0)
		fprintf(out, "  %lld came from interfaces that have no boundary any more\n",
			number(queue, "unknown"));
	if (number(queue, "lost") > 0)
		fprintf(out, "  packets that did not fit into the queue: %lld or more\n",
			number(queue, "lost"));
	tell_snooping(s, out);
	for (size_t i = 0; i < json_array_size(watched); i++) {
		const json_t *one = json_array_get(watched, i);

		fprintf(out, "%sWATCHED  %-15s %lld packets, the kernel dropped %lld%s\n", i ? "" : "\n",
			daemon_safe(one, "interface"), number(one, "packets"), number(one, "kernel_drops"),
			json_is_true(json_object_get(one, "open")) ? "" : "  (not open now)");
	}
}

/* "eth0, boundary border, rule ntp: it asks for ...", as far as it says where. */
static void tell_note(const json_t *note, FILE *out)
{
	static const struct {
		const char *member, *word;
	} places[] = { { "interface", "" }, { "boundary", "boundary " }, { "rule", "rule " } };
	const char *between = "";

	for (size_t i = 0; i < COUNT(places); i++) {
		if (!daemon_text(note, places[i].member)[0])
			continue;
		fprintf(out, "%s%s%s", between, places[i].word, daemon_safe(note, places[i].member));
		between = ", ";
	}
	fprintf(out, "%s%s\n", between[0] ? ": " : "", daemon_safe(note, "text"));
}

static void tell_rest(const json_t *s, FILE *out)
{
	const json_t *notes = json_object_get(s, "notes"), *history = json_object_get(s, "history");
	const json_t *processes = json_object_get(s, "processes");

	for (size_t i = 0; i < json_array_size(notes); i++) {
		const json_t *note = json_array_get(notes, i);

		fputs(i ? "" : "\n", out);
		tell_note(note, out);
	}
	for (size_t i = 0; i < json_array_size(processes); i++) {
		const json_t *one = json_array_get(processes, i);

		if (number(one, "begun") > 1)
			fprintf(out, "\nThe %s was begun %lld times.\n", daemon_safe(one, "name"),
				number(one, "begun"));
	}
	if (daemon_text(history, "problem")[0])
		fprintf(out, "\nThe history %s cannot be written: %s.  The kernel counts on.\n",
			daemon_safe(history, "file"), daemon_safe(history, "problem"));
}

static void tell(const json_t *s, bool verbose, FILE *out)
{
	const json_t *boundaries = json_object_get(s, "boundaries");

	tell_head(s, out);
	for (size_t i = 0; i < json_array_size(boundaries); i++)
		tell_boundary(s, json_array_get(boundaries, i), verbose, out);
	if (json_array_size(boundaries) == 0)
		fputs("\nNo interface is enforced.\n", out);
	tell_packets(s, out);
	tell_rest(s, out);
}

static int run(const void *arg, const struct io *io)
{
	const struct status *o = arg;
	struct text line = { 0 };
	json_t *request = json_pack("{s:s}", "command", "status"), *answer = NULL;
	int status = daemon_ask(o->control, o->config, request, io, &line, &answer);

	if (status == EXIT_CLEAN && number(answer, "status") != 0) {
		complain(io, "%s", daemon_text(answer, "problem"));
		status = EXIT_SYSTEM;
	} else if (status == EXIT_CLEAN && !answer) {
		complain(io, "the daemon ended without an answer");
		status = EXIT_SYSTEM;
	} else if (status == EXIT_CLEAN && o->common.json) {
		fputs(text_string(&line), io->out);
	} else if (status == EXIT_CLEAN) {
		tell(answer, o->common.verbose > 0, io->out);
		daemon_tell_unwritten(answer, io);
	}
	json_decref(request);
	json_decref(answer);
	text_release(&line);
	return status;
}

const struct command cmd_status = {
	.name = "status",
	.summary = "what the daemon enforces, where, and how it is",
	.about = "Shows the generation in force and its policy, whether the configured one differs, every "
		 "boundary with its interfaces, the back end of each hook and what it has counted, and what is "
		 "not well.  Needs no more than the right to open the control socket.",
	.example = "weir status\n"
		   "weir status -j",
	.completes = COMPLETES_NOTHING,
	.takes = TAKES_JSON,
	.opts = opts, .size = sizeof(struct status), .defaults = &defaults,
	.run = run,
};
