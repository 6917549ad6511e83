/* SPDX-License-Identifier: BSD-2-Clause */
/* weir decode: one line per observation, with its verdict where a policy is named. */
#include <string.h>

#include "cmd/command.h"
#include "cmd/load.h"
#include "cmd/progress.h"
#include "engine/court.h"
#include "engine/stream.h"
#include "os/signals.h"
#include "policy/load.h"
#include "policy/table.h"
#include "sink/decode_line.h"
#include "wire/wire.h"

#define OUTPUT_CHUNK 65536

struct decode {
	struct common	common;
	bool		hex, checksums;
	const char     *filter;
	struct opt_time since, until;
	uint64_t	count;
	struct texts	files;
};

static const struct opt opts[] = {
	{ OPT_FLAG, 'x', "hex", NULL, "add each packet's bytes in hexadecimal",
	  offsetof(struct decode, hex), 0 },
	{ OPT_TEXT, 'f', "filter", "EXPRESSION",
	  "read only packets that match this libpcap filter (pcap-filter(7))",
	  offsetof(struct decode, filter), 0 },
	{ OPT_TIME, 0, "since", "TIME", "read only packets from this time on",
	  offsetof(struct decode, since), 0 },
	{ OPT_TIME, 0, "until", "TIME", "read only packets before this time",
	  offsetof(struct decode, until), 0 },
	{ OPT_NUMBER, 'c', "count", "N", "end after N lines", offsetof(struct decode, count), 0 },
	{ OPT_FLAG, 0, "checksums", NULL, "verify the UDP checksum of every datagram",
	  offsetof(struct decode, checksums), 0 },
	{ 0 },
};

/* What a run needs from its options and inputs, and how far it is. */
struct printing {
	const struct decode	  *options;
	const struct io		  *io;
	struct timeline		  *timeline;
	struct court		  *court;	/* NULL: no policy was named */
	struct decode_text	   state;
	struct text		   out;
	bool			   replays;	/* the TCP stream that speaks is a young one */
	uint64_t		   lines;
	bool			   ended;	/* enough lines, or nobody reads them */
};

static void flush(struct printing *p)
{
	if (p->out.n > 0)
		fwrite(p->out.p, 1, p->out.n, p->io->out);
	if (ferror(p->io->out))
		p->ended = true;
	text_reset(&p->out);
}

/* What is never judged has no point; a notice or an anomaly may have no rule. */
static void judge(const struct printing *p, struct decode_line *line)
{
	const struct boundary *boundary = p->court->boundary;
	struct verdict verdict;

	if (line->obs->point >= POINT_COUNT)
		return;
	verdict = court_judge(p->court, line->obs, p->replays, line->obs->at);
	line->boundary = boundary->name;
	line->action = verdict.action;
	line->rule = verdict.rule == RULE_NONE ? NULL : boundary->rules[verdict.rule]->name;
}

static void print_line(struct printing *p, const struct packet *packet,
		       const struct observation *obs)
{
	size_t n;
	const struct input *input = &timeline_inputs(p->timeline, &n)[packet->file];
	struct decode_line line = {
		.obs = obs, .file = input->name, .frame = packet->frame,
		.time_digits = input->time_digits,
		.link = timeline_links(p->timeline, &n)[packet->link].name,
	};

	if (p->court)
		judge(p, &line);
	if (p->options->hex && p->options->common.json)
		line.hex = packet->bytes;
	if (p->options->common.quiet)
		text_reset(&p->out);
	else if (p->options->common.json)
		decode_json_put(&line, &p->out);
	else
		decode_text_put(&p->state, &line, &p->out);
	if (++p->lines == p->options->count)
		p->ended = true;
	if (p->out.n >= OUTPUT_CHUNK)
		flush(p);
}

static void print_said(struct printing *p, const struct packet *packet, const struct said *said)
{
	for (size_t i = 0; i < said->n && !p->ended; i++)
		print_line(p, packet, &said->list[i]);
	if (said->n > 0 && p->options->hex && !p->options->common.json)
		decode_text_put_hex(packet->bytes, &p->out);
}

static void print_packet(struct printing *p, const struct packet *packet,
			 struct stream_table *streams, struct said *said)
{
	const struct wire_options options = { .udp_checksums = p->options->checksums };

	wire_decode(packet, &options, said);
	for (size_t k = 0; k < said->segment_count; k++)
		p->replays = stream_segment(streams, &said->segments[k], said) < STREAM_REPLAY_NS;
	print_said(p, packet, said);
}

/* Bytes of MSDP that wait behind a hole speak at the end. */
static void print_waiting(struct printing *p, struct stream_table *streams,
			  const struct packet *last, struct said *said)
{
	int64_t age_ns = 0;
	bool more = true;

	while (more && !p->ended) {
		said_reset(said);
		more = stream_flush(streams, said, &age_ns);
		p->replays = age_ns < STREAM_REPLAY_NS;
		print_said(p, last, said);
	}
}

static void print_all(struct printing *p)
{
	struct progress progress = progress_of(p->io, p->options->common.quiet, true);
	struct stream_table *streams = stream_table_new();
	struct packet last = { 0 };
	const struct packet *packets;
	struct said said;
	size_t n;

	said_init(&said);
	while (!p->ended && !signals_stop_asked() &&
	       (n = timeline_next(p->timeline, &packets)) > 0) {
		for (size_t i = 0; i < n && !p->ended; i++)
			print_packet(p, &packets[i], streams, &said);
		last = packets[n - 1];
		last.bytes = (struct span){ 0 };
		if (p->io->out_is_terminal)
			flush(p);
		progress_step(&progress, p->timeline);
	}
	print_waiting(p, streams, &last, &said);
	progress_end(&progress);
	said_release(&said);
	stream_table_free(streams);
	flush(p);
}

/* Says what was wrong with the inputs; EXIT_SYSTEM where anything was. */
static int report_inputs(const struct timeline *timeline, const struct io *io)
{
	int status = EXIT_CLEAN;
	const struct input *inputs;
	size_t n;

	inputs = timeline_inputs(timeline, &n);
	for (size_t i = 0; i < n; i++) {
		if (inputs[i].problem[0])
			complain(io, "%s: %s", inputs[i].name, inputs[i].problem);
		if (inputs[i].problem[0] || inputs[i].truncated)
			status = EXIT_SYSTEM;
	}
	return status;
}

static int print_files(struct printing *p)
{
	const struct decode *o = p->options;
	const struct timeline_options options = {
		.filter = o->filter,
		.has_since = o->since.given, .since = o->since.at,
		.has_until = o->until.given, .until = o->until.at,
	};
	char problem[160] = "";
	int status;

	if (timeline_open(o->files.list, o->files.n, &options, problem, &p->timeline) < 0) {
		complain(p->io, "%s", problem);
		return EXIT_SYSTEM;
	}
	signals_catch();
	print_all(p);
	status = report_inputs(p->timeline, p->io);
	timeline_free(p->timeline);
	return status;
}

static int run(const void *arg, const struct io *io)
{
	const struct decode *o = arg;
	struct printing p = {
		.options = o, .io = io,
		.state = decode_text_of(io->colour, o->common.verbose > 0, o->files.n > 1),
	};
	const struct boundary *boundary = NULL;
	struct policy *policy = NULL;
	struct table *table = NULL;
	struct court court = { 0 };
	int status = EXIT_USAGE;

	if (o->common.policy || o->common.boundary || o->common.set.n > 0) {
		policy = load_policy(&o->common, io, &status);
		boundary = policy ? load_boundary(policy, &o->common, io) : NULL;
		if (!boundary)
			goto done;
		table = table_new(boundary);
		court_init(&court, boundary, table);
		p.court = &court;
	}
	status = print_files(&p);
done:
	court_release(&court);
	table_free(table);
	policy_free(policy);
	text_release(&p.out);
	return status;
}

const struct command cmd_decode = {
	.name = "decode",
	.summary = "print what each packet says, one line per observation",
	.operands = "FILE...", .operands_min = 1, .operands_max = OPERANDS_ANY,
	.about = "Prints one line for each statement that a multicast packet or a message of IGMP, "
		 "MLD, PIM, MSDP, SAP, RAS advertisement or Router Advertisement makes; several "
		 "files are one timeline.  With -p each line has its verdict.  Exits 0, or 3 where "
		 "a file is damaged or cannot be read.",
	.example = "weir decode capture.pcap\n"
		   "weir decode -p modern -f 'vlan 12' --since '2026-11-21 14:00' trunk.pcapng\n"
		   "tcpdump -r trunk.pcap -w - udp | weir decode -j - | jq -r .group",
	.completes = COMPLETES_FILES,
	.takes = TAKES_POLICY | TAKES_JSON,
	.opts = opts, .size = sizeof(struct decode),
	.operands_offset = offsetof(struct decode, files),
	.run = run,
};
