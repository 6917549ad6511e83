/* SPDX-License-Identifier: BSD-2-Clause */
/* weir ras list: which remote access servers announce themselves, on interfaces or in captures. */
#include "cmd/ras_list.h"

#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "cmd/capture.h"
#include "cmd/load.h"
#include "cmd/progress.h"
#include "os/privilege.h"
#include "os/signals.h"
#include "policy/load.h"

#define AT(field) offsetof(struct ras_list, field)
#define HOPS_NOT_TOLD UINT64_MAX

static const struct opt opts[] = {
	{ OPT_FLAG, 0, "follow", NULL, "print each announcement as it comes, not a table", AT(follow), 0 },
	{ OPT_CHOICE, 0, "format", "table|netsh",
	  "netsh: each announcement in the layout of netsh ras show activeservers", AT(format), 0 },
	{ OPT_FILE, 0, "authorised", "FILE", "the RAS servers that may be there", AT(authorised), 0 },
	{ OPT_FILE, 0, "config", "FILE", "take their lists from this configuration (default: " LOAD_CONF ")",
	  AT(config), 0 },
	{ OPT_NUMBER, 0, "site-hops", "N",
	  "routers between any two hosts of the site, at most: what came over more is from outside",
	  AT(site_hops), 255 },
	{ OPT_FLAG, 0, "resolve", NULL, "look up the names of senders, without waiting for them",
	  AT(resolve), 0 },
	{ OPT_DURATION, 0, "duration", "TIME", "end after this time on interfaces (default: never)",
	  AT(duration_s), 0 },
	{ OPT_FILE, 0, "history", "FILE", "without an operand: the history to read (default: see FILES)",
	  AT(history), 0 },
	{ OPT_NUMBER, 'c', "count", "N", "end after N announcements", AT(count), 0 },
	{ 0 },
};

static const struct ras_list defaults = { .site_hops = HOPS_NOT_TOLD };

/* --- what the options name --- */

static void load_site(struct ras_listing *l)
{
	const struct ras_list *o = l->options;

	l->site.has_hops = o->site_hops != HOPS_NOT_TOLD;
	l->site.hops = (unsigned)(l->site.has_hops ? o->site_hops : 0);
	if (o->common.set.n > 0) {
		l->policy = load_policy(&o->common, l->io, &l->status);
		if (!l->policy)
			return;
	}
	for (size_t i = 0; l->policy && i < l->policy->choice_count; i++)
		if (strcmp(l->policy->choices[i].name, "own") == 0 &&
		    !set_is_empty(l->policy->choices[i].set))
			l->site.own = l->policy->choices[i].set;
	if (!side_parse(&o->common.inside, l->policy, l->io, &l->side))
		l->status = EXIT_USAGE;
	else if (l->side.inside.set)
		l->site.own = l->side.inside.set;
}

static void load_lists(struct ras_listing *l)
{
	const struct ras_list *o = l->options;

	l->authorised = load_authorised(o->authorised, o->config, l->io, &l->status);
}

/* Whoever runs it as root: what strangers send is read without any privilege. */
static void give_up_privilege(struct ras_listing *l)
{
	int error = l->is_live ? privilege_drop() : 0;

	if (error == 0)
		return;
	complain(l->io, "cannot give up privileges: %s", strerror(-error));
	l->status = EXIT_SYSTEM;
}

static void start_resolver(struct ras_listing *l)
{
	int error = l->options->resolve ? resolver_new(&l->resolver) : 0;

	if (error == 0)
		return;
	complain(l->io, "cannot start the resolver: %s", strerror(-error));
	l->status = EXIT_SYSTEM;
}

static const char *name_of(void *context, struct addr address)
{
	return resolver_name(context, address);
}

static void prepare_print(struct ras_listing *l)
{
	l->table = ras_table_new(l->authorised);
	l->waiting = arena_array(&l->arena, RAS_WAITING_MAX, sizeof(l->waiting[0]));
	l->print = (struct ras_print){
		.strays = &l->strays, .site = &l->site, .has_list = l->authorised != NULL,
		.time_digits = 6, .columns = l->io->columns, .colour = l->io->colour,
		.name_of = l->resolver ? name_of : NULL, .context = l->resolver,
	};
}

static void release(struct ras_listing *l)
{
	ras_table_free(l->table);
	resolver_free(l->resolver);
	authorised_free(l->authorised);
	side_release(&l->side);
	policy_free(l->policy);
	arena_release(&l->arena);
}

/* --- captures --- */

static void name_links(struct ras_listing *l, const struct timeline *timeline)
{
	l->print.links = capture_link_names(timeline, &l->arena, &l->print.link_count);
}

static void read_batch(struct ras_listing *l, struct timeline *timeline,
		       const struct packet *packets, size_t n, struct said *said)
{
	const struct wire_options options = { .udp_checksums = l->options->common.checksums };
	bool follows = listing_follows(l);

	if (l->side.links.n > 0)
		side_find_links(&l->side, timeline, &l->side.inside);
	if (follows)
		name_links(l, timeline);
	for (size_t i = 0; i < n && !listing_has_enough(l); i++) {
		wire_decode(&packets[i], &options, said);
		listing_hear(l, said);
		if (follows && l->waiting_count > 0)
			listing_wait_for_names(l);
	}
}

/* The time of the last packet: what "now" is in a capture. */
static struct mtime read_captures(struct ras_listing *l, struct timeline *timeline,
				  struct mtime *out_first)
{
	struct progress progress = progress_of(l->io, l->options->common.quiet, listing_follows(l));
	const struct packet *packets;
	struct mtime last = { 0 };
	struct said said;
	size_t n;

	said_init(&said);
	signals_catch();
	while (!signals_stop_asked() && !listing_has_enough(l) &&
	       (n = timeline_next(timeline, &packets)) > 0) {
		if (last.ns == 0)
			*out_first = packets[0].at;
		read_batch(l, timeline, packets, n, &said);
		last = packets[n - 1].at;
		progress_step(&progress, timeline);
	}
	progress_end(&progress);
	said_release(&said);
	return last;
}

static void tell_problems(struct ras_listing *l, struct timeline *timeline)
{
	size_t n;

	timeline_inputs(timeline, &n);
	for (size_t i = 0; i < n; i++) {
		struct text problem = { 0 };

		capture_put_problem(timeline, (uint16_t)i, &problem);
		if (problem.n > 0)
			complain(l->io, "%s", text_string(&problem));
		if (capture_is_damaged(timeline, (uint16_t)i))
			l->status = EXIT_SYSTEM;
		text_release(&problem);
	}
}

static void tell_silence(struct ras_listing *l, struct mtime first, struct mtime last)
{
	int64_t minutes = (last.ns - first.ns) / (60 * NS_PER_S);

	fprintf(l->io->out, "No server announces itself in %lld minutes of traffic.\n", (long long)minutes);
	if (last.ns - first.ns < RAS_LATE_NS)
		fputs("That proves nothing yet: servers announce once an hour.\n", l->io->out);
	else
		fputs("Servers announce once an hour; where the group was held back before the capture, "
		      "it looks the same.\n", l->io->out);
}

static void list_captures(struct ras_listing *l)
{
	const struct ras_list *o = l->options;
	struct timeline *timeline =
		capture_open(&o->common, &o->operands, 1, false, l->io, &l->status);
	struct mtime first = { 0 }, last;
	struct ras_print print;

	if (!timeline)
		return;
	last = read_captures(l, timeline, &first);
	name_links(l, timeline);
	tell_problems(l, timeline);
	print = listing_settle(l, last);
	listing_wait_for_names(l);
	if (l->status == EXIT_CLEAN && listing_has_findings(&print))
		l->status = EXIT_FINDINGS;
	print.exit = l->status;
	if (!o->common.quiet && !listing_follows(l) && o->common.json)
		ras_print_json(&print, l->io->out);
	else if (!o->common.quiet && !listing_follows(l))
		ras_print_table(&print, l->io->out);
	if (!o->common.quiet && !o->common.json && l->heard == 0)
		tell_silence(l, first, last);
	timeline_free(timeline);
}

/* --- operands --- */

static bool is_interface(const char *name)
{
	return strlen(name) < IF_NAMESIZE && if_nametoindex(name) != 0;
}

/* DESIGN 5: an operand is an interface if one has that name, else a file. */
static bool sort_operands(struct ras_listing *l)
{
	const struct texts *names = &l->options->operands;
	size_t interfaces = 0;

	for (size_t i = 0; i < names->n; i++) {
		bool found = is_interface(names->list[i]);

		interfaces += found;
		if (!found && strcmp(names->list[i], "-") != 0 && access(names->list[i], F_OK) < 0) {
			complain(l->io, "'%s' is neither an interface nor a file", names->list[i]);
			l->status = EXIT_SYSTEM;
		}
	}
	if (l->status == EXIT_CLEAN && interfaces > 0 && interfaces < names->n) {
		complain(l->io, "ras list: interfaces or captures, not both at once");
		l->status = EXIT_USAGE;
	}
	l->is_live = interfaces > 0;
	return l->status == EXIT_CLEAN;
}

static bool check_words(struct ras_listing *l)
{
	const struct ras_list *o = l->options;

	if (o->operands.n == 0 && (o->follow || o->duration_s > 0 || o->count > 0)) {
		complain(l->io, "ras list: --follow, --duration and --count want an interface or a capture");
		l->status = EXIT_USAGE;
	} else if (o->operands.n > 0 && o->history) {
		complain(l->io, "ras list: --history is read where there is no operand");
		l->status = EXIT_USAGE;
	} else if (o->common.json && o->format && strcmp(o->format, "netsh") == 0) {
		complain(l->io, "ras list: --json or --format netsh, not both");
		l->status = EXIT_USAGE;
	}
	return l->status == EXIT_CLEAN;
}

static void list(struct ras_listing *l)
{
	static void (*const steps[])(struct ras_listing *) = {
		load_site, load_lists, give_up_privilege, start_resolver, prepare_print,
	};
	const struct ras_list *o = l->options;

	for (size_t i = 0; i < COUNT(steps) && l->status == EXIT_CLEAN; i++)
		steps[i](l);
	if (l->status != EXIT_CLEAN)
		return;
	if (o->format && strcmp(o->format, "netsh") == 0 && !o->common.quiet) {
		struct text head = { 0 };

		ras_netsh_put_head(&head);
		fputs(text_string(&head), l->io->out);
		fflush(l->io->out);
		text_release(&head);
	}
	if (o->operands.n == 0)
		listing_recall(l);
	else if (l->is_live)
		listing_listen(l);
	else
		list_captures(l);
}

static int run(const void *arg, const struct io *io)
{
	struct ras_listing l = { .options = arg, .io = io, .status = EXIT_CLEAN };

	arena_init(&l.arena);
	if (check_words(&l) && sort_operands(&l))
		list(&l);
	release(&l);
	return l.status;
}

const struct command cmd_ras_list = {
	.name = "ras list",
	.summary = "list the remote access servers that announce themselves",
	.operands = "[IFACE...|FILE...]", .operands_max = OPERANDS_ANY,
	.about = "Hears the advertisements that servers with Routing and Remote Access send once an hour to "
		 "239.255.2.2, on interfaces (which needs no privilege) or in captures, and keeps an "
		 "inventory: who, since when, how far away, late or gone, moved, authorised or not.  Without an "
		 "operand it shows the inventory that the history keeps, as it stands now.  On a "
		 "terminal the table is kept up to date; elsewhere it is printed at the end.  Exits 1 where "
		 "a server is not authorised, comes from outside of the site or is announced out of it.",
	.example = "weir ras list --duration 65m eth0\n"
		   "weir ras list --authorised ras.txt\n"
		   "weir ras list --authorised ras.txt --set own=192.105.90.0/24 monday.pcap\n"
		   "weir ras list --follow --resolve --duration 2h eth0\n"
		   "weir ras list --format netsh border-hour.pcap",
	.completes = COMPLETES_FILES,
	.takes = TAKES_CAPTURE | TAKES_SETS | TAKES_JSON,
	.opts = opts, .size = sizeof(struct ras_list), .defaults = &defaults,
	.operands_offset = offsetof(struct ras_list, operands),
	.run = run,
};
