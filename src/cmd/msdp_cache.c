/* SPDX-License-Identifier: BSD-2-Clause */
/* weir msdp cache: the sources that peers announce and the policy lets in. */
#include "cmd/daemon.h"
#include "cmd/msdp.h"

static const struct opt opts[] = { MSDP_OPTS, MSDP_FILTERS("entries"), { 0 } };

static void tell_addresses(const json_t *e, FILE *out)
{
	const bool is_own = json_is_true(json_object_get(e, "own"));

	fprintf(out, "%-15s %-15s %-15s %-15s %6llu s %6llu s  ",
		json_object_get(e, "source") ? daemon_safe(e, "source") : "*",
		json_object_get(e, "group") ? daemon_safe(e, "group") : "*", daemon_safe(e, "rp"),
		is_own ? "(own)" : daemon_safe(e, "peer"), msdp_number(e, "age_s"),
		msdp_number(e, "heard_s"));
}

static void tell_entry(const json_t *e, FILE *out)
{
	const json_t *from = json_object_get(e, "withheld_from");

	tell_addresses(e, out);
	fprintf(out, "%-11s %-8s %s\n",
		json_is_true(json_object_get(e, "established")) ? "established" : "new",
		daemon_safe(e, "verdict"), daemon_safe(e, "rule"));
	for (size_t i = 0; i < json_array_size(from); i++)
		fprintf(out, "    withheld from %s by %s\n", daemon_safe(json_array_get(from, i), "peer"),
			daemon_safe(json_array_get(from, i), "rule"));
}

static void tell_refusals(const json_t *refusals, FILE *out)
{
	if (json_array_size(refusals) == 0)
		return;
	fprintf(out, "%-15s %-15s %-15s %-15s %8s %8s  %-11s %-8s %s\n", "REFUSED", "GROUP", "RP", "PEER",
		"SINCE", "LAST", "TIMES", "VERDICT", "RULE");
	for (size_t i = 0; i < json_array_size(refusals); i++) {
		const json_t *e = json_array_get(refusals, i);

		tell_addresses(e, out);
		fprintf(out, "%-11llu %-8s %s\n", msdp_number(e, "count"), daemon_safe(e, "verdict"),
			daemon_safe(e, "rule"));
	}
}

static void tell(const json_t *answer, FILE *out)
{
	const json_t *cache = json_object_get(answer, "cache");
	const json_t *refusals = json_object_get(answer, "refusals");

	if (json_array_size(cache) > 0 || json_array_size(refusals) == 0)
		fprintf(out, "%-15s %-15s %-15s %-15s %8s %8s  %-11s %-8s %s\n", "SOURCE", "GROUP", "RP",
			"PEER", "AGE", "HEARD", "STATE", "VERDICT", "RULE");
	for (size_t i = 0; i < json_array_size(cache); i++)
		tell_entry(json_array_get(cache, i), out);
	tell_refusals(refusals, out);
	fprintf(out, "\n%llu match, of %llu entries", msdp_number(answer, "matching"),
		msdp_number(answer, "entries"));
	if (msdp_number(answer, "shown") < msdp_number(answer, "matching"))
		fprintf(out, ", the first %llu shown", msdp_number(answer, "shown"));
	fprintf(out, ".\n");
	if (json_array_size(refusals) > 0 && msdp_number(answer, "forgotten") > 0)
		fprintf(out, "%llu older refusals were forgotten, for want of room.\n",
			msdp_number(answer, "forgotten"));
	if (json_array_size(refusals) == 0 && msdp_number(answer, "refused") > 0)
		fprintf(out, "%llu were refused since the policy came; the latest: weir msdp cache --verdict "
			"refused\n", msdp_number(answer, "refused"));
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
