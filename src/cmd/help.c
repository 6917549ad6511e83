/* SPDX-License-Identifier: BSD-2-Clause */
/* weir help: the commands, one command, or one of the closed lists that policies, reports and
 * JSON take their words from. */
#include <string.h>

#include "base/nearest.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/completion.h"
#include "cmd/usage.h"
#include "model/observation.h"
#include "policy/profiles.h"

struct help {
	struct common common;
	const char   *completion;
	struct texts  topic;
};

static const struct opt opts[] = {
	{ OPT_CHOICE, 0, "completion", COMPLETION_SHELLS, "print the completion script of a shell",
	  offsetof(struct help, completion), 0 },
	{ 0 },
};

static void print_points(FILE *out)
{
	for (unsigned i = 0; i < POINT_COUNT; i++)
		fprintf(out, "%-12s%s\n", point_name(i), point_meaning(i));
}

static void print_protocols(FILE *out)
{
	for (unsigned i = 0; i < PROTOCOL_COUNT; i++)
		fprintf(out, "%-10s%s\n", protocol_name(i), protocol_meaning(i));
	fprintf(out, "\nTheir messages (the words behind `type`):\n");
	for (unsigned i = 0; i < TYPE_COUNT; i++)
		fprintf(out, "%-24s%-32s%s\n", type_name(i), type_protocols(i), type_rfc(i));
}

static void print_anomalies(FILE *out)
{
	for (unsigned i = ANOMALY_NONE + 1; i < ANOMALY_COUNT; i++)
		fprintf(out, "%-10s%s\n", anomaly_name(i), anomaly_meaning(i));
}

static void print_flags(FILE *out)
{
	for (unsigned i = 0; i < FLAG_COUNT; i++)
		fprintf(out, "%-20s%s\n", flag_name(i), flag_meaning(i));
}

static const struct topic {
	const char *name, *meaning;
	void	    (*print)(FILE *out);
} topics[] = {
	{ "points",    "where a rule can act",			      print_points    },
	{ "protocols", "what weir reads, and each message it knows",  print_protocols },
	{ "anomalies", "what is said of a packet that cannot speak",  print_anomalies },
	{ "flags",     "notes on what a packet said",		      print_flags     },
};

static int print_completion(const char *shell, FILE *out)
{
	struct text names = { 0 }, policies = { 0 };

	for (size_t i = 0; i < COUNT(topics); i++)
		text_printf(&names, "%s%s", i ? " " : "", topics[i].name);
	for (size_t i = 0; i < profiles_count; i++)
		text_printf(&policies, "%s%s", i ? " " : "", profiles[i].name);
	completion_print(shell, text_string(&names), text_string(&policies), out);
	text_release(&names);
	text_release(&policies);
	return EXIT_CLEAN;
}

static int refuse_topic(const char *name, const struct io *io)
{
	struct nearest nearest = nearest_of(name);

	for (size_t i = 0; i < COUNT(topics); i++)
		nearest_offer(&nearest, topics[i].name);
	for (size_t i = 0; commands[i]; i++)
		nearest_offer(&nearest, commands[i]->name);
	if (nearest.word)
		complain(io, "no help on that; did you mean 'weir help %s'?", nearest.word);
	else
		complain(io, "no help on that; 'weir help' lists the commands and topics");
	return EXIT_USAGE;
}

static int run(const void *arg, const struct io *io)
{
	const struct help *o = arg;
	const char *next = o->topic.n > 1 ? o->topic.list[1] : NULL;
	const struct command *command;

	if (o->completion)
		return print_completion(o->completion, io->out);
	if (o->topic.n == 0) {
		usage_print_all(io, io->out);
		fprintf(io->out, "\nLists, printed by weir help TOPIC:\n");
		for (size_t i = 0; i < COUNT(topics); i++)
			fprintf(io->out, "  %-10s%s\n", topics[i].name, topics[i].meaning);
		return EXIT_CLEAN;
	}
	for (size_t i = 0; i < COUNT(topics); i++)
		if (!next && strcmp(topics[i].name, o->topic.list[0]) == 0) {
			topics[i].print(io->out);
			return EXIT_CLEAN;
		}
	command = command_of(o->topic.list[0], next);
	if (command && (!next || command_family(command)))
		usage_print_command(command, io);
	else if (!next && command_family_of(o->topic.list[0]))
		usage_print_family(o->topic.list[0], io, io->out);
	else
		return refuse_topic(next ? next : o->topic.list[0], io);
	return EXIT_CLEAN;
}

const struct command cmd_help = {
	.name = "help",
	.summary = "tell what a command does, or list protocols, points, anomalies, flags",
	.operands = "[COMMAND|TOPIC]", .operands_max = 2,
	.about = "Without an operand it lists the commands and the topics.  A command's help is what "
		 "weir COMMAND --help prints; a topic is one of the lists that the policy language, the "
		 "reports and the JSON take their words from.",
	.example = "weir help audit\nweir help protocols",
	.completes = COMPLETES_TOPICS,
	.opts = opts, .size = sizeof(struct help),
	.operands_offset = offsetof(struct help, topic),
	.run = run,
};
