/* SPDX-License-Identifier: BSD-2-Clause */
/* weir msdp cache: the sources that peers announce and the policy lets in. */
#include "cmd/daemon.h"
#include "cmd/msdp.h"

static const struct opt opts[] = {
	MSDP_OPTS,
	{ OPT_TEXT, 0, "source", "ADDRESS", "entries of this source only", MSDP_AT(source), 0 },
	{ OPT_TEXT, 0, "group", "ADDRESS", "entries of this group only", MSDP_AT(group), 0 },
	{ OPT_TEXT, 0, "rp", "ADDRESS", "entries of this RP only", MSDP_AT(rp), 0 },
	{ OPT_TEXT, 0, "peer", "ADDRESS", "entries of this peer only", MSDP_AT(peer), 0 },
	{ 0 },
};

static void tell(const json_t *answer, FILE *out)
{
	const json_t *cache = json_object_get(answer, "cache");

	fprintf(out, "%-15s %-15s %-15s %-15s %8s %8s  %s\n", "SOURCE", "GROUP", "RP", "PEER", "AGE",
		"HEARD", "STATE");
	for (size_t i = 0; i < json_array_size(cache); i++) {
		const json_t *e = json_array_get(cache, i);
		const bool is_own = json_is_true(json_object_get(e, "own"));

		fprintf(out, "%-15s %-15s %-15s %-15s %6llu s %6llu s  %s\n", daemon_safe(e, "source"),
			daemon_safe(e, "group"), daemon_safe(e, "rp"),
			is_own ? "(own)" : daemon_safe(e, "peer"), msdp_number(e, "age_s"),
			msdp_number(e, "heard_s"),
			json_is_true(json_object_get(e, "established")) ? "established" : "new");
	}
	fprintf(out, "\n%llu of %llu entries", msdp_number(answer, "matching"),
		msdp_number(answer, "entries"));
	if (msdp_number(answer, "shown") < msdp_number(answer, "matching"))
		fprintf(out, ", the first %llu shown", msdp_number(answer, "shown"));
	fprintf(out, ".\n");
}

static int run(const void *arg, const struct io *io)
{
	return msdp_run(arg, "msdp", "cache", tell, io);
}

const struct command cmd_msdp_cache = {
	.name = "msdp cache",
	.summary = "the sources that MSDP peers announce",
	.about = "Lists entries (S,G,RP) with the peer that announced them, how old they are and when they "
		 "were heard last.  An entry is new until it is heard again, and goes after 210 seconds of "
		 "silence.",
	.example = "weir msdp cache\n"
		   "weir msdp cache --group 233.252.0.7 -j",
	.completes = COMPLETES_NOTHING,
	.takes = TAKES_JSON,
	.opts = opts, .size = sizeof(struct msdp), .defaults = &msdp_defaults,
	.run = run,
};
