/* SPDX-License-Identifier: BSD-2-Clause */
/* weir watch: what audit does, on live interfaces.  Two processes: a keeper that opens sockets with
 * CAP_NET_RAW and reads no packet, and this one, which gives up every privilege before it reads
 * the first. */
#include "cmd/watch.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmd/load.h"
#include "engine/report.h"
#include "os/clock.h"
#include "os/localtime.h"
#include "os/privilege.h"
#include "os/sandbox.h"
#include "os/signals.h"
#include "sink/report_print.h"

#define TICK_NS NS_PER_S
#define GOES_ON_TICKS 60		/* seconds between two summaries of flows that go on */
#define GOES_ON_FLOWS 10
#define WAIT_MS 100
#define SENDING_MS 2
#define LAST_WAIT_MS 150		/* three times the age at which a ring gives a block */

#define AT(field) offsetof(struct watch, field)

static const struct opt opts[] = {
	{ OPT_DURATION, 0, "duration", "TIME", "end after so long (30, 10m, 1h), and print the audit's "
	  "report", AT(duration_s), 1000000000 },
	{ OPT_NUMBER, 0, "count", "N", "end after so many packets", AT(count), 0 },
	{ OPT_TEXT, 'f', "filter", "EXPRESSION",
	  "read only packets that match this libpcap filter (pcap-filter(7))", AT(common.filter), 0 },
	{ OPT_LIST, 0, "join", "GROUP[,SOURCE]",
	  "join the group on every interface (IGMPv3, MLDv2), and leave it at the end; may be repeated",
	  AT(joins), 0 },
	{ OPT_NUMBER, 0, "snaplen", "BYTES", "read only so many bytes of each frame", AT(snaplen),
	  262144 },
	{ OPT_LIST, 0, "inside", "SET|vlan:N|mac:ADDR|link:NAME",
	  "what is inside, for rules with 'in' and 'out'; may be repeated", AT(common.inside), 0 },
	{ OPT_FILE, 0, "authorised", "FILE", "the RAS servers that may be there", AT(authorised), 0 },
	{ OPT_FILE, 0, "config", "FILE", "take their lists from this configuration (default: " LOAD_CONF ")",
	  AT(config), 0 },
	{ OPT_FILE, 0, "registry", "FILE", "names of groups from a newer file of IANA (CSV)",
	  AT(registry), 0 },
	{ OPT_FLAG, 0, "checksums", NULL, "verify the UDP checksum of every datagram",
	  AT(common.checksums), 0 },
	{ OPT_FILE, 0, "history", "FILE", "keep what is seen in this history (weir hits, weir history)",
	  AT(history), 0 },
	{ OPT_FILE, 0, "write", "OUT.pcapng",
	  "write the packets with findings, each with a comment, to a ring of files; with --all every "
	  "multicast packet", AT(write), 0 },
	{ OPT_NUMBER, 0, "write-size", "MB", "begin the next file after so many megabytes (default: 100)",
	  AT(write_mb), 1000000 },
	{ OPT_NUMBER, 0, "write-files", "N",
	  "so many files, OUT-001.pcapng and on, of which the oldest is written over (default: 10)",
	  AT(write_files), 999 },
	{ OPT_FLAG, 0, "lines", NULL, "print lines, or with --duration nothing, also on a terminal",
	  AT(lines), 0 },
	{ OPT_FLAG, 0, "all", NULL, "show every finding, write every multicast packet", AT(all), 0 },
	{ 0 },
};

static const struct watch defaults = { .write_mb = 100, .write_files = 10 };

/* Lines as things happen, where nothing else shows them. */
static bool is_for_lines(const struct watching *w)
{
	return !w->is_view && w->options->duration_s == 0 && !w->options->common.quiet;
}

/* --- before the first packet --- */

static bool load(struct watching *w)
{
	w->judging_options = (struct judging_options){
		.common = &w->options->common, .authorised = w->options->authorised,
		.config = w->options->config,
		.registry = w->options->registry, .remarks = w->options->write != NULL,
		.events = w->is_line_mode || w->is_view, .roll = w->is_view,
	};
	w->status = judging_load(&w->judging, &w->judging_options, w->io);
	if (w->status != EXIT_CLEAN)
		return false;
	if (!watch_parse_links(w) || w->options->write_files == 0 || w->options->write_mb == 0) {
		w->status = EXIT_USAGE;
		if (w->options->write_files == 0 || w->options->write_mb == 0)
			complain(w->io, "--write needs room: --write-size and --write-files are not 0");
		return false;
	}
	watch_place_links(w);
	return true;
}

static bool open_live(struct watching *w)
{
	char problem[160] = "";
	int error = live_new(w->names, w->link_count, w->options->common.filter, problem, &w->live);

	if (error == 0)
		return true;
	complain(w->io, "%s", problem);
	w->status = EXIT_USAGE;
	return false;
}

static bool begin_keeper(struct watching *w)
{
	const struct keeper_options options = { .snaplen = (uint32_t)w->options->snaplen,
						.file = w->options->write,
						.file_count = (unsigned)w->options->write_files };
	int error;

	if (!privilege_has_raw()) {
		complain(w->io, "watching %s needs the capability CAP_NET_RAW: run weir with sudo, or "
				"grant it once: sudo setcap cap_net_raw+ep $(command -v weir)",
			 w->links[0].name);
		return false;
	}
	fflush(NULL);				/* nothing is to be written twice */
	error = keeper_begin(&options, &w->keeper);
	if (error == 0)
		w->netlink = error = netlink_open();
	if (error < 0)
		complain(w->io, "cannot begin to watch: %s", strerror(-error));
	return error >= 0;
}

/* From here on there is no way back: no capability, no new file, no socket, no program. */
static bool lock_up(struct watching *w)
{
	char zone[LOCAL_TIME_TEXT];
	bool has_landlock;
	int error;

	local_zone_text(clock_now(), zone);	/* reads the zone while it can */
	error = privilege_drop();
	if (error == 0)
		error = sandbox_judge(&has_landlock);
	if (error < 0)
		complain(w->io, "cannot give up privileges: %s", strerror(-error));
	else if (w->options->common.verbose > 0)
		complain(w->io, "reads packets without privileges, behind seccomp%s",
			 has_landlock ? " and Landlock" : "; this kernel has no Landlock");
	return error == 0;
}

/* Before the lock-up: a description of the terminal is a file. */
static void begin_view(struct watching *w)
{
	if (w->is_view)
		w->is_view = watch_view_begin(w);
	w->is_line_mode = is_for_lines(w);
}

static void prepare(struct watching *w)
{
	if (!load(w) || !open_live(w))
		return;
	w->status = EXIT_SYSTEM;
	w->print = (struct event_print){
		.out = w->io->out, .policy = w->judging.policy, .boundary = w->judging.boundary,
		.interfaces = w->names, .interface_count = w->link_count,
		.json = w->options->common.json, .colour = w->io->colour,
	};
	if (!watch_begin_history(w) || !begin_keeper(w))
		return;
	if (w->is_line_mode)
		event_print_begin(&w->print, clock_now());
	judging_begin(&w->judging);
	if (!watch_open_links(w) || (w->options->write && !watch_begin_file(w)))
		return;
	begin_view(w);
	if (!lock_up(w))
		return;
	w->print.boundary = w->judging.boundary;
	w->status = EXIT_CLEAN;
}

/* --- the packets --- */

static void judge(struct watching *w, const struct packet *packets, size_t n)
{
	if (w->options->count > 0 && n > w->options->count - w->packets)
		n = w->options->count - w->packets;
	w->packets += n;
	if (!w->writer)
		judging_batch(&w->judging, &(struct batch){ .packets = packets, .n = n });
	for (size_t i = 0; w->writer && i < n; i++) {
		judging_packet(&w->judging, &packets[i]);
		watch_write(w, &packets[i]);
	}
}

static void tell_events(struct watching *w)
{
	struct event event;

	while (w->is_line_mode && engine_event_next(w->judging.engine, &event))
		event_print(&w->print, &event);
}

static void tell_flows(struct watching *w, struct mtime now)
{
	struct event busy[GOES_ON_FLOWS];
	size_t others;
	size_t n = engine_goes_on(w->judging.engine, now.ns - GOES_ON_TICKS * TICK_NS, busy,
				  GOES_ON_FLOWS, &others);

	for (size_t i = 0; i < n; i++)
		event_print(&w->print, &busy[i]);
	event_print_others(&w->print, others, now);
}

uint64_t watch_count_lost(struct watching *w)
{
	const struct live_interface *interfaces;
	uint64_t lost = 0;
	size_t n;

	interfaces = live_interfaces(w->live, &n);
	for (size_t i = 0; i < n; i++)
		lost += interfaces[i].dropped;
	return lost;
}

static void tick(struct watching *w, unsigned number)
{
	struct engine *engine = w->judging.engine;
	struct mtime now = clock_now();
	const struct ras_host *host;
	struct gauge gauge;
	uint64_t lost = watch_count_lost(w);

	watch_tick_links(w);
	watch_tick_history(w, number);
	if (!w->is_line_mode) {
		w->lost_told = lost;
		return;
	}
	for (unsigned i = 0; i < EVENT_LINES_MAX && (host = engine_ras_next(engine, now)); i++)
		event_print_ras(&w->print, host, now);
	for (unsigned i = 0; i < EVENT_LINES_MAX && engine_gauge_next(engine, &gauge); i++)
		event_print_gauge(&w->print, &gauge, now);
	if (number % GOES_ON_TICKS == 0)
		tell_flows(w, now);
	event_print_lost(&w->print, lost - w->lost_told, engine_events_lost(engine), now);
	w->lost_told = lost;
	event_print_tick(&w->print, now);
}

static bool is_over(struct watching *w, struct mtime begun, struct mtime now)
{
	const struct watch *o = w->options;

	w->is_interrupted = signals_stop_asked();
	return w->is_interrupted || (o->count > 0 && w->packets >= o->count) ||
	       (o->duration_s > 0 && now.ns - begun.ns >= (int64_t)o->duration_s * NS_PER_S) ||
	       ferror(w->io->out);
}

/* What the rings hold already; a block is handed over when it is a little older. */
static void read_rest(struct watching *w)
{
	struct mtime begun = clock_steady();
	const struct packet *packets;
	size_t n;

	while (clock_steady().ns - begun.ns < LAST_WAIT_MS * (NS_PER_S / 1000)) {
		while ((w->options->count == 0 || w->packets < w->options->count) &&
		       (n = live_next(w->live, &packets)) > 0)
			judge(w, packets, n);
		live_wait(w->live, &w->netlink, 1, WAIT_MS / 2);
		watch_follow_links(w);
	}
	tell_events(w);
}

static void read_packets(struct watching *w)
{
	const int fds[] = { w->netlink, STDIN_FILENO };
	struct mtime begun = clock_steady(), now = begun, next = begun;
	const struct packet *packets;
	unsigned number = 0;
	size_t n;

	if (!w->is_view)
		signals_catch();
	while (!is_over(w, begun, now)) {
		bool is_sending = watch_turn_history(w);

		n = live_next(w->live, &packets);
		if (n > 0)
			judge(w, packets, n);
		else
			live_wait(w->live, fds, w->is_view ? 2 : 1,
				  watch_view_patience(w, is_sending ? SENDING_MS : WAIT_MS));
		if (n == 0)
			watch_follow_links(w);
		tell_events(w);
		now = clock_steady();
		if (w->is_view && !watch_view_turn(w, now))
			break;
		if (now.ns < next.ns)
			continue;
		watch_follow_links(w);
		tick(w, number++);
		if (w->is_view)
			watch_view_tick(w, begun, now, w->lost_told);
		next.ns = now.ns + TICK_NS;
	}
	read_rest(w);
	if (w->is_line_mode)
		tick(w, 1);
}

/* --- the report --- */

static struct report_input *gather_inputs(struct watching *w, size_t *out_n)
{
	const struct live_interface *interfaces = live_interfaces(w->live, out_n);
	struct arena *arena = &w->judging.side.arena;
	struct report_input *list = arena_array(arena, *out_n, sizeof(*list));

	for (size_t i = 0; i < *out_n; i++) {
		const char *link = linktype_name(interfaces[i].linktype);
		char problem[96] = "", number[NUMBER_TEXT];

		if (interfaces[i].linktype == UINT32_MAX)
			snprintf(problem, sizeof(problem), "%s was never there", interfaces[i].name);
		else if (interfaces[i].dropped > 0)
			snprintf(problem, sizeof(problem), "%s: the kernel lost %s packets",
				 interfaces[i].name, number_text(interfaces[i].dropped, number));
		list[i] = (struct report_input){
			.name = interfaces[i].name, .link = link ? link : "",
			.problem = arena_text(arena, problem, strlen(problem)),
			.packets = interfaces[i].packets, .bytes = interfaces[i].bytes,
			.dropped = interfaces[i].dropped,
		};
	}
	return list;
}

static void print_report(struct watching *w, struct report *report)
{
	struct report_print print = {
		.report = report, .policy = w->judging.policy, .registry = w->judging.registry,
		.is_interrupted = w->is_interrupted, .columns = w->io->columns,
		.verbose = w->options->common.verbose, .colour = w->io->colour,
		.all = w->options->all, .time_digits = 9, .exit = w->status, .is_live = true,
		.is_filtered = w->options->common.filter,
		.links = w->names, .link_count = w->link_count,
	};

	print.inputs = gather_inputs(w, &print.input_count);
	if (w->options->common.json)
		report_print_json(&print, w->io->out);
	else
		report_print_text(&print, w->io->out);
}

/* What nobody could listen to is no silence. */
static bool has_missed(const struct watching *w)
{
	const struct live_interface *interfaces;
	size_t n, missing = 0;

	interfaces = live_interfaces(w->live, &n);
	for (size_t i = 0; i < n; i++)
		missing += interfaces[i].linktype == UINT32_MAX;
	return missing > 0 && w->options->duration_s > 0 && !w->is_interrupted && !w->view.is_gone;
}

static void watch(struct watching *w)
{
	const struct report_options options = { 0 };
	struct report *report;

	read_packets(w);
	watch_view_end(w);
	watch_end_history(w);
	if (w->writer)
		watch_end_file(w);
	report = report_new(w->judging.engine, &options);
	if (w->status == EXIT_CLEAN && report_reasons(report) > 0)
		w->status = EXIT_FINDINGS;
	if (has_missed(w))
		w->status = EXIT_SYSTEM;
	if (w->options->duration_s > 0 && !w->options->common.quiet && !w->view.is_gone)
		print_report(w, report);
	report_free(report);
}

static int run(const void *arg, const struct io *io)
{
	const struct watch *options = arg;
	struct watching w = { .options = options, .io = io, .netlink = -1,
			      .is_view = watch_view_wanted(options, io) };

	w.is_line_mode = is_for_lines(&w);
	prepare(&w);
	if (w.status == EXIT_CLEAN)
		watch(&w);
	watch_view_end(&w);
	watch_leave(&w);
	pcapng_writer_free(w.writer);
	live_free(w.live);
	if (w.netlink >= 0)
		close(w.netlink);
	clerk_end(w.clerk);
	keeper_end(&w.keeper);
	event_print_release(&w.print);
	judging_release(&w.judging);
	return w.status;
}

const struct command cmd_watch = {
	.name = "watch",
	.summary = "judge multicast live, on interfaces, as audit does on captures",
	.operands = "INTERFACE[=inside|=outside]...", .operands_min = 1,
	.operands_max = LIVE_INTERFACES_MAX,
	.about = "Reads packets of interfaces as they come.  On a terminal it fills the screen with rules, "
		 "flows, members, RAS servers, MSDP and oddities ('?' there tells the keys).  Elsewhere it "
		 "prints a line for whatever is new: a flow, the first hit of a rule, a worse verdict, a RAS "
		 "server and its changes, a police line that speaks, a finding, a kind of broken message, an "
		 "interface that comes or goes.  A flow that goes on is summed up once a minute.  With "
		 "--duration it prints the audit's report instead of lines, and exits 1 where there is a "
		 "finding, 3 where an interface was never there.  It needs CAP_NET_RAW to open the interfaces, and gives up every privilege "
		 "before it reads a packet.  It sends nothing, unless --join asks for membership.",
	.example = "weir watch eth0 eth1=inside\n"
		   "weir watch -p border.weir --duration 10m eth0\n"
		   "weir watch -j --join 239.255.2.2 eth0\n"
		   "weir watch -q --history border.db eth0",
	.completes = COMPLETES_NOTHING,
	.takes = TAKES_POLICY | TAKES_JSON,
	.opts = opts, .size = sizeof(struct watch), .defaults = &defaults,
	.operands_offset = offsetof(struct watch, interfaces),
	.run = run,
};
