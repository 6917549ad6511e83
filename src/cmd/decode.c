/* SPDX-License-Identifier: BSD-2-Clause */
/* weir decode: one line per observation, with its verdict where a policy is named. */
#include <string.h>

#include "cmd/capture.h"
#include "cmd/command.h"
#include "cmd/load.h"
#include "cmd/progress.h"
#include "cmd/side.h"
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
	bool		hex;
	uint64_t	count;
	struct texts	files;
};

static const struct opt opts[] = {
	{ OPT_FLAG, 'x', "hex", NULL, "add each packet's bytes in hexadecimal",
	  offsetof(struct decode, hex), 0 },
	{ OPT_NUMBER, 'c', "count", "N", "end after N lines", offsetof(struct decode, count), 0 },
	{ 0 },
};

/* What a run needs from its options and inputs, and how far it is. */
struct printing {
	const struct decode	  *options;
	const struct io		  *io;
	struct timeline		  *timeline;
	struct court		  *court;	/* NULL: no policy was named */
	struct side		  *side;
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
	for (size_t i = 0; i < said->n && !p->ended; i++) {
		struct observation *obs = &said->list[i];

		obs->direction = (uint8_t)inside_direction(&p->side->inside, obs);
		print_line(p, packet, obs);
	}
	if (said->n > 0 && p->options->hex && !p->options->common.json)
		decode_text_put_hex(packet->bytes, &p->out);
}

static void print_packet(struct printing *p, const struct packet *packet,
			 struct stream_table *streams, struct said *said)
{
	const struct wire_options options = { .udp_checksums = p->options->common.checksums };

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

static bool has_standard_input(const struct texts *files)
{
	for (size_t i = 0; i < files->n; i++)
		if (strcmp(files->list[i], "-") == 0)
			return true;
	return false;
}

static void print_all(struct printing *p)
{
	struct progress progress = progress_of(p->io, p->options->common.quiet, true);
	struct stream_table *streams = stream_table_new();
	/* somebody may be watching, through a filter of his own */
	bool is_live = p->io->out_is_terminal || has_standard_input(&p->options->files);
	struct packet last = { 0 };
	const struct packet *packets;
	struct said said;
	size_t n;

	said_init(&said);
	while (!p->ended && !signals_stop_asked() &&
	       (n = timeline_next(p->timeline, &packets)) > 0) {
		side_find_links(p->side, p->timeline, &p->side->inside);
		for (size_t i = 0; i < n && !p->ended; i++)
			print_packet(p, &packets[i], streams, &said);
		last = packets[n - 1];
		last.bytes = (struct span){ 0 };
		if (is_live) {
			flush(p);
			fflush(p->io->out);
		}
		progress_step(&progress, p->timeline);
	}
	print_waiting(p, streams, &last, &said);
	progress_end(&progress);
	if (!p->ended && !signals_stop_asked())
		side_check_links(p->side, p->timeline, p->io);
	said_release(&said);
	stream_table_free(streams);
	flush(p);
}

/* Says what was wrong with the inputs; EXIT_SYSTEM where one is damaged. */
static int report_inputs(const struct timeline *timeline, const struct io *io)
{
	struct text problem = { 0 };
	int status = EXIT_CLEAN;
	size_t n;

	timeline_inputs(timeline, &n);
	for (size_t i = 0; i < n; i++) {
		text_reset(&problem);
		capture_put_problem(timeline, (uint16_t)i, &problem);
		if (problem.n > 0)
			complain(io, "%s", text_string(&problem));
		if (capture_is_damaged(timeline, (uint16_t)i))
			status = EXIT_SYSTEM;
	}
	text_release(&problem);
	return status;
}

static int print_files(struct printing *p)
{
	const struct decode *o = p->options;
	int status = EXIT_SYSTEM;

	p->timeline = capture_open(&o->common, &o->files, 1, false, p->io, &status);
	if (!p->timeline)
		return status;
	signals_catch();
	print_all(p);
	status = report_inputs(p->timeline, p->io);
	timeline_free(p->timeline);
	return status;
}

/* Where a policy is named, its boundary with the rules that these captures can serve. */
static const struct boundary *find_boundary(const struct decode *o, const struct io *io,
					    struct policy **out_policy, int *out_status)
{
	*out_policy = load_policy(&o->common, io, out_status);
	return *out_policy ? load_boundary(*out_policy, &o->common, io) : NULL;
}

static int run(const void *arg, const struct io *io)
{
	const struct decode *o = arg;
	bool judges = o->common.policy || o->common.boundary || o->common.set.n > 0;
	const struct boundary *boundary = NULL;
	struct policy *policy = NULL;
	struct table *table = NULL;
	struct court court = { 0 };
	struct side side = { 0 };
	struct printing p = {
		.options = o, .io = io, .side = &side,
		.state = decode_text_of(io->colour, o->common.verbose > 0, o->files.n > 1),
	};
	int status = EXIT_USAGE;

	if (judges && !(boundary = find_boundary(o, io, &policy, &status)))
		goto done;
	if (!side_parse(&o->common.inside, policy, io, &side))
		goto done;
	if (judges) {
		boundary = inside_boundary(&side.inside, &side.arena, boundary);
		table = table_new(boundary);
		court_init(&court, boundary, table);
		p.court = &court;
	}
	status = print_files(&p);
done:
	court_release(&court);
	table_free(table);
	side_release(&side);
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
	.takes = TAKES_CAPTURE | TAKES_POLICY | TAKES_JSON,
	.opts = opts, .size = sizeof(struct decode),
	.operands_offset = offsetof(struct decode, files),
	.run = run,
};
