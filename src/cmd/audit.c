/* SPDX-License-Identifier: BSD-2-Clause */
/* weir audit: judge captured multicast at a boundary, and report what must not cross. */
#include <string.h>

#include "cmd/baseline.h"
#include "cmd/capture.h"
#include "cmd/command.h"
#include "cmd/judging.h"
#include "cmd/load.h"
#include "cmd/marks.h"
#include "cmd/progress.h"
#include "cmd/recording.h"
#include "cmd/side.h"
#include "os/file.h"
#include "os/processors.h"
#include "os/signals.h"
#include "sink/report_print.h"

struct audit {
	struct common	common;
	bool		all;
	const char     *vantage, *against, *write, *authorised, *config, *registry;
	const char     *baseline, *history;
	uint64_t	jobs;
	struct texts	files;
};

#define AT(field) offsetof(struct audit, field)

static const struct opt opts[] = {
	{ OPT_CHOICE, 0, "vantage", "boundary|inside",
	  "where the capture was taken: at the boundary (default), or inside of the site", AT(vantage), 0 },
	{ OPT_POLICY, 0, "against", "FILE|PROFILE",
	  "show which flows this policy would judge otherwise", AT(against), 0 },
	{ OPT_FILE, 0, "authorised", "FILE", "the RAS servers that may be there", AT(authorised), 0 },
	{ OPT_FILE, 0, "config", "FILE", "take their lists from this configuration (default: " LOAD_CONF ")",
	  AT(config), 0 },
	{ OPT_FILE, 0, "baseline", "REPORT.json", "report only what this earlier report does not tell",
	  AT(baseline), 0 },
	{ OPT_FILE, 0, "write", "OUT.pcapng",
	  "write the packets with findings, each with a comment; with --all every multicast packet",
	  AT(write), 0 },
	{ OPT_FILE, 0, "history", "FILE", "add what was counted to this history, for weir hits and weir "
	  "history", AT(history), 0 },
	{ OPT_FLAG, 0, "all", NULL, "show every finding, not the first dozen", AT(all), 0 },
	{ OPT_FILE, 0, "registry", "FILE", "names of groups from a newer file of IANA (CSV)",
	  AT(registry), 0 },
	{ OPT_NUMBER, 0, "jobs", "N", "threads that read and decode (default: one for each processor)",
	  AT(jobs), 256 },
	{ 0 },
};

/* One run: what the options named, and what is made of the packets. */
struct auditing {
	const struct audit	*options;
	const struct io		*io;
	struct judging_options	 judging_options;
	struct judging		 judging;
	struct baseline		*baseline;
	struct timeline		*timeline;
	struct pcapng_writer	*writer;
	struct recording	 recording;
	bool			 is_interrupted;
	int			 status;	/* EXIT_CLEAN while all is well */
};

/* --- what the options name --- */

static void load_judging(struct auditing *a)
{
	a->judging_options = (struct judging_options){
		.common = &a->options->common, .against = a->options->against,
		.authorised = a->options->authorised, .config = a->options->config,
		.registry = a->options->registry,
		.remarks = a->options->write != NULL,
	};
	a->status = judging_load(&a->judging, &a->judging_options, a->io);
}

static void open_timeline(struct auditing *a)
{
	const struct audit *o = a->options;
	unsigned jobs = o->jobs ? (unsigned)o->jobs : processors_count();

	a->timeline = capture_open(&o->common, &o->files, jobs, !o->write, a->io, &a->status);
}

/* The new file begins before the old one is read: nothing would be left of it. */
static bool writes_over_input(const struct audit *o)
{
	for (size_t i = 0; i < o->files.n; i++)
		if (file_is_same(o->files.list[i], o->write))
			return true;
	return false;
}

static void open_writer(struct auditing *a)
{
	const char *write = a->options->write;
	int error;

	if (!write)
		return;
	if (writes_over_input(a->options)) {
		complain(a->io, "--write %s would overwrite the capture that is read", write);
		a->status = EXIT_USAGE;
		return;
	}
	error = pcapng_writer_new(write, &a->writer);
	if (error == 0)
		return;
	complain(a->io, "cannot write %s: %s", write, strerror(-error));
	a->status = EXIT_SYSTEM;
}

static void open_history(struct auditing *a)
{
	a->status = recording_begin(&a->recording, a->options->history, a->judging.policy, a->io);
}

static void make_engine(struct auditing *a)
{
	judging_begin(&a->judging);
}

/* Each step only where the ones before it went well. */
static void prepare(struct auditing *a)
{
	static void (*const steps[])(struct auditing *) = {
		load_judging, open_timeline, open_writer, open_history, make_engine,
	};

	for (size_t i = 0; i < COUNT(steps) && a->status == EXIT_CLEAN; i++)
		steps[i](a);
	if (a->status == EXIT_CLEAN && a->options->baseline)
		a->baseline = baseline_read(a->options->baseline, a->io, &a->status);
}

static void release(struct auditing *a)
{
	recording_release(&a->recording);
	timeline_free(a->timeline);
	baseline_free(a->baseline);
	judging_release(&a->judging);
}

/* --- the packets --- */

static void mark_packet(struct auditing *a, const struct packet *packet)
{
	const struct pcapng_link link = marks_link(a->timeline, packet);

	judging_packet(&a->judging, packet);
	marks_write(a->writer, a->judging.engine, a->judging.boundary, &link, packet,
		    a->options->all && a->judging.said.is_multicast);
}

static void judge_batch(struct auditing *a, const struct batch *batch)
{
	if (!a->writer) {
		judging_batch(&a->judging, batch);
		return;
	}
	for (size_t i = 0; i < batch->n; i++)
		mark_packet(a, &batch->packets[i]);
}

/* In parts, where samples for the history are due. */
static void record_batch(struct auditing *a, const struct batch *batch)
{
	for (size_t i = 0; i < batch->n;) {
		size_t n = recording_take(&a->recording, a->judging.engine, batch->packets + i,
					  batch->n - i);
		const struct batch part = batch_part(batch, i, n);

		judge_batch(a, &part);
		i += n;
	}
}

static void read_packets(struct auditing *a)
{
	struct progress progress = progress_of(a->io, a->options->common.quiet, false);
	struct side *side = &a->judging.side;
	struct inside inside = side->inside;
	struct batch batch;

	signals_catch();
	while (!signals_stop_asked() && timeline_batch(a->timeline, &batch)) {
		if (side->links.n > 0 && side_find_links(side, a->timeline, &inside))
			engine_place(a->judging.engine, &inside);
		record_batch(a, &batch);
		progress_step(&progress, a->timeline);
	}
	a->is_interrupted = signals_stop_asked();
	progress_end(&progress);
	if (!a->is_interrupted)
		side_check_links(side, a->timeline, a->io);
}

/* --- the report --- */

/* The names of a file's link types, each once: "ETHERNET, LINUX_SLL". */
static const char *link_names(struct auditing *a, uint16_t file)
{
	const struct link_info *links;
	struct text names = { 0 };
	const char *kept;
	size_t n;

	links = timeline_links(a->timeline, &n);
	for (size_t i = 0; i < n; i++) {
		const char *name = linktype_name(links[i].linktype);
		char number[32];

		if (links[i].file != file)
			continue;
		snprintf(number, sizeof(number), "LINKTYPE %u", (unsigned)links[i].linktype);
		name = name ? name : number;
		if (!strstr(text_string(&names), name))
			text_printf(&names, "%s%s", names.n ? ", " : "", name);
	}
	kept = arena_text(&a->judging.side.arena, text_string(&names), names.n);
	text_release(&names);
	return kept;
}

static const char *input_problem(struct auditing *a, uint16_t file)
{
	struct text problem = { 0 };
	const char *kept;

	capture_put_problem(a->timeline, file, &problem);
	kept = arena_text(&a->judging.side.arena, text_string(&problem), problem.n);
	text_release(&problem);
	return kept;
}

static const struct report_oddity *gather_odd(struct auditing *a, const struct input *input,
					      size_t *out_n)
{
	struct report_oddity *list = arena_array(&a->judging.side.arena, ODD_COUNT, sizeof(*list));

	*out_n = 0;
	for (unsigned i = 0; i < ODD_COUNT; i++)
		if (input->odd[i] > 0)
			list[(*out_n)++] = (struct report_oddity){ odd_name(i), odd_meaning(i),
								   input->odd[i] };
	return list;
}

static struct report_input *gather_inputs(struct auditing *a, size_t *out_n, unsigned *out_digits)
{
	const struct input *inputs = timeline_inputs(a->timeline, out_n);
	struct report_input *list = arena_array(&a->judging.side.arena, *out_n, sizeof(*list));

	*out_digits = 6;
	for (size_t i = 0; i < *out_n; i++) {
		list[i] = (struct report_input){
			.name = inputs[i].name, .link = link_names(a, (uint16_t)i),
			.problem = input_problem(a, (uint16_t)i),
			.packets = inputs[i].packets, .bytes = inputs[i].bytes,
			.truncated_at = inputs[i].truncated_at, .truncated = inputs[i].truncated,
		};
		list[i].odd = gather_odd(a, &inputs[i], &list[i].odd_count);
		if (inputs[i].time_digits > *out_digits)
			*out_digits = inputs[i].time_digits;
		if (capture_is_damaged(a->timeline, (uint16_t)i))
			a->status = EXIT_SYSTEM;
	}
	return list;
}

/* DESIGN 5: a damaged file is 3, also with findings.  So is input of which nothing could be read:
 * whoever asks only for the status would take it for clean. */
static int exit_status(const struct auditing *a, const struct report *report)
{
	const struct report_packets *n = &report->packets;

	if (a->status != EXIT_CLEAN)
		return a->status;
	if (n->total > 0 && n->unread == n->total)
		return EXIT_SYSTEM;
	if (report->against)
		return report->change_count > 0 ? EXIT_FINDINGS : EXIT_CLEAN;
	return report_reasons(report) > 0 ? EXIT_FINDINGS : EXIT_CLEAN;
}

static void print_report(struct auditing *a, struct report *report)
{
	const struct audit *o = a->options;
	struct report_print print = {
		.report = report, .policy = a->judging.policy, .against = a->judging.against_policy,
		.registry = a->judging.registry, .is_interrupted = a->is_interrupted,
		.columns = a->io->columns, .verbose = o->common.verbose, .colour = a->io->colour,
		.all = o->all, .baseline = o->baseline,
		.is_filtered = o->common.filter || o->common.since.given || o->common.until.given,
	};

	print.inputs = gather_inputs(a, &print.input_count, &print.time_digits);
	print.links = capture_link_names(a->timeline, &a->judging.side.arena, &print.link_count);
	print.exit = a->status = exit_status(a, report);
	if (o->common.quiet)
		return;
	if (o->common.json)
		report_print_json(&print, a->io->out);
	else
		report_print_text(&print, a->io->out);
}

static void audit(struct auditing *a)
{
	const struct audit *o = a->options;
	bool is_inside = o->vantage && strcmp(o->vantage, "inside") == 0;
	bool shows_few = !o->common.json && !o->all && !is_inside && !o->against && !o->baseline;
	const struct report_options options = {
		.vantage_inside = is_inside,
		.only_findings = shows_few && !o->history,
		.rows = shows_few ? REPORT_ROWS : 0,
	};
	struct report *report;
	int error;

	read_packets(a);
	error = pcapng_writer_free(a->writer);
	if (error < 0) {
		complain(a->io, "cannot write %s: %s", a->options->write, strerror(-error));
		a->status = EXIT_SYSTEM;
	}
	report = report_new(a->judging.engine, &options);
	if (!recording_end(&a->recording, report, a->timeline, a->is_interrupted, a->io))
		a->status = EXIT_SYSTEM;
	if (a->baseline)
		baseline_apply(a->baseline, report);
	print_report(a, report);
	report_free(report);
}

static int run(const void *arg, const struct io *io)
{
	struct auditing a = { .options = arg, .io = io, .status = EXIT_CLEAN };

	prepare(&a);
	if (a.status == EXIT_CLEAN)
		audit(&a);
	release(&a);
	return a.status;
}

const struct command cmd_audit = {
	.name = "audit",
	.summary = "judge captured multicast at a boundary, and report what must not cross",
	.operands = "FILE...", .operands_min = 1, .operands_max = OPERANDS_ANY,
	.about = "Reads captures (pcap, pcapng, also packed; - is standard input) as one timeline, judges "
		 "every multicast packet and every statement of IGMP, MLD, PIM, MSDP and SAP by the "
		 "policy, and reports the rules that were hit, the flows that must not cross, the RAS "
		 "servers that announce themselves, and whatever else is wrong.  Exits 0 where there is "
		 "no finding, 1 where there is one (with --against: where a verdict differs), 3 where a "
		 "file is damaged or cannot be read.",
	.example = "weir audit border-hour.pcap\n"
		   "weir audit -b peering --set own=192.105.90.0/24 monday.pcap.gz tuesday.pcap.gz\n"
		   "weir audit --vantage inside --authorised ras.txt -f 'vlan 12' trunk.pcapng\n"
		   "weir audit --baseline known.json today.pcap",
	.completes = COMPLETES_FILES,
	.takes = TAKES_CAPTURE | TAKES_POLICY | TAKES_JSON,
	.opts = opts, .size = sizeof(struct audit), .operands_offset = offsetof(struct audit, files),
	.run = run,
};
