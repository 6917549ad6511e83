/* SPDX-License-Identifier: BSD-2-Clause */
/* weir audit: judge captured multicast at a boundary, and report what must not cross. */
#include <string.h>

#include "cmd/baseline.h"
#include "cmd/capture.h"
#include "cmd/command.h"
#include "cmd/load.h"
#include "cmd/marks.h"
#include "cmd/progress.h"
#include "cmd/side.h"
#include "os/file.h"
#include "os/pages.h"
#include "os/signals.h"
#include "policy/load.h"
#include "policy/table.h"
#include "sink/diag_print.h"
#include "sink/report_print.h"

#define TEXT_BYTES_MAX (64u << 20)

struct audit {
	struct common	common;
	bool		all;
	const char     *vantage, *against, *write, *authorised, *registry, *baseline;
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
	{ OPT_FILE, 0, "baseline", "REPORT.json", "report only what this earlier report does not tell",
	  AT(baseline), 0 },
	{ OPT_FILE, 0, "write", "OUT.pcapng",
	  "write the packets with findings, each with a comment; with --all every multicast packet",
	  AT(write), 0 },
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
	struct policy		*policy, *against_policy;
	const struct boundary	*boundary, *against;
	struct table		*table, *against_table;
	struct side		 side;
	struct authorised	*authorised;
	struct registry		*registry;
	struct baseline		*baseline;
	struct timeline		*timeline;
	struct engine		*engine;
	struct pcapng_writer	*writer;
	bool			 is_interrupted;
	int			 status;	/* EXIT_CLEAN while all is well */
};

/* --- what the options name --- */

static void load_policies(struct auditing *a)
{
	struct common other = a->options->common;

	a->policy = load_policy(&a->options->common, a->io, &a->status);
	if (a->policy && !(a->boundary = load_boundary(a->policy, &other, a->io)))
		a->status = EXIT_USAGE;
	if (a->status != EXIT_CLEAN || !a->options->against)
		return;
	other.policy = a->options->against;
	a->against_policy = load_policy(&other, a->io, &a->status);
	if (!a->against_policy)
		return;
	a->against = policy_boundary(a->against_policy, other.boundary);
	if (!a->against)
		a->against = policy_boundary(a->against_policy, NULL);
	if (!a->against) {
		complain(a->io, "policy '%s' has no boundary", a->against_policy->name);
		a->status = EXIT_USAGE;
	}
}

/* Appends a file's text; false, with a complaint, where it cannot be read. */
static bool read_text(struct auditing *a, const char *what, const char *file, struct text *out)
{
	int error = file_read(file, TEXT_BYTES_MAX, out);

	if (error < 0) {
		complain(a->io, "cannot read the %s %s: %s", what, file, strerror(-error));
		a->status = EXIT_SYSTEM;
	}
	return error == 0;
}

static void load_authorised(struct auditing *a)
{
	const char *file = a->options->authorised;
	struct text text = { 0 };
	struct diags diags;

	if (!file)
		return;
	diags_init(&diags);
	if (read_text(a, "list of authorised servers", file, &text)) {
		a->authorised = authorised_parse(
			file, (struct span){ (const uint8_t *)text_string(&text), text.n }, &diags);
		diags_print(&diags, a->io->err_colour, a->io->err);
		if (!a->authorised)
			a->status = EXIT_USAGE;
	}
	diags_release(&diags);
	text_release(&text);
}

static void complain_of_line(void *arg, unsigned line, const char *message)
{
	const struct auditing *a = arg;

	complain(a->io, "%s:%u: %s", a->options->registry, line, message);
}

static void load_registry(struct auditing *a)
{
	struct text text = { 0 };

	a->registry = registry_new();
	if (a->options->registry && read_text(a, "registry", a->options->registry, &text) &&
	    !registry_read(a->registry, (struct span){ (const uint8_t *)text_string(&text), text.n },
			   complain_of_line, a))
		a->status = EXIT_USAGE;
	text_release(&text);
}

static void load_side(struct auditing *a)
{
	if (!side_parse(&a->options->common.inside, a->policy, a->io, &a->side)) {
		a->status = EXIT_USAGE;
		return;
	}
	a->boundary = inside_boundary(&a->side.inside, &a->side.arena, a->boundary);
	if (a->against)
		a->against = inside_boundary(&a->side.inside, &a->side.arena, a->against);
}

static void open_timeline(struct auditing *a)
{
	a->timeline = capture_open(&a->options->common, &a->options->files, a->io, &a->status);
}

static void open_writer(struct auditing *a)
{
	int error = a->options->write ? pcapng_writer_new(a->options->write, &a->writer) : 0;

	if (error == 0)
		return;
	complain(a->io, "cannot write %s: %s", a->options->write, strerror(-error));
	a->status = EXIT_SYSTEM;
}

static void make_engine(struct auditing *a)
{
	struct engine_options options = { .authorised = a->authorised, .against = a->against,
					  .remarks = a->options->write != NULL,
					  .advise = pages_prefer_large };

	a->table = table_new(a->boundary);
	if (a->against)
		a->against_table = table_new(a->against);
	options.inside = a->side.inside;
	options.against_table = a->against_table;
	a->engine = engine_new(a->boundary, a->table, &options);
}

/* Each step only where the ones before it went well. */
static void prepare(struct auditing *a)
{
	static void (*const steps[])(struct auditing *) = {
		load_policies, load_authorised, load_registry, load_side,
		open_timeline, open_writer,	make_engine,
	};

	for (size_t i = 0; i < COUNT(steps) && a->status == EXIT_CLEAN; i++)
		steps[i](a);
	if (a->status == EXIT_CLEAN && a->options->baseline)
		a->baseline = baseline_read(a->options->baseline, a->io, &a->status);
}

static void release(struct auditing *a)
{
	engine_free(a->engine);
	timeline_free(a->timeline);
	baseline_free(a->baseline);
	registry_free(a->registry);
	authorised_free(a->authorised);
	table_free(a->table);
	table_free(a->against_table);
	side_release(&a->side);
	policy_free(a->policy);
	policy_free(a->against_policy);
}

/* --- the packets --- */

struct reader {
	struct wire_options options;
	struct quick_rules  rules;
	struct said	    said;
};

static void judge_packet(struct auditing *a, struct reader *r, const struct packet *packet)
{
	wire_decode(packet, &r->options, &r->said);
	engine_packet(a->engine, packet, &r->said);
	if (a->writer)
		marks_write(a->writer, a->engine, a->boundary, a->timeline, packet,
			    a->options->all && r->said.is_multicast);
}

/* At most ENGINE_BATCH packets: what the quick look does not tell is read in full. */
static void judge_batch(struct auditing *a, struct reader *r, const struct packet *packets, size_t n)
{
	struct quick quick[ENGINE_BATCH];

	quick_look(&r->rules, packets, n, quick);
	engine_expect(a->engine, quick, n);
	for (size_t i = 0; (i = engine_take(a->engine, packets, quick, i, n)) < n; i++)
		judge_packet(a, r, &packets[i]);
}

static void judge_packets(struct auditing *a, struct reader *r, const struct packet *packets,
			  size_t n)
{
	for (size_t i = 0; a->writer && i < n; i++)
		judge_packet(a, r, &packets[i]);
	for (size_t i = 0; !a->writer && i < n; i += ENGINE_BATCH)
		judge_batch(a, r, packets + i, n - i < ENGINE_BATCH ? n - i : ENGINE_BATCH);
}

static void read_packets(struct auditing *a)
{
	struct progress progress = progress_of(a->io, a->options->common.quiet, false);
	struct inside inside = a->side.inside;
	struct reader reader = { .options.udp_checksums = a->options->common.checksums };
	const struct packet *packets;
	size_t n;

	reader.rules = quick_rules_of(&reader.options);
	said_init(&reader.said);
	signals_catch();
	while (!a->is_interrupted && (n = timeline_next(a->timeline, &packets)) > 0) {
		if (a->side.links.n > 0 && side_find_links(&a->side, a->timeline, &inside))
			engine_place(a->engine, &inside);
		judge_packets(a, &reader, packets, n);
		progress_step(&progress, a->timeline);
		a->is_interrupted = signals_stop_asked();
	}
	progress_end(&progress);
	said_release(&reader.said);
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
	kept = arena_text(&a->side.arena, text_string(&names), names.n);
	text_release(&names);
	return kept;
}

static const char *input_problem(struct auditing *a, uint16_t file)
{
	struct text problem = { 0 };
	const char *kept;

	capture_put_problem(a->timeline, file, &problem);
	kept = arena_text(&a->side.arena, text_string(&problem), problem.n);
	text_release(&problem);
	return kept;
}

static struct report_input *gather_inputs(struct auditing *a, size_t *out_n, unsigned *out_digits)
{
	const struct input *inputs = timeline_inputs(a->timeline, out_n);
	struct report_input *list = arena_array(&a->side.arena, *out_n, sizeof(*list));

	*out_digits = 6;
	for (size_t i = 0; i < *out_n; i++) {
		list[i] = (struct report_input){
			.name = inputs[i].name, .link = link_names(a, (uint16_t)i),
			.problem = input_problem(a, (uint16_t)i),
			.packets = inputs[i].packets, .bytes = inputs[i].bytes,
			.truncated_at = inputs[i].truncated_at, .truncated = inputs[i].truncated,
		};
		if (inputs[i].time_digits > *out_digits)
			*out_digits = inputs[i].time_digits;
		if (capture_is_damaged(a->timeline, (uint16_t)i))
			a->status = EXIT_SYSTEM;
	}
	return list;
}

/* DESIGN 5: a damaged file is 3, also with findings. */
static int exit_status(const struct auditing *a, const struct report *report)
{
	if (a->status != EXIT_CLEAN)
		return a->status;
	if (report->against)
		return report->change_count > 0 ? EXIT_FINDINGS : EXIT_CLEAN;
	return report_reasons(report) > 0 ? EXIT_FINDINGS : EXIT_CLEAN;
}

static void print_report(struct auditing *a, struct report *report)
{
	const struct audit *o = a->options;
	struct report_print print = {
		.report = report, .policy = a->policy, .against = a->against_policy,
		.registry = a->registry, .is_interrupted = a->is_interrupted,
		.columns = a->io->columns, .verbose = o->common.verbose, .colour = a->io->colour,
		.all = o->all,
	};

	print.inputs = gather_inputs(a, &print.input_count, &print.time_digits);
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
	report = report_new(a->engine, &options);
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
		   "weir audit -j --baseline yesterday.json today.pcap > today.json",
	.completes = COMPLETES_FILES,
	.takes = TAKES_CAPTURE | TAKES_POLICY | TAKES_JSON,
	.opts = opts, .size = sizeof(struct audit), .operands_offset = offsetof(struct audit, files),
	.run = run,
};
