/* SPDX-License-Identifier: BSD-2-Clause */
/* weir msdp policers: what the police lines count. */
#include <string.h>

#include "cmd/daemon.h"
#include "cmd/msdp.h"

static const struct opt opts[] = {
	MSDP_OPTS,
	MSDP_FILTERS("counts"),
	{ 0 },
};

static void tell_gauge(const json_t *g, FILE *out)
{
	unsigned long long len = msdp_number(g, "key_len");
	char key[32], limit[24] = "-";

	snprintf(key, sizeof(key), len ? "%s/%llu" : "%s", daemon_safe(g, "key"), len);
	if (json_object_get(g, "limit"))
		snprintf(limit, sizeof(limit), "%llu", msdp_number(g, "limit"));
	fprintf(out, "  %-30s %-18s %9llu %9s %9llu %9llu%s\n", daemon_safe(g, "name"), key,
		msdp_number(g, "live"), limit, msdp_number(g, "peak"), msdp_number(g, "denied"),
		json_is_true(json_object_get(g, "alarmed"))  ? "  ALARM"
		: json_is_true(json_object_get(g, "warned")) ? "  warning"
							     : "");
}

static void tell_boundary(const json_t *b, FILE *out)
{
	const json_t *lines = json_object_get(b, "lines"), *gauges = json_object_get(b, "policers");

	fprintf(out, "BOUNDARY %s\n", daemon_safe(b, "boundary"));
	for (size_t i = 0; i < json_array_size(lines); i++) {
		const json_t *l = json_array_get(lines, i);

		fprintf(out, "  %-30s %llu warnings, %llu alarms, %llu entries denied\n",
			daemon_safe(l, "name"), msdp_number(l, "warned"), msdp_number(l, "alarmed"),
			msdp_number(l, "denied"));
	}
	if (json_array_size(lines) == 0)
		fprintf(out, "  no police lines\n");
	if (msdp_number(b, "uncounted") > 0)
		fprintf(out, "  %llu times there was no room for another count: these entries passed "
			"uncounted\n", msdp_number(b, "uncounted"));
	if (json_array_size(gauges) == 0)
		return;
	fprintf(out, "\n  %-30s %-18s %9s %9s %9s %9s\n", "LINE", "OF", "LIVE", "LIMIT", "PEAK",
		"DENIED");
	for (size_t i = 0; i < json_array_size(gauges); i++)
		tell_gauge(json_array_get(gauges, i), out);
	if (msdp_number(b, "matching") > json_array_size(gauges))
		fprintf(out, "  and %llu more: ask by --source, --rp, --peer or --verdict\n",
			msdp_number(b, "matching") - json_array_size(gauges));
}

static void tell(const json_t *answer, FILE *out)
{
	const json_t *boundaries = json_object_get(answer, "boundaries");

	for (size_t i = 0; i < json_array_size(boundaries); i++) {
		fputs(i ? "\n" : "", out);
		tell_boundary(json_array_get(boundaries, i), out);
	}
	if (json_array_size(boundaries) == 0)
		fprintf(out, "No peer stands at a boundary: nothing is counted.\n");
}

/* A police line counts by peer, by source or by RP, and warns, alarms or denies. */
static bool makes_sense(const struct msdp *o, const struct io *io)
{
	static const char *const words[] = { "warn", "alarm", "deny" };
	bool known = !o->verdict;

	if (o->group) {
		complain(io, "no police line counts by group: ask by --source, --rp or --peer, or see 'weir "
			 "msdp cache --group %s'", o->group);
		return false;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && !known; i++)
		known = strcmp(o->verdict, words[i]) == 0;
	if (!known)
		complain(io, "a police line warns, alarms or denies: it has no verdict '%s'", o->verdict);
	return known;
}

static int run(const void *arg, const struct io *io)
{
	return makes_sense(arg, io) ? msdp_run(arg, "msdp", "policers", tell, io) : EXIT_USAGE;
}

const struct command cmd_msdp_policers = {
	.name = "msdp policers",
	.summary = "what the police lines of MSDP count",
	.about = "Shows each police line of the boundaries between the peers, and of what it counts all peers "
		 "and whoever is near a limit, has passed one, or was denied something.  With --source, "
		 "--rp or --peer it shows what is counted of these, near a limit or not.",
	.example = "weir msdp policers\n"
		   "weir msdp policers --source 192.0.2.77",
	.completes = COMPLETES_NOTHING,
	.takes = TAKES_JSON,
	.opts = opts, .size = sizeof(struct msdp), .defaults = &msdp_defaults,
	.run = run,
};
